"""From a letter's facts to its subject, text and HTML: the user's own templates first, the shipped ones second."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import SandboxedEnvironment

import mailsync
from mailsync.model.draft import Letter
from mailsync.model.errors import TemplateError
from mailsync.recap.wording import LANGUAGES, clean

#: Steps (turns of a loop, calls) and characters that one letter may take; an ordinary one takes about a hundred steps.
STEPS = 20_000
ROOM = 200_000

_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rendered letter: one subject line, the text, and the same text as simple HTML."""

    subject: str
    body: str
    html: str


def folders(own: Path | None = None) -> tuple[Path, ...]:
    """Return where letters' templates lie: the user's folder, then the shipped ones.

    An installed wheel has them in the package, a checkout beside it; both are looked in.
    """
    package = Path(mailsync.__file__).parent
    shipped = (package / "templates" / "letters", package.parent / "templates" / "letters")
    return (*((own, own / "letters") if own else ()), *shipped)


def write(letter: Letter, language: str, facts: Mapping[str, Any], own: Path | None = None) -> Written:
    """Render a letter in `language` (English where the kind has no template in it).

    `own` is the user's folder of templates. Raises TemplateError naming file and line: a mistake in the template, a
    variable that does not exist, a loop that does not end, an empty letter.
    """
    name = f"{letter.value}/{language if language in LANGUAGES else 'en'}.txt.j2"
    text = _render(name, facts, own)
    subject, _, body = text.strip().partition("\n")
    body = _EMPTY_LINES.sub("\n\n", body.strip())
    if not subject.strip() or not body:
        raise TemplateError(
            f"{name}: the letter has no {'text' if subject.strip() else 'subject'}",
            "A template's first line is the subject, then an empty line, then the text.",
        )
    return Written(subject=clean(subject, 250), body=body + "\n", html=as_html(body))


def as_html(body: str) -> str:
    """Return a letter's text as simple HTML: its paragraphs and line breaks, everything else escaped."""
    paragraphs = (html.escape(p, quote=False).replace("\n", "<br>\n") for p in re.split(r"\n\s*\n", body.strip()))
    inner = "\n".join(f"<p>{p}</p>" for p in paragraphs)
    return f"<!DOCTYPE html>\n<html>\n<body>\n{inner}\n</body>\n</html>\n"


class _EndlessError(Exception):
    """A template took more steps or wrote more than any letter can need."""


class _Bounded(SandboxedEnvironment):
    """A sandbox (Jinja2's own, with undefined variables as errors) that counts its steps and stops at a limit.

    The sandbox alone bounds only `range`: nested loops and macros that call themselves could still go on for ever.
    One environment serves one rendering, so that the count starts anew.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        super().__init__(
            loader=FileSystemLoader([str(p) for p in paths]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.steps = 0
        self.filters["counted"] = self._counted

    def compile(self, source: Any, *args: Any, **kwargs: Any) -> Any:
        """Compile a template with every loop counting its turns."""
        if isinstance(source, str):
            source = self.parse(source, *args[:2])
        for loop in source.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
        return super().compile(source, *args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls (macros, functions), counted."""
        self._step()
        return super().call(*args, **kwargs)

    def _counted(self, values: Iterable[Any]) -> list[Any]:
        return list(self._each(values))

    def _each(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self._step()
            yield value

    def _step(self) -> None:
        self.steps += 1
        if self.steps > STEPS:
            raise _EndlessError


def _render(name: str, facts: Mapping[str, Any], own: Path | None) -> str:
    environment = _Bounded(folders(own))
    file = next((path for folder in folders(own) if (path := folder / name).is_file()), Path(name))
    written: list[str] = []
    try:
        room = ROOM
        for piece in environment.get_template(name).generate(**facts):
            room -= len(piece)
            if room < 0:
                raise _EndlessError
            written.append(piece)
    except TemplateNotFound as error:
        _refuse(file, error, f"there is no template {error.name}", "Put it into your templates folder.")
    except TemplateSyntaxError as error:
        hint = "Correct the template, or remove it to use the shipped one."
        raise TemplateError(f"{error.filename or file}, line {error.lineno}: {error.message}", hint) from error
    except (_EndlessError, RecursionError, MemoryError, OverflowError) as error:
        _refuse(file, error, "the template does not come to an end", "Look for a loop that repeats itself.")
    except UndefinedError as error:
        _refuse(file, error, str(error.message), "The variables a letter knows are listed in docs/recaps.md.")
    except (JinjaError, TypeError, ValueError, AttributeError, KeyError, ArithmeticError, OSError) as error:
        _refuse(file, error, str(error), "Correct the template, or remove it to use the shipped one.")
    return "".join(written)


def _refuse(file: Path, error: BaseException, what: str, hint: str) -> NoReturn:
    """Raise a TemplateError that names the template's file and the line that was being rendered."""
    place, line = str(file), 1
    trace = error.__traceback__
    while trace is not None:  # the innermost frame of a template; Jinja2 rewrites those to template file and line
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            place, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    raise TemplateError(f"{place}, line {line}: {what}", hint) from error

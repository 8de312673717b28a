"""Writes a dispute folder: complete under its name, or not there at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailsync.dossier.case import Case
from mailsync.dossier.pages import file_path, mail_path, pages
from mailsync.dossier.papers import papers
from mailsync.model.errors import MailsyncError, UsageError

SUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A folder that was written: `digest` is the SHA-256 of its SHA256SUMS, to be told to somebody else."""

    path: Path
    files: int
    digest: str


def write(case: Case, out: Path, own: Path | None = None, *, pdf: bool = False) -> Written:
    """Write `case` to the folder `out`, which must not exist or be empty; `own` is the user's folder of templates.

    Everything is written beside it first and renamed in one step, so that a folder that is there is complete; what a
    run that was killed left behind is removed by the next. Raises UsageError, TemplateError, MailsyncError (disk).
    """
    _check(out)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        sums = {path: _keep(part / path, data) for path, data in _contents(case, own, pdf=pdf)}
        digest = _keep(part / SUMS, as_sums(sums))
        for folder in (*(path for path in part.rglob("*") if path.is_dir()), part):
            _settle(folder)
        part.replace(out)
        _settle(out.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise MailsyncError(
            f"{out} cannot be written ({error.strerror}).", "Name another folder, or make room."
        ) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Written(path=out, files=len(sums) + 1, digest=digest)


def as_sums(digests: Mapping[str, str]) -> bytes:
    """Return the list that `sha256sum -c` reads, by path; no path here holds a line break or a backslash."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode("ascii")


def _check(out: Path) -> None:
    if not out.name:
        raise UsageError(f"{out} is no folder to be made.", "Give --out a new folder's name.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already.", "Give --out a new folder's name; nothing is written over.")


def _contents(case: Case, own: Path | None, *, pdf: bool) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the folder but the list of check sums."""
    made = pages(case, own)
    yield from ((path, text.encode("utf-8", "replace")) for path, text in made.items())
    if pdf:
        yield "index.pdf", _as_pdf(made["index.html"])
    yield from papers(case).items()
    for one in case.exhibits:
        if one.whole and one.raw:
            yield mail_path(one), one.raw.data
            for number, file in enumerate(one.files, 1):
                yield file_path(one, number), file.data


def _as_pdf(page: str) -> bytes:
    try:
        from weasyprint import HTML  # noqa: PLC0415 - an extra that only this needs
    except (ImportError, OSError) as error:
        raise UsageError("PDF needs the extra 'pdf'.", "Run: pip install 'mailsync[pdf]'.") from error
    made: bytes = HTML(string=page, url_fetcher=_nothing).write_pdf()
    return made


def _nothing(url: str) -> dict[str, str]:
    raise ValueError(f"{url}: nothing is ever loaded")


def _keep(path: Path, data: bytes) -> str:
    """Write a file to the disk, for its owner alone; return its SHA-256."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _settle(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    here = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(here)
    finally:
        os.close(here)

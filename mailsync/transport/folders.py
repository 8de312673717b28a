"""Which mailbox is what: roles by special use or by name in many languages, and which of them are to be read."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imapclient import imap_utf7

from mailsync.model.mail import FolderRole
from mailsync.model.ports import Folder

#: Special-use attributes (RFC 6154, 2) in lower case.
_SPECIAL: Final = {
    rb"\sent": FolderRole.SENT,
    rb"\drafts": FolderRole.DRAFTS,
    rb"\all": FolderRole.ALL,
    rb"\archive": FolderRole.ARCHIVE,
    rb"\junk": FolderRole.JUNK,
    rb"\trash": FolderRole.TRASH,
}

#: Names that mail programs and providers give, by role; the first ones are the likelier.
_NAMES: Final = {
    FolderRole.SENT: (
        "sent, sent items, sent mail, sent messages, sent-mail, outbox sent, gesendet, gesendete elemente, "
        "gesendete objekte, gesendete nachrichten, gesendete e-mails, envoyés, éléments envoyés, messages "
        "envoyés, courrier envoyé, objets envoyés, enviados, elementos enviados, mensajes enviados, correo "
        "enviado, itens enviados, mensagens enviadas, e-mails enviados, inviata, inviati, posta inviata, "
        "elementi inviati, messaggi inviati, verzonden, verzonden items, verzonden berichten, verzonden "
        "objecten, wysłane, elementy wysłane, wiadomości wysłane, skickat, skickade, skickade objekt, sendt, "
        "sendte, sendte elementer, sendt post, lähetetyt, lähetetyt kohteet, odeslané, odeslaná pošta, "
        "odoslané, elküldött elemek, elküldött, trimise, gönderilmiş öğeler, gönderilenler, отправленные, "
        "надіслані, απεσταλμένα, 送信済み, 送信済みアイテム, 已发送, 已发送邮件, 寄件備份, 보낸 편지함"
    ),
    FolderRole.DRAFTS: (
        "drafts, draft, entwürfe, entwurf, brouillons, brouillon, borradores, borrador, rascunhos, rascunho, "
        "bozze, bozza, concepten, concept, conceptberichten, kopie robocze, szkice, wersje robocze, utkast, "
        "kladder, kladde, luonnokset, koncepty, rozpracované, piszkozatok, ciorne, taslaklar, черновики, "
        "чернетки, πρόχειρα, 下書き, 草稿, 草稿箱, 임시 보관함"
    ),
    FolderRole.ARCHIVE: (
        "archive, archives, archived, archiv, archivo, archivos, arquivo, arquivos, archivio, archief, "
        "archiwum, arkiv, arkisto, archív, архив, архів, アーカイブ, 归档, 封存, 보관함"
    ),
    FolderRole.ALL: "all mail, alle nachrichten, tous les messages, todos, tutti i messaggi, alle berichten",
    FolderRole.JUNK: (
        "junk, spam, junk e-mail, junk email, junk mail, bulk mail, bulk, werbung, junk-e-mail, spamverdacht, "
        "courrier indésirable, indésirables, pourriel, correo no deseado, no deseado, lixo eletrônico, posta "
        "indesiderata, ongewenste e-mail, ongewenst, wiadomości-śmieci, niechciane, skräppost, søppelpost, "
        "uønsket e-mail, roskaposti, nevyžádaná pošta, спам, 迷惑メール, 垃圾邮件"
    ),
    FolderRole.TRASH: (
        "trash, deleted items, deleted messages, deleted, bin, papierkorb, gelöschte elemente, gelöschte "
        "objekte, gelöscht, corbeille, éléments supprimés, messages supprimés, papelera, elementos "
        "eliminados, eliminados, papelera de reciclaje, lixeira, itens excluídos, lixo, cestino, posta "
        "eliminata, elementi eliminati, prullenbak, verwijderde items, kosz, elementy usunięte, borttagna "
        "objekt, papperskorgen, slettede elementer, papirkurv, poistetut, koš, odstraněná pošta, корзина, "
        "ごみ箱, 已删除, 휴지통"
    ),
}

_RANK: Final = {
    name: (role, rank)
    for role, names in _NAMES.items()
    for rank, name in enumerate(part.strip() for part in names.split(", "))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A mailbox as LIST names it: `name` decoded, `raw` as the server wants it back, `rank` small for likely roles."""

    name: str
    raw: bytes
    path: tuple[str, ...]
    role: FolderRole = FolderRole.OTHER
    rank: int = 0


def read_list(rows: Iterable[tuple[Any, Any, Any]]) -> tuple[Listed, ...]:
    r"""Return the mailboxes of a LIST answer, given as (attributes, delimiter, name) with names undecoded.

    `\Noselect` and `\NonExistent` ones are left out, as are names that cannot be given back to the server.
    """
    found: dict[bytes, Listed] = {}
    for attributes, delimiter, raw in rows:
        flags = {bytes(a).lower() for a in attributes or () if isinstance(a, bytes)}
        if isinstance(raw, int):
            raw = str(raw).encode()  # noqa: PLW2901  (the parser takes an unquoted 2024 for a number)
        if not isinstance(raw, bytes) or flags & {rb"\noselect", rb"\nonexistent"} or not _speakable(raw):
            continue
        name = decode(raw)
        separator = delimiter.decode("ascii", "replace") if isinstance(delimiter, bytes) else ""
        path = tuple(part for part in (name.split(separator) if separator else (name,)) if part)
        if name and path:
            role, rank = _role(flags, path)
            found.setdefault(raw, Listed(name=name, raw=raw, path=path, role=role, rank=rank))
    return tuple(_inherit(list(found.values())))


def decode(raw: bytes) -> str:
    """Decode a name from modified UTF-7 (RFC 3501, 5.1.3); a name that is none stands as it is."""
    try:
        return str(imap_utf7.decode(raw))
    except ValueError:
        return raw.decode("ascii", "replace")


def encode(name: str) -> bytes:
    """Encode a name as modified UTF-7."""
    return bytes(imap_utf7.encode(name))


def _speakable(raw: bytes) -> bool:
    return raw.isascii() and all(c >= 0x20 and c != 0x7F for c in raw)


def _role(flags: set[bytes], path: tuple[str, ...]) -> tuple[FolderRole, int]:
    """Tell a mailbox's role and how sure that is: 0 by special use, else by the place of its name in the list."""
    if len(path) == 1 and path[0].upper() == "INBOX":
        return FolderRole.INBOX, 0
    for flag in flags:
        if flag in _SPECIAL:
            return _SPECIAL[flag], 0
    top = _below_prefix(path)
    if len(top) == 1 and top[0].casefold() in _RANK:
        role, rank = _RANK[top[0].casefold()]
        return role, rank + 1
    return FolderRole.OTHER, 0


def _below_prefix(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path without a personal namespace's prefix: INBOX. (Courier, cPanel), [Gmail]/, [Google Mail]/."""
    prefixed = len(path) > 1 and path[0].upper() in ("INBOX", "[GMAIL]", "[GOOGLE MAIL]")
    return path[1:] if prefixed else path


def _inherit(folders: list[Listed]) -> Iterable[Listed]:
    """Give what lies below an archive, junk or trash folder its role (Archives/2024)."""
    heirs = [f for f in folders if f.role in (FolderRole.ARCHIVE, FolderRole.JUNK, FolderRole.TRASH)]
    for folder in folders:
        parent = next((p for p in heirs if folder.path[: len(p.path)] == p.path and folder is not p), None)
        if folder.role is FolderRole.OTHER and parent is not None:
            yield Listed(name=folder.name, raw=folder.raw, path=folder.path, role=parent.role, rank=1000)
        else:
            yield folder


def find_role(folders: Sequence[Listed], role: FolderRole) -> Listed | None:
    """Return the likeliest folder of this role: by special use, else by name, the shortest path first."""
    return min((f for f in folders if f.role is role), key=lambda f: (f.rank, len(f.path), f.name), default=None)


def find_name(folders: Sequence[Listed], name: str) -> Listed | None:
    """Return the folder that a person means by `name`: exactly, or with another separator, case or prefix."""
    exact = next((f for f in folders if f.name == name), None)
    return exact or next((f for f in folders if _key(name) in (_key(f.name), *_keys(f))), None)


def _key(name: str) -> str:
    return name.casefold().strip("/")


def _keys(folder: Listed) -> tuple[str, str]:
    return _key("/".join(folder.path)), _key("/".join(_below_prefix(folder.path)))


def choose(folders: Sequence[Listed], wanted: Sequence[str], sent: str, *, gmail: bool) -> tuple[Folder, ...]:
    """Return the folders to read: inbox, sent, then those `wanted` by name or pattern, each once.

    Without `wanted`, archives and the folder of all mail are read too. Patterns (`*`, `?`) never match drafts, junk or
    trash. A name the server does not have stays in the list, so that opening it says so. On Gmail, All Mail holds
    everything that is in the inbox and in labels, so it stands for them.
    """
    chosen = [f for f in folders if f.role is FolderRole.INBOX]
    own_sent = find_name(folders, sent) if sent else None
    chosen += [own_sent] if own_sent else [f for f in folders if f.role is FolderRole.SENT]
    everything = find_role(folders, FolderRole.ALL)
    if not wanted:
        if gmail and everything is not None:
            chosen = [everything, *(f for f in chosen if f.role is FolderRole.SENT)]
        chosen += [f for f in folders if f.role in (FolderRole.ARCHIVE, FolderRole.ALL)]
    result = [Folder(name=f.name, role=FolderRole.SENT if f is own_sent else f.role) for f in chosen]
    for name in wanted:
        result += _matching(folders, name)
    unique: dict[str, Folder] = {}
    for folder in result:
        unique.setdefault(folder.name, folder)
    return tuple(unique.values())


def _matching(folders: Sequence[Listed], name: str) -> list[Folder]:
    """Return the folders that one wanted name or pattern stands for."""
    single = find_name(folders, name)
    if single is None and ("*" in name or "?" in name):
        pattern = re.compile(re.escape(_key(name)).replace(r"\*", ".*").replace(r"\?", "."))
        unread = (FolderRole.DRAFTS, FolderRole.JUNK, FolderRole.TRASH)
        hits = [f for f in folders if f.role not in unread and any(pattern.fullmatch(k) for k in _keys(f))]
        return [Folder(name=f.name, role=f.role) for f in hits]
    return [Folder(name=single.name, role=single.role) if single else Folder(name=name, role=FolderRole.OTHER)]


def nearest(folders: Sequence[Listed], name: str, count: int = 3) -> tuple[str, ...]:
    """Return the names on the server that look most like `name`."""
    names = {_key(f.name): f.name for f in folders} | {_keys(f)[1]: f.name for f in folders}
    close = difflib.get_close_matches(_key(name), list(names), n=count * 2, cutoff=0.5)
    return tuple(dict.fromkeys(names[key] for key in close))[:count]

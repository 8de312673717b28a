"""Checks DKIM signatures (RFC 6376) while the senders' keys are still published: later nobody can.

The package dkimpy does the work (extra `evidence`). Asking the DNS for a key tells the sender's domain that its mail
was read here, so this runs only where the configuration says so.
"""

import re
from collections.abc import Callable
from typing import Any

from mailsync.model.errors import UsageError

#: Asks the DNS for a TXT record by name; b"" where there is none.
Dns = Callable[[str], bytes]

_MOST_SIGNATURES = 5
_LARGEST = 50_000_000
_SIGNATURE = re.compile(rb"^dkim-signature[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(rb"(?:^|;)\s*([ds])\s*=\s*([^;\s]{1,255})")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,250}")


def check_signatures(data: bytes, dns: Dns) -> list[dict[str, Any]]:
    """Return each signature of a message: domain, selector, result ("pass", "fail", "error") and the key it used.

    "fail" may mean that somebody changed the mail on its way, and be harmless: a mailing list's footer breaks it as
    well. Never raises on content. Raises UsageError where dkimpy is missing.
    """
    try:
        import dkim  # noqa: PLC0415 - an extra that only this needs
    except ImportError as error:
        raise UsageError("Checking DKIM needs the extra 'evidence'.", "pip install 'mailsync[evidence]'") from error
    if len(data) > _LARGEST:
        return []
    head = data[:1_000_000].replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"
    found = []
    for number, (field,) in enumerate(_fields(head)[:_MOST_SIGNATURES]):
        tags = {tag: value.decode("ascii", "replace") for tag, value in _TAG.findall(b" ".join(field.split()))}
        keys: list[str] = []
        try:
            good = dkim.DKIM(data, timeout=5).verify(idx=number, dnsfunc=_remembering(dns, keys))
            result = "pass" if good else "fail"
        except dkim.ValidationError:  # the text is not the one that was signed
            result = "fail"
        except Exception as error:  # noqa: BLE001 - a hostile signature must not stop the worker
            result = f"error: {type(error).__name__}"
        found.append(
            {
                "domain": tags.get(b"d", "")[:255],
                "selector": tags.get(b"s", "")[:255],
                "result": result,
                "key": "".join(keys),
            }
        )
    return found


def _fields(head: bytes) -> list[tuple[bytes]]:
    return [(found[1],) for found in _SIGNATURE.finditer(head)]


def _remembering(dns: Dns, keys: list[str]) -> Callable[..., bytes | None]:
    """Return dkimpy's way to ask the DNS, which notes the key that came."""

    def ask(name: bytes | str, timeout: int = 5) -> bytes | None:  # noqa: ARG001 - dkimpy's signature
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        text = text.rstrip(".")
        if not _NAME.fullmatch(text):
            return None
        record = dns(text)[:4096]
        keys.append(record.decode("ascii", "replace"))
        return record or None

    return ask


def system_dns(name: str) -> bytes:
    """Ask the system's DNS servers for a TXT record (package dnspython), b"" where there is none or no answer."""
    try:
        from dns import exception, resolver  # noqa: PLC0415 - an extra that only this needs
    except ImportError as error:
        raise UsageError("Checking DKIM needs the extra 'evidence'.", "pip install 'mailsync[evidence]'") from error
    try:
        answer = resolver.resolve(name, "TXT", lifetime=5, search=False)
    except exception.DNSException:
        return b""
    return b"".join(next(iter(answer)).strings)

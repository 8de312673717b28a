"""Hides names and amounts for screen sharing: the page stays readable, but tells nobody whose it is."""

import re
from collections.abc import Iterable, Mapping

from mailsync.model.mail import Address
from mailsync.model.people import Circle

_EMAIL = re.compile(r"[^\s<>@\"',;:()]{1,64}@[^\s<>@\"',;:()]{1,200}")
_UNIT = r"(?:EUR|USD|GBP|CHF|CAD|AUD|euros?|dollars?|pounds?|Euro|hours?|hrs?|h|Stunden|heures|horas|ore|k|%)"
_AMOUNT = re.compile(
    rf"[€$£]\s?\d[\d.,'’]{{0,20}}k?|(?<![\w-])\d[\d.,'’]{{0,20}}\s?(?:[€$£%]|{_UNIT}(?!\w))|(?<![\w])(?:EUR|USD|GBP|CHF)\s?\d[\d.,'’]{{0,20}}"
)
_WORD = re.compile(r"[^\W\d_][\w’'-]{2,40}")


class Mask:
    """Replaces every known name, address and amount; a client's key becomes "client-1" and can be turned back.

    `learn` adds the people of a message before it is shown. Names that stand in no address and no configuration
    cannot be known and stay.
    """

    def __init__(self, circle: Circle) -> None:
        self.keys = {client.key: f"client-{number}" for number, client in enumerate(circle.clients, 1)}
        self._spare = {address.casefold() for address in circle.own}
        self._names: dict[str, str] = {}
        for client in circle.clients:
            self._add(client.name, self.keys[client.key])
            self._add(client.key, self.keys[client.key])
            for name in (*client.name.split(), *(d.partition(".")[0] for d in client.domains)):
                self._add(name, "•••••")
            self.learn(Address(email=c.email, name=c.name) for c in client.contacts)
        self._pattern = self._compile()

    def learn(self, people: Iterable[Address | None]) -> None:
        """Hide these people's names too; the user's own stays."""
        before = len(self._names)
        for person in people:
            if person is not None and person.email.casefold() not in self._spare:
                for word in _WORD.findall(f"{person.name} {person.email.partition('@')[0].replace('.', ' ')}"):
                    self._add(word, "•••••")
        if len(self._names) != before:
            self._pattern = self._compile()

    def hide(self, text: str) -> str:
        """Return `text` without names, addresses and amounts."""
        text = _EMAIL.sub("•••@•••", text)
        text = _AMOUNT.sub(lambda found: re.sub(r"\d", "•", found[0]), text)
        return self._pattern.sub(lambda found: self._names.get(found[0].casefold(), "•••••"), text)

    def alias(self, text: str) -> str:
        """Return `text` with clients' keys hidden in a way that `reveal` turns back."""
        keys = "|".join(re.escape(key) for key in sorted(self.keys, key=len, reverse=True)) or "(?!)"
        return re.sub(rf"(?<!\w)(?:{keys})(?!\w)", lambda found: self.keys[found[0]], text)

    def reveal(self, text: str) -> str:
        """Return `text` with "client-1" turned back into the client's key: what a link or a query means."""
        back: Mapping[str, str] = {alias: key for key, alias in self.keys.items()}
        return re.sub(r"client-\d{1,6}(?!\d)", lambda found: back.get(found[0], found[0]), text)

    def _add(self, name: str, alias: str) -> None:
        if len(name.strip()) >= 3:
            self._names.setdefault(name.strip().casefold(), alias)

    def _compile(self) -> re.Pattern[str]:
        names = sorted(self._names, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names)) or '(?!)'})(?!\w)", re.IGNORECASE)

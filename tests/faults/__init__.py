"""Servers that misbehave, on loopback: a proxy that spoils a real conversation, and an IMAP server that says anything."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

HOST = "127.0.0.1"

#: Stalled lines stay open for as long as a test could wait.
FOREVER = 60


class Listener:
    """Accepts connections on a free port and serves each in a thread of its own, until closed."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self.serve(client)

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for sock in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class FaultProxy(Listener):
    """Passes a conversation on and spoils it once, where `after` octets or the words `match` have come from the server.

    `fault` is "reset", "close", "stall", "drip" (ten octets a second) or "lose" (what matches never arrives, and the
    line is reset). `replace` puts other words in the server's mouth throughout. `faults` says how often to spoil.
    """

    def __init__(
        self,
        upstream: int,
        fault: str = "",
        *,
        after: int | None = None,
        match: bytes = b"",
        replace: tuple[bytes, bytes] | None = None,
        faults: int = 1,
    ) -> None:
        self._upstream, self._fault, self._after = upstream, fault, after
        self._match, self._replace, self.faults_left = match, replace, faults
        self.passed = 0
        self.heard = b""
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        with socket.create_connection((HOST, self._upstream)) as server:
            self._open.append(server)
            threading.Thread(target=self._upwards, args=(client, server), daemon=True).start()
            self._downwards(server, client)

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.heard += data
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _downwards(self, server: socket.socket, client: socket.socket) -> None:
        count, tail = 0, b""
        while data := server.recv(65536):
            if self._replace:
                data = data.replace(*self._replace)
            place = self._place(count, tail, data) if self.faults_left > 0 else None
            if place is not None:
                self.faults_left -= 1
                client.sendall(data[:place])
                self.passed += place
                self._spoil(client, server, data[place:])
                return
            client.sendall(data)
            count += len(data)
            self.passed += len(data)
            tail = (tail + data)[-200:]

    def _place(self, count: int, tail: bytes, data: bytes) -> int | None:
        if self._after is not None and count <= self._after <= count + len(data):
            return self._after - count
        if self._match and self._match in tail + data:
            at = (tail + data).index(self._match) - len(tail)
            return max(0, at if self._fault == "lose" else at + len(self._match))
        return None

    def _spoil(self, client: socket.socket, server: socket.socket, rest: bytes) -> None:
        if self._fault in {"reset", "lose"}:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self._fault == "stall":
            self._ended.wait(FOREVER)
        elif self._fault == "drip":
            while rest and not self._ended.wait(0.1):
                client.sendall(rest[:1])
                rest = rest[1:] or server.recv(4096)
        with contextlib.suppress(OSError):
            client.shutdown(
                socket.SHUT_RD if self._fault in {"reset", "lose"} else socket.SHUT_RDWR
            )  # wakes the other thread
        client.close()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


Answer = bytes | Callable[[str, str], bytes]


class ScriptedImap(Listener):
    """An IMAP server that gives the answers it was told; `{tag}` in them becomes the command's tag.

    Answers are found by the command's name ("UID FETCH"); a callable gets the tag and the arguments. What is not told
    is answered like an empty mailbox would. `said` collects the commands.
    """

    USUAL: ClassVar[dict[str, Answer]] = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n",
        "LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\n{tag} OK done\r\n',
        "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\n{tag} OK [READ-ONLY] done\r\n",
        "UID SEARCH": b"* SEARCH 1 2 3\r\n{tag} OK done\r\n",
        "LOGOUT": b"* BYE bye\r\n{tag} OK done\r\n",
    }

    def __init__(self, greeting: bytes = b"* OK ready\r\n", **answers: Answer) -> None:
        self.greeting = greeting
        self.answers = self.USUAL | {name.replace("_", " "): answer for name, answer in answers.items()}
        self.said: list[str] = []
        self.pace = 0.0, 1 << 30  # seconds between pieces of so many octets
        super().__init__()

    def serve(self, client: socket.socket) -> None:
        client.sendall(self.greeting)
        for line in self._lines(client):
            tag, _, rest = line.partition(" ")
            name = re.match(r"(?i)(UID )?\w*", rest)[0].upper()
            self.said.append(rest)
            answer = self.answers.get(name, b"{tag} OK done\r\n")
            data = answer(tag, rest[len(name) + 1 :]) if callable(answer) else answer
            data = data.replace(b"{tag}", tag.encode())
            pause, piece = self.pace
            for start in range(0, len(data), piece):
                time.sleep(pause)
                client.sendall(data[start : start + piece])

    def _lines(self, client: socket.socket) -> Iterator[str]:
        with client.makefile("rb") as stream:
            for line in stream:
                yield line.decode("latin-1").rstrip("\r\n")


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long `action` took."""
    began = time.monotonic()
    action()
    return time.monotonic() - began

"""Shows other programs how the service fares: `/healthz` for supervisors, `/metrics` for Prometheus.

Only numbers and account names are told, never a word of mail. It reads the ledger through a connection of its own, so
that a long turn does not hold it up.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from mailsync import __version__
from mailsync.model.errors import UsageError

log = logging.getLogger(__name__)

#: Seconds for which one look at the ledger serves all who ask.
FRESH: Final = 5.0

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")

Health = Callable[[], dict[str, Any]]


class Numbers(Collector):
    """The health of a service as Prometheus reads it; `health` is `App.health`, `alive` says whether threads live."""

    def __init__(self, health: Health, alive: Callable[[], bool]) -> None:
        self._health, self._alive = health, alive
        self._lock = threading.Lock()
        self._seen: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def health(self) -> dict[str, Any]:
        """Return the health, at most FRESH seconds old, with `alive`."""
        with self._lock:
            at, seen = self._seen
            if time.monotonic() - at > FRESH:
                seen = self._health()
                self._seen = (time.monotonic(), seen)
            return seen | {"alive": self._alive()}

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand, so that registering does not read the ledger."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics; names and labels are documented in docs/service.md."""
        health = self.health()
        yield InfoMetricFamily("mailsync", "The program.", value={"version": __version__})
        for name, key, about in (
            ("mailsync_up", "alive", "1 while every account's thread shows that it lives."),
            ("mailsync_ok", "ok", "1 while every account was polled well lately."),
            ("mailsync_messages", "messages", "Messages kept."),
            ("mailsync_entries", "entries", "Entries in the log."),
            ("mailsync_drafts_waiting", "drafts", "Letters that wait for a person."),
            ("mailsync_troubles", "troubles", "Troubles of the last week, at most 10."),
        ):
            value = len(health[key]) if isinstance(health[key], list) else health[key]
            yield GaugeMetricFamily(name, about, value=float(value))
        yield GaugeMetricFamily("mailsync_log_head", "Number of the newest event.", value=float(health["head"][0]))
        yield from _accounts(health["accounts"])


def _accounts(accounts: list[dict[str, Any]]) -> Iterator[Metric]:
    ok = GaugeMetricFamily("mailsync_account_ok", "1 while the account is polled well.", labels=["account"])
    polled = GaugeMetricFamily("mailsync_account_polled_seconds", "Unix time of the last poll.", labels=["account"])
    counts = GaugeMetricFamily(
        "mailsync_account_messages", "Messages on the server by outcome.", labels=["account", "outcome"]
    )
    for account in accounts:
        name = str(account["name"])
        ok.add_metric([name], float(account["ok"]))
        if account["polled"]:
            polled.add_metric([name], datetime.fromisoformat(account["polled"]).timestamp())
        totals: dict[str, int] = {}
        for outcomes in account["folders"].values():
            for outcome, number in outcomes.items():
                totals[str(outcome)] = totals.get(str(outcome), 0) + number
        for outcome, number in totals.items():
            counts.add_metric([name, outcome], float(number))
    yield from (ok, polled, counts)


@contextmanager
def listening(where: str, health: Health, alive: Callable[[], bool]) -> Iterator[int]:
    """Answer on `where` ("127.0.0.1:9464") while the block runs; yields the port. Raises UsageError if it is taken."""
    host, _, port = where.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    numbers = Numbers(health, alive)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(numbers)
    local = host in ("127.0.0.1", "::1", "localhost")

    class Handler(_Handler):
        def answer(self) -> tuple[int, str, bytes]:
            name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
            if local and name not in _LOOPBACK:  # a page elsewhere that points its own name at this machine
                return 421, "text/plain", b"not here\n"
            if self.path == "/healthz":
                told = numbers.health()
                slim = {key: told[key] for key in ("alive", "ok", "accounts")}
                return (200 if told["alive"] else 503), "application/json", json.dumps(slim).encode()
            if self.path == "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
            return 404, "text/plain", b"/healthz or /metrics\n"

    try:
        server = ThreadingHTTPServer((host, int(port)), Handler)
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(
            f"nothing can listen on {where!r} ({error})", "Write [service] listen like 127.0.0.1:9464."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="mailsync-metrics", daemon=True)
    thread.start()
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET only, says nothing of the machine, and logs no requests."""

    server_version = "mailsync"
    sys_version = ""
    timeout = 10

    def answer(self) -> tuple[int, str, bytes]:
        raise NotImplementedError

    def do_GET(self) -> None:
        try:
            status, kind, body = self.answer()
        except Exception:
            log.exception("telling the health failed")
            status, kind, body = 500, "text/plain", b"the health cannot be told; see the log\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass

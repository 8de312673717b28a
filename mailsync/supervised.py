"""Tells systemd that the service is up, alive, and what it does (sd_notify(3)); does nothing where nobody listens."""

import contextlib
import os
import socket


def notify(*states: str) -> bool:
    """Send states such as "READY=1" or "STATUS=2 accounts"; say whether a supervisor was there to hear them."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):  # an abstract socket begins with a zero byte
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto("\n".join(state.replace("\n", " ") for state in states).encode(), address)
        return True
    return False

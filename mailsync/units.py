"""Writes what the system's own service managers read: systemd units (for a user, for a machine) and a launchd plist.

`deploy/` shows the same texts with the usual paths; a test holds them together.
"""

import plistlib
from collections.abc import Sequence
from pathlib import Path

LABEL = "mailsync"

#: Seconds: the service beats every half minute, and stops within a minute after its batch.
WATCHDOG, STOP = 180, 90

_USER_UNIT = """\
[Unit]
Description=mailsync: the record of what was agreed with clients by e-mail
Documentation=man:mailsync(1)
After=network-online.target

[Service]
Type=notify
ExecStart={command}
WatchdogSec={watchdog}
TimeoutStopSec={stop}
Restart=on-failure
RestartSec=30
# 2 is a mistake in the config, 12 a refused login: starting again would not mend it.
RestartPreventExitStatus=2 12
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""

_SYSTEM_UNIT = """\
[Unit]
Description=mailsync: the record of what was agreed with clients by e-mail
Documentation=man:mailsync(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
# The config and the password are handed over by systemd; in the config: password_credential = "mail".
LoadCredential=config.toml:/etc/mailsync/config.toml
LoadCredential=mail:/etc/mailsync/password
ExecStart={command} --config %d/config.toml
Environment=XDG_DATA_HOME=/var/lib XDG_CONFIG_HOME=/etc
StateDirectory=mailsync
StateDirectoryMode=0700
WatchdogSec={watchdog}
TimeoutStopSec={stop}
Restart=on-failure
RestartSec=30
# 2 is a mistake in the config, 12 a refused login: starting again would not mend it.
RestartPreventExitStatus=2 12
DynamicUser=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
ProtectSystem=strict
LockPersonality=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
"""


def user_unit(command: Sequence[str]) -> str:
    """Return the systemd unit of one user's service."""
    return _USER_UNIT.format(command=_line(command), watchdog=WATCHDOG, stop=STOP)


def system_unit(command: Sequence[str]) -> str:
    """Return the systemd unit of a machine's service; its config is /etc/mailsync/config.toml."""
    return _SYSTEM_UNIT.format(command=_line(command), watchdog=WATCHDOG, stop=STOP)


def launchd_plist(command: Sequence[str], log: Path) -> bytes:
    """Return the launchd agent of one user on macOS; what the service says goes to `log`."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ExitTimeOut": STOP,
            "ProcessType": "Background",
            "Umask": 0o077,
            "StandardErrorPath": str(log),
        }
    )


def _line(command: Sequence[str]) -> str:
    """Quote a command as systemd.service(5) reads it: no shell, but quotation marks, % and $ mean something."""
    return " ".join(_word(word) for word in command)


def _word(word: str) -> str:
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if not word or any(c.isspace() or c in "'\"\\;" for c in word) else word

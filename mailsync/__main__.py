"""Lets `python -m mailsync` do what the command `mailsync` does."""

from mailsync.cli import main

main()

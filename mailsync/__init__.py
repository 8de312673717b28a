"""mailsync keeps the record of what was agreed with clients by e-mail.

Read the package in this order: `pipeline` (the way of one message), `model` (the words), `reading` and `extract`
(bytes to entries, pure), `ledger` (what is kept), `recap` (the letter), `transport` (servers), `cli` and `web`.
"""

__version__ = "0.1.0"

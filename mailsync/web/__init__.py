"""The local web page: review, log and threads in the browser; nothing is asked of any other host."""

from mailsync.web.app import create_app
from mailsync.web.server import serve, serve_in_thread

__all__ = ["create_app", "serve", "serve_in_thread"]

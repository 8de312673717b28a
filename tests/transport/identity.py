"""A small identity server on loopback: gives tokens as Microsoft and Google do, and tells Dovecot whom they belong to."""

import base64
import json
import secrets
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers import HOST, Authority

SCOPE = "imap"


class Identity:
    """Keeps who has which token. `url` (HTTPS) is the authority, `introspection` (HTTP) what Dovecot asks."""

    def __init__(self, authority: Authority, client: str = "client-1") -> None:
        self.client = client
        self.user = "somebody"
        self.scope = SCOPE
        self.lasts = 3600
        self.refusal: dict[str, str] | None = None
        self.tokens: dict[str, tuple[str, str, float]] = {}
        self.refreshing: set[str] = set()
        self.asked: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.chain, authority.key)
        self._https, self._http = self._serve(context), self._serve(None)
        self.url = f"https://localhost:{self._https.server_port}/tenant"
        self.introspection = f"http://{HOST}:{self._http.server_port}/introspect?token="

    def _serve(self, context: ssl.SSLContext | None) -> ThreadingHTTPServer:
        identity = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer({key: values[0] for key, values in urllib.parse.parse_qs(body).items()})

            def answer(self, form: dict[str, str]) -> None:
                status, value = identity.reply(self.path, form)
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer((HOST, 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def stop(self) -> None:
        """End both servers."""
        for server in (self._https, self._http):
            server.shutdown()
            server.server_close()

    def reply(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Answer one request."""
        where = urllib.parse.urlsplit(path)
        name = where.path.rpartition("/")[2]
        self.asked.append(form.get("grant_type", name))
        if name == "openid-configuration":
            ends = {
                "authorization_endpoint": "auth",
                "token_endpoint": "token",
                "device_authorization_endpoint": "device",
            }
            return 200, {"issuer": self.url} | {key: f"{self.url}/{end}" for key, end in ends.items()}
        if name == "introspect":
            return 200, self.about(urllib.parse.parse_qs(where.query)["token"][0])
        if self.refusal:
            return 400, dict(self.refusal)
        if name == "device":
            return 200, {
                "device_code": "d1", "user_code": "ABCD", "verification_uri": "https://example.test/device",
                "expires_in": 60, "interval": 1, "message": "Open https://example.test/device and type ABCD",
            }  # fmt: skip
        if form.get("grant_type") == "refresh_token" and form["refresh_token"] not in self.refreshing:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired."}
        return 200, self.grant()

    def about(self, token: str) -> dict[str, object]:
        """Tell the mail server what a token is worth."""
        user, scope, ends = self.tokens.get(token, ("", "", 0.0))
        return {"active": ends > time.time(), "username": user, "scope": scope}

    def grant(self) -> dict[str, object]:
        """Give a new access token and a new refresh token."""
        access, again = (secrets.token_urlsafe(20) for _ in range(2))
        self.tokens[access] = (self.user, self.scope, time.time() + self.lasts)
        self.refreshing = {again}  # a refresh token is good once
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": self.client,
            "sub": "u",
            "exp": now + 600,
            "iat": now,
            "preferred_username": self.user,
        }
        return {
            "access_token": access, "refresh_token": again, "token_type": "Bearer", "expires_in": self.lasts,
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
            "client_info": _part({"uid": "u", "utid": "t"}),
            "id_token": ".".join((_part({"alg": "none"}), _part(claims), "")),
        }  # fmt: skip

    def revoke(self) -> None:
        """Take every token back."""
        self.tokens.clear()
        self.refreshing.clear()


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


DOVECOT = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {file}
}}
"""


def dovecot_settings(identity: Identity, folder) -> str:
    """Write Dovecot's view of the identity server; return the lines for its configuration."""
    file = folder / "oauth2.conf"
    file.write_text(
        f"introspection_mode = get\nintrospection_url = {identity.introspection}\nusername_attribute = username\n"
        f"active_attribute = active\nactive_value = true\nscope = {SCOPE}\n"
    )
    file.chmod(0o644)
    return DOVECOT.format(file=file)

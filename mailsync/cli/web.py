"""The review page from the terminal."""

from pathlib import Path

import click

from mailsync.cli.options import config_option
from mailsync.cli.output import say


@click.command()
@click.option("--host", help="The address to listen on; beyond this machine a login is asked for.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.option("--incognito", is_flag=True, help="Hide names and amounts, for sharing the screen; changes nothing.")
@click.option("--link", is_flag=True, help="Let in only the one-time link that is printed, also on this machine.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A further name the page is reached by.")
@click.option(
    "--certificate", type=click.Path(path_type=Path, exists=True), help="Serve HTTPS with this certificate (PEM)."
)
@click.option("--key", type=click.Path(path_type=Path, exists=True), help="The certificate's private key (PEM).")
@click.option("--hash-password", is_flag=True, help="Ask for a password and print the hash for [web] password_hash.")
@config_option
def serve(
    host: str | None,
    port: int | None,
    read_only: bool,
    incognito: bool,
    link: bool,
    names: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    hash_password: bool,
    config: Path | None,
) -> None:
    """Serve the review page on this machine.

    Example: mailsync serve --port 8765
    """
    if hash_password:
        from mailsync.web.security import hash_password as scrypt

        say(f'password_hash = "{scrypt(click.prompt("Password", hide_input=True, confirmation_prompt=True))}"')
        return
    from mailsync.app import DATABASE, open_app
    from mailsync.config import load
    from mailsync.model.errors import LedgerError
    from mailsync.web.server import Server, Serving, beyond_without_tls

    loaded = load(config)
    if not (loaded.data_dir / DATABASE).exists():
        raise LedgerError(
            f"there is no database in {loaded.data_dir} yet", "'mailsync poll' reads your mail for the first time."
        )
    with open_app(config, read_only=read_only or incognito) as app:
        how = Serving(
            host=host or app.config.web.host,
            port=app.config.web.port if port is None else port,
            read_only=read_only,
            incognito=incognito,
            link=link,
            certificate=certificate,
            key=key,
            hosts=names,
        )
        server = Server(app, how)
        say(f"mailsync is at {server.url}  (Ctrl-C ends it)")
        if beyond_without_tls(how):
            say(
                "Without --certificate the password and your mail travel unencrypted; a tunnel is safer.",
                colour="yellow",
            )
        server.run()

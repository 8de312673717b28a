"""An assistant can search the record, and do nothing else to it."""

import json
import sys

import pytest

from mailsync.app import open_app
from mailsync.cli.mcp import tools
from tests.journeys.office import Office
from tests.journeys.test_letter_to_draft import conversation
from tests.servers import PASSWORD

pytestmark = pytest.mark.dovecot


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch):
    """An office with one conversation in its log."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    office = Office(tmp_path, mailbox)
    conversation(office)
    assert office.run("poll")[0] == 0
    return office


def test_the_tools_answer_from_the_record(office):
    """Search leads to an entry, show to its words and message, brief and drafts to the client's page and the queue."""
    with open_app(office.config, read_only=True) as app:
        search, show, brief, drafts, clients = tools(app)

        hit = next(hit for hit in search("wireframes")["results"] if hit["id"])
        shown = show(hit["id"])
        assert shown["entry"]["quote"] in " ".join(shown["message"]["text"].split())
        assert clients() == {"clients": [{"key": "harbor", "name": "Harbor Foods"}]}
        assert len(drafts()["drafts"]) == 1
        assert json.dumps(brief("harbor"), default=str)
        for wrong in (lambda: show("nothing"), lambda: brief("nobody"), lambda: search("x", as_of="soon")):
            with pytest.raises(ValueError):
                wrong()
        assert search('"unclosed AND ((')["results"] == []


def test_an_assistant_reaches_the_tools_over_the_protocol(office):
    """A real client starts `mailsync mcp`, lists the tools and calls one; all of them only read."""
    anyio = pytest.importorskip("anyio")
    pytest.importorskip("mcp")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    how = StdioServerParameters(command=sys.executable, args=["-m", "mailsync", "mcp", "--config", str(office.config)])

    async def talk():
        async with stdio_client(how) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            names = {tool.name for tool in (await session.list_tools()).tools}
            answer = await session.call_tool("search", {"query": "wireframes"})
            return names, answer.content[0].text

    names, text = anyio.run(talk)

    assert names == {"search", "show", "brief", "drafts", "clients"}
    assert "wireframes" in json.loads(text)["results"][0]["excerpt"]

"""The blocks by which Prefect's server tells of a run's end: their names, and what they send; no server is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect.blocks.core import Block
from prefect.blocks.notifications import AppriseNotificationBlock, CustomWebhookNotificationBlock, NotificationBlock
from prefect.utilities.dispatch import lookup_type

from flows.prefect.notification_blocks import Mail, Webhook


@contextmanager
def receiver(status: int = 200) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """Take what is posted, and answer with a status; gives the address, and path and JSON of each."""
    posted: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def webhook(address: str) -> Webhook:
    """As `flows.prefect.notify` makes it."""
    text = {"text": "{{subject}}\n{{body}}"}
    fields = {"name": "rossi", "url": "{{address}}", "json_data": text, "secrets": {"address": address}}
    return Webhook.model_validate(fields)


@pytest.mark.parametrize(
    ("block", "base", "slug", "name"),
    [
        (Mail, AppriseNotificationBlock, "rossi-mail", "Mail (rossi)"),
        (Webhook, CustomWebhookNotificationBlock, "rossi-webhook", "Webhook (rossi)"),
    ],
)
def test_a_server_that_has_imported_them_knows_them_by_name_and_without_a_logo(
    block: type[NotificationBlock], base: type[Block], slug: str, name: str
) -> None:
    assert issubclass(block, base)
    assert lookup_type(Block, slug) is block
    assert (block.get_block_type_slug(), block.get_block_type_name()) == (slug, name)
    kind = block._to_block_type()
    assert (kind.slug, kind.name, kind.logo_url) == (slug, name, None)
    assert "notify" in block.get_block_capabilities()
    # Prefect's own keep theirs: a block of another type stays what it is.
    assert base.get_block_type_slug() != slug


def test_a_webhook_posts_the_text() -> None:
    with receiver() as (address, posted):
        webhook(f"{address}/token").notify('All failed: "a" & <b>', "night: Failed")
    assert posted == [("/token", {"text": 'night: Failed\nAll failed: "a" & <b>'})]


def test_an_address_that_refuses_is_an_error() -> None:
    with receiver(500) as (address, posted), pytest.raises(Exception, match="500 Internal Server Error"):
        webhook(f"{address}/token").notify("x", "y")
    assert len(posted) == 1


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # by apprise, in Python before 3.13
def test_addresses_are_secrets() -> None:
    """They hold passwords and tokens."""
    mail = Mail.model_validate({"url": "mailtos://user:very-secret@example.org?to=me@example.org"})
    assert mail.url.get_secret_value() == "mailtos://user:very-secret@example.org?to=me@example.org"
    hook = webhook("https://hooks.example.org/very-secret")
    for block in (mail, hook):
        assert "very-secret" not in f"{block!r} {block} {block.model_dump_json()}"
    assert hook.url == "{{address}}"
    assert (Mail._to_block_schema().fields["secret_fields"], Webhook._to_block_schema().fields["secret_fields"]) == (
        ["url"],
        ["secrets.*"],
    )

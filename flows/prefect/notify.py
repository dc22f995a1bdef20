"""Telling somebody of runs that end badly or do not begin: Prefect's own automations, to a webhook or by mail.

Prefect's server does it, whatever becomes of the process that serves the flows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rossi.errors import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.events.schemas.automations import AutomationCore

#: Where the address is read from; no command line that everybody can list has it then.
NOTIFY = "ROSSI_NOTIFY"
#: How long a run may be late: whoever serves the flows restarts in less.
LATE = timedelta(minutes=10)
#: Name of the state of a run that did its work but missed observations that were there before.
VANISHED = "Vanished"
_BLOCK = "rossi"
_ENDED, _LATE = "rossi: a run ended badly", "rossi: a run does not begin"
_BEGINS = ("Pending", "Running", "Cancelled", "Cancelling", "Completed", "Failed", "Crashed")
_WEB, _MAIL = ("http", "https"), ("mailto", "mailtos")


def check_address(url: str) -> str:
    """Return an address that something can be sent to.

    Raises
    ------
    ConfigError
    """
    parts = urlsplit(url)
    if url and (parts.scheme not in (*_WEB, *_MAIL) or not parts.netloc):
        raise ConfigError(
            "--notify takes the address of a webhook (https://...) or of mail, "
            f"mailtos://user:password@smtp.example.org?to=me@example.org; it begins with {parts.scheme or 'nothing'!r}."
        )
    return url


def notify(url: str, late: timedelta = LATE) -> None:
    """Have the server tell an address of runs with the tag ``rossi``; an empty one has it tell nobody any more.

    Parameters
    ----------
    url : str
    late : timedelta
        How long a run may be late.
    """
    from prefect.client.orchestration import get_client

    wanted = _automations(_save(check_address(url)), late) if url else []
    with get_client(sync_client=True) as client:
        for name in (_ENDED, _LATE):
            for there in client.read_automations_by_name(name):
                client.delete_automation(there.id)
        for automation in wanted:
            client.create_automation(automation)


def _save(url: str) -> UUID:
    """Keep the address in a block of Prefect's, encrypted; returns its id."""
    from flows.prefect.notification_blocks import Mail, Webhook

    block: Mail | Webhook
    if urlsplit(url).scheme in _MAIL:
        block = Mail.model_validate({"url": url})
    else:  # with the text where Slack, Mattermost, Teams and their like look for it; a secret, since it holds a token
        text = {"text": "{{subject}}\n{{body}}"}
        fields = {"name": "rossi", "url": "{{address}}", "json_data": text, "secrets": {"address": url}}
        block = Webhook.model_validate(fields)
    block.save(_BLOCK, overwrite=True, _sync=True)  # type: ignore[call-arg]
    assert block._block_document_id is not None
    return block._block_document_id


def _automations(block: UUID, late: timedelta) -> list[AutomationCore]:
    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    subject = "{{ flow_run.name }}: {{ flow_run.state.name }}"
    body = "{{ flow_run.state.message or 'Nobody has begun it.' }}\n{{ flow_run|ui_url }}"
    tell = SendNotification(block_document_id=block, subject=subject, body=body)
    which = {
        "match": ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
        "match_related": ResourceSpecification.model_validate({"prefect.resource.id": "prefect.tag.rossi"}),
        "for_each": {"prefect.resource.id"},
        "threshold": 1,
    }
    ends = {f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", VANISHED)}
    ended = EventTrigger.model_validate({**which, "expect": ends, "posture": Posture.Reactive, "within": 0})
    begins = {
        "after": {"prefect.flow-run.Late"},
        "expect": {f"prefect.flow-run.{state}" for state in _BEGINS},
        "posture": Posture.Proactive,
        "within": late,
    }
    waits = EventTrigger.model_validate(which | begins)
    return [
        AutomationCore(name=_ENDED, trigger=ended, actions=[tell]),
        AutomationCore(name=_LATE, trigger=waits, actions=[tell]),
    ]

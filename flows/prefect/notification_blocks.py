"""Whom a run's end is told, as Prefect's notification blocks; known to a server that has imported them.

Neither has a logo, which Prefect's pages would ask another host for.
"""

from __future__ import annotations

from prefect.blocks.notifications import AppriseNotificationBlock, CustomWebhookNotificationBlock


class Mail(AppriseNotificationBlock):
    """A mail server and whom it is to write to: ``mailtos://user:password@host?to=somebody@example.org``."""

    _block_type_name = "Mail (rossi)"
    _block_type_slug = "rossi-mail"
    _logo_url = None


class Webhook(CustomWebhookNotificationBlock):
    """An address that a text is posted to."""

    _block_type_name = "Webhook (rossi)"
    _block_type_slug = "rossi-webhook"
    _logo_url = None  # type: ignore[assignment]

"""Mail as one of Prefect's notification blocks; known to a server that has imported it."""

from __future__ import annotations

from prefect.blocks.notifications import AppriseNotificationBlock


class Mail(AppriseNotificationBlock):
    """A mail server and whom it is to write to: ``mailtos://user:password@host?to=somebody@example.org``."""

    _block_type_name = "Mail (rossi)"
    _block_type_slug = "rossi-mail"

"""A server that is gone within seconds of SIGTERM, whatever it is doing."""

from __future__ import annotations

import os
import signal
from types import FrameType

import uvicorn

#: Seconds from SIGTERM to the end, at most.
PATIENCE = 8
#: Seconds of these that answers under way get.
ANSWERS = 4


class PromptServer(uvicorn.Server):
    """A server that ends in time; the database undoes what was not committed, as after any other end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or Ctrl-C: at once while starting, when nobody is served yet, or else within `PATIENCE`."""
        if not self.started:
            os._exit(128 + sig)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(128 + sig))
        signal.alarm(PATIENCE)
        super().handle_exit(sig, frame)

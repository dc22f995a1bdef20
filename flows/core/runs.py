"""What a store remembers of every run: one small record each, so that somebody sees when the last good one was.

Products don't tell: a run that finds nothing changed makes none.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime

from services.contract import Frozen
from services.storage import ObjectStore

_FOLDER = "runs"


class RunRecord(Frozen):
    """How a run ended.

    Parameters
    ----------
    ended : datetime
        UTC.
    good : bool
        Whether it did its work; single observations may have failed.
    message : str
        Its one line.
    """

    ended: datetime
    good: bool
    message: str


def record_run(store: ObjectStore, prefix: str, message: str, *, good: bool) -> None:
    """Write how a run has ended now, as ``<prefix>/runs/<UTC>-<any>.json``."""
    now = datetime.now(UTC)
    record = RunRecord(ended=now, good=good, message=message)
    store.put(f"{_base(prefix)}{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.json", record.model_dump_json().encode())


def last_good_run(store: ObjectStore, prefix: str) -> RunRecord | None:
    """Return the record of the last run that did its work, None if there is none."""
    keys = sorted((info.key for info in store.list(_base(prefix))), reverse=True)
    records = (RunRecord.model_validate(json.loads(store.get(key))) for key in keys)
    return next((record for record in records if record.good), None)


def _base(prefix: str) -> str:
    return "/".join(filter(None, (prefix.strip("/"), _FOLDER))) + "/"

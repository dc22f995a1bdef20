"""Which work lists of campaigns on many machines nobody needs any more; `services.execution.ledger` writes them."""

from __future__ import annotations

from collections.abc import Sequence

from services.storage.base import ObjectInfo

FOLDER = "campaigns"
#: Seconds after which a list is taken for given up of which no run was ever taken over and merged: longer than a Job on
#: a cluster may work, and is kept after it.
_GIVEN_UP = 30 * 86400.0


def finished(base: str, infos: Sequence[ObjectInfo], limit: float) -> bool:
    """Return whether a work list can go.

    Parameters
    ----------
    base : str
        Folder of the list.
    infos : sequence of ObjectInfo
        All that is in it.
    limit : float [s]
        Unix time; in a list at work there is something younger.
    """
    newest = max(info.modified for info in infos)
    runs: dict[str, bool] = {}
    for info in infos:
        parts = info.key.removeprefix(f"{base}/").split("/")
        if parts[0] == "runs" and len(parts) > 2:
            runs[parts[1]] = runs.get(parts[1], False) or parts[2:] == ["settled.json"]
    settled = bool(runs) and all(runs.values())
    return newest < (limit if settled else limit - _GIVEN_UP)

"""Run in a container of the campaign: ``plan CONFIG STORE OBSID...`` puts a work list of one shard into the store and
prints its key; ``results STORE WORK RUN`` prints how the observations of the shard ended.
"""

import sys
from pathlib import Path

from flows.core.plan import make_shard
from flows.core.settings import load_settings
from services.contract import ObservationResult
from services.execution.ledger import Ledger, put_work
from services.storage import open_store


def plan(config: str, store: str, *obsids: str) -> None:
    """Print the key of the work list."""
    settings = load_settings(Path(config), {"store": store})
    print(put_work(open_store(store), settings.prefix, [make_shard(settings, obsids)]))


def results(store: str, work: str, run: str) -> None:
    """Print a line an observation: its name, its outcome, and the stages that succeeded."""
    for result in Ledger(open_store(store), work, run, 0, ObservationResult).whole() or ():
        print(result.obsid, result.outcome.value, *(one.stage for one in result.stages if one.manifest))


{"plan": plan, "results": results}[sys.argv[1]](*sys.argv[2:])

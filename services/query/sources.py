"""The sources of a work list."""

from __future__ import annotations

from importlib.util import find_spec

from rossi.exchange import to_ecsv, to_parquet
from rossi.names import designation
from rossi.sources import Observations, Rule, Sources, group
from rossi.sources.tables import sources_table
from services.contract import File
from services.query.config import QueryConfig
from services.query.names import cone_of
from services.query.worklist import WorkList


def rule_of(config: QueryConfig) -> Rule:
    """Return how the answers to a query are sorted into sources: one that was asked for by name or position is one."""
    if config.name.strip():
        return Rule(only=config.name.strip())
    cone = cone_of("", config.ra, config.dec, config.radius)
    return Rule(only=designation(cone.ra, cone.dec)) if cone else Rule()


def sources_of(work: WorkList, rule: Rule) -> tuple[Observations, Sources]:
    """Sort a work list into sources."""
    observations = Observations.of(work.to_table())
    return observations, group(observations, rule)


#: Columns that are printed; files have all.
_PRINTED = ("name", "ra", "dec", "observations", "exposure", "first", "last", "names")


def printed(observations: Observations, found: Sources) -> str:
    """Return what people look for in the table of sources, as ECSV."""
    return to_ecsv(sources_table(found, observations)[_PRINTED]).decode()


def source_files(observations: Observations, found: Sources) -> tuple[File, ...]:
    """Return the table of sources as files: ECSV, and Parquet where pyarrow is installed."""
    table = sources_table(found, observations)
    files = (File("sources.ecsv", to_ecsv(table)),)
    return (*files, File("sources.parquet", to_parquet(table))) if find_spec("pyarrow") else files

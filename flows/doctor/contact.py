"""The first contact with an archive: a few observations found, fetched, reduced, validated and shown in a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flows.core.executor import Inline
from flows.core.export import check_folder, export_campaign, write_files
from flows.core.extras import need
from flows.core.preflight import check
from flows.core.result import CampaignResult
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import Executor, Settings
from flows.core.validation import Validated, validated
from flows.core.watcher import Watcher
from flows.doctor.finding import Finding, Verdict
from rossi.errors import ConfigError, DataError, RossiError
from rossi.facts import counted
from rossi.validate.table import joined, to_ecsv
from services.contract import File, Outcome
from services.execution.fetching import fetch_all
from services.query.config import ListSource, QueryConfig
from services.query.stage import look
from services.storage import open_archive, open_store

#: What is asked for where the configuration says nothing: a source of many short observations, in the HEASARC's bucket.
SOURCE, ARCHIVE = "eta car", "s3://nasa-heasarc"
#: Observations that are wanted, how many are tried at most, and how long they are at least [s].
WANTED, TRIED, SHORTEST = 3, 12, 300.0
#: Products that a finding names.
_NAMED = 6
#: What whoever builds rossi would like to see if something is wrong.
SEND = "please send validation.ecsv, the figures beside it and what `rossi doctor` says"


def first_contact(settings: Settings, out: Path) -> Iterator[Finding]:
    """Iterate over what became of each step, as soon as it is known; a step that fails is the last.

    Parameters
    ----------
    settings : Settings
        Source, archive and calibration; by default `SOURCE` in `ARCHIVE`. Its store is not touched.
    out : Path
        Folder for copies, products and the report.
    """
    try:
        yield from _steps(_asked(settings), out)
    except RossiError as error:
        verdict = Verdict.BROKEN if isinstance(error, DataError | ConfigError) else Verdict.AWAY
        yield Finding("First contact", verdict, str(error))


def _asked(settings: Settings) -> Settings:
    """Return settings in which a source and an archive are named."""
    query = settings.query if not settings.query.is_open else settings.query.model_copy(update={"name": SOURCE})
    return settings.model_copy(update={"query": query, "archive": settings.archive or ARCHIVE})


def _steps(settings: Settings, out: Path) -> Iterator[Finding]:
    need("matplotlib", "jinja2")
    check_folder(out)
    archive = open_archive(settings.archive, settings.cache)
    rows = look(settings.query, archive).rows
    what = settings.query.name or "[query]"
    yield Finding("Query", Verdict.FINE if rows else Verdict.BROKEN, f"{what}: {counted(len(rows))}.")
    if not rows:
        return
    small = sorted((row for row in rows if not row.exposure < SHORTEST), key=lambda row: row.exposure)[:TRIED]
    local = _reducing(settings, out)
    there, size, problems = list[str](), 0, list[str]()
    for row in small:
        for fetched in fetch_all(archive, [row.obsid], local.stages, out / "archive", lambda _pause: None):
            size += fetched.size
            if fetched.problem is None:
                there.append(fetched.obsid)
            else:
                problems.append(f"{fetched.obsid}: {fetched.problem}")
        if len(there) == WANTED:
            break
    told = f"{counted(len(there))}, {size / 1e6:.1f} MB: {', '.join(there)}. {' '.join(problems)}".strip()
    yield Finding("Fetch", Verdict.FINE if there else Verdict.BROKEN, told)
    if not there:
        return
    query = QueryConfig(source=ListSource.ARCHIVE, obsids=tuple(there))
    local = local.model_copy(update={"query": query})
    check(local)
    result = run(local, everything, Inline(local), Watcher())
    yield _reduced(result)
    yield from _compared(local, result, out)


def _reducing(settings: Settings, out: Path) -> Settings:
    """Return settings that reduce and validate what is fetched, beside it."""
    campaign = settings.campaign.model_copy(update={"validation": True, "executor": Executor.INLINE})
    places = {"archive": str((out / "archive").resolve()), "store": str((out / "store").resolve()), "prefix": ""}
    return settings.model_copy(update={"campaign": campaign, **places})


def _reduced(result: CampaignResult) -> Finding:
    counts = {one: result.results.number(one) for one in Outcome}
    said = ", ".join(f"{number} {one.value.replace('_', ' ')}" for one, number in counts.items() if number)
    why = " ".join(f"{one.obsid}: {one.message}" for one in result.results if one.outcome is not Outcome.SUCCEEDED)
    verdict = Verdict.BROKEN if counts[Outcome.FAILED] or not counts[Outcome.SUCCEEDED] else Verdict.FINE
    return Finding("Reduce", verdict, f"{said}. {why}".strip())


def _compared(settings: Settings, result: CampaignResult, out: Path) -> Iterator[Finding]:
    store = open_store(settings.store)
    found = [validated(store, one) for one in result.results]
    table = File("validation.ecsv", to_ecsv(joined(one.table for one in found)))
    write_files(out, [table, *(replace(f, name=f"validation/{f.name}") for one in found for f in one.figures)])
    yield verdict_of(found, out)
    written = export_campaign(store, result, out)
    report = next((path for path in written if path.suffix == ".html"), None)
    if report is None:
        yield Finding("Report", Verdict.BROKEN, "nothing was merged, so there is none.")
    else:
        yield Finding("Report", Verdict.FINE, f"{report.resolve()}: open it in a browser.")


def verdict_of(found: list[Validated], out: Path) -> Finding:
    """Return what the comparisons of all observations say.

    Parameters
    ----------
    found : list of Validated
    out : Path
        Where the numbers are.
    """
    rows = joined(one.table for one in found)
    lines = rows[rows["what"] != "column"]
    wrong = [f"{row['obsid']} {row['product']}" for row in lines if not row["fine"]]
    where = f"all numbers are in {out / 'validation.ecsv'}"
    if not len(lines):
        return Finding("Validate", Verdict.ABSENT, "the archive has no standard products of them to compare with.")
    if wrong:
        said = (
            f"{len(wrong)} of {len(lines)} products differ: {', '.join(wrong[:_NAMED])}{' ...' * (len(wrong) > _NAMED)}"
        )
        return Finding("Validate", Verdict.BROKEN, f"{said}; {where}; {SEND}.")
    return Finding("Validate", Verdict.FINE, f"none of {len(lines)} products differs; {where}.")

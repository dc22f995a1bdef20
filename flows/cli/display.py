"""What sub-commands show while they work and when they are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import nan
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from flows.core.pruning import in_bytes, said
from flows.core.result import CampaignResult
from flows.core.results import Results
from flows.core.summary import sources_line
from flows.core.watcher import Watcher
from rossi.facts import counted, measured
from services.contract import ObservationResult, Outcome, StageResult
from services.contract.validation import VALIDATION
from services.execution.stages import FAST_CHAIN, Instrument, instrument_of
from services.execution.vanished import vanished_line
from services.storage import ObjectStore
from services.storage.bundle import object_key
from services.storage.inventory import Entry, Record
from services.storage.publication import output_key

if TYPE_CHECKING:
    from flows.kubernetes.state import JobState
    from flows.kubernetes.waiting import Waiting
    from services.storage.prune import Pruning
    from services.storage.release_documents import Release

#: Observations of which a caveat is printed; of the rest, the number.
_CAVEATS = 5
#: Sources that are printed after a campaign.
_SOURCES = 30
_STYLES = {Outcome.SUCCEEDED: "green", Outcome.NO_WORK: "yellow", Outcome.FAILED: "red"}


class ProgressBar(Watcher):
    """Draws a bar on standard error."""

    def __init__(self, progress: Progress, description: str) -> None:
        self._progress = progress
        self._bar = progress.add_task(description, total=None)
        self._failed = 0

    def checking(self, observations: int) -> None:
        """See `Watcher.checking`."""
        self._progress.update(self._bar, total=observations, description="Looking for changes")

    def checked(self) -> None:
        """See `Watcher.checked`."""
        self._progress.update(self._bar, advance=1)

    def planned(self, observations: int) -> None:
        """See `Watcher.planned`."""
        self._progress.update(self._bar, total=observations, completed=0, description="Reducing")

    def finished(self, result: ObservationResult) -> None:
        """See `Watcher.finished`."""
        self._failed += result.outcome is Outcome.FAILED
        failed = f", [red]{self._failed} failed[/red]" if self._failed else ""
        self._progress.update(self._bar, advance=1, description=f"Reducing {escape(result.obsid)}{failed}")

    def merging(self, sources: int) -> None:
        """See `Watcher.merging`."""
        self._progress.update(self._bar, total=sources, completed=0, description="Merging")

    def merged(self, result: StageResult) -> None:
        """See `Watcher.merged`."""
        self._progress.update(self._bar, advance=1, description=f"Merging {escape(result.source)}".rstrip())

    def warned(self, message: str) -> None:
        """See `Watcher.warned`."""
        self._progress.console.print(Text(message, "yellow"), soft_wrap=True)


class ProgressLines(Watcher):
    """Writes a line now and then on standard error: for log files; or warnings alone."""

    def __init__(self, console: Console, description: str, *, warnings_alone: bool) -> None:
        self._warnings, self._console = console, Console(quiet=True) if warnings_alone else console
        self._total, self._done, self._failed = 0, 0, 0
        self._to_merge, self._merged = 0, 0
        self._console.print(description)

    def checking(self, observations: int) -> None:
        """See `Watcher.checking`."""
        self._console.print(f"{counted(observations)} to look at")

    def planned(self, observations: int) -> None:
        """See `Watcher.planned`."""
        self._total = observations
        self._console.print(f"{counted(observations)} to reduce")

    def finished(self, result: ObservationResult) -> None:
        """See `Watcher.finished`."""
        self._done += 1
        self._failed += result.outcome is Outcome.FAILED
        if self._total and self._done % max(1, self._total // 10) == 0:
            self._console.print(f"{self._done} of {self._total} done, {self._failed} failed")

    def merging(self, sources: int) -> None:
        """See `Watcher.merging`."""
        self._to_merge, self._merged = sources, 0
        self._console.print(f"Merging {sources} sources" if sources > 1 else "Merging")

    def merged(self, result: StageResult) -> None:  # noqa: ARG002
        """See `Watcher.merged`."""
        self._merged += 1
        if self._to_merge > 1 and self._merged % max(1, self._to_merge // 10) == 0:
            self._console.print(f"{self._merged} of {self._to_merge} sources merged")

    def warned(self, message: str) -> None:
        """See `Watcher.warned`."""
        self._warnings.print(Text(message), soft_wrap=True)


@contextmanager
def progress_bar(description: str, *, in_logs: bool = True) -> Iterator[ProgressBar | ProgressLines]:
    """Show a bar that goes away at the end; in a log file, a few lines, or warnings alone."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield ProgressLines(console, description, warnings_alone=not in_logs)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        yield ProgressBar(progress, description)


@contextmanager
def progress_of(description: str, least: int = 1000) -> Iterator[Callable[[int, int], None]]:
    """Show how many of how many are done: as a bar that goes away at the end; in a log file, as a few lines of many."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task(description, total=None)
            yield lambda done, total: progress.update(bar, completed=done, total=total)
        return

    def line(done: int, total: int) -> None:
        if total >= least and done % (total // 10) == 0:
            console.print(f"{description}: {done} of {total}")

    yield line


def show_results(results: Results) -> None:
    """Print what became of every observation: one line for each band."""
    heads = ("observation", "outcome", "product", "exposure", "mean rate")
    table = Table(*heads, box=None, padding=(0, 1, 0, 0))  # fits 80 columns
    for result in results:
        outcome = Text(_word(result.outcome), _STYLES[result.outcome])
        for end in result.ends:
            per_pcu = instrument_of(end.stage) is Instrument.PCA and end.stage not in FAST_CHAIN
            time, rate = ("PCU s", "count/s/PCU") if per_pcu else ("s", "count/s")
            for band, numbers in (end.summary.get("bands") or {_why(end): {}}).items():
                cells = _exposure(numbers, time), _rate(numbers, rate)
                table.add_row(result.obsid, outcome, band, *cells)
    show(table)
    _show_messages(results)
    for result in results.ended(Outcome.SUCCEEDED):
        _show_message(result)
        caveats = dict.fromkeys((s.stage, c.message) for s in result.stages for c in s.caveats if c.code != s.code)
        for stage, message in caveats:
            show(Text.assemble(result.obsid, " ", (f"{stage}: ", "yellow"), message))
    _show_reused(results)


def show_summary(results: Results) -> None:
    """Print how many observations ended how, and why some gave nothing."""
    table = Table("outcome", "observations", "already done")
    for outcome in Outcome:
        numbers = results.number(outcome), results.reused(outcome)
        table.add_row(Text(_word(outcome), _STYLES[outcome]), *map(str, numbers))
    show(table)
    _show_messages(results)
    _show_reused(results)


def show_sources(campaign: CampaignResult) -> None:
    """Print the sources of a campaign that has several, and what belongs to none."""
    if len(campaign.merges) > 1:
        table = Table("source", "observations", "failed", "merge")
        for one in campaign.merges[:_SOURCES]:
            failed = sum(campaign.results.outcome(obsid) is Outcome.FAILED for obsid in one.obsids)
            merge = "as before" if one.merge.reused else _word(one.merge.outcome)
            style = _STYLES[one.merge.outcome]
            table.add_row(Text(one.name), str(len(one.obsids)), str(failed), Text(merge, style))
        show(table)
        if len(campaign.merges) > _SOURCES:
            show(f"... and {len(campaign.merges) - _SOURCES} more sources; the front page has all.")
    for one in campaign.unmerged:
        show(Text.assemble((one.name or "merge", "red"), " ", one.merge.message))
    if line := sources_line(campaign):
        show(line)


def _show_messages(results: Results) -> None:
    for outcome in (Outcome.FAILED, Outcome.NO_WORK):
        for result in results.ended(outcome):
            _show_message(result)


def _show_message(result: ObservationResult) -> None:
    if result.message:
        show(Text.assemble((result.obsid, _STYLES[result.outcome]), " ", result.message))


def _show_reused(results: Results) -> None:
    if line := vanished_line(results.vanished):
        show(Text(line, "yellow"))
    done = results.reused()
    if done == len(results):
        show(f"{done} of {done} already done, nothing was computed.")
    elif done:
        show(f"{done} of {len(results)} already done.")


def show_status(records: Sequence[Record]) -> None:
    """Print how many observations each stage has done, and what failed last."""
    table = Table("stage", *map(_word, Outcome))
    for stage in dict.fromkeys(record.stage for record in records):
        outcomes = [record.outcome for record in records if record.stage == stage]
        table.add_row(stage, *(str(outcomes.count(outcome)) for outcome in Outcome))
    show(table)
    for record in records:
        if record.outcome is not Outcome.SUCCEEDED:
            show(Text.assemble((record.subject, _STYLES[record.outcome]), f" {record.stage}: {record.message}"))
    _show_caveats(record for record in records if record.outcome is Outcome.SUCCEEDED)


def _show_caveats(records: Iterable[Record]) -> None:
    """Print what to know of products, by kind: the first few, and how many more there are."""
    found: dict[str, list[tuple[Record, str]]] = {}
    for record in records:
        for caveat in record.caveats:
            found.setdefault(caveat.code, []).append((record, caveat.message))
    for code, those in found.items():
        for record, message in those[:_CAVEATS]:
            show(Text.assemble(record.subject, " ", (f"{record.stage}: ", "yellow"), message))
        if len(those) > _CAVEATS:
            show(f"... and {len(those) - _CAVEATS} more with the caveat {code}")


def show_jobs(jobs: Sequence[tuple[JobState, Waiting]]) -> None:
    """Print a line for each Job: its shards, its pods, how it ended; and why pods can't start.

    Parameters
    ----------
    jobs : sequence of (JobState, Waiting)
    """
    if not jobs:
        show("There is no Job of a campaign.")
        return
    table = Table("job", "shards", "done", "failed", "pods", "waiting", "state", box=None, padding=(0, 1, 0, 0))
    table.columns[0].overflow, table.columns[0].min_width = "fold", 24
    for state, waiting in jobs:
        numbers = (state.completions, len(state.ended), len(state.failed), state.active, waiting.pods)
        table.add_row(state.name, *map(str, numbers), state.word)
    Console().print(table, highlight=False)
    for state, waiting in jobs:
        for reason, number in waiting.reasons:
            show(Text.assemble((state.name, "yellow"), f": {number} can't start. {reason}"))


def show_products(store: ObjectStore, entries: Sequence[Entry]) -> None:
    """Print every product on a line of its own: observation, stage, size in bytes and place."""
    for entry in entries:
        manifest = entry.manifest
        for record in manifest.outputs:
            key = output_key(entry.key, manifest, record)
            within = "" if object_key(key) == key else f" ({record.name} in it, from byte {record.start})"
            place = f"{store.url(object_key(key))}{within}"
            print(f"{manifest.obsid or manifest.source or '-':<18} {manifest.stage:<12} {record.size:>10} {place}")


def show_releases(releases: Sequence[Release], current: str, *, sources: bool) -> None:
    """Print a line for each release, the newest last, and which one is current."""
    table = Table("release", "time (UTC)", "sources", "observations", "merged", "", box=None, padding=(0, 1, 0, 0))
    for one in releases:
        mark = Text("current", "green") if one.name == current else ""
        numbers = (str(len(one.sources)), str(one.observations), in_bytes(one.size))
        table.add_row(one.name, f"{one.created:%Y-%m-%d %H:%M}", *numbers, mark)
    show(table)
    for one in releases if sources else ():
        for source in one.sources:
            show(f"{one.name} {source.slug}: {source.name}, {counted(source.observations)}")


def show_pruning(pruning: Pruning, *, applied: bool) -> None:
    """Print how much of which kind goes, and how much stays."""
    table = Table("what", "objects", "size")
    kinds = {kind: counts for kind, counts in pruning.by_kind().items() if counts[0]}
    for kind, (number, size) in kinds.items():
        table.add_row(kind.value, str(number), in_bytes(size))
    table.add_row("stays", str(pruning.objects), in_bytes(pruning.size), style="dim")
    show(table)
    hint = " --apply removes them." if pruning.doomed and not applied else ""
    show(said(pruning, applied=applied) + hint)


def _exposure(numbers: Mapping[str, Any], unit: str) -> str:
    value = numbers.get("exposure")
    return "" if value is None else f"{value:.0f} {unit}"


def _rate(numbers: Mapping[str, Any], unit: str) -> str:
    value = numbers.get("rate")
    return "" if value is None else " ± ".join(measured(value, numbers.get("error", nan))) + f" {unit}"


def _why(end: StageResult) -> str:
    """Say in a word or two why a chain of stages has no band to show."""
    match end.outcome:
        case Outcome.NO_WORK:
            return f"{end.stage}: {end.caveats[-1].code.replace('_', ' ') if end.caveats else 'no work'}"
        case Outcome.FAILED:
            return end.stage
    counts = end.summary.get(VALIDATION, {})
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    return f"standard products: {told}" if told else ""


def _word(outcome: Outcome) -> str:
    return outcome.value.replace("_", " ")


def show(what: object) -> None:
    """Print something, a line of any length as one line."""
    Console().print(what, soft_wrap=True, highlight=False)

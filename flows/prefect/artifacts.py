"""What Prefect's pages show of a campaign that has ended: outcomes by reason, links to products, the figure."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flows.core.export import UNLISTED
from flows.core.result import CampaignResult
from flows.core.results import Results
from flows.core.summary import advice, summary_line, unmerged_line
from rossi.errors import RossiError
from rossi.facts import some_of
from rossi.product import Kind
from services.contract import Manifest, Outcome, OutputRecord
from services.contract.reasons import one_line
from services.execution.survey import Standing
from services.storage import ObjectStore
from services.storage.publication import output_key, read_manifest

#: Set where the products of one store can be looked at with a browser: ``<its URL> <address>``.
BROWSE = "ROSSI_BROWSE"
#: Rows of the table of outcomes, those of them that the summary shows, and ObsIDs in each.
_ROWS, _FEW, _EXAMPLES = 200, 12, 8
#: Rows of the table of sources; all of them are on the front page.
_SOURCES = 500
#: Without an address for products, pictures up to this size go into the page as they are [bytes].
_PICTURE = 600_000
#: What Markdown takes for more than text, as in ``FS52_*, FS58_*``; underscores but those within words.
_MARKS = re.compile(r"([\\`*~|\[\]]|(?<![^\W_])_|_(?![^\W_]))")


def reason_rows(results: Results) -> list[dict[str, Any]]:
    """Rows of the table of outcomes by reason."""
    rows = []
    for group in results.groups[:_ROWS]:
        obsids = group.obsids
        rows.append(
            {
                "outcome": group.outcome.value.replace("_", " "),
                "observations": len(obsids),
                "stage": group.stage,
                "code": group.code,
                "reason": in_markdown(group.text),
                "which": in_markdown(some_of(obsids, _EXAMPLES)),
                "what to do": advice(group.kind) if group.kind else "",
            }
        )
    return rows


def source_rows(result: CampaignResult, store: ObjectStore, url: str) -> list[dict[str, Any]]:
    """Rows of the table of sources: those that could not be merged first."""
    ranked = sorted(result.merges, key=lambda one: (bool(one.merge.manifest), one.merge.reused))
    return [
        {
            "source": in_markdown(one.name),
            "observations": len(one.obsids),
            "failed": sum(result.results.outcome(obsid) is Outcome.FAILED for obsid in one.obsids),
            "merge": "as before" if one.merge.reused else one.merge.outcome.value,
            "report": _report(one.merge.manifest, store, url),
            "why": in_markdown(one.merge.message),
        }
        for one in ranked[:_SOURCES]
    ]


def _report(key: str, store: ObjectStore, url: str) -> str:
    if not key:
        return ""
    manifest = read_manifest(store, key)
    record = next(record for record in manifest.outputs if record.output == "report")
    return _link(record.name, output_key(key, manifest, record), store, url)


def change_rows(standings: Sequence[Standing], chosen: Sequence[Standing]) -> list[dict[str, Any]]:
    """Rows of the table of what has changed, and what is reduced because of it."""
    todo = {standing.obsid for standing in chosen}
    groups: dict[str, list[str]] = {}
    for standing in standings:
        groups.setdefault(", ".join(standing.changes) or "nothing changed", []).append(standing.obsid)
    return [
        {
            "why": why,
            "observations": len(those),
            "to be reduced": sum(obsid in todo for obsid in those),
            "which": in_markdown(", ".join(those[:_EXAMPLES]) + (" ..." if len(those) > _EXAMPLES else "")),
        }
        for why, those in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def in_markdown(text: str) -> str:
    """Return somebody else's text so that Markdown takes it for nothing but text: no HTML, links, cells, code, italics.

    Prefect's pages take cells of tables for Markdown, too.
    """
    return _MARKS.sub(r"\\\1", html.escape(one_line(text), quote=False))


def summary_page(result: CampaignResult, store: ObjectStore, url: str) -> str:
    """Markdown: how it ended, and where the products are."""
    lines = [in_markdown(summary_line(result)), "", *_outcomes(result)]
    if wrong := unmerged_line(result):
        lines += [f"**{in_markdown(wrong)}**", ""]
    if not result.top.manifest:
        return "\n".join(lines)
    manifest = read_manifest(store, result.top.manifest)
    groups: dict[str, list[str]] = {}
    for record in (record for record in manifest.outputs if record.output not in UNLISTED):
        key = output_key(result.top.manifest, manifest, record)
        groups.setdefault(record.output, []).append(f"- {_link(record.name, key, store, url)} ({_size(record.size)})")
    for output in sorted(groups, key=lambda name: name not in {"report", "page"}):
        lines += [f"### {output.replace('_', ' ')}", *groups.get(output, []), ""]
    lines.append(f"All products lie in `{url}`; `rossi products --store {url}` lists them.")
    return "\n".join([*lines, "", *_caveats(manifest)])


def _outcomes(result: CampaignResult) -> list[str]:
    """Return the table of outcomes as a list: Prefect's pages do not wrap the cells of a table."""
    rows = reason_rows(result.results)
    lines = []
    for row in rows[:_FEW]:
        where = f" in {row['stage']}" if row["stage"] else ""
        why = f"{row['reason']} ({row['which']})" if row["reason"] else row["which"]
        to_do = f". To do: {row['what to do']}" if row["what to do"] else ""
        lines.append(f"- **{row['observations']} {row['outcome']}**{where}: {why}{to_do}")
    more = [f"- {len(rows) - _FEW} more reasons are in `outcomes`"] * (len(rows) > _FEW)
    return [*lines, *more, ""]


def figure_url(result: CampaignResult, store: ObjectStore, url: str) -> str:
    """Where a browser finds the picture of all light curves, or the picture itself; empty if there is none."""
    if not result.top.manifest:
        return ""
    manifest = read_manifest(store, result.top.manifest)
    pictures = [
        record for record in manifest.outputs if record.about.kind is Kind.FIGURE and record.name.endswith(".png")
    ]
    if not pictures:
        return ""
    chosen = next((record for record in pictures if not record.about.label), pictures[0])  # that of all bands
    key = output_key(result.top.manifest, manifest, chosen)
    return browse_url(url, key) or _inline(store, key, chosen)


def browse_url(store: str, key: str) -> str | None:
    """The address at which a browser finds an object, if there is one."""
    served, _, address = os.environ.get(BROWSE, "").rpartition(" ")
    return f"{address}/{quote(key)}" if address and served == store else None


def _inline(store: ObjectStore, key: str, record: OutputRecord) -> str:
    if record.size > _PICTURE:
        return ""
    try:
        return "data:image/png;base64," + base64.b64encode(store.get(key)).decode()
    except RossiError:
        return ""


def _link(name: str, key: str, store: ObjectStore, url: str) -> str:
    address = browse_url(url, key)
    return f"[{name}]({address})" if address else f"[{name}]({store.url(key)}) `{store.url(key)}`"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _caveats(manifest: Manifest) -> list[str]:
    return (
        ["### caveats", *(f"- {in_markdown(caveat.message)}" for caveat in manifest.caveats)]
        if manifest.caveats
        else []
    )

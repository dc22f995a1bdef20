"""What `rossi validate` prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from astropy.table import Row
from rich.table import Table
from rich.text import Text

from flows.cli.display import show
from flows.core.validation import Validated
from rossi.archive import parse_standard_product
from rossi.facts import counted
from rossi.validate.table import joined
from rossi.validate.verdict import MOST_OF_SUM, Verdict

_STYLES = {Verdict.SAME: "green", Verdict.WITHIN: "green", Verdict.DIFFERS: "bold red", Verdict.NOT_COMPARED: "yellow"}


def show_validated(found: Sequence[Validated]) -> None:
    """Print a line a product, what is known of differences, and what all observations say together."""
    for one in found:
        _show_one(one)
    rows = joined(one.table for one in found)
    lines = rows[rows["what"] != "column"]
    counts = [f"{number} {verdict}" for verdict in Verdict if (number := int(np.sum(lines["verdict"] == verdict)))]
    show(f"{counted(len(found))}, {counted(len(lines), 'comparison')}: {', '.join(counts) or 'none'}.")
    if len(found) > 1:
        _show_together(found)


def _show_one(one: Validated) -> None:
    table = _table(one.obsid, ("product", "verdict"), ("rows", "more", "ratio", "pull", "rms", "at most"))
    told = []
    for row in one.table:
        if row["what"] == "column":
            continue
        verdict = Verdict(row["verdict"])
        name = str(row["column"] or row["product"].partition("_")[2] or row["product"].rpartition(".")[2])
        more = [f"{who} {row[f'only_{who}']}" for who in ("archive", "rossi") if row[f"only_{who}"]]
        cells = (row["compared"] or "", ", ".join(more))
        table.add_row(name, Text(verdict, _STYLES[verdict]), *map(str, cells), *_numbers(row))
        if row["reasons"] and (
            verdict in (Verdict.DIFFERS, Verdict.NOT_COMPARED) or not row["product"].startswith("x")
        ):
            told.append(Text.assemble((name, _STYLES[verdict]), f" {row['reasons']}"))
    if table.row_count:
        show(table)
    for text in told:
        show(text)
    for problem in one.problems:
        show(Text.assemble((one.obsid, "yellow"), f" {problem}"))


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, no_wrap=True, justify="right")
    return table


def _numbers(row: Row) -> tuple[str, str, str, str]:
    ratio = f"{row['ratio']:.5f}" if np.isfinite(row["ratio"]) else ""
    unit = f"{row['largest']:.2g} {row['unit']}".strip()
    if row["what"] in ("light curve", "spectrum", "number") and row["compared"]:
        return ratio, f"{row['significance']:+.2f}", f"{row['pull_rms']:.2f}", unit
    return ratio, "", "", unit if row["compared"] or row["what"] == "good time" else ""


def _show_together(found: Sequence[Validated]) -> None:
    """Print what many observations say together: small differences of one sign add up."""
    of_kind: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in found:
        for row in one.table:
            kind = parse_standard_product(row["product"])
            if kind is not None and row["compared"] and row["verdict"] != Verdict.NOT_COMPARED:
                of_kind[row["product"].partition("_")[2]].append((row["significance"], row["ratio"]))
    table = _table("All observations together", ("product",), ("observations", "mean ratio", "pull of all"))
    for name, values in sorted(of_kind.items()):
        pulls, ratios = np.array(values).T
        whole = float(pulls.sum() / np.sqrt(len(pulls)))
        style = "red" if abs(whole) > MOST_OF_SUM else ""
        table.add_row(name, str(len(pulls)), f"{np.nanmean(ratios):.5f}", Text(f"{whole:+.2f}", style))
    if table.row_count:
        show(table)

"""What `rossi compare` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from flows.cli.display import show
from flows.core.compare import Comparison
from flows.core.known_deviations import DOCUMENT, Deviation
from rossi.compare import ColumnDifference


def show_comparisons(comparisons: Sequence[Comparison], labels: tuple[str, str], tolerance: float = 0.0) -> None:
    """Print the columns of each product that differ by more than a part of themselves, and how many are equal."""
    table = Table(caption=f"first: {labels[0]}, second: {labels[1]}", caption_justify="left")
    table.add_column("observation", overflow="fold", no_wrap=len(comparisons[0].name) < 20 if comparisons else True)
    for name in ("product", "extension", "column", "differing", "at most", "relative"):
        table.add_column(name, overflow="fold")
    for one in comparisons:
        for product in one.products:
            for column in product.columns:
                if not (column.identical or _is_small(column, tolerance)):
                    table.add_row(one.name, _short(product.name, one.name), column.hdu, *_cells(column))
    if table.row_count:
        show(table)
    for one in comparisons:
        _show_words(one)
    for one in comparisons:
        if one.products:
            show(f"{one.name}: {_counts([one], tolerance)}")
    _show_known(comparisons)
    if len(comparisons) > 1:
        show(f"{len(comparisons)} compared: {_counts(comparisons, tolerance)}")


def _is_small(column: ColumnDifference, tolerance: float) -> bool:
    return column.compared > 0 and not column.nulls and column.max_rel <= tolerance


def _cells(column: ColumnDifference) -> tuple[str, str, str, str]:
    if not column.compared:
        return column.name, "", column.note, ""
    share = f"{column.differing} of {column.compared}"
    return column.name, share, f"{column.max_abs:.3g} {column.unit}", f"{column.max_rel:.2g}"


def _show_words(one: Comparison) -> None:
    """Print what no table can tell of one observation."""
    remarks = [f"{_short(p.name, one.name)}: {remark}" for p in one.products for remark in p.remarks]
    for remark in (*one.remarks, *remarks):
        show(Text.assemble((one.name, "yellow"), f" {remark}"))
    for note in one.notes:
        show(f"{one.name} {note}")
    keywords = dict.fromkeys(keyword.keyword for product in one.products for keyword in product.keywords)
    if keywords:
        show(f"{one.name}: other values of {', '.join(keywords)}")


def _show_known(comparisons: Sequence[Comparison]) -> None:
    """Print what explains differences, each deviation once, with the products that it concerns."""
    found: dict[Deviation, list[str]] = {}
    for one in comparisons:
        for known in one.known:
            found.setdefault(known.deviation, []).extend(_short(name, one.name) for name in known.products)
    for deviation, products in found.items():
        names = Counter(products)
        told = ", ".join(f"{name} ({number} times)" if number > 1 else name for name, number in names.items())
        show(f"Known ({deviation.name}): {deviation.says}. It concerns {told}. See '{DOCUMENT}' in the documentation.")


def _counts(comparisons: Sequence[Comparison], tolerance: float) -> str:
    products = [(one.name, product) for one in comparisons for product in one.products]
    known = {(one.name, name) for one in comparisons for known in one.known for name in known.products}
    equal = sum(product.same_numbers for _, product in products)
    others = [(name, p.name) for name, p in products if not p.same_numbers and p.max_rel > tolerance]
    parts = [f"{equal} of {len(products)} products have the same numbers"]
    small = len(products) - equal - len(others)
    if tolerance:
        parts.append(f"{small} within {tolerance:g}")
    elif small:
        parts.append(f"{small} but for rounding of angles and times")
    if expected := sum(place in known for place in others):
        parts.append(f"{expected} with known deviations")
    if unknown := len(others) - expected:
        parts.append(f"{unknown} with other differences")
    return ", ".join(parts) + "."


def _short(product: str, observation: str) -> str:
    """Return a product's name without the stage, and the ObsID in it."""
    return product.rpartition("/")[2].removeprefix(f"{observation}_")

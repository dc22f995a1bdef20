"""Differences between the engines that are meant, by the names that they have in docs/deviations.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rossi.compare import ProductDifference

#: Where deviations are explained.
DOCUMENT = "docs/deviations.md"
#: Split event lists, by the cluster in the names of their products.
_EVENT_LISTS = {"pwa": "hexte_back/FS50_", "pwb": "hexte_back/FS56_"}
#: Sums in single precision, as HEASoft makes them, differ by less than this part of themselves.
_SINGLE = 1e-6


@dataclass(frozen=True, slots=True)
class Deviation:
    """A row of `DOCUMENT`.

    Parameters
    ----------
    name : str
        Its first cell.
    says : str
        What it does to products, in a few words.
    """

    name: str
    says: str


EVENT_LISTS = Deviation(
    "event lists of HEXTE in campaigns",
    "native counts whole 16-s frames, the tasks also the parts of frames in which good time begins and ends",
)
NET_CURVES = Deviation(
    "net light curves of campaigns",
    "native puts source and background on one grid, rebinlc begins each at its own first row",
)
DEAD_COLUMN = Deviation("light curves of HEXTE in campaigns", "the tasks add the column DEADC")
SUMS = Deviation("`sumpha`, `mathpha`", "the tasks add in single precision")


@dataclass(frozen=True, slots=True)
class Explained:
    """The products that a deviation makes differ; something else may do so as well."""

    deviation: Deviation
    products: tuple[str, ...]


def explain(products: Iterable[ProductDifference], compared: Sequence[str]) -> tuple[Explained, ...]:
    """Return the known deviations of the heasoft engine from the native one that concern some products.

    Parameters
    ----------
    products : iterable of ProductDifference
    compared : sequence of str
        The names of all products of the observation: they tell what was made from event lists.
    """
    clusters = [name for name, start in _EVENT_LISTS.items() if any(key.startswith(start) for key in compared)]
    found: dict[Deviation, list[str]] = {}
    for product in products:
        if product.name.startswith("hexte_dead/") and not product.same_numbers:
            for deviation in _deviations(product, clusters):
                found.setdefault(deviation, []).append(product.name)
    return tuple(Explained(deviation, tuple(names)) for deviation, names in found.items())


def _deviations(product: ProductDifference, clusters: Iterable[str]) -> list[Deviation]:
    largest = max((column.max_rel for column in product.columns), default=0.0)
    is_small = largest < _SINGLE and not product.remarks
    applies = {
        EVENT_LISTS: any(f"_{cluster}_" in product.name for cluster in clusters) and not is_small,
        NET_CURVES: re.search(r"_ch\d+-\d+\.lc$", product.name) is not None,
        DEAD_COLUMN: any(column.name == "DEADC" and column.note for column in product.columns),
        SUMS: product.name.endswith(".pha") and is_small,
    }
    return [deviation for deviation, is_so in applies.items() if is_so]

"""Differences between the engines that are meant, by the names that they have in the documentation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rossi.compare import ProductDifference
from rossi.product import About, Content, Kind

#: The page of the documentation on which deviations are explained.
DOCUMENT = "Where rossi differs from HEASoft 6.20"
#: What a stage extracts.
_EXTRACTED = (Kind.LIGHT_CURVE, Kind.SPECTRUM)
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


def explain(products: Iterable[ProductDifference], abouts: Mapping[str, About]) -> tuple[Explained, ...]:
    """Return the known deviations of the heasoft engine from the native one that concern some products.

    Parameters
    ----------
    products : iterable of ProductDifference
    abouts : mapping of str to About
        What all products of the observation are, by name: also which were made from event lists.
    """
    clusters = {about.cluster for about in abouts.values() if about.kind is Kind.EVENTS}
    found: dict[Deviation, list[str]] = {}
    for product in products:
        about = abouts.get(product.name, About())
        if about.instrument == "HEXTE" and about.kind in _EXTRACTED and not product.same_numbers:
            for deviation in _deviations(product, about, clusters):
                found.setdefault(deviation, []).append(product.name)
    return tuple(Explained(deviation, tuple(names)) for deviation, names in found.items())


def _deviations(product: ProductDifference, about: About, clusters: Collection[str]) -> list[Deviation]:
    largest = max((column.max_rel for column in product.columns), default=0.0)
    is_small = largest < _SINGLE and not product.remarks
    applies = {
        EVENT_LISTS: about.cluster in clusters and not is_small,
        NET_CURVES: about.kind is Kind.LIGHT_CURVE and about.content is Content.NET,
        DEAD_COLUMN: any(column.name == "DEADC" and column.note for column in product.columns),
        SUMS: about.kind is Kind.SPECTRUM and is_small,
    }
    return [deviation for deviation, is_so in applies.items() if is_so]

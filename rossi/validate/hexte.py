"""HEXTE's standard products, made again from what rossi split by position, and compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rossi import gti as intervals
from rossi.errors import DataError, NoGoodTime
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.hexte.observation import Wanted, reduce_observation
from rossi.hexte.parts import Part
from rossi.hexte.products import ClusterProducts, Products
from rossi.hexte.reduction import DetectorBand
from rossi.hexte.rocking import Position
from rossi.hexte.science import FRAME, Cluster
from rossi.product import Content
from rossi.spectra.pha import read_pha
from rossi.validate.standard import StandardProduct
from rossi.validate.verdict import Comparison, Samples, compare, not_compared

#: By the numbers in names of products.
CLUSTERS = (Cluster.A, Cluster.B)
_ALL = (0, 255)


@dataclass(frozen=True, slots=True)
class HexteData:
    """What rossi has of an observation.

    Parameters
    ----------
    parts : sequence of Part
        Rows of each position.
    rocking : sequence of FitsFile
        16-s housekeeping.
    coefficients : mapping of Cluster to Table
        Of dead time.
    """

    parts: Sequence[Part]
    rocking: Sequence[FitsFile]
    coefficients: Mapping[Cluster, Table]


def compare_hexte(products: Sequence[StandardProduct], own: HexteData) -> list[Comparison]:
    """Make standard products again, in their own good time, and compare.

    Products of one bin size are made together, each in the good time of all of them.

    Parameters
    ----------
    products : sequence of StandardProduct
        Of HEXTE.
    own : HexteData
    """
    widths: dict[float, list[StandardProduct]] = defaultdict(list)
    for one in products:
        widths[one.timedel or FRAME].append(one)
    found: dict[str, Comparison] = {}
    for width, some in widths.items():
        made = _made(some, width, own)
        found |= {one.name: _compared(one, made, width) for one in some}
    return [found[one.name] for one in products]


def _made(products: Sequence[StandardProduct], width: float, own: HexteData) -> Products | str:
    """Return what rossi makes; or why it can't."""
    bands = {_band(one): DetectorBand(*(one.channels or _ALL)) for one in products}
    good = intervals.union(*(one.gti for one in products))
    wanted = Wanted(bands, interpolated=width <= FRAME, binsz=min(width, FRAME))
    try:
        return reduce_observation(own.parts, good, own.rocking, own.coefficients, wanted)
    except (DataError, NoGoodTime) as error:
        return str(error)


def _band(product: StandardProduct) -> str:
    return "{}-{}".format(*(product.channels or _ALL))


def _compared(product: StandardProduct, made: Products | str, width: float) -> Comparison:
    what = "spectrum" if product.kind.is_spectrum else "light curve"
    try:
        own = _own(product, made)
    except (DataError, NoGoodTime) as error:
        return not_compared(product.name, what, str(error))
    return compare(product.name, what, product.samples, own, "count/s", 0.0 if product.kind.is_spectrum else width)


def _own(product: StandardProduct, made: Products | str) -> Samples:
    if isinstance(made, str):
        raise NoGoodTime(made)
    if not product.is_live:
        raise DataError(f"{product.name}: DEADAPP is not T, and rossi makes no HEXTE rates with the dead time in.")
    name = CLUSTERS[product.kind.number]
    cluster = made.clusters.get(name)
    if cluster is None:
        raise NoGoodTime(f"rossi has nothing of cluster {name.name}.")
    return _spectrum(product, cluster) if product.kind.is_spectrum else _light_curve(product, cluster)


def _spectrum(product: StandardProduct, cluster: ClusterProducts) -> Samples:
    position = Position.SOURCE if product.content is Content.TOTAL else Position.BACKGROUND
    if position not in cluster.spectra:
        raise NoGoodTime("rossi makes no such spectrum of this observation.")
    spectrum = read_pha(cluster.spectra[position])
    spectrum.require_exposure()
    return Samples(spectrum.channel.astype(float), spectrum.rate, spectrum.rate_error, spectrum.exposure)


def _light_curve(product: StandardProduct, cluster: ClusterProducts) -> Samples:
    if product.channels is None:
        raise DataError(f"{product.name}: the header does not tell the channels (CHMIN, CHMAX for filtering).")
    curves = cluster.curves[_band(product)]
    of = {Content.TOTAL: curves.source, Content.BACKGROUND: curves.background, Content.NET: curves.net}
    curve = of[product.content]
    if curve is None:
        raise NoGoodTime("rossi makes no such light curve of this observation.")
    return Samples(curve.time, curve.rate, curve.error, float(curve.exposure.sum()))

"""The PCA's standard products, made again from what rossi prepared, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rossi.arrays import Floats
from rossi.errors import DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.pca.lightcurve import ROW, DeadTime, PcaLightCurve, Request, light_curves
from rossi.pca.spectrum import SpectrumRequest, pca_spectrum
from rossi.pca.standard1_lightcurve import Standard1Request, standard1_light_curve
from rossi.product import Content
from rossi.validate.standard import StandardProduct
from rossi.validate.verdict import Comparison, Samples, compare, not_compared

#: Standard modes by the numbers in names of products.
_STANDARD1 = 1
#: Part of a bin in which all its PCUs have to be on, so that it is whole.
_WHOLE = 0.999
#: Part by which an exposure may be longer than the good time, and still be seconds.
_SECONDS = 1.01


@dataclass(frozen=True, slots=True)
class PcaData:
    """What rossi has of an observation.

    Parameters
    ----------
    data, background : sequence of ScienceArray
        Prepared Standard2 files, and their model background; none where none was estimated.
    standard1 : sequence of ScienceArray
        Prepared Standard1 files.
    """

    data: Sequence[ScienceArray]
    background: Sequence[ScienceArray] = ()
    standard1: Sequence[ScienceArray] = ()


def compare_pca(product: StandardProduct, own: PcaData) -> Comparison:
    """Make a standard product again, in its own good time, and compare.

    Parameters
    ----------
    product : StandardProduct
        Of the PCA.
    own : PcaData
    """
    what = "spectrum" if product.kind.is_spectrum else "light curve"
    try:
        made = _made(product, own)
    except (DataError, NoGoodTime) as error:
        return not_compared(product.name, what, str(error))
    return compare(product.name, what, _per_second(product), made, "count/s", product.timedel)


def _made(product: StandardProduct, own: PcaData) -> Samples:
    if not product.columns:
        raise DataError(f"{product.name}: ROWID1 is missing, so it is not known which PCUs and layers it is of.")
    if product.content is not Content.TOTAL and not own.background:
        raise DataError("No background was estimated to compare it with.")
    return _spectrum(product, own) if product.kind.is_spectrum else _light_curve(product, own)


def _per_second(product: StandardProduct) -> Samples:
    """Return a spectrum per second of one PCU: EXPOSURE of the archive's are seconds, whatever PCUs were added up."""
    samples = product.samples
    if not product.kind.is_spectrum or samples.exposure > _SECONDS * float(np.diff(product.gti).sum()):
        return samples
    number = len(product.pcus)
    return replace(samples, value=samples.value / number, error=samples.error / number)


def _light_curve(product: StandardProduct, own: PcaData) -> Samples:
    time = TimeSelection(common=(product.gti,))
    if product.kind.number == _STANDARD1:
        curves = _standard1(product, own, time)
    else:
        if product.timedel % ROW:
            raise DataError(f"{product.name}: its bins of {product.timedel:g} s are not of whole rows of {ROW:g} s.")
        curves = _standard2(product, own, time)
    curve, on = curves
    assert on.exposure is not None  # it was asked for
    number = len(product.pcus)
    whole = on.exposure >= _WHOLE * number * product.timedel * curve.curve.fracexp
    whole &= np.isfinite(curve.curve.value)
    value, error = (number * product.scale * one[whole] for one in (curve.curve.value, curve.curve.error))
    exposure = product.timedel * float(curve.curve.fracexp[whole].sum())
    return Samples(curve.curve.time[whole], value, error, exposure, curve.curve.time[~whole])


def _standard2(product: StandardProduct, own: PcaData, time: TimeSelection) -> tuple[PcaLightCurve, PcaLightCurve]:
    first, last = product.channels or (None, None)
    channels = ChannelSelection(chmin=first, chmax=last)
    on = Request(product.pcus, product.anodes, channels, product.timedel, dead_time=DeadTime.ON)
    asked = replace(on, dead_time=DeadTime.LIVE) if product.is_live else on
    data = own.background if product.content is Content.BACKGROUND else own.data
    made = light_curves(data, own.background if product.content is Content.NET else None, time, [asked, on])
    return made[0], made[1]


def _standard1(product: StandardProduct, own: PcaData, time: TimeSelection) -> tuple[PcaLightCurve, PcaLightCurve]:
    if product.content is Content.BACKGROUND or not own.standard1:
        raise DataError(f"{product.name}: there are no Standard1 data to compare it with.")
    on = Standard1Request(product.pcus, binsz=product.timedel, dead_time=DeadTime.ON)
    asked = replace(on, dead_time=DeadTime.LIVE) if product.is_live else on
    background = own.background if product.content is Content.NET else None
    made = [standard1_light_curve(own.standard1, background, time, one) for one in (asked, on)]
    return made[0], made[1]


def _spectrum(product: StandardProduct, own: PcaData) -> Samples:
    dead_time = DeadTime.LIVE if product.is_live else DeadTime.ON
    asked = SpectrumRequest(product.pcus, product.anodes, dead_time=dead_time)
    files = own.background if product.content is Content.BACKGROUND else own.data
    made, _ = pca_spectrum(files, None, TimeSelection(common=(product.gti,)), asked)
    if not made.exposure:
        raise NoGoodTime("Its PCUs were off, or their rows bad, throughout its good time.")
    rate: Floats = made.spectrum.value / made.exposure
    error = np.sqrt(np.abs(made.spectrum.value)) / made.exposure
    return Samples(np.arange(len(rate), dtype=float), rate, error, made.exposure / len(product.pcus))

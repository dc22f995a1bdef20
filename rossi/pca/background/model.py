"""The background model file: images of spectra over parameters, one HDU for one component of one spectrum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rossi.calibration import Validity
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.image import Image, read_images


class ModelType(StrEnum):
    """Which components: the particle-induced ones, the diffuse sky, or both (BGSRC)."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter axis of a component.

    Parameters
    ----------
    parameter : str
        CTYPE: a column of the data or of the filter file, or a quantity that is worked out.
    n_bin : int
    start, step : float
        CRVAL and CDELT: lower edge and width of the bins, where there are no midpoints.
    per_second : bool
        Whether CUNIT asks for a rate; counts of a row are divided by its length.
    low, high : float
        CLOCT and CHICT: outside, and on them, the component is 0.
    special : float
        CSVAL: the lifetime of a decay [s].
    per_live_time : bool
        CDEDT: the parameter is divided by the live fraction.
    midpoints : tuple of float
        jCMID; empty if the axis is not interpolated.
    """

    parameter: str
    n_bin: int
    start: float
    step: float
    per_second: bool = False
    low: float = -np.inf
    high: float = np.inf
    special: float = 0.0
    per_live_time: bool = False
    midpoints: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """Drift of the gain: the spectrum moves by (MJD - zero) * slope.

    Parameters
    ----------
    slope : float [1 / d]
    zero : float [MJD]
    """

    slope: float
    zero: float


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One additive component of one spectrum.

    Parameters
    ----------
    hdu : int
        Its HDU; 0 is the primary one.
    spectrum : str
        BTYPE: the Standard2 column that it is a part of.
    pcu : int or None
        From DETNAM.
    source : str
        BGSRC in lower case, empty where absent.
    axes : tuple of Axis
        The first varies fastest.
    cells : ndarray (n_cell, n_channel) of float32 [count / s]
    validity : Validity
    drift : Drift or None
    where : str
        File and HDU, for messages.
    """

    hdu: int
    spectrum: str
    pcu: int | None
    source: str
    axes: tuple[Axis, ...]
    cells: NDArray[np.float32]
    validity: Validity
    drift: Drift | None
    where: str


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundModel:
    """A background model file.

    Parameters
    ----------
    name : str
    components : tuple of Component
        In file order.
    chosen : bool
        Whether somebody chose these HDUs, so that their validity is not asked.
    """

    name: str
    components: tuple[Component, ...]
    chosen: bool = False

    def only(self, hdus: Collection[int]) -> BackgroundModel:
        """Return the model of the named HDUs (0 is the primary one), whatever their validity says.

        Parameters
        ----------
        hdus : collection of int

        Raises
        ------
        DataError
            If one of them holds no component.
        """
        wanted = set(hdus)
        chosen = tuple(c for c in self.components if c.hdu in wanted)
        missing = sorted(wanted - {c.hdu for c in chosen})
        if missing:
            raise DataError(f"{self.name}: HDU {missing[0]} holds no background model (an image with BTYPE).")
        return replace(self, components=chosen, chosen=True)

    def valid(self, mjd: float) -> tuple[Component, ...]:
        """Return the components for a time.

        Parameters
        ----------
        mjd : float [MJD]

        Raises
        ------
        DataError
            If there is none.
        """
        found = self.components if self.chosen else tuple(c for c in self.components if mjd in c.validity)
        if not found:
            raise DataError(
                f"{self.name}: no background model is valid at MJD {mjd:.5f}; give a model file of that time."
            )
        return found


@lru_cache(maxsize=4)
def read_model(data: bytes, name: str) -> BackgroundModel:
    """Read a background model file; the same bytes are read once a process.

    Images without BTYPE are left out.

    Parameters
    ----------
    data : bytes
        The file's content, plain or gzip-compressed.
    name : str

    Raises
    ------
    DataError
        If it is no FITS file, or a header does not describe its image.
    """
    components = tuple(_component(image) for image in read_images(data, name) if "BTYPE" in image.header)
    if not components:
        raise DataError(f"{name}: no HDU holds a background model (an image with BTYPE); give a .mdl file.")
    return BackgroundModel(name, components)


def _component(image: Image) -> Component:
    header, where = image.header, image.where
    n_axis = image.values.ndim
    if _text(header, "CTYPE1").lower() != "channel":
        raise DataError(f"{where}: CTYPE1 is {_text(header, 'CTYPE1')!r}; a background model has 'Channel' there.")
    has_error = n_axis > 1 and _text(header, "CTYPE2").lower() == "data/error"
    values = image.values[..., 0, :] if has_error else image.values
    axes = tuple(_axis(header, number, where) for number in range(3 if has_error else 2, n_axis + 1))
    detector = _text(header, "DETNAM")
    return Component(
        image.number,
        _text(header, "BTYPE"),
        int(detector[3]) if detector[3:4].isdigit() else None,
        _text(header, "BGSRC").lower(),
        axes,
        values.reshape(-1, values.shape[-1]),
        Validity.of(header, where),
        _drift(header, where),
        where,
    )


def _axis(header: Header, number: int, where: str) -> Axis:
    parameter = _text(header, f"CTYPE{number}")
    if not parameter:
        raise DataError(f"{where}: CTYPE{number} is missing; it names the parameter of this axis.")
    n_bin = int(header.number(f"NAXIS{number}", where))
    midpoints: Sequence[float] = ()
    if f"1CMID{number}" in header:
        midpoints = [header.number(f"{j}CMID{number}", where) for j in range(1, n_bin + 1)]
    return Axis(
        parameter,
        n_bin,
        header.number(f"CRVAL{number}", where),
        header.number(f"CDELT{number}", where),
        "/s" in _text(header, f"CUNIT{number}"),
        header.number(f"CLOCT{number}", where, -np.inf),
        header.number(f"CHICT{number}", where, np.inf),
        header.number(f"CSVAL{number}", where, 0.0),
        f"CDEDT{number}" in header,
        tuple(midpoints),
    )


def _drift(header: Header, where: str) -> Drift | None:
    slope = header.number("GDFTSLPE", where, 0.0)
    return Drift(slope, header.number("GDFTTZRO", where)) if slope else None


def _text(header: Header, keyword: str) -> str:
    return str(header.get(keyword, "")).strip()

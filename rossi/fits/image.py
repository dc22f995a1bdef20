"""Images: the primary array and IMAGE extensions of a FITS file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DamagedFile
from rossi.fits.header import Header
from rossi.fits.reader import gunzip, iterate_hdus

_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image HDU.

    Parameters
    ----------
    number : int
        Its HDU; 0 is the primary one.
    header : Header
    values : ndarray (NAXISn, ..., NAXIS1) of float32
        BSCALE and BZERO applied.
    where : str
        File and HDU, for messages.
    """

    number: int
    header: Header
    values: NDArray[np.float32]
    where: str


def read_images(data: bytes, name: str) -> tuple[Image, ...]:
    """Return the images of a FITS file held in memory, plain or gzip-compressed; HDUs without pixels are left out.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If it is not FITS, damaged, or cut.
    """
    data = gunzip(data, name)
    if data[:6] != b"SIMPLE":
        raise DamagedFile(f"{name}: not a FITS file (it begins with {data[:8]!r}).")
    images = []
    for number, (header, unit) in enumerate(iterate_hdus(data, name)):
        where = f"{name}[HDU {number}]"
        if number and str(header.get("XTENSION", "")).strip() != "IMAGE":
            continue
        if len(unit):
            images.append(Image(number, header, _pixels(header, unit, where), where))
    return tuple(images)


def _pixels(header: Header, unit: memoryview, where: str) -> NDArray[np.float32]:
    n_axis, bits = header.count("NAXIS", where), int(header.finite("BITPIX", where))
    if bits not in _TYPES:
        raise DamagedFile(f"{where}: BITPIX is {bits}; expected 8, 16, 32, 64, -32 or -64. The file may be damaged.")
    shape = [header.count(f"NAXIS{axis}", where) for axis in range(n_axis, 0, -1)]
    if len(unit) != math.prod(shape) * abs(bits) // 8:
        raise DamagedFile(
            f"{where}: {len(unit)} bytes do not make an image of {shape}; GCOUNT or PCOUNT may be damaged."
        )
    stored: NDArray[Any] = np.frombuffer(unit, _TYPES[bits]).reshape(shape)
    scale, zero = header.number("BSCALE", where, 1.0), header.number("BZERO", where, 0.0)
    return np.asarray(stored * scale + zero, np.float32)

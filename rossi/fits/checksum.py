"""Checking CHECKSUM and DATASUM of every HDU of a FITS file."""

from __future__ import annotations

from collections.abc import Iterator

from rossi.errors import DataError
from rossi.fits.reader import Span, spans
from rossi.fits.sums import ones_complement_sum
from rossi.fits.unzip import beginning, gunzip

#: The sum of a whole HDU with a right CHECKSUM: minus zero in ones' complement.
_RIGHT = 0xFFFFFFFF


def is_fits(data: bytes, name: str) -> bool:
    """Return whether a file, plain or gzip-compressed, is meant to be FITS, by its content or its name.

    Parameters
    ----------
    data : bytes
    name : str
    """
    endings = (".fits", ".lc", ".pha", ".pi", ".rsp", ".rmf", ".arf", ".gti", ".xfl", ".bkg")
    return beginning(data, 6) == b"SIMPLE" or name.removesuffix(".gz").endswith(endings)


def checksum_problems(data: bytes, name: str) -> Iterator[str]:
    """Iterate over what is wrong with the check sums of a FITS file, a sentence each.

    Parameters
    ----------
    data : bytes
        Plain or gzip-compressed.
    name : str
        For the sentences.
    """
    try:
        plain = gunzip(data, name)
        if plain[:6] != b"SIMPLE":
            yield f"{name}: not a FITS file (it begins with {plain[:8]!r})."
            return
        end = 0
        for number, span in enumerate(spans(plain, name)):
            yield from _problems(plain, span, f"{name}[HDU {number}]")
            end = span.stop
    except DataError as error:
        yield str(error)
        return
    if len(plain) != end:
        yield f"{name}: {abs(len(plain) - end)} bytes are {'left over' if len(plain) > end else 'missing'} at the end."


def _problems(data: bytes, span: Span, where: str) -> Iterator[str]:
    missing = [keyword for keyword in ("CHECKSUM", "DATASUM") if not span.header.get(keyword)]
    if missing:
        yield f"{where}: {' and '.join(missing)} missing."
        return
    unit = data[span.data : span.stop].ljust(span.stop - span.data, b"\0")
    in_data = ones_complement_sum(unit)
    if str(span.header["DATASUM"]).strip() != str(in_data):
        yield f"{where}: DATASUM is {span.header['DATASUM']}, but the data add up to {in_data}; they are damaged."
    elif ones_complement_sum(data[span.start : span.data], in_data) != _RIGHT:
        yield f"{where}: CHECKSUM does not fit; the header is damaged."

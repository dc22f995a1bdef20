"""Fine corrections of the spacecraft's clock: tdc.dat of HEASARC's calibration.

A line ``m0 T0 -1 -1`` begins a block that counts days from m0 and has the TIMEZERO T0; other lines ``a b c end`` are
polynomials a + b m + c m^2 [us] of the days m since then, up to m = end; ``-1 -1 -1 -1`` ends the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.met import split_keyword, timezero

#: Instruments give events a time this much too late [s] (RXTE Guest Observer Facility, accuracy of the clock).
DELAY = {"PCA": 16e-6, "HEXTE": 1e-6}
#: TIERABSO above which TIMEZERO itself is not corrected; and below which all corrections have been made [s].
_COARSE, _FINE = 0.5, 5e-5
#: TIERABSO of a file that does not say it [s].
_UNKNOWN = 4.0
#: TIERABSO of corrected times [s].
ACCURACY = 5e-6
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A polynomial [us] in days since `origin`, up to `end`, that belongs to TIMEZERO `zero` [s]."""

    a: float
    b: float
    c: float
    end: float
    origin: float
    zero: float


@dataclass(frozen=True, slots=True)
class FineClock:
    """The corrections of tdc.dat.

    Parameters
    ----------
    name : str
        The file.
    pieces : tuple of Piece
        In the order of the file.
    """

    name: str
    pieces: tuple[Piece, ...]

    def at(self, time: float) -> tuple[float, float]:
        """Return TIMEZERO [s] and the correction [us] at a time.

        Parameters
        ----------
        time : float [s]
            Spacecraft clock, without TIMEZERO.

        Raises
        ------
        DataError
            If the file does not cover it.
        """
        day = time / _DAY
        for piece in self.pieces:
            m = day - piece.origin
            if m < piece.end:
                if m < 0 and piece is self.pieces[0]:
                    break
                return piece.zero, piece.a + piece.b * m + piece.c * m * m
        first, last = self.pieces[0].origin, self.pieces[-1].origin + self.pieces[-1].end
        raise DataError(
            f"{self.name}: it has clock corrections for mission days {first:.1f} to {last:.1f}; day {day:.2f} is "
            "asked for. Get a newer tdc.dat, or leave it out (accuracy 100 us then)."
        )


def read_clock(text: str, name: str) -> FineClock:
    """Read tdc.dat.

    Parameters
    ----------
    text : str
        What the file holds.
    name : str
        Of the file, for messages.

    Raises
    ------
    DataError
        If it is none.
    """
    pieces: list[Piece] = []
    origin = zero = None
    for number, line in enumerate(text.splitlines(), 1):
        try:
            a, b, c, end = (float(word) for word in line.split("#")[0].split()[:4])
        except ValueError:
            if line.split("#")[0].strip():
                raise DataError(f"{name}: line {number} is {line[:80]!r}; four numbers were expected.") from None
            continue
        if end < 0 and a < 0:
            break
        if end < 0:
            origin, zero = a, b
        elif origin is None or zero is None:
            raise DataError(f"{name}: line {number} belongs to no block; lines of four numbers m0 T0 -1 -1 begin one.")
        else:
            pieces.append(Piece(a, b, c, end, origin, zero))
    if not pieces:
        raise DataError(f"{name}: there are no clock corrections in it; the file tdc.dat was expected.")
    return FineClock(name, tuple(pieces))


@dataclass(frozen=True, slots=True)
class ClockCorrection:
    """What is added to times besides TIMEZERO, in every HDU of a file.

    Parameters
    ----------
    seconds : float [s]
    tierabso : float or None [s]
        Accuracy that the file has then; None: as it says.
    """

    seconds: float = 0.0
    tierabso: float | None = None


def correction(clock: FineClock | None, header: Header, where: str) -> ClockCorrection:
    """Return the correction of a file, evaluated once, in the middle of it.

    Parameters
    ----------
    clock : FineClock or None
        Without one, none is made.
    header : Header
        Of the first table.
    where : str
        File and HDU, for messages.

    Raises
    ------
    DataError
        If the clock's file does not cover the time.
    """
    accuracy = header.known("TIERABSO")
    accuracy = _UNKNOWN if accuracy is None else accuracy
    if clock is None or accuracy <= _FINE:
        return ClockCorrection()
    start, stop = (split_keyword(header, key, where) for key in ("TSTART", "TSTOP"))
    zero, microseconds = clock.at((start + stop) / 2)
    fine = 1e-6 * microseconds - DELAY.get(str(header.get("INSTRUME", "")).strip().upper(), 0.0)
    if accuracy > _COARSE:
        return ClockCorrection(zero + fine - timezero(header, where), ACCURACY)
    return ClockCorrection(fine, ACCURACY)

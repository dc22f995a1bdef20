"""Gain epochs of the PCA: when its high voltages, and so its channel-to-energy relation, changed."""

from __future__ import annotations

from dataclasses import dataclass

from rossi.met import met_to_mjd


@dataclass(frozen=True, slots=True)
class Epoch:
    """A gain epoch.

    Parameters
    ----------
    number : int
    start, stop : float [s]
        MET; infinite where nothing bounds it.
    """

    number: int
    start: float
    stop: float

    @property
    def mjd(self) -> tuple[float, float]:
        """Start and stop as MJD (TT)."""
        start, stop = met_to_mjd([self.start, self.stop])
        return float(start), float(stop)


#: MET [s] at which epochs 2 to 5 begin: 1996-03-21T18:33, 1996-04-15T23:06, 1999-03-22T17:38, 2000-05-13T00:00 UTC (the
#: PCA channel-to-energy table; the last is the loss of PCU0's propane layer). Used only to label figures.
STARTS = (70050821.0, 72227161.0, 164741887.0, 200793604.0)

EPOCHS = tuple(
    Epoch(number, start, stop)
    for number, (start, stop) in enumerate(zip((-float("inf"), *STARTS), (*STARTS, float("inf")), strict=True), 1)
)

"""What one simulated observation shall be like."""

from __future__ import annotations

from dataclasses import dataclass

from rossi.archive import ObsID
from rossi.energy.folding import AbsorbedPowerLaw
from rossi.errors import ConfigError
from rossi.simulate.signals import FastSpec

#: Length of a Standard2 row [s]; rows begin at whole multiples of it.
ROW = 16
PCUS = 5


@dataclass(frozen=True, slots=True)
class PcuOn:
    """An interval in which a PCU's high voltage is on.

    Parameters
    ----------
    pcu : int
        0 to 4.
    on, off : int
        Multiples of 16 s from the start of the first Standard2 row.
    """

    pcu: int
    on: int = -10_000
    off: int = 1_000_000


ALL_ON = tuple(PcuOn(pcu) for pcu in range(PCUS))


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    """One observation to simulate.

    Parameters
    ----------
    obsid : ObsID
    start : int
        Start of the first Standard2 row, spacecraft clock, a multiple of 16 [s].
    duration : int
        From there to the end of the last row, a multiple of 16 [s].
    flux : float
        Power law at 1 keV, without absorption [photon / cm2 / s / keV]; the Crab has about 10.
    photon_index : float
    nh : float
        Hydrogen on the line of sight [1e22 / cm2].
    target : str
    ra, dec : float
        J2000 [deg].
    pcus : tuple of PcuOn
    slew : int
        Time from `start` until the boresight has arrived at the target [s].
    gaps : tuple of (start, stop)
        Without telemetry, from `start` [s]; the Earth's occultations make further gaps by themselves.
    entropy : tuple of int
        Seeds the random numbers.
    compress : bool
        Gzip the data files that the archive has gzipped.
    hexte_events : bool
        HEXTE event lists beside the archive-mode files.
    fast : FastSpec or None
        Data of the PCA beside the standard configurations.
    """

    obsid: ObsID
    start: int
    duration: int = 2000
    flux: float = 1.0
    photon_index: float = 2.0
    nh: float = 0.5
    target: str = "SIM X-1"
    ra: float = 245.0
    dec: float = 25.0
    pcus: tuple[PcuOn, ...] = ALL_ON
    slew: int = 112
    gaps: tuple[tuple[int, int], ...] = ()
    entropy: tuple[int, ...] = (1,)
    compress: bool = True
    hexte_events: bool = False
    fast: FastSpec | None = None

    def __post_init__(self) -> None:
        edges = [self.start, self.duration] + [edge for p in self.pcus for edge in (p.on, p.off)]
        if any(edge % ROW for edge in edges) or self.duration < ROW:
            raise ConfigError(
                f"Simulated observation {self.obsid}: start, duration and the PCUs' on and off times must be multiples "
                f"of {ROW} s, and the duration positive; found {edges}."
            )

    @property
    def spectrum(self) -> AbsorbedPowerLaw:
        """Photons of the source."""
        return AbsorbedPowerLaw(self.photon_index, self.flux, self.nh)

    @property
    def stop(self) -> int:
        """End of the last row [s]."""
        return self.start + self.duration

    @property
    def span(self) -> tuple[int, int]:
        """Start and stop in the master index and in the names of housekeeping files [s]."""
        return self.start - 12, self.stop + 12

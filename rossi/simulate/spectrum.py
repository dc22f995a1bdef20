"""What photons the source of a simulated archive sends: as drawn, as asked for, or those of the Crab."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rossi.arrays import Floats
from rossi.energy.crab import CRAB
from rossi.energy.folding import AbsorbedPowerLaw
from rossi.errors import ConfigError
from rossi.simulate.source import LongTerm

#: Band of the fluxes that are asked for and told [keV].
BAND = (2.0, 10.0)
_ERG = 1.602176634e-9
_STEPS = 4000


def energy_flux(spectrum: AbsorbedPowerLaw, band: tuple[float, float] = BAND) -> float:
    """Return the flux of a spectrum as it arrives, behind the interstellar gas.

    Parameters
    ----------
    spectrum : AbsorbedPowerLaw
    band : (float, float) [keV]

    Returns
    -------
    float [erg / cm2 / s]
    """
    edges: Floats = np.geomspace(*band, _STEPS + 1)
    photons = spectrum.photons(edges[:-1], edges[1:])
    return float(_ERG * (photons * np.sqrt(edges[:-1] * edges[1:])).sum())


@dataclass(frozen=True, slots=True)
class SourceSpectrum:
    """What is asked for of a source; what is None is drawn by the seed.

    Parameters
    ----------
    nh : float, optional
        Hydrogen on the line of sight [1e22 / cm2].
    index : float, optional
        Photon index.
    flux : float, optional
        From 2 to 10 keV, as it arrives [erg / cm2 / s]; if it varies, its mean without outburst.
    constant : bool
        Whether the flux stays the same for the whole mission.
    """

    nh: float | None = None
    index: float | None = None
    flux: float | None = None
    constant: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (("nh", 0.0, 100.0), ("index", -2.0, 6.0), ("flux", 0.0, 1e-6)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ConfigError(
                    f"{name} of the simulated source is {value:g}; a number from {low:g} to {high:g} was expected."
                )

    def of(self, drawn: LongTerm) -> LongTerm:
        """Return a long-term model with what is asked for.

        Parameters
        ----------
        drawn : LongTerm
        """
        nh = drawn.nh if self.nh is None else self.nh
        index = drawn.photon_index if self.index is None else self.index
        made = replace(drawn, nh=nh, photon_index=index)
        if self.flux is not None:
            made = replace(made, mean=self.flux / energy_flux(AbsorbedPowerLaw(index, 1.0, nh)))
        return replace(made, amplitude=0.0, outburst=0.0) if self.constant else made


def crab() -> SourceSpectrum:
    """Return the Crab, of constant flux."""
    return SourceSpectrum(CRAB.nh, CRAB.index, energy_flux(CRAB), constant=True)

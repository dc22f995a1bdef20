"""Which spectra can be added up, and what they are of: detectors, gain epoch, channels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rossi.calibration import header_start
from rossi.energy.epochs import epoch_of
from rossi.energy.observed import gain_remarks, pcu_weights
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.hexte.science import Cluster
from rossi.product import About, Content, Kind
from rossi.spectra.pha import Spectrum

#: Source, background, and the background's two sides, in the order in which they are written.
KINDS = ("src", "bkg", "p", "m")
_ANODE = re.compile(r"(X[1-3][LR])SpecPcu[0-4]")


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Spectra that can be added up: of the same detectors, gain and channels, and alike in what is beside them.

    Parameters
    ----------
    name : str
        Cluster of HEXTE (``pwa``); gain epoch and PCUs (``pca_e3_p02``).
    channels : int
    detectors : str
        DETNAM of HEXTE; anodes of the PCA.
    binning : str
        CPIX.
    response, background : bool
        Whether they have one.
    """

    name: str
    channels: int
    detectors: str
    binning: str
    response: bool
    background: bool

    @property
    def instrument(self) -> str:
        """INSTRUME."""
        return "PCA" if self.name.startswith("pca") else "HEXTE"

    @classmethod
    def of(cls, about: About, pha: Spectrum, *, response: bool, background: bool) -> Group:
        """Return the group that a spectrum belongs to.

        Parameters
        ----------
        about : About
        pha : Spectrum
            On source.
        response, background : bool

        Raises
        ------
        DataError
            If a PCA spectrum has no exposure, or the gain changed during it.
        """
        header = pha.header
        binning = next((str(header[name]) for name in ("CPIX1", "CPIX") if name in header), "")
        if about.cluster:
            name, detectors = Cluster[about.cluster].label, str(header.get("DETNAM", "")).strip()
        else:
            name, detectors = _pca_name(pha), _anodes(header)
        return cls(name, len(pha), detectors, binning, response, background)


def _pca_name(pha: Spectrum) -> str:
    pcus = "".join(map(str, pcu_weights(pha.header, pha.name)))
    if crossing := gain_remarks(pha.intervals):
        raise DataError(f"{pha.name}: {crossing[0].message}")
    return f"pca_e{epoch_of(header_start(pha.header, pha.name))}_p{pcus}"


def _anodes(header: Header) -> str:
    names = (str(header[key]).strip() for key in header if key.startswith("ROWID"))
    return "".join(sorted({match[1] for match in map(_ANODE.fullmatch, names) if match}))


def is_summed(about: About) -> bool:
    """Whether a file is a spectrum that can be summed over observations."""
    return about.kind is Kind.SPECTRUM and (bool(about.cluster) or about.instrument == "PCA")


def kind_of(about: About) -> str:
    """Return which of `KINDS` a spectrum is."""
    return about.position or ("src" if about.content is Content.TOTAL else "bkg")


def labels(groups: Iterable[Group]) -> dict[Group, str]:
    """Name each group by its detectors, and by number of channels and so on where that is not enough."""
    ordered = sorted(groups)
    found = {group: group.name for group in ordered}
    for more in (
        lambda g: f"{g.channels}ch",
        lambda g: g.detectors.lower(),
        lambda g: "" if g.response else "norsp",
        lambda g: "" if g.background else "nobkg",
        lambda g: str(1 + ordered.index(g)),
    ):
        told = {label: {more(g) for g in ordered if found[g] == label} for label in found.values()}
        found = {g: _joined(label, more(g)) if len(told[label]) > 1 else label for g, label in found.items()}
    return found


def _joined(label: str, more: str) -> str:
    """Return a name with what is added to it; DETNAM of HEXTE, ``pwb013``, has the cluster's name in it already."""
    return more if more.startswith(label) else "_".join(filter(None, (label, more)))

"""From a band in keV to what is counted, and what products tell of it: channels and true energies of each detector."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.energy import epochs
from rossi.energy.bands import STANDARD2_STARTS, EnergyBand, NoChannels, band_of, bins_of, channel_energies
from rossi.energy.channel_table import ChannelTable
from rossi.energy.hexte_channels import NOMINAL, hexte_bins
from rossi.pca.standard2 import PCUS
from rossi.product import BandEdges, BandEnergies
from rossi.remarks import Remark


def pca_energies(band: EnergyBand, table: ChannelTable, mjd: float, pcus: Sequence[int] = PCUS) -> BandEnergies:
    """Return which bins of Standard2 a band is for each PCU at a moment, and the energies of their edges.

    Parameters
    ----------
    band : EnergyBand
    table : ChannelTable
    mjd : float [MJD]
        UTC; start of the data.
    pcus : sequence of int

    Raises
    ------
    NoChannels
        If the channels of a PCU don't hold it.
    DataError
        If the table has no law of a PCU then.
    """
    epoch, day = epochs.epoch_of(mjd), float(int(mjd))
    found = [band_of(band, table, pcu, mjd) for pcu in pcus]
    edges = (BandEdges(epoch, f"PCU{b.pcu}", day, day, b.first, b.last, b.emin, b.emax, b.emin, b.emax) for b in found)
    return BandEnergies(band.emin, band.emax, table.name, tuple(edges))


def hexte_energies(band: EnergyBand, detectors: Sequence[str] = ("PWA", "PWB")) -> BandEnergies:
    """Return which channels of HEXTE a band is: whole bins of the archive mode, in every mode of data.

    Parameters
    ----------
    band : EnergyBand
    detectors : sequence of str
        DETNAM of the clusters.

    Raises
    ------
    NoChannels
        If HEXTE's channels don't hold it.
    """
    first, last, e_min, e_max = hexte_bins()
    begin, end, low, high = bins_of(band, e_min, e_max, "HEXTE's archive mode")
    start, stop = epochs.STARTS[0], epochs.END
    channels = int(first[begin]), int(last[end])
    edges = (BandEdges(0, name, start, stop, *channels, low, high, low, high) for name in detectors)
    return BandEnergies(band.emin, band.emax, NOMINAL, tuple(edges))


def check_band(band: EnergyBand, instrument: str) -> None:
    """Refuse a band that no detector holds, whenever the data were taken; by the table that comes with rossi.

    Parameters
    ----------
    band : EnergyBand
    instrument : str
        PCA or HEXTE.

    Raises
    ------
    NoChannels
    """
    if instrument == "HEXTE":
        hexte_energies(band)
        return
    from rossi.energy.built_in import built_in_table

    told = None
    for day in reversed(epochs.REPRESENTATIVE):
        for pcu in PCUS:
            try:
                band_of(band, built_in_table(), pcu, day)
            except NoChannels as error:
                told = told or error
            else:
                return
    raise NoChannels(f"No gain epoch has channels for it. {told}")


def cut_off(energies: BandEnergies, table: ChannelTable, mjd: float) -> list[Remark]:
    """Tell where a band reaches beyond the channels, so that its true edges are not near those asked for.

    Parameters
    ----------
    energies : BandEnergies
        See `pca_energies`.
    table : ChannelTable
    mjd : float [MJD]
        UTC.
    """
    for edge in energies.edges:
        *_, lower, upper = channel_energies(table, int(edge.detector[3:]), mjd, STANDARD2_STARTS)
        half = (upper[0] - lower[0]) / 2, (upper[-1] - lower[-1]) / 2
        if energies.emin < edge.emin - half[0] or energies.emax > edge.emax + half[1]:
            text = (
                f"{EnergyBand(energies.emin, energies.emax)} reaches beyond the channels: of {edge.detector} what is "
                f"counted is {edge.emin:.2f} to {edge.emax:.2f} keV."
            )
            return [Remark("band_cut", text)]
    return []

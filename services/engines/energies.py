"""Bands as the engines extract them: those in keV become channels of each detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rossi.calibration import header_start
from rossi.calibration_roles import Role
from rossi.energy.band_energies import cut_off, pca_energies
from rossi.energy.bands import CHANNEL_STARTS, NoChannels, band_of
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_table import ChannelTable, read_channel_table
from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.product import BandEnergies
from rossi.remarks import Remark
from services.contract import Inputs
from services.contract.extraction import Channels
from services.pca_extract.stage import Band


@dataclass(frozen=True, slots=True)
class CountedBand:
    """A band of the PCA as an observation has it.

    Parameters
    ----------
    band : Band
    first, last : int
        Absolute channels; of several PCUs the lowest and the highest.
    energies : BandEnergies or None
        Of a band in keV, with the channels of each PCU.
    """

    band: Band
    first: int
    last: int
    energies: BandEnergies | None = None


def counted_bands(
    bands: Sequence[Band], inputs: Inputs, data: Sequence[Table], pcus: Sequence[int]
) -> tuple[list[CountedBand], list[Remark]]:
    """Return bands as the channels of an observation hold them; what they don't hold is left out and remarked on.

    Energies are those at the start of the data.

    Parameters
    ----------
    bands : sequence of Band
    inputs : mapping
        With the energy-to-channel table, where one was found; else that which comes with rossi is taken.
    data : sequence of Table
        Standard2 data.
    pcus : sequence of int

    Raises
    ------
    DataError
        If no band is left.
    """
    if all(band.energies is None for band in bands):
        return [CountedBand(band, *band.channels) for band in bands if band.channels is not None], []
    table, mjd = _table(inputs), min(header_start(one.header, one.where) for one in data)
    found, remarks = list[CountedBand](), list[Remark]()
    for band in bands:
        if band.energies is None:
            found += [] if band.channels is None else [CountedBand(band, *band.channels)]
            continue
        try:
            energies = pca_energies(band.energies, table, mjd, pcus)
        except NoChannels as error:
            remarks.append(Remark(error.code, str(error)))
            continue
        remarks += cut_off(energies, table, mjd)
        found.append(CountedBand(band, *energies.channels, energies))
    if not found:
        raise DataError(f"No band is left to extract. {remarks[0].message}")
    return found, remarks


def channel_ranges(
    bands: Sequence[Channels], inputs: Inputs, data: Sequence[Table], pcus: Sequence[int]
) -> tuple[dict[str, tuple[int, int]], list[Remark]]:
    """Return bands as ranges of single channels, one for all PCUs: modes of fast data count them together.

    Those in keV are ranges of one PCU, 2 where it is asked for, at the start of the data; which is remarked on.

    Parameters
    ----------
    bands : sequence of Channels
    inputs : mapping
        See `counted_bands`.
    data : sequence of Table
        Standard2 data.
    pcus : sequence of int

    Raises
    ------
    DataError
        If no band is left.
    """
    found, remarks, pcu = dict[str, tuple[int, int]](), list[Remark](), 2 if 2 in pcus else pcus[0]
    for band in bands:
        if band.channels is not None:
            found[band.name] = band.channels
        elif band.energies is not None:
            mjd = min(header_start(one.header, one.where) for one in data)
            try:
                one = band_of(band.energies, _table(inputs), pcu, mjd, CHANNEL_STARTS)
            except NoChannels as error:
                remarks.append(Remark(error.code, str(error)))
                continue
            found[band.name] = one.first, one.last
            text = (
                f"{band.name} is channels {one.first} to {one.last}, {one.emin:.2f} to {one.emax:.2f} keV in PCU {pcu}"
            )
            remarks.append(Remark("band_channels", f"{text}; what a mode has nearest to them is counted."))
    if not found:
        raise DataError(f"No band is left to extract. {remarks[0].message}")
    return found, remarks


def _table(inputs: Inputs) -> ChannelTable:
    files = inputs.get(Role.ENERGY_TO_CHANNEL, ())
    if not files:
        return built_in_table()
    tables = [read_channel_table(open_fits(item.data, item.name), item.hdus or None) for item in files]
    names = ", ".join(dict.fromkeys(item.name for item in files))
    return ChannelTable(names, tuple(extension for table in tables for extension in table.extensions))

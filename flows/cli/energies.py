"""``rossi energies``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rossi.energy.bands import ChannelBand
    from rossi.energy.channel_table import ChannelTable

_SPELL_HEAD = "epoch  from        to          channels  bins     E_MIN        E_MAX"
_DAY_HEAD = "epoch  day         channels  bins     E_MIN        E_MAX"


def command(
    band: Annotated[str | None, typer.Argument(help="A band, 2-9keV: which channels it is, when.")] = None,
    epoch: Annotated[int | None, typer.Option(min=1, max=5, help="Gain epoch, 1 to 5: a day in its middle.")] = None,
    date: Annotated[str | None, typer.Option(help="A date instead (UTC): 2005-01-31, or 2000-05-13T18:33:40.")] = None,
    pcu: Annotated[int, typer.Option(min=0, max=4, help="PCU, 0 to 4.")] = 2,
    channels: Annotated[bool, typer.Option("--channels", help="Single channels, not the bins of Standard2.")] = False,
    table: Annotated[
        str | None, typer.Option(help="Energy-to-channel table: a file, CALDB, or e05v03, which comes with rossi.")
    ] = None,
    hexte: Annotated[bool, typer.Option("--hexte", help="HEXTE's channels, which never change.")] = False,
) -> None:
    """Show energies of channels, or the channels of a band in keV.

    Energies are nominal ones, as in EBOUNDS of responses; those of layer 1. Without --table, that of $CALDB is taken,
    or e05v03 where there is none.

    Examples: `rossi energies --epoch 5 --pcu 2`, `rossi energies 2-9keV`, `rossi energies 15-60keV --hexte`
    """
    from rossi.energy.bands import CHANNEL_STARTS, STANDARD2_STARTS
    from rossi.errors import ConfigError

    if hexte:
        of_the_pca = {"--epoch": epoch, "--date": date, "--table": table, "--channels": channels or None}
        if given := [name for name, value in of_the_pca.items() if value is not None]:
            raise ConfigError(f"{given[0]} is about the PCA; HEXTE's channels are always the same: leave it out.")
        head, lines = _hexte(band)
    else:
        starts = CHANNEL_STARTS if channels else STANDARD2_STARTS
        if band is None and epoch is None and date is None:
            raise ConfigError("Give a band (2-9keV), or --epoch 5 or --date 2005-01-31 for the table of all channels.")
        if epoch is not None and date is not None:
            raise ConfigError("Give --epoch or --date, not both.")
        source = _table(table)
        head = f"Energy-to-channel table: {source.name}. PCU {pcu}, layer 1; nominal energies [keV]."
        asked = (epoch, date, pcu, starts)
        lines = _bins(source, *asked) if band is None else _band(source, band, *asked)
    typer.echo(head, err=True)
    print("\n".join(lines))


def _hexte(text: str | None) -> tuple[str, list[str]]:
    """Return the bins of HEXTE's archive mode, or which of them a band is."""
    from rossi.energy.band_energies import hexte_energies
    from rossi.energy.bands import EnergyBand
    from rossi.energy.hexte_channels import NOMINAL, hexte_bins

    head, lines = f"HEXTE's channels: {NOMINAL} [keV].", ["channels     E_MIN     E_MAX"]
    rows = list(zip(*(column.tolist() for column in hexte_bins()), strict=True))
    if text is not None:
        (edge,) = hexte_energies(EnergyBand.parse(text), ("PWA",)).edges
        rows = [(edge.first, edge.last, edge.emin, edge.emax)]
    return head, [*lines, *(f"{_span(first, last):<8}  {low:8.3f}  {high:8.3f}" for first, last, low, high in rows)]


def _table(text: str | None) -> ChannelTable:
    from rossi.energy.built_in import NAME
    from rossi.ftools.pca_calibration import whole_table

    return whole_table("--table", text or ("CALDB" if os.environ.get("CALDB") else NAME))


def _moment(epoch: int | None, date: str | None) -> float:
    from rossi.energy.epochs import REPRESENTATIVE
    from rossi.ftools.pca_calibration import moment

    return moment(date, "--date") if date is not None else REPRESENTATIVE[(epoch or 1) - 1]


def _bins(source: ChannelTable, epoch: int | None, date: str | None, pcu: int, starts: tuple[int, ...]) -> list[str]:
    from rossi.energy.bands import channel_energies

    mjd = _moment(epoch, date)
    rows = zip(*channel_energies(source, pcu, mjd, starts), strict=True)
    lines = [f"Day {_day(mjd)}, gain epoch {_epoch(mjd)}", "  bin  channels     E_MIN     E_MAX"]
    for number, (first, last, low, high) in enumerate(rows):
        lines.append(f"{number:5d}  {_span(first, last):<8}  {low:8.3f}  {high:8.3f}")
    return lines


def _band(
    source: ChannelTable, text: str, epoch: int | None, date: str | None, pcu: int, starts: tuple[int, ...]
) -> list[str]:
    from rossi.energy.band_history import band_history
    from rossi.energy.bands import EnergyBand, band_of

    band = EnergyBand.parse(text)
    if date is not None:
        mjd = _moment(None, date)
        return [_DAY_HEAD, f"{_epoch(mjd):5d}  {_day(mjd)}  {_channels(band_of(band, source, pcu, mjd, starts))}"]
    lines = [_SPELL_HEAD]
    for spell in band_history(band, source, pcu, starts):
        if epoch in (None, spell.epoch):
            one, when = spell.channels, f"{spell.epoch:5d}  {_day(spell.start)}  {_day(spell.stop)}"
            edges = "  ".join(f"{low:.2f}-{high:.2f}".ljust(11) for low, high in (spell.emin, spell.emax))
            lines.append(f"{when}  {_span(one.first, one.last):<8}  {_bins_of(one):<7}  {edges}".rstrip())
    return lines


def _channels(one: ChannelBand) -> str:
    return f"{_span(one.first, one.last):<8}  {_bins_of(one):<7}  {one.emin:<11.2f}  {one.emax:.2f}"


def _bins_of(one: ChannelBand) -> str:
    return _span(one.first_bin, one.last_bin)


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _epoch(mjd: float) -> int:
    from rossi.energy.epochs import epoch_of

    return epoch_of(mjd)


def _day(mjd: float) -> str:
    from rossi.energy.epochs import calendar_day

    return calendar_day(mjd)

"""``rossi energies``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rossi.energy.bands import ChannelBand, EnergyBand
    from rossi.energy.channel_table import ChannelTable

_SPELL_HEAD = "epoch  from        to          channels  bins     E_MIN        E_MAX"
_DAY_HEAD = "epoch  day         channels  bins     E_MIN        E_MAX"


def command(
    band: Annotated[
        str | None,
        typer.Argument(help="A band: 2-9keV, which channels are it; or channels, 5-10, which energies they are."),
    ] = None,
    epoch: Annotated[int | None, typer.Option(min=1, max=5, help="Gain epoch, 1 to 5: a day in its middle.")] = None,
    date: Annotated[str | None, typer.Option(help="A date instead (UTC): 2005-01-31, or 2000-05-13T18:33:40.")] = None,
    pcu: Annotated[int, typer.Option(min=0, max=4, help="PCU, 0 to 4.")] = 2,
    channels: Annotated[bool, typer.Option("--channels", help="Single channels, not the bins of Standard2.")] = False,
    table: Annotated[
        str | None, typer.Option(help="Energy-to-channel table: a file, CALDB, or e05v03, which comes with rossi.")
    ] = None,
    hexte: Annotated[bool, typer.Option("--hexte", help="HEXTE's channels, which never change.")] = False,
) -> None:
    """Show energies of channels, or the channels of a band in keV, in each gain epoch.

    Energies are nominal ones, as in EBOUNDS of responses; those of layer 1. Without --table, that of $CALDB is taken,
    or e05v03 where there is none.

    Examples: `rossi energies --epoch 5 --pcu 2`, `rossi energies 2-9keV`, `rossi energies 5-10`,
    `rossi energies 15-60keV --hexte`
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
    asked = text and _asked(text)
    if isinstance(asked, EnergyBand):
        (edge,) = hexte_energies(asked, ("PWA",)).edges
        rows = [(edge.first, edge.last, edge.emin, edge.emax)]
    elif asked:
        rows = [(*asked, float(asked[0]), asked[1] + 1.0)]
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

    band = _asked(text)
    if not isinstance(band, EnergyBand):
        return [_DAY_HEAD, *_of_channels(source, band, epoch, date, pcu, starts)]
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


def _of_channels(
    source: ChannelTable, asked: tuple[int, int], epoch: int | None, date: str | None, pcu: int, starts: tuple[int, ...]
) -> Iterator[str]:
    """Yield what the bins that overlap a range of channels are, in the middle of each gain epoch or on a day."""
    from rossi.energy.bands import ChannelBand, channel_energies
    from rossi.energy.epochs import REPRESENTATIVE

    days = [_moment(epoch, date)] if epoch or date else REPRESENTATIVE
    for mjd in days:
        first, last, low, high = channel_energies(source, pcu, mjd, starts)
        there = [n for n in range(len(first)) if first[n] <= asked[1] and last[n] >= asked[0]]
        ends = there[0], there[-1]
        one = ChannelBand(pcu, mjd, first[ends[0]], last[ends[1]], *ends, low[ends[0]], high[ends[1]])
        yield f"{_epoch(mjd):5d}  {_day(mjd)}  {_channels(one)}"


def _asked(text: str) -> EnergyBand | tuple[int, int]:
    """Return a band as the settings of campaigns read it: energies with keV behind them, else channels."""
    from rossi.errors import ConfigError
    from services.contract.configuration import validate
    from services.contract.extraction import Channels, parse_band

    try:
        ends = parse_band(text)
    except ValueError as error:
        raise ConfigError(f"{text}: {error}.") from None
    band = validate(Channels, ends, text)
    return band.energies or (band.chmin or 0, band.chmax or 0)


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

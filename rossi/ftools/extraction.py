"""The parameters that ``saextrct`` and the tasks on top of it share, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import Mode, Rejection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import read_fits
from rossi.fits.table import Table
from rossi.ftools.parameters import Parameters, extension, file_list, is_none
from rossi.ftools.texts import ranges_or_file, time_pairs
from rossi.gti import Gti, from_table, make

_MODES = {"R": Mode.RATE, "S": Mode.SUM, "M": Mode.MEAN}
#: What an open end of timemin, timemax stands for [s].
_LAST = 999999999.0


class ExtractionParameters(Parameters):
    """Selection of time and channels, and treatment of bins."""

    gtiorfile: str = "APPLY"
    gtiandfile: str = "-"
    gticols: str = "START STOP"
    timecol: str = "TIME"
    timemin: float | None = None
    timemax: float | None = None
    timeint: str | None = None
    chmin: int | None = None
    chmax: int | None = None
    chint: str | None = None
    chbin: str | None = None
    mfracexp: float = 0.0
    mlcinten: float = 1e18
    mspinten: float = 1e18
    tnull: float = 0.0
    timezero: str | None = None
    phasefile: str = "-"
    ephem: float | None = None
    period: float | None = None
    phaseint: str | None = None
    obsdate: str = "MJDREF"
    obstime: str = "TSTART TSTOP"
    lcbinarray: int | None = None
    gtiarray: int | None = None
    maxmiss: int | None = None
    sensecase: bool = False
    negative: str = "IGNORE"
    cleanup: bool = True

    def channels(self) -> ChannelSelection:
        """Return the channel selection."""
        chint, chbin = (
            None if text is None else ranges_or_file(text, "the list of channels") for text in (self.chint, self.chbin)
        )
        return ChannelSelection(chint, self.chmin, self.chmax, chbin)

    def rejection(self) -> Rejection:
        """Return which bins are rejected."""
        return Rejection(self.mfracexp, self.mlcinten, self.tnull, mspinten=self.mspinten)

    def time(self) -> TimeSelection:
        """Return the time selection: own GTIs, and the intersection of all common ones.

        Raises
        ------
        ConfigError
            For selections by phase, which are not offered.
        """
        if not is_none(self.phasefile) or any(p is not None for p in (self.ephem, self.period, self.phaseint)):
            raise ConfigError("selection by phase is not offered; make a GTI of the phases and give it as gtiandfile.")
        if self.timezero is not None:
            raise ConfigError(f"timezero is {self.timezero!r}; light curves have absolute times: leave it INDEF.")
        common = (
            []
            if is_none(self.gtiandfile)
            else [from_table(t, start=self._start, stop=self._stop) for t in self._gtis()]
        )
        span = self._span()
        return TimeSelection(self._own(), [*common, *([] if span is None else [span])])

    @property
    def _start(self) -> str:
        return self.gticols.replace(",", " ").split()[0]

    @property
    def _stop(self) -> str:
        return self.gticols.replace(",", " ").split()[1]

    def _gtis(self) -> list[Table]:
        return [_gti_table(name) for name in file_list(self.gtiandfile)]

    def _own(self) -> str | Sequence[Gti]:
        if is_none(self.gtiorfile):
            return "none"
        if self.gtiorfile.strip().upper() == "APPLY":
            return "apply"
        return [from_table(_gti_table(name)) for name in file_list(self.gtiorfile)]

    def _span(self) -> Gti | None:
        if self.timeint is not None:
            return make(time_pairs(self.timeint))
        if self.timemin is None and self.timemax is None:
            return None
        return make([[self.timemin or 0.0, _LAST if self.timemax is None else self.timemax]])


def science_arrays(names: str) -> list[ScienceArray]:
    """Read the science arrays of the files that a parameter names."""
    return [ScienceArray.from_file(read_fits(name)) for name in file_list(names)]


def mode(text: str, parameter: str) -> Mode:
    """Read RATE, SUM or MEAN (and EVENT_RATE, EVENT_SUM) by their first letter."""
    word = text.strip().upper().removeprefix("EVENT_")
    if word[:1] not in _MODES:
        raise ConfigError(f"{parameter} is {text!r}; expected RATE, SUM or MEAN.")
    return _MODES[word[:1]]


def _gti_table(name: str) -> Table:
    path, hdu = extension(name)
    file = read_fits(path)
    return file.table(hdu=hdu) if isinstance(hdu, int) else file.table(hdu)

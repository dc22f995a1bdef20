"""The parameters that ``saextrct`` and the tasks on top of it share, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import Mode, Rejection
from rossi.extract.selection import Span, TimeSelection
from rossi.fits.reader import read_fits
from rossi.fits.table import Table
from rossi.ftools.parameters import Parameters, extension, file_list, is_none
from rossi.ftools.texts import ranges_or_file, time_pairs
from rossi.gti import Gti, from_table, make

_MODES = {"R": Mode.RATE, "S": Mode.SUM, "M": Mode.MEAN}
#: What an open end of timemin, timemax stands for [s].
_LAST = 999999999.0
#: What saextrct and seextrct ask for behind the name of the products.
ASKED = (
    *("timecol", "columns", "binsz", "printmode", "lcmode", "spmode", "timemin", "timemax", "timeint"),
    *("chmin", "chmax", "chint", "chbin"),
)


class ExtractionParameters(Parameters):
    """Selection of time and channels, and treatment of bins."""

    gtiorfile: Annotated[str, "good time of each input: APPLY takes each file's own, - none, or files"] = "APPLY"
    gtiandfile: Annotated[str, "good time common to all inputs: file, list, @list, or -"] = "-"
    gticols: Annotated[str, "columns of starts and ends of good time"] = "START STOP"
    timecol: Annotated[str, "column of times"] = "TIME"
    timemin: Annotated[float | None, "begin [s]"] = None
    timemax: Annotated[float | None, "end [s]"] = None
    timeint: Annotated[str | None, "intervals of time [s]: a-b,c-d, or a file with two columns"] = None
    chmin: Annotated[int | None, "lowest channel, 0 to 255"] = None
    chmax: Annotated[int | None, "highest channel, 0 to 255"] = None
    chint: Annotated[str | None, "channels that count: a-b,c-d, or @file"] = None
    chbin: Annotated[str | None, "channels that a spectrum joins: a-b,c-d, or @file"] = None
    mfracexp: Annotated[float, "smallest fractional exposure of a bin that is written"] = 0.0
    mlcinten: Annotated[float, "highest value of a bin of a light curve"] = 1e18
    mspinten: Annotated[float, "highest value of a channel of a spectrum"] = 1e18
    tnull: Annotated[float, "value of bins that are rejected; negative drops them"] = 0.0
    timezero: Annotated[str | None, "must be INDEF: times are absolute"] = None
    phasefile: Annotated[str, "must be -: selection by phase is not offered"] = "-"
    ephem: Annotated[float | None, "must be INDEF"] = None
    period: Annotated[float | None, "must be INDEF"] = None
    phaseint: Annotated[str | None, "must be INDEF"] = None
    obsdate: Annotated[str, "keyword of the reference date; accepted"] = "MJDREF"
    obstime: Annotated[str, "keywords of begin and end; accepted"] = "TSTART TSTOP"
    lcbinarray: Annotated[int | None, "accepted, without effect"] = None
    gtiarray: Annotated[int | None, "accepted, without effect"] = None
    maxmiss: Annotated[int | None, "accepted, without effect"] = None
    sensecase: Annotated[bool, "accepted, without effect"] = False
    negative: Annotated[str, "IGNORE or EXCLUDE leave negative values out, SUM or INCLUDE add them"] = "IGNORE"
    cleanup: Annotated[bool, "accepted, without effect"] = True
    compat: Annotated[bool, "count a moment as often as it is in the files, as the original does"] = False

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
        return TimeSelection(self._own(), [*common, *([] if span is None else [span])], repeats=self.compat)

    @property
    def _start(self) -> str:
        return self._columns_of_good_time()[0]

    @property
    def _stop(self) -> str:
        return self._columns_of_good_time()[1]

    def _columns_of_good_time(self) -> list[str]:
        names = self.gticols.replace(",", " ").split()
        if len(names) != 2:
            raise ConfigError(f"gticols is {self.gticols!r}; the names of two columns were expected: START STOP.")
        return names

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


def remarks_on(span: Span) -> list[str]:
    """Return what to know of the science files that were extracted from, each sentence once."""
    remarks = [remark for file in span.files for remark in file.remarks]
    return list(dict.fromkeys([*remarks, *map(str, span.repeats)]))


def science_arrays(names: str, *, compat: bool = False) -> list[ScienceArray]:
    """Read the science arrays of the files that a parameter names."""
    return [ScienceArray.from_file(read_fits(name), compat=compat) for name in file_list(names)]


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

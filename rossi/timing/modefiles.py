"""The files of an observation's configurations, opened when they are needed, a few of them at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from rossi import gti as intervals
from rossi.errors import DataError
from rossi.extract.array import own_gti
from rossi.extract.events import ScienceEvents
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.stream import stream_fits
from rossi.gti import Gti
from rossi.product import File
from rossi.remarks import Remark
from rossi.timing.choice import Choice
from rossi.timing.events import open_events
from rossi.timing.modes import Configuration, Kind, Mode, configuration, modes_of
from rossi.timing.xenon_stream import MergedPair

#: Files that are held open; a band is made of that many modes at most.
_OPEN = 4
#: Event files are read in pieces if they have more bytes than this, packed or not.
_WHOLE = 4 << 20


@dataclass
class ModeFiles:
    """Science files of the PCA, and which modes they make.

    Parameters
    ----------
    files : sequence of File
        Those that can't be read are left out, see `remarks`.
    """

    files: Sequence[File]
    modes: tuple[Mode, ...] = field(init=False)
    remarks: tuple[Remark, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._files = {file.name: file for file in self.files}
        self._open: OrderedDict[str, FitsFile | ScienceEvents] = OrderedDict()
        found, own, said = list[Configuration](), dict[str, Gti](), list[Remark]()
        for file in self.files:
            try:
                one, good = _looked_at(file)
            except DataError as error:
                said.append(Remark("file_left_out", f"{error} It is left out."))
                continue
            found.append(one)
            own[file.name] = intervals.make([[one.start, one.stop]]) if good is None else good
        self.modes = tuple(replace(mode, gti=_while_good(mode, own)) for mode in modes_of(found))
        self.remarks = (*said, *_halves_alone(self.modes))

    def load(self, path: str) -> FitsFile | ScienceEvents:
        """Open a file; a long list of events is read in pieces.

        Parameters
        ----------
        path : str
            Its name.
        """
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        file = self._files[path]
        kind = next(one.kind for mode in self.modes for one in mode.configurations if one.path == path)
        if kind is Kind.XENON_HALF:  # whoever merges it has a copy of its words
            return self._fits(path)
        while len(self._open) >= _OPEN:
            self._open.popitem(last=False)
        with_events = kind in {Kind.EVENTS, Kind.XENON}
        self._open[path] = ScienceEvents.from_file_on_disk(file, _WHOLE) if with_events else self._fits(path)
        return self._open[path]

    def events(self, mode: Mode) -> tuple[list[ScienceEvents], list[str]]:
        """Open all files of a mode with events, so that few of them are in memory at a time.

        Parameters
        ----------
        mode : Mode

        Returns
        -------
        list of ScienceEvents, list of str
            And what to say of files that are left out.
        """
        if mode.first.kind != Kind.XENON_HALF:
            return open_events([self.load(path) for path in mode.paths])
        pairs = [
            (one.path, other.path)
            for one in mode.configurations
            for other in mode.configurations
            if one.name < other.name and min(one.stop, other.stop) > max(one.start, other.start)
        ]
        used = {path for pair in pairs for path in pair}
        said = [
            f"{one.path}: no file of the other half of {one.name} ran at the same time; its events can't be decoded."
            for one in mode.configurations
            if one.path not in used
        ]
        return [self._pair(*pair) for pair in pairs], said

    def _pair(self, one: str, other: str) -> MergedPair:
        def both() -> tuple[FitsFile, FitsFile]:
            return self._fits(one), self._fits(other)

        return MergedPair(*both(), both)

    def _fits(self, path: str) -> FitsFile:
        return open_fits(self._files[path].data, path)

    def of_kind(self, *kinds: Kind) -> tuple[Mode, ...]:
        """Return modes of some kinds.

        Parameters
        ----------
        *kinds : Kind
        """
        return tuple(mode for mode in self.modes if mode.kind in kinds)

    def names(self) -> str:
        """Return the names of the modes for messages."""
        return ", ".join(dict.fromkeys(mode.name for mode in self.modes)) or "no mode at all"


def _looked_at(file: File) -> tuple[Configuration, Gti | None]:
    """Return what a file holds, and its own good time."""
    data = file.data
    opened = open_fits(data, file.name) if len(data) <= _WHOLE else stream_fits(data, file.name).file
    return configuration(opened.table(hdu=1).header, file.name), own_gti(opened)


def _while_good(mode: Mode, own: dict[str, Gti]) -> Gti:
    """Return when a mode ran and its files say that the data are good."""
    if mode.first.kind != Kind.XENON_HALF:
        return intervals.intersection(mode.gti, intervals.union(*(own[path] for path in mode.paths)))
    good = mode.gti
    for role in {one.name for one in mode.configurations}:
        mine = [own[one.path] for one in mode.configurations if one.name == role]
        good = intervals.intersection(good, intervals.union(*mine))
    return good


def _halves_alone(modes: Iterable[Mode]) -> list[Remark]:
    return [
        Remark(
            "half_missing",
            f"{', '.join(mode.paths)}: the other half of {mode.first.name} is missing at the same time; of one half no "
            "event can be decoded. Fetch the observation again.",
        )
        for mode in modes
        if mode.first.kind == Kind.XENON_HALF and not len(mode.gti)
    ]


def during(choice: Choice, span: Gti) -> Choice:
    """Return a choice with only those of its files that have something of some time.

    Parameters
    ----------
    choice : Choice
    span : Gti
        MET (TT).
    """
    start, stop = float(span[0, 0]), float(span[-1, 1])
    modes = []
    for mode in choice.modes:
        some = tuple(one for one in mode.configurations if one.start < stop and one.stop > start)
        modes.append(replace(mode, configurations=some or mode.configurations))
    return replace(choice, modes=tuple(modes), gti=intervals.intersection(choice.gti, span))

"""Light curves and spectra of one HEXTE file at one position, extracted and then corrected for dead time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.hexte.science import DETECTORS, event_mask
from services.engines.heasoft.files import file_list
from services.engines.heasoft.good_time import GOOD_TIME
from services.engines.heasoft.task import Call, Caller, Declared, Value

#: Bytes of an event word that lead the one with the detector, by their bits in the mask of DATAMODE.
_LEADING = (0x40, 0x20, 0x10)
_BITS = 8
#: Limits that the extractors leave open; named, as they would remember others.
_OPEN = ("timemin", "timemax", "timeint", "chmin", "chmax", "chbin")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the products of one file at one position are extracted from.

    Parameters
    ----------
    call : Caller
    science : str
        Name of the split file, as ``hxtback`` left it.
    files : mapping of str to bytes
        It, good time, ``rocking`` (16-s housekeeping) and ``coefficients`` (or none: of the CALDB).
    binsz : float [s]
        The dwell, also for spectra: their good time is made of whole bins.
    """

    call: Caller
    science: str
    files: Mapping[str, bytes]
    binsz: float

    def light_curve(
        self, table: Table, detectors: Sequence[int], channels: tuple[int, int], *, events: bool
    ) -> Product:
        """Extract a light curve in absolute channels."""
        chint = f"{channels[0]}-{channels[1]}"
        return self._extracted(table, detectors, {"printmode": "LIGHTCURVE", "chint": chint}, ".lc", events)

    def spectrum(self, table: Table, detectors: Sequence[int], *, events: bool) -> Product:
        """Extract a spectrum of all channels."""
        return self._extracted(table, detectors, {"printmode": "SPECTRUM", "chint": "INDEF"}, ".pha", events)

    def _extracted(
        self, table: Table, detectors: Sequence[int], wanted: Mapping[str, Value], ending: str, events: bool
    ) -> Product:
        common: dict[str, Value] = {
            "infile": self.science,
            "gtiorfile": "APPLY",
            "gtiandfile": GOOD_TIME,
            "outroot": self.science,
            "timecol": "TIME",
            "binsz": self.binsz,
            "lcmode": "RATE",
            "spmode": "SUM",
            **dict.fromkeys(_OPEN, "INDEF"),
            "clobber": True,
            **wanted,
        }
        files = {self.science: self.files[self.science], GOOD_TIME: self.files[GOOD_TIME]}
        if events:
            task, files[self.science] = "seextrct", self._selected(table, detectors)
            common |= {"bitfile": "-", "columns": "Event"}
        else:
            task, files["columns.lis"] = "saextrct", file_list(f"SpecDet{d}" for d in detectors)
            common |= {"accumulate": "ONE", "columns": "@columns.lis"}
        name = self.science + ending
        done = self.call(Call(task, (Declared(name),), common, inputs=files))
        return Product(self, name, done.files[name], tuple(detectors))

    def _selected(self, table: Table, detectors: Sequence[int]) -> bytes:
        """Return an event list with the events of some detectors; the extractor's own bit mask can't select them."""
        whole = self.files[self.science]
        if tuple(detectors) == DETECTORS:
            return whole
        expression = " || ".join(f"Event == {pattern}" for pattern in detector_patterns(table, detectors))
        parameters: dict[str, Value] = {
            "infile": f"{self.science}+1",
            "outfile": "selected",
            "expr": "@expr.txt",
            "copyall": True,
            "clobber": True,
        }
        files = {self.science: whole, "expr.txt": f"{expression}\n".encode()}
        return self.call(Call("fselect", (Declared("selected"),), parameters, inputs=files)).files["selected"]


@dataclass(frozen=True, slots=True)
class Product:
    """A light curve or spectrum as extracted: dead time is not corrected yet."""

    source: Extraction
    name: str
    data: bytes
    detectors: tuple[int, ...]


def corrected(product: Product) -> bytes:
    """Correct a product for dead time.

    The science file is the one that ``hxtback`` left, also where the product is of some detectors only: dead time is
    worked out from its counters.
    """
    source = product.source
    files = {name: source.files[name] for name in (source.science, "rocking")}
    has_file = "coefficients" in source.files
    files |= {"coefficients": source.files["coefficients"]} if has_file else {}
    chosen = "".join(map(str, product.detectors))
    parameters: dict[str, Value] = {
        "calvalf": "coefficients" if has_file else "CALDB",
        "engvalf": "rocking",
        "eventarcf": source.science,
        "phalcf": product.name,
        "chatter": 5,
        "detectors": "-" if product.detectors == DETECTORS else chosen,
    }
    call = Call("hxtdead", (Declared(product.name),), parameters, inputs=files | {product.name: product.data})
    return source.call(call).files[product.name]


def detector_patterns(table: Table, detectors: Sequence[int]) -> list[str]:
    """Return the bit pattern of events of each detector, as row filters spell it: ``bxxx01xx...``.

    The detector stands in bits 4 and 5 of its byte, which follows those of `_LEADING` that were telemetered.

    Raises
    ------
    DataError
        If the event words are too short for that.
    """
    info = table.info("Event")
    length = info.repeat if info.code == "X" else info.repeat * _BITS
    before = _BITS * sum(bool(event_mask(table) & bit) for bit in _LEADING) + 3
    if before + 2 > length:
        raise DataError(f"{table.where}: Event has {length} bits, but the detector should be in bit {before + 1}.")
    return ["b" + "x" * before + f"{d:02b}" + "x" * (length - before - 2) for d in detectors]

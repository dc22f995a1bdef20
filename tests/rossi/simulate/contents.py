"""What simulated observations hold, a word for each header and column; and the one that is known of each.

``python -m tests.rossi.simulate.contents`` writes `KNOWN` anew, after a change that is meant to give other archives.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.archive import ObsID
from rossi.fits.header import Header
from rossi.fits.reader import iterate_hdus, open_fits
from rossi.simulate import Configurations, FastSpec, ObservationSpec, simulate_observation, true_observation
from rossi.simulate.archive import planned
from rossi.simulate.calibration import calibration_files
from rossi.simulate.fast.plan import BY_TURNS, with_fast_data
from rossi.simulate.source import long_term
from rossi.simulate.targets import MOST, targets
from rossi.simulate.truth import true_sources, truth

KNOWN = Path(__file__).parents[2] / "golden/simulated.json"
#: What says by what a file was written, not what it holds.
_WRITTEN = {"CHECKSUM", "DATASUM", "CREATOR"}
_FRACTION = re.compile(rb"[-+]?\d+\.\d*(E[-+]?\d+)?")
#: What is less than this of a value is none: processors differ in the last digits.
_NOISE = 1e-11
#: Early 1996 (detector 2 of B works), 2007 (A stares), 2010 (B is parked).
_HEXTE = {1996: 67_724_608, 2007: 410_000_000, 2010: 520_000_000}

#: Words by what is in a file, and by column; those of all files.
Part = dict[str, dict[str, str]]
Contents = dict[str, Part]
#: The same with the words of a part in their order.
Known = dict[str, dict[str, str]]


def _observed(spec: ObservationSpec, *folders: str) -> Contents:
    """Return what the files of some folders hold, and the truth."""
    files = simulate_observation(replace(spec, compress=False))
    found = {path: _of_file(data, path) for path, data in files.items() if path.startswith(folders)}
    true = true_observation(spec).model_dump()
    return found | {"truth": {"": {key: _of_values(value) for key, value in true.items()}}}


def _of_archive(number: int) -> Contents:
    return _observed(planned(1, number, long_term(1)), "")


def _of_hexte(start: int) -> Contents:
    spec = ObservationSpec(ObsID("20101-01-01-00"), start, 800, dec=85.0, slew=0, hexte_events=True)
    return _observed(spec, "hexte/", "stdprod/xh", "FIHX")


def _of_fast_data(number: int) -> Contents:
    """Return those of the first minutes: pulses, a QPO and the first burst."""
    spec = replace(with_fast_data(planned(1, 0, long_term(1)), number), duration=272, hexte_events=False)
    return _observed(spec, "pca/FS", "FIPC", "FMI")


def _of_many_photons() -> Contents:
    """Return those of GoodXenon in partitions of two seconds."""
    fast = FastSpec(Configurations.XENON)
    spec = ObservationSpec(ObsID("20101-01-01-00"), 110_145_600, 32, flux=1.5, slew=0, fast=fast)
    return _observed(spec, "pca/FS3")


def _of_plans() -> Contents:
    models = [long_term(1, which) for which in range(5)]
    plans = [asdict(planned(1, number, models[number % 5], targets(5))) for number in range(40)]
    one = [asdict(planned(2, number, long_term(2))) for number in range(20)]
    named = {target.names[0] + str(target.ra): _of_values(asdict(target)) for target in targets(MOST)}
    planned_for = {f"{plan['obsid']['text']} {plan['entropy']}": _of_values(plan) for plan in (*plans, *one)}
    specs = [with_fast_data(planned(1, number, models[number], targets(2)), number) for number in range(len(BY_TURNS))]
    whole = truth(1, specs, models[0], true_sources(targets(2), models[:2])).model_dump()
    told = {key: _of_values(value) for key, value in whole.items()}
    return {"": {"observations": planned_for, "targets": named, "truth": told}}


OBSERVATIONS = {f"observation {number}": partial(_of_archive, number) for number in (0, 1, 2, 3, 5)}
HEXTE = {f"HEXTE in {year}": partial(_of_hexte, start) for year, start in _HEXTE.items()}
#: What is made, in parts that take a fraction of a second each.
CASES: dict[str, Callable[[], Contents]] = {
    "plans": _of_plans,
    "calibration": lambda: {name: _of_file(data, name) for name, data in calibration_files().items()},
    **OBSERVATIONS,
    **HEXTE,
    "many photons": _of_many_photons,
    **{str(which): partial(_of_fast_data, number) for number, which in enumerate(Configurations)},
}


def _of_file(data: bytes, name: str) -> Part:
    """Return the words of each table by column, and that of its header; or of images."""
    if name.endswith(".mdl"):
        images = dict(enumerate(iterate_hdus(data, name)))
        headers = {f"header {number}": _of_header(header) for number, (header, _) in images.items()}
        values = {f"image {number}": _of_array(np.frombuffer(image, ">f4")) for number, (_, image) in images.items()}
        return {"headers": headers, "images": values}
    found: Part = {}
    for table in open_fits(data, name).tables:
        columns = {
            name: _of_array(table.cells(name).values if info.is_variable else np.asarray(table.column(name)))
            for name, info in table.infos.items()
        }
        found[table.name] = {"header": _of_header(table.header)} | columns
    return found


def _of_header(header: Header) -> str:
    """Return the word of the cards as they are written, with ten digits of each number that is not whole."""
    cards = b"\n".join(image for keyword, image in header.images() if keyword not in _WRITTEN)
    return _of_bytes(_FRACTION.sub(lambda found: b"%.10g" % float(found[0]), cards))


def _of_values(values: object) -> str:
    """Return the word of values within each other; numbers have ten digits."""

    def lines(one: object) -> Iterator[str]:
        if isinstance(one, dict | list | tuple):
            yield f"{len(one)}"
            for part in itertools.chain.from_iterable(one.items()) if isinstance(one, dict) else one:
                yield from lines(part)
        else:
            yield f"{one:.10g}" if isinstance(one, float) else str(one)

    return _of_bytes("\n".join(lines(values)).encode())


def _of_bytes(content: bytes) -> str:
    return f"#{zlib.crc32(content) >> 16:04x}"


def _of_array(values: NDArray[Any]) -> str:
    """Return the word of a column: exact for integers and text, else the first value and how far others are from it."""
    if values.dtype.kind in "US":
        return _of_values(values.ravel().tolist())
    if values.dtype.kind in "iub":
        return _of_bytes(values.astype("<i8").tobytes())
    if values.dtype.itemsize == 4:
        return f"{_sum(values):.8g}"
    first = float(values.flat[0]) if values.size else 0.0
    away = values - first
    away[np.abs(away) < _NOISE * np.abs(first)] = 0
    return f"{first:.15g}/{_sum(away):.9g}"


def _sum(values: NDArray[Any]) -> float:
    """Return a sum in which each value has a weight of its own, and negative ones have a double: nothing cancels."""
    weight = 1 + (np.arange(values.size) * 0.6180339887) % 1
    plain = np.nan_to_num(values.ravel().astype(np.float64), nan=0.577)
    return float((weight * np.where(plain < 0, -2 * plain, plain)).sum())


def differences(found: Contents, known: Known) -> list[str]:
    """Return where contents are not those that are known."""
    if found.keys() != known.keys():
        return sorted(f"{path}: is one of them only" for path in found.keys() ^ known.keys())
    told = []
    for path, part in found.items():
        for name, words in part.items():
            expected = known[path].get(name, "").split()
            pairs = itertools.zip_longest(words.items(), expected, fillvalue=("", ""))
            told += [f"{path} {name} {of}: {one}, not {other}" for (of, one), other in pairs if not _agree(one, other)]
    return told


def _agree(word: str, known: str) -> bool:
    """Tell whether words are the same, but for what processors make of the last digits."""
    ours, theirs = word.split("/"), known.split("/")
    if word.startswith("#") or known.startswith("#") or len(ours) != len(theirs):
        return word == known
    limits = (1e-12, 1e-8)[: len(ours)] if len(ours) > 1 else (1e-6,)
    pairs = zip(ours, theirs, limits, strict=True)
    return all(math.isclose(float(one), float(other), rel_tol=limit, abs_tol=1e-9) for one, other, limit in pairs)


def main() -> None:
    """Write what is known anew."""
    known = {
        case: {path: {name: " ".join(words.values()) for name, words in part.items()} for path, part in make().items()}
        for case, make in CASES.items()
    }
    KNOWN.write_text(json.dumps(known, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

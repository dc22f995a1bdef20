"""``pcarsp``: the response of a PCA spectrum, in one go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from rossi.calibration import header_start
from rossi.energy import epochs
from rossi.energy.area import pca_area_table
from rossi.energy.channel_law import ChannelLaw
from rossi.energy.channel_table import Extension
from rossi.energy.collimator import BORESIGHT, CollimatorCube, SourcePosition
from rossi.energy.detectors import PCUS
from rossi.energy.layers import ALL_XENON, NAMES, XENON, layer_code
from rossi.energy.pca_response import LayerResponse, PcaResponseRequest, add_layers, add_pcus, layer_responses, pca_area
from rossi.energy.redistribution import PARTIAL_CHARGE
from rossi.energy.response_cards import pca_response_file
from rossi.errors import ConfigError, DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import file_bytes, require_plain, with_keywords
from rossi.fits.reader import FitsFile, open_fits, read_bytes
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes, primary_hdu
from rossi.ftools import samples
from rossi.ftools.parameters import Made, Parameters, Task, extension, is_none, write_output, write_outputs
from rossi.ftools.pca_calibration import about_table, channel_tables, collimators, gain_shifts, moment
from rossi.ftools.pointing import Standing, position_of
from rossi.met import to_time
from rossi.pca.standard2 import parse_pcus
from rossi.spectra.algebra import Compat
from rossi.spectra.channels import cpix_groups
from rossi.spectra.pha import find_spectrum, good_time
from rossi.spectra.response import Response

_ROWID = re.compile(r"X([1-3])([LR])SpecPcu([0-4])")
#: Options of ``pcarsp`` on a command line.
OPTIONS = {
    **{"f": "phafil", "a": "attfile", "l": "layers", "j": "addlayers", "p": "pcus", "m": "addpcus", "n": "name"},
    **{"d": "date", "e": "e2cfile", "x": "ra", "y": "dec", "c": "pcc", "w": "weights", "z": "keep", "s": "smart"},
}


class PcarspParameters(Parameters):
    """Parameters of ``pcarsp``."""

    phafil: Annotated[str, "spectrum; RESPFILE is written into it"]
    attfile: Annotated[str, "filter file or attitude (FH0e), or NONE: the source is where the PCA points"] = "NONE"
    layers: Annotated[str, "anodes: all, or LR1,L2,P ..."] = "all"
    addlayers: Annotated[str, "add up the layers: y or n"] = "y"
    pcus: Annotated[str, "PCUs: all, 0,2 or 0-2"] = "all"
    addpcus: Annotated[str, "add up the PCUs: y or n"] = "y"
    name: Annotated[str, "response to be made; by default of PCUs, layers and date"] = ""
    date: Annotated[str, "date, UTC, instead of the spectrum's: 2000-05-13, with or without T18:33:40"] = ""
    e2cfile: Annotated[str, "energy-to-channel table: file, CALDB, or e05v03, which comes with rossi"] = "CALDB"
    collcube: Annotated[str, "collimators: CALDB, a list of files, or NONE: the geometric area"] = "CALDB"
    gainfile: Annotated[str, "gains on board: file or CALDB; only where GAINAPP is T, NONE: as they are"] = "CALDB"
    ra: Annotated[float | None, "right ascension of the source [deg]; INDEF: RA_OBJ"] = None
    dec: Annotated[float | None, "declination of the source [deg]; INDEF: DEC_OBJ"] = None
    pcc: Annotated[float, "partial charge collection"] = PARTIAL_CHARGE
    weights: Annotated[str, "of PCUs 0 to 4: five numbers, or @INFILE: PCU_WT0 to PCU_WT4; empty: 1 for each"] = ""
    keep: Annotated[bool, "keep matrices, areas and responses of single layers and PCUs, in the present folder"] = False
    smart: Annotated[bool, "PCUs and anodes from ROWIDn of the spectrum"] = False
    jitter: Annotated[float, "how much the pointing may vary [arcsec]"] = 20.0
    compat: Annotated[
        bool, "weights 1 for a single layer, no TIMEZERO of the attitude, no response on days of a change of gain ..."
    ] = False
    clobber: Annotated[bool, "overwrite output files that exist"] = True


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known before anything is computed."""

    p: PcarspParameters
    spectrum: Table
    request: PcaResponseRequest
    day: str
    tables: dict[int, Extension]
    cubes: dict[int, CollimatorCube]

    def laws(self, pcus: Sequence[int], layers: Sequence[int]) -> list[ChannelLaw]:
        """Return the laws of some PCUs and layers; layer 1 comes first, as its energies are those of EBOUNDS."""
        codes = [one for layer in layers for one in (reversed(XENON) if layer == ALL_XENON else (layer,))]
        return [self.tables[pcu].law(code, self.request.mjd) for pcu in pcus for code in codes]


def pcarsp(p: PcarspParameters) -> Made:
    """Make the response of a spectrum, and name it in the spectrum."""
    path = extension(p.phafil)[0]
    data = read_bytes(path)
    require_plain(data, path)
    file = open_fits(data, path)
    spectrum = find_spectrum(file)
    mjd = moment(p.date, "date") if p.date.strip() else header_start(spectrum.header, spectrum.where)
    if p.compat and int(mjd) in map(int, epochs.STARTS[1:]):
        return Made([], [f"the gain changed on MJD {int(mjd)}; give another date (compat=no goes by the time of day)."])
    work, remarks = _work(p, file, spectrum, mjd)
    outputs = _outputs(work)
    final = [name for name, _ in outputs[-_number_of(work) :]]
    changed, more = _named(work, data, file, final)
    made = write_outputs(outputs, p.clobber)
    if changed is not None:
        made.append(write_output(path, changed, clobber=True))
    return Made(made, [*remarks, *_crossing(file, mjd), *more])


def _work(p: PcarspParameters, file: FitsFile, spectrum: Table, mjd: float) -> tuple[_Work, list[str]]:
    compat: Compat = "heasoft" if p.compat else None
    pcus, layers = _chosen(p, spectrum)
    weights = _weights(p.weights, spectrum, pcus)
    used = [pcu for pcu, weight in weights.items() if weight > 0]
    position, remarks = position_of(
        Standing(p.attfile, p.ra, p.dec, -1, -1, BORESIGHT, p.jitter), file, spectrum, compat=compat
    )
    shifts, more = gain_shifts("gainfile", p.gainfile, spectrum)
    request = PcaResponseRequest(
        mjd,
        layers,
        weights,
        cpix_groups(spectrum.header, spectrum.where, compat=compat),
        position,
        shifts,
        p.pcc,
        compat,
    )
    tables = channel_tables("e2cfile", p.e2cfile, used, mjd, compat=compat)
    cubes = collimators("collcube", p.collcube, used, spectrum)
    more += about_table(p.e2cfile)
    if not cubes:
        more.append("no collimator is taken into account (collcube=NONE); the area is the geometric one.")
    return _Work(p, spectrum, request, epochs.calendar_day(mjd), tables, cubes), [*remarks, *more]


def _chosen(p: PcarspParameters, spectrum: Table) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return PCUs, rising, and codes of layers, those of all xenon as one."""
    if not p.smart:
        return parse_pcus(p.pcus), _layers(p.layers, _yes(p.addlayers, "addlayers"))
    names = [str(spectrum.header[key]) for key in spectrum.header if re.fullmatch(r"ROWID\d+", key)]
    found = [match for match in map(_ROWID.fullmatch, (name.strip() for name in names)) if match]
    if not found:
        raise DataError(
            f"{spectrum.where}: no keyword ROWIDn names an anode and PCU (X1LSpecPcu0), so what it is of is unknown; "
            "give layers and pcus instead of smart."
        )
    anodes = sorted({f"{match[2]}{match[1]}" for match in found}, key=lambda name: (name[1], name[0]))
    pcus = tuple(sorted({int(match[3]) for match in found}))
    return pcus, (ALL_XENON,) if len(anodes) == 6 else tuple(map(layer_code, anodes))


def _layers(text: str, added: bool) -> tuple[int, ...]:
    if text.strip().lower() == "all":
        return (ALL_XENON,) if added else tuple(reversed(XENON))
    return tuple(dict.fromkeys(layer_code(name) for name in text.split(",")))


def _yes(text: str, parameter: str) -> bool:
    if text.strip().lower() not in {"y", "yes", "n", "no"}:
        raise ConfigError(f"{parameter} is {text!r}; y or n was expected.")
    return text.strip().lower().startswith("y")


def _weights(text: str, spectrum: Table, pcus: Sequence[int]) -> dict[int, float]:
    """Return the weights of the PCUs that are asked for."""
    if text.strip().upper() == "@INFILE":
        return {pcu: spectrum.header.finite(f"PCU_WT{pcu}", spectrum.where) for pcu in pcus}
    if not text.strip():
        return dict.fromkeys(pcus, 1.0)
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(PCUS) or not all(0 <= number <= 1 for number in numbers):
        raise ConfigError(f"weights is {text!r}; five numbers from 0 to 1, or @INFILE, were expected.")
    return {pcu: numbers[pcu] for pcu in pcus}


def _outputs(work: _Work) -> list[tuple[str, bytes]]:
    """Return the files to be made, by name; the responses that are asked for come last."""
    parts = layer_responses(work.request, work.tables, work.cubes)
    kept = [one for part in parts for one in _steps(work, part)] if work.p.keep else []
    if not _yes(work.p.addlayers, "addlayers"):
        return [
            *kept,
            *((_part_name(work, part), _rsp(work, part.response, [part.pcu], [part.layer])) for part in parts),
        ]
    of_pcu = add_layers(parts)
    layers = work.request.layers
    single = [(f"p{pcu}_{_joined(layers)}_{work.day}.rsp", _rsp(work, of, [pcu], layers)) for pcu, of in of_pcu.items()]
    if not _yes(work.p.addpcus, "addpcus"):
        return [*kept, *single]
    total = _rsp(work, add_pcus(work.request, of_pcu), list(of_pcu), layers)
    names = {name for name, _ in kept}
    more = [one for one in single if one[0] not in names] if work.p.keep and len(single) > 1 else []
    return [*kept, *more, (_final_name(work, list(of_pcu)), total)]


def _number_of(work: _Work) -> int:
    """Return how many responses are asked for."""
    pcus = len(work.request.used)
    if not _yes(work.p.addlayers, "addlayers"):
        return pcus * len(work.request.layers)
    return 1 if _yes(work.p.addpcus, "addpcus") else pcus


def _steps(work: _Work, part: LayerResponse) -> list[tuple[str, bytes]]:
    """Return the files on the way to the response of a layer."""
    root, laws = _part_name(work, part).removesuffix(".rsp"), work.laws([part.pcu], [part.layer])
    files = [
        (f"{root}{ending}.rmf", pca_response_file(matrix, f"PCU{part.pcu}", laws, "pcarsp", full=False))
        for ending, matrix in (("_256", part.full), ("", part.binned))
    ]
    position, cube = work.request.position, work.cubes.get(part.pcu)
    area = pca_area(part.pcu, part.binned, cube, position)
    names = (Path(work.p.phafil).name, f"{root}.rmf")
    arf = fits_bytes(primary_hdu(), [pca_area_table(PCUS[part.pcu], area, cube, position, names)])
    several = len(work.request.layers) > 1 or set(work.request.used.values()) != {1.0} or len(work.request.used) > 1
    rsp = [(f"{root}.rsp", _rsp(work, part.response, [part.pcu], [part.layer]))] if several else []
    return [*files, (f"p{part.pcu}_xe_{work.day}.arf", arf), *rsp]


def _rsp(work: _Work, response: Response, pcus: list[int], layers: Sequence[int]) -> bytes:
    detector = ",".join(f"PCU{pcu}" for pcu in pcus)
    position: SourcePosition = work.request.position
    told = [f"source at Y {position.y:.6f}, Z {position.z:.6f} of the spacecraft's frame"]
    told += [f"PCU {pcu}: weight {work.request.used[pcu]:.9g}, {_seen(work, pcu)}" for pcu in pcus]
    return pca_response_file(response, detector, work.laws(pcus, layers), "pcarsp", told=told)


def _seen(work: _Work, pcu: int) -> str:
    cube = work.cubes.get(pcu)
    return "no collimator" if cube is None else f"collimator {Path(cube.where).name}"


def _part_name(work: _Work, part: LayerResponse) -> str:
    return f"p{part.pcu}_{_joined([part.layer])}_{work.day}.rsp"


def _joined(layers: Sequence[int]) -> str:
    return "".join("xe" if layer == ALL_XENON else NAMES[layer] for layer in layers)


def _final_name(work: _Work, pcus: list[int]) -> str:
    if work.p.name.strip():
        return work.p.name.strip()
    which = "pca" if len(pcus) == len(PCUS) else "p" + "".join(map(str, pcus))
    return f"{which}_{_joined(work.request.layers)}_{work.day}.rsp"


def _named(work: _Work, data: bytes, file: FitsFile, names: list[str]) -> tuple[bytes | None, list[str]]:
    """Return the spectrum's file with the responses named in it, and what to say; None where nothing changes."""
    spectrum = work.spectrum
    if len(names) > 1:
        if spectrum.info("CHANNEL").repeat == 1 or len(spectrum) != len(names):
            return None, [f"{spectrum.where}: there are {len(names)} responses, so none is named (RESPFILE)."]
        width = max(map(len, names))
        changed = append_columns(spectrum, [(Column("RESPFILE", f"{width}A", "", "response"), np.array(names))])
        tables = tuple(changed if table is spectrum else table for table in file.tables)
        return file_bytes(FitsFile(file.name, file.primary, tables)), []
    cards = [("RESPFILE", names[0].removeprefix("!"), "response")]
    if not work.p.compat and not is_none(str(spectrum.header.get("ANCRFILE", ""))):  # or the area would count twice
        cards.append(("ANCRFILE", "NONE", "is part of the response"))
    if work.p.compat and not is_none(work.p.date):
        cards.append(("DATE-OBS", work.day, "as given to pcarsp"))
    return with_keywords(data, file.name, file.tables.index(spectrum) + 1, cards), []


def _crossing(file: FitsFile, mjd: float) -> list[str]:
    """Return what to say where the gain changed while a spectrum was taken."""
    intervals = good_time(file)
    if intervals is None or not len(intervals):
        return []
    first, last = (epochs.epoch_of(float(to_time(met).utc.mjd)) for met in (intervals[0, 0], intervals[-1, 1]))
    if first == last:
        return []
    return [
        f"{file.name}: its good time reaches from gain epoch {first} into {last}; the response is that of epoch "
        f"{epochs.epoch_of(mjd)}. Extract the epochs apart."
    ]


TASKS = {
    "pcarsp": Task(
        PcarspParameters,
        pcarsp,
        ("phafil", "attfile"),
        options=OPTIONS,
        example=f"-f src.pha -a {samples.FILTER} -l all -j y -p 0,2 -m y -n src.rsp -w @INFILE -e e05v03 collcube=NONE",
        after=("pcaextspect2",),
    )
}

"""The master index FMI and the index files of the subsystems."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.fits.writer import Column
from rossi.simulate import clock
from rossi.simulate.keywords import Columns, class_cards, data_file
from rossi.simulate.spec import PCUS, ObservationSpec

#: Index columns of the FMI, in order, and the prefix of the index file's name.
SUBSYSTEMS = {
    "PCA": "FIPC",
    "HEXTE": "FIHX",
    "EDS": "FIED",
    "ACS": "FIAC",
    "ACE": "FIAE",
    "FDS": "FIFD",
    "GSACE": "FIGS",
    "IPSDU": "FIIP",
    "SPSDU": "FISP",
    "PSE": "FIPS",
    "IFOG": "FIIG",
    "Orbit": "FIOE",
    "Clock": "FICC",
    "CAL": "FICA",
    "Std_Prod": "FIST",
}
#: Which column of the PCA's index lists which science files: EDS analyser 7 makes Standard1, 8 Standard2, a header of
#: the archive tells of 3; those of the others are guesses.
_ANALYSERS = {0x4F: 3, 0x37: 4, 0x3B: 5, 0x3F: 6, 0x46: 7, 0x4A: 8}
#: Columns of the HEXTE index and which files they list: housekeeping, archive mode and events of each cluster. Their
#: names are guesses but for "Hk", by which housekeeping is found.
_HEXTE = {
    **{"Cluster0Hk": "FH53", "Cluster1Hk": "FH59"},
    **{"Cluster0Archive": "FS52", "Cluster1Archive": "FS58"},
    **{"Cluster0Data": "FS50", "Cluster1Data": "FS56"},
}
#: Letters of a cell, also where there is nothing to name: any path in an observation fits.
_WIDTH = 32


def _text(name: str, values: Sequence[str]) -> tuple[Column, Sequence[str]]:
    return Column(name, f"{max(_WIDTH, *map(len, values))}A"), values


def _hdu(spec: ObservationSpec, extname: str, class2: str, columns: Columns) -> bytes:
    return data_file(spec, spec.span, extname, columns, [*class_cards("INDEX", class2), ("INSTRUME", "")])


def _of(paths: Sequence[str], prefix: str, n_row: int) -> list[str]:
    """Return the paths with a prefix, one a row, blank where there are no more; an index names files without .gz."""
    found = sorted(path for path in paths if path.startswith(prefix))
    return found + [""] * (n_row - len(found))


def _subsystem(spec: ObservationSpec, cells: dict[str, list[str]]) -> bytes:
    n_row = max([1, *map(len, cells.values())])
    start, stop = spec.span
    columns: Columns = [
        _text("ObsID", [str(spec.obsid)] * n_row),
        (Column("StartMET", "J", "s"), [start] * n_row),
        (Column("StopMET", "J", "s"), [stop] * n_row),
        *(_text(name, values) for name, values in cells.items()),
    ]
    return _hdu(spec, "XTE_SI", "SUBSYSTEM", columns)


def index_files(spec: ObservationSpec, paths: Sequence[str]) -> dict[str, bytes]:
    """Return the FMI and the fifteen index files.

    Parameters
    ----------
    spec : ObservationSpec
    paths : sequence of str
        The observation's files, relative to its directory, without ``.gz``.
    """
    n_row = max(1, sum(path.startswith("pca/FS4a") for path in paths))
    pca = {f"EA{number}Data": [""] * n_row for number in range(1, 9)}
    pca |= {f"EA{number}Data": _of(paths, f"pca/FS{apid:02x}", n_row) for apid, number in _ANALYSERS.items()}
    pca |= {f"PCU{pcu}Hk": _of(paths, f"pca/FH{0x5A + pcu:02x}", n_row) for pcu in range(PCUS)}
    n_hexte = max(1, sum(path.startswith("hexte/FS52") for path in paths))
    apids = sorted({int(path[6:8], 16) for path in paths if path.startswith("acs/FH")})
    cells: dict[str, dict[str, list[str]]] = {
        "PCA": pca,
        "HEXTE": {name: _of(paths, f"hexte/{start}", n_hexte) for name, start in _HEXTE.items()},
        "ACS": {f"AppId_{apid:03d}": _of(paths, f"acs/FH{apid:02x}", 1) for apid in apids},
        "Orbit": {"Orbit": _of(paths, "orbit/", 1)},
        "Std_Prod": {
            "FilterFile": _of(paths, f"stdprod/x{spec.obsid.stem}.xfl", 1),
            "Pca": _of(paths, f"stdprod/xp{spec.obsid.stem}_n2a", 1),
        },
    }
    start, stop = spec.span
    names = {subsystem: f"{prefix}_{start:x}-{stop:x}" for subsystem, prefix in SUBSYSTEMS.items()}
    files = {name: _subsystem(spec, cells.get(subsystem, {})) for subsystem, name in names.items()}
    return {"FMI": _master(spec, names), **files}


def _master(spec: ObservationSpec, names: dict[str, str]) -> bytes:
    start, stop = spec.span
    zero = clock.timezero(spec.start)
    texts: list[tuple[str, str]] = [("ObsId", str(spec.obsid)), ("User", "SIMULATION"), ("Source", spec.target)]
    for name, met in (("Start", start), ("Stop", stop)):
        date = clock.date(met + zero)
        texts += [(f"{name}Date", f"{date:%d/%m/%y}"), (f"{name}Time", f"{date:%H:%M:%S}")]
    columns: Columns = [
        *(_text(name, [value]) for name, value in texts),
        (Column("StartMET", "J", "s"), [start]),
        (Column("StopMET", "J", "s"), [stop]),
        *(_text(f"{subsystem}_Index_File", [name]) for subsystem, name in names.items()),
    ]
    return _hdu(spec, "XTE_MI", "MASTER", columns)

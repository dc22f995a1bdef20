"""Small HEXTE files made by hand."""

from pathlib import Path

import numpy as np

from rossi.fits.declarations import ENERG_HI, ENERG_LO, SPECRESP
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.response import Response
from rossi.spectra.response_file import response_file

SPECTRUM_CARDS = {
    "TELESCOP": "XTE",
    "INSTRUME": "HEXTE",
    "DETNAM": "PWB013",
    "HDUCLAS1": "SPECTRUM",
    "EXPOSURE": 104.229,
    "DETCHANS": 256,
    "TLMIN1": 0,
    "TLMAX1": 255,
    "CPIX1": "(0:255)",
    "RA_OBJ": 83.633,
    "DEC_OBJ": 22.0145,
    "DATE-OBS": "2008-04-05T08:01:04",
    "TIME-OBS": "08:01:04",
}


def spectrum(counts, error=None, *, form="D", quality=None, quantity="COUNTS", **more) -> TableHDU:
    counts = np.asarray(counts)
    columns = [
        (Column("CHANNEL", "I"), np.arange(len(counts))),
        (Column(quantity, form, "count"), counts),
        (Column("STAT_ERR", "D", "count"), np.sqrt(np.abs(counts)) if error is None else error),
    ]
    if quality is not None:
        columns.append((Column("QUALITY", "I"), quality))
    cards = {key: value for key, value in (SPECTRUM_CARDS | more).items() if value is not None}
    return table_hdu("SPECTRUM", columns, list(cards.items()))


def correction(offset, slope, form="E") -> TableHDU:
    columns = [
        (Column("CHANNEL", "I"), np.arange(len(offset))),
        (Column("YOFFSET", form, "count/s"), offset),
        (Column("SLOPE", form), slope),
    ]
    return table_hdu("CORR_COEFF", columns, [("TELESCOP", "XTE"), ("INSTRUME", "HEXTE"), ("DETNAM", "PWA")])


def opened(hdu: TableHDU, name: str = "b.pha") -> Table:
    return Table(Header.from_block(hdu.header.to_block()), hdu.data, name)


def bytes_of(*hdus: TableHDU) -> bytes:
    return fits_bytes(primary_hdu(), hdus)


def good_time_table(*intervals, **more) -> TableHDU:
    start, stop = np.array(intervals, float).reshape(-1, 2).T
    cards = {"HDUCLAS1": "GTI", "TIMEZERO": 0.0} | more
    return table_hdu("STDGTI", [(Column("START", "D"), start), (Column("STOP", "D"), stop)], list(cards.items()))


def attitude(time, quaternion, **more) -> TableHDU:
    """Lay out an attitude file; quaternions (n, 4), scalar last."""
    columns = [(Column("Time", "D", "s"), np.asarray(time, float))]
    columns += [(Column(f"ACSESTQ{i + 1}", "D"), np.asarray(quaternion, float)[:, i]) for i in range(4)]
    return table_hdu("XTE_PE", columns, list(more.items()))


def cube(transmission, alpha, beta, edges, **more) -> TableHDU:
    """Lay out a collimator cube; transmission (n_beta, n_alpha, n_energy)."""
    values = np.asarray(transmission, np.float32)
    edges = np.asarray(edges, np.float32)
    rows = {"ENERG_LO": edges[:-1], "ENERG_HI": edges[1:], "ALPHA": alpha, "BETA": beta, "COLLRESP": values.ravel()}
    columns = [(Column(name, f"{len(row)}E"), np.array(row, np.float32)[None]) for name, row in rows.items()]
    cards = {
        "TDIM5": str(values.shape[::-1]).replace(" ", ""),
        "CREF5": "(ENERG_LO:ENERG_HI,ALPHA,BETA)",
        "TELESCOP": "XTE",
        "INSTRUME": "HEXTE",
        "DETNAM": "PWA",
    }
    return table_hdu("COLLRESP", columns, list((cards | more).items()))


def area(edges, values, **more) -> TableHDU:
    edges = np.asarray(edges, np.float32)
    columns = list(zip((ENERG_LO, ENERG_HI, SPECRESP), (edges[:-1], edges[1:], values), strict=True))
    cards = {"TELESCOP": "XTE", "INSTRUME": "HEXTE", "DETNAM": "PWA", "HDUCLAS2": "SPECRESP", "CSYSNAME": "RAW_DET"}
    return table_hdu("SPECRESP", columns, list((cards | more).items()))


def matrix_file(elements, energies, channels, **more) -> bytes:
    """Make an RMF with one group of all channels in every row."""
    elements = np.asarray(elements, np.float32)
    n_energy, n_channel = elements.shape
    energies, channels = np.asarray(energies, np.float32), np.asarray(channels, np.float32)
    cards = {"TELESCOP": "XTE", "INSTRUME": "HEXTE", "DETNAM": "PWA", "HDUCLAS3": "REDIST", "LO_THRES": 0.0}
    lent = table_hdu("MATRIX", [(Column("X", "J"), np.zeros(1))], list((cards | more).items()))
    response = Response(
        *("r.rmf", energies[:-1], energies[1:], elements, np.arange(n_energy), np.zeros(n_energy, int)),
        *(np.full(n_energy, n_channel), channels[:-1], channels[1:], 0),
    )
    return response_file(response, open_fits(fits_bytes(primary_hdu(), [lent]), "r.rmf"))


def write_caldb(root: Path, files: list[tuple[str, str, str, int, float, bytes]]) -> None:
    """Write a CALDB of HEXTE: name, code, detector, HDU, MJD from which on it holds, content of each file."""
    folder = root / "data/xte/hexte"
    folder.mkdir(parents=True)
    for name, *_, data in files:
        (folder / name).write_bytes(data)
    names, codes, detectors, hdus, since, _ = zip(*files, strict=True)
    n = len(files)
    texts = {
        **{"TELESCOP": ["XTE"] * n, "INSTRUME": ["HEXTE"] * n, "DETNAM": detectors, "FILTER": ["NONE"] * n},
        **{"CAL_DIR": ["data/xte/hexte"] * n, "CAL_FILE": names, "CAL_CNAM": codes, "CAL_CBD": ["NONE"] * n},
    }
    columns = [(Column(key, f"{max(map(len, values))}A"), list(values)) for key, values in texts.items()]
    columns += [(Column("CAL_XNO", "I"), hdus), (Column("REF_TIME", "D"), since), (Column("CAL_QUAL", "I"), [0] * n)]
    (folder / "caldb.indx").write_bytes(bytes_of(table_hdu("CIF", columns)))

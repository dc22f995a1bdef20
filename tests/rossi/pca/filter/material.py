"""Small observations: an FMI, indices and housekeeping made for one purpose."""

from collections.abc import Mapping, Sequence

import numpy as np

from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

START, STOP = 1000, 1304
SYSTEM = (
    ("MJDREFI", 49353),
    ("MJDREFF", 0.000696574074),
    ("", "MJD = JD - 2400000.5"),
    ("TIMESYS", "TT"),
    ("TIMEZERO", 3.375),
    ("TIMEUNIT", "s"),
)
POSITION = (("RA_OBJ", 83.6332), ("DEC_OBJ", 22.0145), ("EQUINOX", 2000.0))


def text(name, values):
    """Return a column of texts."""
    return Column(name, f"{max(1, *map(len, values))}A"), list(values)


def master(rows=1, start=START, stop=STOP, without=(), **changed):
    """Return an FMI whose subsystems' indices are FIPC_0-1, FIAC_0-1 and so on."""
    cells = {"ObsId": "10001-01-01-00", "User": "SMITH", "Source": "SRC X-1", "StartDate": "31/12/99"}
    cells |= {"StartTime": "23:59:00", "StopDate": "01/01/00", "StopTime": "00:04:04"}
    cells |= {
        f"{name}_Index_File": f"{file}_0-1" for name, file in (("PCA", "FIPC"), ("ACS", "FIAC"), ("HEXTE", "FIHX"))
    }
    cells |= {"Std_Prod_Index_File": "FIST_0-1"} | changed | {"StartMET": start, "StopMET": stop}
    columns = [
        text(name, [value] * rows) if isinstance(value, str) else (Column(name, f"{np.size(value)}J"), [value] * rows)
        for name, value in cells.items()
    ]
    cards = [card for card in SYSTEM if card[0] not in without]
    return fits_bytes(primary_hdu(cards), [table_hdu("XTE_MI", columns)])


def index(cells: Mapping[str, Sequence[str]], position=POSITION) -> bytes:
    """Return a subsystem's index."""
    columns = [text(name, values) for name, values in cells.items()]
    return fits_bytes(primary_hdu(position), [table_hdu("XTE_SI", columns)])


def samples(time, cards=(), **columns) -> bytes:
    """Return a housekeeping file; a column is values, or (Column without name, values)."""
    laid_out = [(Column("Time", "D", "s"), time)]
    for name, given in columns.items():
        form, values = given if isinstance(given, tuple) else ("D", given)
        column = Column(name, form) if isinstance(form, str) else form
        laid_out.append((column, values))
    return fits_bytes(primary_hdu(), [table_hdu("XTE_HK", laid_out, cards)])


def observation(acs: Mapping[int, bytes] | None = None, pca: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return an observation with one file for each application id of the ACS, and one for each PCA column."""
    files = {"FMI": master()}
    names = {apid: f"acs/FH{apid:02x}_0-1" for apid in acs or {}}
    files["FIAC_0-1"] = index({f"AppId_{apid:03d}": [name] for apid, name in names.items()} or {"ObsID": [""]})
    files |= {names[apid]: content for apid, content in (acs or {}).items()}
    kinds = {"EA8Data": "pca/FS4a_0-1"} | {f"PCU{pcu}Hk": f"pca/FH5{'abcde'[pcu]}_0-1" for pcu in range(5)}
    files["FIPC_0-1"] = index({column: [kinds[column]] for column in pca or {}} or {"ObsID": [""]})
    return files | {kinds[column]: content for column, content in (pca or {}).items()}


def opened(data: bytes) -> FitsFile:
    """Open what was made."""
    return open_fits(data, "made.xfl")


def steps(first: float, step: float, number: int) -> np.ndarray:
    """Return times [s]."""
    return first + step * np.arange(number, dtype=float)

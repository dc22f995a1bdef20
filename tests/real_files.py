"""What files of the archive and of FTOOLS look like inside, and NASA's tasks therefore rely on."""

import re
from pathlib import Path

from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table

#: A card that describes a column.
COLUMN = re.compile(r"T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|DDES|EVTB)\d+|[1-9]C[A-Z]{3}\d+")
#: Tables whose columns are described last, as in the archive's files and those that copy them; FTOOLS begin with them.
COLUMNS_LAST = {"XTE_SA", "XTE_SE", "XTE_HK", "XTE_PE", "XTE_SI", "XTE_MI"}
#: What tables begin with, whoever wrote them.
MANDATORY = "XTENSION BITPIX NAXIS NAXIS1 NAXIS2 PCOUNT GCOUNT TFIELDS".split()
#: Some of what else is in a header; EXTNAME is in all.
OTHERS = frozenset("EXTNAME HDUCLASS HDUCLAS1 TELESCOP INSTRUME DATAMODE OBJECT TSTART TSTARTI TIMESYS TDDES".split())
#: Which real header the cards of a table are in the order of, as file and number of the HDU.
REAL = {
    "XTE_PE": ("orbit_FPorbit_Day6223.txt", 1),
    "RATE": ("missionlong_stdprod_n2a_lc_PCA__xp1007701_e2.txt", 1),
    "GTI": ("pca_event_SE_E_125us_64M__93087-01-02-11.txt", 2),
} | dict.fromkeys(COLUMNS_LAST - {"XTE_PE"}, ("pca_event_SE_E_125us_64M__93087-01-02-11.txt", 1))


def name_of(table: Table) -> str:
    return str(table.header["EXTNAME"]).strip()


def check_text(table: Table) -> None:
    """Every cell of text is padded with blanks: one that begins with a NUL is undefined for FTOOLS."""
    for number, form in enumerate(table.structure.forms, 1):
        if form.strip().endswith("A"):
            assert b"\0" not in table.rows[f"f{number}"].tobytes(), (table.source, table.header[f"TTYPE{number}"])


def check_place_of_columns(table: Table) -> None:
    """Columns are named before everything else, or behind it."""
    keywords = list(table.header)
    assert keywords[: len(MANDATORY)] == MANDATORY
    columns = [at for at, keyword in enumerate(keywords) if re.fullmatch(r"T(TYPE|FORM)\d+", keyword)]
    others = [at for at, keyword in enumerate(keywords) if keyword in OTHERS]
    before, behind = (others, columns) if name_of(table) in COLUMNS_LAST else (columns, others)
    assert max(before) < min(behind), (table.source, name_of(table))


def check_file(data: bytes, name: str) -> FitsFile:
    """Check all tables of a file."""
    file = open_fits(data, name)
    for table in file.tables:
        check_text(table)
        check_place_of_columns(table)
    return file


def real_order(headers: Path, name: str) -> list[str]:
    """Return the keywords of a real header, each once, in their order; without those of columns."""
    file, hdu = REAL[name]
    text = re.split(r"^=+ HDU (?:\d+) .*$", (headers / file).read_text(), flags=re.M)[hdu + 1]
    keywords = [line[:8].strip() for line in text.partition("\nEND")[0].splitlines()]
    sums = {"", "CHECKSUM", "DATASUM"}
    return [one for one in dict.fromkeys(keywords) if one not in sums and not COLUMN.fullmatch(one)]

"""Keywords that the archive's files share, and writing a file with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from numpy.typing import ArrayLike

from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.simulate import clock
from rossi.simulate.spec import ObservationSpec

ORIGIN = "ROSSI-SIM"
CREATOR = "rossi simulate"
Columns = Sequence[tuple[Column, ArrayLike]]

TIME = Column("Time", "D", "s", "start, spacecraft clock", keywords=(("TDDES", "Time"),))
_GTI = (Column("Start", "D", "s"), Column("Stop", "D", "s"))


def dates(start: float, stop: float) -> list[CardTuple]:
    """Return the dates of start and stop; DATE is that of the data, so that equal simulations give equal files.

    Parameters
    ----------
    start, stop : float [s]
        The clock correction is applied.
    """
    first, last = clock.date(start), clock.date(stop)
    return [
        ("DATE", last.date().isoformat(), "of the simulated data"),
        ("DATE-OBS", first.isoformat(), "start, TT"),
        ("TIME-OBS", first.time().isoformat(), "start, TT"),
        ("DATE-END", last.isoformat(), "end, TT"),
        ("TIME-END", last.time().isoformat(), "end, TT"),
    ]


def time_system(timezero: float, assigned: str = "SATELLITE") -> list[CardTuple]:
    """Return the cards of the time system.

    Parameters
    ----------
    timezero : float [s]
    assigned : str
        TASSIGN.
    """
    return [
        ("TIMESYS", "TT"),
        ("MJDREFI", MJDREFI, "1994.0 UTC in TT, whole days"),
        ("MJDREFF", MJDREFF, "1994.0 UTC in TT, fraction"),
        ("", "MJD = JD - 2400000.5"),
        ("TIMEZERO", timezero, "clock correction, to be added"),
        ("TIMEUNIT", "s"),
        ("TIMEREF", "LOCAL"),
        ("TASSIGN", assigned),
        ("CLOCKAPP", True),
        ("TIERRELA", 1e-9),
        ("TIERABSO", 1e-4),
        ("TIMVERSN", "XFF/95-004"),
    ]


def target(spec: ObservationSpec) -> list[CardTuple]:
    """Return the cards of target and observation.

    Parameters
    ----------
    spec : ObservationSpec
    """
    return [
        ("OBJECT", spec.target),
        ("RA_PNT", spec.ra, "nominal pointing"),
        ("DEC_PNT", spec.dec, "nominal pointing"),
        ("RA_OBJ", spec.ra, "[deg] target"),
        ("DEC_OBJ", spec.dec, "[deg] target"),
        ("EQUINOX", 2000.0),
        ("RADECSYS", "FK5"),
        ("OBSERVER", "SIMULATION"),
        ("OBS_ID", str(spec.obsid), "proposal-target-viewing-sequence"),
    ]


def common(spec: ObservationSpec, start: float, stop: float, creator: str = CREATOR) -> list[CardTuple]:
    """Return the cards of both the primary header and the first extension of a data file (spacecraft clock).

    Parameters
    ----------
    spec : ObservationSpec
    start, stop : float [s]
        Spacecraft clock.
    creator : str
        CREATOR.
    """
    zero = clock.timezero(spec.start)
    return [
        ("ORIGIN", ORIGIN, "simulated, not observed"),
        ("CREATOR", creator),
        *dates(start + zero, stop + zero),
        *time_system(zero),
        ("TSTART", float(start), "spacecraft clock"),
        ("TSTOP", float(stop), "spacecraft clock"),
        *target(spec),
    ]


def class_cards(class1: str, class2: str) -> list[CardTuple]:
    """Return what an extension says about its kind.

    Parameters
    ----------
    class1, class2 : str
        HDUCLAS1 and HDUCLAS2.
    """
    return [
        ("TIMEPIXR", 0, "times are starts"),
        ("HDUDOC", "XFF/95-004"),
        ("HDUVERS", "1.0.0"),
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", class1),
        ("HDUCLAS2", class2),
        ("LONGSTRN", "OGIP 1.0"),
        ("TELESCOP", "XTE"),
    ]


def gti_table(spec: ObservationSpec, intervals: Sequence[tuple[float, float]]) -> TableHDU:
    """Return the GTI extension of a science file.

    Parameters
    ----------
    spec : ObservationSpec
    intervals : sequence of (float, float) [s]
        Spacecraft clock; at least one.
    """
    starts, stops = [a for a, _ in intervals], [b for _, b in intervals]
    cards: list[CardTuple] = [("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("HDUCLAS2", "ALL")]
    cards += time_system(clock.timezero(spec.start))
    cards += [("TSTART", float(starts[0])), ("TSTOP", float(stops[-1]))]
    return table_hdu("GTI", list(zip(_GTI, (starts, stops), strict=True)), cards)


def data_file(
    spec: ObservationSpec,
    span: tuple[float, float],
    extname: str,
    columns: Columns,
    cards: Iterable[CardTuple],
    more: Sequence[TableHDU] = (),
    compress: bool = False,
    creator: str = CREATOR,
) -> bytes:
    """Return a file with one data table and the usual keywords.

    Parameters
    ----------
    spec : ObservationSpec
    span : (float, float) [s]
        Start and stop, spacecraft clock.
    extname : str
    columns : sequence of (Column, array_like (n_row, ...))
    cards : iterable of CardTuple
        Of the data table, behind the common ones.
    more : sequence of TableHDU
        Extensions behind it.
    compress : bool
        Gzip the file.
    creator : str
        CREATOR.
    """
    shared = common(spec, *span, creator)
    table = table_hdu(extname, columns, [*shared, *cards])
    return fits_bytes(primary_hdu(shared), [archive_order(table), *more], compress=compress)


def in_order(images: Iterable[tuple[str, bytes]], first: Sequence[str], last: str = "") -> list[tuple[str, bytes]]:
    """Return cards in another order: some first, as they are named, then the others as they were, then one last.

    Parameters
    ----------
    images : iterable of (str, bytes)
        Keyword and image of each.
    first : sequence of str
        Keywords.
    last : str
        Keyword.
    """
    rank = {keyword: number for number, keyword in enumerate(first)} | {last: len(first) + 1}
    return sorted(images, key=lambda card: rank.get(card[0], len(first)))


#: What an extension of the archive begins with.
FIRST = "EXTNAME TIMEPIXR ORIGIN CREATOR HDUDOC HDUVERS HDUCLASS HDUCLAS1 HDUCLAS2 LONGSTRN".split()


def archive_order(table: TableHDU, first: Sequence[str] = FIRST) -> TableHDU:
    """Put the cards of a new table in the order of the archive's own files, those of columns last.

    ``pcabackest`` copies what stands before the first TTYPE or TFORM, and no more. TFORM comes behind a scalar column's
    other keywords; some FTOOLS rely on that order.

    Parameters
    ----------
    table : TableHDU
    first : sequence of str
        Keywords that it begins with.
    """
    images = list(table.header.images())
    keywords = [keyword for keyword, _ in images]
    begin, end = keywords.index("TFIELDS") + 1, keywords.index("EXTNAME")
    columns: list[tuple[str, bytes]] = []
    form: list[tuple[str, bytes]] = []
    for keyword, image in images[begin:end]:
        if keyword.startswith("TTYPE"):
            columns += form
            form = []
        if keyword.startswith("TFORM") and image[11:12].isalpha():
            form = [(keyword, image)]
        else:
            columns.append((keyword, image))
    header = Header()
    header.extend([*images[:begin], *in_order(images[end:], first, last="TDDES"), *columns, *form])
    return TableHDU(header, table.data)

"""Small HEXTE files in memory, with the numbers of the specification's annexes."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from rossi.fits.edit import as_hdu
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

#: Start of everything, a multiple of 16 [s].
T = 100_000_000
ALPHA = {"pwa": (0.000998, 0.000654, 0.000378, 0.000874), "pwb": (0.000832, 0.000638, 0.0, 0.000802)}
GAMMA = {"pwa": (2.1e-5, 8.45e-5, 2.19e-4, 3.5e-5), "pwb": (5.15e-5, 1.41e-4, 0.0, 1.06e-4)}
RATES = {
    "ctUldD": (200, 210, 220, 230),
    "ctXuldD": (120, 130, 140, 150),
    "ctArmD": (700, 690, 680, 670),
    "ctTrigD": (500, 510, 520, 700),
    "ctHwVetoD": (400, 410, 100, 430),
}
ARCHIVE_CPIX = "(0:63;2),(64:127;4),(128:255;8)"
TEVTB = {
    "1F": "E[0:63]{6},E[CAL]{1},T[0:15;1]{4},D[0:3]{2},E[LE1,LE0]{2},T[0:1]{17},C[0:255]{8}",
    "0F": "T[0:7;1]{3},D[0:3]{2},E[LE1,LE0]{2},T[0:1]{17},C[0:255]{8}",
}


def one_table(name, columns, cards, *more, path="file"):
    return open_fits(fits_bytes(primary_hdu(), [table_hdu(name, columns, cards), *more]), path)


def coefficients(cluster="pwa", rows=((0.0, 1e9, 1.0),)):
    """A coefficient file; rows are (TSTART, TSTOP, factor of the annex's numbers)."""
    start, stop, factor = np.array(rows, float).T
    columns = [(Column("TSTART", "D", "s"), start), (Column("TSTOP", "D", "s"), stop)]
    for number, values in enumerate((ALPHA, GAMMA)):
        columns += [(Column(f"{cluster}{d}co{number}", "E"), np.float32(values[cluster][d]) * factor) for d in range(4)]
    return one_table("HXTDEADCO", columns, [("DETNAM", cluster.upper())], path=f"hxtdead_{cluster}.fits")


def housekeeping(time, code=1, apid=83, null=None, **changed):
    """Housekeeping rows at `time`; rates as in annex A, or as given by column name."""
    time = np.asarray(time, float)
    n = len(time)
    columns = [(Column("Time", "D", "s"), time), (Column("posApMod", "B"), np.zeros(n, "u1"))]
    columns.append((Column("DwellPdApMod", "B"), np.broadcast_to(code, n).astype("u1")))
    columns.append((Column("CmdDwellApMod", "B"), np.broadcast_to(code, n).astype("u1")))
    for name, values in RATES.items():
        for detector, value in enumerate(values):
            column = f"{name}{detector}"
            columns.append((Column(column, "I", "count/s", null=null), np.broadcast_to(changed.get(column, value), n)))
    cards = [("TSTART", time[0]), ("TSTOP", time[-1] + 16), ("APPID", apid)]
    return one_table("XTE_HK", columns, cards, path="FH53" if apid == 83 else "FH59")


def science_cards(datamode, cluster=0, **changed):
    known = {
        **{"INSTRUME": "HEXTE", "TELESCOP": "XTE", "DATAMODE": datamode, "APPID": 82 if cluster == 0 else 88},
        **{"TDDES": f"O[XTE] & I[HEXTE] & G[{cluster}]", "CREATOR": "XFF - Revision: 6.1.0", "TIMEZERO": 3.0},
        **{"TIMESYS": "TT", "TIMEUNIT": "s", "MJDREFI": 49353, "MJDREFF": 0.000696574074},
    }
    return list((known | changed).items())


def gti(*rows, name="GTI"):
    start, stop = np.array(rows, float).reshape(-1, 2).T
    cards = [("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("TIMEZERO", 3.0)]
    return table_hdu(name, [(Column("Start", "D", "s"), start), (Column("Stop", "D", "s"), stop)], cards)


def archive(time, code, good, live, spectra=None, cluster=0, **cards):
    time = np.asarray(time, float)
    spectra = np.ones((4, len(time), 64), int) if spectra is None else spectra
    keywords = (("TDDES", "D[0] & E[0:63] & G[0] & C[0~255]"), ("1CTYP", "CHANNEL"), ("1CPIX", ARCHIVE_CPIX))
    columns = [(Column("Time", "D", "s"), time)]
    columns += [(Column(f"SpecDet{d}", "64I", "count", keywords=keywords), spectra[d]) for d in range(4)]
    columns += [(Column("ClstrPosition", "B"), np.asarray(code, "u1")), (Column("GoodCnt", "J"), good)]
    columns += [(Column(f"LiveTimeDet{d}", "J"), np.asarray(live)[:, d]) for d in range(4)]
    span = {"TSTART": float(time[0]), "TSTOP": float(time[-1] + 16), "TIMEDEL": 16.0, "HDUCLAS1": "ARRAY"}
    header = science_cards("Archive", cluster, **(span | cards))
    return one_table("XTE_SA", columns, header, gti((time[0], time[-1] + 16)), path="FS52")


def events(time, live, code, detector, channel=None, mask="1F", stop=None, cluster=0, **cards):
    time = np.asarray(time, float)
    n_byte = bin(int(mask, 16)).count("1")
    words = np.zeros((len(time), n_byte), "u1")
    if int(mask, 16) & 8:
        words[:, bin(int(mask, 16) >> 4).count("1")] |= np.asarray(detector, "u1") << 3
    words[:, -1] = 0 if channel is None else channel
    event = Column("Event", f"{8 * n_byte}X", keywords=(("TEVTB", TEVTB.get(mask, TEVTB["1F"])),))
    columns = [(Column("Time", "D", "s"), time), (Column("LiveTime", "J"), live)]
    columns += [(Column("ClstrPosition", "B"), np.asarray(code, "u1")), (event, words)]
    stop = (time[-1] // 16 + 1) * 16 if stop is None else stop
    span = {"TSTART": float(time[0] // 16 * 16), "TSTOP": float(stop), "TIMEDEL": 2.0**-17, "HDUCLAS1": "EVENTS"}
    header = science_cards(f"E_8us_256_DX{mask}", cluster, **(span | cards))
    return one_table("XTE_SE", columns, header, gti((time[0] // 16 * 16, stop)), path="FS50")


def spectrum(rows, intervals, exposure, columns=None, **cards):
    """A spectrum of 64 channels made from the science columns `rows`."""
    known = {"HDUCLAS1": "SPECTRUM", "HDUCLAS3": "COUNT", "EXPOSURE": exposure, "INSTRUME": "HEXTE", "DETCHANS": 64}
    known |= {"TSTART": float(np.min(intervals)), "TSTOP": float(np.max(intervals))}
    known |= {f"ROWID{n}": row for n, row in enumerate(rows, 1)} | cards
    if columns is None:
        values = np.arange(64.0)
        columns = [(Column("CHANNEL", "I"), np.arange(64)), (Column("COUNTS", "D", "count"), values)]
        columns.append((Column("STAT_ERR", "D", "count"), np.sqrt(values)))
    start, stop = np.array(intervals, float).T
    good = table_hdu(
        "STDGTI", [(Column("START", "D", "s"), start), (Column("STOP", "D", "s"), stop)], [("HDUCLAS1", "GTI")]
    )
    return one_table("SPECTRUM", columns, list(known.items()), good, path="made.pha")


def archive_spectrum(counts, exposure):
    """An archive-mode spectrum with these counts, or the same in every row."""
    values = np.broadcast_to(np.asarray(counts, float), 64).copy()
    columns = [(Column("CHANNEL", "I"), np.arange(64)), (Column("COUNTS", "D", "count"), values)]
    columns.append((Column("STAT_ERR", "D", "count"), np.sqrt(values)))
    cards = {"CPIX1": ARCHIVE_CPIX, "DETNAM": "PWA", "DEADAPP": True}
    return spectrum(["SpecDet0"], [(T, T + exposure)], exposure, columns, **cards)


def as_read(pha):
    """All that a spectrum holds, for comparison."""
    told = {field.name: getattr(pha, field.name) for field in fields(pha)}
    lists = {name: value.tolist() for name, value in told.items() if isinstance(value, np.ndarray)}
    return told | lists | {name: list(told[name].images()) for name in ("header", "gti_header")}


def curve(rows, time, rate, error, timedel, **cards):
    time = np.asarray(time, float)
    known = {"HDUCLAS1": "LIGHTCURVE", "HDUCLAS3": "RATE", "TIMEDEL": timedel, "INSTRUME": "HEXTE"}
    known |= {"TSTART": float(time[0]), "TSTOP": float(time[-1] + timedel)}
    known |= {f"ROWID{n}": row for n, row in enumerate(rows, 1)} | cards
    columns = [(Column("TIME", "D", "s"), time), (Column("RATE", "D", "counts/s"), rate)]
    columns += [(Column("ERROR", "D", "counts/s"), error), (Column("FRACEXP", "D"), np.ones(len(time)))]
    return one_table("RATE", columns, list(known.items()), path="made.lc")


def write(file: FitsFile, path: Path) -> Path:
    """Put a file of this module on disk."""
    path.write_bytes(fits_bytes(file.primary, [as_hdu(table) for table in file.tables]))
    return path


def as_file(part):
    """The rows of one position as the file that splitting writes."""
    return open_fits(part.to_bytes(), part.table.source)

"""Small Standard2 files, filter files, SAA histories and model files."""

import io

import numpy as np
from astropy.io import fits

from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.background.model import read_model
from rossi.pca.standard2 import PCUS, REMAINING, spectrum_columns

CPIX = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
START = 150000000.0


def standard2(n_row=4, start=START, length=16.0, scalars=None, spectra=None, times=None, **keywords):
    """Standard2 with the given counters and spectra (name to value or rows), 0 elsewhere."""
    time = start + length * np.arange(n_row) if times is None else np.asarray(times, float)
    columns = [(Column("Time", "D", "s"), time)]
    for pcu in PCUS:
        for name in (*spectrum_columns(pcu), f"VpSpecPcu{pcu}"):
            n_channel = 33 if name.startswith("Vp") else 129
            counts = np.zeros((n_row, n_channel), int) + np.asarray((spectra or {}).get(name, 0))
            words = (("TDDES", f"D[{pcu}] & E[{name[:3]}] & C[0~255]"), ("1CTYP", "CHANNEL"), ("1CPIX", CPIX))
            columns.append((Column(name, f"{n_channel}I", "count", zero=32768, keywords=words), counts))
        for name in (f"{counter}CntPcu{pcu}" for counter in ("VLE", *REMAINING)):
            column = Column(name, "I", "count", zero=32768)
            columns.append((column, np.zeros(n_row, int) + np.asarray((scalars or {}).get(name, 0))))
    cards = {
        **{"MJDREFI": 49353, "MJDREFF": 0.000696574074, "TSTART": float(time[0]), "TSTOP": float(time[-1] + length)},
        **{"TIMEDEL": length, "DELTAT": length, "DATAMODE": "Standard2f", "HDUCLAS2": "TOTAL"},
        **keywords,
    }
    gti = table_hdu("GTI", [(Column("Start", "D", "s"), [time[0]]), (Column("Stop", "D", "s"), [time[-1] + length])])
    table = table_hdu("XTE_SA", columns, list(cards.items()))
    return open_fits(fits_bytes(primary_hdu(), [table, gti]), "FS4a_1-2.gz")


def filter_file(time, start=None, stop=None, **columns):
    """A filter file with E columns (or B columns with TNULL 255, for unsigned bytes)."""
    time = np.asarray(time, float)
    rows = [(Column("Time", "D", "s"), time)]
    for name, given in columns.items():
        values = np.asarray(given)
        byte = values.dtype == np.uint8
        rows.append((Column(name, "B" if byte else "E", null=255 if byte else None), values))
    first, last = time[0] if start is None else start, time[-1] if stop is None else stop
    table = table_hdu("XTE_MKF", rows, [("TSTART", float(first)), ("TSTOP", float(last))])
    return open_fits(fits_bytes(primary_hdu(), [table]), "test.xfl")


def saa_history(time, dose, **keywords):
    """A history of SAA passages."""
    columns = [(Column("Time", "D", "s"), np.asarray(time, float)), (Column("DOSE", "J"), np.asarray(dose))]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("PCA_SAA_HISTORY", columns, keywords.items())]), "saa.fits")


def axis(number, parameter, values=1, start=0.0, step=1.0, **more):
    """Keywords of a parameter axis; `more` are further keywords without their number, mid the midpoints."""
    cards = {f"CTYPE{number}": parameter, f"CRVAL{number}": start, f"CDELT{number}": step}
    for j, midpoint in enumerate(more.pop("mid", ()), 1):
        cards[f"{j}CMID{number}"] = midpoint
    return cards | {f"{key}{number}": value for key, value in more.items()}


def component(values, *axes, spectrum="X1LSpecPcu0", error=False, **keywords):
    """An image HDU as (values, header); values are (..., n_channel)."""
    values = np.asarray(values, np.float32)
    cards = {"BTYPE": spectrum, "DETNAM": f"PCU{spectrum[-1]}", "CTYPE1": "Channel"}
    if error:
        values = np.stack([values, np.full_like(values, 99)], axis=-2)
        cards["CTYPE2"] = "Data/Error"
    for one in axes:
        cards |= one
    return values, cards | keywords


def model_bytes(*components):
    """A model file."""
    hdus = fits.HDUList()
    for values, cards in components:
        hdu = fits.ImageHDU(values) if hdus else fits.PrimaryHDU(values)
        hdu.header.update(cards)
        hdus.append(hdu)
    with io.BytesIO() as stream:
        hdus.writeto(stream)
        return stream.getvalue()


def model(*components, name="test.mdl"):
    """A model, read back."""
    return read_model(model_bytes(*components), name)


def flat(*levels):
    """Spectra of 129 equal elements for each level (n_level, 129)."""
    return np.repeat(np.asarray(levels, np.float32)[:, None], 129, axis=1)

"""The columns of rossi's products, declared once: writers, readers and the documentation use these."""

from __future__ import annotations

from collections.abc import Mapping

from rossi.fits.writer import Column

TIME = Column("TIME", "1D", "s", "start of the bin, MET (TT)")
RATE = Column("RATE", "1D", "counts/s", "rate; count/s/PCU where there is LiveTime or OnTime")
COUNTS = Column("COUNTS", "1D", "counts", "counts")
MEAN = Column("MEAN", "1D", "counts", "mean counts of a sample")
ERROR = Column("ERROR", "1D", "counts/s", "1 sigma error of RATE")
COUNTS_ERROR = Column("ERROR", "1D", "counts", "1 sigma error of COUNTS")
FRACEXP = Column("FRACEXP", "1D", "", "exposure over length of the bin")
TIMEDEL = Column("TIMEDEL", "1D", "s", "length of the bin, where bins differ")
LIVE_TIME = Column("LiveTime", "1D", "s", "exposure, PCU x seconds, dead time taken off")
ON_TIME = Column("OnTime", "1D", "s", "exposure, PCU x seconds, with dead time")
BACKV = Column("BACKV", "1D", "", "background in the unit of RATE or COUNTS")
BACKE = Column("BACKE", "1D", "", "1 sigma error of BACKV")
DEADC = Column("DEADC", "1D", "", "dead fraction of the bin (HEXTE); RATE and ERROR are corrected for it")
OBSINDEX = Column("OBSINDEX", "1J", "", "row of OBSERVATIONS that the bin belongs to, from 1")

START = Column("START", "1D", "s", "start of good time")
STOP = Column("STOP", "1D", "s", "end of good time")
STDGTI = (START, STOP)
#: Good time of a cluster position, in HEXTE science files split by it.
ROCKING_GTI = (Column("Start", "D", "s", START.meaning), Column("Stop", "D", "s", STOP.meaning))
STDGTI_SECONDS = (Column("START", "1D", "sec", START.meaning), Column("STOP", "1D", "sec", STOP.meaning))

CHANNEL = Column("CHANNEL", "1I", "", "number of the element, from 0")
SPECTRUM_COUNTS = Column("COUNTS", "1D", "count", "counts of the whole exposure")
STAT_ERR = Column("STAT_ERR", "1D", "count", "1 sigma error")
#: Further columns of type II spectra, which hold one spectrum a row.
SPEC_NUM = Column("SPEC_NUM", "1I", "", "number of the spectrum, from 1")
ROWID = Column("ROWID", "20A", "", "column that was extracted")
ROW_ONTIME = Column("ONTIME", "1D", "s", "length of the rows")
ROW_EXPOSURE = Column("EXPOSURE", "1D", "s", "live (or on) time of the column's PCU")
ROW_BACKFILE = Column("BACKFILE", "A", "", "file and row of the background")

#: Responses: effective area, redistribution matrix, nominal energies of the channels.
ENERG_LO = Column("ENERG_LO", "E", "keV", "lower edge of the energy bin")
ENERG_HI = Column("ENERG_HI", "E", "keV", "upper edge of the energy bin")
SPECRESP = Column("SPECRESP", "E", "cm**2", "effective area")

#: Columns that decoding adds to event files.
PCUID = Column("PCUID", "B", "", "PCU, 0 to 4", 255)
ANODEID = Column("ANODEID", "B", "", "10 (X1L), 11, 20, 21, 30, 31 (X3R), 40 propane", 255)
PHA = Column("PHA", "B", "chan", "channel element, from 0", 255)

#: Event lists that are screened, and events of GoodXenon.
EVENT_TIME = Column("TIME", "D", "s", "begin of the event's tick; TIMEZERO makes it MET (TT)")
EVENT_PHA = Column("PHA", "I", "chan", "channel element, from 0")
EVENT_ENERGY = Column("ENERGY", "E", "keV", "nominal energy in the middle of the element")
#: What times at the barycentre are called beside those at the spacecraft.
BARYTIME = Column("BARYTIME", "1D", "s", "with TIMEZERO added: TDB at the barycentre")

#: Fast light curves have a row for each run of bins; COUNTS2 and so on hold further bands.
RUN_TIME = Column("TIME", "1D", "s", "begin of the first bin, MET (TT)")
RUN_NUMBER = Column("NUMBER", "1J", "", "bins of the row")
RUN_COUNTS = Column("COUNTS1", "PJ", "count", "counts of each bin; PB or PI where they fit")
#: Dead time beside them.
DEADTIME = (
    Column("TIME", "1D", "s", "begin of the sample, MET (TT)"),
    Column("FRACTION", "1E", "", "part of it in which PCUs were dead, mean of those that were on"),
    Column("NUMBER", "1B", "", "PCUs of which that is the mean"),
)

#: Power spectra: at each frequency, in bins that grow, rms between frequencies, candidates of oscillations.
POWER = (
    Column("FREQ", "1D", "Hz", "frequency"),
    Column("POWER", "1D", "", "mean of the segments, Leahy's normalization"),
    Column("ERROR", "1D", "", "1 sigma error of POWER"),
    Column("NOISE", "1D", "", "level of Poisson noise with dead time"),
)
REBINNED = (
    Column("FREQ", "1D", "Hz", "middle of the bin"),
    Column("WIDTH", "1D", "Hz", "width of the bin"),
    Column("POWER", "1D", "", "mean, Leahy's normalization"),
    Column("ERROR", "1D", "", "1 sigma error of POWER"),
    Column("NOISE", "1D", "", "level of the noise"),
    Column("RMS2", "1D", "Hz**(-1)", "(rms/mean)^2/Hz of the source, without noise and background"),
    Column("RMS2_ERR", "1D", "Hz**(-1)", "1 sigma error of RMS2"),
    Column("NUMBER", "1J", "", "frequencies of the bin"),
)
RMS = (
    Column("LOW", "1D", "Hz", "from this frequency"),
    Column("HIGH", "1D", "Hz", "to this one"),
    Column("RMS", "1D", "", "fractional rms of the source; minus the root of the amount below the noise"),
    Column("ERROR", "1D", "", "1 sigma error of RMS"),
)
PEAKS = (
    Column("FREQ", "1D", "Hz", "highest bin"),
    Column("LOW", "1D", "Hz", "begin of the bins above the level"),
    Column("HIGH", "1D", "Hz", "their end"),
    Column("POWER", "1D", "", "of the highest bin, Leahy's normalization"),
    Column("CONTIN", "1D", "", "continuum around it"),
    Column("CHANCE", "1D", "", "that noise around the continuum gives this anywhere in the spectrum"),
    Column("RMS", "1D", "", "fractional rms above the continuum"),
)

#: TFORM of the texts is as wide as the longest one.
OBS_ID = Column("OBS_ID", "A", "", "observation")
OBS_OBJECT = Column("OBJECT", "A", "", "target as the observation spells it")
OBS_TSTART = Column("TSTART", "1D", "s", "start of the first bin, MET (TT)")
OBS_TSTOP = Column("TSTOP", "1D", "s", "end of the last bin, MET (TT)")
OBS_EXPOSURE = Column("EXPOSURE", "1D", "s", "sum of LiveTime (PCU x s), or of TIMEDEL x FRACEXP")
OBS_RATE = Column("RATE", "1D", "counts/s", "exposure-weighted mean")
OBS_ERROR = Column("ERROR", "1D", "counts/s", "1 sigma error of the mean")
OBS_OUTCOME = Column("OUTCOME", "A", "", "succeeded, no_work or failed")
OBS_CAVEATS = Column("CAVEATS", "A", "", "codes of what to know about it")

#: Columns of each table; BACKV and BACKE are there with a background, OBSINDEX in merged light curves.
TABLES: Mapping[str, tuple[Column, ...]] = {
    "RATE": (TIME, RATE, ERROR, FRACEXP, TIMEDEL, LIVE_TIME, ON_TIME, BACKV, BACKE, DEADC, OBSINDEX),
    "COUNTS": (TIME, COUNTS, COUNTS_ERROR, FRACEXP, TIMEDEL, LIVE_TIME, ON_TIME, BACKV, BACKE),
    "SPECTRUM": (CHANNEL, SPECTRUM_COUNTS, STAT_ERR),
    "SPECTRUM (type II)": (SPEC_NUM, CHANNEL, SPECTRUM_COUNTS, STAT_ERR, ROWID, ROW_ONTIME, ROW_EXPOSURE, ROW_BACKFILE),
    "STDGTI": STDGTI,
    "SPECRESP": (ENERG_LO, ENERG_HI, SPECRESP),
    "XTE_SE (decoded)": (PCUID, ANODEID, PHA),
    "XTE_SE (screened)": (EVENT_TIME, EVENT_PHA, PCUID, ANODEID, EVENT_ENERGY),
    "FAST": (RUN_TIME, RUN_NUMBER, RUN_COUNTS),
    "DEADTIME": DEADTIME,
    "POWER": POWER,
    "REBINNED": REBINNED,
    "RMS": RMS,
    "PEAKS": PEAKS,
    "OBSERVATIONS": (
        *(OBS_ID, OBS_OBJECT, OBS_TSTART, OBS_TSTOP, OBS_EXPOSURE, OBS_RATE, OBS_ERROR, OBS_OUTCOME, OBS_CAVEATS),
    ),
}


def documentation() -> str:
    """Return the tables of `TABLES` as Markdown, as ``docs/products.md`` holds them."""
    parts = []
    for name, columns in TABLES.items():
        rows = [f"| {c.name} | {c.form} | {c.unit} | {c.meaning} |" for c in columns]
        parts.append("\n".join([f"### {name}", "", "| column | TFORM | unit | meaning |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"

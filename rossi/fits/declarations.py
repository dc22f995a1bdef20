"""The columns of rossi's products, declared once: writers, readers and the documentation use these."""

from __future__ import annotations

from collections.abc import Mapping

from rossi.fits.writer import Column

TIME = Column("TIME", "1D", "s", "start of the bin, MET (TT)")
RATE = Column("RATE", "1D", "counts/s", "rate; of a PCU if there is LiveTime or OnTime")
COUNTS = Column("COUNTS", "1D", "counts", "counts")
MEAN = Column("MEAN", "1D", "counts", "mean counts of a sample")
ERROR = Column("ERROR", "1D", "counts/s", "1 sigma error of RATE")
COUNTS_ERROR = Column("ERROR", "1D", "counts", "1 sigma error of COUNTS")
FRACEXP = Column("FRACEXP", "1D", "", "exposure over length of the bin")
TIMEDEL = Column("TIMEDEL", "1D", "s", "length of the bin, where bins differ")
LIVE_TIME = Column("LiveTime", "1D", "s", "exposure, PCU s, dead time taken off")
ON_TIME = Column("OnTime", "1D", "s", "exposure, PCU s, with dead time")
#: The same of each PCU, in curves whose channels differ from PCU to PCU.
OF_PCU = tuple(Column(f"ExposurePcu{n}", "1E", "s", f"PCU {n}'s part of LiveTime or OnTime") for n in range(5))
BACKV = Column("BACKV", "1D", "", "background in the unit of RATE or COUNTS")
BACKE = Column("BACKE", "1D", "", "1 sigma error of BACKV")
DEADC = Column("DEADC", "1D", "", "dead fraction, for which RATE is corrected")
CRAB = Column("CRAB", "1E", "count/s/PCU", "rate of the Crab, the unit of RATE")
OBSINDEX = Column("OBSINDEX", "1J", "", "row of OBSERVATIONS, from 1")

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
EVENT_TIME = Column("TIME", "D", "s", "begin of the tick; MET (TT) with TIMEZERO")
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
    Column("FRACTION", "1E", "", "dead fraction, mean of the PCUs that were on"),
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
    Column("RMS2", "1D", "Hz**(-1)", "(rms/mean)^2/Hz of the source alone"),
    Column("RMS2_ERR", "1D", "Hz**(-1)", "1 sigma error of RMS2"),
    Column("NUMBER", "1J", "", "frequencies of the bin"),
)
RMS = (
    Column("LOW", "1D", "Hz", "from this frequency"),
    Column("HIGH", "1D", "Hz", "to this one"),
    Column("RMS", "1D", "", "fractional rms of the source; < 0: below noise"),
    Column("ERROR", "1D", "", "1 sigma error of RMS"),
)
PEAKS = (
    Column("FREQ", "1D", "Hz", "highest bin"),
    Column("LOW", "1D", "Hz", "begin of the bins above the level"),
    Column("HIGH", "1D", "Hz", "their end"),
    Column("POWER", "1D", "", "of the highest bin, Leahy's normalization"),
    Column("CONTIN", "1D", "", "continuum around it"),
    Column("CHANCE", "1D", "", "of this by noise anywhere in the spectrum"),
    Column("RMS", "1D", "", "fractional rms above the continuum"),
)

#: Power spectra of a source's observations, beside OBS_ID, TSTART and TSTOP; each cell has a value a frequency.
DYNAMIC = (
    Column("NSEG", "1J", "", "segments"),
    Column("RATE", "1D", "count/s", "mean rate"),
    Column("RATIO", "E", "", "power over noise"),
    Column("RMS2", "E", "Hz**(-1)", "(rms/mean)^2/Hz of the source"),
    Column("RMS2_ERR", "E", "Hz**(-1)", "1 sigma error of RMS2"),
)
#: Candidates of bursts.
BURSTS = (
    Column("TRIGGER", "1D", "s", "first significant bin of 1 s, MET (TT)"),
    Column("START", "1D", "s", "from here on above 25 % of the peak, MET (TT)"),
    Column("PEAKTIME", "1D", "s", "highest bin of 0.25 s, MET (TT)"),
    Column("RISE", "1D", "s", "from the start to 90 % of the peak"),
    Column("DECAY", "1D", "s", "from the peak to 10 % of it"),
    Column("TAU", "1D", "s", "fluence over peak"),
    Column("PEAK", "1D", "count/s", "above the base, a PCU"),
    Column("BASE", "1D", "count/s", "before the burst, a PCU, with background"),
    Column("FLUENCE", "1D", "count", "above the base to the end of the decay, a PCU"),
    Column("SIGNIF", "1D", "", "of the highest bin of 1 s, standard deviations"),
    Column("ACCEPTED", "1L", "", "whether it is not rejected"),
    Column("REASON", "A", "", "why it is rejected"),
    Column("BEGIN", "1D", "s", "of CURVE, MET (TT)"),
    Column("CURVE", "PE", "count/s", "rate a PCU around it, in bins of TIMEDEL"),
)

#: TFORM of the texts is as wide as the longest one.
OBS_ID = Column("OBS_ID", "A", "", "observation")
OBS_OBJECT = Column("OBJECT", "A", "", "target as the observation spells it")
OBS_TSTART = Column("TSTART", "1D", "s", "start of the first bin, MET (TT)")
OBS_TSTOP = Column("TSTOP", "1D", "s", "end of the last bin, MET (TT)")
OBS_EXPOSURE = Column("EXPOSURE", "1D", "s", "sum of LiveTime (PCU s) or TIMEDEL x FRACEXP")
OBS_RATE = Column("RATE", "1D", "count/s", "exposure-weighted mean, in the curve's unit")
OBS_ERROR = Column("ERROR", "1D", "count/s", "1 sigma error of the mean")
OBS_OUTCOME = Column("OUTCOME", "A", "", "succeeded, no_work or failed")
OBS_CAVEATS = Column("CAVEATS", "A", "", "codes of what to know about it")

#: Colours of single bins: ratios of the rates of two bands.
COLOUR = (
    TIME,
    Column("OBSINDEX", "1J", "", "row of OBSERVATIONS, from 1"),
    Column("HARD", "1D", "", "rate of the hard band (HARDBAND), in RATEUNIT"),
    Column("HARDERR", "1D", "", "1 sigma error of HARD"),
    Column("SOFT", "1D", "", "rate of the soft band (SOFTBAND)"),
    Column("SOFTERR", "1D", "", "1 sigma error of SOFT"),
    Column("COLOUR", "1D", "", "HARD / SOFT; NaN unless SOFT is above 0"),
    Column("ERROR", "1D", "", "1 sigma error of COLOUR"),
)

#: What a band in keV is; the energies that channels have drift from day to day.
BAND_EPOCH = Column("EPOCH", "1I", "", "gain epoch of the PCA; 0 for HEXTE")
BAND_DETECTOR = Column("DETNAM", "A", "", "PCU0 to PCU4, PWA, PWB")
BAND_START = Column("MJDSTART", "1D", "d", "first day (UTC)")
BAND_STOP = Column("MJDSTOP", "1D", "d", "last day")
BAND_FIRST = Column("MINCHAN", "1I", "", "first absolute channel that counts")
BAND_LAST = Column("MAXCHAN", "1I", "", "last absolute channel that counts")
BAND_E_MIN = Column("E_MIN", "1D", "keV", "lower edge of the first channel, on MJDSTART")
BAND_E_MAX = Column("E_MAX", "1D", "keV", "upper edge of the last channel, on MJDSTART")
BAND_E_MIN_STOP = Column("E_MINSTOP", "1D", "keV", "E_MIN on MJDSTOP")
BAND_E_MAX_STOP = Column("E_MAXSTOP", "1D", "keV", "E_MAX on MJDSTOP")

#: Columns of each table; BACKV and BACKE are there with a background, OBSINDEX in merged light curves.
TABLES: Mapping[str, tuple[Column, ...]] = {
    "RATE": (TIME, RATE, ERROR, FRACEXP, TIMEDEL, LIVE_TIME, ON_TIME, *OF_PCU, BACKV, BACKE, DEADC, CRAB, OBSINDEX),
    "COUNTS": (TIME, COUNTS, COUNTS_ERROR, FRACEXP, TIMEDEL, LIVE_TIME, ON_TIME, BACKV, BACKE),
    "SPECTRUM": (CHANNEL, SPECTRUM_COUNTS, STAT_ERR),
    "SPECTRUM (type II)": (SPEC_NUM, CHANNEL, SPECTRUM_COUNTS, STAT_ERR, ROWID, ROW_ONTIME, ROW_EXPOSURE, ROW_BACKFILE),
    "STDGTI": STDGTI,
    "SPECRESP": (ENERG_LO, ENERG_HI, SPECRESP),
    "XTE_SE (decoded)": (PCUID, ANODEID, PHA),
    "XTE_SE (screened)": (EVENT_TIME, EVENT_PHA, PCUID, ANODEID, EVENT_ENERGY),
    "FAST": (RUN_TIME, RUN_NUMBER, RUN_COUNTS),
    "COLOUR": COLOUR,
    "DEADTIME": DEADTIME,
    "POWER": POWER,
    "REBINNED": REBINNED,
    "RMS": RMS,
    "PEAKS": PEAKS,
    "ENERGIES": (
        *(BAND_EPOCH, BAND_DETECTOR, BAND_START, BAND_STOP, BAND_FIRST, BAND_LAST),
        *(BAND_E_MIN, BAND_E_MAX, BAND_E_MIN_STOP, BAND_E_MAX_STOP),
    ),
    "BURSTS": BURSTS,
    "DYNAMIC": (OBS_ID, OBS_TSTART, OBS_TSTOP, *DYNAMIC),
    "OBSERVATIONS": (
        *(OBS_ID, OBS_OBJECT, OBS_TSTART, OBS_TSTOP, OBS_EXPOSURE, OBS_RATE, OBS_ERROR, OBS_OUTCOME, OBS_CAVEATS),
    ),
}

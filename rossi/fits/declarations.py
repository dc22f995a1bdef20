"""The columns of rossi's products, declared once: writers, readers, checks and the documentation use these."""

from __future__ import annotations

from rossi.fits.writer import Column

TIME = Column("TIME", "1D", "s", "start of the bin, MET (TT)")
RATE = Column("RATE", "1D", "counts/s", "counts per second of exposure")
COUNTS = Column("COUNTS", "1D", "counts", "counts")
MEAN = Column("MEAN", "1D", "counts", "mean counts of a sample")
ERROR = Column("ERROR", "1D", "counts/s", "1 sigma error of RATE")
COUNTS_ERROR = Column("ERROR", "1D", "counts", "1 sigma error of COUNTS")
FRACEXP = Column("FRACEXP", "1D", "", "exposure over length of the bin")
LIVE_TIME = Column("LiveTime", "1D", "s", "exposure, PCU x seconds, dead time taken off")
ON_TIME = Column("OnTime", "1D", "s", "exposure, PCU x seconds, with dead time")
BACKV = Column("BACKV", "1D", "", "background in the same unit")
BACKE = Column("BACKE", "1D", "", "1 sigma error of BACKV")
START = Column("START", "1D", "s", "start of good time")
STOP = Column("STOP", "1D", "s", "end of good time")
STDGTI = (START, STOP)
STDGTI_SECONDS = (Column("START", "1D", "sec", START.meaning), Column("STOP", "1D", "sec", STOP.meaning))
CHANNEL = Column("CHANNEL", "1I", "", "number of the element, from 0")
SPECTRUM_COUNTS = Column("COUNTS", "1D", "count", "counts of the whole exposure")
STAT_ERR = Column("STAT_ERR", "1D", "count", "1 sigma error")

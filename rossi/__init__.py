"""Reduction of the archive of the Rossi X-ray Timing Explorer: arrays and FITS tables in, arrays and FITS tables out."""

__version__ = "0.1.0"

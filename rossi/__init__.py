"""Reduction of the archive of the Rossi X-ray Timing Explorer: FITS tables in, FITS tables out."""

__version__ = "0.1.0"

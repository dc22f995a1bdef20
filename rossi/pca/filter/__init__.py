"""The filter file of an observation, from its housekeeping: pointing, orbit, state of the PCUs, every 16 s."""

from rossi.pca.filter.build import build_filter_file
from rossi.pca.filter.indices import needed_files

__all__ = ["build_filter_file", "needed_files"]

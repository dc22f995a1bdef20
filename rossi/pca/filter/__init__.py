"""The filter file of an observation, from its housekeeping: pointing, orbit, state of the PCUs, every 16 s."""

from rossi.pca.filter.build import FilterFile, build_filter_file, filter_file
from rossi.pca.filter.indices import needed_files

__all__ = ["FilterFile", "build_filter_file", "filter_file", "needed_files"]

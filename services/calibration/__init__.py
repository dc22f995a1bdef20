"""Calibration files: which ones an observation needs, where they are, and a verified copy of each.

`find_calibration` takes a `CalibrationConfig` and the start of an observation; nothing else needs to know whether a
file came from a folder, a bucket or a web server.
"""

from rossi.calibration_roles import Role
from services.calibration.config import CalibrationConfig
from services.calibration.find import CalibrationFile, check_calibration, find_calibration

__all__ = ["CalibrationConfig", "CalibrationFile", "Role", "check_calibration", "find_calibration"]

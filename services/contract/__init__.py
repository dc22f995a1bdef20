"""What every stage, engine and executor agrees on."""

from rossi.product import About, File
from services.contract.engine import EngineName
from services.contract.manifest import MANIFEST_VERSION, FileName, InputRecord, Manifest, OutputRecord
from services.contract.outcome import VANISHED, Caveat, ExitCode, FailureKind, Frozen, Outcome
from services.contract.result import ObservationResult, StageResult
from services.contract.stage import ARCHIVE, CALIBRATION, Config, Input, Inputs, Look, Output, Outputs, Stage, always

__all__ = [
    "ARCHIVE",
    "CALIBRATION",
    "MANIFEST_VERSION",
    "VANISHED",
    "About",
    "Caveat",
    "Config",
    "EngineName",
    "ExitCode",
    "FailureKind",
    "File",
    "FileName",
    "Frozen",
    "Input",
    "InputRecord",
    "Inputs",
    "Look",
    "Manifest",
    "ObservationResult",
    "Outcome",
    "Output",
    "OutputRecord",
    "Outputs",
    "Stage",
    "StageResult",
    "always",
]

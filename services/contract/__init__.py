"""What every stage, engine and executor agrees on."""

from services.contract.manifest import MANIFEST_VERSION, FileName, InputRecord, Manifest, OutputRecord, StageRequest
from services.contract.outcome import VANISHED, Caveat, ExitCode, FailureKind, Frozen, Outcome
from services.contract.result import ObservationResult, StageResult
from services.contract.shard import Shard
from services.contract.stage import ARCHIVE, CALIBRATION, Config, File, Input, Inputs, Output, Outputs, Stage, always

__all__ = [
    "ARCHIVE",
    "CALIBRATION",
    "MANIFEST_VERSION",
    "VANISHED",
    "Caveat",
    "Config",
    "ExitCode",
    "FailureKind",
    "File",
    "FileName",
    "Frozen",
    "Input",
    "InputRecord",
    "Inputs",
    "Manifest",
    "ObservationResult",
    "Outcome",
    "Output",
    "OutputRecord",
    "Outputs",
    "Shard",
    "Stage",
    "StageRequest",
    "StageResult",
    "always",
]

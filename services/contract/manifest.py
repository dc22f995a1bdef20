"""What stands beside the products of a stage, and what one asks for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from services.contract.outcome import Caveat, Frozen, Outcome

#: Version of the manifest's layout; part of the fingerprint, so that manifests of other layouts lie elsewhere.
MANIFEST_VERSION = 2

#: What manifests name is put together to keys and to paths of copies, so nothing may lead elsewhere.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=@-][A-Za-z0-9_+=@.-]*\z")]


class InputRecord(Frozen):
    """One input as it stands in a manifest: its identity, not its content."""

    input: str
    path: str
    size: int
    identity: str


class OutputRecord(Frozen):
    """One output as it stands in a manifest."""

    output: str
    name: FileName
    size: int
    sha256: str


class Manifest(Frozen):
    """What stands beside the products of a stage; its presence says that they are complete.

    Parameters
    ----------
    seal : str
        sha256 of the manifest without it, as `services.contract.seal` makes it; the last field.
    """

    version: int = MANIFEST_VERSION
    stage: FileName
    obsid: FileName | Literal[""]
    fingerprint: FileName
    config: dict[str, Any]
    inputs: tuple[InputRecord, ...]
    outputs: tuple[OutputRecord, ...]
    outcome: Outcome
    caveats: tuple[Caveat, ...] = ()
    summary: dict[str, Any] = {}
    versions: dict[str, str]
    seconds: float
    created: str
    seal: str = ""


class StageRequest(Frozen):
    """Everything one stage needs to run for one observation: a container's whole input.

    Parameters
    ----------
    stage, obsid : str
    config : dict
        Validated against the stage's own model.
    archive, store : str
        URLs. Credentials never stand here.
    cache : dict
        Where copies of a remote archive's files are kept; see `services.storage.CacheConfig`.
    calibration : dict
        Where calibration files come from; see `services.calibration`.
    prefix : str
        Run prefix within the store.
    upstream : dict
        For inputs from other stages: key of that stage's manifest.
    """

    stage: str
    obsid: str
    config: dict[str, Any] = {}
    archive: str = ""
    cache: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    store: str
    prefix: str = ""
    upstream: dict[str, str] = {}

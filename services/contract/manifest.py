"""What stands beside the products of a stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PlainSerializer
from pydantic_core import to_jsonable_python

from rossi.product import About
from services.contract.engine import EngineName
from services.contract.outcome import Caveat, Frozen, Outcome

#: Version of the manifest's layout; part of the fingerprint, so that manifests of other layouts lie elsewhere.
MANIFEST_VERSION = 3

#: What manifests name is put together to keys and to paths of copies, so nothing may lead elsewhere.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=@-][A-Za-z0-9_+=@.-]*\z")]


@lru_cache(maxsize=256)
def _told(about: About) -> dict[str, Any]:
    """Return what a manifest says of a file: an observation's products are those of others."""
    return {name: value for name, value in to_jsonable_python(about).items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One input as it stands in a manifest: its identity, not its content."""

    __pydantic_config__: ClassVar[ConfigDict] = Frozen.model_config

    input: str
    path: str
    size: int
    identity: str


class OutputRecord(Frozen):
    """One output as it stands in a manifest.

    Parameters
    ----------
    about : About
        What it holds; nothing is told in the layout before.
    shared : bool
        Whether it lies where all of its content do, and other manifests may name it, too.
    start : int or None [byte]
        Where it begins in the object that holds several of the stage's files; None of one that is an object itself.
    """

    output: str
    name: FileName
    size: int
    sha256: str
    about: Annotated[About, PlainSerializer(_told)] = About()
    shared: bool = False
    start: int | None = None


class Manifest(Frozen):
    """What stands beside the products of a stage; its presence says that they are complete.

    Parameters
    ----------
    engine : EngineName or None
        Who computed; None for stages that no engine carries out, and in the layout before.
    source : str
        Slug of the source that it is about, for what is made of one source's observations.
    seal : str
        sha256 of the manifest without it, as `services.contract.seal` makes it; the last field.
    """

    version: int = MANIFEST_VERSION
    stage: FileName
    obsid: FileName | Literal[""]
    fingerprint: FileName
    engine: EngineName | None = None
    config: dict[str, Any]
    inputs: tuple[InputRecord, ...]
    outputs: tuple[OutputRecord, ...]
    outcome: Outcome
    caveats: tuple[Caveat, ...] = ()
    summary: dict[str, Any] = {}
    versions: dict[str, str]
    seconds: float
    created: str
    source: FileName | Literal[""] = ""
    seal: str = ""

"""The documents of a release: what each says, under a seal."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from rossi.errors import DataError
from services.contract import FileName, Frozen
from services.contract.seal import is_intact, seal
from services.storage.base import ObjectStore

_REMEDY = "`rossi verify --remove` removes it, `rossi publish` has readers take another release"


class Source(Frozen):
    """The products of one source. Keys are relative to the prefix.

    Parameters
    ----------
    name : str
        As people spell it.
    slug : FileName
        As it stands in names of files.
    merge : str
        Key of the manifest of what was merged.
    folder : str
        Where the merged files lie.
    files : tuple of FileName
        Their names.
    size : int [byte]
        Of the merged files.
    observations : int
    stages : tuple of str
        Keys of the manifests of the observations' stages; empty if `products` is given.
    products : str
        Key of the `Products` that name them.
    """

    name: str
    slug: FileName
    merge: str
    folder: str
    files: tuple[FileName, ...]
    size: int
    observations: int
    stages: tuple[str, ...] = ()
    products: str = ""


class Products(Frozen):
    """The manifests of the stages of a source's observations; keys are relative to the prefix."""

    version: int = 1
    stages: tuple[str, ...]
    seal: str = ""


class Release(Frozen):
    """What a run published.

    Parameters
    ----------
    created : datetime
        UTC, whole seconds.
    sources : tuple of Source
    front : str
        Key of the manifest of the front page; empty where there is none.
    """

    version: int = 1
    created: datetime
    sources: tuple[Source, ...]
    front: str = ""
    seal: str = ""

    @property
    def name(self) -> str:
        """By which people call it: ``20261129T030412-1f2e3d4c``. Names sort by time."""
        content = "".join(source.model_dump_json() for source in self.sources) + self.front
        return f"{self.created:%Y%m%dT%H%M%S}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    @property
    def observations(self) -> int:
        """Of all sources."""
        return sum(source.observations for source in self.sources)

    @property
    def size(self) -> int:
        """Of all merged files [byte]."""
        return sum(source.size for source in self.sources)


class Current(Frozen):
    """Which release readers are to take.

    Parameters
    ----------
    release : FileName
        Its name.
    path : str
        Where it lies, relative to this document.
    chosen : bool
        Whether somebody has asked for it: then a run that changes nothing does not go on from it.
    """

    version: int = 1
    release: FileName
    path: str
    chosen: bool = False
    seal: str = ""


Document = TypeVar("Document", Release, Products, Current)


def read_document(model: type[Document], store: ObjectStore, key: str, data: bytes) -> Document:
    """Return what was read from under a key.

    Raises
    ------
    DataError
        If it can't be read as such a document, or any byte of it has changed.
    """
    try:
        document = model.model_validate_json(data)
    except ValidationError as error:
        raise DataError(
            f"{store.url(key)}: not a document of this version ({model.__name__}, {error.error_count()} problems); "
            f"{_REMEDY}."
        ) from None
    if not is_intact(data):
        raise DataError(f"{store.url(key)}: the document's content does not fit its seal, it is damaged; {_REMEDY}.")
    return document


def sealed(document: Frozen) -> bytes:
    """Return a document as it is put."""
    return seal(document.model_dump_json(indent=1).encode())

"""What an S3 server answers to a request for the objects in a bucket (ListObjectsV2)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from services.storage.archive import ArchiveFile
from services.storage.base import Refusal, StoreError
from services.storage.web import etag, number

#: Size of an answer at most [byte]: a thousand keys of a thousand bytes, each written as %41.
MOST_LISTING = 1 << 22


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing.

    Parameters
    ----------
    files : tuple of ArchiveFile
        By their keys.
    folders : tuple of str
        Prefixes, with the slash at their end.
    is_truncated : bool
    token : str
        With which to ask for the next part.
    """

    files: tuple[ArchiveFile, ...]
    folders: tuple[str, ...]
    is_truncated: bool
    token: str


class _NoDocumentType(ElementTree.TreeBuilder):
    """A listing declares nothing, least of all entities."""

    def doctype(self, *_: str) -> None:
        raise ElementTree.ParseError("a document type")


def read_page(data: bytes, prefix: str, where: str) -> Page:
    """Return what an answer says; of keys, those that begin as was asked for.

    Raises
    ------
    Refusal
        If it is no listing.
    StoreError
        If it is none that can be read to its end.
    """
    try:
        top = ElementTree.fromstring(data, ElementTree.XMLParser(target=_NoDocumentType()))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
        if (start and not start.startswith(b"<")) or start[:14].lower() in {b"<!doctype html", b"<html>"}:
            raise Refusal(
                f"{where}: the server answers with what is no listing of a bucket; it is no S3 server"
            ) from None
        raise StoreError(f"{where}: the listing can't be read ({error}); try again later.") from None
    if top.tag.rpartition("}")[2] != "ListBucketResult":
        raise Refusal(f"{where}: the server answers with <{top.tag[:80]}>, which is no listing of a bucket")
    quoted = _text(top, "EncodingType") == "url"
    files = tuple(file for entry in top.iterfind("{*}Contents") if _is_below(file := _file(entry, quoted), prefix))
    folders = [_name(entry, "Prefix", quoted) for entry in top.iterfind("{*}CommonPrefixes")]
    return Page(
        files,
        tuple(folder for folder in folders if folder.startswith(prefix)),
        _text(top, "IsTruncated") == "true",
        _text(top, "NextContinuationToken"),
    )


def _file(entry: ElementTree.Element, quoted: bool) -> ArchiveFile:
    return ArchiveFile(_name(entry, "Key", quoted), number(_text(entry, "Size")), etag(_text(entry, "ETag")))


def _is_below(file: ArchiveFile, prefix: str) -> bool:
    return file.path.startswith(prefix) and not file.path.endswith("/")


def _name(entry: ElementTree.Element, tag: str, quoted: bool) -> str:
    text = _text(entry, tag)
    return unquote_plus(text) if quoted else text


def _text(entry: ElementTree.Element, tag: str) -> str:
    return entry.findtext(f"{{*}}{tag}") or ""

"""An archive in a public bucket, read without credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from rossi.errors import ConfigError
from services.storage.archive import MOST_FILES, UNKNOWN, ArchiveFile, endless
from services.storage.base import MissingObject, Refusal, StoreError
from services.storage.network import distrust
from services.storage.places import Root, candidates
from services.storage.remote import REQUESTS, Content, Together
from services.storage.s3 import new_client, parse_s3_url
from services.storage.web import Web, content, ranged

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Where the HEASARC's bucket is.
_REGION = "us-east-1"
#: This host answers for buckets of any region.
_AMAZON = "https://{}.s3.amazonaws.com"
#: botocore is the layer that repeats requests; nothing is ever signed, whatever credentials there are.
_CLIENT = Config(
    signature_version=UNSIGNED,
    s3={"addressing_style": "path"},
    max_pool_connections=REQUESTS,
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 5},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_MD5 = re.compile("etag:([0-9a-f]{32})")


def anonymous_buckets(url: str) -> S3Folder:
    """Return the archive at ``s3://bucket/prefix?endpoint=...&region=...``; see `candidates` for short forms.

    Raises
    ------
    ConfigError
        If the URL makes no sense.
    """
    place = parse_s3_url(url)
    try:
        client = new_client(boto3.session.Session(), place, place.region or _REGION, _CLIENT)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"s3://{place.bucket}: the S3 client can't be set up ({error}).") from None
    objects = f"{place.endpoint.rstrip('/')}/{place.bucket}" if place.endpoint else _AMAZON.format(place.bucket)
    return S3Folder(client, Web(objects), place.bucket, f"s3://{place.bucket}/{place.prefix}", objects)


class S3Folder:
    """See `services.storage.remote.Remote`.

    Parameters
    ----------
    client : S3Client
        One that does not sign, shared by threads.
    web : Web
        Reads objects, which are files on the web to whoever reads without credentials.
    bucket : str
    root : str
        ``s3://bucket/prefix``.
    objects : str
        URL of the bucket for `web`.
    """

    def __init__(self, client: S3Client, web: Web, bucket: str, root: str, objects: str) -> None:
        self._client = client
        self._web = web
        self._objects = objects
        self._bucket = bucket
        self._root = Root(candidates(root), self._answers)

    @property
    def url(self) -> str:
        """Where it lies."""
        return str(self._root)

    def files(self, path: str, together: Together) -> list[ArchiveFile]:  # noqa: ARG002 - pages follow each other
        """See `Remote.files`."""
        prefix = self._key("")
        found = []
        for page in self._pages(Prefix=f"{self._key(path)}/".lstrip("/")):
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                if not key.endswith("/"):
                    identity = _identity(entry.get("ETag", ""))
                    found.append(ArchiveFile(key[len(prefix) :].lstrip("/"), entry["Size"], identity))
            if len(found) > MOST_FILES:
                raise endless(f"{self.url}/{path}")
        return found

    def directories(self, path: str) -> list[str]:
        """See `Remote.directories`."""
        prefix = f"{self._key(path)}/".lstrip("/")
        found: list[str] = []
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            found += [entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", ())]
            if len(found) > MOST_FILES:
                raise endless(f"{self.url}/{path}")
        return found

    def head(self, path: str) -> ArchiveFile | None:
        """See `Remote.head`."""
        try:
            with self._errors(path):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._key(path))
        except MissingObject:
            return None
        return ArchiveFile(path, answer.get("ContentLength", UNKNOWN), _identity(answer.get("ETag", "")))

    def read(self, path: str, start: int, size: int) -> Content | None:
        """See `Remote.read`; boto3 takes several times as long to ask for what is not signed."""
        url = f"{self._objects}/{quote(self._key(path))}"
        return self._web.ask("GET", url, lambda answer: _content(answer, start, size), ranged(start))

    def _key(self, path: str) -> str:
        prefix = self._root.find().removeprefix(f"s3://{self._bucket}").strip("/")
        return "/".join(filter(None, (prefix, path)))

    def _answers(self, place: str) -> bool:
        prefix = place.removeprefix(f"s3://{self._bucket}").strip("/")
        with self._errors(place):
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=f"{prefix}/AO", MaxKeys=1)
        return bool(answer.get("KeyCount", len(answer.get("Contents", ()))))

    def _pages(self, **options: Any) -> Iterator[Mapping[str, Any]]:
        last: Mapping[str, Any] = {}
        where = f"s3://{self._bucket}/{options['Prefix']}"
        with self._errors(where):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **options)
            for page in pages:
                last = page
                yield page
        if last.get("IsTruncated"):
            raise StoreError(f"{where}: the listing stops in the middle; try again later.")

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        where = path if path.startswith("s3://") else f"{self.url}/{path}"
        try:
            yield
        except ClientError as error:
            raise _meaning(error, where, self._bucket) from None
        except (BotoCoreError, HTTPError) as error:
            if why := distrust(error):
                raise ConfigError(f"{where}: {why}.") from None
            raise StoreError(
                f"{where}: the archive's server can't be reached or broke off ({error}); check the network and try "
                "again."
            ) from None


def _content(answer: BaseHTTPResponse, start: int, size: int) -> Content:
    """Return what came of an object, with the MD5 of it whole: with a key of its own, or in parts, its ETag is none."""
    found = content(answer, start, size)
    plain = "kms" not in answer.headers.get("x-amz-server-side-encryption", "") and _MD5.fullmatch(found.identity)
    return replace(found, md5=plain[1]) if plain else found


def _identity(tag: str) -> str:
    return f"etag:{tag.strip(chr(34))}" if tag else ""


def _meaning(error: ClientError, where: str, bucket: str) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return ConfigError(f"{where}: there is no bucket {bucket!r}; check the archive's URL.")
    if status == 404:
        return MissingObject(f"{where}: there is no such object.")
    if status == 501 or (300 <= status < 500 and status not in {408, 409, 429}):
        return Refusal(f"{where}: the server refused {error.operation_name} without credentials ({code or status})")
    return StoreError(f"{where}: {error.operation_name} failed on the archive's server ({code or status}).")

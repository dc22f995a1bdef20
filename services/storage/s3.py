"""A store in a bucket of any S3 server."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.loaders import Loader, create_loader

from rossi.errors import ConfigError
from services.storage.at_once import at_once
from services.storage.base import MissingObject, ObjectInfo, StoreError, Tagged, check_key, is_key, no_room
from services.storage.network import authorities, distrust, proxy_for
from services.storage.s3_url import S3Place, parse_s3_url

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: botocore is the one layer that repeats requests. Many servers do not know the check sums that newer clients add by
#: default, and range requests to them fail.
_CLIENT = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    max_pool_connections=32,
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 5},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


#: Objects that one request removes, at most: S3's own limit.
_BATCH = 1000
#: What servers answer that know no DeleteObjects, or want another check sum with it than clients send today.
_NO_BATCHES = frozenset({400, 404, 405, 501})


class S3Store:
    """Objects in a bucket.

    Objects are created with ``If-None-Match: *``, of which the server lets one writer win. Some servers ignore that
    header, and some do not take a request that has it (501). So the first write of a process looks first whether the
    object is there, creates it, and then creates it again with equal content: a server that accepts this, or does not
    take it, is written to with a look before every put from then on (but for keys that follow from the content). On
    such a server two writers at the same instant may both believe to have created an object, and the later one's stays.
    Objects are replaced with ``If-Match``, and what has just been said holds for it as well.

    Parameters
    ----------
    client : S3Client
        A boto3 client, shared by threads.
    bucket : str
    prefix : str
        Put in front of every key; empty or ending with a slash.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._honours_condition: bool | None = None
        self._takes_condition = True
        self._honours_match: bool | None = None
        self._bare_tags = False  # Ceph's gateway compares what stands in If-Match, quotes and all, with a bare tag
        self._takes_batches = True

    @property
    def conditional(self) -> bool:
        """See `ObjectStore.conditional`."""
        return self._honours_condition is not False and self._honours_match is not False

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put`."""
        if self._honours_condition:
            return self._create(key, data)
        if self.head(key) is not None or not self._create(key, data):
            return False
        if self._honours_condition is None:
            self._honours_condition = not self._create(key, data)
        return True

    def put_in_order(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_in_order`."""
        return [self.put(key, data) for key, data in contents]

    def put_contents(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_contents`."""
        known = self._honours_condition is not None  # else only one looks
        first = [self.put(*content) for content in contents[: not known]]
        return first + at_once(lambda content: self._create(*content), contents[len(first) :])

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        with self._errors(key):
            return self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"].read()

    def head(self, key: str) -> ObjectInfo | None:
        """See `ObjectStore.head`."""
        try:
            with self._errors(key):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
        except MissingObject:
            return None
        return ObjectInfo(key, answer["ContentLength"], answer["LastModified"].timestamp())

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    key = entry["Key"][len(self._prefix) :]
                    if is_key(key):
                        yield ObjectInfo(key, entry["Size"], entry["LastModified"].timestamp())

    def occupied(self, folder: str, names: Collection[str]) -> set[str]:
        """See `ObjectStore.occupied`: a request tells of a thousand folders, from the next one that is asked for on."""
        start = self._prefix + (f"{folder}/" if folder else "")
        left, found = sorted(f"{start}{name}/" for name in names), set[str]()
        while left:
            there, last = self._folders(start, left[0])
            found |= there.intersection(left)
            behind = [] if last is None else [one for one in left if one > last]
            if len(behind) == len(left):  # the server does not begin where it was asked to
                return set(names)
            left = behind
        return {one[len(start) : -1] for one in found}

    def _folders(self, start: str, first: str) -> tuple[set[str], str | None]:
        """Return some folders from a first one on, and how far they are all that there are: None for to the end."""
        with self._errors(start):
            options: Any = {"Bucket": self._bucket, "Prefix": start, "Delimiter": "/", "StartAfter": first[:-1]}
            answer = self._client.list_objects_v2(**options)
        told = [one["Prefix"] for one in answer.get("CommonPrefixes", ())]
        told += [one["Key"] for one in answer.get("Contents", ())]
        folders = {f"{start}{key[len(start) :].partition('/')[0]}/" for key in told}
        return folders, max(told, default="") if answer.get("IsTruncated", "NextContinuationToken" in answer) else None

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        try:
            with self._errors(key):
                self._client.delete_object(Bucket=self._bucket, Key=self._key(key))
        except MissingObject:  # what some servers answer
            return

    def delete_all(self, keys: Iterable[str]) -> None:
        """See `ObjectStore.delete_all`."""
        waiting = iter(keys)
        while batch := list(islice(waiting, _BATCH)):
            if not (self._takes_batches and self._delete_batch(batch)):
                for key in batch:
                    self.delete(key)

    def get_tagged(self, key: str) -> Tagged:
        """See `ObjectStore.get_tagged`."""
        with self._errors(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            return Tagged(answer["Body"].read(), answer["ETag"])

    def swap(self, key: str, data: bytes, tag: str) -> bool:
        """See `ObjectStore.swap`."""
        try:
            return self._swap(key, data, tag)
        except MissingObject:
            return False

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:  # noqa: ARG002 - there never are any
        """See `ObjectStore.leftovers`."""
        return iter(())

    def discard(self, leftovers: Iterable[ObjectInfo], prefix: str = "") -> None:
        """See `ObjectStore.discard`."""

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return f"s3://{self._bucket}/{self._key(key)}"

    def _key(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _create(self, key: str, data: bytes) -> bool:
        with self._errors(key):
            condition: Any = {"IfNoneMatch": "*"} if self._takes_condition else {}
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, **_told(key), **condition)
            except ClientError as error:
                if condition and _not_implemented(error):
                    self._takes_condition = self._honours_condition = False
                    return self._create(key, data)
                if _status(error) == 412:
                    self._honours_condition = True
                    return False
                if _status(error) != 409:  # another writer is at it; whether it succeeds is not known yet
                    raise
                if self.head(key) is None:
                    raise
                return False
        return True

    def _swap(self, key: str, data: bytes, tag: str) -> bool:
        if not self._honours_match and self.get_tagged(key).tag != tag:
            return False
        done = self._replace(key, data, tag)
        if not done:
            found = self.get_tagged(key)
            if found.data == data:  # a request that was repeated met its own first attempt
                return True
            if found.tag == tag and not self._bare_tags:
                self._bare_tags = True
                done = self._replace(key, data, tag)
        if done and self._honours_match is None:  # the tag is an old one by now
            self._honours_match = not self._replace(key, data, tag)
        return done

    def _replace(self, key: str, data: bytes, tag: str) -> bool:
        with self._errors(key):
            condition: Any = {"IfMatch": tag.strip('"') if self._bare_tags else tag}
            if self._honours_match is False:
                condition = {}
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, **_told(key), **condition)
            except ClientError as error:
                if condition and _not_implemented(error):
                    self._honours_match = False
                    return self._replace(key, data, tag)
                if _status(error) not in {409, 412}:  # 409: another writer is at it
                    raise
                return False
        return True

    def _delete_batch(self, keys: Sequence[str]) -> bool:
        """Remove objects by one request; False if the server takes no such requests."""
        objects: Any = {"Objects": [{"Key": self._key(key)} for key in keys], "Quiet": True}
        with self._errors(keys[0]):
            try:
                answer = self._client.delete_objects(Bucket=self._bucket, Delete=objects)
            except ClientError as error:
                if _status(error) in _NO_BATCHES and error.response["Error"].get("Code") != "NoSuchBucket":
                    self._takes_batches = False
                    return False
                raise
        # What is said of single objects is found out, and told, by asking once more.
        for one in answer.get("Errors", ()):
            self.delete(one.get("Key", "").removeprefix(self._prefix) or keys[0])
        return True

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        where = f"s3://{self._bucket}/{self._prefix}{key}"
        try:
            yield
        except ClientError as error:
            raise _meaning(error, where, self._bucket) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise ConfigError(
                f"{where}: no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
            ) from None
        except BotoCoreError as error:
            if why := distrust(error):
                raise ConfigError(f"{where}: {why}.") from None
            raise StoreError(f"{where}: the server can't be reached or broke off ({error}).") from None


def _told(key: str) -> Any:
    """Return what a browser is to take an object for, where that matters: pages, and what they load."""
    kind, packed = mimetypes.guess_type(key)
    return {"ContentType": kind} if kind in _FOR_BROWSERS and packed is None else {}


#: Without being told, servers say application/octet-stream, and a browser would save a page instead of showing it.
_FOR_BROWSERS = {
    "text/html",
    "text/javascript",
    "application/javascript",
    "image/png",
    "image/svg+xml",
    "application/pdf",
}
#: Codes of servers whose disks are full, or a quota on them: MinIO's, Ceph's and others', some with 400 or 403.
_NO_ROOM = re.compile("StorageFull|QuotaExceeded|InsufficientStorage|NoSpace")


def _not_implemented(error: ClientError) -> bool:
    return _status(error) == 501 or error.response.get("Error", {}).get("Code") == "NotImplemented"


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _meaning(error: ClientError, where: str, bucket: str) -> Exception:
    code, status = error.response.get("Error", {}).get("Code", ""), _status(error)
    if code == "NoSuchBucket":
        return ConfigError(f"{where}: there is no bucket {bucket!r}; make it, or check the store's URL.")
    if status == 404:
        return MissingObject(f"{where}: the store has no such object.")
    if status == HTTPStatus.INSUFFICIENT_STORAGE or _NO_ROOM.search(code):
        return no_room(where, code or status)
    if 300 <= status < 500 and status not in {408, 409, 429}:
        return ConfigError(
            f"{where}: the server refused {error.operation_name} ({code or status}); check the credentials, what they "
            "are allowed to do, the region and the endpoint."
        )
    return StoreError(f"{where}: {error.operation_name} failed on the server ({code or status}).")


def new_client(session: boto3.session.Session, place: S3Place, region: str, config: Config) -> S3Client:
    """Return a client that trusts whom the environment says and does not ask again whom it does not trust.

    Raises
    ------
    ConfigError
        If the environment's proxy can't be used.
    """
    proxy_for(place.endpoint or "https://s3.amazonaws.com")
    trusted = None if os.environ.get("AWS_CA_BUNDLE") else authorities()
    client = session.client("s3", endpoint_url=place.endpoint, region_name=region, config=config, verify=trusted)

    def at_once(caught_exception: Exception | None = None, **_: object) -> None:
        if caught_exception is not None and distrust(caught_exception):
            raise caught_exception

    client.meta.events.register_first("needs-retry.s3", at_once)
    return client


def open_s3(url: str) -> S3Store:
    """Open the store at an s3 URL; see `parse_s3_url`.

    Credentials come from boto3's own chain (environment, profile, instance), never from the URL.

    Raises
    ------
    ConfigError
        If the URL makes no sense or carries a password; the message does not repeat it.
    """
    place = parse_s3_url(url)
    try:
        session = _session()
        client = new_client(session, place, place.region or session.region_name or "us-east-1", _CLIENT)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"s3://{place.bucket}: the S3 client can't be set up ({error}).") from None
    return S3Store(client, place.bucket, place.prefix)


def _session() -> boto3.session.Session:
    """Return a session that finds credentials anew; what botocore reads of how to speak S3 is read once."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _loader())
    return boto3.session.Session(botocore_session=session)


@cache
def _loader() -> Loader:
    return create_loader()

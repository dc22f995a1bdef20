"""What an s3 URL says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from rossi.errors import ConfigError
from services.storage.base import check_key, split_url

_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
_PARAMETERS = frozenset({"endpoint", "region", "products"})
_PRODUCTS = frozenset({"together", "single"})


@dataclass(frozen=True, slots=True)
class S3Place:
    """What an s3 URL says.

    Parameters
    ----------
    bucket, prefix : str
        The prefix is empty or ends with a slash.
    endpoint, region : str or None
    together : bool
        Whether several products of an observation are put into one object.
    """

    bucket: str
    prefix: str
    endpoint: str | None = None
    region: str | None = None
    together: bool = True


def parse_s3_url(url: str) -> S3Place:
    """Take ``s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1`` apart.

    Raises
    ------
    ConfigError
        If the URL makes no sense or carries a password; the message does not repeat it.
    """
    parts = split_url(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint = options.get("endpoint")
    if "@" in parts.netloc or (endpoint and "@" in split_url(endpoint).netloc):
        raise ConfigError(
            "The s3 URL carries a user name or password; remove it and set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )
    if unknown := sorted(options.keys() - _PARAMETERS):
        raise ConfigError(
            f"The s3 URL has the parameter {unknown[0]!r}; it may have endpoint, region and products only."
        )
    if (products := options.get("products", "together")) not in _PRODUCTS:
        raise ConfigError(f"products is {products!r} in the s3 URL; it may be together (one object a stage) or single.")
    if not _BUCKET.fullmatch(parts.netloc):
        raise ConfigError(f"{parts.netloc!r} is no name of a bucket; an s3 URL looks like s3://bucket/prefix.")
    if endpoint is not None and not re.match(r"https?://[^/]", endpoint):
        raise ConfigError(f"The endpoint {endpoint!r} of the s3 URL is no URL; one looks like http://127.0.0.1:9000.")
    prefix = unquote(parts.path).strip("/")
    if prefix:
        prefix = check_key(prefix) + "/"
    return S3Place(parts.netloc, prefix, endpoint, options.get("region"), products == "together")

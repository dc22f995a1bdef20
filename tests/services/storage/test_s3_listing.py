"""What servers call a listing of a bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage import StoreError
from services.storage.archive import UNKNOWN, ArchiveFile
from services.storage.base import Refusal
from services.storage.s3_listing import read_page

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def page(*parts, namespace=NAMESPACE):
    return f"<?xml version='1.0'?><ListBucketResult {namespace}>{''.join(parts)}</ListBucketResult>".encode()


def entry(key, size="3", tag="&quot;abc&quot;"):
    return f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{tag}</ETag></Contents>"


@pytest.mark.parametrize("namespace", [NAMESPACE, "", 'xmlns="urn:other"'])
def test_files_folders_and_what_follows(namespace):
    folder = "<CommonPrefixes><Prefix>a/c/</Prefix></CommonPrefixes>"
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</NextContinuationToken>"
    found = read_page(page(entry("a/b"), entry("a/"), folder, more, namespace=namespace), "a/", "s3://x/a/")
    assert found.files == (ArchiveFile("a/b", 3, "etag:abc"),)
    assert (found.folders, found.is_truncated, found.token) == (("a/c/",), True, "t+/=")


def test_keys_as_they_are_and_as_urls():
    quoted = "<EncodingType>url</EncodingType>"
    assert [f.path for f in read_page(page(entry("a/b%2Bc+d")), "", "").files] == ["a/b%2Bc+d"]
    assert [f.path for f in read_page(page(quoted, entry("a/b%2Bc+d%0A")), "", "").files] == ["a/b+c d\n"]


def test_what_was_not_asked_for_is_left_out():
    other = "<CommonPrefixes><Prefix>b/c/</Prefix></CommonPrefixes>"
    found = read_page(page(entry("b/x"), entry("ab"), entry("a/x"), other), "a/", "")
    assert [file.path for file in found.files] == ["a/x"]
    assert found.folders == ()


@pytest.mark.parametrize("size", ["-1", "", "1e3", "many", "9" * 5000, "٣"])
def test_sizes_that_are_none(size):
    assert [file.size for file in read_page(page(entry("a", size=size)), "", "").files] == [UNKNOWN]


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"\0\0",
        b"<!DOCTYPE html><html><body><p>Hello",
        b"<html><body>Hello</body></html>",
        b"<Error><Code>X</Code></Error>",
    ],
)
def test_what_is_no_listing(data):
    with pytest.raises(Refusal, match=r"^s3://b/a: the server answers with "):
        read_page(data, "", "s3://b/a")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        page(entry("a"))[:-20],
        b"<?xml version='1.0' encoding='foo'?><a/>",
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ListBucketResult>&a;</ListBucketResult>',
    ],
)
def test_what_can_not_be_read(data):
    with pytest.raises(StoreError, match=r"^s3://b/a: the listing can't be read \(.*try again later"):
        read_page(data, "", "s3://b/a")


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_anything_is_a_page_or_a_sentence(start, inside):
    for data in (start, page(entry(inside.decode("latin-1")), start.decode("latin-1"))):
        try:
            read_page(data, "a", "s3://b/a")
        except (Refusal, StoreError) as error:
            assert str(error).startswith("s3://b/a: ")

"""Opening an archive imports no library that its kind does not need."""

import subprocess
import sys

import pytest

from tests.flows.support import ROOT


@pytest.mark.parametrize(
    ("url", "not_needed"),
    [
        ("{}", ("boto3", "botocore", "urllib3")),
        ("s3://bucket/archive?endpoint=http://127.0.0.1:9", ("boto3", "botocore")),
        ("http://127.0.0.1:9", ("boto3", "botocore")),
    ],
)
def test_what_an_archive_does_not_need(tmp_path, url, not_needed):
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({not_needed!r})); from services.storage import open_archive; "
        f"open_archive({url.format(tmp_path)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

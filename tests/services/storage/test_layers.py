"""What the rooms of `services` import: no circles, and no library that a kind of archive does not need."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.flows.support import ROOT

STORAGE = ROOT / "services" / "storage"


def imported(path):
    """Return the modules of `services.storage` that one names, wherever in it."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    names = [node.module or "" for node in nodes if (node.module or "").startswith("services.storage")]
    return {name.removeprefix("services.storage").removeprefix(".") or "__init__" for name in names}


def test_the_modules_of_the_storage_import_each_other_in_no_circle():
    graph = {path.stem: imported(path) for path in STORAGE.glob("*.py")}
    assert graph["opening"] >= {"local", "s3", "local_archive", "remote", "remote_http", "remote_s3"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


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

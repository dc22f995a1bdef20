import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.contract import StageResult
from services.storage import open_store
from tests import forks
from tests.services.fakes import make_archive, request

ROOT = Path(__file__).parents[3]
SCRIPT = """
from services.execution.entry import main
from tests.services.fakes import COUNT, install

install()
main(COUNT)
"""
SLOW = """
import time
from tests.services import fakes
from services.execution.entry import main

def run(config, inputs):
    print("running", flush=True)
    time.sleep(60)

fakes.install(count=run)
main(fakes.COUNT)
"""


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT)]))


@pytest.fixture
def ask(tmp_path):
    make_archive(tmp_path / "archive", o20402_01_45_03="banana")

    (tmp_path / "script.py").write_text(SCRIPT)

    def run(*arguments, stdin=""):
        return forks.run(str(tmp_path / "script.py"), arguments, tmp_path, os.environ, stdin)

    def with_request(**options):
        options = {"archive": tmp_path / "archive", "store": tmp_path / "store", **options}
        return run("--request", "-", stdin=request(**options).model_dump_json())

    run.with_request = with_request
    return run


@pytest.mark.parametrize(
    ("options", "code", "outcome"),
    [
        ({}, 0, "succeeded"),
        ({"config": {"ends": "no time"}}, 0, "no_work"),
        ({"config": {"ends": "bug"}}, 1, "failed"),
        ({"config": {"ends": "bad data"}}, 20, "failed"),
    ],
)
def test_exit_codes(ask, options, code, outcome):
    done = ask.with_request(**options)
    result = StageResult.model_validate_json(done.stdout)
    assert (done.returncode, result.outcome) == (code, outcome)
    assert result.message in done.stderr
    assert ("Traceback" in done.stderr) == (code == 1)


def test_request_from_a_file(tmp_path):
    make_archive(tmp_path / "archive", o20402_01_45_03="banana")
    path = tmp_path / "request.json"
    path.write_text(request(archive=tmp_path / "archive", store=tmp_path / "store").model_dump_json())
    assert subprocess.run([sys.executable, "-c", SCRIPT, "--request", path], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["--request", "absent.json"], "", "absent.json"),
        (["--request", "-"], "{", "Invalid JSON"),
        (["--request", "-"], '{"stage": "count", "obsid": "x", "store": "s", "sotre": ""}', "did you mean store?"),
        (["--request", "-"], '{"stage": "count", "store": "s"}', "'obsid' is missing"),
        (["--request", "-"], '{"stage": "count", "obsid": "x", "store": "s", "config": {"lettre": "a"}}', "lettre"),
        ([], "", "--request"),
    ],
)
def test_bad_requests_are_one_sentence(ask, arguments, stdin, words):
    done = ask(*arguments, stdin=stdin)
    assert done.returncode == 21
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_print_config(ask, tmp_path):
    done = ask("--print-config")
    assert json.loads(done.stdout) == {"letter": "a", "ends": "well"}
    text = request(config={"letter": "z"}).model_dump_json()
    assert json.loads(ask("--print-config", "--request", "-", stdin=text).stdout)["letter"] == "z"
    assert not (tmp_path / "store").exists()


def test_help_shows_an_example(ask):
    done = ask("--help")
    assert done.returncode == 0
    assert '{"stage": "count", "obsid": "20402-01-45-03"' in done.stdout
    assert "completion" not in done.stdout


def test_query_alone(tmp_path):
    make_archive(tmp_path / "archive", o20402_01_45_03="banana")
    text = request("query", "", archive=tmp_path / "archive", store=tmp_path / "store").model_dump_json()
    query = [sys.executable, "-m", "services.query", "--request", "-"]
    done = subprocess.run(query, input=text, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    result = StageResult.model_validate_json(done.stdout)
    assert (done.returncode, result.summary) == (0, {"observations": 1, "archive": str(tmp_path / "archive")})
    assert [c.code for c in result.caveats] == ["index_unreadable"]


def test_sigterm_leaves_nothing_half_done(tmp_path):
    make_archive(tmp_path / "archive", o20402_01_45_03="banana")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "--request", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(request(archive=tmp_path / "archive", store=tmp_path / "store").model_dump_json().encode())
    process.stdin.close()
    assert process.stdout.readline() == b"running\n"
    process.send_signal(signal.SIGTERM)
    said = process.stderr.read().decode()
    assert process.wait(30) == 1
    assert "SIGTERM" in said
    assert "Traceback" not in said
    assert list(open_store(str(tmp_path / "store")).list()) == []
    process.stdout.close()
    process.stderr.close()

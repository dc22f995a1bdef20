"""Every input that ever made a reader or parser fail, a few fresh ones, and what has to be refused at once."""

import io
import random
from pathlib import Path

import pytest
from astropy.io import fits

from rossi.errors import ConfigError, DataError
from rossi.expression import compile_expression
from rossi.extract.channels import parse_channels
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, attempt
from tests.fuzz.tasks import TASKS, expect_a_sentence

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*/*"))
FRESH = 150
#: The same for tasks, of which each input calls several.
FRESH_TASKS = 15


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_failed(path):
    attempt(path.parent.name.replace("_", " "), path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_fresh_inputs(name):
    """The same ones on every day: what is new is looked for with `make fuzz`, and never in another's change."""
    target, chance = TARGETS[name], random.Random(name)
    for _ in range(FRESH_TASKS if name in TASKS else FRESH):
        attempt(name, mutate(chance, target.seeds(), target.words))


@pytest.mark.parametrize("name", TASKS)
def test_tasks_take_good_files(name, tmp_path, monkeypatch):
    """Otherwise damaged ones would be refused for another reason than their damage."""
    monkeypatch.chdir(tmp_path)
    for path, data in TASKS[name].files().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    for text in TASKS[name].calls:
        assert expect_a_sentence(text) == 0, text


def emptied(data):
    """Yield a FITS file once for each of its tables, which has no rows."""
    for number in range(1, data.count(b"XTENSION= 'BINTABLE'") + 1):
        with fits.open(io.BytesIO(data)) as hdus, io.BytesIO() as changed:
            hdus[number].data = hdus[number].data[:0]
            hdus.writeto(changed)
            yield changed.getvalue()


@pytest.mark.parametrize("name", TASKS)
def test_tables_without_rows(name):
    files = TASKS[name].files()
    for number, path in enumerate(TASKS[name].names):
        for data in emptied(files[path]):
            attempt(name, data + bytes([number]))


@pytest.mark.parametrize("name", TARGETS)
def test_examples_are_understood(name):
    for seed in TARGETS[name].seeds():
        try:
            TARGETS[name].run(seed)
        except (ConfigError, DataError) as error:
            assert name == "names" or "File" in str(error), error


@pytest.mark.parametrize(
    "text",
    [
        "ELV > 4 && " * 100_000 + "T",
        "(" * 10_000 + "T" + ")" * 10_000,
        "!" * 5_000 + "T",
        "-" * 5_000 + "1 > 0",
        "T ? " * 1_000 + "T" + " : F" * 1_000,
        "ABS(" * 2_000 + "1" + ")" * 2_000 + " > 0",
        "1" * 1_000_000,
    ],
    ids=["a megabyte", "parentheses", "not", "minus", "conditions", "functions", "digits"],
)
def test_expressions_that_are_too_much(text):
    with pytest.raises(ConfigError) as refused:
        compile_expression(text)
    assert len(str(refused.value)) < 800


@pytest.mark.parametrize("text", ["0:999999999", "0:999999999;1", "0~9;0", "9:0", "1" * 5000, "0~1;" + "9" * 30])
def test_channel_lists_that_are_too_much(text):
    with pytest.raises(DataError):
        parse_channels(text)

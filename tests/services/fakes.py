"""Two chains of two tiny stages each, an archive for them, and a store that fails when told to."""

import datetime
import errno
import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError, NoGoodTime
from services.contract import Caveat, EngineName, File, Frozen, Input, Output, Outputs, Stage
from services.engines import ENGINES, Native
from services.execution import stages as execution
from services.execution.request import StageRequest
from services.storage import StoreError
from services.storage.at_once import at_once

_SERIAL = itertools.count()


class CountConfig(Frozen):
    letter: str = "a"
    ends: Literal["well", "no time", "bad data", "bad config", "bug", "full", "undeclared", "empty", "nothing"] = "well"


class DoubleConfig(Frozen):
    factor: int = 2


def count(config, inputs):
    """Count a letter in the data files; the product carries a serial number, as real ones carry the date."""
    texts = [file.data.decode() for file in inputs["data"]]
    if "corrupt" in texts:
        raise DataError(f"{inputs['data'][0].name}: the file is corrupt.")
    match config.ends:
        case "no time":
            raise NoGoodTime("All 12 rows are outside the good time.")
        case "bad data":
            raise DataError("pca/1.txt: the file is damaged.")
        case "bad config":
            raise ConfigError("Letter 'a' does not exist.")
        case "bug":
            raise RuntimeError("unforeseen")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device", "/tmp/sandbox/x.fits")
        case "undeclared":
            return Outputs({"surprise": (File("x", b"x"),)})
        case "empty":
            return Outputs({"number": (File("number.txt", b""),)})
        case "nothing":
            return Outputs({})
    number = sum(text.count(config.letter) for text in texts)
    made = f"{number} made {datetime.datetime.now().isoformat()} {next(_SERIAL)}"
    caveats = (Caveat(code="few", message="There are few letters."),) if number < 3 else ()
    return Outputs({"number": (File("number.txt", made.encode()),)}, caveats, {"number": number})


def double(config, inputs):
    """Multiply what `count` found."""
    number = int(inputs["number"][0].data.split()[0])
    return Outputs({"product": (File("product.txt", str(number * config.factor).encode()),)})


COUNT = Stage(
    "count",
    1,
    CountConfig,
    (
        Input("data", "text", pattern=r"pca/\d\.txt", at_most=2, missing="There is no text; fetch it."),
        Input("extra", "more text", pattern=r"extra\.txt", at_least=0),
    ),
    (Output("number", "how many"),),
)
DOUBLE = Stage("double", 1, DoubleConfig, (Input("number", "how many", source="count"),), (Output("product", "x"),))
#: Another instrument's stages: they know nothing of the first one's.
TALLY = replace(COUNT, name="tally")
TREBLE = replace(DOUBLE, name="treble", inputs=(Input("number", "how many", source="tally"),))
STAGES = {stage.name: stage for stage in (COUNT, DOUBLE, TALLY, TREBLE)}


class FakeEngine:
    """Carries these stages out, and all others as rossi does."""

    functions = {"count": count, "double": double, "tally": count, "treble": double}

    def run(self, stage, config, inputs):
        return self.functions.get(stage, partial(Native().run, stage))(config, inputs)

    def versions(self, stage):
        return {}


def configured(**stages):
    """Configurations of these stages."""
    return {name: STAGES[name].config(**given) for name, given in stages.items()}


def install(**functions):
    """Have executors of this process know these stages, some carried out by other functions."""
    execution.STAGES = STAGES
    ENGINES[EngineName.NATIVE] = FakeEngine()
    FakeEngine.functions |= functions


def use_fakes(monkeypatch):
    """Have executors know these stages, and an engine for them, in the place of the real ones."""
    monkeypatch.setattr("services.execution.stages.STAGES", STAGES)
    monkeypatch.setitem(ENGINES, EngineName.NATIVE, FakeEngine())


def make_archive(root: Path, **observations: str) -> Path:
    """Make an archive; keyword ``o20402_01_45_03="text"`` gives that observation one data file."""
    for name, text in observations.items():
        folder = root / ObsID(name[1:].replace("_", "-")).path
        (folder / "pca").mkdir(parents=True)
        (folder / "pca/1.txt").write_text(text)
        (folder / "FMI").write_text("not looked at")
    return root


def request(stage="count", obsid="20402-01-45-03", *, archive="", store="", config=None, upstream=None):
    return StageRequest(
        stage=stage,
        obsid=obsid,
        config=STAGES[stage].config(**(config or {})) if stage in STAGES else config or {},
        archive=str(archive),
        store=str(store),
        prefix="run/1",
        upstream=upstream or {},
    )


class FaultyStore:
    """A store that counts what is asked of it, and fails where `fails(method, key)` says so."""

    def __init__(self, store, fails=lambda *_: False, error=StoreError):
        self.store, self.fails, self.error, self.calls = store, fails, error, []

    def put_in_order(self, contents):
        return [self.put(*content) for content in contents]

    def put_contents(self, contents):
        return at_once(lambda content: self.put(*content), contents)

    def __getattr__(self, method):
        def call(key="", *arguments):
            self.calls.append((method, key))
            if self.fails(method, key):
                raise self.error("the server broke off")
            return getattr(self.store, method)(key, *arguments)

        return call

"""Which files of the fast data are fetched: those that their headers say are needed, and no others."""

import re
from dataclasses import replace

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.fits.reader import open_fits
from rossi.simulate import Configurations, FastSpec, ObservationSpec, simulate_observation
from rossi.timing.choice import Wish
from rossi.timing.modes import Configuration, Kind, Modes
from rossi.timing.wanted import wanted_files
from rossi.timing.xenon_file import Layout, xenon_file
from services.contract import Frozen, Input, Stage
from services.contract.science import needed_science
from services.execution import fetching
from services.execution.completeness import examine
from services.execution.fetching import needed
from services.execution.inputs import Sources, choose, read
from services.execution.request import StageRequest
from services.storage import open_archive
from services.storage.memory import MemoryStore
from tests.servers.tap import serving
from tests.servers.web import WebServer

START = 110_145_600
OBSIDS = {which: ObsID(f"20101-01-01-{n:02}") for n, which in enumerate(Configurations)}
FAST = r"pca/(FS(37|3b|3f|4f)_[0-9a-f]+-[0-9a-f]+|GX_.*\.evt)(\.gz)?"


class Asked(Frozen):
    """What is made."""

    resolution: float = 2.0**-8
    first: int = 0
    last: int = 35
    events: bool = False


def _narrow(config, look):
    return needed_science(look, [Wish(config.resolution, config.first, config.last)], events=config.events)


STAGE = Stage(
    name="pca_prep",  # any name that there is
    version=1,
    config=Asked,
    inputs=(
        Input("science", "user configurations", pattern=FAST, at_least=0, narrow=_narrow),
        Input("index", "indices", pattern="FMI|FI[A-Z]{2}_.*", at_least=0),
    ),
    outputs=(),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An archive of an observation for each set of configurations, GoodXenon merged and in halves."""
    folder = tmp_path_factory.mktemp("narrowing")
    for which, obsid in OBSIDS.items():
        files = simulate_observation(ObservationSpec(obsid, START, 256, flux=0.1, slew=0, fast=FastSpec(which)))
        if which == Configurations.XENON:
            halves = [open_fits(data, path) for path, data in files.items() if re.match("pca/FS3", path)]
            files[f"pca/GX_{START:x}-{START + 256:x}.evt"] = xenon_file(*halves, Layout.OGIP)[0]
        for path, data in files.items():
            place = folder / obsid.path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder


def names(archive, which, config, monkeypatch):
    """Return what begins the names of files that are to be fetched."""
    monkeypatch.setattr(fetching, "load_stage", lambda name: STAGE)
    found = needed(archive, str(OBSIDS[which]), {"pca_prep": config})
    return [file.path.partition("/pca/")[2].partition("_")[0] for file in found.files if "/pca/" in file.path]


@pytest.mark.parametrize(
    ("which", "config", "expected"),
    [
        (Configurations.XENON, Asked(), ["GX"]),
        (Configurations.XENON, Asked(events=True), ["GX"]),
        (Configurations.BINNED, Asked(), ["FS37"]),
        (Configurations.BINNED, Asked(events=True), ["FS37", "FS3b"]),
        (Configurations.BINNED, Asked(last=249), ["FS37", "FS3b"]),
        (Configurations.BINNED, Asked(first=100, last=200), ["FS3b"]),
        (Configurations.BINNED, Asked(resolution=2.0**-10), []),  # no mode is as fine there
        (Configurations.SINGLE_BIT, Asked(last=13), ["FS3b"]),
        (Configurations.SINGLE_BIT, Asked(last=35), ["FS3b", "FS3f"]),
        (Configurations.EVENTS, Asked(), ["FS4f"]),
        (Configurations.EVENTS, Asked(resolution=0.125, last=255), []),  # Standard1 has it
        (Configurations.NONE, Asked(events=True), []),
    ],
)
def test_what_is_needed_and_no_more(root, monkeypatch, which, config, expected):
    assert names(open_archive(str(root)), which, config, monkeypatch) == expected


def test_a_server_is_asked_for_headers_and_nothing_else(root, monkeypatch):
    with serving(WebServer(root)) as server:
        archive = open_archive(server.url)
        assert names(archive, Configurations.SINGLE_BIT, Asked(last=13), monkeypatch) == ["FS3b"]
        got = [line for line in server.log if line.startswith("GET") and not line.endswith("/")]
        read = {re.search(r"/(FS..)_", line)[1] for line in got if "/FS" in line}
        assert read == {"FS46", "FS3b", "FS3f", "FS4f"}
        assert all("bytes=0-" in line for line in got if "/FS" in line)


def request(which, config):
    return StageRequest(stage=STAGE.name, obsid=str(OBSIDS[which]), archive="x", store="memory:", config=config)


def test_the_executor_reads_only_those(root):
    archive = open_archive(str(root))
    sources = Sources(archive, MemoryStore())
    asked = request(Configurations.BINNED, Asked())
    chosen = choose(STAGE.inputs, asked, sources)
    assert [record.path[:8] for record in chosen.records if record.input == "science"] == ["pca/FS37"]
    assert [path[:8] for path in chosen.left_out] == ["pca/FS3b"]
    inputs = read(STAGE.inputs, asked, chosen, sources)
    assert [file.name[:8] for file in inputs["science"]] == ["pca/FS37"]
    assert examine(STAGE.inputs, asked.obsid, inputs, chosen.left_out).caveats == ()
    lost = examine(STAGE.inputs, asked.obsid, inputs).caveats
    assert [caveat.code for caveat in lost] == ["files_missing"]


def test_a_damaged_file_and_a_lonely_half_are_told(root, tmp_path):
    obsid = OBSIDS[Configurations.XENON]
    for path in (root / obsid.path / "pca").glob("FS*"):
        if not path.name.startswith("FS3b"):
            place = tmp_path / obsid.path / "pca" / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes()[: 200 if "FS46" in path.name else None])
    sources = Sources(open_archive(str(tmp_path)), MemoryStore())
    chosen = choose(STAGE.inputs, request(Configurations.XENON, Asked(events=True)), sources)
    assert chosen.records == ()
    assert [caveat.code for caveat in chosen.caveats] == ["file_left_out", "half_missing", "no_mode"]
    assert "FS46" in chosen.caveats[0].message and "FS37" in chosen.caveats[1].message


def mode(path, kind, start, stop, name="x", last=249):
    bounds = np.array([[0, last]])
    return Configuration(path, name, kind, 2.0**-13, bounds, start, stop, (0, 1, 2, 3, 4), True, True)


def test_only_files_of_the_time_that_is_chosen():
    merged = mode("gx", Kind.XENON, 0, 100, "GoodXenon_2s", 255)
    halves = [
        mode(f"{n}{start}", Kind.XENON_HALF, start, start + 100, f"GoodXenon{n}_2s", 255)
        for n in (1, 2)
        for start in (0, 100)
    ]
    events = [mode(f"e{start}", Kind.EVENTS, start, start + 100, "E_125us") for start in (0, 100, 200)]
    found, remarks = wanted_files(Modes({}, [merged, *halves, *events]), [Wish(2**-10, 0, 30)], events=True)
    assert found == ("1100", "2100", "e200", "gx")
    assert remarks == ()
    again, remarks = wanted_files(Modes({}, [*events, replace(merged, stop=250)]), events=True)
    assert again == ("e200", "gx")

"""``rossi doctor --network``: from a name to a report, over a network, with what is wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.simulate import _configuration
from flows.core.settings import Settings, load_settings
from flows.core.validation import Validated
from flows.doctor import Finding, Verdict
from flows.doctor.contact import first_contact, verdict_of
from rossi.archive import ObsID
from rossi.met import met_to_mjd
from rossi.simulate import ObservationSpec, orbit, simulate_observation
from rossi.simulate.calibration import calibration_files
from rossi.validate.table import table_of
from rossi.validate.verdict import Comparison, not_compared
from rossi.validate.verdict import Verdict as Verdict_
from tests.servers.rows import ETA_CAR
from tests.servers.tap import TapServer, serving
from tests.servers.web import WebServer

#: The catalogue knows one more than the archive has; the shortest is too short.
OBSIDS, ABSENT, SHORT = [f"20402-01-0{n}-00" for n in range(4)], "20402-01-08-00", "20402-01-09-00"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Settings that name a catalogue and an archive on servers."""
    root = tmp_path_factory.mktemp("elsewhere")
    rows = []
    for number, obsid in enumerate([*OBSIDS, ABSENT, SHORT]):
        length = 16 * (24 + number)
        start = visible(100_000_000 + 96_000 * number, length)
        exposure = {ABSENT: 310.0, SHORT: 100.0}.get(obsid, float(length))
        rows.append(
            {
                "target_name": "ETA_CAR",
                "cycle": 2,
                "prnb": 20402,
                "obsid": obsid,
                "time": round(float(met_to_mjd(start)), 5),
                "exposure": exposure,
                "ra": ETA_CAR[0],
                "dec": ETA_CAR[1],
            }
        )
        if obsid in OBSIDS:
            spec = ObservationSpec(ObsID(obsid), start, length, target="ETA_CAR", slew=0, entropy=(number,))
            files = simulate_observation(spec)
            if obsid == OBSIDS[0]:  # a product that is wrong: the background in place of the source
                files = {name: files[name.replace("_s0.pha", "_b0.pha")] for name in files}
            write(root, spec.obsid.path, files)
    write(root, "calibration", calibration_files())
    with serving(TapServer(rows)) as tap, serving(WebServer(root)) as web:
        values = load_settings(configuration(root)).model_dump(mode="json", exclude_none=True, by_alias=True)
        yield {
            "archive": web.url,
            "root": root,
            "calibration": values["calibration"],
            "query": {"service": tap.url, "resolver": f"{tap.root}/sesame/"},
        }


def visible(after: int, length: int) -> int:
    """Return when the source is in view for so long, a multiple of 16 s."""
    about = ObservationSpec(ObsID(OBSIDS[0]), after)
    time = np.arange(after, after + 6000, 16)
    up = orbit.elevation(time, orbit.unit(about.ra, about.dec)) > 10.0
    return next(int(time[n]) for n in range(len(time) - length // 16) if up[n : n + length // 16].all())


def write(root: Path, folder: str, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def configuration(root: Path) -> Path:
    path = root / "rossi.toml"
    path.write_text(_configuration(root))
    return path


@pytest.fixture
def settings(elsewhere: dict[str, Any], tmp_path: Path) -> Settings:
    values = {name: value for name, value in elsewhere.items() if name != "root"}
    return load_settings(None, values | {"cache": {"folder": str(tmp_path / "cache")}})


def by_step(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {one.what: one for one in findings}


@pytest.mark.usefixtures("without_figures")
def test_from_a_name_to_a_report(
    settings: Settings, elsewhere: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.engines.native.validation.find_spec", lambda _name: None)  # without figures
    found = by_step(first_contact(settings, tmp_path / "out"))
    verdicts = {what: one.verdict for what, one in found.items()}
    fine = dict.fromkeys(("Query", "Fetch", "Reduce"), Verdict.FINE)
    assert verdicts == {**fine, "Validate": Verdict.BROKEN, "Report": Verdict.FINE}, found
    assert found["Query"].found == "eta car: 6 observations."
    # the three shortest that are there and long enough
    assert found["Fetch"].found.startswith("3 observations, ")
    assert f" MB: {', '.join(OBSIDS[:3])}. {ABSENT}" in found["Fetch"].found
    assert found["Reduce"].found == "3 succeeded."
    table = Table.read(tmp_path / "out/validation.ecsv")
    assert sorted(set(table["obsid"])) == OBSIDS[:3]
    number = sum(table["what"] != "column")
    assert f"1 of {number} products differ: {OBSIDS[0]} xh{ObsID(OBSIDS[0]).stem}_s0.pha;" in found["Validate"].found
    assert "please send validation.ecsv" in found["Validate"].found
    assert (tmp_path / "out/report.html").is_file()


def test_when_nothing_differs(tmp_path: Path) -> None:
    one = Comparison("xp20402010000_n2a.lc", "light curve", Verdict_.SAME)
    table = table_of(OBSIDS[0], [one, not_compared("xp20402010000_n2b.lc", "light curve", "No background.")])
    found = verdict_of([Validated(OBSIDS[0], table)], tmp_path)
    assert (found.verdict, found.found.partition(";")[0]) == (Verdict.FINE, "none of 2 products differs")
    assert verdict_of([Validated(OBSIDS[0], table_of(OBSIDS[0], []))], tmp_path).verdict is Verdict.ABSENT


@pytest.mark.parametrize(
    ("query", "step", "says"),
    [
        ({"obsids": ["20402-01-08-00"]}, "Fetch", "20402-01-08-00/ is not in the archive"),
        ({"targets": ["nobody"], "source": "catalogue"}, "Query", ": 0 observations"),
        ({"service": "http://127.0.0.1:9/tap", "name": "eta car"}, "First contact", "127.0.0.1:9"),
    ],
)
def test_what_goes_wrong_on_the_way(
    settings: Settings, tmp_path: Path, query: dict[str, Any], step: str, says: str
) -> None:
    asked = settings.query.model_copy(update=type(settings.query)(**query).model_dump(include=set(query)))
    *_, last = first_contact(settings.model_copy(update={"query": asked}), tmp_path)
    assert last.verdict is not Verdict.FINE
    assert says in last.found or step in last.what


def test_the_command(settings: Settings, elsewhere: dict[str, Any], tmp_path: Path) -> None:
    import tomlkit

    values = {name: value for name, value in elsewhere.items() if name != "root"}
    values["query"] = {**values["query"], "obsids": [ABSENT]}
    (tmp_path / "rossi.toml").write_text(tomlkit.dumps(values | {"cache": {"folder": str(tmp_path / "cache")}}))
    done = CliRunner().invoke(
        app, ["doctor", "--network", "--config", str(tmp_path / "rossi.toml"), "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 1, done.output
    assert "Fetch" in done.output
    assert "is not in the archive" in " ".join(done.output.split())

"""`rossi validate` on one simulated observation, and a campaign that validates."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.table import Table

from flows.cli import main
from flows.cli.simulate import _configuration
from flows.core.settings import Settings, load_settings
from flows.core.validation import validate_reference
from rossi.archive import ObsID
from rossi.simulate import ObservationSpec, simulate_observation
from rossi.simulate.calibration import calibration_files
from rossi.validate.reference import Reference, references

#: One that others have published numbers of, and the same under another name.
KNOWN, OTHER = "20053-04-01-01", "20101-01-01-00"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of two observations, and its configuration."""
    folder = tmp_path_factory.mktemp("validate")
    for obsid, duration in ((KNOWN, 960), (OTHER, 640)):
        spec = ObservationSpec(ObsID(obsid), 100_000_000, duration, slew=64)
        for name, data in simulate_observation(spec).items():
            path = folder / "archive" / spec.obsid.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (folder / "archive/calibration").mkdir()
    for name, data in calibration_files().items():
        (folder / "archive/calibration" / name).write_bytes(data)
    (folder / "archive/rossi.toml").write_text(_configuration(folder / "archive"))
    return folder


@pytest.fixture
def settings(here: Path) -> Settings:
    return load_settings(here / "archive/rossi.toml", {"store": str(here / "store")})


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def test_right_observations(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.engines.native.validation.find_spec", lambda _name: None)  # without figures
    config = ("--config", here / "archive/rossi.toml", "--store", here / "store", "--out", tmp_path)
    assert run("validate", "--sample", 2, *config) == 0
    said = capsys.readouterr().out
    found = Table.read(tmp_path / "validation.ecsv")
    lines = found[found["what"] != "column"]
    assert set(lines["obsid"]) == {KNOWN, OTHER}
    assert set(lines["verdict"]) == {"same", "within errors"}
    assert all(found["fine"])
    assert set(found["column"].filled("")) >= {"ELV", "OFFSET", "NUM_PCU_ON", "PCU2_ON", "TIME_SINCE_SAA", "ELECTRON2"}
    assert sum(line.startswith("n2a.lc ") for line in said.splitlines()) == 3  # each, and together
    assert f"2 observations, {len(lines)} comparisons: " in said
    assert not list(tmp_path.glob("*.png"))


def test_a_wrong_product_ends_with_20(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stdprod, stem = here / "archive" / ObsID(OTHER).path / "stdprod", ObsID(OTHER).stem
    (right, wrong) = (stdprod / f"xh{stem}_{name}.pha.gz" for name in ("s0", "b0"))
    kept = right.read_bytes()
    right.write_bytes(wrong.read_bytes())
    config = ("--config", here / "archive/rossi.toml", "--store", here / "store", "--out", tmp_path)
    try:
        assert run("validate", OTHER, *config) == 20
    finally:
        right.write_bytes(kept)
    assert list(tmp_path.glob("*_hexte_validation.png"))
    assert "s0.pha" in capsys.readouterr().out
    found = Table.read(tmp_path / "validation.ecsv")
    assert list(found[~found["fine"]]["product"]) == [f"xh{stem}_s0.pha"]


def test_what_is_asked_for_has_to_make_sense(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ("--config", here / "archive/rossi.toml")
    assert run("validate", *config) == run("validate", OTHER, "--sample", 2, *config) == 21
    assert "Name ObsIDs, or use --sample" in capsys.readouterr().err


def test_published_numbers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The observation is simulated, so that its numbers are others; those that it really has are found again."""
    # simulated counters make another electron ratio
    monkeypatch.setattr("flows.core.validation.pca_expression", lambda _epoch: "ELV > 10 && OFFSET < 0.02")
    (found,) = validate_reference(settings)
    assert found.obsid == KNOWN
    rows = {row["column"]: row for row in found.table}
    assert set(rows) == {one.quantity for one in references() if one.obsid == KNOWN}
    assert {row["verdict"] for row in rows.values()} == {"differs"}
    assert not found.is_right
    own = [
        Reference(KNOWN, "", "PCA", 3, name, row["ratio"] * one.value, float("nan"), row["unit"], "x")
        for one in references()
        if one.obsid == KNOWN and (row := rows[(name := one.quantity)])
    ]
    assert rows["coverage"]["ratio"] * 12336 == pytest.approx(960)
    (again,) = validate_reference(settings, expected=own)
    assert set(again.table["verdict"]) == {"same"}
    assert again.is_right


def test_published_numbers_of_hexte(settings: Settings) -> None:
    names = ("exposure", "background_exposure", "net_rate_25-40keV", "net_rate_40-60keV")
    expected = [
        Reference(OTHER, "", "HEXTE", 0, name, 1.0, 0.1, "count/s" if "rate" in name else "s", "x") for name in names
    ]
    (found,) = validate_reference(settings, expected=expected)
    own = {row["column"]: row["ratio"] for row in found.table}
    assert list(own) == list(names)
    # a dwell is half of the time, and a third of it dead; beside the source four of 32 s are lost to slews
    assert 100 < own["background_exposure"] < own["exposure"] < 320
    assert own["net_rate_25-40keV"] > own["net_rate_40-60keV"] > 0
    exposures = [row for row in found.table if row["unit"] == "s"]
    assert {(row["verdict"], bool(row["fine"])) for row in exposures} == {("differs", True)}


def test_an_archive_without_them_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ("--config", here / "archive/rossi.toml", "--store", here / "store")
    assert run("validate", "--reference", "10093-01-01-01", *config) == 21
    assert "has none of the observations of published numbers: 10093-01-01-01" in capsys.readouterr().err


def test_a_campaign_validates(here: Path) -> None:
    asked = load_settings(here / "archive/rossi.toml", {"campaign": {"validate": True}})
    assert list(asked.stages) == [
        *("pca_prep", "pca_extract", "pca_validate", "hexte_back", "hexte_dead", "hexte_validate")
    ]
    assert "pca_validate" not in load_settings(here / "archive/rossi.toml").stages

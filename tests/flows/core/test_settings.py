"""rossi.toml: what wins, what is refused and how, and that it survives being written."""

import datetime
import re
import tomllib
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from flows.core.settings import Settings, load_settings, require, to_toml
from rossi.errors import ConfigError
from services.contract.configuration import validate
from services.pca_extract.stage import PcaExtractConfig
from tests.conftest import LONG


def written(folder: Path, text: str) -> Path:
    path = folder / "rossi.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_default_is_the_recipe() -> None:
    settings = load_settings()
    extract = settings.pca_extract
    assert extract.expression == (
        "(ELV > 4) && (OFFSET < 0.1) && (NUM_PCU_ON > 0) && .NOT. ISNULL(ELV) && (NUM_PCU_ON < 6)"
    )
    assert [band.name for band in extract.bands] == ["ch5-10"]
    assert (extract.pcus, extract.layers, extract.binsz) == ("ALL", "ALL", 16.0)
    assert list(settings.stages) == ["pca_prep", "pca_extract", "hexte_back", "hexte_dead"]
    assert [band.name for band in settings.hexte_dead.bands] == ["ch15-61"]


def test_command_line_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'archive = "a"\nstore = "s"\n[campaign]\nworkers = 3\nshard_size = 7\n')
    settings = load_settings(path, {"archive": "b", "store": None, "campaign": {"workers": None}})
    assert (settings.archive, settings.store, settings.prefix) == ("b", "s", "")
    assert (settings.campaign.workers, settings.campaign.shard_size) == (3, 7)
    assert load_settings(path, {"campaign": {"workers": 5}}).campaign.shard_size == 7


def test_file_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().prefix == ""
    written(tmp_path, 'prefix = "here"')
    assert load_settings().prefix == "here"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[pca_extract]\nbinz = 32", ["[pca_extract]", "'binz'", "did you mean binsz?"]),
        ("[pca_extrct]\nbinsz = 32", ["'pca_extrct'", "did you mean pca_extract?"]),
        ("stoer = 'x'", ["'stoer'", "did you mean store?"]),
        ("[pca_extract]\nbinsz = -16", ["'binsz'", "-16", "greater than 0"]),
        ("[pca_extract]\nexpression = 'ELV >'", ["[pca_extract]"]),
        ("[pca_extract]\nbands = [{chmin = 10, chmax = 5}]", ["'bands.0'", "chmin 10 is above chmax 5"]),
        ("[pca_extract]\nbands = [{emin = 9, emax = 2}]", ["'bands.0'", "a band of 9 to 2 keV; rising numbers"]),
        ("[pca_extract]\nbands = [{emin = -2, emax = 2}]", ["'bands.0'", "a band of -2 to 2 keV; rising numbers"]),
        ("[pca_extract]\nbands = [{emin = 200, emax = 300}]", ["'bands.0'", "No gain epoch has channels for it."]),
        ("[pca_extract]\nbands = [{emin = 2, chmax = 9}]", ["'bands.0'", "both channels and energies are given"]),
        ("[pca_extract]\nbands = [{emin = 2}]", ["'bands.0'", "emax is missing"]),
        ("[hexte_dead]\nbands = ['16-16.5keV']", ["'bands.0'", "narrower than half a bin of HEXTE's archive mode"]),
        ("[campaign]\nshard_size = 201", ["'shard_size'", "201", "200"]),
        ("campaign = 3", ["'campaign'", "3", "a table was expected, {name = ..."]),
        ("[query]\ntargets = 'a'", ["'targets' is 'a': a list was expected, ['a'] for one."]),
        (
            "[pca_extract]\nbands = [[5, 10]]",
            ["'bands.0' is [5, 10]: a table was expected, {chmin = ..., chmax = ..., emin = ..., emax = ...}."],
        ),
        ("query = [1, 2]", ["'query'"]),
        ("[campaign]\nengine = 'fortran'", ["'engine'", "fortran", "native"]),
        ("store = 'x'\narchive = \n", ["TOML", "line 2"]),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, expected: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {"campaign": {"workers": None}})
    message = str(caught.value)
    for part in [str(path), *expected]:
        assert part in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 250


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    campaign, extract = "[campaign]\nworkers = 0\n", "[pca_extract]\nbinz = 16\nbands = ['9-2keV', '5-1keV']\n"
    path = written(tmp_path, f"{campaign}{extract}[merge]\nformat = 'x'\n[flows]")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    lines = str(caught.value).splitlines()
    assert {re.split(r";|' is ", line.removeprefix(str(path)))[0] for line in lines} == {
        ", [pca_extract]: there is no parameter 'binz'",
        ", [merge]: there is no parameter 'format'",
        ": there is no parameter 'flows'",
        ", [campaign]: parameter 'workers",
        ", [pca_extract]: parameter 'bands.0",
    }
    assert len(lines) == 5


def test_what_is_told_has_an_end() -> None:
    with pytest.raises(ConfigError, match=r"'x9'; there are [^\n]*\nx: 90 more are wrong\.$"):
        validate(PcaExtractConfig, {f"x{number}": 0 for number in range(100)}, "x")


def test_what_the_command_line_has_wrong_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "archive = 'a'")
    with pytest.raises(ConfigError, match=r"^command line, \[pca_extract\]: parameter 'bands.0' is '9-2keV'"):
        load_settings(path, {"pca_extract": {"bands": ["9-2keV"]}})


def test_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such configuration file"):
        load_settings(tmp_path / "nowhere.toml")


def test_missing_place_is_told() -> None:
    with pytest.raises(ConfigError, match=r"No store was given: use --store .*with --out, one is kept"):
        require(load_settings(None, {"archive": "a"}), "archive", "store")


def test_every_parameter_is_in_the_written_file() -> None:
    settings = load_settings()
    text = to_toml(settings)
    sections = [settings, *(value for _, value in settings if isinstance(value, BaseModel))]
    fields = (field for section in sections for field in type(section).model_fields.items())
    for name in {field.alias or name for name, field in fields}:
        assert re.search(rf"^(\[{name}\]|{name} = |# {name} = \(not set\))", text, re.MULTILINE), name


SETTINGS = st.fixed_dictionaries(
    {
        "store": st.text(),
        "query": st.fixed_dictionaries(
            {"targets": st.lists(st.text(), max_size=3)},
            optional={"start": st.dates(min_value=datetime.date(1995, 12, 30)) | st.floats(0, 1e9)},
        ),
        "pca_extract": st.fixed_dictionaries(
            {
                "binsz": st.integers(1, 1000).map(lambda rows: 16.0 * rows),
                "prefr": st.floats(0, 1),
                "bands": st.lists(
                    st.tuples(st.integers(0, 255), st.integers(0, 255)).map(
                        lambda pair: {"chmin": min(pair), "chmax": max(pair)}
                    )
                    | st.tuples(st.floats(0, 20), st.floats(22, 60)).map(
                        lambda pair: {"emin": pair[0], "emax": pair[1]}
                    ),
                    min_size=1,
                    max_size=4,
                ),
            }
        ),
        "merge": st.fixed_dictionaries({"title": st.text(min_size=1), "description": st.text()}),
        "campaign": st.fixed_dictionaries({"shard_size": st.integers(1, 200)}),
    }
)


@given(SETTINGS)
@hypothesis.settings(max_examples=100 if LONG else 25)
def test_written_settings_read_back_the_same(values: dict[str, object]) -> None:
    settings = load_settings(None, values)
    assert Settings.model_validate(tomllib.loads(to_toml(settings))) == settings


def test_bands_in_kev_and_their_names() -> None:
    """Text is as good as a table; bands in channels are what they were, so that their fingerprints stay."""
    bands = [{"emin": 2, "emax": 9}, "2.5-9keV_128s", "5-10", {"chmin": 5, "chmax": 10}]
    settings = load_settings(None, {"pca_extract": {"bands": bands}, "hexte_dead": {"bands": ["15-60keV"]}})
    assert [band.name for band in settings.pca_extract.bands] == ["2-9keV", "2.5-9keV_128s", "ch5-10", "ch5-10"]
    assert settings.pca_extract.model_dump(mode="json")["bands"] == [
        {"emin": 2.0, "emax": 9.0, "binsz": None},
        {"emin": 2.5, "emax": 9.0, "binsz": 128.0},
        *[{"chmin": 5, "chmax": 10, "binsz": None}] * 2,
    ]
    assert settings.hexte_dead.bands[0].name == "15-60keV"
    assert load_settings().hexte_dead.model_dump(mode="json")["bands"] == [{"chmin": 15, "chmax": 61}]

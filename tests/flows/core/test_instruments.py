"""Two instruments in the settings: which stages run, and what the configuration file shows of them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import flows.core.settings
from flows.cli.display import show_results
from flows.core.export import export_observations
from flows.core.result import failure_code
from flows.core.results import Results
from rossi.errors import ConfigError
from services.contract import (
    EngineName,
    ExitCode,
    FailureKind,
    File,
    Frozen,
    Input,
    ObservationResult,
    Outcome,
    Output,
    Outputs,
    Stage,
    StageResult,
)
from services.execution.stages import CHAINS, STAGES, Instrument
from services.storage import open_store
from services.storage.publication import new_manifest, publish

OBSID = "20402-01-45-03"
BANDS = (("ch5-10", 21.0, 3200.0), ("pwa_ch15-61", 54.0, 900.0))


class BackConfig(Frozen):
    """How HEXTE data are told apart by pointing."""

    margin: float = 0.0


class DeadConfig(Frozen):
    """What is extracted of HEXTE."""

    chmin: int = 15


HEXTE = {
    "hexte_back": Stage("hexte_back", 1, BackConfig, (), (Output("parts", "x"),)),
    "hexte_dead": Stage("hexte_dead", 1, DeadConfig, (Input("parts", "x", source="hexte_back"),), ()),
}


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A copy of `flows.core.settings` as it is with HEXTE's stages."""
    for name, stage in HEXTE.items():
        monkeypatch.setitem(STAGES, name, stage)
    name = "flows.config_with_hexte"
    spec = importlib.util.spec_from_file_location(name, flows.core.settings.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    yield module


def test_both_are_reduced_and_have_sections(config: ModuleType) -> None:
    settings = config.load_settings()
    assert settings.campaign.instruments == (Instrument.PCA, Instrument.HEXTE)
    assert list(settings.stages) == ["pca_prep", "pca_extract", "hexte_back", "hexte_dead"]
    text = config.to_toml(settings)
    sections = [line for line in text.splitlines() if line.startswith("[")]
    assert sections == [
        f"[{name}]"
        for name in (
            *("cache", "query", "calibration", *(name for name in STAGES if STAGES[name].config.model_fields)),
            *("timing", "merge", "sources", "campaign", "kubernetes"),
            "prune",
        )
    ]
    assert "# How HEXTE data are told apart by pointing." in text


@pytest.mark.parametrize(
    ("chosen", "stages"),
    [
        (["hexte"], ["hexte_back", "hexte_dead"]),
        (["pca"], ["pca_prep", "pca_extract"]),
        (["hexte", "pca", "hexte"], ["pca_prep", "pca_extract", "hexte_back", "hexte_dead"]),
    ],
)
def test_instruments_decide_what_runs(config: ModuleType, chosen: list[str], stages: list[str]) -> None:
    settings = config.load_settings(None, {"campaign": {"instruments": chosen}, "hexte_dead": {"chmin": 20}})
    assert list(settings.stages) == stages
    if "hexte" in chosen:
        assert settings.stages["hexte_dead"] == DeadConfig(chmin=20)


@pytest.mark.parametrize("section", ["", "pca_prep", "hexte_dead"])
def test_an_engine_where_it_was_before_is_told_its_place(section: str) -> None:
    given = {"engine": "heasoft"}
    place = rf"\[{section}\]" if section else "command line"
    with pytest.raises(ConfigError, match=rf"{place}: .* write engine = 'heasoft' into \[campaign\]"):
        flows.core.settings.load_settings(None, {section: given} if section else given)
    settings = flows.core.settings.load_settings(None, {"campaign": given})
    assert settings.campaign.engine is EngineName.HEASOFT
    assert settings.kubernetes.image == "rossi-heasoft"


@pytest.mark.parametrize(("chosen", "word"), [([], "at least 1"), (["xte"], "xte"), ("hexte", "instruments")])
def test_wrong_instruments_are_told(config: ModuleType, chosen: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        config.load_settings(None, {"campaign": {"instruments": chosen}})


def test_products_decide_what_runs(config: ModuleType) -> None:
    def stages(products: list[str], **more: Any) -> dict[str, Frozen]:
        return config.load_settings(None, {"campaign": {"products": products}, **more}).stages

    assert list(stages(["power", "fast"])) == ["pca_prep", "pca_fast"]
    assert list(stages(["lightcurves", "bursts"])) == [*CHAINS[Instrument.PCA], "pca_fast", *CHAINS[Instrument.HEXTE]]
    assert stages(["power", "fast"])["pca_fast"].products == ("fast", "power")
    assert stages(["lightcurves"])["pca_extract"].spectra is False
    assert stages(["lightcurves", "spectra"])["pca_extract"].spectra is True
    assert stages(["lightcurves", "spectra"], pca_extract={"spectra": False})["pca_extract"].spectra is False


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"products": ["spectra"]}, "name lightcurves, too"),
        ({"products": ["curves"]}, "curves"),
        ({"products": []}, "at least 1"),
        ({"products": ["fast"], "instruments": ["hexte"]}, "made of the PCA alone"),
        ({"products": ["fast"], "engine": "heasoft"}, "engine = 'heasoft' does not make"),
    ],
)
def test_wrong_products_are_told(config: ModuleType, given: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        config.load_settings(None, {"campaign": given})
    both = {"campaign": {"products": ["fast"]}, "pca_fast": {"products": ["power"]}}
    with pytest.raises(ConfigError, match=r"\[pca_fast\] products is power, but \[campaign\] products asks for fast"):
        _ = config.load_settings(None, both).stages


def test_an_instrument_without_stages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHAINS, Instrument.HEXTE, raising=False)
    with pytest.raises(ConfigError, match="hexte can't be reduced yet, only pca"):
        flows.core.settings.load_settings(None, {"campaign": {"instruments": ["pca", "hexte"]}})


def stage(name: str, outcome: Outcome = Outcome.SUCCEEDED, **more: Any) -> StageResult:
    return StageResult(stage=name, obsid=OBSID, outcome=outcome, **more)


def test_files_of_both_instruments_are_copied(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"))
    stages = []
    for name, before in (("pca_prep", ()), ("pca_extract", ("pca_prep",)), ("hexte_dead", ())):
        outputs = Outputs({"light_curve": (File(f"{name}.lc", b"x"),)})
        manifest = new_manifest(name, OBSID, "f", {}, (), outputs, 0.1)
        publish(store, f"{OBSID}/{name}/f", manifest, outputs.files)
        stages.append(stage(name, manifest=f"{OBSID}/{name}/f/manifest.json", reads=before))
    failed = stage("hexte_back", Outcome.FAILED, message="no", kind=FailureKind.RETRYABLE)
    result = ObservationResult.of(OBSID, [*stages, failed])
    written = export_observations(store, [result], tmp_path / "out")
    assert [path.name for path in written] == ["pca_extract.lc", "hexte_dead.lc"]
    assert failure_code([result]) == ExitCode.RETRYABLE


def test_each_instrument_has_its_unit_and_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    pca, hexte = ({"bands": {b: {"rate": r, "error": 0.1, "exposure": x}}} for b, r, x in BANDS)
    done = [stage("pca_prep"), stage("pca_extract", summary=pca, reads=("pca_prep",))]
    none = stage("hexte_back", Outcome.NO_WORK, message="There are no science data.")
    show_results(Results([ObservationResult.of(OBSID, [*done, stage("hexte_dead", summary=hexte)])]))
    shown = capsys.readouterr().out
    assert "3200 PCU s" in shown
    assert "21.00 ± 0.10 count/s/PCU" in shown
    assert "900 s" in shown
    assert "54.00 ± 0.10 count/s " in shown
    show_results(Results([ObservationResult.of(OBSID, [*done, none])]))
    assert f"{OBSID} hexte_back: There are no science data." in capsys.readouterr().out.splitlines()

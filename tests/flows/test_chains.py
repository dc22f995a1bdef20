"""Two instruments in the settings: which stages run, and what the configuration file shows of them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import flows.config
from flows.chains import CHAINS, Instrument
from rossi.errors import ConfigError
from services import worker
from services.contract import Frozen, Input, Output, Outputs, Stage


class BackConfig(Frozen):
    """How HEXTE data are told apart by pointing."""

    margin: float = 0.0


class DeadConfig(Frozen):
    """What is extracted of HEXTE."""

    chmin: int = 15


HEXTE = {
    "hexte_back": Stage("hexte_back", 1, BackConfig, (), (Output("parts", "x"),), lambda *_: Outputs({})),
    "hexte_dead": Stage(
        "hexte_dead", 1, DeadConfig, (Input("parts", "x", source="hexte_back"),), (), lambda *_: Outputs({})
    ),
}


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A copy of `flows.config` as it is with HEXTE's stages."""
    real = worker.load_stage
    monkeypatch.setitem(CHAINS, Instrument.HEXTE, tuple(HEXTE))
    monkeypatch.setattr(worker, "load_stage", lambda name: HEXTE.get(name) or real(name))
    name = "flows.config_with_hexte"
    spec = importlib.util.spec_from_file_location(name, flows.config.__file__)
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
        f"[{name}]" for name in ("query", "calibration", *settings.stages, "merge", "campaign")
    ]  # fmt: skip
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
        assert settings.stages["hexte_dead"] == {"chmin": 20}


def test_the_engine_is_for_those_that_have_one(config: ModuleType) -> None:
    settings = config.load_settings(None, {"engine": "native"})
    assert settings.stages["pca_prep"]["engine"] == "native"
    assert "engine" not in settings.stages["hexte_back"]


@pytest.mark.parametrize(("chosen", "word"), [([], "at least 1"), (["xte"], "xte"), ("hexte", "instruments")])
def test_wrong_instruments_are_told(config: ModuleType, chosen: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        config.load_settings(None, {"campaign": {"instruments": chosen}})


def test_an_instrument_without_stages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHAINS, Instrument.HEXTE, raising=False)
    with pytest.raises(ConfigError, match="hexte can't be reduced yet, only pca"):
        flows.config.load_settings(None, {"campaign": {"instruments": ["pca", "hexte"]}})

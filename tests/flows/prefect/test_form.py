"""The form of a flow run: it stands for the settings, whole, and has a help text for each field."""

import datetime
import inspect

import pytest

from flows.campaign import campaign
from flows.core.settings import Settings, load_settings
from flows.observation import reduce_observation
from flows.prefect.form import FIELDS, Form, Retry, form_of, run_name
from flows.prune import prune_store
from flows.reprocess import reprocess_archive, retry_failed
from rossi.errors import ConfigError
from services.contract import FailureKind

DAY = datetime.date(2026, 11, 20)
FLOWS = [campaign, reduce_observation, reprocess_archive, retry_failed, prune_store]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"archive": "a", "store": "s", "campaign": {"workers": 3, "name": "night"}, "query": {"targets": ["Eta Car"]}},
        {"query": {"start": 5.0, "stop": "2001-02-03"}, "pca_extract": {"binsz": 32}},
        {"pca_extract": {"bands": [{"chmin": 5, "chmax": 10, "binsz": 128}]}, "campaign": {"instruments": ["hexte"]}},
        {"engine": "native", "calibration": {"model": ["m"], "saa": "NONE"}},
        {"campaign": {"executor": "kubernetes"}, "kubernetes": {"parallelism": 7}},
    ],
)
def test_form_stands_for_the_settings(values: dict[str, object]) -> None:
    settings = load_settings(None, values)
    form = Form.of(settings)
    assert form.to_settings() == settings
    # What Prefect keeps is JSON.
    assert form_of(form.model_dump(mode="json")).to_settings() == settings


def test_form_wins_over_the_rest() -> None:
    form = Form(bands=[{"chmin": 11, "chmax": 20}], settings={"pca_extract": {"binsz": 32}})
    assert form.to_settings().stages["pca_extract"]["bands"] == [{"chmin": 11, "chmax": 20, "binsz": None}]
    assert form.to_settings().stages["pca_extract"]["binsz"] == 32


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"settings": {"pca_extract": {"binz": 32}}}, "did you mean binsz"),
        ({"settings": {"query": 5}, "targets": ["x"]}, "'query' is a section"),
        ({"bands": [{"chmin": 11, "chmax": 2}]}, "chmin 11 is above chmax 2"),
        ({"bands": []}, "at least 1"),
        ({"instruments": ["asm"]}, "instruments"),
    ],
)
def test_wrong_form_is_one_sentence(form: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        form_of(form).to_settings()
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_field_has_a_help_text_and_a_type(flow: object) -> None:
    for name, field in flow.parameters.properties.items():
        assert len(field["description"]) > 10, name
        assert {"type", "anyOf", "$ref", "allOf"} & field.keys(), name
    for definition in flow.parameters.definitions.values():
        for name, field in definition.get("properties", {}).items():
            assert field.get("description"), name


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_flows_have_the_fields_of_the_form(flow: object) -> None:
    own = {"obsid", "dry_run", "failures", "which", "apply", "gone"}
    for name, parameter in inspect.signature(flow.fn).parameters.items():
        assert name in own or parameter.default is FIELDS[name]
    if flow not in (reduce_observation, prune_store):
        assert set(flow.parameters.properties) - own == FIELDS.keys()


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (Form(targets=["Eta Car"]), "eta-car-ch5-10-2026-11-20"),
        (Form(targets=["Cyg X-1", "GX 339-4", "x"]), "cyg-x-1-and-2-more-ch5-10-2026-11-20"),
        (Form(obsids=["20402-01-45-03"]), "20402-01-45-03-ch5-10-2026-11-20"),
        (Form(instruments=["hexte"]), "all-hexte-ch15-61-2026-11-20"),
        (Form(name="last night"), "last night"),
    ],
)
def test_names_of_runs(form: Form, name: str) -> None:
    assert run_name(form, DAY) == name


def test_names_of_other_runs() -> None:
    assert run_name(Form(), DAY, "reprocess") == "reprocess-all-ch5-10-2026-11-20"


def test_which_failures_are_tried_again() -> None:
    kinds = [FailureKind.RETRYABLE, FailureKind.DATA, None]
    assert [Retry.TRANSIENT.covers(kind) for kind in kinds] == [True, False, True]
    assert [Retry.DATA.covers(kind) for kind in kinds] == [False, True, False]
    assert all(Retry.ALL.covers(kind) for kind in kinds)


def test_unset_settings_stay_defaults() -> None:
    assert Form().to_settings() == Settings()

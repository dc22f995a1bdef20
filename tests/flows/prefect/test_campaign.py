"""The state in which a campaign's flow run ends, and the pages that it leaves; no server and no worker is needed."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows.core.result import CampaignResult
from flows.core.results import Results
from flows.core.selection import NothingToDo
from flows.core.settings import Settings
from flows.core.summary import failure_line, summary_line
from flows.core.watcher import Stopped
from flows.prefect import OWN_SERVER, campaign
from flows.prefect.artifacts import BROWSE
from flows.prefect.campaign import CALLER, NOTHING, Caller, campaign_flow, carry_out, stop_run
from flows.prefect.form import Form
from flows.prefect.limits import Taken
from flows.prefect.notify import VANISHED
from flows.prefect.progress_reporter import ProgressReporter
from flows.prefect.signature import asks_for
from rossi.errors import ConfigError, DataError
from services.contract import VANISHED as VANISHED_CODE
from services.contract import Caveat, Outcome
from services.storage import open_store
from services.storage.lease import hold
from tests.flows.core.test_result import BAD, DONE, ended
from tests.flows.prefect.test_artifacts import PICTURE, merged, result
from tests.flows.prefect.test_artifacts import campaign as campaign_of


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A command that runs a campaign; of Prefect there is nothing."""
    monkeypatch.setenv(OWN_SERVER, "1")
    monkeypatch.delenv(BROWSE, raising=False)
    monkeypatch.setattr(ProgressReporter, "_run", lambda _: None)
    monkeypatch.setattr(ProgressReporter, "step", lambda _self, _kind, work, _name="": work())
    monkeypatch.setattr(campaign, "check", lambda _: None)
    token = CALLER.set(made := Caller())
    yield made
    CALLER.reset(token)


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Prefect's pages would show, by key."""
    shown: dict[str, Any] = {}
    for kind in ("table", "markdown", "image"):
        monkeypatch.setattr(
            campaign, f"create_{kind}_artifact", lambda data, *, key, description: shown.update({key: data})
        )
    return shown


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """Of some archive, and a store."""
    return Form(archive=str(tmp_path), store=str(tmp_path / "store"), executor="inline")


def ending(
    monkeypatch: pytest.MonkeyPatch, form: Form, end: CampaignResult | Exception | Callable[[], CampaignResult]
) -> State[Any]:
    """Carry a campaign out that ends with a result, or raises."""

    def run(*_: object) -> CampaignResult:
        if isinstance(end, Exception):
            raise end
        return end if isinstance(end, CampaignResult) else end()

    monkeypatch.setattr(campaign, "run", run)
    return carry_out(form, lambda *_: pytest.fail("nothing selects here"))


@pytest.mark.parametrize(
    ("end", "kind", "name"),
    [
        (NothingToDo("Of 3 observations none failed."), "COMPLETED", NOTHING),
        (Stopped("Cancelled; 1 of 3 observations."), "CANCELLED", "Cancelled"),
        (Taken("Another works on this store."), "CANCELLED", "Cancelled"),
        (DataError("a: it is cut."), "FAILED", "Failed"),
        (ConfigError("No model."), "FAILED", "Failed"),
    ],
)
def test_what_is_raised_is_a_state_with_its_sentence(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form, end: Exception, kind: str, name: str
) -> None:
    state = ending(monkeypatch, form, end)
    assert (state.type.name, state.name, state.message) == (kind, name, str(end))
    assert caller.error is (end if kind == "FAILED" else None)
    assert caller.result is None


def test_what_is_not_understood_is_left_to_prefect(monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form) -> None:
    with pytest.raises(ZeroDivisionError):
        ending(monkeypatch, form, ZeroDivisionError())


def reused(made: CampaignResult) -> CampaignResult:
    merges = tuple(
        one.model_copy(update={"merge": one.merge.model_copy(update={"reused": True})}) for one in made.merges
    )
    return made.model_copy(update={"merges": merges})


def with_vanished(made: CampaignResult) -> CampaignResult:
    first, *rest = made.results
    caveats = (Caveat(code=VANISHED_CODE, message="It is not in the archive any more."),)
    stages = tuple(stage.model_copy(update={"caveats": caveats}) for stage in first.stages)
    return made.model_copy(update={"results": Results((first.model_copy(update={"stages": stages}), *rest))})


def test_a_campaign_that_did_its_work_ends_with_its_line(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form, artifacts: dict[str, Any]
) -> None:
    worked = ended(DONE, BAD).model_copy(update={"todo": ("0", "1")})
    for made, name, line in (
        (worked, "Completed", summary_line(worked)),
        (reused(worked), "Completed", summary_line(worked)),  # it has worked, and the merge came out the same
        (reused(ended(DONE)), NOTHING, "Nothing has changed. 1 observation: 1 done, 0 no work, 0 failed."),
        (with_vanished(worked), VANISHED, summary_line(with_vanished(worked))),
    ):
        state = ending(monkeypatch, form, made)
        assert (state.type.name, state.name, state.message) == ("COMPLETED", name, line)
        assert caller.result is made
    assert caller.error is None


def test_a_campaign_that_did_not_fails_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form, artifacts: dict[str, Any]
) -> None:
    for made in (ended(BAD, BAD), ended(DONE, merge=BAD)):
        state = ending(monkeypatch, form, made)
        assert (state.type.name, state.message) == ("FAILED", failure_line(made))
        assert "What to do: " in failure_line(made)
        assert caller.result is made
        assert [row["outcome"] for row in artifacts["outcomes"]] == [
            "failed" if made.results[0].outcome is Outcome.FAILED else "succeeded"
        ]


def test_pages_of_one_source_and_of_several(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form, artifacts: dict[str, Any]
) -> None:
    store = open_store(form.store)
    results = [result("a"), result("b")]
    one = merged(store, figures=[("all.png", "", PICTURE)])
    ending(monkeypatch, form, campaign_of([one], results))
    assert sorted(artifacts) == ["campaign", "light-curve", "outcomes"]
    assert artifacts["campaign"].startswith("2 observations: 2 done, 0 no work, 0 failed.\n")
    assert f"All products lie in `{form.store}`" in artifacts["campaign"]
    assert artifacts["light-curve"].startswith("data:image/png;base64,")
    assert [(row["outcome"], row["which"]) for row in artifacts["outcomes"]] == [("succeeded", "a, b")]
    artifacts.clear()
    several = [merged(store, "A", ["a"]), merged(store, "B", ["b"])]
    ending(monkeypatch, form, campaign_of(several, results))
    assert sorted(artifacts) == ["campaign", "outcomes", "sources"]
    assert [(row["source"], row["observations"]) for row in artifacts["sources"]] == [("A", 1), ("B", 1)]


def test_pages_that_cannot_be_made_are_no_failure(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(campaign, "create_table_artifact", gone)
    with caplog.at_level(logging.WARNING, "flows.prefect.campaign"):
        state = ending(monkeypatch, form, ended(DONE))
    assert state.name == "Completed"
    assert caplog.messages == ["The pages of this run could not be made: nobody answers"]


def test_a_dry_run_only_says_it(monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form) -> None:
    monkeypatch.setattr(campaign, "run", lambda *_: pytest.fail("it is dry"))
    state = carry_out(form, lambda *_: SimpleNamespace(todo=("a",), asked=("a", "b")), dry_run=True)
    assert (state.type.name, state.name) == ("COMPLETED", "DryRun")
    assert state.message == "1 of 2 observations would be reduced; nothing was done."


def test_places_that_are_not_given_are_asked_for(monkeypatch: pytest.MonkeyPatch, caller: Caller) -> None:
    state = ending(monkeypatch, Form(executor="inline", store="s"), ended(DONE))
    sentence = "No archive was given: use --archive URL, or write archive = ... into rossi.toml."
    assert (state.type.name, state.message, str(caller.error)) == ("FAILED", sentence, sentence)
    wrong = Form(executor="inline", settings={"pca_extract": {"binz": 32}})
    state = ending(monkeypatch, wrong, ended(DONE))
    assert state.type.name == "FAILED"
    assert "did you mean binsz" in state.message


def test_a_store_that_somebody_else_works_on_is_not_waited_for_where_that_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, caller: Caller, form: Form
) -> None:
    impatient = form.model_copy(update={"settings": {"campaign": {"wait": False}}})
    with hold(open_store(form.store), "", "the other", lambda _: None):
        state = ending(monkeypatch, impatient, ended(DONE))
    assert state.type.name == "FAILED"
    assert "the other" in state.message
    assert caller.result is None


def test_cancelling_stops_whoever_works(monkeypatch: pytest.MonkeyPatch, form: Form) -> None:
    stopped: list[tuple[str, str]] = []

    def open_executor(settings: Settings, run: str) -> Any:
        return SimpleNamespace(stop=lambda: stopped.append((settings.store, run)))

    monkeypatch.setattr(campaign, "open_executor", open_executor)
    stop_run(form.model_dump(mode="json"), "run-1")
    assert stopped == [(form.store, "run-1")]
    made = campaign_flow("night")(asks_for(Form)(lambda form: pytest.fail("nobody runs it")))
    (on_cancellation,) = made.on_cancellation_hooks
    on_cancellation(made, SimpleNamespace(parameters=form.model_dump(mode="json"), id="run-2"), None)
    assert stopped[1:] == [(form.store, "run-2")]


def test_flows_have_a_name_and_runs_that_of_what_they_work_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = campaign_flow("night", "reprocess")(asks_for(Form)(lambda form: pytest.fail("nobody runs it")))
    assert (made.name, made.retries, made.persist_result) == ("night", 0, False)
    monkeypatch.setattr(campaign, "flow_run", SimpleNamespace(parameters={"targets": ["Eta Car"]}))
    monkeypatch.setattr(campaign, "_today", lambda: datetime.date(2026, 11, 20))
    assert made.flow_run_name() == "reprocess-eta-car-ch5-10-2026-11-20"

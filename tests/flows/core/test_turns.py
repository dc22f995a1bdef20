"""A run waits for its turn on a store; a store in trouble keeps none from beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.core import turns
from flows.core.settings import Settings, load_settings
from flows.core.turns import beside, turn
from services.storage import StoreError, open_store
from services.storage.lease import AtWork, hold, holder_of
from services.storage.memory import MemoryStore


def settings_of(store: Path, **campaign: Any) -> Settings:
    return load_settings(None, {"store": str(store), "prefix": "run", "campaign": campaign})


def test_a_run_holds_the_lease_while_it_works(tmp_path: Path) -> None:
    settings, said = settings_of(tmp_path), list[str]()
    with turn(settings, "tonight", said.append):
        holder = holder_of(open_store(str(tmp_path)), "run")
        assert holder is not None
        assert holder.who == "tonight"
    assert holder_of(open_store(str(tmp_path)), "run") is None
    assert said == []


def test_whether_to_wait_is_a_setting(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel() -> None:
        raise Cancelled

    with hold(open_store(str(tmp_path)), "run", "the other"):
        with pytest.raises(AtWork, match="the other"), turn(settings_of(tmp_path, wait=False), "tonight", print):
            pass
        with pytest.raises(Cancelled), turn(settings_of(tmp_path), "tonight", print, cancel):
            pass


def test_a_store_in_trouble_is_no_reason_not_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(MemoryStore):
        def get_tagged(self, key: str) -> Any:
            raise StoreError("the server can't be reached")

    monkeypatch.setattr(turns, "open_store", lambda _: Away())
    said, begun = list[str](), list[bool]()
    with turn(settings_of(tmp_path), "tonight", said.append):
        begun.append(True)
    assert begun == [True]
    assert said == ["The store can't say whether another run works on it: the server can't be reached"]


def test_a_store_that_can_not_keep_two_apart_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(MemoryStore):
        conditional = False

    monkeypatch.setattr(turns, "open_store", lambda _: Forgetful())
    monkeypatch.setattr("services.storage.lease.time.sleep", lambda _: None)
    said = list[str]()
    with turn(settings_of(tmp_path), "tonight", said.append):
        pass
    assert "see to it that only one works on it at a time" in said[0]


def test_who_does_not_wait_is_told_who_works(tmp_path: Path) -> None:
    said = list[str]()
    beside(settings_of(tmp_path), said.append)
    with hold(open_store(str(tmp_path)), "run", "flow run one"):
        beside(settings_of(tmp_path), said.append)
    assert len(said) == 1
    assert said[0].startswith("flow run one (")
    assert said[0].endswith("; this goes on beside it, and neither makes again what the other one has finished.")

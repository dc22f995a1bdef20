"""Servers that do not answer are not waited for."""

from __future__ import annotations

import pytest

from services.query.tap import _RETRY


@pytest.fixture(autouse=True)
def _again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue is asked again without a pause."""
    monkeypatch.setattr("services.query.tap._RETRY", _RETRY.new(backoff_factor=0.0))

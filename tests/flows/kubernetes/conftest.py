"""A cluster's stand-in, and a campaign's settings for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.core.settings import Settings, load_settings
from flows.kubernetes.cluster import Cluster, open_cluster
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.controller import Controller
from tests.flows.support import Archive


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """An API server that KUBECONFIG names."""
    server = ApiServer()
    server.start()
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path / "kubeconfig")))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    yield server
    if server.up:
        server.stop()


@pytest.fixture
def controller(api: ApiServer, tmp_path: Path) -> Iterator[Controller]:
    """What runs the API server's Jobs."""
    (tmp_path / "pods").mkdir()
    runs = Controller(api, tmp_path / "pods")
    yield runs
    runs.close()


@pytest.fixture
def settings(archive: Archive, tmp_path: Path) -> Settings:
    """A campaign of twelve observations in four shards, two at a time."""
    return make_settings(archive, tmp_path / "store")


def make_settings(archive: Archive, store: Path, **more: object) -> Settings:
    """The settings, with others of [kubernetes]."""
    values = archive.overrides | {"archive": str(archive.root), "store": str(store)}
    values["campaign"] = {**archive.overrides["campaign"], "executor": "kubernetes", "shard_size": 3}
    values["kubernetes"] = {"parallelism": 2, "patience_minutes": 1, **more}
    return load_settings(None, values)


@pytest.fixture
def cluster(api: ApiServer, settings: Settings) -> Cluster:
    """The cluster as campaigns see it."""
    return open_cluster(settings.kubernetes)

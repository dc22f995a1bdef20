"""``rossi doctor``: what works is said, and each thing that is broken, with what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.core.settings import load_settings
from flows.doctor import Finding, Verdict, examine, places, servers, software
from rossi.errors import RossiError
from rossi.simulate.calibration import calibration_files
from services.storage.local import LocalStore
from tests.flows.kubernetes.apiserver import ApiServer
from tests.servers.rows import made_rows
from tests.servers.tap import TapServer, serving


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings of an archive without observations, with calibration, and of a store."""
    for name in ("PREFECT_API_URL", "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HEADAS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "archive" / "AO10" / "P90001").mkdir(parents=True)
    (tmp_path / "archive" / "AO2" / "P20101").mkdir(parents=True)
    (tmp_path / "calibration").mkdir()
    for name, content in calibration_files().items():
        (tmp_path / "calibration" / name).write_bytes(content)
    model, breakdown = (
        str(tmp_path / "calibration" / f"sim_pca_{name}") for name in ("background.mdl", "breakdown.fits")
    )
    return {
        "archive": str(tmp_path / "archive"),
        "store": str(tmp_path / "store"),
        "calibration": {"model": [model], "saa": "NONE", "breakdown": breakdown},
        "campaign": {"instruments": ["pca"]},
    }


def found(check: Any, values: Mapping[str, Any]) -> list[Finding]:
    return list(check(load_settings(None, values)))


def the_one(check: Any, values: Mapping[str, Any]) -> Finding:
    (one,) = found(check, values)
    return one


def test_everything_is_looked_at(values: dict[str, Any], tmp_path: Path) -> None:
    with serving(TapServer(made_rows(10))) as tap:
        values["query"] = {"service": tap.url}
        every = list(examine(load_settings(None, values)))
    verdicts = {one.what: one.verdict for one in every}
    assert [what for what, verdict in verdicts.items() if verdict in {Verdict.BROKEN, Verdict.AWAY}] == []
    assert {"Python", "Libraries", "Extra campaign", "Disk", "Archive", "Calibration", "Store", "Catalogue"} <= {
        *verdicts
    }
    assert {verdicts[what] for what in ("HEASoft", "Prefect", "Cluster")} == {Verdict.ABSENT}
    assert list((tmp_path / "store").rglob("*")) == []


def test_archive(values: dict[str, Any], tmp_path: Path) -> None:
    assert "AO2 to AO10, 2 of them" in the_one(places.archive, values).found
    with pytest.raises(RossiError, match=r"there is no directory AO1, AO2 \.\.\. in it"):
        found(places.archive, values | {"archive": str(tmp_path / "calibration")})
    with pytest.raises(RossiError, match="nowhere"):
        found(places.archive, values | {"archive": str(tmp_path / "nowhere")})
    assert the_one(places.archive, values | {"archive": ""}).verdict is Verdict.ABSENT


def test_calibration(values: dict[str, Any]) -> None:
    one = the_one(places.calibration, values)
    assert one.verdict is Verdict.FINE
    assert "epochs 1, 2, 3, 4, 5 take: background model: sim_pca_background.mdl" in one.found
    assert "; history of SAA passages: none;" in one.found


def test_calibration_that_is_not_there(values: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "calibration" / "sim_pca_breakdown.fits").unlink()
    with pytest.raises(RossiError, match=r"sim_pca_breakdown\.fits: this .* is missing"):
        found(places.calibration, values)


def test_store_that_is_a_file(values: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(RossiError, match="store"):
        found(places.store, values)


def test_store_that_lets_two_writers_win(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalStore, "conditional", property(lambda _: False))
    one = the_one(places.store, values)
    assert one.verdict is Verdict.BROKEN
    assert "lets a second writer win" in one.found


def test_little_room(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = places.shutil.disk_usage("/")
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage._replace(free=3_000_000))
    every = found(places.disk, values)
    assert {one.verdict for one in every} == {Verdict.AWAY}
    assert every[0].found.startswith("Store: 3.0 MB free in ")


@pytest.fixture
def closed() -> Iterator[str]:
    """An address at which nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_servers_that_do_not_answer(
    values: dict[str, Any], closed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{closed}/api")
    monkeypatch.setattr(servers, "PATIENCE", 0.1)
    api = ApiServer()
    api.start()
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "kubeconfig")))
    api.stop()
    values["query"] = {"service": f"{closed}/tap"}
    every = {one.what: one for one in examine(load_settings(None, values))}
    assert every["Catalogue"].verdict is Verdict.AWAY
    assert every["Prefect"].verdict is Verdict.AWAY
    assert f"the server at {closed}/api does not answer; start it (`rossi up`)" in every["Prefect"].found
    assert every["Cluster"].verdict is Verdict.AWAY
    assert every["Store"].verdict is Verdict.FINE


def test_what_a_cluster_allows(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    api = ApiServer()
    api.start()
    try:
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "kubeconfig")))
        assert (
            "Jobs may be made, followed and removed; image rossi-worker; no quota."
            in the_one(servers.cluster, values).found
        )
        api.allowed.add(("list", "resourcequotas"))
        api.objects.create(
            "resourcequotas", {"metadata": {"name": "q"}, "status": {"hard": {"pods": "10"}, "used": {"pods": "3"}}}
        )
        assert the_one(servers.cluster, values).found.endswith("; pods 3 of 10.")
        api.allowed -= {("delete", "jobs"), ("get", "pods/log")}
        one = the_one(servers.cluster, values)
        assert one.verdict is Verdict.BROKEN
        assert "may not delete jobs, get pods/log; give it the role" in one.found
    finally:
        api.stop()


def test_libraries_of_other_versions_and_missing_ones(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["numpy>=99", "no-such-library>=1", 'no-such-plotter>=1; extra == "plot"']
    monkeypatch.setattr(software, "requires", lambda _: needed)
    every = {one.what: one for one in found(software.libraries, values)}
    assert every["Libraries"].verdict is Verdict.BROKEN
    assert "(needed: >=99)" in every["Libraries"].found
    assert every["Extra plot"].verdict is Verdict.ABSENT
    assert every["Extra plot"].found == "no-such-plotter not installed; pip install 'rossi[plot]' does it."


def test_heasoft_that_is_asked_for(values: dict[str, Any]) -> None:
    values["campaign"]["engine"] = "heasoft"
    with pytest.raises(RossiError, match=r"needs (heasoftpy|HEASoft)"):
        found(software.heasoft, values)


def test_the_command(values: dict[str, Any], tmp_path: Path, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rossi.toml").write_text(f'archive = "{values["archive"]}"\n[query]\nservice = "{closed}/tap"\n')
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1  # there is no calibration
    said = " ".join(result.stdout.split())
    assert "broken Calibration calibration: no background model is given; set model to a file or URL" in said
    assert "away Catalogue" in said
    assert said.endswith("1 away, 1 broken")

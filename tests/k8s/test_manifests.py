"""The campaign in a single Job, and the configurations beside the manifests, say what the command knows."""

from pathlib import Path

import kubernetes_validate
import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.core.settings import load_settings

K8S = Path(__file__).parents[2] / "k8s"


@pytest.fixture
def job(render):
    (job,) = (one for one in render("simple") if one["kind"] == "Job")
    return job


def test_schema_check_finds_a_typo(job):
    wrong = job | {"spec": job["spec"] | {"backofLimit": 3}}
    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        kubernetes_validate.validate(wrong, "1.30", strict=True)


def test_job_runs_a_command_that_exists_with_a_configuration_that_loads(job):
    pod = job["spec"]["template"]["spec"]
    arguments = pod["containers"][0]["args"]
    config = K8S / "simple" / Path(arguments[arguments.index("--config") + 1]).name
    shown = CliRunner().invoke(app, [str(config) if a.endswith(".toml") else a for a in arguments] + ["--print-config"])
    assert shown.exit_code == 0, shown.output
    assert "workers = 2" in shown.output
    mounted = {m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert load_settings(config).archive in mounted


def test_job_has_no_token_and_the_images_user(job):
    pod = job["spec"]["template"]["spec"]
    assert not pod["automountServiceAccountToken"]
    assert f"USER {pod['securityContext']['runAsUser']}:" in (K8S.parent / "docker" / "Dockerfile").read_text()


@pytest.mark.parametrize("overlay", ["local", "cloud"])
def test_configuration_of_an_overlay_loads_and_is_mounted(render, overlay):
    settings = load_settings(K8S / "overlays" / overlay / "rossi.toml")
    assert settings.store.startswith("s3://")
    (flow,) = (
        one for one in render(f"overlays/{overlay}") if one["metadata"]["name"] == "rossi-flow" and "spec" in one
    )
    mounts = {m["mountPath"] for m in flow["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]}
    assert {settings.archive, "/etc/rossi"} <= mounts

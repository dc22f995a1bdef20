"""The manifests fit the API's schemas and say what the command and the images know."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from flows.config import load_settings

ROOT = Path(__file__).parents[2]
API_VERSION = "1.30"


@pytest.fixture(scope="module")
def job():
    return yaml.safe_load((ROOT / "k8s" / "campaign.yaml").read_text())


def test_job_fits_the_schema(job):
    kubernetes_validate.validate(job, API_VERSION, strict=True)


def test_schema_check_finds_a_typo(job):
    wrong = job | {"spec": job["spec"] | {"backofLimit": 3}}
    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        kubernetes_validate.validate(wrong, API_VERSION, strict=True)


def test_pod_is_restricted(job):
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "docker" / "Dockerfile").read_text()


def test_job_runs_a_command_that_exists_with_a_configuration_that_loads(job):
    pod = job["spec"]["template"]["spec"]
    arguments = pod["containers"][0]["args"]
    config = ROOT / "k8s" / Path(arguments[arguments.index("--config") + 1]).name
    shown = CliRunner().invoke(app, [str(config) if a.endswith(".toml") else a for a in arguments] + ["--print-config"])
    assert shown.exit_code == 0, shown.output
    assert "workers = 4" in shown.output
    mounted = {m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert load_settings(config).archive in mounted


def test_every_stage_has_an_image():
    text = (ROOT / "docker" / "Dockerfile").read_text()
    targets = set(re.findall(r'^FROM stage AS (\w+)\nENTRYPOINT \["python", "-m", "services\.\1"\]$', text, re.M))
    assert targets == {p.parent.name for p in (ROOT / "services").glob("*/__main__.py")}

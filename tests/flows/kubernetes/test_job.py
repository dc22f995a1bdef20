"""The Job's specification: valid, restricted, without passwords, and of the same name for the same campaign."""

import json
from pathlib import Path

import kubernetes_validate
import pytest

from flows.core.plan import MAX_SHARDS, plan_shards
from flows.core.settings import load_settings
from flows.kubernetes.job import identity, job_name, make_job

OBSIDS = ("20402-01-45-03", "20402-01-46-00")
ROOT = Path(__file__).parents[3]


def settings_of(campaign=None, kubernetes=None, **more):
    places = {"archive": "/archive", "store": "s3://rossi/run?endpoint=http://s3:9000"}
    campaign = {"name": "campaign", "executor": "kubernetes"} | (campaign or {})
    return load_settings(None, places | {"campaign": campaign, "kubernetes": kubernetes or {}} | more)


def job_of(**options):
    settings = settings_of(**options)
    return make_job(settings, identity(settings, OBSIDS), "campaigns/0123", 1200, "flow-run-id")


EVERYTHING = {
    "parallelism": 100,
    "volumes": [{"claim": "rxte-archive", "path": "/archive"}],
    "node_selector": {"pool": "spot"},
    "tolerations": [{"key": "spot", "effect": "NoSchedule"}, {"key": "owner", "value": "x"}],
    "priority_class": "low",
    "config_maps": ["rossi"],
    "max_failed_shards": 10,
}


@pytest.mark.parametrize("kubernetes", [{}, EVERYTHING])
def test_it_fits_the_schema(kubernetes):
    kubernetes_validate.validate(job_of(kubernetes=kubernetes), "1.30", strict=True)


def test_what_is_configured_is_there():
    spec = job_of(kubernetes=EVERYTHING)["spec"]
    pod = spec["template"]["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 1200, 100)
    assert (spec["backoffLimitPerIndex"], spec["maxFailedIndexes"]) == (3, 10)
    assert pod["nodeSelector"] == {"pool": "spot"}
    assert pod["tolerations"][0] == {"key": "spot", "operator": "Exists", "effect": "NoSchedule"}
    assert pod["tolerations"][1] == {"key": "owner", "operator": "Equal", "value": "x"}
    assert {"name": "volume-0", "mountPath": "/archive", "readOnly": True} in pod["containers"][0]["volumeMounts"]


def pod_of(**options):
    spec = job_of(**options)["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    memory = container["resources"]["requests"]["memory"], container["resources"]["limits"]["memory"]
    scratch = next(volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if volume["name"] == "tmp")
    return container["image"], memory, scratch, spec["activeDeadlineSeconds"]


def test_the_heasoft_engine_gets_what_it_needs():
    native = "rossi-worker", ("1Gi", "2Gi"), "2Gi", 168 * 3600
    heasoft = "rossi-heasoft", ("2Gi", "4Gi"), "8Gi", 720 * 3600
    assert pod_of() == pod_of(campaign={"engine": "native"}) == pod_of(kubernetes={"parallelism": 7}) == native
    assert pod_of(campaign={"engine": "heasoft"}) == heasoft
    chosen = {"image": "registry.example.org/heasoft@sha256:1", "memory_limit": "6Gi"}
    image, memory, scratch, deadline = pod_of(campaign={"engine": "heasoft"}, kubernetes=chosen)
    assert (image, memory, scratch, deadline) == (chosen["image"], ("2Gi", "6Gi"), "8Gi", 720 * 3600)
    kubernetes_validate.validate(job_of(campaign={"engine": "heasoft"}), "1.30", strict=True)


def test_failures_mean_what_exit_codes_say():
    rules = job_of()["spec"]["podFailurePolicy"]["rules"]
    codes = {rule["action"]: rule["onExitCodes"]["values"] for rule in rules if "onExitCodes" in rule}
    assert codes == {"FailJob": [21], "FailIndex": [20]}
    assert rules[-1] == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


def test_pod_is_restricted():
    pod = job_of()["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert not pod["automountServiceAccountToken"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "docker" / "Dockerfile").read_text()


def test_passwords_are_named_only(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    job = job_of()
    assert "very-secret-key" not in json.dumps(job)
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"secretRef": {"name": "rossi-s3", "optional": True}}]
    assert [entry["name"] for entry in container["env"] if "value" in entry] == ["HOME"]


def test_the_same_campaign_has_the_same_name():
    def name(obsids=OBSIDS, **options):
        settings = settings_of(**options)
        return job_name(settings, identity(settings, obsids))

    first = name()
    assert first.startswith("rossi-campaign-")
    assert name(kubernetes=EVERYTHING) == first
    assert name(campaign={"shard_size": 7}) == first
    others = {
        name(OBSIDS[:1]),
        name(campaign={"name": "Other"}),
        name(prefix="x"),
        name(pca_extract={"binsz": 32}),
    }
    assert len(others | {first}) == 5
    long = name(campaign={"name": "Sco X-1: " * 20})
    assert len(f"{long}-9998") <= 63
    assert long.startswith("rossi-sco-x-1-sco-x-1")


@pytest.mark.parametrize(("count", "size"), [(1, 100), (300, 100), (12_000, 10), (25_000, 1)])
def test_there_are_never_too_many_indices(count, size):
    settings = settings_of(kubernetes={"parallelism": 500}, campaign={"shard_size": size})
    shards = plan_shards(settings, [str(n) for n in range(count)])
    assert len(shards) <= MAX_SHARDS
    assert sum(len(shard.obsids) for shard in shards) == count
    if size == 10:
        assert len(shards) == 1200

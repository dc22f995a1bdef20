"""The Jobs of a campaign: their names, which the same campaign always gets, and their specification."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from flows.core.cluster import KubernetesConfig
from flows.core.settings import Settings
from services.contract import ExitCode
from services.storage.publication import versions

#: Annotations of the Job: which campaign it is, and where its work list lies.
CAMPAIGN = "rossi/campaign"
WORK = "rossi/work"
#: Annotation of the Job: hash of what its pods were to be like.
PODS = "rossi/pods"
#: Label of the Job: the Prefect flow run that watches it.
FLOW_RUN = "rossi/flow-run"
#: Label of the Job: what it works off (`JobKind`).
KIND = "rossi/kind"
#: Label of the Job: the prefix of the store on which it works, as a hash.
PLACE = "rossi/place"
LABELS = {"app.kubernetes.io/name": "rossi", "app.kubernetes.io/component": "worker"}
#: What finds all Jobs of campaigns.
SELECTOR = ",".join(f"{name}={value}" for name, value in LABELS.items())

#: A host's name, which a pod gets from the Job's name and its index, has 63 characters at most.
_NAME_LENGTH = 50
#: The user of the images.
_USER = 10001
_HOME = "/tmp"  # an emptyDir of the pod's own


class JobKind(StrEnum):
    """What a Job works off: observations, or sources when all of these have ended."""

    REDUCE = "reduce"
    MERGE = "merge"

    @property
    def module(self) -> str:
        """What its pods run."""
        return "services.merge.worker" if self is JobKind.MERGE else "services.execution"


def identity(settings: Settings, obsids: Sequence[str]) -> str:
    """Return what makes a campaign this one: the work and where it goes, not how it is spread.

    Returns
    -------
    str
        sha256, 64 hexadecimal digits.
    """
    content = {
        "name": settings.campaign.name,
        "archive": settings.archive,
        "store": settings.store,
        "prefix": settings.prefix,
        "calibration": settings.calibration.model_dump(mode="json"),
        "engine": settings.campaign.engine,
        "stages": {name: config.model_dump(mode="json") for name, config in settings.stages.items()},
        "obsids": list(dict.fromkeys(obsids)),
        "rossi": versions()["rossi"],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def merge_identity(settings: Settings, whole: str) -> str:
    """Return what makes the merges of a campaign these: what all of them make, and where it goes.

    Parameters
    ----------
    settings : Settings
    whole : str
        See `flows.core.executor.Executor.merge`.
    """
    content = {"name": settings.campaign.name, "store": settings.store, "prefix": settings.prefix, "merges": whole}
    return hashlib.sha256(json.dumps(content | {"rossi": versions()["rossi"]}, sort_keys=True).encode()).hexdigest()


def job_name(settings: Settings, campaign: str, kind: JobKind = JobKind.REDUCE) -> str:
    """Return the Job's name for a campaign's identity, or that of its merges."""
    slug = re.sub("[^a-z0-9]+", "-", settings.campaign.name.lower()).strip("-")
    what, digest = kind.value if kind is JobKind.MERGE else "", campaign[:12]
    return "-".join(filter(None, ("rossi", slug[: _NAME_LENGTH - 20 - len(what)].strip("-"), what, digest)))


def make_job(
    settings: Settings, campaign: str, work: str, parts: int, flow_run: str = "", kind: JobKind = JobKind.REDUCE
) -> dict[str, Any]:
    """Return the Job's manifest.

    Parameters
    ----------
    settings : Settings
    campaign : str
        What `identity` or `merge_identity` returns.
    work : str
        Key of the work list.
    parts : int
        Of the work list: shards, or parts of the sources.
    flow_run : str
        Of Prefect.
    kind : JobKind
    """
    config = settings.kubernetes
    labels = LABELS | {KIND: kind.value, PLACE: place_label(settings)} | ({FLOW_RUN: flow_run} if flow_run else {})
    spec: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": parts,
        "parallelism": min(config.parallelism, parts),
        "backoffLimitPerIndex": config.retries,
        "activeDeadlineSeconds": round(config.deadline_hours * 3600),
        "ttlSecondsAfterFinished": round(config.keep_hours * 3600),
        "podFailurePolicy": {"rules": list(_FAILURES)},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(config, settings.store, work, kind.module)},
    }
    if config.max_failed_shards is not None and kind is JobKind.REDUCE:
        spec["maxFailedIndexes"] = min(config.max_failed_shards, parts)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(settings, campaign, kind),
            "namespace": config.namespace,
            "labels": labels,
            "annotations": {CAMPAIGN: campaign, WORK: work, PODS: pods_digest(config)},
        },
        "spec": spec,
    }


def place_label(settings: Settings) -> str:
    """Return what Jobs have in common that work on the same prefix of a store."""
    return hashlib.sha256(f"{settings.store} {settings.prefix.strip('/')}".encode()).hexdigest()[:16]


def pods_digest(config: KubernetesConfig) -> str:
    """Return a hash of all that the configuration says of pods: image, limits, volumes, accounts ..."""
    return hashlib.sha256(json.dumps(_pod(config, "", "", ""), sort_keys=True).encode()).hexdigest()[:16]


def _on_exit(action: str, code: ExitCode) -> dict[str, Any]:
    return {
        "action": action,
        "onExitCodes": {"containerName": "worker", "operator": "In", "values": [int(code)]},
    }


#: The first rule that fits counts. Every other failure is tried again as often as the configuration says.
_FAILURES = (
    # the configuration is wrong, also for all others
    _on_exit("FailJob", ExitCode.CONFIG_ERROR),
    # all is accounted for, and what failed would fail again
    _on_exit("FailIndex", ExitCode.DATA_ERROR),
    # the node is drained or needed: not the shard's fault
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
)


def _pod(config: KubernetesConfig, store: str, work: str, module: str) -> dict[str, Any]:
    mounts: list[dict[str, Any]] = [{"name": "tmp", "mountPath": _HOME}]
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {"sizeLimit": config.scratch}}]
    for number, volume in enumerate(config.volumes):
        claim = {"claimName": volume.claim, "readOnly": volume.read_only}
        mounts.append({"name": f"volume-{number}", "mountPath": volume.path, "readOnly": volume.read_only})
        volumes.append({"name": f"volume-{number}", "persistentVolumeClaim": claim})
    pod = {
        "restartPolicy": "Never",
        "serviceAccountName": config.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(config, store, work, module) | {"volumeMounts": mounts}],
        "volumes": volumes,
    }
    optional = {
        "nodeSelector": dict(config.node_selector),
        "tolerations": [toleration.spec() for toleration in config.tolerations],
        "priorityClassName": config.priority_class,
    }
    return pod | {name: value for name, value in optional.items() if value}


def _container(config: KubernetesConfig, store: str, work: str, module: str) -> dict[str, Any]:
    # The one that is named for want of another is absent where pods have an identity, or no S3 at all.
    optional = "secrets" not in config.model_fields_set
    secrets = [{"secretRef": {"name": name, "optional": optional}} for name in config.secrets]
    maps = [{"configMapRef": {"name": name, "optional": True}} for name in config.config_maps]
    return {
        "name": "worker",
        "image": config.image,
        "imagePullPolicy": config.pull_policy.value,
        "command": ["python", "-m", module],
        "args": ["--store", store, "--work", work, "--index-from", "JOB_COMPLETION_INDEX"],
        "env": [
            _field("ROSSI_RUN", "metadata.labels['batch.kubernetes.io/controller-uid']"),
            _field("ROSSI_ATTEMPT", "metadata.annotations['batch.kubernetes.io/job-index-failure-count']"),
            {"name": "HOME", "value": _HOME},
        ],
        "envFrom": [*secrets, *maps],
        "resources": {
            "requests": {"cpu": config.cpu, "memory": config.memory},
            "limits": {"memory": config.memory_limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # the last lines of the log, so that they are known when the pod is gone
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

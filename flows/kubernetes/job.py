"""The Job of a campaign: its name, which the same campaign always gets, and its specification."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
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
LABELS = {"app.kubernetes.io/name": "rossi", "app.kubernetes.io/component": "worker"}
#: What finds all Jobs of campaigns.
SELECTOR = ",".join(f"{name}={value}" for name, value in LABELS.items())

#: A host's name, which a pod gets from the Job's name and its index, has 63 characters at most.
_NAME_LENGTH = 50
#: The user of the images.
_USER = 10001
_HOME = "/tmp"  # an emptyDir of the pod's own


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


def job_name(settings: Settings, campaign: str) -> str:
    """Return the Job's name for a campaign's identity."""
    slug = re.sub("[^a-z0-9]+", "-", settings.campaign.name.lower()).strip("-")
    digest = campaign[:12]
    return "-".join(filter(None, ("rossi", slug[: _NAME_LENGTH - 20].strip("-"), digest)))


def make_job(settings: Settings, campaign: str, work: str, shards: int, flow_run: str = "") -> dict[str, Any]:
    """Return the Job's manifest.

    Parameters
    ----------
    settings : Settings
    campaign : str
        What `identity` returns.
    work : str
        Key of the work list.
    shards : int
    flow_run : str
        Of Prefect.
    """
    config = settings.kubernetes
    labels = LABELS | ({FLOW_RUN: flow_run} if flow_run else {})
    spec: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": shards,
        "parallelism": min(config.parallelism, shards),
        "backoffLimitPerIndex": config.retries,
        "activeDeadlineSeconds": round(config.deadline_hours * 3600),
        "ttlSecondsAfterFinished": round(config.keep_hours * 3600),
        "podFailurePolicy": {"rules": list(_FAILURES)},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(config, settings.store, work)},
    }
    if config.max_failed_shards is not None:
        spec["maxFailedIndexes"] = min(config.max_failed_shards, shards)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(settings, campaign),
            "namespace": config.namespace,
            "labels": labels,
            "annotations": {CAMPAIGN: campaign, WORK: work, PODS: pods_digest(config)},
        },
        "spec": spec,
    }


def pods_digest(config: KubernetesConfig) -> str:
    """Return a hash of all that the configuration says of pods: image, limits, volumes, accounts ..."""
    return hashlib.sha256(json.dumps(_pod(config, "", ""), sort_keys=True).encode()).hexdigest()[:16]


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


def _pod(config: KubernetesConfig, store: str, work: str) -> dict[str, Any]:
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
        "containers": [_container(config, store, work) | {"volumeMounts": mounts}],
        "volumes": volumes,
    }
    optional = {
        "nodeSelector": dict(config.node_selector),
        "tolerations": [toleration.spec() for toleration in config.tolerations],
        "priorityClassName": config.priority_class,
    }
    return pod | {name: value for name, value in optional.items() if value}


def _container(config: KubernetesConfig, store: str, work: str) -> dict[str, Any]:
    # The one that is named for want of another is absent where pods have an identity, or no S3 at all.
    optional = "secrets" not in config.model_fields_set
    secrets = [{"secretRef": {"name": name, "optional": optional}} for name in config.secrets]
    maps = [{"configMapRef": {"name": name, "optional": True}} for name in config.config_maps]
    return {
        "name": "worker",
        "image": config.image,
        "imagePullPolicy": config.pull_policy.value,
        "command": ["python", "-m", "services.execution"],
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

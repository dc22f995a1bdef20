"""The section ``[kubernetes]`` of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from services.contract import Frozen

_NAME = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"

#: What workers need that call HEASoft's tasks, where nothing else is said. An observation takes minutes, not a fifth of
#: a second: 4 to 34 s for PCA (HEASoft 6.20), some thirty calls a HEXTE cluster of 0.4 to 0.8 s, and a second or two
#: for each start of heasoftpy. 120,000 observations of 2.5 minutes are 500 h for ten pods. Event lists have up to
#: 300 MB, of which the worker has copies and the task its own.
HEASOFT: Mapping[str, Any] = {
    "image": "rossi-heasoft",
    "memory": "2Gi",
    "memory_limit": "4Gi",
    "scratch": "8Gi",
    "deadline_hours": 720.0,
}


class PullPolicy(StrEnum):
    """When a node fetches an image."""

    IF_NOT_PRESENT = "IfNotPresent"
    ALWAYS = "Always"
    NEVER = "Never"


class Effect(StrEnum):
    """What a taint does to pods that don't tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Frozen):
    """A taint that workers put up with: without a value, whatever its value is."""

    key: str = Field(min_length=1)
    value: str = ""
    effect: Effect | None = None

    def spec(self) -> dict[str, str]:
        """Return it as a pod's specification has it."""
        rule = {"operator": "Equal", "value": self.value} if self.value else {"operator": "Exists"}
        return {"key": self.key, **rule} | ({"effect": self.effect.value} if self.effect else {})


class Volume(Frozen):
    """A claim that every worker mounts, such as the archive's."""

    claim: str = Field(pattern=_NAME)
    path: str = Field(pattern="^/")
    read_only: bool = True


class KubernetesConfig(Frozen):
    """How a campaign runs on a cluster; passwords are in secrets there, of which this names some.

    With `engine = "heasoft"` in [campaign], other defaults hold (`HEASOFT`).
    """

    context: str = Field(
        "", description="Context of the kubeconfig; none is the cluster that rossi runs in, else the current context."
    )
    namespace: str = Field("rossi", pattern=_NAME, description="Namespace of Jobs and pods.")
    image: str = Field(
        "rossi-worker",
        min_length=1,
        description="Image of the workers: target worker of the Dockerfile, or that of heasoft.Dockerfile.",
    )
    pull_policy: PullPolicy = Field(PullPolicy.IF_NOT_PRESENT, description="When a node fetches the image.")
    parallelism: int = Field(
        10,
        ge=1,
        le=9999,
        description="Pods that work at the same time, a shard each; then a part of the merges.",
    )
    service_account: str = Field("rossi-worker", pattern=_NAME, description="Of the workers; it needs no permissions.")
    secrets: tuple[str, ...] = Field(
        ("rossi-s3",), description="Secrets whose entries become environment variables; those named here must be there."
    )
    config_maps: tuple[str, ...] = Field((), description="Config maps whose entries become environment variables.")
    volumes: tuple[Volume, ...] = Field((), description="Claims to mount: {claim = ..., path = ..., read_only = true}.")
    cpu: str = Field("1", pattern=_QUANTITY, description="Processors a worker asks for; its work has one thread.")
    memory: str = Field("1Gi", pattern=_QUANTITY, description="Memory a worker asks for.")
    memory_limit: str = Field("2Gi", pattern=_QUANTITY, description="Memory at which a worker is killed.")
    scratch: str = Field("2Gi", pattern=_QUANTITY, description="Size of a worker's /tmp.")
    node_selector: dict[str, str] = Field({}, description="Labels of the nodes that workers may run on.")
    tolerations: tuple[Toleration, ...] = Field(
        (), description='Taints to put up with, such as {key = "spot", effect = "NoSchedule"}.'
    )
    priority_class: str = Field("", description="Priority class of the workers.")
    retries: int = Field(
        3, ge=0, le=10, description="How often a shard or a merge is tried again; evictions don't count."
    )
    max_failed_shards: int | None = Field(
        None,
        ge=0,
        description="The campaign ends when more shards than this have a failure, be it of one observation.",
    )
    deadline_hours: float = Field(168.0, gt=0, description="After this time the Job is ended.")
    keep_hours: float = Field(24.0, ge=0, description="A Job that has ended is removed after this time.")
    start_minutes: float = Field(
        10.0, gt=0, description="The campaign ends if no pod has started after this time; with the reason."
    )
    patience_minutes: float = Field(30.0, gt=0, description="How long the API server may be away.")
    log_lines: int = Field(20, ge=1, le=1000, description="Last lines of a failing pod's log that are shown.")

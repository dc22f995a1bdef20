"""What a cluster's stand-in has for pods: those that ask for something else are refused, or wait for ever.

The sentences are those of Kubernetes 1.34. A pod that is refused is not made, and the Job has an event of it; one that
waits is *Pending*. Not here: several nodes, nodes that fill up, images that take their time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count, cycle

from tests.flows.kubernetes.objects import Json

_UNITS = {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def quantity(text: str) -> float:
    """Read ``500m`` or ``2Gi``."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text)
    assert match is not None
    return float(match[1]) * _UNITS[match[2]]


@dataclass
class Nodes:
    """What there is: by default, all that the tests' campaigns ask for."""

    images: set[str] = field(default_factory=lambda: {"rossi-worker"})
    claims: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=lambda: {"rossi-worker"})
    priorities: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)
    memory_limit: str = "16Gi"
    cpu_quota: str = "128"
    #: Nodes come, and with them other numbers in what the scheduler says.
    _nodes: count[int] = field(default_factory=lambda: count(1))
    _turns: cycle[str] = field(default_factory=lambda: cycle(("ErrImagePull", "ImagePullBackOff")))

    def refusal(self, pod: str, spec: Json, used: float) -> str:
        """Say why no such pod may be made, as the Job's event has it; empty if it may.

        Parameters
        ----------
        pod : str
        spec : dict
        used : float
            Processors that other pods asked for.
        """
        (container,) = spec["containers"]
        forbidden = f'Error creating: pods "{pod}" is forbidden: '
        account, priority = spec["serviceAccountName"], spec.get("priorityClassName")
        if account not in self.accounts:
            return f'{forbidden}error looking up service account rossi/{account}: serviceaccount "{account}" not found'
        if priority and priority not in self.priorities:
            return f"{forbidden}no PriorityClass with name {priority} was found"
        limit, cpu = container["resources"]["limits"]["memory"], container["resources"]["requests"]["cpu"]
        if quantity(limit) > quantity(self.memory_limit):
            return f"{forbidden}maximum memory usage per Container is {self.memory_limit}, but limit is {limit}"
        if used + quantity(cpu) > quantity(self.cpu_quota):
            asked = f"requested: requests.cpu={cpu}, used: requests.cpu={used:g}"
            return f"{forbidden}exceeded quota: rossi, {asked}, limited: requests.cpu={self.cpu_quota}"
        return ""

    def obstacle(self, spec: Json) -> Json | None:
        """Return the status of a pod that waits, None if it can begin."""
        for volume in spec["volumes"]:
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in self.claims:
                return _unscheduled(f'persistentvolumeclaim "{claim}" not found')
        if not (spec.get("nodeSelector") or {}).items() <= self.labels.items():
            n = next(self._nodes)
            why = f"0/{n} nodes are available: {n} node(s) didn't match Pod's node affinity/selector."
            return _unscheduled(
                f"{why} preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling."
            )
        (container,) = spec["containers"]
        image = container["image"]
        if image not in self.images and container["imagePullPolicy"] == "Never":
            never = f'Container image "{image}" is not present with pull policy of Never'
            return _waiting(image, "ErrImageNeverPull", never)
        if image not in self.images:
            pull = f'failed to pull and unpack image "{image}": not found'
            turn = next(self._turns)
            return _waiting(
                image, turn, pull if turn == "ErrImagePull" else f'Back-off pulling image "{image}": {pull}'
            )
        for source in container["envFrom"]:
            secret = source.get("secretRef", {"optional": True})
            if not secret["optional"] and secret["name"] not in self.secrets:
                return _waiting(image, "CreateContainerConfigError", f'secret "{secret["name"]}" not found')
        return None


def _unscheduled(message: str) -> Json:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def _waiting(image: str, reason: str, message: str) -> Json:
    scheduled = {"type": "PodScheduled", "status": "True"}
    state = {"waiting": {"reason": reason, "message": message}}
    containers = [{"name": "worker", "image": image, "state": state}]
    return {"phase": "Pending", "conditions": [scheduled], "containerStatuses": containers}

"""What a Job's and a pod's status say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Object = Mapping[str, Any]

#: What a Job says that has worked off all indices, some with failures.
ALL_TRIED = "FailedIndexes"

#: Label and annotation of a pod that name its index; Kubernetes sets them.
INDEX = "batch.kubernetes.io/job-completion-index"


class Ending(StrEnum):
    """How a Job ended."""

    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class JobState:
    """A Job's state.

    Parameters
    ----------
    name, uid : str
    completions : int
    completed, failed : frozenset of int
        Indices that ended.
    active : int
        Pods that run or wait.
    parallelism : int
        Pods that are to work at the same time.
    begun : bool
        Whether a pod has begun to work.
    ending : Ending or None
        None while it runs.
    reason, message : str
        Why it failed.
    deleting : bool
    """

    name: str
    uid: str
    completions: int
    completed: frozenset[int]
    failed: frozenset[int]
    active: int = 0
    parallelism: int = 1
    begun: bool = False
    ending: Ending | None = None
    reason: str = ""
    message: str = ""
    deleting: bool = False

    @classmethod
    def of(cls, job: Object) -> JobState:
        """Read a Job's status."""
        meta, status = job["metadata"], job.get("status") or {}
        ends = {c["type"]: c for c in status.get("conditions") or () if c.get("status") == "True"}
        ending = next((kind for kind in Ending if kind in ends), None)
        said = ends.get(ending, {}) if ending else {}
        return cls(
            name=meta["name"],
            uid=meta.get("uid", ""),
            completions=job["spec"].get("completions") or 0,
            completed=parse_indexes(status.get("completedIndexes") or ""),
            failed=parse_indexes(status.get("failedIndexes") or ""),
            active=status.get("active") or 0,
            parallelism=job["spec"].get("parallelism") or 0,
            begun=any(
                status.get(count) for count in ("ready", "succeeded", "failed", "completedIndexes", "failedIndexes")
            ),
            ending=ending,
            reason=said.get("reason", ""),
            message=said.get("message", ""),
            deleting="deletionTimestamp" in meta,
        )

    @property
    def wanted(self) -> int:
        """Pods that there should be now."""
        return min(self.parallelism, self.completions - len(self.ended))

    @property
    def word(self) -> str:
        """How it is, for people."""
        if self.deleting:
            return "deleting"
        if self.ending is None:
            return "running"
        if self.ending is Ending.COMPLETE or self.reason == ALL_TRIED:
            return "done, with failures" if self.failed else "done"
        return f"failed: {self.reason or 'no reason given'}"

    @property
    def ended(self) -> frozenset[int]:
        """Indices that ended, one way or the other."""
        return self.completed | self.failed


@dataclass(frozen=True, slots=True)
class PodEnd:
    """How a pod failed.

    Parameters
    ----------
    name, uid : str
    index : int
    why : str
        What Kubernetes says: ``OOMKilled``, ``Evicted``, ``exit code 1`` ...
    said : str
        The last that the process said.
    exit_code : int or None
    """

    name: str
    uid: str
    index: int
    why: str
    said: str = ""
    exit_code: int | None = None

    @classmethod
    def of(cls, pod: Object) -> PodEnd | None:
        """Read a pod's status; None if it has not failed."""
        meta, status = pod["metadata"], pod.get("status") or {}
        if status.get("phase") != "Failed":
            return None
        states = [c.get("state") or {} for c in status.get("containerStatuses") or ()]
        ended: Object = next((state["terminated"] for state in states if state.get("terminated")), {})
        code = ended.get("exitCode")
        why = _why(status, ended, code)
        return cls(meta["name"], meta.get("uid", ""), index_of(pod), why, (ended.get("message") or "").strip(), code)


def _why(status: Object, ended: Object, code: int | None) -> str:
    disrupted = next((c for c in status.get("conditions") or () if c["type"] == "DisruptionTarget"), None)
    if disrupted is not None and disrupted.get("status") == "True":
        said = filter(None, (disrupted.get("reason", "no reason given"), status.get("message")))
        return f"moved away ({': '.join(said)})"
    if status.get("reason"):
        return ": ".join(str(status[name]) for name in ("reason", "message") if status.get(name))
    if ended.get("reason") not in {None, "", "Error"}:
        return str(ended["reason"])
    return "ended" if code is None else f"exit code {code}"


def index_of(pod: Object) -> int:
    """Return the index that a pod works on, -1 if none."""
    meta = pod["metadata"]
    text = (meta.get("labels") or {}).get(INDEX) or (meta.get("annotations") or {}).get(INDEX) or ""
    return int(text) if text.isdecimal() else -1


def parse_indexes(text: str) -> frozenset[int]:
    """Read a Job's list of indices, such as ``1,3-5,7``."""
    return frozenset(index for part in filter(None, text.split(",")) for index in _range(part))


def _range(part: str) -> Iterator[int]:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
    if match is None:
        raise ValueError(f"{part!r} is no range of indices.")
    first = int(match[1])
    yield from range(first, int(match[2] or first) + 1)

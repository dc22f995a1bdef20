"""A Job controller and a node for the API server stand-in: each index really runs, as a fork that is the worker.

It knows Indexed Jobs with `backoffLimitPerIndex`, `maxFailedIndexes`, `podFailurePolicy`, `activeDeadlineSeconds` and
`ttlSecondsAfterFinished`, both ways of deleting, evictions, killed containers and last words, and
pods that can't start for want of something (`tests.flows.kubernetes.nodes`). Unlike the real one it
waits for nothing before it tries an index again.
"""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.kubernetes.nodes import Nodes, quantity
from tests.flows.kubernetes.objects import Json
from tests.flows.support import ROOT
from tests.forks import UNDRAWN, Fork

_PREFIX = "batch.kubernetes.io"


@dataclass
class Pod:
    """A pod and its process."""

    name: str
    index: int
    process: Fork
    log: Path
    evicted: bool = False
    asked: bool = False


@dataclass
class Work:
    """What the controller knows of a Job."""

    failures: dict[int, int] = field(default_factory=dict)
    ignored: dict[int, int] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    pods: list[Pod] = field(default_factory=list)
    waiting: dict[int, str] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None
    verdict: tuple[str, str] | None = None


class Controller:
    """Runs the Jobs of an API server.

    Parameters
    ----------
    api : ApiServer
    folder : Path
        For the pods' logs.
    """

    def __init__(self, api: ApiServer, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.environment: dict[str, str] = {}
        self.nodes = Nodes()
        self.secrets: dict[str, dict[str, str]] = {}
        self.work: dict[str, Work] = {}
        self.started: list[Pod] = []
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._leaving: list[tuple[str, Pod]] = []
        api.delete, api.log = self._delete, self._log
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it and everything that runs."""
        self._stop.set()
        self._thread.join()
        for pod in [pod for work in self.work.values() for pod in work.pods] + [pod for _, pod in self._leaving]:
            pod.process.kill()
            pod.process.wait()

    def evict(self, pod: Pod) -> None:
        """Drain the node from under a pod."""
        with self._lock:
            pod.evicted = True
            _ask_to_end(pod)

    def running(self) -> list[Pod]:
        """Return the pods that run."""
        with self._lock:
            return [pod for work in self.work.values() for pod in work.pods]

    def _loop(self) -> None:
        while not self._stop.wait(0.03):
            with self._lock:
                for job in self.api.objects.all("jobs"):
                    self._sync(job)
                for uid, pod in list(self._leaving):
                    if pod.process.poll() is not None:
                        self._leaving.remove((uid, pod))
                        self.api.objects.remove("pods", pod.name)

    def _sync(self, job: Json) -> None:
        spec, name = job["spec"], job["metadata"]["name"]
        work = self.work.setdefault(job["metadata"]["uid"], Work())
        for pod in [pod for pod in work.pods if pod.process.poll() is not None]:
            work.pods.remove(pod)
            self._ended(job, work, pod)
        if "deletionTimestamp" in job["metadata"]:
            if not work.pods:
                self._remove(job)
            return
        if work.ended is not None:
            if time.monotonic() - work.ended > spec.get("ttlSecondsAfterFinished", 1e9):
                self._remove(job)
            return
        if work.verdict is None and time.monotonic() - work.begun > spec.get("activeDeadlineSeconds", 1e9):
            work.verdict = ("DeadlineExceeded", "Job was active longer than specified deadline")
        if work.verdict is None and len(work.failed) > spec.get("maxFailedIndexes", 1e9):
            work.verdict = (
                "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes",
            )
        if work.verdict is not None:
            for pod in work.pods:
                _ask_to_end(pod)
            for name_of_waiting in work.waiting.values():
                self.api.objects.remove("pods", name_of_waiting)
            work.waiting.clear()
        else:
            self._start(job, work)
        self.api.objects.update("jobs", name, lambda item: item.update(status=self._status(spec, work)))

    def _start(self, job: Json, work: Work) -> None:
        spec, name = job["spec"]["template"]["spec"], job["metadata"]["name"]
        for index, pod in list(work.waiting.items()):
            status = self.nodes.obstacle(spec)
            if status is None:
                del work.waiting[index]
                self.api.objects.remove("pods", pod)
            else:
                self.api.objects.update("pods", pod, lambda item: item.update(status=status))  # noqa: B023
        busy = {pod.index for pod in work.pods} | work.waiting.keys() | work.done | work.failed
        free = (index for index in range(job["spec"]["completions"]) if index not in busy)
        while self._active(work) < job["spec"]["parallelism"] and (index := next(free, None)) is not None:
            cpu = quantity(spec["containers"][0]["resources"]["requests"]["cpu"])
            pod = f"{name}-{index}-{uuid.uuid4().hex[:5]}"
            if refusal := self.nodes.refusal(pod, spec, cpu * self._active(work)):
                self._tell(job, refusal)
                return
            meta = self._meta(job, work, index, pod)
            status = self.nodes.obstacle(spec)
            made = {"kind": "Pod", "metadata": meta, "spec": spec, "status": status or {"phase": "Running"}}
            self.api.objects.create("pods", made)
            if status is not None:
                work.waiting[index] = pod
            else:
                work.pods.append(self._run(job, meta, index))

    @staticmethod
    def _active(work: Work) -> int:
        return len(work.pods) + len(work.waiting)

    def _tell(self, job: Json, message: str) -> None:
        """Have an event of a pod that was refused: one for all, each time with the last one's name."""
        meta = job["metadata"]
        about = {"kind": "Job", "name": meta["name"], "namespace": "rossi", "uid": meta["uid"]}
        now = {"lastTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "message": message}
        event = {"kind": "Event", "type": "Warning", "reason": "FailedCreate", "involvedObject": about, **now}
        name = f"{meta['name']}.1"
        if self.api.objects.create("events", {**event, "metadata": {"name": name}}) is None:
            self.api.objects.update("events", name, lambda item: item.update(now))

    @staticmethod
    def _meta(job: Json, work: Work, index: int, pod: str) -> Json:
        template, name = job["spec"]["template"], job["metadata"]["name"]
        labels = {f"{_PREFIX}/job-name": name, f"{_PREFIX}/controller-uid": job["metadata"]["uid"]}
        numbers = {f"{_PREFIX}/job-completion-index": str(index)}
        failures = {f"{_PREFIX}/job-index-failure-count": str(work.failures.get(index, 0))}
        return {
            "name": pod,
            "labels": {**template["metadata"]["labels"], **labels, **numbers},
            "annotations": {**numbers, **failures},
        }

    def _run(self, job: Json, meta: Json, index: int) -> Pod:
        template = job["spec"]["template"]
        (container,) = template["spec"]["containers"]
        python, option, module, *arguments = container["command"] + container["args"]
        assert (python, option) == ("python", "-m")
        environment = {"ROSSI_TEST_MODULE": module, UNDRAWN: "1"}
        if self.environment:
            module = "tests.flows.kubernetes.sabotage"
        environment |= {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "JOB_COMPLETION_INDEX": str(index)}
        for source in container["envFrom"]:
            environment |= self.secrets.get(source["secretRef"]["name"], {})
        environment |= {e["name"]: e.get("value") or _field(meta, e["valueFrom"]["fieldRef"]) for e in container["env"]}
        log = self.folder / meta["name"]
        with log.open("wb") as stream:
            process = Fork(module, arguments, self.folder, environment | self.environment, stream, stream)
        pod = Pod(meta["name"], index, process, log)
        self.started.append(pod)
        return pod

    def _ended(self, job: Json, work: Work, pod: Pod) -> None:
        code = pod.process.returncode if pod.process.returncode >= 0 else 128 - pod.process.returncode
        self.api.objects.update("pods", pod.name, lambda item: item.update(status=_pod_status(pod, code)))
        if pod.asked:  # it was deleted, and has only been kept until it was counted
            self.api.objects.remove("pods", pod.name)
        if code == 0:
            work.done.add(pod.index)
            return
        action = _action(job["spec"]["podFailurePolicy"]["rules"], code, evicted=pod.evicted)
        match action:
            case "Ignore":
                work.ignored[pod.index] = work.ignored.get(pod.index, 0) + 1
                return
            case "FailJob":
                message = f"Container worker for pod {pod.name} failed with exit code {code} matching FailJob rule"
                work.verdict = work.verdict or ("PodFailurePolicy", message)
        work.failures[pod.index] = work.failures.get(pod.index, 0) + 1
        if action == "FailIndex" or work.failures[pod.index] > job["spec"]["backoffLimitPerIndex"]:
            work.failed.add(pod.index)

    def _status(self, spec: Json, work: Work) -> Json:
        status: Json = {
            "active": self._active(work),
            "ready": len(work.pods),
            "completedIndexes": _ranges(work.done),
            "failedIndexes": _ranges(work.failed),
            "succeeded": len(work.done),
            "failed": sum(work.failures.values()),
        }
        if work.verdict is None and len(work.done | work.failed) == spec["completions"]:
            work.verdict = ("FailedIndexes", "Job has failed indexes") if work.failed else ("", "")
        if work.verdict is not None:
            reason, message = work.verdict
            kind = "Failed" if reason else "Complete"
            target = {"Failed": "FailureTarget", "Complete": "SuccessCriteriaMet"}[kind]
            conditions = [{"type": target, "status": "True", "reason": reason, "message": message}]
            if not self._active(work):
                work.ended = time.monotonic()
                conditions.append({"type": kind, "status": "True", "reason": reason, "message": message})
            status["conditions"] = conditions
        return status

    def _delete(self, name: str, propagation: str) -> None:
        with self._lock:
            job = self.api.objects.get("jobs", name)
            assert job is not None
            for pod in self.work.get(job["metadata"]["uid"], Work()).pods:
                _ask_to_end(pod)
            if propagation == "Foreground":
                self.api.objects.update("jobs", name, lambda item: item["metadata"].update(deletionTimestamp="now"))
            else:
                self._remove(job)

    def _remove(self, job: Json) -> None:
        work = self.work.pop(job["metadata"]["uid"], Work())
        self._leaving += [(job["metadata"]["uid"], pod) for pod in work.pods]
        leaving = {pod.name for pod in work.pods}
        for pod in self.api.objects.all("pods"):
            mine = pod["metadata"]["labels"][f"{_PREFIX}/controller-uid"] == job["metadata"]["uid"]
            if mine and pod["metadata"]["name"] not in leaving:
                self.api.objects.remove("pods", pod["metadata"]["name"])
        self.api.objects.remove("jobs", job["metadata"]["name"])

    def _log(self, name: str) -> str | None:
        there = self.api.objects.get("pods", name) is not None
        return (self.folder / name).read_text() if there else None


def _field(meta: Json, reference: Json) -> str:
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", reference["fieldPath"])
    assert match is not None
    return str(meta[match[1]].get(match[2], ""))


def _pod_status(pod: Pod, code: int) -> Json:
    said = "".join(pod.log.read_text().splitlines(keepends=True)[-80:])[-2048:]
    reason = {0: "Completed", 137: "OOMKilled"}.get(code, "Error")
    terminated = {"exitCode": code, "reason": reason, "message": said if code else ""}
    status: dict[str, Any] = {
        "phase": "Failed" if code else "Succeeded",
        "containerStatuses": [{"name": "worker", "state": {"terminated": terminated}}],
    }
    if pod.evicted:
        status["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}]
    return status


def _action(rules: list[Json], code: int, *, evicted: bool) -> str:
    for rule in rules:
        if code in rule.get("onExitCodes", {}).get("values", []):
            return str(rule["action"])
        if evicted and any(c["type"] == "DisruptionTarget" for c in rule.get("onPodConditions", [])):
            return str(rule["action"])
    return "Count"


def _ranges(indexes: set[int]) -> str:
    parts: list[list[int]] = []
    for index in sorted(indexes):
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(f"{a}" if a == b else f"{a}{'-' if b > a + 1 else ','}{b}" for a, b in parts)


def _ask_to_end(pod: Pod) -> None:
    """Send SIGTERM, once."""
    if not pod.asked:
        pod.asked = True
        pod.process.terminate()

"""The few requests that campaigns make of a Kubernetes API server, and what its answers mean.

The client is asked for plain JSON: its models of a thousand pods cost seconds, and all that is read is a few fields.
It repeats nothing; that is done in `flows.kubernetes.follow`, and nowhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from flows.core.cluster import KubernetesConfig
from flows.kubernetes.state import Object
from rossi.errors import ConfigError, RossiError

#: Seconds: to connect, and between two pieces of an answer.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 60.0
#: Seconds after which a watch is begun anew. A connection that died without a word is noticed soon after.
WATCH_SECONDS = 120
_PAGE = 500


class Unavailable(RossiError):
    """The API server did not answer as it should; the same request may succeed later."""


class Refused(ConfigError):
    """The API server does not let us; just after its start it may say so by mistake."""


class Gone(Exception):
    """The API server has forgotten the state that a watch was to go on from."""


class Conflict(Exception):
    """There is an object of this name."""


class Resource(StrEnum):
    """What is listed and watched."""

    JOB = "job"
    POD = "pod"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Which:
    """Selectors of a list or watch."""

    labels: str = ""
    fields: str = ""


class Cluster:
    """One namespace of a cluster.

    Parameters
    ----------
    api : client.ApiClient
    namespace : str
    watch_seconds, read_timeout : float [s]
    """

    def __init__(
        self,
        api: client.ApiClient,
        namespace: str,
        watch_seconds: int = WATCH_SECONDS,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self.namespace = namespace
        self._batch: Any = client.BatchV1Api(api)
        self._core: Any = client.CoreV1Api(api)
        self._rights: Any = client.AuthorizationV1Api(api)
        self._watch_seconds = watch_seconds
        self._read_timeout = read_timeout

    def create_job(self, job: Mapping[str, Any]) -> Object:
        """Create a Job; raises `Conflict`."""
        return self._one(self._batch.create_namespaced_job, f"creating Job {job['metadata']['name']}", body=dict(job))

    def read_job(self, name: str) -> Object | None:
        """Return a Job, None if there is none."""
        try:
            return self._one(self._batch.read_namespaced_job, f"reading Job {name}", name=name)
        except _NotFound:
            return None

    def label_job(self, name: str, labels: Mapping[str, str]) -> None:
        """Set labels of a Job, if it is there."""
        body = {"metadata": {"labels": dict(labels)}}
        try:
            self._one(self._batch.patch_namespaced_job, f"labelling Job {name}", name=name, body=body)
        except _NotFound:
            return

    def delete_job(self, name: str, *, wait: bool = False) -> bool:
        """Delete a Job and its pods; returns whether there was one.

        Parameters
        ----------
        name : str
        wait : bool
            Keep the Job until its pods have ended (propagation Foreground).
        """
        propagation = "Foreground" if wait else "Background"
        request = self._batch.delete_namespaced_job
        try:
            self._one(request, f"deleting Job {name}", name=name, propagation_policy=propagation)
        except _NotFound:
            return False
        return True

    def list(self, resource: Resource, which: Which) -> tuple[list[Object], str]:
        """Return objects, and the version of the state they were read from."""
        items: list[Object] = []
        page = ""
        while True:
            options = self._selectors(which) | ({"_continue": page} if page else {})
            try:
                answer = self._one(self._lister(resource), f"listing {resource}s", limit=_PAGE, **options)
            except Gone as error:
                raise Unavailable(f"The Kubernetes API server took too long for listing {resource}s: {error}") from None
            items += answer.get("items") or []
            page = answer["metadata"].get("continue") or ""
            if not page:
                return items, answer["metadata"].get("resourceVersion") or ""

    def watch(self, resource: Resource, which: Which, version: str) -> Iterator[Object]:
        """Iterate over events until the server ends the watch; raises `Gone`."""
        with _meaning(f"watching {resource}s"):
            answer = self._lister(resource)(
                self.namespace,
                watch=True,
                allow_watch_bookmarks=True,
                resource_version=version,
                timeout_seconds=self._watch_seconds,
                _preload_content=False,
                _request_timeout=(CONNECT_TIMEOUT, self._watch_seconds + self._read_timeout),
                **self._selectors(which),
            )
            try:
                for line in _lines(answer):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        _raise_status(event["object"], f"watching {resource}s")
                    yield event
            finally:
                answer.close()
                answer.release_conn()

    def pod_log(self, name: str, lines: int | None = None) -> str | None:
        """Return a pod's log, or its last lines; None if pod or log are not there."""
        options = {} if lines is None else {"tail_lines": lines}
        try:
            with _meaning(f"reading the log of pod {name}"):
                answer = self._core.read_namespaced_pod_log(
                    name,
                    self.namespace,
                    _preload_content=False,
                    _request_timeout=(CONNECT_TIMEOUT, self._read_timeout),
                    **options,
                )
                return str(answer.data.decode(errors="replace"))
        except (_NotFound, _Invalid):  # the container has not begun
            return None

    def may(self, verb: str, resource: str, group: str = "") -> bool:
        """Return whether this account may do something in the namespace, as the server's rules say."""
        name, _, part = resource.partition("/")
        asked = {"namespace": self.namespace, "verb": verb, "group": group, "resource": name, "subresource": part}
        with _meaning(f"asking whether to {verb} {resource} is allowed"):
            answer = self._rights.create_self_subject_access_review(
                body={"spec": {"resourceAttributes": asked}},
                _preload_content=False,
                _request_timeout=(CONNECT_TIMEOUT, self._read_timeout),
            )
            return bool(json.loads(answer.data).get("status", {}).get("allowed"))

    def quota(self) -> Sequence[str]:
        """Return what is used of the namespace's quota, ``pods 3 of 10``; nothing where none is set or shown."""
        try:
            items = self._one(self._core.list_namespaced_resource_quota, "listing quotas").get("items") or []
        except Refused:
            return []
        statuses = [item.get("status") or {} for item in items]
        return [
            f"{name} {(status.get('used') or {}).get(name, '0')} of {most}"
            for status in statuses
            for name, most in sorted((status.get("hard") or {}).items())
        ]

    def _one(self, request: Any, what: str, **options: Any) -> Object:
        with _meaning(what):
            answer = request(
                namespace=self.namespace,
                _preload_content=False,
                _request_timeout=(CONNECT_TIMEOUT, self._read_timeout),
                **options,
            )
            found: Object = json.loads(answer.data)
            return found

    def _lister(self, resource: Resource) -> Any:
        if resource is Resource.JOB:
            return self._batch.list_namespaced_job
        return self._core.list_namespaced_pod if resource is Resource.POD else self._core.list_namespaced_event

    @staticmethod
    def _selectors(which: Which) -> dict[str, str]:
        given = {"label_selector": which.labels, "field_selector": which.fields}
        return {name: value for name, value in given.items() if value}


class _NotFound(Exception):
    """There is no such object."""


class _Invalid(ConfigError):
    """The request makes no sense."""


def _lines(answer: Any) -> Iterator[bytes]:
    rest = b""
    for piece in answer.stream(None, decode_content=False):
        *lines, rest = (rest + piece).split(b"\n")
        yield from filter(None, lines)


@contextmanager
def _meaning(what: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if not error.status:
            raise Unavailable(f"The Kubernetes API server can't be reached ({what}): {error.reason}") from None
        _raise_status({"code": error.status, "message": _message(error)}, what)
    except (HTTPError, OSError, json.JSONDecodeError) as error:  # the last: an answer that was cut off
        raise Unavailable(f"The Kubernetes API server can't be reached or broke off ({what}): {error}") from None


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "{}").get("message") or error.reason)
    except (ValueError, AttributeError):
        return str(error.reason)


def _raise_status(status: Object, what: str) -> None:
    code, message = status.get("code") or 500, str(status.get("message") or "").strip()
    match code:
        case 404:
            raise _NotFound(message)
        case 409:
            raise Conflict(message)
        case 410:
            raise Gone(message)
        case 401 | 403:
            raise Refused(
                f"The Kubernetes API server refused {what} ({code}): {message}; check the context and what it may do."
            )
        case 400 | 422:
            raise _Invalid(f"The Kubernetes API server can't accept {what} ({code}): {message}")
        case _:
            raise Unavailable(f"The Kubernetes API server failed at {what} ({code}): {message}")


def open_cluster(config: KubernetesConfig) -> Cluster:
    """Reach the cluster that the configuration means.

    Raises
    ------
    ConfigError
        If none is known.
    """
    settings = client.Configuration()
    file = os.environ.get("KUBECONFIG") or None
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and not config.context and file is None
    try:
        if inside:
            load_incluster_config(client_configuration=settings)
        else:
            load_kube_config(file, context=config.context or None, client_configuration=settings)
    except (ConfigException, OSError, ValueError) as error:
        raise ConfigError(
            f"No Kubernetes cluster is known ({error}); set KUBECONFIG or kubernetes.context, or run inside a cluster."
        ) from None
    settings.retries = False
    return Cluster(client.ApiClient(settings), config.namespace)

"""Servers that are asked: catalogue, Prefect, cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from flows.core.extras import need
from flows.core.settings import Executor, Settings
from flows.doctor.finding import Finding, Verdict

#: Seconds that a Prefect server may take to answer.
PATIENCE = 3.0
#: What the coordinator of a campaign does in the namespace: k8s/base/accounts.yaml.
_RIGHTS = (
    ("batch", "jobs", ("create", "get", "list", "watch", "patch", "delete")),
    ("", "pods", ("get", "list", "watch")),
    ("", "pods/log", ("get",)),
    ("", "events", ("list",)),
)


def catalogue(settings: Settings) -> Iterator[Finding]:
    """Ask the catalogue's service for its table of observations."""
    need("pyvo")
    from services.query.tap import Catalogue

    begun = time.perf_counter()
    with Catalogue(settings.query.service) as service:
        columns = service.columns(settings.query.table)
        took = time.perf_counter() - begun
        said = f"{service.url} answered after {took:.2f} s: {settings.query.table} has {len(columns)} columns."
    yield Finding("Catalogue", Verdict.FINE, said)


def prefect(_settings: Settings) -> Iterator[Finding]:
    """Ask the Prefect server that the environment names."""
    need("prefect")
    url = os.environ.get("PREFECT_API_URL", "")
    if not url:
        said = "PREFECT_API_URL names no server: each campaign starts one of its own; `rossi up` keeps one."
        yield Finding("Prefect", Verdict.ABSENT, said)
        return
    from flows.desktop.access import check_auth, find_auth
    from flows.desktop.server import answers

    begun = time.perf_counter()
    if not answers(url, PATIENCE):
        said = f"the server at {url} does not answer; start it (`rossi up`), or unset PREFECT_API_URL."
        yield Finding("Prefect", Verdict.AWAY, said)
        return
    find_auth(url)
    check_auth(url)
    yield Finding("Prefect", Verdict.FINE, f"{url} answered after {time.perf_counter() - begun:.2f} s.")


def cluster(settings: Settings) -> Iterator[Finding]:
    """Ask the cluster what a campaign may do in its namespace."""
    known = "KUBECONFIG" in os.environ or "KUBERNETES_SERVICE_HOST" in os.environ
    if settings.campaign.executor is not Executor.KUBERNETES and not known:
        yield Finding("Cluster", Verdict.ABSENT, "none is asked for: executor = 'kubernetes' and KUBECONFIG name one.")
        return
    need("kubernetes")
    from flows.kubernetes.cluster import open_cluster

    config = settings.kubernetes
    opened = open_cluster(config)
    refused = [
        f"{verb} {resource}"
        for group, resource, verbs in _RIGHTS
        for verb in verbs
        if not opened.may(verb, resource, group)
    ]
    if refused:
        yield Finding(
            "Cluster",
            Verdict.BROKEN,
            f"namespace {opened.namespace}: this account may not {', '.join(refused)}; give it the role rossi-flow of "
            "k8s/base/accounts.yaml.",
        )
        return
    said = f"namespace {opened.namespace}: Jobs may be made, followed and removed; image {config.image}"
    limits = opened.quota()
    yield Finding("Cluster", Verdict.FINE, f"{said}; {'; '.join(limits) or 'no quota'}.")

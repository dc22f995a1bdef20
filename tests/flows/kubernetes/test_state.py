"""Reading the status of Jobs and pods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.display import show_jobs
from flows.core.cluster import KubernetesConfig
from flows.kubernetes.pods import remedy
from flows.kubernetes.state import INDEX, Ending, JobState, PodEnd, parse_indexes
from flows.kubernetes.waiting import Waiting


@given(st.frozensets(st.integers(0, 200)))
def test_indexes_survive(indexes):
    assert parse_indexes(",".join(f"{n}-{n}" if n % 2 else str(n) for n in sorted(indexes))) == indexes


def test_indexes_as_kubernetes_writes_them():
    assert parse_indexes("1,3-5,7") == {1, 3, 4, 5, 7}
    with pytest.raises(ValueError, match="'x'"):
        parse_indexes("1,x")


def job(status):
    return {"metadata": {"name": "j", "uid": "u"}, "spec": {"completions": 9}, "status": status}


def test_a_job_ends_with_its_last_condition():
    target = {"type": "FailureTarget", "status": "True", "reason": "PodFailurePolicy"}
    failed = target | {"type": "Failed", "message": "m"}
    assert JobState.of(job({})).ending is None
    assert JobState.of(job({"conditions": [target]})).ending is None
    state = JobState.of(job({"conditions": [target, failed], "completedIndexes": "0-2", "failedIndexes": "4"}))
    assert (state.ending, state.reason, state.message) == (Ending.FAILED, "PodFailurePolicy", "m")
    assert state.ended == {0, 1, 2, 4}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"reason": "Evicted"}, "Evicted"),
        ({"reason": "Evicted", "message": "the node was low on memory"}, "Evicted: the node was low on memory"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}, "OOMKilled"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}, "exit code 1"),
        ({"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "Preempted"}]}, "Preempted"),
        (
            {
                "reason": "Evicted",
                "message": "The node was low on resource: ephemeral-storage.",
                "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}],
            },
            "moved away (TerminationByKubelet: The node was low on resource: ephemeral-storage.)",
        ),
        ({"containerStatuses": [{"state": {"waiting": {}}}]}, "ended"),
    ],
)
def test_why_a_pod_failed(status, why):
    pod = {"metadata": {"name": "p", "uid": "u", "labels": {INDEX: "7"}}, "status": {"phase": "Failed"} | status}
    end = PodEnd.of(pod)
    assert end is not None
    assert why in end.why
    assert end.index == 7


def test_a_pod_that_runs_has_not_failed():
    assert PodEnd.of({"metadata": {"name": "p"}, "status": {"phase": "Running"}}) is None


@pytest.mark.parametrize(
    ("end", "setting"),
    [
        ("OOMKilled", "; raise kubernetes.memory_limit, which is 3Gi"),
        (
            'Evicted: Usage of EmptyDir volume "tmp" exceeds the limit "5Gi".',
            "; raise kubernetes.scratch, which is 5Gi",
        ),
        ("Evicted: the node was low on memory", ""),
        (
            "moved away (TerminationByKubelet: The node was low on resource: ephemeral-storage.)",
            "; the node's disk is full: free it, or have the workers run on other nodes (kubernetes.node_selector)",
        ),
        ("exit code 1", ""),
    ],
)
def test_which_limit_to_raise(end, setting):
    config = KubernetesConfig(memory_limit="3Gi", scratch="5Gi")
    assert remedy(PodEnd("p", "u", 0, end), config) == setting


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({}, "running"),
        ({"conditions": [{"type": "Complete", "status": "True"}], "completedIndexes": "0-8"}, "done"),
        (
            {"conditions": [{"type": "Failed", "status": "True", "reason": "FailedIndexes"}], "failedIndexes": "4"},
            "done, with failures",
        ),
        (
            {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
            "failed: DeadlineExceeded",
        ),
    ],
)
def test_how_a_job_is_in_words(status, word):
    assert JobState.of(job(status)).word == word


def test_status_fits_eighty_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    name = "rossi-crab-1997-and-all-the-rest-of-it-0123456789ab"
    states = [
        JobState(
            name,
            "u",
            9999,
            frozenset(range(9999)),
            frozenset(range(1234)),
            ending=Ending.FAILED,
            reason="FailedIndexes",
        ),
        JobState("rossi-test-0123456789ab", "v", 12, frozenset(), frozenset(), active=10),
    ]
    show_jobs([(state, Waiting(3, ())) for state in states])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in shown and "…" not in shown
    assert "rossi-test-0123456789ab" in shown
    for word in ("shards", "failures", "9999", "1234", "waiting"):
        assert word in shown

"""Reading the status of Jobs and pods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.kubernetes.state import INDEX, Ending, JobState, PodEnd, format_indexes, parse_indexes


@given(st.frozensets(st.integers(0, 200)))
def test_indexes_survive(indexes):
    assert parse_indexes(format_indexes(indexes)) == indexes


def test_indexes_as_kubernetes_writes_them():
    assert parse_indexes("1,3-5,7") == {1, 3, 4, 5, 7}
    assert format_indexes(frozenset({1, 3, 4, 5, 7})) == "1,3-5,7"
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
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}, "OOMKilled"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}, "exit code 1"),
        ({"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "Preempted"}]}, "Preempted"),
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

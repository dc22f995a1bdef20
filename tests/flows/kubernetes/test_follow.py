"""Following a Job over everything that an API server and the network between do."""

import threading
import time

import pytest

from flows.kubernetes import follow as module
from flows.kubernetes.cluster import Cluster, Conflict, Refused, Resource, Unavailable, Which, open_cluster
from flows.kubernetes.follow import Listed, follow, patiently
from flows.kubernetes.job import make_job
from rossi.errors import ConfigError
from tests.flows.kubernetes.apiserver import ApiServer
from tests.flows.support import wait_until


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.2)


class Follower:
    """Reads a Job's `active` in a thread, as a watcher does."""

    def __init__(self, cluster, name, patience=20.0):
        self.seen, self.lists, self.error, self._stop = [], 0, None, threading.Event()
        arguments = cluster, Resource.JOB, Which(fields=f"metadata.name={name}"), patience, self._stop
        self.thread = threading.Thread(target=self._run, args=arguments)
        self.thread.start()

    def _run(self, *arguments):
        try:
            for change in follow(*arguments):
                self.lists += isinstance(change, Listed)
                jobs = change.objects if isinstance(change, Listed) else [change.object]
                self.seen += [job.get("status", {}).get("active") for job in jobs]
        except Exception as error:
            self.error = error

    def sees(self, number):
        wait_until(lambda: number in self.seen, patience=20)

    def stop(self):
        self._stop.set()


@pytest.fixture
def job(api, cluster, settings):
    made = cluster.create_job(make_job(settings, "campaign", "work", 4))
    return made["metadata"]["name"]


@pytest.fixture
def follower(api, cluster, job):
    reader = Follower(cluster, job)
    wait_until(lambda: reader.lists)
    yield reader
    reader.stop()
    api.objects.forget()
    reader.thread.join(20)
    assert not reader.thread.is_alive()
    assert reader.error is None


def set_active(api: ApiServer, job: str, number: int) -> None:
    api.objects.update("jobs", job, lambda item: item.update(status={"active": number}))


def test_changes_are_seen_without_listing_again(api, follower, job):
    for number in range(1, 5):
        set_active(api, job, number)
    follower.sees(4)
    assert follower.seen == [None, 1, 2, 3, 4]
    assert follower.lists == 1


def test_a_watch_goes_on_where_its_bookmark_was(api, settings, job):
    cluster = open_cluster(settings.kubernetes)
    cluster._watch_seconds = 1
    reader = Follower(cluster, job)
    wait_until(lambda: reader.lists)
    for _ in range(5):  # of these it hears nothing, only that the version goes on
        api.objects.create("jobs", {"kind": "Job", "metadata": {"name": f"other-{_}"}, "spec": {}})
    wait_until(lambda: sum("watch=true" in request for request in api.requests) >= 3, patience=20)
    set_active(api, job, 7)
    reader.sees(7)
    assert reader.lists == 1
    versions = [r.partition("resourceVersion=")[2].partition("&")[0] for r in api.requests if "watch=true" in r]
    assert int(versions[-1]) > int(versions[0])
    reader.stop()
    reader.thread.join(20)


@pytest.mark.parametrize("as_event", [True, False])
def test_forgotten_history_is_listed_anew(api, follower, job, as_event):
    api.faults.gone_as_event = as_event
    if not as_event:
        api.faults.drop_after = 0
    with api.objects.changed:
        set_active(api, job, 1)
        api.objects.forget()
    api.faults.drop_after = None
    set_active(api, job, 2)
    follower.sees(2)
    assert follower.lists >= 2


def test_broken_connections_lose_nothing(api, follower, job):
    api.faults.drop_after = 1
    for number in range(1, 6):
        set_active(api, job, number)
        follower.sees(number)
    assert follower.lists == 1


def test_an_api_server_that_restarts(api, follower, job):
    api.stop()
    set_active(api, job, 3)
    time.sleep(0.3)
    api.start()
    follower.sees(3)


def test_errors_and_refusals_just_after_a_restart(api, follower, job):
    api.faults.statuses = [500, 503, 403, 429, 401, 504]
    api.stop()
    set_active(api, job, 3)
    api.start()
    follower.sees(3)
    assert api.faults.statuses == []


def test_a_slow_server(api, follower, job):
    api.faults.delay = 0.5
    set_active(api, job, 3)
    follower.sees(3)


def test_a_server_that_stays_away(api, cluster, job):
    reader = Follower(cluster, job, patience=0.5)
    wait_until(lambda: reader.lists)
    api.stop()
    reader.thread.join(20)
    assert isinstance(reader.error, Unavailable)
    assert "can't be reached" in str(reader.error)


def test_lasting_refusal(api, cluster):
    api.faults.statuses = [403] * 50
    with pytest.raises(Refused, match="listing jobs"):
        list(follow(cluster, Resource.JOB, Which(), 20.0))


def test_a_refused_request_is_one_sentence(api, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "wrong", token="wrong")))
    with pytest.raises(ConfigError, match=r"refused reading Job x \(401\)") as caught:
        patiently(lambda: open_cluster(settings.kubernetes).read_job("x"), 5)
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_no_cluster_is_one_sentence(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError, match="No Kubernetes cluster is known"):
        open_cluster(settings.kubernetes)


def test_invalid_jobs_are_refused(api, cluster, settings):
    wrong = make_job(settings, "campaign", "work", 4)
    wrong["spec"]["completionMode"] = 7
    with pytest.raises((ConfigError, ValueError)):
        cluster.create_job(wrong)


def test_names_are_taken_once(api, cluster, settings, job):
    with pytest.raises(Conflict):
        cluster.create_job(make_job(settings, "campaign", "work", 4))


def test_long_lists_come_in_pages(api, cluster: Cluster, monkeypatch):
    monkeypatch.setattr("flows.kubernetes.cluster._PAGE", 3)
    for number in range(8):
        api.objects.create("pods", {"kind": "Pod", "metadata": {"name": f"p{number}"}})
    pods, version = cluster.list(Resource.POD, Which())
    assert [pod["metadata"]["name"] for pod in pods] == [f"p{number}" for number in range(8)]
    assert int(version) > 1000


def test_a_list_whose_pages_are_forgotten_may_be_asked_for_again(api, cluster: Cluster, job, monkeypatch):
    monkeypatch.setattr("flows.kubernetes.cluster._PAGE", 1)
    api.objects.create("jobs", {"metadata": {"name": "other", "labels": {}}})
    request, asked = cluster._one, []

    def between(*arguments, **options):
        if len(asked) == 1:
            api.objects.forget()
        asked.append(options)
        return request(*arguments, **options)

    monkeypatch.setattr(cluster, "_one", between)
    with pytest.raises(Unavailable, match="took too long for listing jobs"):
        cluster.list(Resource.JOB, Which())
    assert len(cluster.list(Resource.JOB, Which())[0]) == 2

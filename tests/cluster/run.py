"""A campaign on a real cluster, with everything done to it that a cluster does: `make test-cluster`.

    KUBECONFIG=... python tests/cluster/run.py [--load 'kind load docker-image'] [--no-build] [--observations 300]

Builds the images and loads them, deploys the overlay `local`, simulates an archive in the node's folder /data/rxte with
some observations poisoned, runs two campaigns whose pods can't start, and one that can: kills and evicts its pods at
random, drains a node if there are two, restarts the flow, and compares everything that came out with a campaign in one
pod. Runs from the pages see their flow restarted and its pod deleted. Needs kubectl, docker or podman, and a cluster of
Kubernetes 1.30 or newer; no Internet if the images of PostgreSQL and rclone are on the nodes, too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMESPACE = "rossi"
WORKERS = "app.kubernetes.io/name=rossi,app.kubernetes.io/component=worker"
TARGETS = ("worker", "flow", "server")
FLOW = "deployment/rossi-flow"


def stop(sentence: str) -> None:
    """End the test."""
    sys.exit(f"test-cluster: {sentence}")


def run(*command: str, given: str | None = None, quiet: bool = False) -> str:
    """Run a command to its end and return what it printed; ends the test if it fails."""
    if not quiet:
        print("+", shlex.join(command), flush=True)
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        stop(f"{shlex.join(command)} ended with {done.returncode}.\n{done.stdout}")
    return done.stdout


def kubectl(*arguments: str, given: str | None = None, quiet: bool = False) -> str:
    """Run kubectl in the namespace."""
    return run("kubectl", "--namespace", NAMESPACE, *arguments, given=given, quiet=quiet)


def listed(*arguments: str) -> list[Any]:
    """Return what ``kubectl get`` lists."""
    return list(json.loads(kubectl("get", *arguments, "--output", "json", quiet=True))["items"])


def in_flow(*command: str, given: str | None = None) -> str:
    """Run a command in the flow's pod."""
    return kubectl("exec", *(["--stdin"] if given is not None else []), FLOW, "--", *command, given=given)


def new_enough(version: str) -> bool:
    """Return whether ``v1.30.2+k3s1`` and the like is 1.30 or newer; some clusters leave the other fields empty."""
    match = re.match(r"v(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= (1, 30)


def check_cluster() -> None:
    """See that there is a cluster of a version that will do."""
    if not os.environ.get("KUBECONFIG"):
        stop("no cluster is named; say `make test-cluster KUBECONFIG=/path/to/kubeconfig`.")
    if shutil.which("kubectl") is None:
        stop("kubectl is not installed.")
    asked = ["kubectl", "version", "--output", "json", "--request-timeout", "20s"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    server = json.loads(done.stdout or "{}").get("serverVersion")
    if server is None:
        stop(f"the cluster of {os.environ['KUBECONFIG']} does not answer: {done.stderr.strip()}")
    elif not new_enough(server["gitVersion"]):
        stop(f"the cluster has Kubernetes {server['gitVersion']}; 1.30 or newer is needed.")


def engine() -> str:
    """Return docker, if its daemon answers, or podman."""
    for name in ("docker", "podman"):
        found = shutil.which(name)
        if found and not subprocess.run([found, "info"], capture_output=True, check=False).returncode:
            return found
    stop("neither docker (with a daemon that answers) nor podman is here; build the images elsewhere, say --no-build.")
    raise AssertionError("the test has ended")


def save_command(found: str, names: Sequence[str]) -> list[str]:
    """Return the command that writes several images into one archive; podman must be told that it is to be one."""
    together = subprocess.run([found, "save", "--help"], capture_output=True, text=True, check=False).stdout
    option = ["--multi-image-archive"] if "--multi-image-archive" in together else []
    return [found, "save", *option, *names]


def build(load: str) -> None:
    """Build the images and bring them to the nodes."""
    found = engine()
    names = [f"localhost/rossi-{target}:latest" for target in TARGETS]
    for target, name in zip(TARGETS, names, strict=True):
        run(found, "build", "--file", "docker/Dockerfile", "--target", target, "--tag", name, ".")
    if load.endswith("-"):  # reads an archive from its standard input
        with subprocess.Popen(save_command(found, names), stdout=subprocess.PIPE) as saved:
            if subprocess.run(shlex.split(load), stdin=saved.stdout, check=False).returncode:
                stop(f"the images can't be loaded by {load!r}.")
    elif load:
        run(*shlex.split(load), *names)


def deploy() -> None:
    """Apply the overlay, with passwords made up here."""
    run("kubectl", "apply", "--filename", "k8s/base/namespace.yaml")
    there = {item["metadata"]["name"] for item in listed("secrets")}
    made_up = {
        "rossi-s3": {"AWS_ACCESS_KEY_ID": secrets.token_hex(10), "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20)},
        "rossi-database": {"password": secrets.token_hex(20)},
        "rossi-api": {"auth": f"rossi:{secrets.token_hex(20)}"},
    }
    for name, values in made_up.items():
        if name not in there:
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
            kubectl("apply", "--filename", "-", given=json.dumps(secret))
    for earlier in test_jobs():
        kubectl("delete", "job", earlier["metadata"]["name"])
    run("kubectl", "apply", "--filename", "tests/cluster/setup.yaml")
    run("kubectl", "--namespace", "rossi-test", "wait", "pod/archive", "--for=condition=Ready", "--timeout=300s")
    run("kubectl", "apply", "--dry-run=server", "--kustomize", "k8s/overlays/local")
    run("kubectl", "apply", "--kustomize", "k8s/overlays/local")


def ready() -> None:
    """Wait until the whole system runs, and give the flow its configurations."""
    for deployment in ("rossi-s3", "rossi-server", "rossi-flow"):
        kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=600s")


def configure(store: str, more: str = "") -> None:
    """Write the configuration into the flow's pod, which loses it when it restarts."""
    text = (HERE / "rossi.toml").read_text().replace("STORE", store) + more
    in_flow("python", "-c", "import sys; open('/tmp/rossi.toml', 'w').write(sys.stdin.read())", given=text)


def start_campaign() -> subprocess.Popen[str]:
    """Start the campaign in the flow's pod."""
    command = ["rossi", "campaign", "--config", "/tmp/rossi.toml", "--out", "/tmp/out"]
    whole = ["kubectl", "--namespace", NAMESPACE, "exec", FLOW, "--", *command]
    print("+", shlex.join(whole), flush=True)
    return subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_jobs(more: str = "") -> list[Any]:
    """Return the Jobs of this test's campaigns."""
    return [one for one in listed("jobs", "--selector", WORKERS + more) if one["metadata"]["name"].startswith("rossi-")]


def job() -> Any:
    """Return the campaign's Job of observations, None if there is none yet."""
    jobs = test_jobs(",rossi/kind=reduce")
    if len(jobs) > 1:
        stop(f"there are {len(jobs)} Jobs where one was expected.")
    return jobs[0] if jobs else None


def count(ranges: str) -> int:
    """Return how many indices a Job's list names."""
    parts = [part.split("-") for part in filter(None, ranges.split(","))]
    return sum(int(part[-1]) - int(part[0]) + 1 for part in parts)


def wait_for_shards(number: int) -> None:
    """Wait until so many indices have ended."""
    end = time.monotonic() + 1800
    while time.monotonic() < end:
        status = (job() or {}).get("status", {})
        if sum(count(status.get(kind, "")) for kind in ("completedIndexes", "failedIndexes")) >= number:
            return
        time.sleep(2)
    stop(f"not even {number} shards have ended in half an hour.")


def disturb(pods: int, spared: set[str]) -> None:
    """Delete a running pod of the workers and evict the others; no index is hit twice by the first, which counts."""
    running = [p for p in listed("pods", "--selector", WORKERS) if p["status"]["phase"] == "Running"]
    for number, pod in enumerate(random.sample(running, min(pods, len(running)))):
        name = pod["metadata"]["name"]
        index = pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"]
        if number == 0 and index not in spared:
            spared.add(index)
            kubectl("delete", "pod", name, "--wait=false")
        else:
            eviction = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": name, "namespace": NAMESPACE},
            }
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
            command = ["kubectl", "create", "--raw", path, "--filename", "-"]
            subprocess.run(command, input=json.dumps(eviction), text=True, check=False)  # it may have ended meanwhile


def drain() -> None:
    """Drain a node, if another is left."""
    nodes = [n["metadata"]["name"] for n in json.loads(run("kubectl", "get", "nodes", "--output", "json"))["items"]]
    if len(nodes) < 2:
        print("one node: nothing can be drained")
        return
    run("kubectl", "drain", nodes[-1], "--pod-selector", WORKERS, "--ignore-daemonsets", "--delete-emptydir-data")
    run("kubectl", "uncordon", nodes[-1])


def campaign(observations: int) -> str:
    """Run the campaign through everything; returns what it printed at the end."""
    first, spared = start_campaign(), set[str]()
    wait_for_shards(2)
    disturb(3, spared)
    before = job()["metadata"]["uid"]
    kubectl("rollout", "restart", FLOW)
    ready()
    first.wait()
    configure(STORE)
    second = start_campaign()
    wait_for_shards(observations // 30)
    disturb(3, spared)
    drain()
    said, _ = second.communicate()
    print(said)
    if second.returncode:
        stop(f"the campaign ended with {second.returncode}.")
    if job()["metadata"]["uid"] != before:
        stop("the flow that was restarted has made a second Job instead of going on with the first.")
    return said


def check(observations: int, poisoned: Sequence[str]) -> None:
    """Compare the outcomes with what was done to the archive, and the products with a campaign in one pod."""
    script = "from astropy.table import Table; import json; t = Table.read('/tmp/out/observations.ecsv'); "
    found = in_flow("python", "-c", script + "print(json.dumps(dict(zip(t['obsid'].tolist(), t['outcome'].tolist()))))")
    outcomes = json.loads(found.splitlines()[-1])
    failed = sorted(obsid for obsid, outcome in outcomes.items() if outcome == "failed")
    if len(outcomes) != observations or failed != sorted(poisoned):
        stop(f"{len(outcomes)} observations of {observations}, failed: {failed}, poisoned: {sorted(poisoned)}.")
    status = job()["status"]
    indices = count(status.get("failedIndexes", ""))
    if not 1 <= indices <= len(poisoned) or indices + count(status["completedIndexes"]) != observations // 10:
        stop(f"{indices} failed indices for {len(poisoned)} poisoned observations: {status}")
    for merges in test_jobs(",rossi/kind=merge"):
        if count(merges["status"].get("completedIndexes", "")) != merges["spec"]["completions"]:
            stop(f"not all merges were made by their Job: {merges['status']}")
    store = f"s3://rossi/{STORE}?endpoint=http://rossi-s3:9000"
    local = ("--executor", "local", "--store", "/tmp/local")
    in_flow("rossi", "campaign", "--config", "/tmp/rossi.toml", *local)
    said = in_flow("python", "-", store, "/tmp/local", given=(HERE / "compare.py").read_text())
    if "products are the same" not in said:  # an exec whose connection broke ends with 0, too
        stop(f"the products were not compared to the end: {said!r}")
    print(said)


#: What no pod of this cluster can have, by Kubernetes' word for it.
STUCK = {
    "ImagePullBackOff": 'image = "localhost/rossi-absent:1"',
    "Unschedulable": 'node_selector = {rossi = "absent"}',
}


def stuck() -> None:
    """Two campaigns of which no pod can start: why is told within a minute of the pods, and they end by themselves."""
    for reason, setting in STUCK.items():
        text = setting if "image" not in setting else ""
        configure(f"{STORE}-stuck", f"start_minutes = 2\n{text}\n")
        if "image" in setting:
            in_flow("sed", "-i", f"s|^image = .*|{setting}|", "/tmp/rossi.toml")
        begun = time.monotonic()
        process = start_campaign()
        while job() is None and process.poll() is None:
            time.sleep(1)
        made = time.monotonic()
        seen = ""
        while reason not in seen and time.monotonic() - made < 60:
            seen = in_flow("rossi", "k8s", "status", "--config", "/tmp/rossi.toml")
        said, _ = process.communicate()
        print(said)
        if reason not in seen:
            stop(f"`rossi k8s status` does not name {reason} within a minute: {seen}")
        if f"nothing has started in 2 minutes ({reason}: " not in said or f"Pods can't start: {reason}" not in said:
            stop(f"the campaign does not say {reason}.")
        print(f"{reason} was told, and the campaign ended after {time.monotonic() - begun:.0f} s.")
        if job() is not None:
            stop("the Job of which nothing could start is still there.")


def from_the_pages() -> None:
    """Start runs as the pages do, restart the flow or delete its pod meanwhile, and see them end."""
    chosen = tomllib.loads((HERE / "rossi.toml").read_text())
    campaign = {"shard_size": chosen["campaign"]["shard_size"]}
    settings = {"calibration": chosen["calibration"], "kubernetes": chosen["kubernetes"], "campaign": campaign}
    script = (
        "import json, sys; from prefect.deployments import run_deployment; "
        "print(run_deployment(sys.argv[1], parameters=json.loads(sys.argv[2]), timeout=0).id)"
    )
    (name,) = set(re.findall(r"campaign/[a-z0-9-]+", in_flow("prefect", "deployment", "ls")))
    for how in (("rollout", "restart", FLOW), ("delete", "pod", "--selector", "app.kubernetes.io/component=flow")):
        form = {"prefix": f"{STORE}-{how[0]}", "executor": "kubernetes", "instruments": ["pca"], "settings": settings}
        run_id = in_flow("python", "-c", script, name, json.dumps(form)).split()[-1]
        wait_for_shards(2)
        before = job()["metadata"]["uid"]
        kubectl(*how)
        ready()
        end, shown = time.monotonic() + 1200, ""
        while "COMPLETED" not in shown and time.monotonic() < end:
            time.sleep(10)
            shown = in_flow("prefect", "flow-run", "inspect", run_id)
        if "COMPLETED" not in shown:
            stop(f"the run from the pages is not taken up after `kubectl {how[0]} {how[1]}`: {shown}")
        if job()["metadata"]["uid"] != before:
            stop("the run that was taken up has made a second Job instead of going on with the first.")
        kubectl("delete", "job", job()["metadata"]["name"])


STORE = f"test-{secrets.token_hex(4)}"


def main() -> None:
    """Run the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", default=os.environ.get("LOAD", ""), help="command that brings images to the nodes")
    parser.add_argument("--no-build", action="store_true", help="the images are on the nodes")
    parser.add_argument("--observations", type=int, default=300)
    parser.add_argument("--poisoned", type=int, default=7)
    options = parser.parse_args()
    check_cluster()
    if not options.no_build:
        build(options.load)
    deploy()
    setup = ["kubectl", "--namespace", "rossi-test", "exec", "--stdin", "archive", "--", "python", "-"]
    numbers = [str(options.observations), str(options.poisoned)]
    poisoned = run(*setup, *numbers, given=(HERE / "poison.py").read_text()).split()
    ready()
    stuck()
    configure(STORE)
    campaign(options.observations)
    check(options.observations, poisoned)
    kubectl("delete", "job", job()["metadata"]["name"])
    from_the_pages()
    run("kubectl", "delete", "namespace", "rossi-test", "--wait=false")
    print(f"{options.observations} observations, {len(poisoned)} of them poisoned: all is accounted for.")


if __name__ == "__main__":
    main()

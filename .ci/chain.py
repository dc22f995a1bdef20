"""Reduce an archive with containers, and check what they say: ``chain.py ARCHIVE STORE podman run ...``.

First the stages one by one, then all of it as a cluster does: a work list, and a worker for index 0 of a Job. ARCHIVE
is a simulated archive as this machine sees it, STORE the URL of a bucket as the containers see it.
"""

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

CHAINS = (("pca_prep", "pca_extract"), ("hexte_back", "hexte_dead"))
#: The stage of fast data, and what it makes of the standard modes.
FAST, PRODUCTS = "pca_fast", {"products": ["fast", "bursts"]}


def contained(*arguments: str, text: str) -> tuple[str, str]:
    """Run a container with a text at its standard input; returns what it says and how long it took."""
    began = time.monotonic()
    done = subprocess.run([*sys.argv[3:], *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout, f"{time.monotonic() - began:.1f} s"


def stage(name: str, request: dict[str, object]) -> dict[str, object]:
    """Run one stage; stop if it doesn't succeed."""
    said, took = contained(f"rossi-{name}", "--request", "-", text=json.dumps(request))
    result = json.loads(said)
    summary = json.dumps(result["summary"])[:80]
    print(f"{name:16}{request.get('obsid') or '':16}{result['outcome']:10}{took:>7}  {summary}", flush=True)
    return result


def in_campaign(*arguments: str) -> str:
    """Run ``shard.py`` where the campaign's image has it all."""
    code = Path(__file__).with_name("shard.py").read_text()
    return contained("--entrypoint", "python", "rossi-campaign", "-", *arguments, text=code)[0]


def index(store: str, config: str, obsids: list[str]) -> None:
    """Work the only shard of a work list off as index 0 of a Job, and once more: the second finds everything done."""
    work = in_campaign("plan", config, store, *obsids).strip()
    environment = {"JOB_COMPLETION_INDEX": "0", "ROSSI_RUN": "ci", "ROSSI_ATTEMPT": "0"}
    options = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    asked = ("rossi-worker", "--store", store, "--work", work, "--index-from", "JOB_COMPLETION_INDEX")
    times = [contained(*options, *asked, text="")[1] for _ in range(2)]
    ended = [line.split() for line in in_campaign("results", store, work, "ci").splitlines()]
    for obsid, outcome, *stages in ended:
        print(f"{'worker':16}{obsid:16}{outcome:10}{times[0]:>7}  {' '.join(stages)}", flush=True)
    print(f"{'worker':16}{'again':26}{times[1]:>7}", flush=True)
    expected = [name for chain in CHAINS for name in chain]
    assert [(one[0], one[1], sorted(one[2:])) for one in ended] == [(o, "succeeded", sorted(expected)) for o in obsids]


archive, bucket = Path(sys.argv[1]), sys.argv[2]
store = bucket.replace("?", "/chain?")
settings = tomllib.loads((archive / "rossi.toml").read_text())
common = {"store": store, "archive": settings["archive"], "calibration": settings["calibration"]}
found = stage("query", {"stage": "query", "obsid": ""} | common)
asked = sorted(path.name for path in archive.glob("AO*/P*/*"))
assert found["summary"]["observations"] == len(asked), found
results = []
for obsid in asked:
    stages = []
    for chain in CHAINS:
        upstream: dict[str, object] = {}
        for name in chain:
            result = stage(name, {"stage": name, "obsid": obsid, "upstream": upstream} | common)
            upstream[name] = result["manifest"]
            stages.append(result)
        check = f"{chain[0].partition('_')[0]}_validate"
        stages.append(stage(check, {"stage": check, "obsid": obsid, "upstream": upstream} | common))
        if chain == CHAINS[0]:
            asked_for = {"stage": FAST, "obsid": obsid, "upstream": upstream, "config": PRODUCTS}
            stages.append(stage(FAST, asked_for | common))
    outcome = "succeeded" if all(one["outcome"] == "succeeded" for one in stages) else "failed"
    results.append({"obsid": obsid, "outcome": outcome, "stages": stages})
merged = stage("merge", {"store": store, "asked": asked, "results": results})
assert merged["summary"]["succeeded"] == len(asked), merged
again = stage("merge", {"store": store, "asked": asked, "results": results})
assert again["manifest"] == merged["manifest"], again
index(bucket.replace("?", "/index?"), f"{settings['archive']}/rossi.toml", asked)

"""Run the stages as containers, one by one, and check what they say: ``chain.py ARCHIVE STORE podman run ...``.

ARCHIVE is a simulated archive as this machine sees it, STORE the URL of the store as the containers see it.
"""

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

CHAINS = (("pca_prep", "pca_extract"), ("hexte_back", "hexte_dead"))


def stage(name: str, request: dict[str, object]) -> dict[str, object]:
    """Run one stage; stop if it doesn't succeed."""
    command = [*sys.argv[3:], f"rossi-{name}", "--request", "-"]
    began = time.monotonic()
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} of {request.get('obsid')} ended with {done.returncode}: {done.stderr or done.stdout}")
    result = json.loads(done.stdout)
    took = f"{time.monotonic() - began:.1f} s"
    summary = json.dumps(result["summary"])[:80]
    print(f"{name:12}{request.get('obsid') or '':16}{result['outcome']:10}{took:>7}  {summary}", flush=True)
    return result


archive, store = Path(sys.argv[1]), sys.argv[2]
settings = tomllib.loads((archive / "rossi.toml").read_text())
common = {"store": store, "archive": settings["archive"], "calibration": settings["calibration"]}
found = stage("query", {"stage": "query", "obsid": ""} | common)
asked = sorted(path.name for path in archive.glob("AO*/P*/*"))
assert found["summary"] == {"observations": len(asked)}, found
results = []
for obsid in asked:
    stages = []
    for chain in CHAINS:
        upstream: dict[str, object] = {}
        for name in chain:
            result = stage(name, {"stage": name, "obsid": obsid, "upstream": upstream} | common)
            upstream[name] = result["manifest"]
            stages.append(result)
    outcome = "succeeded" if all(one["outcome"] == "succeeded" for one in stages) else "failed"
    results.append({"obsid": obsid, "outcome": outcome, "stages": stages})
merged = stage("merge", {"store": store, "asked": asked, "results": results})
assert merged["summary"]["succeeded"] == len(asked), merged
again = stage("merge", {"store": store, "asked": asked, "results": results})
assert again["manifest"] == merged["manifest"], again

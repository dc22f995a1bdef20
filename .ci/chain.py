"""Run the stages as containers, one after the other, and check what they say: ``chain.py DATA podman run ...``."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

CHAINS = (("pca_prep", "pca_extract"), ("hexte_back", "hexte_dead"))


def stage(name: str, request: dict[str, object]) -> dict[str, object]:
    """Run one stage; stop if it doesn't succeed."""
    command = [*sys.argv[2:], f"rossi-{name}", "--request", "-"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} of {request.get('obsid')} ended with {done.returncode}: {done.stderr or done.stdout}")
    result = json.loads(done.stdout)
    print(name, request.get("obsid", ""), result["outcome"], result["summary"])
    return result


data = Path(sys.argv[1])
settings = tomllib.loads((data / "archive" / "rossi.toml").read_text())
common = {"store": "/data/store", "archive": settings["archive"], "calibration": settings["calibration"]}
found = stage("query", {"stage": "query", "obsid": ""} | common)
asked = sorted(path.name for path in (data / "archive").glob("AO*/P*/*"))
assert found["summary"] == {"observations": len(asked)}, found
results = []
for obsid in asked:
    upstream: dict[str, object] = {}
    stages = []
    for name in (name for chain in CHAINS for name in chain):
        result = stage(name, {"stage": name, "obsid": obsid, "upstream": upstream} | common)
        upstream[name] = result["manifest"]
        stages.append(result)
    outcome = "succeeded" if all(one["outcome"] == "succeeded" for one in stages) else "failed"
    results.append({"obsid": obsid, "outcome": outcome, "stages": stages})
merged = stage("merge", {"store": "/data/store", "asked": asked, "results": results})
assert merged["summary"]["succeeded"] == len(asked), merged

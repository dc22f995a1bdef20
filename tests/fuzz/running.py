"""Damaged input for every reader and parser, on all processors.

What makes one fail is written to ``tests/fuzz/corpus/<target>/``, where the tests find it from then on.
"""

import argparse
import hashlib
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, attempt

CORPUS = Path(__file__).with_name("corpus")
#: What one input may take.
SECONDS, MEMORY = 5, 3 << 30
_BATCH = 2000


class TooSlow(BaseException):
    """An input took more than `SECONDS`."""


def _alarm(*_: object) -> None:
    raise TooSlow


def limit() -> None:
    """Let this process fail where an input takes too much memory or time."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _alarm)


def tried(name: str, data: bytes) -> str:
    """Run one input; returns what is wrong with how it ended, empty if nothing is."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        attempt(name, data)
    except (Exception, TooSlow, RecursionError):
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def keep(name: str, data: bytes) -> Path:
    """Keep an input that failed."""
    path = CORPUS / name.replace(" ", "_") / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def batch(job: tuple[str, int]) -> tuple[str, int, list[tuple[str, str]]]:
    """Run a batch of inputs of one target; the same seed gives the same ones."""
    name, seed = job
    target, chance = TARGETS[name], random.Random(f"{name} {seed}")
    found: dict[str, tuple[str, str]] = {}
    seeds = target.seeds() + [p.read_bytes() for p in sorted((CORPUS / name.replace(" ", "_")).glob("*"))]
    for _ in range(_BATCH):
        data = mutate(chance, seeds, target.words)
        if (said := tried(name, data)) and (kind := _kind(said)) not in found:
            found[kind] = (str(keep(name, data)), said)
    return name, _BATCH, list(found.values())


def _kind(said: str) -> str:
    """Return the place and the message of a failure, whatever the numbers in it: one input of each kind is enough."""
    return re.sub(r"\d+", "0", "".join(said.splitlines()[-3:]))[:300]


def main() -> int:
    """Run so many inputs and tell what failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", choices=sorted(TARGETS), action="append")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    names = given.only or list(TARGETS)
    rounds = -(-given.inputs // (_BATCH * len(names)))
    jobs = [(name, given.seed + turn) for turn in range(rounds) for name in names]
    counts = dict.fromkeys(names, 0)
    crashes: dict[str, str] = {}
    with multiprocessing.get_context("spawn").Pool(given.processes, limit, maxtasksperchild=50) as pool:
        for name, number, found in pool.imap_unordered(batch, jobs):
            counts[name] += number
            for path, said in found:
                if (kind := _kind(said)) not in crashes:
                    crashes[kind] = path
                    print(f"{name}: {path}\n{said}", file=sys.stderr, flush=True)
    for name, number in counts.items():
        print(f"{name:<12} {number:>9} inputs")
    print(f"{sum(counts.values())} inputs with seed {given.seed}, {len(crashes)} kinds of failures")
    return 1 if crashes else 0

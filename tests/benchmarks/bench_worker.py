"""What an observation costs a warm worker, stages and a local store included, against the tasks of HEASoft.

    python -m tests.benchmarks.bench_worker [--turns 40] [--case NAME] [--profile]

Shards of a few simulated observations that are alike are worked off again and again by `run_shard`, as a worker of a
campaign does, those of all cases in turn, each time into a store of its own. Stores stay until all is measured, 115 MB
a turn: ext4 without a journal looks long for a place for a file where others were removed in the last minutes. What
counts is CPU time, of all threads, for one observation, and the least of many turns, since others use the machine too;
what is read and written lies on a disk or in memory, wherever the temporary folder is.

The reference is what HEASoft 6.20 took for such observations, CPU seconds on one quiet core: pcaprepobsid with
background, maketime, pcaextlc2 and pcaextspect2; and for HEXTE the 14 calls of the recipe (hxtback, maketime,
extraction, hxtdead, rebinlc, lcmath) for one science file of one cluster, with the archive's filter file. Memory is
that of a process that reduces such observations alone, against what a worker may have.
"""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rossi.archive import ObsID
from rossi.simulate import BREAKDOWN_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, MODEL_FILE, ObservationSpec
from rossi.simulate.calibration import calibration_files
from rossi.simulate.hexte import hexte_calibration_files
from rossi.simulate.indices import index_files
from rossi.simulate.observation import simulate_observation
from services.calibration.config import CalibrationConfig
from services.execution.request import Shard
from services.execution.start import start_quickly
from services.execution.worker import run_shard
from tests.benchmarks.table import Row, apart, least, peak, script

START = 116417056
#: What a worker may have [MB].
_MEMORY = 300
PCA: dict[str, Any] = {"pca_prep": {}, "pca_extract": {}}


def hexte(data: str) -> dict[str, Any]:
    """Return the stages of HEXTE; the recipe takes the filter file that the archive has."""
    return {"hexte_back": {"data": data, "filter_file": "archive"}, "hexte_dead": {}}


@dataclass(frozen=True)
class Case:
    """An observation, what is done with it, and the CPU time [s] of HEASoft for it, where it was measured."""

    label: str
    obsid: str
    duration: int
    gaps: tuple[tuple[int, int], ...]
    stages: dict[str, Any]
    heasoft: float | None
    goal: int
    cluster: str = "AB"

    @property
    def obsids(self) -> tuple[str, ...]:
        """The observations of a shard."""
        number = 8 if self.duration < 2000 else 2
        return tuple(f"{self.obsid[:-2]}{n:02d}" for n in range(number))

    def files(self, obsid: ObsID) -> dict[str, bytes]:
        """Return the files of one of them."""
        events = bool(self.stages.get("hexte_back"))
        about = ObservationSpec(obsid, START, self.duration, gaps=self.gaps, ra=RA, dec=DEC, hexte_events=events)
        other = {"A": ("FS56", "FS58", "FH59"), "B": ("FS50", "FS52", "FH53"), "AB": ()}[self.cluster]
        without = tuple(f"hexte/{kind}" for kind in other)
        found = {name: data for name, data in simulate_observation(about).items() if not name.startswith(without)}
        return found | index_files(about, [name.removesuffix(".gz") for name in found if "/" in name])


#: Near the pole of the orbit: the Earth never hides it, and files end in the gaps only [deg].
RA, DEC = 217.0, 67.0
CASES = {
    "pca-1.2": Case("PCA, 1.2 ks, one file", "20402-01-01-00", 1200, (), PCA, 2.32, 100),
    "pca-9.6": Case("PCA, 9.6 ks, three files", "20402-01-02-00", 9760, ((3200, 3280), (6480, 6560)), PCA, 8.38, 100),
    "pca-18": Case(
        "PCA, 18 ks, five files",
        "20402-01-03-00",
        18320,
        ((3600, 3680), (7280, 7360), (10960, 11040), (14640, 14720)),
        PCA,
        16.5,
        100,
    ),
    "pca-120": Case(
        "PCA, 120 ks, 33 files",
        "20402-01-06-00",
        120_000,
        tuple((start, start + 80) for start in range(3600, 120_000, 3680)),
        PCA,
        None,
        0,
    ),
    "hexte-archive": Case("HEXTE, archive mode", "20402-01-04-00", 608, (), hexte("archive"), 0.53, 60, "A"),
    "hexte-events": Case("HEXTE, event lists", "20402-01-05-00", 608, (), hexte("events"), 0.66, 60, "A"),
}


@contextmanager
def places() -> Iterator[Path]:
    """Lay out the archive of all cases and the calibration files below a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES.values():
            for obsid in map(ObsID, case.obsids):
                for path, data in case.files(obsid).items():
                    (folder / obsid.path / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / obsid.path / path).write_bytes(data)
        for path, data in {**calibration_files(), **hexte_calibration_files()}.items():
            (folder / path).write_bytes(data)
        yield folder


def shard(case: Case, folder: Path, store: Path) -> Shard:
    """Return the case as a worker is told it."""
    calibration = CalibrationConfig(
        model=(str(folder / MODEL_FILE),),
        saa="NONE",
        breakdown=str(folder / BREAKDOWN_FILE),
        dead_time_a=str(folder / DEAD_TIME_FILE_A),
        dead_time_b=str(folder / DEAD_TIME_FILE_B),
    )
    known = {"stages": case.stages, "archive": str(folder), "store": str(store), "calibration": calibration}
    return Shard(number=0, obsids=case.obsids, **known)


def reduce(cases: Sequence[Case], folder: Path, turns: int) -> list[float]:
    """Work cases off again and again, after a turn to warm up; return the least CPU time [s] of an observation."""
    start_quickly()  # as workers do

    def work(case: Case) -> None:
        results = run_shard(shard(case, folder, Path(tempfile.mkdtemp(dir=folder))))
        assert all(result.outcome == "succeeded" for result in results), results

    times = least(turns, *[partial(work, case) for case in cases], warm=1)
    return [took / len(case.obsids) for took, case in zip(times, cases, strict=True)]


def memory(case: str, folder: Path) -> float:
    """Return the peak memory of a process that works a case off [MB]."""
    reduce([CASES[case]], folder, 2)
    return peak()


def profiled(case: Case, folder: Path, turns: int = 10) -> None:
    """Print where the time goes."""
    reduce([case], folder, 1)
    profile = cProfile.Profile()
    profile.enable()
    reduce([case], folder, turns)
    profile.disable()
    stats = pstats.Stats(profile)
    stats.sort_stats("tottime").print_stats(35)
    stats.sort_stats("cumulative").print_stats(70)


def rows(turns: int = 40, case: list[str] = list(CASES), profile: bool = False) -> Iterator[Row]:  # noqa: B006
    """Return what HEASoft takes against what rossi takes, and memory; or print a profile instead."""
    with places() as folder:
        if profile:
            for name in case:
                profiled(CASES[name], folder)
            return
        timed = [CASES[name] for name in case if CASES[name].heasoft is not None]
        for told, took in zip(timed, reduce(timed, folder, turns), strict=True):
            yield Row(told.label, took, "s CPU", "HEASoft 6.20, a quiet core", told.heasoft, told.goal)
        for name in case:
            yield Row(f"{CASES[name].label}: memory", apart(memory, name, folder), "MB", "allowed", _MEMORY, 1)


if __name__ == "__main__":
    script(rows)

"""A store in which both instruments' stages have left products of a dozen observations, and the report about them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from rossi.fits.header import Header
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.product import About, Kind
from rossi.spectra.product import gti_table
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Caveat, File, InputRecord, ObservationResult, Outcome, Outputs, StageResult
from services.merge.config import MergeConfig, MergeRequest, Neighbour, SourceName
from services.merge.stage import run_merge
from services.storage import ObjectStore, open_store
from services.storage.publication import new_manifest, publish, read_manifest
from tests.services.merge.made import product

#: Observations that succeed; two more do not.
GOOD = tuple(f"{proposal}-01-{number:02d}-00" for proposal in (10408, 40703, 90001) for number in range(1, 5))
NO_WORK, FAILED = "95001-01-01-00", "96001-01-01-00"
#: The observation with a figure of its backgrounds, and a caveat.
NOTED = GOOD[2]
SHA = "15c860abe6635d96463c2237c8b46a55"
#: In field A+ of all observations, and in none.
BESIDE, FAR = Neighbour(name="4U <near>", ra=0.1, dec=1.6), Neighbour(name="GX 2+2", ra=2.1, dec=-2.1)
#: Rates that PCA's light curves have in order of the observations.
RATES = tuple(100.0 + 40 * np.sin(n) for n in range(len(GOOD)))


def start_of(number: int) -> float:
    """Return the start [s], MET."""
    return 7e7 + 1.5e8 * (number // 4) + 2e5 * (number % 4)


def _curve(number: int, instrument: str, width: float, rate: float) -> bytes:
    rng = np.random.default_rng([number, int(width)])
    time = start_of(number) + width * np.arange(int(2400 / width))
    time = time[(time < time[0] + 700) | (time > time[0] + 1300)]
    exposure = np.full(len(time), 3 * width if instrument == "PCA" else width / 4)
    counts = rng.poisson(rate * exposure).astype(float)
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM X-1"), ("INSTRUME", instrument)]
    cards += [("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    series = LightCurve(
        "made", time, counts / exposure, np.sqrt(counts) / exposure, np.full(len(time), 1.0), width,
        filled_intervals(time, width), Header(cards), Header([("TELESCOP", "XTE")]),
        {"LiveTime": exposure} if instrument == "PCA" else {},
    )  # fmt: skip
    return write_light_curve(series)


def _spectrum(number: int, level: float, channels: int, instrument: str) -> bytes:
    counts = np.rint(level * np.exp(-np.arange(channels) / 20) + 5)
    cards = [("INSTRUME", instrument), ("TELESCOP", "XTE"), ("DETCHANS", channels), ("HDUCLAS1", "SPECTRUM")]
    cards += [("POISSERR", False), ("EXPOSURE", 1000.0), ("DETNAM", "PWA" if instrument == "HEXTE" else "PCU2")]
    cards += [("TSTART", start_of(number)), ("TSTOP", start_of(number) + 2400)]
    columns = [("CHANNEL", np.arange(channels)), ("COUNTS", counts), ("STAT_ERR", np.sqrt(counts))]
    table = table_hdu("SPECTRUM", [(Column(name, "D"), values) for name, values in columns], cards)
    return fits_bytes(primary_hdu(), [table, gti_table(_good(number), Header())])


def _good(number: int) -> np.ndarray:
    return start_of(number) + np.array([[0.0, 700.0], [1300.0, 2400.0]])


def _picture() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes([70, 130, 180]) * 80 for _ in range(60))
    head = struct.pack(">IIBBBBB", 80, 60, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _outputs(number: int, obsid: str) -> dict[str, Outputs]:
    good = product(f"{obsid}.gti", fits_bytes(primary_hdu(), [gti_table(_good(number), Header())]))
    pca = {
        "light_curve": (
            product(f"{obsid}_ch5-10.lc", _curve(number, "PCA", 16.0, RATES[number])),
            product(f"{obsid}_ch11-28.lc", _curve(number, "PCA", 16.0, 30.0)),
        ),
        "spectrum": tuple(
            product(f"{obsid}_{k}.pha", _spectrum(number, s, 129, "PCA")) for k, s in (("src", 2e4), ("bkg", 900))
        ),
        "gti": (good,),
    }
    clusters = ("pwa", "pwb")
    hexte = {
        "light_curve": tuple(product(f"{obsid}_{c}_ch15-61.lc", _curve(number, "HEXTE", 64.0, 6.0)) for c in clusters),
        "spectrum": tuple(
            product(f"{obsid}_{c}_{k}.pha", _spectrum(number, s, 64, "HEXTE"))
            for c in clusters
            for k, s in (("src", 4e3), ("bkg", 2e3))
        ),
        "gti": (product(f"{obsid}_hexte.gti", good.data),),
    }
    if obsid == NOTED:
        hexte["figure"] = (product(f"{obsid}_pwa_background.png", _picture()),)
    caveats = (Caveat(code="backgrounds_differ", message="Cluster A: <b>plus</b> and minus side differ."),)
    kept = caveats if obsid == NOTED else ()
    compared = About(Kind.FIGURE, "validation", "PCA")
    validation = Outputs(
        {"figure": (File(f"{obsid}_pca_validation.png", _picture(), about=compared),)},
        summary={"validation": {"same": 5, "within errors": 15}},
    )
    return {
        "pca_prep": Outputs({"filter_file": (File("FP_1.xfl.gz", b"x"),)}),
        "pca_extract": Outputs(
            pca, summary={"pcus": 3.0, "target": "SIM X-1", "modes": ["Standard1b", "GoodXenon_2s"]}
        ),
        "hexte_dead": Outputs(hexte, kept, {"target": "SIM X-1", "axes": np.eye(3).tolist()}),
        **({"pca_validate": validation} if obsid == NOTED else {}),
    }


def _reduced(store: ObjectStore, number: int, obsid: str) -> ObservationResult:
    stages = []
    inputs = (
        InputRecord(input="std2", path="pca/FS4a_1-2.gz", size=52425, identity="sha256:aa"),
        InputRecord(input="model", path="model.mdl", size=5000, identity=SHA),
    )
    for stage, outputs in _outputs(number, obsid).items():
        fingerprint = f"{stage}-{obsid}".encode().hex()[:64].ljust(64, "0")
        config = {"binsz": 16.0}
        manifest = new_manifest(stage, obsid, fingerprint, config, inputs, outputs, 0.25)
        base = f"{obsid}/{stage}/{fingerprint}"
        publish(store, base, manifest, outputs.files)
        stages.append(
            StageResult(
                stage=stage, obsid=obsid, outcome=Outcome.SUCCEEDED, manifest=f"{base}/manifest.json",
                fingerprint=fingerprint, caveats=outputs.caveats, summary=dict(outputs.summary),
                reads=("pca_prep",) if stage in ("pca_extract", "pca_validate") else (),
            )
        )  # fmt: skip
    return ObservationResult.of(obsid, stages)


def make_report(folder: Path, title: str = "SIM X-1", source: SourceName | None = None) -> Path:
    """Fill a store below a folder and return the path of the report in it."""
    store = open_store(str(folder / "store"))
    results = [_reduced(store, number, obsid) for number, obsid in enumerate(GOOD)]
    for obsid, outcome, message in (
        (NO_WORK, Outcome.NO_WORK, "No good time is left."),
        (FAILED, Outcome.FAILED, "FS4a_1-2.gz: the gzip file ends too early & <is> cut."),
    ):
        stage = StageResult(stage="pca_extract", obsid=obsid, outcome=outcome, message=message)
        results.append(ObservationResult(obsid=obsid, outcome=outcome, stages=(stage,)))
    request = MergeRequest(
        store=str(folder / "store"),
        asked=tuple(r.obsid for r in results),
        results=tuple(results),
        config=MergeConfig(title=title),
        source=source,
        neighbours=(BESIDE, FAR),
    )
    made = run_merge(request, store)
    assert read_manifest(store, made.manifest).outcome is Outcome.SUCCEEDED
    return next((folder / "store" / "merge").rglob("report.html"))

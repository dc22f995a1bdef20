"""Fast data of a source: averaged power spectra, how they change, and the table of bursts."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.product import About, File, Kind
from rossi.timing.average import MeanPower
from rossi.timing.burst_product import BurstCurve, Bursts
from rossi.timing.bursts import Burst
from rossi.timing.power_product import PowerRules, PowerSpectrum, read_power
from services.contract import ObservationResult, Outcome, Outputs, StageResult
from services.merge.config import MergeConfig, MergeRequest
from services.merge.stage import run_merge
from services.merge.timing import Timing, TimingSet, burst_table, gathered, timing_files, timing_summary
from services.merge.timing_section import timing_section
from services.storage import open_store
from services.storage.outputs import fetch_outputs
from services.storage.publication import new_manifest, publish, read_manifest

FIRST, SECOND = "20101-01-01-00", "20101-01-02-00"


def power(rate: float, background: float, start: float, m: int = 20, rms2: float = 0.002, dt: float = 2.0**-6):
    """A source whose fractional variability is the same whatever its rate: rms2 per Hz at all frequencies."""
    freq = np.arange(1, 512) / 16.0
    values = np.full(len(freq), 1.99 + rms2 * (rate - background) ** 2 / rate)
    mean = MeanPower(freq, values, values / np.sqrt(m), m, rate * 16, 16.0, dt)
    rules = PowerRules(0.05, ((1.0, 11.0),))
    return PowerSpectrum(
        mean, np.full(len(freq), 1.99), background, start, start + 400.0, rules, Header([("OBJECT", "X")])
    )


def bursts(start: float, rejected: str = ""):
    burst = Burst(start, start + 0.25, start + 1.0, 0.5, 12.0, 900.0, 60.0, 7200.0, 50.0, rejected)
    return Bursts((BurstCurve(burst, start - 20.0, np.full(1760, 60.0)),), 0.125, 400.0, Header())


def sets() -> list[TimingSet]:
    return [
        TimingSet(SECOND, {"ch0-255": power(900.0, 100.0, 5000.0, m=30)}, bursts(5100.0)),
        TimingSet(
            FIRST, {"ch0-255": power(300.0, 60.0, 1000.0)}, bursts(1100.0, "it rises longer <b>than</b> it decays")
        ),
        TimingSet("20101-01-03-00", {"ch0-255": power(300.0, 60.0, 9000.0, dt=2.0**-5)}),
        TimingSet("20101-01-04-00", problem="the object is missing"),
    ]


@pytest.fixture
def timing() -> Timing:
    return gathered(sets())


def test_the_average_has_the_rms_of_both(timing: Timing) -> None:
    averaged = timing.bands["ch0-255"]
    spectrum = averaged.spectrum()
    assert (spectrum.mean.m, spectrum.start, spectrum.stop) == (50, 1000.0, 5400.0)
    assert spectrum.mean.rate == pytest.approx((20 * 300 + 30 * 900) / 50)
    (one,) = spectrum.rms()
    assert one.rms == pytest.approx(np.sqrt(0.002 * 161 / 16), rel=1e-9)  # 161 frequencies from 1 to 11 Hz
    assert [row.obsid for row in averaged.rows] == [FIRST, SECOND]
    for row in averaged.rows:
        assert row.rms2 == pytest.approx(0.002)
    assert [caveat.code for caveat in timing.caveats] == ["timing_left_out", "other_segments"]
    assert "20101-01-03-00" in timing.caveats[1].message
    assert timing_summary(timing) == {
        "rms": {"ch0-255": [[1.0, 11.0, one.rms, one.error]]},
        "bursts": 1,
        "candidates": 2,
    }


def test_files(timing: Timing) -> None:
    files = timing_files(timing, "x-1", "X-1")
    assert {output: [file.name for file in some] for output, some in files.items()} == {
        "power_spectrum": ["x-1_ch0-255_power.fits", "x-1_ch0-255_dynamic.fits"],
        "bursts": ["x-1_bursts.ecsv"],
        "figure": ["x-1_ch0-255_power.png", "x-1_ch0-255_dynamic.png", "x-1_bursts.png"],
    }
    mean, dynamic = (open_fits(file.data, file.name) for file in files["power_spectrum"])
    assert read_power(mean).mean.m == 50
    table = dynamic.table("DYNAMIC")
    assert table.column("OBS_ID").tolist() == [FIRST, SECOND]
    assert table.column("NSEG").tolist() == [20, 30]
    frequencies = dynamic.table("FREQUENCIES").column("FREQ")
    assert table.column("RMS2").shape == (2, len(frequencies)) == table.column("RATIO").shape
    assert table.column("RMS2") == pytest.approx(0.002, rel=1e-5)
    assert table.column("RATIO")[1] == pytest.approx(1 + 0.002 * 800**2 / 900 / 1.99, rel=1e-5)


def test_the_table_of_bursts(timing: Timing, tmp_path: Path) -> None:
    (tmp_path / "x.ecsv").write_bytes(burst_table(timing))
    table = Table.read(tmp_path / "x.ecsv")
    assert table["obsid"].tolist() == [FIRST, SECOND]
    assert table["accepted"].tolist() == [False, True]
    assert table["tau"].tolist() == [8.0, 8.0]
    assert table["reason"][0] == "it rises longer <b>than</b> it decays"
    assert table["time"][1] == pytest.approx(49353.000696574 + 5100.25 / 86400)
    assert table.meta["searched"] == 800.0
    empty = gathered([TimingSet(FIRST, bursts=Bursts((), 0.125, 100.0, Header()))])
    (tmp_path / "y.ecsv").write_bytes(burst_table(empty))
    assert len(Table.read(tmp_path / "y.ecsv")) == 0


def test_the_section(timing: Timing) -> None:
    figures = timing_files(timing, "x-1", "X-1")["figure"]
    page = timing_section(timing, figures)
    assert "50 segments of 16 s in 2 observations, 660 count/s" in page
    assert "No peak is one" in page
    assert "1 burst in 0.8 ks of Standard1; 1 candidate rejected" in page
    assert page.count("<img ") == 3 and 'src="x-1_bursts.png"' in page
    assert timing_section(gathered([]), ()) == ""


def test_a_merge_of_fast_data_alone(tmp_path: Path) -> None:
    """What `pca_fast` left is merged, though there is no light curve of the usual kind."""
    store = open_store(str(tmp_path / "store"))
    results = []
    for one in sets()[:2]:
        assert one.bursts is not None
        files = {
            "power_spectrum": tuple(
                File(f"{one.obsid}_{band}.fits", p.to_bytes(), about=About(Kind.POWER_SPECTRUM, band, "PCA"))
                for band, p in one.powers.items()
            ),
            "bursts": (File(f"{one.obsid}_bursts.fits", one.bursts.to_bytes(), about=About(Kind.BURSTS, "bursts")),),
        }
        outputs = Outputs(files, summary={"target": "X-1", "tstart": 1000.0, "tstop": 1400.0})
        manifest = new_manifest("pca_fast", one.obsid, "f", {}, (), outputs, 0.1)
        publish(store, f"{one.obsid}/pca_fast/f", manifest, outputs.files)
        done = StageResult(
            stage="pca_fast",
            obsid=one.obsid,
            outcome=Outcome.SUCCEEDED,
            manifest=f"{one.obsid}/pca_fast/f/manifest.json",
            fingerprint=one.obsid,
            summary=outputs.summary,
            reads=("pca_prep",),
        )
        prepared = StageResult(stage="pca_prep", obsid=one.obsid, outcome=Outcome.SUCCEEDED)
        results.append(ObservationResult.of(one.obsid, [prepared, done]))
    request = MergeRequest(
        store=str(tmp_path / "store"), asked=(FIRST, SECOND), results=tuple(results), config=MergeConfig(title="X-1")
    )
    made = run_merge(request, store)
    assert made.outcome is Outcome.SUCCEEDED and made.caveats == ()
    assert (made.summary["succeeded"], made.summary["bursts"], made.summary["bands"]) == (2, 1, {})
    assert {r.output for r in read_manifest(store, made.manifest).outputs} == {
        *("power_spectrum", "bursts", "figure", "observations", "report"),
    }
    (page,) = fetch_outputs(store, made.manifest, "report")
    assert b'<h2 id="timing">Fast data</h2>' in page.data and b'href="x-1_bursts.ecsv"' in page.data

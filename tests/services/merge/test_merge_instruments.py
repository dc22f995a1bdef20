"""The merge of both instruments: one page, each with its own bins, units and failures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.product import gti_table
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import File, ObservationResult, Outcome, Outputs, StageResult
from services.merge import inputs
from services.merge.config import MergeConfig, MergeRequest
from services.merge.packing import unpack
from services.merge.spectra import SpectrumSet, sum_spectra
from services.merge.spectra_groups import is_summed
from services.merge.stage import merge, merge_files, run_merge
from services.storage import ObjectStore, open_store
from services.storage.publication import new_manifest, publish
from tests.conftest import LONG
from tests.services.fakes import FaultyStore
from tests.services.merge.made import named, product

OBSIDS = ("10408-01-01-00", "20402-01-45-03", "40703-01-02-00", "90001-01-01-00")
#: Length of HEXTE's rocking cycle [s] in each of them.
CYCLES = (64.0, 128.0, 64.0, 128.0)
TITLE = MergeConfig(title="SIM A")


def start_of(number: int) -> float:
    return 7e7 + 6e7 * number


def curve(number: int, *, instrument: str, width: float, rows: int = 30) -> bytes:
    rng = np.random.default_rng([number, int(width)])
    time = start_of(number) + width * np.arange(rows)
    pca = instrument == "PCA"
    exposure = np.full(rows, 3 * width if pca else width / 4)
    counts = rng.poisson(20 * exposure).astype(float)
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM_A"), ("INSTRUME", instrument)]
    cards += [("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    series = LightCurve(
        "made", time, counts / exposure, np.sqrt(counts) / exposure, np.full(rows, 1.0 if pca else 0.25), width,
        filled_intervals(time, width), Header(cards), Header([("TELESCOP", "XTE")]),
        {"LiveTime": exposure} if pca else {},
    )  # fmt: skip
    return write_light_curve(series)


def spectrum(
    number: int, level: int, *, detnam: str = "PWA", channels: int = 64, time: bool = True, kind: str = "COUNTS"
) -> bytes:
    counts = np.full(channels, float(level))
    start = start_of(number)
    cards = [("INSTRUME", "HEXTE"), ("TELESCOP", "XTE"), ("DETNAM", detnam), ("DETCHANS", channels)]
    cards += [("CPIX1", f"({channels})"), ("HDUCLAS1", "SPECTRUM"), ("POISSERR", False), ("OBJECT", "SIM_A")]
    cards += [("EXPOSURE", 100.25 + number), ("TSTART", start), ("TSTOP", start + 400)]
    columns = [("CHANNEL", np.arange(channels)), (kind, counts), ("STAT_ERR", np.sqrt(counts))]
    table = table_hdu("SPECTRUM", [(Column(name, "D"), values) for name, values in columns], cards)
    intervals = np.array([[start, start + 400]]) if time else np.empty((0, 2))
    return fits_bytes(primary_hdu(), [table, gti_table(intervals, Header())])


def spectra_of(number: int, obsid: str, cluster: str = "pwa", **more: object) -> tuple[File, ...]:
    detnam = {"pwa": "PWA", "pwb": "PWB013"}[cluster]
    return tuple(
        product(f"{obsid}_{cluster}_{kind}.pha", spectrum(number, level + number, **{"detnam": detnam, **more}))
        for kind, level in (("src", 1000), ("bkg", 600), ("p", 250), ("m", 350))
    )


def hexte_files(number: int, obsid: str) -> dict[str, tuple[File, ...]]:
    width = CYCLES[number]
    curves = tuple(
        product(f"{obsid}_{cluster}_ch15-61.lc", curve(number, instrument="HEXTE", width=width))
        for cluster in ("pwa", "pwb")
    )
    return {
        "light_curve": curves,
        "parts": (product(f"{obsid}_pwa_ch15-61_src.lc", b"not read"),),
        "spectrum": spectra_of(number, obsid) + spectra_of(number, obsid, "pwb"),
    }


def pca_files(number: int, obsid: str) -> dict[str, tuple[File, ...]]:
    pca = (product(f"{obsid}_ch5-10.lc", curve(number, instrument="PCA", width=16.0)),)
    return {"light_curve": pca, "spectrum": (product(f"{obsid}_src.pha", b"left alone"),)}


def succeeded(obsid: str, stage: str, before: str, **more: object) -> StageResult:
    summary = {"target": "SIM_A", "tstart": 7e7, "tstop": 7.1e7}
    done = Outcome.SUCCEEDED
    return StageResult(stage=stage, obsid=obsid, outcome=done, summary=summary, reads=(before,), **more)


def ended(obsid: str, stage: str, outcome: Outcome, message: str) -> StageResult:
    return StageResult(stage=stage, obsid=obsid, outcome=outcome, message=message)


def campaign() -> tuple[list[str], list[ObservationResult], dict[str, tuple[File, ...]]]:
    """Both succeed; the PCA fails; HEXTE has no work; HEXTE fails."""
    results, files = [], {}
    for number, obsid in enumerate(OBSIDS):
        pca = succeeded(obsid, "pca_extract", "pca_prep")
        hexte = succeeded(obsid, "hexte_dead", "hexte_back")
        if number == 1:
            pca = ended(obsid, "pca_prep", Outcome.FAILED, "FS4a_1-2.gz: the gzip file ends too early.")
        if number == 2:
            hexte = ended(obsid, "hexte_back", Outcome.NO_WORK, "There are no science data of HEXTE.")
        if number == 3:
            hexte = ended(obsid, "hexte_dead", Outcome.FAILED, "FS52_1-2.gz: column Event is missing.")
        results.append(ObservationResult.of(obsid, [pca, hexte]))
        curves = pca_files(number, obsid)["light_curve"] if number != 1 else ()
        files[obsid] = curves + (hexte_files(number, obsid)["light_curve"] if number < 2 else ())
    return list(OBSIDS), results, files


@pytest.fixture(autouse=True)
def _same_date(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = ("rossi.timeseries.layout", "rossi.spectra.product", "services.merge.products", "services.merge.report")
    for module in modules:
        monkeypatch.setattr(f"{module}.now", lambda: "2020-01-01T00:00:00")


def one(outputs: Outputs, name: str) -> bytes:
    return next(f.data for files in outputs.files.values() for f in files if f.name == name)


def figure_data(outputs: Outputs) -> dict[str, object]:
    return unpack(one(outputs, "report.html").decode().split('id="overview">')[1].split("</script>")[0])


def test_one_instrument_counts_though_the_other_failed() -> None:
    outputs = merge(TITLE, *campaign())
    assert {k: outputs.summary[k] for k in ("succeeded", "no_work", "failed")} == {
        "succeeded": 2, "no_work": 0, "failed": 2,
    }  # fmt: skip
    assert outputs.summary["bands"] == {
        "ch5-10": {"rows": 90, "unit": "count/s/PCU"},
        "pwa_ch15-61": {"rows": 60, "unit": "count/s"},
        "pwb_ch15-61": {"rows": 60, "unit": "count/s"},
    }
    table = Table.read(one(outputs, "observations.ecsv").decode(), format="ascii.ecsv")
    assert list(table["obsid"]) == list(OBSIDS)
    assert list(table["outcome"]) == ["succeeded", "failed", "succeeded", "failed"]
    assert list(np.isfinite(table["rate_ch5-10"])) == [True, False, True, True]
    assert list(np.isfinite(table["rate_pwa_ch15-61"])) == [True, True, False, False]
    assert table["exposure_pwa_ch15-61"].description == "s"
    assert [str(text) for text in table["remarks"][1:]] == [
        "pca_prep: FS4a_1-2.gz: the gzip file ends too early.",
        "hexte_back: There are no science data of HEXTE.",
        "hexte_dead: FS52_1-2.gz: column Event is missing.",
    ]


def test_bins_of_each_date_keep_their_width(tmp_path: Path) -> None:
    from astropy.io import fits

    path = tmp_path / "a.lc"
    path.write_bytes(one(merge(TITLE, *campaign()), "sim-a_pwa_ch15-61.lc"))
    with fits.open(path, checksum=True) as hdus:
        rate, observations = hdus["RATE"].data, hdus["OBSERVATIONS"].data
        assert hdus["RATE"].header["TIMEDEL"] == 64
        np.testing.assert_array_equal(rate["TIMEDEL"], np.repeat(CYCLES[:2], 30))
        np.testing.assert_array_equal(rate["OBSINDEX"], np.repeat((1, 2), 30))
        np.testing.assert_allclose(observations["EXPOSURE"], [30 * 64 / 4, 30 * 128 / 4, 0, 0])
    with fits.open(path) as hdus:
        assert "TIMEDEL" not in open_fits(one(merge(TITLE, *campaign()), "sim-a_ch5-10.lc"), "pca").table("RATE")


def test_the_page_shows_both_on_one_time_axis() -> None:
    outputs = merge(TITLE, *campaign())
    bands = figure_data(outputs)["bands"]
    assert [(b["name"], b["unit"], b["epochs"], b["shown"]) for b in bands] == [
        ("PCA channels 5–10", "count/s/PCU", True, True),
        ("HEXTE A channels 15–61", "count/s", False, True),
        ("HEXTE B channels 15–61", "count/s", False, True),
    ]
    assert [f.name for f in outputs.files["figure"]] == [
        "sim-a_ch5-10.png", "sim-a_pwa_ch15-61.png", "sim-a_pwb_ch15-61.png", "sim-a.png",
    ]  # fmt: skip
    heads = one(outputs, "report.html").decode().split("<thead>")[1].split("</thead>")[0]
    assert [heads.index(b["name"]) for b in bands] == sorted(heads.index(b["name"]) for b in bands)


def test_of_many_bands_the_first_of_each_cluster_is_shown() -> None:
    asked, results, files = campaign()
    files = {
        o: tuple(product(f.name.replace(".lc", more), f.data) for f in fs for more in (".lc", "_a.lc"))
        for o, fs in files.items()
    }
    bands = figure_data(merge(TITLE, asked, results, files))["bands"]
    assert [b["name"] for b in bands if b["shown"]] == [
        "PCA channels 5–10", "HEXTE A channels 15–61", "HEXTE B channels 15–61",
    ]  # fmt: skip
    assert len(bands) == 6


def test_order_does_not_matter() -> None:
    """Two orders, or with ROSSI_LONG_TESTS all."""
    asked, results, files = campaign()
    straight = merge(TITLE, asked, results, files)
    for order in permutations(range(len(OBSIDS))) if LONG else ((3, 2, 1, 0), (1, 3, 0, 2)):
        shuffled = [results[n] for n in order]
        turned = {OBSIDS[n]: files[OBSIDS[n]][::-1] for n in order}
        assert merge(TITLE, [asked[n] for n in order], shuffled, turned) == straight, order


def test_files_of_different_bins_join_and_join_again() -> None:
    files = [(f"{o}_ch5-10.lc", curve(n, instrument="PCA", width=16.0 * 8**n)) for n, o in enumerate(OBSIDS[:2])]
    joined = one(merge_files(TITLE, named(files[::-1])), "sim-a_ch5-10.lc")
    series = read_light_curve(joined, "joined")
    np.testing.assert_array_equal(series.widths, np.repeat((16.0, 128.0), 30))
    few = MergeConfig(title="SIM A", points=100)
    again = merge_files(few, named([("joined.lc", joined), *((n.replace("ch5-10", "rate"), d) for n, d in files * 3)]))
    assert again.summary["bands"]["rate"]["rows"] == 60
    assert len(figure_data(again)["bands"][0]["rate"]) < 110


@pytest.fixture
def request_(tmp_path: Path) -> MergeRequest:
    """A store in which both instruments have left their products for all observations."""
    store = open_store(str(tmp_path / "store"))
    results = []
    for number, obsid in enumerate(OBSIDS):
        stages = []
        for stage, before, files in (
            ("pca_extract", "pca_prep", pca_files(number, obsid)),
            ("hexte_dead", "hexte_back", hexte_files(number, obsid)),
        ):
            done = Outputs(files)
            manifest = new_manifest(stage, obsid, "f" + obsid, {}, (), done, 0.1)
            base = f"run/{obsid}/{stage}/{manifest.fingerprint}"
            publish(store, base, manifest, done.files)
            keys = {"manifest": f"{base}/manifest.json", "fingerprint": manifest.fingerprint}
            stages += [StageResult(stage=before, obsid=obsid, outcome=Outcome.SUCCEEDED)]
            stages += [succeeded(obsid, stage, before, **keys)]
        results.append(ObservationResult.of(obsid, stages))
    return MergeRequest(store=str(tmp_path / "store"), prefix="run", asked=OBSIDS, results=tuple(results), config=TITLE)


def products(store: Path, pattern: str) -> Iterator[Path]:
    return store.glob(f"run/merge/*/*/{pattern}")


def pha(path: Path) -> Spectrum:
    return read_pha(open_fits(path.read_bytes(), path.name))


def test_spectra_of_each_cluster_are_summed(request_: MergeRequest) -> None:
    made = run_merge(request_, open_store(request_.store))
    names = [f"sim-a_{c}_{k}.pha" for c in ("pwa", "pwb") for k in ("src", "bkg", "p", "m")]
    assert list(made.summary["spectra"]) == names
    assert made.summary["spectra"][names[0]] == {"observations": 4, "exposure": 4 * 100.25 + 6}
    found = {path.name: pha(path) for path in products(Path(request_.store), "*.pha")}
    assert found.keys() == set(names)
    for name, level in zip(names, (1000, 600, 250, 350) * 2, strict=True):
        total = found[name]
        np.testing.assert_array_equal(total.value, np.full(64, 4 * level + 6))
        np.testing.assert_allclose(total.error, np.sqrt(4 * level + 6))
        assert total.exposure == 4 * 100.25 + 6
        assert len(total.intervals) == 4
        assert (total.header["TSTART"], total.header["TSTOP"]) == (start_of(0), start_of(3) + 400)
        background = name.replace("src", "bkg") if name.endswith("_src.pha") else "NONE"
        assert total.header["BACKFILE"] == background
        assert total.header["DETNAM"] == ("PWA" if "pwa" in name else "PWB013")
    page = next(products(Path(request_.store), "report.html")).read_text()
    assert all(f'href="{name}"' in page for name in names)
    block = unpack(page.split('class="block">')[1].split("</script>")[0])
    ends = [stage for stage in block["observations"][0]["stages"] if stage["last"]]
    assert sum(len(stage["files"]) for stage in ends) == 13
    assert f"{OBSIDS[0]}_pwa_ch15-61_src.lc" in [name for stage in ends for name, *_ in stage["files"]]
    assert run_merge(request_.model_copy(update={"results": request_.results[::-1]}), open_store(request_.store)).reused


def test_a_damaged_product_of_one_instrument_leaves_the_other(request_: MergeRequest) -> None:
    for pattern in ("*ch5-10.lc", "*pwb_bkg.pha"):
        path = next((Path(request_.store) / "run" / OBSIDS[0]).rglob(pattern))
        path.chmod(0o644)
        path.write_bytes(b"something else")
    made = run_merge(request_, open_store(request_.store))
    assert (made.summary["succeeded"], made.summary["failed"]) == (3, 1)
    assert {name: band["rows"] for name, band in made.summary["bands"].items()} == {
        "ch5-10": 90, "pwa_ch15-61": 120, "pwb_ch15-61": 120,
    }  # fmt: skip
    assert made.summary["spectra"]["sim-a_pwa_src.pha"]["observations"] == 3
    assert [c.code for c in made.caveats] == ["energies_moved", "spectra_left_out"]
    assert f"{OBSIDS[0]}: " in made.caveats[1].message
    page = next(products(Path(request_.store), "report.html")).read_text()
    assert "pca_extract: " in page
    assert made.caveats[0].message.split(";")[0] in page


def test_spectra_are_read_a_few_at_a_time(request_: MergeRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_BATCH", 2)
    store: ObjectStore = FaultyStore(open_store(request_.store))
    found = inputs.find_all(store, request_.results[::-1]).values()
    assert not any(key.endswith(".pha") for _, key in store.calls)
    sets = inputs.spectra(store, found)
    assert next(sets).obsid == OBSIDS[0]
    read = {key.split("/")[1] for _, key in store.calls if key.endswith(".pha")}
    assert read <= set(OBSIDS[:2])
    assert [one.obsid for one in sets if one.summed] == [OBSIDS[0], *(obsid for obsid in OBSIDS[1:] for _ in range(2))]
    forward = inputs.find_all(store, request_.results).values()
    first, second = (sum_spectra(inputs.spectra(store, some), "a") for some in (found, forward))
    assert first == second


def sets_of(*groups: tuple[File, ...]) -> list[SpectrumSet]:
    return [SpectrumSet(OBSIDS[n], files) for n, files in enumerate(groups)]


def test_spectra_of_other_channels_or_detectors_stay_apart() -> None:
    fine = spectra_of(1, OBSIDS[1], channels=256)
    broken = spectra_of(3, OBSIDS[3], detnam="PWA012")
    sums = sum_spectra(sets_of(spectra_of(0, OBSIDS[0]), fine, spectra_of(2, OBSIDS[2]), broken), "a")
    assert {name: numbers["observations"] for name, numbers in sums.summary.items() if "src" in name} == {
        "a_pwa_64ch_pwa_src.pha": 2, "a_pwa_64ch_pwa012_src.pha": 1, "a_pwa_256ch_src.pha": 1,
    }  # fmt: skip
    source = next(f for f in sums.files if f.name == "a_pwa_256ch_src.pha")
    assert read_pha(open_fits(source.data, source.name)).header["BACKFILE"] == "a_pwa_256ch_bkg.pha"
    (caveat,) = sums.caveats
    assert caveat.code == "spectra_apart"
    assert "2 in a_pwa_64ch_pwa_*.pha, 1 in a_pwa_64ch_pwa012_*.pha, 1 in a_pwa_256ch_*.pha" in caveat.message


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"bkg": None}, "HEXTE A has no spectrum of the background"),
        ({"src": {"channels": 256}}, "its background is of other channels or detectors"),
        ({"bkg": {"time": False}}, "a sum needs the good time of every spectrum"),
        ({"m": {"kind": "RATE"}}, "only counts can be added up"),
    ],
)
def test_an_observation_counts_with_all_its_spectra_or_not_at_all(
    spoiled: dict[str, dict[str, object] | None], sentence: str
) -> None:
    kinds = {f.name.split("_")[-1].removesuffix(".pha"): f for f in spectra_of(1, OBSIDS[1])}
    for kind, change in spoiled.items():
        file = kinds.pop(kind)
        if change is not None:
            kinds[kind] = product(file.name, spectrum(1, 5, **change))
    sums = sum_spectra(sets_of(spectra_of(0, OBSIDS[0]), tuple(kinds.values())), "a")
    assert {numbers["observations"] for numbers in sums.summary.values()} == {1}
    (caveat,) = sums.caveats
    assert caveat.message.startswith(f"Spectra left out of the sums: {OBSIDS[1]}: ")
    assert sentence in caveat.message


def test_observations_that_are_left_out_for_one_reason_are_told_once() -> None:
    without = [tuple(f for f in spectra_of(n, OBSIDS[n]) if not f.name.endswith("_bkg.pha")) for n in (1, 2)]
    (caveat,) = sum_spectra(sets_of(spectra_of(0, OBSIDS[0]), *without), "a").caveats
    why = "HEXTE A has no spectrum of the background"
    assert caveat.message == f"Spectra left out of the sums: {OBSIDS[1]}, {OBSIDS[2]}: {why}."


def test_a_side_never_pointed_to_adds_nothing() -> None:
    other = tuple(
        product(f.name, spectrum(1, 0, time=False)) if f.name.endswith("_m.pha") else f
        for f in spectra_of(1, OBSIDS[1])
    )
    sums = sum_spectra(sets_of(spectra_of(0, OBSIDS[0]), other), "a")
    assert [numbers["observations"] for numbers in sums.summary.values()] == [2, 2, 2, 1]
    assert sums.caveats == ()


@pytest.mark.parametrize(
    ("name", "summed"),
    [
        ("20402-01-45-03_pwa_src.pha", True),
        ("20402-01-45-03_pwb_m.pha", True),
        ("20402-01-45-03_src.pha", True),
        ("20402-01-45-03_pwa_ch15-61_src.lc", False),
    ],
)
def test_spectra_of_both_instruments_are_summed(name: str, summed: bool) -> None:
    assert is_summed(product(name, b"").about) == summed

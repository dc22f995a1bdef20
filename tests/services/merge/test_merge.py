"""The merge stage: nothing vanishes, order does not matter, the report stands alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from pydantic import ValidationError

from rossi.errors import ConfigError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Caveat, File, ObservationResult, Outcome, Outputs, StageResult
from services.merge.config import MergeConfig, MergeRequest
from services.merge.observations import NO_RESULT
from services.merge.packing import unpack
from services.merge.stage import merge, merge_files, run_merge
from services.storage import open_store
from services.storage.publication import new_manifest, output_key, publish, read_manifest, ready
from services.storage.together import together as repeated
from tests import forks
from tests.services.fakes import FaultyStore
from tests.services.merge.made import named, product

OBSIDS = ("10408-01-01-00", "20402-01-45-03", "40703-01-02-00")
REAL = ("xp1007701_e2_n2a.lc", "xp2007601_e3_n2a.lc", "xp4004101_e5_n2a.lc")
BANDS = ("ch5-10", "ch11-28")


def curve(number: int, *, rows: int = 30, bad: int = 0) -> bytes:
    rng = np.random.default_rng(number)
    time = 7e7 + 6e7 * number + 16.0 * np.arange(rows)
    live = np.full(rows, 16.0 * 3)
    counts = rng.poisson(500 + 100 * number, rows).astype(float)
    counts[:bad] = np.nan
    cards = [("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM_A"), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)]
    series = LightCurve(
        "made", time, counts / live, np.sqrt(counts) / live, np.ones(rows), 16.0, filled_intervals(time, 16.0),
        Header(cards), Header([("TELESCOP", "XTE")]), {"LiveTime": live},
    )  # fmt: skip
    return write_light_curve(series)


def curves_of(number: int, obsid: str) -> tuple[File, ...]:
    return tuple(product(f"{obsid}_{band}.lc", curve(number)) for band in BANDS)


def result(obsid: str, outcome: Outcome = Outcome.SUCCEEDED, message: str = "", **more: object) -> ObservationResult:
    stage = StageResult(stage="pca_extract", obsid=obsid, outcome=outcome, message=message, **more)
    return ObservationResult(obsid=obsid, outcome=outcome, stages=(stage,))


def campaign() -> tuple[list[str], list[ObservationResult], dict[str, tuple[File, ...]]]:
    late = Caveat(code="housekeeping_short", message="Housekeeping ends 32 s early.")
    summary = {"target": "SIM_A", "tstart": None, "pcus": 3.2, "bands": {}}
    results = [result(o, caveats=(late,) if o == OBSIDS[1] else (), summary=summary) for o in OBSIDS]
    results.append(result("50001-01-01-00", Outcome.NO_WORK, "No good time is left."))
    results.append(result("50001-01-02-00", Outcome.FAILED, "FS4a_1-2.gz: the gzip file ends too early & <is> cut."))
    asked = [r.obsid for r in results] + ["50001-01-03-00"]
    return asked, results, {o: curves_of(n, o) for n, o in enumerate(OBSIDS)}


@pytest.fixture(autouse=True)
def _same_date(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("rossi.timeseries.layout", "services.merge.products", "services.merge.report"):
        monkeypatch.setattr(f"{module}.now", lambda: "2020-01-01T00:00:00")


def one(outputs: Outputs, name: str) -> bytes:
    return next(f.data for files in outputs.files.values() for f in files if f.name == name)


class Page(HTMLParser):
    """Collects what a browser would load or follow."""

    VOID = ("meta", "link", "input", "br", "img", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.rows = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        self.rows += tag == "tr" and "data-row" in values
        if tag == "a" and not (values["href"] or "").startswith("#"):
            self.links.append(values["href"] or "")
        elif tag != "a":
            self.loaded += [v for k in ("src", "href", "srcset", "data") if (v := values.get(k))]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_nothing_vanishes() -> None:
    asked, results, curves = campaign()
    outputs = merge(MergeConfig(title="SIM A"), asked, results, curves)
    assert {k: outputs.summary[k] for k in ("asked", "succeeded", "no_work", "failed")} == {
        "asked": 6, "succeeded": 3, "no_work": 1, "failed": 2,
    }  # fmt: skip
    table = Table.read(one(outputs, "observations.ecsv").decode(), format="ascii.ecsv")
    assert sorted(table["obsid"]) == sorted(asked)
    assert list(table["obsid"][:3]) == list(OBSIDS)
    assert dict(zip(table["obsid"], table["remarks"], strict=True))["50001-01-03-00"] == NO_RESULT
    page = one(outputs, "report.html").decode()
    for obsid in asked:
        assert page.count(f'<th scope="row"><button type="button">{obsid}<') == 1
    for sentence in ("No good time is left.", "cut.", "Housekeeping ends 32 s early.", NO_RESULT):
        assert sentence in page


def test_light_curve_holds_every_row_and_says_whose_it_is(tmp_path: Path) -> None:
    from astropy.io import fits

    outputs = merge(MergeConfig(title="SIM A"), *campaign())
    assert [f.name for f in outputs.files["light_curve"]] == ["sim-a_ch5-10.lc", "sim-a_ch11-28.lc"]
    path = tmp_path / "a.lc"
    path.write_bytes(one(outputs, "sim-a_ch5-10.lc"))
    with fits.open(path, checksum=True) as hdus:
        assert [h.name for h in hdus] == ["PRIMARY", "RATE", "STDGTI", "OBSERVATIONS"]
        rate, observations = hdus["RATE"].data, hdus["OBSERVATIONS"].data
        assert len(rate) == 90
        assert (np.diff(rate["TIME"]) > 0).all()
        np.testing.assert_array_equal(observations["OBS_ID"][rate["OBSINDEX"] - 1], np.repeat(OBSIDS, 30))
        live = [rate["LiveTime"][rate["OBSINDEX"] == n + 1].sum() for n in range(6)]
        np.testing.assert_allclose(observations["EXPOSURE"], live)
        assert {outcome.rstrip() for outcome in observations["OUTCOME"]} == {"succeeded", "no_work", "failed"}
        assert observations["CAVEATS"][1].rstrip() == "housekeeping_short"
        units = hdus["OBSERVATIONS"].columns["RATE"].unit, hdus["OBSERVATIONS"].columns["ERROR"].unit
        assert units == (hdus["RATE"].columns["RATE"].unit,) * 2 == ("count/s/PCU",) * 2
        assert hdus["RATE"].header["HDUCLAS1"] == "LIGHTCURVE"
        assert hdus["STDGTI"].header["ONTIME"] == 90 * 16


def test_order_does_not_matter() -> None:
    asked, results, curves = campaign()
    backwards = dict(reversed(curves.items()))
    first = merge(MergeConfig(), asked, results, curves)
    assert merge(MergeConfig(), asked[::-1] + asked, results[::-1], backwards) == first


def test_report_stands_alone() -> None:
    asked, results, curves = campaign()
    page = Page(one(merge(MergeConfig(title="SIM <A>"), asked, results, curves), "report.html").decode())
    assert page.open == []
    assert page.rows == len(asked)
    assert page.loaded == ["data:,"]
    assert set(page.links) == {f"sim-a_{b}.{e}" for b in BANDS for e in ("lc", "png")} | {
        "sim-a.png",
        "observations.ecsv",
    }


def test_a_damaged_curve_fails_its_observation_only() -> None:
    asked, results, curves = campaign()
    name, data = curves[OBSIDS[0]][0].name, curves[OBSIDS[0]][0].data
    curves[OBSIDS[0]] = (product(name, data[:6000]),)
    outputs = merge(MergeConfig(), asked, results, curves)
    assert (outputs.summary["succeeded"], outputs.summary["failed"]) == (2, 3)
    assert f"{name}[RATE]: the file ends after 6000 bytes" in one(outputs, "report.html").decode()


def test_without_any_curve_there_is_still_a_report() -> None:
    outputs = merge(MergeConfig(), ["50001-01-01-00"], [], {})
    assert outputs.files["light_curve"] == ()
    assert [c.code for c in outputs.caveats] == ["no_light_curve"]
    assert Page(one(outputs, "report.html").decode()).rows == 1


def test_curves_without_rates_are_no_light_curve() -> None:
    files = {
        OBSIDS[0]: (
            product(f"{OBSIDS[0]}_ch5-10.lc", curve(0, bad=30)),
            product(f"{OBSIDS[0]}_ch11-28.lc", curve(0, rows=0)),
        )
    }
    outputs = merge(MergeConfig(), OBSIDS[:1], [result(OBSIDS[0])], files)
    assert [c.code for c in outputs.caveats] == ["no_light_curve"]


def test_a_result_nobody_asked_for_is_refused() -> None:
    with pytest.raises(ConfigError, match="not asked for"):
        merge(MergeConfig(), OBSIDS[:1], [result(OBSIDS[1])], {})


def test_null_rows_are_dropped_when_asked() -> None:
    files = {OBSIDS[0]: (product(f"{OBSIDS[0]}_ch5-10.lc", curve(0, bad=4)),)}
    for keep, rows in ((True, 30), (False, 26)):
        outputs = merge(MergeConfig(keep_null=keep), OBSIDS[:1], [result(OBSIDS[0])], files)
        assert outputs.summary["bands"]["ch5-10"]["rows"] == rows


def test_files_given_twice_are_kept_once() -> None:
    files = [(f.name, f.data) for n, o in enumerate(OBSIDS) for f in curves_of(n, o)]
    outputs = merge_files(MergeConfig(), named([*files, files[0]]))
    assert outputs.summary["bands"]["ch5-10"]["rows"] == 90
    assert [c.message for c in outputs.caveats] == [
        "channels 5–10: 30 rows were given more than once and are kept once."
    ]


def test_three_real_files_join(shared: Path) -> None:
    files = [(name, (shared / "data/real/pca" / name).read_bytes()) for name in REAL]
    outputs = merge_files(MergeConfig(title="X2127+119"), named(files[::-1]))
    table = open_fits(one(outputs, "x2127-119_rate.lc"), "joined").table("RATE")
    assert len(table) == 6055 + 3486 + 10288
    assert (np.diff(table.column("TIME")) > 0).all()
    assert outputs.summary["bands"] == {"rate": {"rows": 19829, "unit": "count/s"}}
    kept = np.concatenate([read_light_curve(data, name).rate for name, data in files])
    np.testing.assert_array_equal(table.column("RATE"), kept)


def test_thousands_of_bins_are_thinned_for_the_page() -> None:
    files = [(f"{o}_ch5-10.lc", curve(n, rows=2000)) for n, o in enumerate(OBSIDS)]
    page = one(merge_files(MergeConfig(points=500), named(files)), "report.html").decode()
    data = unpack(page.split('id="overview">')[1].split("</script>")[0])
    assert 300 < len(data["bands"][0]["rate"]) <= 503
    assert np.mean(data["bands"][0]["rate"][:100]) == pytest.approx(500 / 48, rel=0.02)


@pytest.fixture
def request_(tmp_path: Path) -> MergeRequest:
    """A store in which pca_extract has left its products for three observations."""
    store = open_store(str(tmp_path / "store"))
    asked, results, curves = campaign()
    done = []
    for r in results:
        if r.outcome is Outcome.SUCCEEDED:
            outputs = Outputs({"light_curve": curves[r.obsid], "gti": (File("good.gti", b"x"),)})
            manifest = new_manifest("pca_extract", r.obsid, "f" + r.obsid, {}, (), outputs, 0.1)
            publish(store, f"run/{r.obsid}/pca_extract/f{r.obsid}", manifest, outputs.files)
            key = f"run/{r.obsid}/pca_extract/f{r.obsid}/manifest.json"
            r = result(r.obsid, manifest=key, fingerprint=manifest.fingerprint)  # noqa: PLW2901
        done.append(r)
    return MergeRequest(store=str(tmp_path / "store"), prefix="run", asked=tuple(asked), results=tuple(done))


def test_run_publishes_once_and_links_lead_to_products(request_: MergeRequest) -> None:
    store = open_store(request_.store)
    made = run_merge(request_, store)
    assert (made.outcome, made.reused) == (Outcome.SUCCEEDED, False)
    assert run_merge(request_, store).reused
    assert run_merge(request_.model_copy(update={"results": request_.results[::-1]}), store).reused
    other = run_merge(request_.model_copy(update={"config": MergeConfig(title="other")}), store)
    assert not other.reused
    assert other.fingerprint != made.fingerprint
    manifest = read_manifest(store, made.manifest)
    record = next(r for r in manifest.outputs if r.name == "report.html")
    where = Path(request_.store) / output_key(made.manifest, manifest, record)
    page = where.read_bytes()
    links = [link for link in Page(page.decode()).links if link.startswith("..")]
    assert len(links) == 3
    assert 'data-href="../../../{obsid}/{stage}/{fingerprint}/{content}/{file}"' in page.decode()
    assert all((where.parent / link).is_file() for link in links)
    index = json.loads(store.get(f"run/products/{made.fingerprint}.json"))
    assert index["merge"] == made.manifest
    assert index["observations"]["50001-01-02-00"]["outcome"] == "failed"
    keys = index["observations"][OBSIDS[0]]["stages"]["pca_extract"]["files"]["light_curve"]
    assert all(store.head(key) for key in keys)


def test_a_damaged_product_is_reported(request_: MergeRequest) -> None:
    store = open_store(request_.store)
    path = next((Path(request_.store) / "run" / OBSIDS[0]).rglob("*ch5-10.lc"))
    path.chmod(0o644)
    path.write_bytes(b"something else")
    made = run_merge(request_, store)
    assert (made.summary["succeeded"], made.summary["failed"]) == (2, 3)
    report = next(Path(request_.store, "run/merge").rglob("report.html")).read_text()
    assert "the content is damaged" in report


def test_what_lies_together_is_read_once(tmp_path: Path) -> None:
    """Manifests from the object that repeats them, several outputs from one; where that is damaged, one by one."""
    store, obsid = FaultyStore(open_store(str(tmp_path))), OBSIDS[0]
    outputs = Outputs({"light_curve": curves_of(0, obsid), "gti": (File("good.gti", b"x"),)})
    made = new_manifest("pca_extract", obsid, "f", {}, (), outputs, 0.1)
    manifest = ready(f"{obsid}/pca_extract/f", made, outputs.files, together=True).put(store.store)
    key, together = f"{obsid}/pca_extract/f/manifest.json", f"{obsid}/manifests/1.json"
    store.store.put(together, repeated([manifest.model_dump_json().encode()]))
    done = result(obsid, manifest=key, fingerprint="f").model_copy(update={"together": together})
    request = MergeRequest(store=str(tmp_path), asked=(obsid,), results=(done,))

    def read() -> list[str]:
        return [key for method, key in store.calls if method == "get" and key.startswith(obsid)]

    assert run_merge(request, store).summary["succeeded"] == 1
    assert read() == [together, output_key(key, manifest, manifest.outputs[0]).rpartition("/")[0]]
    store.store.delete(together)
    store.store.put(together, b"{}")
    store.calls.clear()
    other = request.model_copy(update={"config": MergeConfig(title="other")})
    assert run_merge(other, store).summary["succeeded"] == 1
    assert read()[:2] == [together, key]


def test_as_a_process(request_: MergeRequest, tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(request_.model_dump_json())
    command = [sys.executable, "-m", "services.merge", "--request"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert StageResult.model_validate_json(done.stdout).summary["asked"] == 6
    path.write_text(path.read_text().replace('"asked"', '"aksed"'))
    wrong = forks.run("services.merge", ["--request", path], tmp_path, os.environ)
    assert wrong.returncode == 21
    assert wrong.stderr == f"{path}: there is no parameter 'aksed'; did you mean asked?\n"
    assert wrong.stdout == ""


@pytest.mark.usefixtures("drawn")
def test_figures_in_the_formats_that_are_wanted() -> None:
    asked, results, curves = campaign()
    curves = {obsid: files[:1] for obsid, files in curves.items()}
    config = MergeConfig(title="SIM A", figures=("png", "pdf", "svg"))
    merged = [merge(config, asked, results, curves) for _ in range(2)]
    made = [outputs.files["figure"] for outputs in merged]
    begins = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert [file.name.rpartition(".")[2] for file in made[0]] == list(begins) * (len(made[0]) // 3)
    assert all(file.data.startswith(begins[file.name.rpartition(".")[2]]) for file in made[0])
    assert [file.data for file in made[0]] == [file.data for file in made[1]]
    page = one(merged[0], "report.html").decode()
    assert 'href="sim-a_ch5-10.svg"' in page
    with pytest.raises(ValidationError, match="figures"):
        MergeConfig(figures=("gif",))

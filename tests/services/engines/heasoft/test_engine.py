"""The whole engine on a simulated archive, by stand-in tasks, held against the native engine."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from flows.core.compare import compare_engines, sample
from flows.core.plan import make_shard
from rossi.errors import ConfigError
from rossi.fits.edit import as_hdu
from rossi.fits.header import Header
from rossi.fits.reader import read_fits
from rossi.fits.writer import TableHDU, fits_bytes
from services.contract import FailureKind, Outcome, StageResult
from services.contract.engine import EngineName
from services.engines import ENGINES
from services.execution.executor import execute
from services.execution.stages import STAGES
from services.execution.worker import run_observation
from services.storage import open_archive, open_store
from services.storage.publication import read_manifest
from tests.services.engines.heasoft.conftest import first_of

pytestmark = pytest.mark.usefixtures("forked")

#: Keywords that differ by who made a file, or by the names that files had in the sandbox.
NAMES = {"FILEN1", "FILIN001", "CREATOR"}


def run(settings, obsid):
    shard = make_shard(settings, [obsid])
    return run_observation(obsid, shard, archive=open_archive(settings.archive), store=open_store(settings.store))


def told(comparison):
    """Everything that differs, one line each."""
    lines = list(comparison.remarks)
    for product in comparison.products:
        lines += [f"{product.name}: {remark}" for remark in product.remarks]
        lines += [
            f"{product.name} {c.hdu} {c.name}: {c.max_abs:g} {c.note}" for c in product.columns if not c.identical
        ]
        keywords = (k for k in product.keywords if k.keyword not in NAMES)
        lines += [f"{product.name} {k.hdu} {k.keyword}: {k.first!r} {k.second!r}" for k in keywords]
    return lines


def test_pca_products_are_those_of_the_native_engine(settings, simulated):
    bands = [{"chmin": 5, "chmax": 10}, {"chmin": 0, "chmax": 255, "binsz": 128}]
    obsid = simulated[1].observations[0].obsid
    chosen = settings(pca_extract={"bands": bands, "per_pcu": True})
    (found,) = compare_engines(chosen, [obsid])
    assert told(found) == []
    assert len(found.products) >= 1 + 2 + 2 + 2 + 1


def test_a_band_in_kev_of_one_pcu_and_of_several(settings, simulated):
    """pcaextlc2 takes one range of channels for all PCUs, and they would be others for each."""
    obsid = simulated[1].observations[0].obsid
    extract = {"bands": ["2-9keV"], "pcus": "2", "spectra": False}
    (found,) = compare_engines(settings(pca_extract=extract), [obsid])
    assert told(found) == []
    assert any(product.name.endswith("_2-9keV.lc") for product in found.products)
    with pytest.raises(ConfigError, match="band 2-9keV is other channels for each of the PCUs 0,2"):
        run(settings(pca_extract=extract | {"pcus": "0,2"}), obsid)


def test_summaries_and_versions_are_kept(settings, simulated):
    obsid = simulated[1].observations[0].obsid
    results = {name: run(settings(campaign={"engine": name}), obsid) for name in ("native", "heasoft")}
    assert [r.outcome for r in results.values()] == [Outcome.SUCCEEDED] * 2
    native, heasoft = (result.last.summary for result in results.values())
    assert _close(heasoft, native)
    manifest = read_manifest(open_store(settings().store), results["heasoft"].last.manifest)
    assert (manifest.versions["heasoft"], manifest.versions["heasoftpy"]) == ("6.33.2", "1.4")


def _close(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    return one == pytest.approx(other, rel=1e-9) if isinstance(one, float) else one == other


def test_another_heasoft_is_another_result(headas, settings, simulated):
    obsid = simulated[1].observations[0].obsid
    one = run(settings(pca_extract={"spectra": False}), obsid)
    assert run(settings(pca_extract={"spectra": False}), obsid).reused
    headas.plan("1.5")
    other = run(settings(pca_extract={"spectra": False}), obsid)
    assert not other.reused
    assert one.last.fingerprint != other.last.fingerprint


def test_the_archives_filter_file_and_several_models(settings, simulated):
    obsid = simulated[1].observations[1].obsid
    prep = {"filter_file": "archive", "transition_bad": False}
    (found,) = compare_engines(settings(pca_prep=prep, pca_extract={"spectra": False}), [obsid])
    assert told(found) == []


def test_hexte_products_are_those_of_the_native_engine_but_for_documented_differences(settings, simulated):
    obsid = first_of(simulated, A="rocking", B="rocking").obsid
    (found,) = compare_engines(settings(campaign={"instruments": ["hexte"]}), [obsid])
    by_name = {product.name: product for product in found.products}
    assert found.remarks == ()
    exact = [name for name in by_name if not name.endswith((".lc", "_bkg.pha"))]
    assert [name for name in exact if not by_name[name].same_numbers] == []
    for name, product in by_name.items():
        if name.endswith(("_src.lc", "_bkg.lc", "_bkg.pha")):
            # sumpha writes other columns, hxtdead its column DEADC
            differ = [c for c in product.columns if not c.identical and c.compared and c.max_rel > 1e-6]
            assert differ == [], name
        elif name.endswith(".lc"):  # rebinned on another grid
            assert {c.name for c in product.columns} >= {"TIME", "RATE", "ERROR", "FRACEXP"}
    shown = run(settings(campaign={"instruments": ["hexte"]}), obsid)
    native = run(settings(campaign={"engine": "native", "instruments": ["hexte"]}), obsid)
    for band, numbers in native.last.summary["bands"].items():
        found = shown.last.summary["bands"][band]
        assert found["rate"] == pytest.approx(numbers["rate"], abs=3 * numbers["error"])


def test_a_filter_that_leaves_nothing_is_no_work_and_never_no_filter(settings, simulated):
    obsid = simulated[1].observations[0].obsid
    result = run(settings(pca_extract={"expression": "ELV > 1000"}), obsid)
    assert (result.outcome, result.last.stage) == (Outcome.NO_WORK, "pca_extract")
    assert "fulfils 'ELV > 1000'" in result.last.message


@pytest.mark.parametrize("how", ["syntax_error", "quiet_syntax_error"])
def test_an_expression_that_maketime_can_not_read_is_a_data_error(headas, settings, simulated, how):
    headas.plan(tasks={"maketime": how})
    result = run(settings(), simulated[1].observations[0].obsid)
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, FailureKind.DATA)
    assert "maketime could not apply" in result.last.message
    assert "syntax error in expression" in result.last.message


def test_a_long_expression_goes_through_a_file(settings, simulated):
    long = " && ".join(["(ELV > 4)", "(OFFSET < 0.1)", "(NUM_PCU_ON > 0)", ".NOT. ISNULL(ELV)", "(NUM_PCU_ON < 6)"] * 2)
    result = run(settings(pca_extract={"expression": long, "spectra": False}), simulated[1].observations[0].obsid)
    assert result.outcome is Outcome.SUCCEEDED, result.last.message


@pytest.mark.parametrize(
    ("task", "how", "kind", "words"),
    [
        ("pcaprepobsid", "silent", FailureKind.DATA, r"pcaprepobsid made no out/FP_\*\.xfl"),
        ("pcaextlc2", "empty", FailureKind.DATA, "pcaextlc2 left .*_ch5-10.lc empty"),
        ("pcaextspect2", "silent", FailureKind.DATA, "pcaextspect2 made no .*_src.pha"),
        ("pcaextlc2", "killed", FailureKind.RETRYABLE, "memory runs out"),
    ],
)
def test_a_failing_task_fails_its_stage_and_leaves_nothing(headas, settings, simulated, task, how, kind, words):
    headas.plan(tasks={task: how})
    result = run(settings(), simulated[1].observations[0].obsid)
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, kind)
    assert result.last.manifest == ""
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(result.last.message)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pca_prep": {"background": "none"}}, r"\[pca_prep\] background is 'none'"),
        ({"calibration": {"breakdown": "NONE"}}, r"\[calibration\] breakdown is 'NONE'"),
        (
            {"campaign": {"instruments": ["hexte"]}, "hexte_dead": {"background": "interpolated"}},
            r"\[hexte_dead\] background is 'interpolated'",
        ),
    ],
)
def test_what_the_tasks_can_not_do_is_refused_with_the_settings_name(settings, simulated, changes, words):
    with pytest.raises(ConfigError, match=words):
        run(settings(**changes), first_of(simulated, A="rocking", B="rocking").obsid)


def test_without_a_file_the_tasks_ask_a_caldb_that_must_be_there(headas, simulated):
    from services.execution.inputs import Sources, choose, read
    from services.execution.request import StageRequest
    from services.pca_prep.stage import STAGE, PcaPrepConfig

    archive, truth = simulated
    config = PcaPrepConfig()
    needed = [declared for declared in STAGE.inputs_for(config) if declared.source == "archive"]
    request = StageRequest(
        stage="pca_prep", obsid=truth.observations[0].obsid, config=config, archive=str(archive), store=""
    )
    sources = Sources(open_archive(str(archive)), None)
    inputs = read(needed, request, choose(needed, request, sources), sources)
    with pytest.raises(ConfigError, match="CALDB is not set"):
        ENGINES[EngineName.HEASOFT].run("pca_prep", config, inputs)


def test_spectra_need_a_background(settings, simulated):
    obsid = simulated[1].observations[0].obsid
    native = settings(campaign={"engine": "native"}, pca_prep={"background": "none"})
    done = run(native, obsid)
    shard = make_shard(native, [obsid]).model_copy(update={"engine": EngineName.HEASOFT})
    result = execute(STAGES["pca_extract"], shard.request("pca_extract", obsid, {"pca_prep": done.stages[0].manifest}))
    assert (result.kind, result.code) == (FailureKind.CONFIG, "bad_configuration")
    assert "[pca_extract] spectra is true" in result.message


def test_four_housekeeping_files_are_too_few(settings, simulated, tmp_path):
    archive, truth = simulated
    observation = truth.observations[0]
    shutil.copytree(archive / observation.path, tmp_path / "archive" / observation.path)
    next((tmp_path / "archive" / observation.path).glob("pca/FH5e_*")).unlink()
    result = run(settings(archive=str(tmp_path / "archive")), observation.obsid)
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, FailureKind.DATA)
    assert "found those of PCU 0, 1, 2, 3" in result.last.message


def with_undefined_cells(table):
    """As text that is padded with NUL, which FTOOLS take for no value where a cell begins with it."""
    rows = table.rows.copy()
    for number, form in enumerate(table.structure.forms, 1):
        if form.endswith("A"):
            rows[f"f{number}"] = np.char.rstrip(rows[f"f{number}"])
    return TableHDU(table.header, rows.tobytes())


def with_columns_first(table):
    """As FTOOLS describe the tables that they make."""
    images = list(table.header.images())
    at = next(at for at, (keyword, _) in enumerate(images) if keyword == "TTYPE1")
    header = Header()
    header.extend(images[:8] + images[at:] + images[8:at])
    return TableHDU(header, table.rows.tobytes())


@pytest.mark.parametrize(
    ("pattern", "written", "log", "words"),
    [
        ("FIPC_*", with_undefined_cells, "xtefilt.log", "Error parsing AppId #"),
        ("pca/FS4a_*", with_columns_first, r"FS4a_\w+-\w+.log", "could not find DATAMODE keyword"),
    ],
)
def test_files_unlike_the_archives_fail_and_the_tasks_own_log_says_why(
    settings, simulated, tmp_path, pattern, written, log, words
):
    archive, truth = simulated
    observation = truth.observations[0]
    shutil.copytree(archive / observation.path, tmp_path / "archive" / observation.path)
    for path in (tmp_path / "archive" / observation.path).glob(pattern):
        file = read_fits(path)
        hdus = [written(file.tables[0]), *map(as_hdu, file.tables[1:])]
        path.write_bytes(fits_bytes(file.primary, hdus, compress=path.suffix == ".gz"))
    changed = settings(archive=str(tmp_path / "archive"))
    result = run(changed, observation.obsid)
    assert (result.outcome, result.last.kind, result.last.detail) == (Outcome.FAILED, FailureKind.DATA, "")
    with pytest.raises(AssertionError, match=f"a task that it calls has failed The end of out/{log}: .*{words}"):
        raise AssertionError(result.last.message)
    (record,) = Path(changed.store).glob(f"**/{observation.obsid}/pca_prep/failures/*.json")
    detail = StageResult.model_validate_json(record.read_text()).detail
    with pytest.raises(AssertionError, match=rf"== standard output\n.*\n== out/{log}\n(.*\n)?.*{words}"):
        raise AssertionError(detail)


def test_a_sample_is_spread_over_the_campaign(settings, simulated):
    obsids = sample(settings(), 3)
    assert len(obsids) == 3
    assert set(obsids) <= {o.obsid for o in simulated[1].observations}
    assert len(sample(settings(), 50)) == 6

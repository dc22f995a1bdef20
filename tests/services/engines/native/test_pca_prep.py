"""Preparation of an observation's Standard2 data: bad rows, dead time and background, and what is told of them."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rossi.calibration_roles import Role
from rossi.errors import DataError
from rossi.fits.reader import gunzip, open_fits, read_fits
from rossi.fits.table import Table
from rossi.pca.background.model import read_model
from rossi.product import About, Content, Kind
from rossi.spooled import SpooledFile
from services.contract import ARCHIVE, Caveat, File, Outcome, Outputs
from services.engines.native.files import opened
from services.engines.native.pca_prep import pca_prep
from services.pca_prep.stage import STAGE, PcaPrepConfig
from tests.golden.comparison import differences
from tests.services.engines.native.conftest import Observation

#: The layers of xenon of one PCU.
LAYERS = [f"X{n}{side}SpecPcu" for n in (1, 2, 3) for side in "LR"]
#: Rows in which the target is seen: the slew takes ten, and the last one is beside a file's end.
GOOD = slice(10, -1)


def prepared(observation: Observation, inputs: dict[str, tuple[File, ...]] | None = None, **asked: Any) -> Outputs:
    config = PcaPrepConfig(**asked)
    return pca_prep(config, observation.inputs(STAGE, config) | (inputs or {}))


def table(outputs: Outputs, name: str) -> Table:
    (file,) = outputs.files[name]
    return opened(file).table(hdu=1)


def raw(observation: Observation) -> Table:
    path = next(path for path in observation.files if path.startswith("pca/FS4a"))
    return open_fits(observation.files[path], path).table(hdu=1)


def test_products_say_what_they_are(observation: Observation) -> None:
    made = prepared(observation)
    stem = f"FS4a_{observation.truth.start:x}-{observation.truth.stop:x}"
    assert {(output, file.name): file.about for output, group in made.files.items() for file in group} == {
        ("std2_dt", f"{stem}_dt.gz"): About(Kind.SCIENCE, instrument="PCA", content=Content.TOTAL),
        ("std2_dtbkg", f"{stem}_dtbkg.gz"): About(Kind.SCIENCE, instrument="PCA", content=Content.BACKGROUND),
        ("filter_file", "FP_05f5e0f4-05f5e4cc.xfl.gz"): About(Kind.FILTER_FILE),
    }
    assert (made.outcome, made.caveats, made.summary) == (Outcome.SUCCEEDED, (), {"files": 1})


def test_rows_at_the_ends_are_bad_and_empty_and_all_others_as_they_were(observation: Observation) -> None:
    before, after = raw(observation), table(prepared(observation), "std2_dt")
    ends = np.zeros(60, bool)
    ends[[0, -1]] = True
    for pcu in range(5):
        np.testing.assert_array_equal(after.column(f"BadPcu{pcu}"), ends)
        np.testing.assert_array_equal(after.column(f"OnTimePcu{pcu}"), np.where(ends, 0, 16))
        for layer in LAYERS:
            spectra = before.column(f"{layer}{pcu}")
            assert spectra[ends].any()
            np.testing.assert_array_equal(
                after.column(f"{layer}{pcu}"), np.where(ends[:, np.newaxis], 0, spectra), err_msg=layer
            )


def test_settings_decide_which_rows_are_bad_and_what_becomes_of_them(observation: Observation) -> None:
    kept = table(prepared(observation, background="none", zero_bad=False), "std2_dt")
    assert kept.column("BadPcu2")[[0, -1]].all()
    np.testing.assert_array_equal(kept.column("X1LSpecPcu2"), raw(observation).column("X1LSpecPcu2"))
    every = table(prepared(observation, background="none", transition_bad=False), "std2_dt")
    assert not every.column("BadPcu2").any()
    assert every.column("LiveTimePcu2").min() > 15


def test_dead_time_is_what_the_counters_make_of_it(observation: Observation) -> None:
    """10 us an event, and 150 us one of very large energy, as its setting 2 says."""
    before, after = raw(observation), table(prepared(observation, background="none"), "std2_dt")
    for pcu in (0, 4):
        xenon = sum(after.column(f"{layer}{pcu}").astype(float).sum(1) for layer in LAYERS)
        dead = 150e-6 * before.column(f"VLECntPcu{pcu}").astype(float)
        dead += 10e-6 * (after.column(f"VpCntPcu{pcu}") + after.column(f"RemainingCntPcu{pcu}") + xenon)
        assert 0.3 < dead[GOOD].min() < dead[GOOD].max() < 0.6
        np.testing.assert_allclose(after.column(f"DeadTimePcu{pcu}")[GOOD], dead[GOOD], rtol=1e-6)
        np.testing.assert_allclose(after.column(f"LiveTimePcu{pcu}")[GOOD], 16 - dead[GOOD], rtol=1e-7)


def test_background_is_that_of_the_truth(observation: Observation) -> None:
    model = table(prepared(observation), "std2_dtbkg")
    for pcu in range(5):
        total = sum(model.column(f"{layer}{pcu}").astype(float)[GOOD].sum() for layer in LAYERS)
        live = model.column(f"LiveTimePcu{pcu}")[GOOD].sum()
        assert total / live == pytest.approx(observation.truth.whole.background[pcu], rel=0.01)


def test_without_a_model_it_says_that_rates_hold_the_background(observation: Observation) -> None:
    made = prepared(observation, background="none", filter_file="archive")
    assert made.files["std2_dtbkg"] == ()
    assert [file.name for file in made.files["filter_file"]] == ["x20402014503.xfl.gz"]
    assert made.caveats == (Caveat(code="no_background", message="Rates include the background; none was estimated."),)


def test_a_pcu_without_housekeeping_is_told_or_stops_what_needs_it(observation: Observation) -> None:
    inputs = observation.inputs(STAGE, PcaPrepConfig())
    four = {"housekeeping": tuple(item for item in inputs["housekeeping"] if "FH5e" not in item.name)}
    with pytest.raises(DataError) as error:
        prepared(observation, four)
    assert str(error.value) == (
        "The housekeeping of PCU 4 (pca/FH5e_*) is missing, so the filter file can't tell how many PCUs were on; "
        "fetch it, or set filter_file = 'archive' in [pca_prep]."
    )
    made = prepared(observation, four, filter_file="archive")
    assert made.caveats == (
        Caveat(code="no_housekeeping", message="PCU 4 has no housekeeping file and counts as off."),
    )
    found = table(made, "std2_dt")
    assert set(found.column("NUM_PCU_ON")) == {4}
    assert not found.column("OnTimePcu4").any()


def test_files_come_in_order_of_their_names_however_they_are_given(observation: Observation) -> None:
    (std2,) = observation.inputs(STAGE, PcaPrepConfig())["std2"]
    names = ("pca/FS4a_3-4.gz", "pca/FS4a_1-2.gz")
    inputs = {"std2": tuple(replace(std2, name=name) for name in names)}
    made = prepared(observation, inputs, filter_file="archive")
    assert [file.name for file in made.files["std2_dt"]] == ["FS4a_1-2_dt.gz", "FS4a_3-4_dt.gz"]
    assert [file.name for file in made.files["std2_dtbkg"]] == ["FS4a_1-2_dtbkg.gz", "FS4a_3-4_dtbkg.gz"]
    assert made.summary == {"files": 2}


def test_parts_of_a_model_are_chosen_by_their_hdus(observation: Observation) -> None:
    (model,) = observation.inputs(STAGE, PcaPrepConfig())[Role.MODEL]
    whole = read_model(model.data, model.name)
    hdus = tuple(sorted(one.hdu for one in whole.valid(observation.truth.mjd)))
    assert 0 < len(hdus) < len(whole.components)
    chosen = prepared(observation, {Role.MODEL: (replace(model, hdus=hdus),)})
    for column in ("X1LSpecPcu0", "X3RSpecPcu4"):
        np.testing.assert_array_equal(
            table(chosen, "std2_dtbkg").column(column), table(prepared(observation), "std2_dtbkg").column(column)
        )
    with pytest.raises(DataError, match=rf"^{model.name}: HDU 999 holds no background model"):
        prepared(observation, {Role.MODEL: (replace(model, hdus=(999,)),)})


def golden_inputs(case: Path) -> dict[str, tuple[File, ...]]:
    folder = next((case / "input").glob("AO*/P*/*"))
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    found = {
        declared.name: tuple(File(name, path.read_bytes()) for name, path in paths.items() if declared.matches(name))
        for declared in STAGE.inputs_for(PcaPrepConfig())
        if declared.source == ARCHIVE
    }
    for role, name in (
        (Role.MODEL, "sim_pca_bkgd_e03e05.mdl.gz"),
        (Role.SAA, "sim_saa_history.fits"),
        (Role.BREAKDOWN, "sim_pca_breakdown.fits.gz"),
    ):
        found[role] = (File(name, (case.parent / "calibration" / name).read_bytes()),)
    return found


def test_a_switching_observation_is_that_of_pcaprepobsid(golden: Path) -> None:
    """Numbers to the last bit; the pages on deviations and products tell of MCILWAIN_L, and what files say of them."""
    case = golden / "e5_switch"
    made = pca_prep(PcaPrepConfig(), golden_inputs(case))
    described = re.compile("FILEN1|MCILWAIN_L|: (HDUCLAS[123]|OBS_ID|HDUVERS) ")
    compared = {}
    for file in (file for group in made.files.values() for file in group):
        lines = differences(read_fits(case / "expected/prep" / file.name), opened(file))
        compared[file.name] = [line for line in lines if not described.search(line)]
    stem = "FS4a_15752a10-15752e70"
    assert compared == {f"{stem}_dt.gz": [], f"{stem}_dtbkg.gz": [], "FP_15752a09-15752e73.xfl.gz": []}


def test_the_next_stage_of_the_same_process_reads_what_the_store_gets(observation: Observation) -> None:
    made = prepared(observation)
    files = [file for group in made.files.values() for file in group]
    assert len(files) == 3
    for file in files:
        stored = open_fits(file.data, file.name)
        assert file.fits is not None
        assert (file.fits.name, len(file.fits.tables)) == (stored.name, len(stored.tables))
        for mine, other in zip(file.fits.tables, stored.tables, strict=True):
            assert mine.structure.forms == other.structure.forms
            assert mine.rows.tobytes() == other.rows.tobytes()


def test_large_products_are_quick_to_read_and_those_of_one_row_in_16_seconds_small(observation: Observation) -> None:
    """What is packed takes a fifth of an observation's time, and as much again where it is read."""
    made = prepared(observation)
    for file in (*made.files["std2_dt"], *made.files["std2_dtbkg"]):
        assert len(file.data) > len(gunzip(file.data, file.name))
    assert len(made.files["filter_file"][0].data) < 0.7 * len(made.files["filter_file"][0].content)


def test_no_more_than_so_much_stays_in_memory(observation: Observation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[pca_prep.__module__], "HELD", 0)
    made = prepared(observation)
    files = (*made.files["std2_dt"], *made.files["std2_dtbkg"])
    assert [(type(file), file.fits) for file in files] == [(SpooledFile, None)] * 2
    assert len(table(made, "std2_dt")) == len(raw(observation))

"""Filter files: the archive's own, or made of its housekeeping; and what is told of rows without a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.fits.dated import clock
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes
from rossi.product import About, Kind
from rossi.remarks import Remark
from rossi.validate.filter_file import compare_filter_files
from rossi.validate.verdict import Verdict
from services.contract import File
from services.contract.filter_file import FilterSource
from services.engines.native.files import contents_of, filter_file, opened
from services.pca_prep.stage import STAGE, PcaPrepConfig
from tests.services.engines.native.conftest import Observation

REBUILD = PcaPrepConfig(background="none")
ARCHIVE = PcaPrepConfig(background="none", filter_file="archive")


def rebuilt(inputs: dict[str, tuple[File, ...]]) -> tuple[File, list[Remark]]:
    return filter_file(FilterSource.REBUILD, inputs, contents_of((*inputs["std2"], *inputs["housekeeping"])))


def test_a_file_is_opened_by_its_name(observation: Observation) -> None:
    path = next(path for path in observation.files if path.startswith("pca/FS4a"))
    assert opened(File(path, observation.files[path])).table().where == f"{path}[XTE_SA]"
    with pytest.raises(DataError, match=rf"^{path}"):
        opened(File(path, observation.files[path][:1000]))


def test_the_archives_own_is_handed_on_as_it_is(observation: Observation) -> None:
    inputs = observation.inputs(STAGE, ARCHIVE)
    made, remarks = filter_file(FilterSource.ARCHIVE, inputs, {})
    assert made == File("x20402014503.xfl.gz", observation.files["stdprod/x20402014503.xfl.gz"], about=made.about)
    assert (made.about, remarks) == (About(Kind.FILTER_FILE), [])


def test_one_made_of_housekeeping_is_that_of_the_archive(observation: Observation) -> None:
    made, remarks = rebuilt(observation.inputs(STAGE, REBUILD))
    first, last = observation.truth.start - 12, observation.truth.stop + 12
    assert (made.name, made.about, remarks) == (f"FP_{first:08x}-{last:08x}.xfl.gz", About(Kind.FILTER_FILE), [])
    assert made.data.startswith(b"\x1f\x8b")
    archives = open_fits(observation.files["stdprod/x20402014503.xfl.gz"], "x").table("XTE_MKF")
    table = opened(made).table("XTE_MKF")
    assert list(table.infos) == list(archives.infos)
    whole, *columns = compare_filter_files("x", archives, table)
    assert (whole.compared, whole.only_archive, whole.only_rossi) == (len(table), 0, 0)
    # what the archive's tells is the simulated truth
    known = {"ELV", "OFFSET", "POINT_RA", "POINT_DEC", "NUM_PCU_ON"} | {
        f"{name}{pcu}{rest}" for name, rest in (("PCU", "_ON"), ("ELECTRON", "")) for pcu in range(5)
    }
    assert {one.column for one in columns if one.verdict is not Verdict.SAME} <= known
    assert whole.verdict is Verdict.WITHIN


def test_without_the_state_of_each_pcu_it_does_not_tell_how_many_were_on(observation: Observation) -> None:
    inputs = observation.inputs(STAGE, REBUILD)
    few = inputs | {"housekeeping": inputs["housekeeping"][:2]}
    tables = [opened(rebuilt(one)[0]).table("XTE_MKF") for one in (inputs, few)]
    assert [set(table.column("NUM_PCU_ON")[10:-2]) for table in tables] == [{5}, {255}]
    assert [set(table.column("PCU1_ON")[10:-2]) for table in tables] == [{1}, {1}]
    assert [set(table.column("PCU2_ON")[10:-2]) for table in tables] == [{1}, {255}]


def test_rows_without_a_time_are_told_once(observation: Observation) -> None:
    inputs = observation.inputs(STAGE, REBUILD)
    damaged = next(item for item in inputs["spacecraft"] if item.name.startswith("acs/FH18"))
    file = opened(damaged)
    table = file.table(hdu=1)
    time = table.column(clock(table)).copy()
    time[3] = np.nan
    tables = [as_hdu(one) for one in (with_values(table, {clock(table): time}), *file.tables[1:])]
    cut = replace(damaged, data=fits_bytes(file.primary, tables, compress=True), plain=None, fits=None)
    _, remarks = rebuilt(
        inputs | {"spacecraft": tuple(cut if item is damaged else item for item in inputs["spacecraft"])}
    )
    (remark,) = remarks
    assert remark.code == "undated_rows"
    assert remark.message.startswith(damaged.name) and remark.message.endswith("rows; they are left out.")


def test_without_the_master_index_there_is_none(observation: Observation) -> None:
    inputs = observation.inputs(STAGE, REBUILD)
    without = tuple(item for item in inputs["index"] if item.name != "FMI")
    with pytest.raises(DataError, match=r"^FMI: the master index is missing; an observation directory with its FMI"):
        rebuilt(inputs | {"index": without})

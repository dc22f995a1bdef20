import io

import pytest
from astropy.table import Table
from pydantic import ValidationError

from rossi.archive import ObsID
from rossi.errors import DataError
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.met import met_to_mjd
from services.contract import Outcome
from services.execution.fetching import needed
from services.execution.observation import read_obsid
from services.execution.request import StageRequest
from services.query.stage import QueryConfig, execute_query, look, run_query
from services.storage import StoreError, open_archive, open_store
from services.storage.outputs import fetch_outputs
from services.storage.publication import read_manifest


def master_index(obsid, source="SIM X-1", start=116417044, exposure=1224, index="FIPC_0-1"):
    columns = [
        (Column("ObsId", "15A"), [obsid]),
        (Column("Source", "40A"), [source]),
        (Column("StartMET", "J", "s"), [start]),
        (Column("StopMET", "J", "s"), [start + exposure]),
        (Column("Std_Prod_Index_File", "20A"), ["FIST_absent"]),
        (Column("PCA_Index_File", "20A"), [index]),
    ]
    return fits_bytes(primary_hdu(), [table_hdu("XTE_MI", columns, [("TIMEZERO", 3.378)])])


def add(root, obsid, data=None, **row):
    folder = root / ObsID(obsid).path
    folder.mkdir(parents=True)
    (folder / "FMI").write_bytes(master_index(obsid, **row) if data is None else data)
    (folder / "FIPC_0-1").write_bytes(fits_bytes(primary_hdu([("RA_OBJ", 288.798), ("DEC_OBJ", 10.946)])))
    return folder


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "archive"
    add(root, "91401-02-03-00", source="SIM X-2", start=360000000)
    add(root, "20402-01-45-03")
    add(root, "20402-01-45-03S", source="SIM X-1", start=116416000)
    (root / "AO2/P20402/documents").mkdir()
    (root / "TAR").mkdir()
    return root


def find(root, **config):
    return look(QueryConfig(**config), open_archive(str(root)))


def test_rows(root):
    work = find(root)
    assert work.obsids == ("20402-01-45-03", "91401-02-03-00")
    assert work.caveats == ()
    row = work.rows[0]
    assert (row.target_name, row.cycle, row.prnb, row.exposure) == ("SIM X-1", 2, 20402, 1224.0)
    assert (row.ra, row.dec) == (288.798, 10.946)
    assert row.time == met_to_mjd(116417044 + 3.378)
    assert work.rows[1].cycle == 10


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"targets": ["simx-1"]}, ["20402-01-45-03"]),
        ({"targets": ["Cyg X-1"]}, []),
        ({"slews": True}, ["20402-01-45-03S", "20402-01-45-03", "91401-02-03-00"]),
        ({"obsids": ["20402-01-45-03S"]}, ["20402-01-45-03S"]),
        ({"start": "1997-09-09", "stop": "1997-09-10"}, ["20402-01-45-03"]),
        ({"start": "1997-09-10"}, ["91401-02-03-00"]),
        ({"stop": 116417048}, ["20402-01-45-03"]),
        ({"stop": 116417047}, []),
        ({"start": 116417048}, ["91401-02-03-00"]),
    ],
)
def test_selection(root, config, expected):
    assert list(find(root, **config).obsids) == expected


def test_typo():
    with pytest.raises(ValidationError, match="target_names"):
        QueryConfig(target_names=["x"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:3000],
        lambda _: b"",
        lambda _: b"not FITS" * 1000,
        lambda data: data.replace(b"StartMET", b"StrtMET "),
        lambda data: data.replace(b"'J       '", b"'Q       '"),
        lambda data: data.replace(b"'J       '", b"'4A      '"),
        lambda data: data.replace(b"20402-01-45-04", b"20402-01-45-05"),
        lambda data: data.replace(b"XTE_MI", b"XTE_MJ"),
    ],
)
def test_unreadable_index_keeps_its_row(root, damage):
    add(root, "20402-01-45-04", damage(master_index("20402-01-45-04")))
    work = find(root, targets=["SIM X-1"])
    assert work.obsids == ("20402-01-45-03", "20402-01-45-04")
    (caveat,) = work.caveats
    assert caveat.code == "index_unreadable"
    assert "20402-01-45-04/FMI" in caveat.message
    assert work.rows[1].prnb == 20402


def test_missing_index_and_missing_observation(root):
    (root / ObsID("20402-01-45-03").path / "FMI").unlink()
    work = find(root, obsids=["20402-01-45-03", "30188-06-01-00", "nonsense"])
    assert sorted(work.obsids) == ["20402-01-45-03", "30188-06-01-00", "nonsense"]
    assert sorted(c.code for c in work.caveats) == ["index_unreadable", "not_in_archive", "not_in_archive"]


def test_unknown_position(root):
    (root / ObsID("20402-01-45-03").path / "FIPC_0-1").write_bytes(b"damaged")
    row = find(root).rows[0]
    assert row.ra != row.ra
    assert row.target_name == "SIM X-1"


def test_nearly_obsids_are_counted(root):
    (root / "AO2/P20402/20402-1-45-03").mkdir()
    (root / "AO2/P20402/30402-01-45-03").mkdir()
    (caveat,) = find(root).caveats
    assert caveat.code == "not_an_obsid"
    assert caveat.message.startswith("2 directories")


def test_published_table(root, tmp_path):
    archive, store = open_archive(str(root)), open_store(str(tmp_path / "store"))
    (root / ObsID("20402-01-45-03").path / "FMI").unlink()
    work, made = run_query(QueryConfig(), archive, store, "run")
    key = made.manifest
    assert key.startswith("run/query/")
    (file,) = fetch_outputs(store, key, "observations")
    table = Table.read(io.BytesIO(file.data), format="ascii.ecsv")
    assert table.colnames == ["target_name", "cycle", "prnb", "obsid", "time", "exposure", "ra", "dec"]
    assert list(table["obsid"]) == list(work.obsids)
    assert str(table["exposure"].unit) == "s"
    assert table["time"][1] != table["time"][1]
    before = [info.key for info in store.list()]
    again, there = run_query(QueryConfig(), archive, store, "run")
    assert (again, there.manifest, there.reused) == (work, key, True)
    assert [info.key for info in store.list()] == before
    add(root, "20402-01-45-07")
    assert run_query(QueryConfig(), archive, store, "run")[1].manifest != key


def test_nothing_found(root, tmp_path):
    request = StageRequest[QueryConfig](
        stage="query", obsid="", archive=str(root), store=str(tmp_path / "store"), config={"targets": ["None"]}
    )
    result = execute_query(request)
    assert result.outcome is Outcome.NO_WORK
    assert "No observation" in result.message
    assert execute_query(request).reused
    manifest = read_manifest(open_store(request.store), result.manifest)
    assert manifest.summary == {"observations": 0, "archive": request.archive}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("20402-01-45", "Beginning with 20402-01-45, the archive has 20402-01-45-03, 20402-01-45-03S."),
        ("20402-01", "Beginning with 20402-01, the archive has 20402-01-45-03, 20402-01-45-03S."),
        ("20402-02", "Beginning with 20402-0, the archive has 20402-01-45-03, 20402-01-45-03S."),
        ("2040", "Beginning with 2040, the archive has 20402."),
        ("914", "Beginning with 914, the archive has 91401."),
        ("20402-01-45-03s", "did you mean 20402-01-45-03S?"),
        (" 20402 01 45 03", "did you mean 20402-01-45-03?"),
        ("20402014503", "did you mean 20402-01-45-03?"),
        ("3", "one looks like 20402-01-45-03 (or 30188-06-01-00S)."),
        ("../20402", "one looks like 20402-01-45-03 (or 30188-06-01-00S)."),
    ],
)
def test_what_was_meant(root, text, hint):
    (caveat,) = find(root, obsids=(text,)).caveats
    assert caveat.message.startswith(f"{text!r} is no ObsID; ")
    assert caveat.message.endswith(hint)


def test_what_was_meant_is_told_by_others_too(root):
    archive = open_archive(str(root))
    with pytest.raises(DataError, match="the archive has 20402-01-45-03"):
        needed(archive, "20402-01", {})
    with pytest.raises(DataError, match="no ObsID"):
        read_obsid(None, "20402-01")

    def away(_):
        raise StoreError("no answer")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "directories", away)
        with pytest.raises(DataError, match="no ObsID"):
            read_obsid(archive, "20402-01")

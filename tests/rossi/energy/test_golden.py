"""What the compiled tasks of HEASoft made, made again."""

import gzip
import shutil

import numpy as np
import pytest

from rossi.calibration import calendar_mjd
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_table import read_channel_table
from rossi.fits.reader import read_fits
from rossi.ftools.pca_calibration import whole_table
from tests.rossi.energy.replay import differences, lay_out, prepare, run

#: Cases that ship with the project.
OWN = ("pcarmf", "off_axis", "smart", "unknown_attitude", "hexte", "grppha")
#: Refusals of the originals.
REFUSED = ("day_", "fail_")


def check(case, manifest, folder, work, monkeypatch, *, compat=True):
    """Repeat a case; return the differences of its products."""
    monkeypatch.chdir(work)
    for key in ("CALDB", "CALDBCONFIG", "CALDBALIAS"):
        monkeypatch.setenv(key, str(work / manifest.get("environment", {}).get(key, "")))
    for line in manifest["cases"][case]["commands"]:
        if line.startswith(("mkdir", "printf")):
            prepare(line, folder.parent, work)
            continue
        for command in line.split("; "):
            run(command, compat)
    products = {file["written_as"]: folder / file["file"] for file in manifest["cases"][case]["files"]}
    compared = {name: differences(golden, work / name) for name, golden in products.items() if is_fits(golden)}
    return {name: told for name, told in compared.items() if told}, len(compared)


def is_fits(path):
    return path.suffixes[0:1] != [".txt"] and not path.name.endswith(".csv.gz")


@pytest.mark.parametrize("case", OWN)
def test_cases_that_ship_with_the_project(golden, tmp_path, monkeypatch, case):
    folder = golden.parent / "response"
    wrong, compared = check(case, lay_out(folder, tmp_path), folder, tmp_path, monkeypatch)
    assert wrong == {}
    assert compared


def edges_of(text, table):
    """Return the largest difference between golden edges and a table's: relative above 1 keV, absolute below."""
    relative, absolute, laws = 0.0, 0.0, 0
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        pcu, code, date, *numbers = line.split(",")
        lower, upper = table.law(int(pcu), int(code), calendar_mjd(date, "00:00:00", "")).edges()
        golden, made = np.array(numbers, float), np.append(lower, upper[-1]).astype(float)
        high = np.abs(golden) > 1
        relative = max(relative, np.abs(made / golden - 1)[high].max())
        absolute = max(absolute, np.abs(made - golden)[~high].max(initial=0))
        laws += 1
    return relative, absolute, laws


def test_edges_of_the_built_in_table(golden):
    text = gzip.decompress((golden.parent / "response/expected/edges/channel_edges.csv.gz").read_bytes()).decode()
    relative, absolute, laws = edges_of(text, built_in_table())
    assert laws == 18
    assert relative < 1e-6
    assert absolute < 2e-5


def test_edges_of_all_laws(shared):
    folder = shared / "data/golden/response"
    table = read_channel_table(read_fits(folder / "input/e2c/pca_e2c_e05v03.fits.gz"))
    text = gzip.decompress((folder / "expected/edges/channel_edges.csv.gz").read_bytes()).decode()
    relative, absolute, laws = edges_of(text, table)
    assert laws == 90
    assert relative < 1e-6
    assert absolute < 2e-5
    # the one that is built in is the file of the same name
    for mine, theirs in zip(built_in_table().extensions, table.extensions, strict=True):
        assert (mine.hdu, mine.pcu, mine.start, mine.lld) == (theirs.hdu, theirs.pcu, theirs.start, theirs.lld)
        assert mine.description == theirs.description
        assert np.array_equal(mine.parameters, theirs.parameters)


def test_a_caldb_has_the_whole_table(laid_out, monkeypatch):
    """As `rossi energies` takes it: all extensions that the index names, with METHOD(3) among what they hold for."""
    monkeypatch.setenv("CALDB", str(laid_out[0] / "caldb/tree"))
    table = whole_table("--table", "CALDB")
    assert table.name == "pca_e2c_e05v03.fits"
    assert len(table.extensions) == 25
    for pcu, day in ((0, 50100.0), (2, 51000.0), (4, 53000.0)):
        found, expected = (one.extension(pcu, day) for one in (table, built_in_table()))
        assert (found.hdu, found.start) == (expected.hdu, expected.start)


@pytest.fixture(scope="session")
def laid_out(shared, tmp_path_factory):
    """All inputs of the shared cases, and their manifest."""
    work = tmp_path_factory.mktemp("response")
    return work, lay_out(shared / "data/golden/response", work)


def shared_cases():
    names = "addrmf arf caldb_boundary chain_e1_256 chain_e1_p2_xe chain_e2_p2_l1 chain_e3_date chain_e3_defname "
    names += "chain_e3_gap chain_e3_none chain_e3_p012_w chain_e3_partial chain_e3_radec chain_e3_sep chain_e3_smart "
    names += "chain_e3_w1 chain_e4_l1_smart chain_e4_p1_xe chain_e5a_p0_xe chain_e5a_p2_lr1 chain_e5b_ev64 "
    return (names + "chain_e5b_p012_off clrsp day_20000512 extspect grppha hexte pcarmf real_grs1915").split()


def test_shared_cases(laid_out, shared, tmp_path, monkeypatch):
    inputs, manifest = laid_out
    others = {name for name in manifest["cases"] if name.startswith(REFUSED) and name != "day_20000512"}
    assert set(manifest["cases"]) == {*shared_cases(), "edges", *others}
    for case in shared_cases():
        folder = tmp_path / case
        shutil.copytree(inputs, folder)
        wrong, compared = check(case, manifest, shared / "data/golden/response", folder, monkeypatch)
        assert wrong == {}, case
        assert compared, case
        shutil.rmtree(folder)

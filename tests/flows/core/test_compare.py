"""The command `rossi compare` on stores, folders and files."""

import shutil

import pytest
from astropy.table import Table

from flows.cli import main
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.reader import read_fits
from rossi.fits.writer import fits_bytes

pytestmark = pytest.mark.usefixtures("without_figures")


@pytest.fixture(scope="module")
def stores(archive, tmp_path_factory):
    """Two stores of the same observations; PCU 0 alone is asked for in the second."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "rossi.toml").write_text(archive.config)
    for name, pcus in (("one", "ALL"), ("other", "ALL"), ("pcu2", "2")):
        text = archive.config + f'\n[pca_extract]\npcus = "{pcus}"\n'
        (folder / f"{name}.toml").write_text(text)
        asked = archive.good[:2]
        run("reduce", *asked, "--archive", archive.root, "--store", folder / name, "--config", folder / f"{name}.toml")
    return folder


def run(*arguments):
    """Run the command; return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code or 0


def test_stores_of_the_same_products(stores, tmp_path, capsys):
    assert run("compare", stores / "one", stores / "other", "--out", tmp_path, "--strict") == 0
    said = capsys.readouterr().out
    assert said.count("products have the same numbers.") == 3  # each, and together
    found = Table.read(tmp_path / "comparison.ecsv")
    assert set(found["what"]) == {"column"}
    assert max(found["differing"]) == 0
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_stores_that_differ(stores, archive, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run("compare", stores / "one", stores / "pcu2", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "ch5-10.lc" in said
    assert "LiveTime" in said
    rows = Table.read(tmp_path / "comparison.ecsv")
    rates = rows[(rows["name"] == "RATE") & (rows["differing"] > 0)]
    assert set(rates["observation"]) == set(archive.good[:2])
    assert min(rates["max_rel"]) > 0
    assert run("compare", stores / "one", stores / "pcu2", "--out", tmp_path, "--strict") == 20


def test_files_and_folders(stores, tmp_path, capsys):
    source = min((stores / "one").glob("*/pca_extract/*/*/*_ch5-10.lc"))
    file = read_fits(source)
    changed = with_values(file.table(), {"RATE": file.table().column("RATE") * (1 + 1e-7)})
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copyfile(source, tmp_path / name / "x.lc")
    (tmp_path / "b/x.lc").write_bytes(fits_bytes(file.primary, [as_hdu(changed), *map(as_hdu, file.tables[1:])]))
    for one, other in (("a", "b"), ("a/x.lc", "b/x.lc")):
        places = tmp_path / one, tmp_path / other
        assert run("compare", *places, "--out", tmp_path / "out", "--strict") == 20
        assert run("compare", *places, "--out", tmp_path / "out", "--strict", "--tolerance", "1e-6") == 0
        assert "0 of 1 products have the same numbers, 1 within 1e-06." in capsys.readouterr().out


def test_wrong_calls(stores, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("compare") == 21
    assert run("compare", "20402-01-45-03", "--sample", "3") == 21
    capsys.readouterr()
    assert run("compare", "a", "b") == 21
    assert capsys.readouterr().err.startswith("a is no store, folder or file that is there, and 'a' is no ObsID; ")
    (tmp_path / "a").mkdir()
    assert run("compare", "a", "20402-01-45-03") == 21
    assert "a can be compared with one other place; 2 were named." in capsys.readouterr().err
    (tmp_path / "b").mkdir()
    assert run("compare", "a", "b") == 21
    assert "hold no product of the same name" in capsys.readouterr().err


def test_engines_without_heasoft(stores, archive, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HEADAS", raising=False)
    arguments = ("--archive", archive.root, "--store", tmp_path / "store", "--config", stores / "one.toml")
    assert run("compare", archive.good[0], *arguments, "--out", tmp_path / "out") == 21
    assert "needs heasoftpy" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

"""Which of the PCA's calibration files tasks take."""

import numpy as np
import pytest

from rossi.energy.built_in import built_in_table
from rossi.errors import ConfigError
from rossi.fits.writer import Column
from rossi.ftools.pca_calibration import about_table, channel_tables, collimators, gain_shifts, moment, whole_table
from tests.rossi.fits.test_standard import table_of


def test_moments():
    assert moment("2000-05-13", "date") == 51677
    assert moment("2000-05-13T18:00:00", "date") == moment("13/05/00", "date") + 0.75 == 51677.75
    with pytest.raises(ConfigError, match="date"):
        moment("yesterday", "date")


def test_the_table_of_a_file_and_that_which_comes_with_rossi(shared):
    path = shared / "data/golden/response/input/e2c/pca_e2c_e05v03.fits.gz"
    mjd = 52000.0
    mine, theirs = (channel_tables("e2cfile", text, [0, 2], mjd) for text in ("E05v03 ", str(path)))
    for pcu in (0, 2):
        assert (mine[pcu].pcu, theirs[pcu].pcu) == (pcu, pcu)
        laws = [one.law(3, mjd) for one in (mine[pcu], theirs[pcu])]
        energy = np.arange(2.0, 60.0, 4.0)
        assert np.array_equal(*(law.channel(energy) for law in laws))
    whole = whole_table("e2cfile", str(path))
    numbers = [at for at, one in enumerate(whole.extensions, 1) if one.pcu == 2]
    chosen = channel_tables("e2cfile", f"{path}[{numbers[0]}]", [2], mjd)  # whatever its date
    assert chosen[2].law(3, mjd).channel(20.0) == whole.extensions[numbers[0] - 1].law(3, mjd).channel(20.0)
    with pytest.raises(ConfigError, match="is the table of PCU 2, but PCU 3 is asked for"):
        channel_tables("e2cfile", f"{path}[{numbers[0]}]", [2, 3], mjd)
    assert len(whole_table("e2cfile", "e05v03").extensions) == len(built_in_table().extensions)
    assert (len(about_table("E05V03")), about_table("CALDB"), about_table(str(path))) == (1, [], [])


def test_collimators_by_detector(golden, tmp_path, monkeypatch):
    spectrum = table_of([(Column("CHANNEL", "J"), [0])], [("DATE-OBS", "2000-01-01"), ("TIME-OBS", "00:00:00")])
    assert collimators("collcube", "NONE", [0, 1], spectrum) == {}
    monkeypatch.delenv("CALDB", raising=False)
    with pytest.raises(ConfigError, match="collcube=CALDB, but the environment variable CALDB is ''"):
        collimators("collcube", "caldb", [0], spectrum)
    cubes = sorted((golden.parent / "response/input/coll").glob("sim_p*coll.fits*"))
    found = collimators("collcube", ",".join(map(str, cubes[:2])), [1, 0], spectrum)
    assert [found[pcu].where.count(f"p{pcu}coll") for pcu in (1, 0)] == [1, 1]
    with pytest.raises(ConfigError, match="has no collimator of PCU 4, DETNAM is PCU0, PCU1; give one"):
        collimators("collcube", ",".join(map(str, cubes[:2])), [0, 4], spectrum)


def test_channels_that_were_moved_on_board(tmp_path, monkeypatch):
    columns = [(Column("CHANNEL", "J"), [0])]
    day = ("DATE-OBS", "2000-01-01"), ("TIME-OBS", "00:00:00")
    plain, moved = (table_of(columns, [("GAINAPP", flag), *day]) for flag in (False, True))
    monkeypatch.delenv("CALDB", raising=False)
    assert gain_shifts("gainfile", "CALDB", plain) == ({}, [])
    assert gain_shifts("gainfile", "NONE", moved) == ({}, [])
    shifts, said = gain_shifts("gainfile", "CALDB", moved)
    assert shifts == {} and said[0].startswith("GAINAPP is T, so channels may have been moved, but it is unknown how: ")

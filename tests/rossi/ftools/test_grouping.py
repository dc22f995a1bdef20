"""``grppha`` on files, its flags read with astropy."""

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

COUNTS = [3, 4, 30, 1, 1, 50, 9, 12, 2, 3]


@pytest.fixture(autouse=True)
def spectrum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.pha", [(Column("COUNTS", "J", "count"), COUNTS)])
    return tmp_path


def write(path, columns, **more):
    cards = [("EXPOSURE", 100.0), ("RESPFILE", "NONE", "response"), ("POISSERR", True), ("GROUPING", 0), ("QUALITY", 0)]
    channel = (Column("CHANNEL", "J"), np.arange(len(COUNTS)))
    table = table_hdu("SPECTRUM", [channel, *columns], [*cards, ("SYS_ERR", 0), *more.items()])
    good_time = table_hdu("GTI", [(Column("START", "D"), [0.0]), (Column("STOP", "D"), [100.0])])
    path.write_bytes(fits_bytes(primary_hdu(), [table, good_time]))


def grouped(comm, infile="a.pha", **more):
    result = ftools.grppha(infile=infile, outfile="!b.pha", comm=comm, **more)
    assert result.returncode == 0, result.stdout
    with fits.open("b.pha", checksum=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SPECTRUM", "GTI"]
        return hdus[1].copy(), result


def test_flags_keywords_and_counts():
    comm = "bad 0-1 9 & group min 20 & systematics 0-4 0.01 5 0.02 & chkey RESPFILE x.rsp & chkey areascal 2.5 & exit"
    made, _ = grouped(comm)
    np.testing.assert_array_equal(made.data["COUNTS"], COUNTS)
    np.testing.assert_array_equal(made.data["QUALITY"], [5, 5, 0, 0, 0, 0, 0, 0, 2, 5])
    np.testing.assert_array_equal(made.data["GROUPING"], [1, 1, 1, 1, -1, -1, 1, -1, 1, 1])
    np.testing.assert_allclose(made.data["SYS_ERR"], np.float32([0.01] * 5 + [0.02] + [0] * 4))
    assert (made.header["RESPFILE"], made.header["AREASCAL"], made.header["EXPOSURE"]) == ("x.rsp", 2.5, 100.0)
    assert [key for key in ("GROUPING", "QUALITY", "SYS_ERR") if key in made.header] == []
    assert [made.columns[name].format for name in ("QUALITY", "GROUPING", "SYS_ERR")] == ["I", "I", "E"]


def test_a_keyword_of_all_channels_is_taken_back(spectrum):
    write(spectrum / "k.pha", [(Column("COUNTS", "J", "count"), COUNTS)])
    with fits.open("k.pha", mode="update") as hdus:
        hdus[1].header["SYS_ERR"] = 0.01
    made, _ = grouped("systematics 0-4 0.02 & exit", infile="k.pha")
    np.testing.assert_allclose(made.data["SYS_ERR"], np.float32([0.02] * 5 + [0.01] * 5))
    made, _ = grouped("reset systematics & exit", infile="k.pha")
    assert ("SYS_ERR" in made.columns.names, made.header["SYS_ERR"]) == (False, 0)


def test_the_words_of_scripts(spectrum):
    (spectrum / "grp.dat").write_text("0 3 2\n4 9 3\n")
    (spectrum / "bad.dat").write_text("0 0\n8 9\n")
    made, _ = grouped("GROUP grp.dat", tempc="Bad bad.dat & exit")
    np.testing.assert_array_equal(made.data["GROUPING"], [1, -1, 1, -1, 1, -1, -1, 1, -1, -1])
    np.testing.assert_array_equal(made.data["QUALITY"], [5, 0, 0, 0, 0, 0, 0, 0, 5, 5])
    made, result = grouped("group 0-5 3, 6 9 2 & good 0-9")
    np.testing.assert_array_equal(made.data["GROUPING"], [1, -1, -1, 1, -1, -1, 1, -1, 1, -1])
    assert "QUALITY" not in made.columns.names
    assert made.header["QUALITY"] == 0
    assert "no exit among the commands" in result.stdout


def test_flags_that_a_file_has_are_kept_and_reset():
    grouped("group 0 9 5 & bad 0 & exit")
    made, _ = grouped("systematics 3 0.1 & exit", infile="b.pha")
    np.testing.assert_array_equal(made.data["GROUPING"], [1, -1, -1, -1, -1] * 2)
    assert made.data["QUALITY"][0] == 5
    made, _ = grouped("reset grouping & reset qual & exit", infile="b.pha")
    assert (made.data["GROUPING"] == 1).all() and not made.data["QUALITY"].any() and made.data["SYS_ERR"][3] > 0


def test_groups_of_one_channel_are_groups():
    made, _ = grouped("group min 1 & exit")
    assert (made.data["GROUPING"] == 1).all()


def test_rates_count_by_their_exposure(spectrum):
    write(spectrum / "r.pha", [(Column("RATE", "E", "count/s"), np.array(COUNTS) / 100)])
    made, _ = grouped("group min 20 & exit", infile="r.pha")
    np.testing.assert_array_equal(made.data["GROUPING"], [1, -1, -1, 1, -1, -1, 1, -1, 1, 1])


def test_files_along_the_way_and_no_file(spectrum):
    result = ftools.grppha(
        infile="a.pha", outfile="no.pha", comm="group 0 9 5 & write c.pha & dump group g.dat & show all & quit"
    )
    assert result.files == ("c.pha", "g.dat"), result.stdout
    assert "channels 0 to 9: 5 a group" in result.stdout
    assert (spectrum / "g.dat").read_text() == "0 9 5\n"
    marks = "bad 2 & systematics 4 0.1 & "
    for what, shown in (
        ("all", (True, True)),
        ("quality", (True, False)),
        ("sys", (False, True)),
        ("group", (False,) * 2),
    ):
        said = ftools.grppha(infile="a.pha", outfile="no.pha", comm=f"{marks}show {what} & quit").stdout
        assert ("channel 2: quality 5" in said, "channel 4: systematic error 0.1" in said) == shown, what
    for what in ("key", "keywords", "chkey"):
        said = ftools.grppha(infile="a.pha", outfile="no.pha", comm=f"show {what} & quit").stdout
        assert "EXPOSURE = 100.0" in said, what
    assert not (spectrum / "no.pha").exists()
    assert fits.getdata("c.pha", 1)["GROUPING"].tolist() == [1, -1, -1, -1, -1] * 2


@pytest.mark.parametrize(
    ("comm", "words"),
    [
        ("grup min 20", "grppha has no command 'grup min 20'"),
        ("group min many", "can't be read"),
        ("group 0 inf 4", "can't be read"),
        ("systematics 0-4 nan", "can't be read"),
        ("bad", "channels are missing"),
        ("bad 50-60", "the spectrum has 0 to 9"),
        ("group nofile.dat", "nofile.dat can't be read"),
        ("chkey NAXIS2 4", "a keyword of the spectrum"),
        ("chkey EXPOSURE long", "EXPOSURE is 100.0"),
        ("reset everything", "grouping, quality, systematics or all"),
    ],
)
def test_commands_that_make_no_sense(spectrum, comm, words):
    result = ftools.grppha(infile="a.pha", outfile="b.pha", comm=f"{comm} & exit")
    assert (result.returncode, (spectrum / "b.pha").exists()) == (1, False)
    assert words in result.stdout, result.stdout
    again = ftools.grppha(infile="a.pha", outfile="a.pha", comm="exit")
    assert "clobber=yes" in again.stdout


def test_commands_are_typed_until_one_ends(monkeypatch):
    typed = ["bad 0", "", "systematics 1 0.5", "chkey SYS_ERR 0.25", "chkey NOTE new & quiet", "exit", "bad 1"]
    monkeypatch.setattr("rossi.ftools.grouping.may_ask", lambda mode: True)
    monkeypatch.setattr("builtins.input", lambda prompt: typed.pop(0))
    made, result = grouped("bad 2")
    assert typed == ["bad 1"]
    np.testing.assert_array_equal(made.data["QUALITY"], [5, 0, 5, *[0] * 7])
    np.testing.assert_array_equal(made.data["SYS_ERR"], np.float32([0.25] * 10))
    assert made.header["NOTE"] == "new & quiet" and "channel 2: quality 5" in result.stdout

    def ended(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    _, result = grouped("bad 2")
    assert "there was no exit among the commands" in result.stdout

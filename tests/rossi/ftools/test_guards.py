"""What asks for too much, is no time, no position or no list: left out and said, or refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest

from rossi.fits.edit import as_hdu, with_values
from rossi.fits.header import Header
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import TableHDU, fits_bytes, join_hdus
from rossi.ftools.task import call, run
from rossi.timeseries.series import MAX_BINS
from tests.fuzz import inputs
from tests.rossi.extract.eventfile import T0, event_file, words
from tests.rossi.hexte.synthetic import T, archive, coefficients, housekeeping, write


@pytest.fixture
def events(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, data in inputs.events().items():
        Path(name).write_bytes(data)
    return tmp_path


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, data in inputs.prepared().items():
        Path(name).write_bytes(data)
    return tmp_path


def test_a_digit_that_is_no_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "can't be read" in call("ftlist", {"infile": "x+\N{SUPERSCRIPT TWO}", "option": "H"}).stdout


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("pcaprepobsid", {"indir": "a" * 400, "outdir": "o"}),
        ("hxtlcurv", {"infile": "a" * 400, "calvalf": "c", "engvalf": "e"}),
        ("fdump", {"infile": "a" * 400}),
    ],
)
def test_names_too_long(task, parameters, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(task, parameters)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{task}: {'a' * 200}...: can't be read")
    assert result.stdout.rstrip().endswith("(File name too long).")


def said(task, **parameters):
    """Call a task that succeeds; returns what it says."""
    result = call(task, parameters)
    assert result.returncode == 0, result.stdout
    return result.stdout


def refused(task, **parameters):
    result = call(task, parameters)
    assert result.returncode in (1, 2), result.stdout
    return result.stdout


def curve(name="made.lc"):
    return read_fits(name).table()


def test_bins_that_would_fill_the_memory(tmp_path, monkeypatch):
    """1.6 TB of bins are asked for: 10 days in steps of a microsecond."""
    monkeypatch.chdir(tmp_path)
    Path("e.evt").write_bytes(event_file([T0, T0 + 9], words([0, 1], 0), stop=T0 + 864_000.0, timedel=2.0**-20))
    message = refused("seextrct", infile="e.evt", binsz=1e-6, outroot="made")
    assert f"binsz is 1e-06 s, which makes 864000000001 bins of 864000 s of good time; up to {MAX_BINS} are" in message
    assert not Path("made.lc").exists()


@pytest.mark.parametrize(
    ("binsz", "words"),
    [(1 / 8192, "1 or more was expected"), ("1e300", "finite"), (-1, "above 0"), (0, "above 0"), ("inf", "number")],
)
@pytest.mark.parametrize(("task", "columns"), [("seextrct", "Event"), ("saextrct", "XeCntPcu2")])
def test_bin_sizes_that_are_none(events, prepared, task, columns, binsz, words):
    infile = "e.evt" if task == "seextrct" else "FS46"
    Path("e.evt").write_bytes(inputs.events()["e.evt"])
    assert words in refused(task, infile=infile, binsz=binsz, multiple="yes", outroot="made", columns=columns)


def test_bins_shorter_than_a_sample_are_told(prepared):
    words = said("saextrct", infile="FS46", binsz=1e-6, outroot="made", columns="XeCntPcu2", printmode="LIGHTCURVE")
    assert "binsz is 1e-06 s, but a sample lasts 0.125 s; bins are as long as that" in words
    assert curve().header["TIMEDEL"] == 0.125


def test_multiples_of_the_resolution(events):
    said("seextrct", infile="e.evt", binsz=8192, multiple="yes", outroot="made")
    assert curve().header["TIMEDEL"] == 1.0


def test_steps_of_filter_files_and_background(tmp_path, monkeypatch, prepared):
    for path, data in inputs.indexed().items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(data)
    assert "in steps of 1e-06 s make 184000000 rows of a filter file" in refused("xtefilt", p=".", f="x", t=1e-6)
    words = refused(
        "pcabackest",
        infile="FS4a",
        outfile="b",
        modelfile="model",
        filterfile="filter.xfl",
        interval=1e-6,
        saahfile="NONE",
    )
    assert "interval is 1e-06 s, which makes 160000000 rows of background" in words


def test_bins_of_xronos(prepared):
    assert "nbint" in refused("lcurve", cfile1="lc", nbint=10**12, dtnb=16, outfile="made")
    assert "endless" in refused("lcurve", cfile1="lc", dtnb="1e300", outfile="made")


INTERVALS = [(T0 + 10.0, T0 + 40.0), (T0 + 60.0, T0 + 80.0)]


@pytest.mark.parametrize("name", ["burst.tint", "@burst.tint", "./burst.tint", "text"])
@pytest.mark.parametrize("task", ["seextrct", "saextrct"])
def test_time_intervals_by_the_name_of_their_file(prepared, events, task, name):
    """As the HEXTE recipe prints it, without @, and as timetrans writes the file."""
    Path("burst.tint").write_text("".join(f"{a:19.8f} {b:19.8f}\n" for a, b in INTERVALS))
    timeint = ",".join(f"{a}-{b}" for a, b in INTERVALS) if name == "text" else name
    if task == "saextrct":
        start = curve("FS46").column("Time")[0] + curve("FS46").header["TIMEZERO"]
        Path("burst.tint").write_text(f"{start + 10} {start + 42}\n")
        timeint = f"{start + 10}-{start + 42}" if name == "text" else name
        said(task, infile="FS46", outroot="made", timeint=timeint, columns="XeCntPcu2", binsz=1, gtiorfile="NONE")
        assert curve().header["ONTIME"] == pytest.approx(32, abs=0.2)
        return
    said(task, infile="e.evt", outroot="made", timeint=timeint, binsz=1, gtiorfile="NONE")
    assert curve().header["ONTIME"] == pytest.approx(50)


def test_the_recipes_net_light_curve_of_a_burst(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    time = T + 16.0 * np.arange(16)
    live = np.tile([90000, 1000, 2000, 3000], (16, 1))
    write(archive(time, np.tile([0, 0, 1, 1], 4), np.full(16, 100), live), tmp_path / "FS52_x")
    write(housekeeping(time), tmp_path / "FH53")
    write(coefficients(), tmp_path / "coef")
    Path("burst.tint").write_text(f"{T + 3.0:19.8f} {T + 67.0:19.8f}\n")
    words = "-i FS52_x -k coef -r FH53 -b 16 -g - -t burst.tint -l 15 -u 61"
    assert run("hxtlcurv", words.split()) == 0
    assert len(curve("FS52_x.lc")) == 2
    assert curve("FS52_x.lc").column("TIME")[0] == T + 3.0


@pytest.mark.parametrize(
    ("timeint", "words"),
    [
        ("nowhere.tint", "timeint is 'nowhere.tint'; it should be start-stop pairs"),
        ("@nowhere.tint", "the list of times nowhere.tint can't be read (No such file or directory)"),
        ("1.2.3-4", "timeint is '1.2.3-4'"),
        ("5-", "timeint is '5-'"),
        ("9" * 6000, "timeint is '9999"),
        ("e.evt", "the list of times e.evt: it is no text file"),
    ],
)
def test_times_that_are_none(events, timeint, words):
    message = refused("seextrct", infile="e.evt", outroot="made", timeint=timeint)
    assert words in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("seextrct", {"infile": "@e.evt"}),
        ("seextrct", {"infile": "e.evt", "bitfile": "e.evt"}),
        ("seextrct", {"infile": "e.evt", "chint": "@e.evt"}),
        ("maketime", {"infile": "e.evt", "outfile": "made", "expr": "@e.evt"}),
        ("fselect", {"infile": "e.evt", "outfile": "made", "expr": "@e.evt"}),
        ("mathpha", {"expr": "@e.evt", "units": "C", "outfil": "made", "exposure": "CALC"}),
    ],
)
def test_lists_that_are_no_text(events, task, parameters):
    assert "it is no text file; it begins with b'SIMPLE" in refused(task, **parameters)


@pytest.mark.parametrize("name", ["a\0b", "/", "x" * 5000, "."])
def test_names_that_are_none(events, name):
    message = refused("saextrct", infile=name, outroot="made")
    assert len(message) < 400


@pytest.mark.parametrize(
    ("task", "parameters", "words"),
    [
        ("seextrct", {"infile": "e.evt", "outroot": "x", "binsz": "1e300"}, "binsz is 1e+300; the bin size must be"),
        ("seextrct", {"infile": "e.evt", "outroot": "a\0b"}, "can't be a file's name"),
        ("seextrct", {"infile": "e.evt", "outroot": "x", "gtiandfile": "good.gti", "gticols": "A"}, "gticols is 'A'"),
        ("saextrct", {"infile": "e.evt", "outroot": "x", "columns": ""}, "columns is ''"),
        ("decodeevt", {"infile": "e.evt", "outfile": ""}, "can't be a file's name"),
        ("fdump", {"infile": "e.evt[1]", "outfile": "."}, "can't be a file's name"),
        ("rebinlc", {"infile": "lc", "outfile": "x", "multiple": 10**400}, "The rebinning factor is 1000"),
        ("lcurve", {"cfile1": "lc", "outfile": "x", "nbint": -1}, "nbint is -1"),
        ("lcurve", {"cfile1": "lc", "outfile": "x", "nbint": 0}, "nbint is 0"),
    ],
)
def test_parameters_that_make_no_sense(prepared, events, task, parameters, words):
    Path("lc").write_bytes(inputs.prepared()["lc"])
    assert words in refused(task, **parameters)


def test_channels_and_rows_that_are_none(events):
    for name, data in inputs.responses().items():
        Path(name).write_bytes(data)
    for fchan in ("nan", "1e999", "1.5"):
        assert f"fchan is '{fchan}'" in refused("rbnrmf", infile="r.rmf", binfile="groups", outfile="x", fchan=fchan)
    assert said("fdump", infile="r.rmf[1]", rows="99999999999", prhead="no").split() != []


def with_card(data, keyword, value, hdu=1):
    """Return a file with one card, value as it is written, in place of another."""
    at = data.index(f"{keyword:<8}=".encode(), 2880)
    return data[:at] + f"{keyword:<8}= {value:>20}".ljust(80).encode() + data[at + 80 :]


@pytest.mark.parametrize("value", ["''", "1E400", "'unknown'", "", "T", "1E300"])
def test_positions_that_are_none(prepared, value):
    """A product without a position rather than no product; what needs one says so."""
    data = inputs.prepared()["dt"]
    for keyword in ("RA_OBJ", "DEC_OBJ"):
        data = with_card(data, keyword, value)
    Path("dt").write_bytes(data)
    both = {"src_infile": "dt", "bkg_infile": "dtbkg", "gtiandfile": "-", "clobber": "yes"}
    said("saextrct", infile="dt", columns="X1LSpecPcu2", outroot="made")
    said("pcaextlc2", outfile="made.lc", **both)
    said("pcaextspect2", src_phafile="made.pha", bkg_phafile="bkg.pha", **both)
    for name, keyword in (("made.lc", "RA"), ("made.pha", "RA_OBJ")):
        header = curve(name).header
        pointing = open_fits(data, "dt").table().header.get("RA_PNT")
        assert header.get(keyword) == (None if pointing is None else pytest.approx(pointing, rel=1e-6))


def undated(data, rows, column="Time", value=np.nan):
    """Return a file whose first table has no time in some rows."""
    file = open_fits(data, "x")
    time = file.table().column(column).copy()
    time[rows] = value
    tables = (with_values(file.table(), {column: time}), *file.tables[1:])
    return fits_bytes(file.primary, [as_hdu(table) for table in tables])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_without_a_time_are_left_out(prepared, events, value):
    said("seextrct", infile="e.evt", binsz=100, outroot="whole")
    Path("e.evt").write_bytes(undated(inputs.events()["e.evt"], [3, 7], value=value))
    words = said("seextrct", infile="e.evt", binsz=100, outroot="made")
    assert "column Time is undefined or infinite in 2 rows; they are left out" in words
    counts = [curve(f"{name}.lc").column("RATE") @ curve(f"{name}.lc").column("FRACEXP") for name in ("whole", "made")]
    assert (counts[0] - counts[1]) * 100 == pytest.approx(2, rel=1e-6)
    Path("filter.xfl").write_bytes(undated(inputs.prepared()["filter.xfl"], [4], value=value))
    words = said("maketime", infile="filter.xfl", outfile="x.gti", expr="ELV > -100")
    assert "column Time is undefined or infinite in 1 of" in words
    for name in ("FS4a", "FH5c"):
        Path(name).write_bytes(undated(inputs.prepared()[name], [2], value=value))
    words = said(
        "pcaprepfile2",
        **{"infile": "FS4a", "filterfile": "filter.xfl", "hkfiles": "FH5a,FH5b,FH5c,FH5d,FH5e", "modelfile": "model"},
        **{"bkgfile": "b", "dtfile": "d", "dtbkgfile": "db", "breakfile": "NONE", "saahfile": "NONE"},
    )
    assert words.count("they are left out") == 2
    assert len(curve("d")) == len(open_fits(inputs.prepared()["FS4a"], "x").table()) - 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", ["START", "STOP"])
def test_good_time_without_an_end_is_refused(events, column, value):
    Path("good.gti").write_bytes(undated(inputs.events()["good.gti"], [1], column, value))
    words = refused("seextrct", infile="e.evt", gtiandfile="good.gti", outroot="made")
    assert "good.gti[STDGTI]: row 2 lasts from" in words
    assert "must have finite ends" in words


def test_hexte_rows_without_a_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, data in inputs.hexte().items():
        Path(name).write_bytes(data)
    for name in ("FS52", "FS50", "FH53"):
        Path(name).write_bytes(undated(inputs.hexte()[name], [2]))
    for name in ("FS52", "FS50"):
        assert "undefined or infinite in 1 of" in said("hxtback", infile=name)
    words = said("hxtdead", calvalf="coef", engvalf="FH53", eventarcf="FS52", phalcf="s.lc")
    assert "1 of 8 frames have no row" in words


@pytest.mark.parametrize(
    ("section", "keywords", "words"),
    [
        ("9:12", {}, "axis 1 of im.fits[0] has pixels 1 to 4"),
        ("0:1", {}, "axis 1 of im.fits[0] has pixels 1 to 4"),
        ("*,2:1", {}, "axis 2 of im.fits[0] has pixels 1 to 3"),
        ("*", {"BITPIX": 24}, "BITPIX is 24"),
        ("*", {"BSCALE": "x"}, "keyword BSCALE is 'x'"),
    ],
)
def test_images_that_can_not_be_listed(section, keywords, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = Header([("SIMPLE", True), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 4), ("NAXIS2", 3)])
    for keyword, value in keywords.items():
        header.set(keyword, value)
    Path("im.fits").write_bytes(join_hdus([TableHDU(header, bytes(36))]))
    result = call("ftlist", {"infile": "im.fits", "option": "I", "section": section})
    assert result.returncode == 1
    assert words in result.stdout


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity"])
def test_numbers_that_are_none(value):
    result = call("saextrct", {"infile": "x", "gtiorfile": "APPLY", "gtiandfile": "-", "binsz": value})
    assert result.returncode == 2
    assert f"binsz is {value!r}; a number was expected" in result.stdout

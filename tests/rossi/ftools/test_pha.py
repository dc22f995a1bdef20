"""Tasks for spectra under their FTOOLS names."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import CASES, GOLDEN, replayed


def pha_file(path: Path, counts, exposure: float, *, start: float = 100.0, gti: bool = True, **more: object) -> str:
    counts = np.array(counts, float)
    columns = [
        (Column("CHANNEL", "I"), np.arange(len(counts))),
        (Column("COUNTS", "D", "count"), counts),
        (Column("STAT_ERR", "D", "count"), np.sqrt(counts)),
    ]
    cards = {
        "HDUCLAS1": "SPECTRUM",
        "EXPOSURE": exposure,
        "DETCHANS": len(counts),
        "POISSERR": False,
        "TELESCOP": "XTE",
    }
    cards |= {
        "TSTART": start,
        "TSTOP": start + 50,
        "DATE-OBS": f"start {start}",
        "DATE-END": f"stop {start}",
        "CPIX1": "0~255",
    }
    times = [("HDUCLAS1", "GTI"), ("TSTARTI", int(start)), ("TSTARTF", 0.5), ("TIMEZERO", 3.0)]
    good_time = table_hdu("GTI", [(Column("START", "D"), [start]), (Column("STOP", "D"), [start + 50])], times)
    spectrum = table_hdu("SPECTRUM", columns, list((cards | more).items()))
    path.write_bytes(fits_bytes(primary_hdu(), [spectrum, good_time] if gti else [spectrum]))
    return str(path)


@pytest.fixture
def pair(tmp_path) -> tuple[str, str]:
    second = pha_file(tmp_path / "b.pha", [10, 2.2, 5], 500.5, start=120.0)
    return pha_file(tmp_path / "a.pha", [100, 25.7, 0], 1000.123), second


@pytest.mark.parametrize("case", CASES)
def test_sums_are_equal_to_the_last_bit(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    compared = [differences(read_fits(e), read_fits(m)) for e, m in replayed(GOLDEN / case, "sumpha", tmp_path)]
    assert [found for found in compared if found] == []
    assert compared


@pytest.mark.parametrize("case", CASES)
def test_channel_groups_are_equal(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    texts = [(e.read_text(), m.read_text()) for e, m in replayed(GOLDEN / case, "rddescr", tmp_path)]
    assert [(e, m) for e, m in texts if e.rstrip("\n") != m.rstrip("\n")] == []
    assert texts


def test_the_rebinned_response_is_equal_to_the_last_bit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (found,) = replayed(GOLDEN / "a_archive16", "rbnrmf", tmp_path)
    with fits.open(found[0]) as expected, fits.open(found[1], checksum=True) as made:
        for a, b in zip(expected[1:], made[1:], strict=True):
            assert (a.name, a.columns.names, a.columns.formats) == (b.name, b.columns.names, b.columns.formats)
            for name in a.columns.names:
                x, y = (
                    h.data[name] if h.data[name].dtype != object else np.concatenate(list(h.data[name])) for h in (a, b)
                )
                np.testing.assert_array_equal(x, y, err_msg=name)
            for keyword in (
                "DETCHANS",
                "NUMGRP",
                "NUMELT",
                "LO_THRES",
                "TLMIN4",
                "TLMAX4",
                "TLMIN1",
                "TLMAX1",
                "HDUCLAS2",
            ):
                assert a.header.get(keyword) == b.header.get(keyword), keyword


def test_an_output_below_a_file(pair: tuple[str, str], tmp_path: Path) -> None:
    refused = ftools.sumpha(filelist=",".join(pair), outfile=f"{pair[0]}/sum.pha", compat="no")
    assert refused.returncode == 1
    assert "a.pha/sum.pha can't be written (Not a directory)." in refused.stdout


def test_sumpha_says_so_when_it_counts_twice(pair: tuple[str, str], tmp_path: Path) -> None:
    out, copy = str(tmp_path / "sum.pha"), tmp_path / "copy.pha"
    copy.write_bytes(Path(pair[0]).read_bytes())
    again = ftools.sumpha(filelist=f"{pair[0]},{pair[1]},{pair[0]}", outfile=out, compat="no")
    assert "a.pha: which is in the list already; its counts and exposure are in the sum twice." in again.stdout
    copied = ftools.sumpha(filelist=f"{pair[0]},{copy}", outfile=f"!{out}", compat="no")
    assert f"copy.pha: the same as {pair[0]}; its counts" in copied.stdout
    assert "twice" not in ftools.sumpha(filelist=",".join(pair), outfile=f"!{out}", compat="no").stdout


def test_sumpha_says_so_when_it_loses_counts(pair, tmp_path):
    out = str(tmp_path / "sum")
    with pytest.warns(UserWarning, match=r"counts are lost .* give compat=no"):
        result = ftools.sumpha(filelist=",".join(pair), outfile=out)
    assert result.output == (out + ".pha",)
    lost = read_fits(out + ".pha").table("SPECTRUM")
    np.testing.assert_array_equal(lost.column("COUNTS"), [110, 27, 5])
    assert lost.info("COUNTS").code == "J"
    assert ftools.sumpha(filelist=",".join(pair), outfile=f"!{out}", compat="no").returncode == 0
    file = read_fits(out + ".pha")
    kept = file.table("SPECTRUM")
    np.testing.assert_allclose(kept.column("COUNTS"), [110, 27.9, 5], rtol=1e-15)
    np.testing.assert_allclose(kept.column("STAT_ERR"), np.sqrt([110, 27.9, 5]), rtol=1e-15)
    assert kept.header["EXPOSURE"] == 1500.623
    assert (kept.header["DATE-OBS"], kept.header["DATE-END"]) == ("start 100.0", "stop 120.0")
    good_time = file.table("STDGTI")
    assert (good_time.column("START").tolist(), good_time.column("STOP").tolist()) == ([103], [173])
    assert good_time.header["TSTARTI"] == 100


def test_one_spectrum_is_copied_and_every_one_needs_good_time(pair, tmp_path):
    result = ftools.sumpha(filelist=pair[0], outfile=str(tmp_path / "sum.pha"))
    assert result.returncode == 0
    assert (tmp_path / "sum.pha").read_bytes() == Path(pair[0]).read_bytes()
    bare = pha_file(tmp_path / "c.pha", [1, 2, 3], 10.0, gti=False)
    refused = ftools.sumpha(filelist=f"{pair[0]},{bare}", outfile=str(tmp_path / "x"), compat="no")
    assert refused.returncode == 1
    assert "c.pha: no extension with HDUCLAS1 = GTI" in refused.stdout


def test_mathpha_adds_as_the_reference(pair, tmp_path):
    (tmp_path / "expr.txt").write_text(f"'{pair[0]}' +\n'{pair[1]}'\n")
    out = tmp_path / "sum.pha"
    with pytest.warns(UserWarning, match="counts are lost"):
        result = ftools.mathpha(
            expr=f"@{tmp_path / 'expr.txt'}", outfil=str(out), exposure="CALC", properr="yes", errmeth="Gauss"
        )
    assert result.returncode == 0, result.stdout
    table = read_fits(out).table()
    np.testing.assert_array_equal(table.column("COUNTS"), [110, 27, 5])
    np.testing.assert_allclose(table.column("STAT_ERR"), [10.488089, 5.282045, 2.236068], rtol=1e-6)
    keywords = ("EXPOSURE", "POISSERR", "HDUCLAS2", "AREASCAL", "BACKSCAL", "CORRSCAL", "BACKFILE")
    assert [table.header[k] for k in keywords] == [1500.623, False, "DERIVED", 1.0, 1.0, 1.0, "NONE"]


def test_mathpha_takes_exposure_and_files_from_where_it_is_told(pair, tmp_path):
    out = tmp_path / "net.pha"
    result = ftools.mathpha(
        expr=f"'{pair[0]}'-'{pair[1]}'",
        units="R",
        outfil=str(out),
        exposure=pair[0],
        backfile="b.pha",
        backscal="2",
        comment1="net",
        compat="no",
    )
    assert result.returncode == 0, result.stdout
    table = read_fits(out).table()
    np.testing.assert_allclose(table.column("RATE")[0], 100 / 1000.123 - 10 / 500.5)
    assert "STAT_ERR" not in table
    keywords = ("EXPOSURE", "POISSERR", "HDUCLAS3", "BACKSCAL", "BACKFILE")
    assert [table.header[k] for k in keywords] == [1000.123, True, "RATE", 2.0, "b.pha"]


def test_rddescr_of_a_spectrum_with_gaps(tmp_path):
    source = pha_file(tmp_path / "a.pha", [1], 1.0, CPIX1="0~1,4~5")
    out = tmp_path / "a.bins"
    assert ftools.rddescr(phafil=source, chanfil=str(out)).returncode == 0
    assert [line.split() for line in out.read_text().splitlines()] == [
        ["0", "1", "2"],
        ["2", "3", "-1"],
        ["4", "5", "2"],
        ["6", "255", "-1"],
    ]
    assert ftools.rddescr(phafil=source, chanfil=str(out), compat="yes").returncode == 0
    assert len(out.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        ("mathpha", {"units": "X"}, "units is 'X'"),
        ("mathpha", {"errmeth": "BAYES"}, "errmeth is 'BAYES'"),
        ("mathpha", {"exposure": "long"}, "exposure is 'long'"),
        ("mathpha", {"areascal": "big"}, "areascal is 'big'"),
        ("mathpha", {"exposure": "-5"}, "exposure is '-5'; a positive number of seconds was expected"),
        ("mathpha", {"exposure": "1e400"}, "exposure is '1e400'"),
        ("mathpha", {"exposure": "nan"}, "exposure is 'nan'"),
        ("mathpha", {"backscal": "inf"}, "backscal is 'inf'; a number or % was expected"),
        ("mathpha", {"expr": "a.pha*1e10", "units": "C"}, "more than a spectrum can hold"),
        ("mathpha", {"auxfiles": "a.pha"}, "auxfiles=NONE"),
        ("mathpha", {"expr": "a.pha+"}, "can't be read"),
        ("sumpha", {"filelist": "none.pha,b.pha"}, "none.pha: can't be read"),
        ("rddescr", {"phafil": "none.pha"}, "none.pha: can't be read"),
        ("rbnrmf", {"cmpmode": "log"}, "cmpmode is 'log'"),
        ("rbnrmf", {"ebfact": 2}, "ebfact 2"),
        ("rbnrmf", {}, "extension MATRIX or SPECRESP MATRIX is missing; found SPECTRUM, GTI"),
    ],
)
def test_mistakes_give_a_sentence(tmp_path, monkeypatch, task, change, words):
    monkeypatch.chdir(tmp_path)
    pha_file(tmp_path / "a.pha", [1, 2], 1.0)
    arguments = {
        "mathpha": {"expr": "a.pha*2", "outfil": "out"},
        "sumpha": {"filelist": "a.pha,a.pha", "outfile": "out"},
        "rddescr": {"phafil": "a.pha", "chanfil": "out"},
        "rbnrmf": {"infile": "a.pha", "binfile": "a.pha", "outfile": "out"},
    }[task]
    result = getattr(ftools, task)(**arguments | change)
    assert result.returncode == 1
    assert not list(tmp_path.glob("out*"))
    assert words in result.stdout


def test_a_single_file_must_be_a_spectrum(tmp_path, pair):
    out = tmp_path / "sum.pha"
    (tmp_path / "list.txt").write_text("\n".join(pair))
    (tmp_path / "mask.txt").write_text("bitmask\n1 0 1\n")
    other = fits_bytes(primary_hdu(), [table_hdu("RATE", [(Column("TIME", "D"), [1.0])])])
    (tmp_path / "curve.lc").write_bytes(other)
    for name in ("list.txt", "mask.txt", "curve.lc"):
        refused = ftools.sumpha(filelist=str(tmp_path / name), outfile=str(out))
        assert (refused.returncode, out.exists()) == (1, False)
        assert f"give filelist=@{tmp_path / name}" in refused.stdout
    refused = ftools.sumpha(filelist=f"@{tmp_path / 'mask.txt'}", outfile=str(out))
    assert (refused.returncode, out.exists()) == (1, False)
    assert ftools.sumpha(filelist=pair[0], outfile=str(out)).returncode == 0
    assert out.read_bytes() == Path(pair[0]).read_bytes()
    assert ftools.sumpha(filelist=f"@{tmp_path / 'list.txt'}", outfile=f"!{out}", compat="no").returncode == 0

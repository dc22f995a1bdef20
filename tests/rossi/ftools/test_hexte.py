"""``hxtback``, ``hxtdead`` and ``hxtlcurv`` under their FTOOLS names."""

import numpy as np
import pytest

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.ftools.task import run
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import CASES, GOLDEN, replayed
from tests.rossi.hexte.synthetic import T, archive, coefficients, events, housekeeping, write

ALL = (*CASES, "g_empty_gti")
COLUMNS = "SpecDet0 SpecDet1 SpecDet2 SpecDet3"


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("task", ["hxtback", "hxtdead"])
def test_equal_to_the_last_bit(tmp_path, monkeypatch, case, task):
    monkeypatch.chdir(tmp_path)
    compared = 0
    for expected, made in replayed(GOLDEN / case, task, tmp_path):
        want, have = read_fits(expected), read_fits(made)
        assert differences(want, have) == [], made.name
        for keyword in ("DETNAM", "OLDEXP"):
            assert want.table().header.get(keyword) == have.table().header.get(keyword)
        compared += 1
    assert compared


@pytest.mark.parametrize("case", CASES)
def test_net_light_curves(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    for expected, made in replayed(GOLDEN / case, "hxtlcurv", tmp_path):
        want, have = read_fits(expected), read_fits(made)
        if made.name.endswith(("_src.lc", "_bkg.lc", ".pha")):
            assert differences(want, have) == [], made.name
        else:
            for name in ("TIME", "RATE", "ERROR", "FRACEXP"):
                np.testing.assert_array_max_ulp(want.table().column(name), have.table().column(name), 2)
            assert have.table().header["HDUCLAS2"] == "NET"


def frames(i):
    """The example that runs through the whole chain: code, counters and spectra of 32 frames."""
    live = np.where(i % 2 == 0, 3000000, 4700000)[:, None] + 100000 * np.arange(4) + 1000 * i[:, None]
    spectra = ((i[:, None] + 1) * (np.arange(4)[:, None, None] + 2) + np.arange(64)) % 7
    return live, spectra


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Annex C of the specification as files: archive mode and events of cluster A."""
    monkeypatch.chdir(tmp_path)
    i = np.arange(32)
    live, spectra = frames(i)
    code = np.tile([0, 1, 0, 5], 8)
    write(archive(T + 16 * i, code, spectra.sum((0, 2)), live, spectra), tmp_path / "FS52")
    j = np.arange(40)
    time = (T + 16 * i[:, None] + 0.1 + 0.4 * j).ravel()
    detector = np.tile(j % 4, 32)
    channel = ((7 * j + 3 * i[:, None]) % 256).ravel()
    each = np.repeat(live, 40, axis=0)[np.arange(len(time)), detector]
    position = np.repeat(np.tile([1, 2, 1, 32], 8), 40)
    span = {"TSTART": float(T), "stop": T + 512}
    write(events(time, each, position, detector, channel, **span), tmp_path / "FS50")
    write(housekeeping(T - 32 + 16 * np.arange(40)), tmp_path / "FH53")
    write(coefficients(), tmp_path / "coefficients")
    return tmp_path


def chain(task, stem, channels, **columns):
    """Run the recipe from the science file to the net light curve; return the exposures."""
    assert run("hxtback", ["-b", "-i", stem]) == 0
    common = {"gtiorfile": "APPLY", "gtiandfile": "-", "timecol": "TIME", "binsz": 16, **columns}
    exposures = {}
    for part in (f"{stem}_src", f"{stem}_bkg"):
        extract = getattr(ftools, task)
        for mode, chint in (("SPECTRUM", "INDEF"), ("LIGHTCURVE", channels)):
            done = extract(infile=part, outroot=part, printmode=mode, chint=chint, **common)
            assert done.returncode == 0, done.stdout
            dead = {"calvalf": "coefficients", "engvalf": "FH53", "eventarcf": part, "phalcf": done.output[0]}
            assert ftools.hxtdead(**dead).returncode == 0
        header = read_fits(f"{part}.pha").table().header
        exposures[part] = (header["OLDEXP"], header["EXPOSURE"])
        assert ftools.rebinlc(infile=f"{part}.lc", multiple=4, outfile=f"{part}_rb.lc").returncode == 0
    net = {"infile": f"{stem}_src_rb.lc", "bgfile": f"{stem}_bkg_rb.lc", "outfile": f"{stem}_net.lc"}
    assert ftools.lcmath(**net, multi=1, multb=1, addsubr="no").returncode == 0
    return exposures


def columns(name, *wanted):
    return [read_fits(name).table().column(column) for column in wanted]


def test_the_whole_chain_in_archive_mode(example):
    exposures = chain("saextrct", "FS52", "15-61", columns="SpecDet0 SpecDet1 SpecDet2 SpecDet3", accumulate="ONE")
    assert exposures == {"FS52_src": (256.0, 129.634), "FS52_bkg": (256.0, 85.171)}
    assert columns("FS52_src.pha", "COUNTS")[0].sum() == columns("FS52_bkg.pha", "COUNTS")[0].sum() == 12292
    time, rate, error, dead = columns("FS52_src.lc", "TIME", "RATE", "ERROR", "DEADC")
    assert (len(time), time[0]) == (16, T + 3)
    assert dead[:2].tolist() == [0.49182914552940116, 0.4920675641085027]
    assert rate[:2].tolist() == [35.052187356468266, 33.34597045426358]
    assert error[0] == 2.0763123843605427
    time, rate, error, dead = columns("FS52_bkg.lc", "TIME", "RATE", "ERROR", "DEADC")
    assert time[0] == T + 19
    assert dead[:2].tolist() == [0.665512896897295, 0.6657513154763965]
    assert rate[:2].tolist() == [51.945201590223846, 50.6733482710354]
    assert error[0] == 3.115466158087843
    time, rate, error, fracexp = columns("FS52_net.lc", "TIME", "RATE", "ERROR", "FRACEXP")
    assert time.tolist() == [T + 3 + 64 * k for k in range(8)]
    assert set(fracexp) == {0.5}
    expected = [-17.110199, -19.469215, -18.097322, -15.859814, -18.019037, -18.822348, -17.009981, -17.217743]
    np.testing.assert_array_max_ulp(rate, np.float32(expected), 1)
    expected = [2.626575, 2.272167, 2.260498, 2.2707214, 2.2703567, 2.2689602, 2.2681563, 2.2769575]
    np.testing.assert_array_max_ulp(error, np.float32(expected), 1)


def test_the_whole_chain_with_events(example):
    exposures = chain("seextrct", "FS50", "15-240")
    assert exposures == {"FS50_src": (256.0, 129.623), "FS50_bkg": (256.0, 85.16)}
    assert columns("FS50_src.pha", "COUNTS")[0].sum() == columns("FS50_bkg.pha", "COUNTS")[0].sum() == 640
    rate, dead = columns("FS50_src.lc", "RATE", "DEADC")
    assert dead[:2].tolist() == [0.4918719189669011, 0.49211033754600264]
    assert rate[:2].tolist() == [4.05901597842543, 4.183979626071783]
    rate, error = columns("FS50_bkg.lc", "RATE", "ERROR")
    assert rate[:2].tolist() == [6.166945638051818, 6.545365977792121]
    assert error[0] == 1.0735274410782758
    rate, error = columns("FS50_net.lc", "RATE", "ERROR")
    expected = [-2.2346582, -2.333658, -2.371048, -2.1741061, -2.2734826, -2.4495528, -2.2607524, -2.242687]
    np.testing.assert_array_max_ulp(rate, np.float32(expected), 1)
    expected = [0.92068547, 0.81078655, 0.8154667, 0.8127219, 0.81913596, 0.81615347, 0.8187857, 0.8194637]
    np.testing.assert_array_max_ulp(error, np.float32(expected), 1)


def failing(name, **parameters):
    result = getattr(ftools, name)(**parameters)
    assert result.returncode != 0
    assert len(result.output) == 1
    assert "Traceback" not in result.stdout
    return result.stdout


def test_mistakes_are_explained(example):
    dead = {"calvalf": "coefficients", "engvalf": "FH53", "eventarcf": "FS52_src", "phalcf": "FS52_src.lc"}
    chain("saextrct", "FS52", "15-61", columns="SpecDet0 SpecDet1 SpecDet2 SpecDet3")
    before = (example / "FS52_src.lc").read_bytes()
    assert "DEADAPP is T, so dead time is corrected already" in failing("hxtdead", **dead)
    write(housekeeping([T - 16, T], apid=89), example / "FH59")
    assert "the housekeeping of cluster A" in failing("hxtdead", **dead | {"engvalf": "FH59"})
    write(coefficients("pwb"), example / "of_b")
    assert "dead-time coefficients of cluster A" in failing("hxtdead", **dead | {"calvalf": "of_b"})
    assert "one to four of the digits" in failing("hxtdead", **dead | {"detectors": "014"})
    assert "calvalf is missing; give calvalf=" in failing(
        "hxtdead", **{k: v for k, v in dead.items() if k != "calvalf"}
    )
    assert (example / "FS52_src.lc").read_bytes() == before
    assert "has no cluster position" in failing("hxtback", infile="FH53")
    assert "-b is 32" in failing("hxtlcurv", i="FS52", k="coefficients", r="FH53", b=32)


def test_events_without_the_byte_of_the_detector_are_refused(example):
    write(events([T + 1.0], [1], [1], [0], mask="07"), example / "FS50")
    assert "without the byte that names the detector" in failing("hxtback", i="FS50")
    write(events([T + 1.0], [1], [1], [0], mask="10"), example / "FS50")
    assert "without the byte that names the detector" in failing("hxtback", i="FS50")


def test_a_staring_cluster_has_no_background(example):
    i = np.arange(4)
    live, spectra = frames(i)
    write(archive(T + 16 * i, [0, 0, 0, 0], [5, 5, 5, 5], live, spectra), example / "FS52")
    done = ftools.hxtback(infile="FS52", both=True)
    assert done.files == ("FS52_src",)
    assert "no rows at position bkg" in done.stdout
    done = ftools.hxtlcurv(i="FS52", k="coefficients", r="FH53", l=15, u=61)
    assert done.files == ("FS52_src.lc",)
    assert "there is no net light curve" in done.stdout


def test_a_cluster_that_is_never_on_source_has_its_background(example):
    i = np.arange(4)
    live, spectra = frames(i)
    write(archive(T + 16 * i, [1, 1, 5, 5], [5, 5, 5, 5], live, spectra), example / "FS52")
    done = ftools.hxtlcurv(i="FS52", k="coefficients", r="FH53", l=15, u=61)
    assert done.files == ("FS52_bkg.lc",), done.stdout
    assert "no rows at position src" in done.stdout and "there is no net light curve" in done.stdout


@pytest.mark.parametrize("stem", ["FS50", "FS52"])
def test_long_files_stay_on_disk(example, monkeypatch, stem):
    """What is corrected does not depend on it."""
    ftools.hxtback(infile=stem, both=True)
    extract, more = {"FS50": (ftools.seextrct, {}), "FS52": (ftools.saextrct, {"columns": COLUMNS})}[stem]
    products = {}
    for longest in (1 << 40, 0):
        monkeypatch.setattr("rossi.ftools.hexte.LONG", longest)
        extract(infile=f"{stem}_src", outroot="x", binsz=16, printmode="LIGHTCURVE", **more)
        dead = {"calvalf": "coefficients", "engvalf": "FH53", "eventarcf": f"{stem}_src", "phalcf": "x.lc"}
        assert ftools.hxtdead(**dead).returncode == 0
        products[longest] = columns("x.lc", "RATE", "DEADC")
    assert np.array_equal(*products.values())
    assert 0.4 < products[0][1].mean() < 0.6


def test_curves_and_spectra_of_all_channels_are_made_at_once(example):
    done = ftools.hxtlcurv(i="FS52", k="coefficients", r="FH53", p=True)
    assert done.files == ("FS52_src.lc", "FS52_src.pha", "FS52_bkg.lc", "FS52_bkg.pha", "FS52.lc"), done.stdout
    source, background, net = (columns(f"FS52{part}.lc", "RATE")[0] for part in ("_src", "_bkg", ""))
    assert len(source) == len(background) == len(net) == 16
    assert columns("FS52_src.pha", "COUNTS")[0].sum() == 12292


def test_options_as_on_a_command_line(example):
    assert run("hxtback", ["-i", "FS50"]) == 0
    assert sorted(p.name for p in example.glob("FS50_*")) == ["FS50_m", "FS50_p", "FS50_src"]
    assert (example / "FS50_src").read_bytes().startswith(b"SIMPLE")  # as hxtback writes it, not compressed
    # 64 elements of two channels: from channel 15 on, eight times 0 to 6 in each of four detectors
    for limits, rate in ((["-u", "61"], 35.052187356468266), ([], 4 * 8 * 21 / 16 / (1 - 0.49182914552940116))):
        assert run("hxtlcurv", ["-i", "FS52", "-k", "coefficients", "-r", "FH53", "-l", "15", *limits, "-p"]) == 0
        assert columns("FS52_src.pha", "COUNTS")[0].sum() == 12292  # of all channels, whatever those of the curve
        assert columns("FS52_src.lc", "RATE")[0][0] == pytest.approx(rate)
    assert {p.name for p in example.glob("FS52*.*")} == {
        *("FS52.lc", "FS52_src.lc", "FS52_bkg.lc", "FS52_src.pha", "FS52_bkg.pha")
    }
    assert run("hxtback", ["-x"]) == 2

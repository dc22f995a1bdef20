"""PCA spectra: exposure, weights, type I and type II files."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits, read_fits
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import DeadTime, PreparedArray
from rossi.pca.prepare import prepare_standard2
from rossi.pca.spectrum import SpectrumRequest, pca_spectrum, pca_spectrum_file
from rossi.pca.standard2 import PCUS, parse_layers, spectrum_columns

ALL = SpectrumRequest(PCUS, parse_layers("ALL"))


@pytest.fixture(scope="module")
def data(golden):
    return read_fits(next((golden / "e5_switch/expected/prep").glob("*_dt.gz")))


@pytest.fixture(scope="module")
def array(data):
    return ScienceArray.from_file(data)


def test_counts_exposure_and_weights(data, array):
    spectrum, background = pca_spectrum([array], None, TimeSelection(), ALL)
    table = data.tables[0]
    assert background is None
    total = sum(table.column(name).sum(axis=0) for pcu in PCUS for name in spectrum_columns(pcu))
    assert np.array_equal(spectrum.spectrum.value, total)
    live = [table.column(f"LiveTimePcu{n}").sum() for n in PCUS]
    assert spectrum.pcu_exposure == pytest.approx(live)
    assert spectrum.exposure == pytest.approx(sum(live))
    assert spectrum.weights == pytest.approx(np.array(live) / sum(live))
    assert spectrum.weights[1] == 0  # PCU 1 was off
    one, _ = pca_spectrum([array], None, TimeSelection(), SpectrumRequest((2,), ("X1L",)))
    assert (one.weights.tolist(), one.exposure) == ([0, 0, 1, 0, 0], pytest.approx(live[2]))


def test_prepared_in_memory_is_the_same(golden, array):
    folder = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    housekeeping = [Housekeeping.from_file(read_fits(path)) for path in sorted(folder.glob("FH5*"))]
    breakdown = read_fits(golden / "calibration/sim_pca_breakdown.fits.gz")
    prepared = prepare_standard2(read_fits(next(folder.glob("FS4a*"))), housekeeping, breakdown, BadRowRules())
    a, _ = pca_spectrum([array], None, TimeSelection(), ALL)
    b, _ = pca_spectrum([PreparedArray(prepared)], None, TimeSelection(), ALL)
    assert np.array_equal(a.spectrum.value, b.spectrum.value)
    assert np.array_equal(a.pcu_exposure, b.pcu_exposure)


def test_no_good_row_gives_an_exposure_of_zero(array):
    empty, _ = pca_spectrum([array], None, TimeSelection(common=[np.array([[1.0, 2.0]])]), ALL)
    assert (empty.exposure, empty.weights.sum(), empty.spectrum.value.sum()) == (0, 0, 0)
    header = open_fits(pca_spectrum_file(empty), "pha").tables[0].header
    assert (header["EXPOSURE"], header["PCU_WT0"]) == (0, 0)


def test_type_one_keywords(array):
    request = SpectrumRequest((2, 3), ("X1L", "X1R"), dead_time=DeadTime.ON, position=(83.6, 22.0))
    spectrum, _ = pca_spectrum([array], None, TimeSelection(), request)
    file = open_fits(pca_spectrum_file(spectrum, "dir/back.pha"), "pha")
    header = file.tables[0].header
    assert [header[k] for k in ("BACKFILE", "RA_OBJ", "DEC_OBJ", "HDUCLAS1")] == [
        "dir/back.pha",
        83.6,
        22.0,
        "SPECTRUM",
    ]
    assert "DEADAPP" not in header
    assert [table.name for table in file.tables] == ["SPECTRUM", "STDGTI"]


def test_type_two_has_a_spectrum_a_row(array):
    request = SpectrumRequest((2, 3), ("X1L", "X2R"), ChannelSelection(chmin=5, chmax=40), many=True)
    spectrum, _ = pca_spectrum([array], None, TimeSelection(), request)
    data = pca_spectrum_file(spectrum, "dir/back.pha", compress=True)
    with fits.open(gzip_bytes(data), checksum=True) as hdus:
        table, header = hdus["SPECTRUM"].data, hdus["SPECTRUM"].header
        assert [name.rstrip() for name in table["ROWID"]] == [
            "X1LSpecPcu2",
            "X2RSpecPcu2",
            "X1LSpecPcu3",
            "X2RSpecPcu3",
        ]
        assert [name.rstrip() for name in table["BACKFILE"]] == [f"back.pha[{n}]" for n in (1, 2, 3, 4)]
        assert np.array_equal(table["COUNTS"].sum(axis=0), spectrum.spectrum.value)
        assert table["EXPOSURE"] == pytest.approx(spectrum.pcu_exposure[[2, 2, 3, 3]])
        assert (table["ONTIME"] == spectrum.spectrum.exposure).all()
        assert table["CHANNEL"].shape == (4, 129)
        assert [header[k] for k in ("HDUCLAS3", "HDUCLAS4", "TLMAX2")] == ["COUNT", "TYPE:II", 128]
        assert not {"EXPOSURE", "BACKFILE", "PCU_WT2", "CPIX1", "ROWID1"} & set(header)
        assert header["CPIX2"].startswith("0~4,5:53")


def gzip_bytes(data):
    """Return a file object of decompressed bytes."""
    import io

    return io.BytesIO(gzip.decompress(data))


def test_an_exposure_without_dead_time_is_refused():
    with pytest.raises(ConfigError, match="deadcorrtype is NONE"):
        SpectrumRequest(PCUS, ("X1L",), dead_time=DeadTime.NONE)

"""Single-bit and binned modes of the PCA: arrays with a time axis, with or without a channel axis."""

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.extract.accumulate import accumulate, accumulate_alike
from rossi.extract.alike import Alike, stacked
from rossi.extract.array import ScienceArray, _runs
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import light_curve
from rossi.extract.selection import TimeSelection, select_samples
from rossi.extract.spectrum import spectrum
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

T0 = 150000000.0


def mode(column, values):
    """One column of 1 s rows."""
    cards = [
        ("TIMEDEL", 1.0),
        ("TSTART", T0),
        ("TSTOP", T0 + len(values)),
        ("TIMESYS", "TT"),
        ("TDDES", "O[XTE] & I[PCA]"),
    ]
    columns = [(Column("Time", "D", "s"), T0 + np.arange(len(values))), (column, values)]
    return ScienceArray.from_file(open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_SA", columns, cards)]), "sa"))


def extract(array, binsz, channels=None):
    channels, columns = channels or ChannelSelection(), array.good_columns()
    source = accumulate(select_samples([array], columns[0], binsz, TimeSelection()), columns, channels)
    return light_curve(source).value, spectrum(source, channels).value


def counted(column, values):
    """Counts of each row of a column without a time axis."""
    array = mode(column, np.array(values))
    grid = select_samples([array], column.name, 1.0, TimeSelection())
    return accumulate(grid, [column.name], ChannelSelection()).counts.tolist()


@pytest.mark.parametrize(("scale", "zero"), [(0.5, 0.0), (1.0, 0.5), (0.5, 3.0), (1.0, 2.0), (1.0, 0.0)])
def test_numbers_that_are_scaled(scale, zero):
    column = Column("Cnt", "1I", "count", keywords=(("TSCAL", scale), ("TZERO", zero)))
    assert counted(column, [[1], [7], [4]]) == [scale * raw + zero for raw in (1, 7, 4)]


@pytest.mark.parametrize(
    ("form", "zero", "values"),
    [
        ("I", 32768, [0, 32767, 65535]),  # 16 bits without a sign
        ("J", 10, [2**31 + 9, 10, 11]),
        ("J", 2**31, [2**32 - 1, 0, 2**31]),  # 32 bits without a sign
        ("B", 0, [255, 0, 3]),
    ],
)
def test_numbers_that_need_more_bits_than_they_are_stored_in(form, zero, values):
    assert counted(Column("Cnt", f"1{form}", "count", zero=zero), [[v] for v in values]) == values


def test_whole_numbers_are_told_from_null_exactly():
    column = Column("Cnt", "1K", "count", null=2**53 + 1)
    assert counted(column, [[2**53], [2**53 + 1], [3]]) == [2**53, 3]


@pytest.mark.parametrize(
    "other",
    [
        Column("B", "2J", "count", keywords=(("1CTYP", "CHANNEL"), ("1CPIX", "0:1"))),
        Column("B", "2I", "count/s", keywords=(("1CTYP", "CHANNEL"), ("1CPIX", "0:1"))),
        Column("B", "2I", "count", null=-1, keywords=(("1CTYP", "CHANNEL"), ("1CPIX", "0:1"))),
        Column("B", "2I", "count", keywords=(("1CTYP", "CHANNEL"), ("1CPIX", "5:6"))),
        Column("B", "2I", "count", keywords=(("1CTYP", "TIME"), ("1CDLT", 0.5))),
    ],
)
def test_columns_that_are_stored_differently_are_not_added_up(other):
    one = Column("A", "2I", "count", keywords=(("1CTYP", "CHANNEL"), ("1CPIX", "0:1")))
    cards = [("TIMEDEL", 1.0), ("TSTART", T0), ("TSTOP", T0 + 1), ("TIMESYS", "TT")]
    columns = [(Column("Time", "D", "s"), [T0]), (one, np.ones((1, 2))), (other, np.ones((1, 2)))]
    columns.append((Column("C", *(one.form, one.unit), keywords=one.keywords), np.ones((1, 2))))
    data = fits_bytes(primary_hdu(), [table_hdu("XTE_SA", columns, cards)])
    array = ScienceArray.from_file(open_fits(data, "sa"))
    assert array.ordered(["C", "A"]) == ("A", "C")
    with pytest.raises(DataError, match="columns A and B are stored differently"):
        array.ordered(["A", "B"])


def test_single_bit():
    values = np.random.default_rng(1).integers(0, 4, (5, 64))
    keywords = (("TDDES", "D[0~4] & E[X1L^X1R^X2L^X2R^X3L^X3R] & C[0~13]"), ("1CTYP", "TIME"), ("1CDLT", 1 / 64))
    rate, _ = extract(mode(Column("XeCnt", "64B", "count", keywords=keywords), values), 0.25)
    assert rate == pytest.approx(values.reshape(-1, 16).sum(axis=1) / 0.25)


@pytest.mark.parametrize("time_first", [True, False])
def test_binned(time_first):
    values = np.random.default_rng(2).integers(0, 200, (5, 8, 3))  # row, time, channel
    axes = [("1CTYP", "TIME"), ("1CDLT", 0.125), ("2CTYP", "CHANNEL"), ("2CPIX", "(0~9,10~13,14~35)")]
    if not time_first:
        axes = [("1CTYP", "CHANNEL"), ("1CPIX", "(0~9,10~13,14~35)"), ("2CTYP", "TIME"), ("2CDLT", 0.125)]
    keywords = (("TDDES", "D[0~4] & E[X1L^X1R] & C[0~35]"), ("TDIM", "(8,3)" if time_first else "(3,8)"), *axes)
    stored = values.transpose(0, 2, 1) if time_first else values
    array = mode(Column("XeCnt", "24I", "count", keywords=keywords), stored.reshape(5, 24))
    rate, counts = extract(array, 0.5)
    assert rate == pytest.approx(values.sum(axis=2).reshape(-1, 4).sum(axis=1) / 0.5)
    assert counts.tolist() == values.sum(axis=(0, 1)).tolist()
    rate, _ = extract(array, 0.125, ChannelSelection(chmin=11, chmax=20))
    assert rate == pytest.approx(values[:, :, 1:].sum(axis=2).ravel() / 0.125)


def test_files_of_several_samples_a_row_in_one_pass():
    """The second file's first row is the fourth of all, so its first sample the thirteenth."""
    keywords = (("TDDES", "D[0~4] & E[X1L^X1R] & C[0~13]"), ("1CTYP", "TIME"), ("1CDLT", 0.25))
    values = np.random.default_rng(4).integers(0, 99, (5, 4))
    arrays = [mode(Column("XeCnt", "4B", "count", keywords=keywords), part) for part in (values[:3], values[3:])]
    grids = [select_samples([array], "XeCnt", 0.25, TimeSelection()) for array in arrays]
    whole, first = stacked([array.table for array in arrays])
    made = accumulate_alike(Alike.of(grids, whole, first, 4), ["XeCnt"], ChannelSelection())
    assert [one.counts.tolist() for one in made] == [values[:3].ravel().tolist(), values[3:].ravel().tolist()]


def test_columns_that_lie_side_by_side_are_read_at_once():
    columns = [(Column(name, "J"), [1]) for name in "ABCDEF"]
    structure = open_fits(fits_bytes(primary_hdu(), [table_hdu("X", columns)]), "x").table().structure
    assert _runs(structure, ("A", "C", "D", "F")) == (("A",), ("C", "D"), ("F",))

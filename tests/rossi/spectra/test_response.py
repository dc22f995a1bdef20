"""Joining channels of redistribution matrices."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.fits.edit import with_keywords
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.spectra.channels import ChannelGroup
from rossi.spectra.response import Response, mean_response, rebin_response, weighted_sum
from rossi.spectra.response_file import contains_area, read_response, response_file


def response(rows, n_channel: int, first_channel: int = 0) -> Response:
    """Make a response from rows of groups, (first position, elements) each."""
    matrix = np.zeros((len(rows), n_channel), np.float32)
    groups = [(at, first, len(values)) for at, row in enumerate(rows) for first, values in row]
    for at, row in enumerate(rows):
        for first, values in row:
            matrix[at, first : first + len(values)] = values
    row, first, count = np.array(groups, np.int64).reshape(-1, 3).T
    energy, channel = np.arange(len(rows) + 1, dtype=np.float32), np.arange(n_channel + 1, dtype=np.float32)
    edges = (channel[:-1], channel[1:])
    return Response("r.rmf", energy[:-1], energy[1:], matrix, row, first, count, *edges, first_channel)


def groups(*triples: tuple[int, int, int]) -> list[ChannelGroup]:
    return [ChannelGroup(*triple) for triple in triples]


EIGHT = response([[(0, np.arange(1, 9) / 10)], [], [(12, [1, 2, 3, 4])]], 16)


def test_it_says_what_it_is_in_a_line():
    assert repr(EIGHT) == "<Response r.rmf, 3 energies, 16 channels, 0 to 16 keV>"


def test_sums_of_the_reference():
    made = rebin_response(EIGHT, groups((0, 3, 4), (4, 7, 2), (8, 15, 8)))
    np.testing.assert_allclose(made.matrix, [[1.0, 1.1, 1.5, 0], [0] * 4, [0, 0, 0, 10]], rtol=1e-6)
    np.testing.assert_array_equal(np.column_stack((made.row, made.first, made.count)), [[0, 0, 3], [2, 3, 1]])
    np.testing.assert_array_equal(np.column_stack((made.e_min, made.e_max)), [[0, 4], [4, 6], [6, 8], [8, 16]])


def test_groups_name_channels_from_the_first_one_on():
    later = replace(EIGHT, first_channel=3)
    made = rebin_response(later, groups((3, 6, 4), (7, 10, 2), (11, 18, 8)))
    np.testing.assert_array_equal(made.matrix, rebin_response(EIGHT, groups((0, 3, 4), (4, 7, 2), (8, 15, 8))).matrix)
    assert made.first_channel == 3
    for wrong in ((2, 5), (16, 19)):
        with pytest.raises(DataError, match=f"has the channels 3 to 18, but channels {wrong[0]} to {wrong[1]} shall"):
            rebin_response(later, groups((*wrong, 4)))


def test_channels_are_left_out():
    made = rebin_response(EIGHT, groups((0, 1, -1), (2, 7, 2), (8, 11, 4), (12, 15, -1)), 1)
    np.testing.assert_allclose(made.matrix[0], [0.7, 1.1, 1.5, 0], rtol=1e-6)
    np.testing.assert_array_equal(made.row, [0])
    assert made.first_channel == 1


def test_unnamed_channels_stay():
    made = rebin_response(EIGHT, groups((4, 7, 4)))
    assert made.matrix.shape == (3, 13)
    np.testing.assert_allclose(made.matrix[0, :6], [0.1, 0.2, 0.3, 0.4, 2.6, 0], rtol=1e-6)


def test_a_channel_of_two_groups_goes_to_the_one_with_more_of_it():
    both = response([[(0, [1, 1, 1, 1, 1]), (7, [1, 1, 1, 1, 1])], [(0, [1]), (1, [1])]], 12)
    made = rebin_response(both, groups((0, 3, 4), (4, 7, 4), (8, 11, 4)))
    np.testing.assert_array_equal(made.matrix, [[4, 2, 4], [2, 0, 0]])
    np.testing.assert_array_equal(
        np.column_stack((made.row, made.first, made.count)), [[0, 0, 2], [0, 2, 1], [1, 0, 1]]
    )


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_elements_are_conserved(sizes, seed):
    n = sum(size * size for size in sizes)
    values = np.random.default_rng(seed).integers(0, 100, (3, n)).astype(np.float32)
    full = response([[(0, row)] for row in values], n)
    edges = np.concatenate(([0], np.cumsum(np.square(sizes))))
    triples = [(a, b - 1, size) for a, b, size in zip(edges[:-1], edges[1:], sizes, strict=True)]
    made = rebin_response(full, groups(*triples))
    assert made.matrix.shape[1] == sum(sizes)
    np.testing.assert_array_equal(made.matrix.sum(axis=1), values.sum(axis=1))
    np.testing.assert_array_equal(made.count, sum(sizes))


@pytest.mark.parametrize(
    ("triple", "error", "words"),
    [
        ((0, 4, 2), ConfigError, "factor 2 does not divide the 5 channels from 0 to 4"),
        ((0, 4, 0), ConfigError, "factor 0 does not divide the 5 channels from 0 to 4"),
        ((0, 3, -2), ConfigError, "factor -2 does not divide the 4 channels from 0 to 3"),
        ((0, 16, 1), DataError, "has the channels 0 to 15, but channels 0 to 16"),
    ],
)
def test_groups_that_do_not_fit(triple, error, words):
    with pytest.raises(error, match=words):
        rebin_response(EIGHT, groups(triple))
    with pytest.raises(DataError, match="channels 3 to 4 are named twice"):
        rebin_response(EIGHT, groups((0, 3, 4), (3, 4, 2)))
    with pytest.raises(DataError, match="has the channels 1 to 16, but channels 0 to 3"):
        rebin_response(response([[(0, [1.0])]], 16, 1), groups((0, 3, 4)))


def test_means_keep_all_that_one_of_them_stores():
    one, other = response([[(0, [4, 0, 8])], []], 4), response([[(1, [8])], [(2, [2, 6])]], 4)
    made = mean_response([one, other], [0.25, 0.5])
    np.testing.assert_array_equal(made.matrix, [[1, 4, 2, 0], [0, 0, 1, 3]])
    np.testing.assert_array_equal(np.column_stack((made.row, made.first, made.count)), [[0, 0, 3], [1, 2, 2]])
    with pytest.raises(DataError, match=r"r\.rmf: E_MAX differs"):
        mean_response([one, replace(other, e_max=other.e_max + 1)], [1, 1])


def test_sums_store_what_is_above_the_threshold():
    one, other = response([[(0, [4, 1, 8])], []], 4), response([[(1, [8])], [(2, [2, 6])]], 4)
    made = weighted_sum([one, other], [0.25, 0.5], 1.0)
    np.testing.assert_array_equal(made.matrix, [[0, 4.25, 2, 0], [0, 0, 0, 3]])
    np.testing.assert_array_equal(np.column_stack((made.row, made.first, made.count)), [[0, 1, 2], [1, 3, 1]])
    np.testing.assert_array_equal(weighted_sum([one], [0.5], 3.0).matrix, [[2, 0.5, 4, 0], [0] * 4])
    for wrong, said in (
        (replace(other, first_channel=1), "2 energies and 4 channels from 1"),
        (response([[], [], []], 4), "3 energies and 4 channels from 0"),
        (response([[], []], 5), "2 energies and 5 channels from 0"),
    ):
        with pytest.raises(DataError) as error:
            weighted_sum([one, replace(wrong, name="s.rmf")], [1, 1], 0)
        assert str(error.value) == f"s.rmf: {said} on, but r.rmf has 2 and 4 from 0 on; give responses alike."
    with pytest.raises(DataError, match="ENERG_HI differs"):
        weighted_sum([one, replace(other, energ_hi=other.energ_hi * np.float32(1.001))], [1, 1], 0)


def file_of(made: Response, tmp_path) -> bytes:
    """Write a response as a file by way of one without meaning that lends its keywords."""
    matrix = table_hdu("MATRIX", [(Column("X", "J"), np.zeros(1))], [("TELESCOP", "XTE"), ("LO_THRES", 1e-6)])
    return response_file(made, open_fits(fits_bytes(primary_hdu(), [matrix]), "r.rmf"))


@pytest.mark.parametrize("first_channel", [0, 1])
def test_files_come_back_as_they_were(tmp_path, first_channel):
    rows = [[(0, [1, 2]), (5, [3])], [], [(2, [4, 5, 6])]]
    made = response(rows, 8, first_channel)
    data = file_of(made, tmp_path)
    (tmp_path / "r.rmf").write_bytes(data)
    with fits.open(tmp_path / "r.rmf", checksum=True) as hdus:
        header = hdus["MATRIX"].header
        assert (header["NUMGRP"], header["NUMELT"], header["DETCHANS"], header["TLMIN4"]) == (3, 6, 8, first_channel)
        assert (header["TELESCOP"], header["LO_THRES"]) == ("XTE", 1e-6)
        np.testing.assert_array_equal(hdus["MATRIX"].data["N_GRP"], [2, 0, 1])
    again, _ = read_response(data, "r.rmf")
    for name in ("matrix", "row", "first", "count", "energ_lo", "energ_hi", "e_min", "e_max", "first_channel"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name), err_msg=name)


def test_what_is_no_response(tmp_path):
    with pytest.raises(DataError, match=r"x: not a FITS file"):
        read_response(b"nonsense", "x")
    data = file_of(response([[(0, [1.0])]], 4), tmp_path)
    hdus = fits.HDUList.fromstring(data)
    (tmp_path / "x").write_bytes(b"")
    hdus[:2].writeto(tmp_path / "x", overwrite=True)
    with pytest.raises(DataError, match="extension EBOUNDS is missing; found MATRIX"):
        read_response((tmp_path / "x").read_bytes(), "x")
    wrong = file_of(response([[(2, [1.0, 1.0])]], 4), tmp_path)
    few = file_of(response([[(0, [1.0])]], 2), tmp_path)
    with pytest.raises(DataError, match="in channels that EBOUNDS"):
        read_response(wrong, "x", few)


def table_of(n_grp=(1, 2), f_chan=((0, 0), (0, 3)), n_chan=((2, 0), (1, 2)), matrix=((1, 2, 0), (3, 4, 5)), **more):
    """A matrix of two energies and five channels; each column may be replaced, with its TFORM."""
    given = {
        "ENERG_LO": ("E", [1, 2]),
        "ENERG_HI": ("E", [2, 3]),
        "N_GRP": ("I", n_grp),
        "F_CHAN": ("2I", f_chan),
        "N_CHAN": ("2I", n_chan),
        "MATRIX": ("3E", matrix),
    }
    columns = [(Column(name, form), np.array(values)) for name, (form, values) in (given | more).items()]
    edges = [(Column("CHANNEL", "I"), range(5)), *((Column(k, "E"), np.arange(5)) for k in ("E_MIN", "E_MAX"))]
    tables = [table_hdu("MATRIX", columns, [("TLMIN4", 0)]), table_hdu("EBOUNDS", edges)]
    return fits_bytes(primary_hdu(), tables)


def test_elements_in_cells_of_fixed_length():
    """What is stored behind the last element of a row's groups belongs to no channel."""
    made, _ = read_response(table_of(), "r.rmf")
    np.testing.assert_array_equal(made.matrix, [[1, 2, 0, 0, 0], [3, 0, 0, 4, 5]])


@pytest.mark.parametrize(
    ("kind", "full"),
    [("FULL", True), (" full", True), ("DETECTOR", False), ("REDIST", False), ("Z", False), ("", False)],
)
def test_matrices_that_contain_the_area(kind, full):
    assert contains_area(open_fits(with_keywords(table_of(), "r", 1, [("HDUCLAS3", kind)]), "r")) is full
    assert not contains_area(open_fits(table_of(), "r"))


def test_groups_without_elements_may_begin_anywhere():
    made, _ = read_response(
        table_of(f_chan=((0, 0), (9, 3)), n_chan=((2, 0), (0, 2)), matrix=((1, 2, 0), (4, 5, 0))), "r.rmf"
    )
    np.testing.assert_array_equal(made.matrix, [[1, 2, 0, 0, 0], [0, 0, 0, 4, 5]])


def test_the_first_channel_is_1_where_nothing_is_told():
    silent = table_of(f_chan=((1, 0), (1, 4))).replace(b"TLMIN4  ", b"TLMIN44 ")
    made, _ = read_response(silent, "r.rmf")
    assert made.first_channel == 1
    np.testing.assert_array_equal(made.matrix, [[1, 2, 0, 0, 0], [3, 0, 0, 4, 5]])


def test_matrices_without_elements():
    bare = response([[], []], 4)
    source = read_response(table_of(), "r.rmf")[1]
    (table, _) = open_fits(response_file(bare, source), "r.rmf").tables
    assert [table.header[f"TFORM{n}"].strip() for n in (4, 5, 6)] == ["1I", "1I", "PE(0)"]
    assert read_response(response_file(bare, source), "r.rmf")[0].matrix.tolist() == [[0] * 4] * 2
    joined = rebin_response(bare, groups((0, 3, 4)))
    assert (joined.matrix.tolist(), len(joined.row), len(joined.first), len(joined.count)) == ([[0], [0]], 0, 0, 0)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"n_grp": (1, -1)}, "row 2 asks for -1 in column N_GRP"),
        ({"n_grp": (1, 3)}, "row 2 asks for 3 in column F_CHAN, where 0 to 2"),
        ({"n_grp": (32767, 32767)}, "row 1 asks for 32767 in column N_GRP, where 0 to 5"),
        ({"n_chan": ((2, 0), (1, 3))}, "begins 3 behind the first channel, in channels that EBOUNDS"),
        ({"n_chan": ((2, 0), (-1, 2))}, "a group of -1 elements"),
        ({"n_chan": ((4, 0), (1, 2))}, "row 1 asks for 4 in column MATRIX, where 0 to 3"),
        ({"f_chan": ((0, 0), (-1, 3))}, "begins -1 behind the first channel"),
        ({"N_GRP": ("E", [1, np.nan])}, "column N_GRP has numbers that are not finite"),
        ({"N_GRP": ("D", [1, 1e300])}, "column N_GRP has numbers that are not finite"),
        ({"N_GRP": ("3I", np.ones((2, 3)))}, "column N_GRP is I; one number a row"),
        ({"F_CHAN": ("4A", ["a", "b"])}, "column F_CHAN is of type A"),
        ({"ENERG_LO": ("2E", np.ones((2, 2)))}, "column ENERG_LO is E; one number a row"),
        ({"MATRIX": ("3A", ["a", "b"])}, "column MATRIX is of type A"),
    ],
)
def test_damaged_matrices(damage, words):
    with pytest.raises(DataError, match=words):
        read_response(table_of(**damage), "r.rmf")


def test_matrices_that_would_fill_the_memory():
    """A file of 2 MB whose tables stand for 10^10 elements."""
    n = 100_000
    columns = [(Column(name, form), np.zeros(n)) for name, form in (("N_GRP", "I"), ("E_MIN", "E"), ("E_MAX", "E"))]
    columns += [(Column(name, "I"), np.zeros(n)) for name in ("F_CHAN", "N_CHAN", "MATRIX", "ENERG_LO", "ENERG_HI")]
    tables = [table_hdu(name, columns) for name in ("MATRIX", "EBOUNDS")]
    with pytest.raises(DataError, match="100000 energies and 100000 channels make a matrix of 10000000000 elements"):
        read_response(fits_bytes(primary_hdu(), tables), "r.rmf")


def test_channels_that_sixteen_bits_do_not_hold():
    made, source = read_response(table_of(), "r.rmf")
    for first, said in ((32763, "a group of 2"), (32764, "channels are 32764 to 32768; channels up to 32767 were")):
        with pytest.raises(DataError, match=said):
            read_response(with_keywords(table_of(), "r.rmf", 1, [("TLMIN4", first)]), "r.rmf")
    with pytest.raises(ConfigError, match="the channels shall be 32764 to 32768"):
        response_file(replace(made, first_channel=32764), source)

"""The mean response of spectra, worked out by hand: two matrices of two energies and three channels."""

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.fits.edit import with_keywords
from rossi.spectra.area import EffectiveArea
from rossi.spectra.mean_response import MeanResponse, area_in
from rossi.spectra.response_file import read_response
from tests.rossi.hexte.material import area, bytes_of, matrix_file

ENERGIES, EDGES = [1.0, 2.0, 4.0], np.array([1.0, 2.0, 3.0, 4.0])
ELEMENTS = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]]), np.array([[2.0, 0.0, 0.0], [1e-12, 1.0, 1.0]])


def behind(*values):
    energies = np.array(ENERGIES, np.float32)
    return EffectiveArea("arf", energies[:-1], energies[1:], np.array(values, np.float32))


@pytest.fixture
def mean():
    """100 s of one matrix behind 10 and 20 cm**2, 300 s of another, whose channels are 0.4 keV higher."""
    made, moved = MeanResponse(), EDGES + 0.4
    files = {
        "a.rmf": matrix_file(ELEMENTS[0], ENERGIES, EDGES, E2CFILE="first"),
        "b.rmf": matrix_file(ELEMENTS[1], ENERGIES, moved, E2CFILE="second"),
    }
    for number, kind in ((1, "RSP_MATRIX"), (2, "EBOUNDS")):
        files["a.rmf"] = with_keywords(files["a.rmf"], "a.rmf", number, [("HDUCLAS2", kind)])
    for (name, data), (values, exposure) in zip(files.items(), (((10, 20), 100), ((40, 80), 300)), strict=True):
        made.add(name, data, behind(*values), exposure)
    made.edges("looked_at.rmf", files["a.rmf"])
    return made


def test_a_mean_is_weighted_by_exposure_and_area(mean):
    expected = (ELEMENTS[0] * [[10], [20]] * 100 + ELEMENTS[1] * [[40], [80]] * 300) / 400
    expected[1, 0] = 0  # 1e-12 of the largest element is not stored
    made = mean.response()
    np.testing.assert_allclose(made.matrix, expected, rtol=1e-6)
    np.testing.assert_array_equal(np.column_stack((made.row, made.first, made.count)), [[0, 0, 2], [1, 1, 2]])
    np.testing.assert_allclose([made.e_min, made.e_max], [EDGES[:-1] + 0.3, EDGES[1:] + 0.3], rtol=1e-6)
    assert (mean.exposure, mean.names) == (400, ("a.rmf", "b.rmf"))
    assert [mean.moved(energy) for energy in (2.0, 2.5)] == pytest.approx([0.0, 0.4], abs=1e-6)


def test_its_file_says_what_is_in_it(mean):
    data = mean.file("a sentence")
    again, file = read_response(data, "mean.rsp")
    np.testing.assert_array_equal(again.matrix, mean.response().matrix)
    matrix, nominal = (file.table(name).header for name in ("SPECRESP MATRIX", "EBOUNDS"))
    assert (matrix["HDUCLAS3"], matrix["E2CFILE"], matrix["DETNAM"]) == ("FULL", "first, second", "PWA")
    assert (matrix["HDUCLAS2"], nominal["HDUCLAS2"]) == ("RSP_MATRIX", "EBOUNDS")
    told = [bytes(image).decode() for keyword, image in matrix.images() if keyword == "HISTORY"]
    said = ("a sentence", "mean of 2 matrices, with areas, weighted by exposure", "a.rmf", "b.rmf")
    assert [line[8:].strip() for line in told] == list(said)


def test_responses_that_are_not_alike_have_no_mean(mean):
    for elements, energies, edges in (
        (np.ones((2, 2)), ENERGIES, EDGES[:-1]),
        (np.ones((2, 3)), [1.0, 2.0, 5.0], EDGES),
        (np.ones((2, 3)), [0.5, 2.0, 4.0], EDGES),
    ):
        with pytest.raises(DataError, match=r"c\.rmf: other photon energies or channels than a\.rmf"):
            mean.add("c.rmf", matrix_file(elements, energies, edges), behind(1, 1), 1.0)
    with pytest.raises(DataError, match="no response was added"):
        MeanResponse().response()


def test_an_area_of_a_file():
    made = area_in(bytes_of(area(ENERGIES, [10.0, 20.0])), "x.arf")
    assert (made.energ_lo.tolist(), made.energ_hi.tolist(), made.area.tolist()) == ([1, 2], [2, 4], [10, 20])

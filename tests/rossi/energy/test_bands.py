"""Bands in keV: which channels they are, and which energies these have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.energy import epochs
from rossi.energy.band_history import band_history
from rossi.energy.bands import (
    CHANNEL_STARTS,
    STANDARD2_STARTS,
    EnergyBand,
    band_of,
    bands_by_epoch,
    bins_of,
    channel_energies,
)
from rossi.energy.built_in import built_in_table
from rossi.errors import ConfigError

TABLE = built_in_table()
JANUARY_2001 = 51924.0


def test_bins_of_standard2():
    assert len(STANDARD2_STARTS) == 130
    assert STANDARD2_STARTS[:3] == (0, 5, 6)
    assert STANDARD2_STARTS[49:53] == (53, 54, 56, 58)
    assert STANDARD2_STARTS[90:93] == (134, 136, 139)
    assert STANDARD2_STARTS[124:] == (235, 238, 242, 246, 250, 256)


def test_a_band_has_the_nearest_edges():
    """2 and 10 keV are at the channel coordinates 4.37 and 23.63 of PCU 2, so the edges 4.5 and 23.5 are nearest."""
    law = TABLE.law(2, 3, JANUARY_2001)
    np.testing.assert_allclose(law.channel([2.0, 10.0]), [4.37, 23.63], atol=0.005)
    made = band_of(EnergyBand(2, 10), TABLE, 2, JANUARY_2001, CHANNEL_STARTS)
    assert (made.first, made.last) == (5, 23)
    np.testing.assert_allclose([made.emin, made.emax], [2.05442, 9.94659], rtol=1e-5)


def test_whole_bins_of_standard2():
    """15 keV lies in channel 36, a bin of its own; 60 keV is at 138.6, and 138.5 is the edge of a bin of three."""
    made = band_of(EnergyBand(15, 60), TABLE, 2, JANUARY_2001)
    assert (made.first, made.last, made.first_bin, made.last_bin) == (36, 138, 32, 91)
    np.testing.assert_allclose([made.emin, made.emax], [14.9814, 59.9518], rtol=1e-5)
    first, last, low, high = channel_energies(TABLE, 2, JANUARY_2001)
    assert (first[91], last[91]) == (136, 138)
    np.testing.assert_allclose([low[91], high[91]], [58.5939, 59.9518], rtol=1e-5)


@pytest.mark.parametrize("starts", [CHANNEL_STARTS, STANDARD2_STARTS])
def test_a_band_beyond_the_channels_ends_with_them(starts):
    made = band_of(EnergyBand(0, 1000), TABLE, 2, JANUARY_2001, starts)
    assert (made.first, made.last, made.first_bin, made.last_bin) == (0, 255, 0, len(starts) - 2)
    lower, upper = TABLE.law(2, 3, JANUARY_2001).edges()
    assert (made.emin, made.emax) == (lower[0], upper[-1])


def test_by_epoch_and_pcu():
    """2-9 keV: as the gain falls from epoch to epoch, so do the channels; its energies stay within half a bin."""
    made = bands_by_epoch(EnergyBand(2, 9), TABLE)
    assert set(made) == {(epoch, pcu) for epoch in range(1, 6) for pcu in range(5)}
    of_pcu2 = [(made[epoch, 2].first, made[epoch, 2].last) for epoch in range(1, 6)]
    assert of_pcu2 == [(7, 33), (6, 28), (6, 24), (5, 21), (5, 21)]
    for band in made.values():
        assert abs(band.emin - 2) < 0.25
        assert abs(band.emax - 9) < 0.25


@given(
    st.floats(1.0, 100.0),
    st.floats(2.0, 20.0),
    st.floats(2.0, 20.0),
    st.integers(0, 4),
    st.floats(50090.0, 55900.0),
    st.sampled_from([CHANNEL_STARTS, STANDARD2_STARTS]),
)
def test_bands_that_touch_share_an_edge(low, width, more, pcu, mjd, starts):
    top = float(TABLE.law(pcu, 3, mjd).edges()[1][-1])
    middle = min(low + width, top - 3)
    first = band_of(EnergyBand(min(low, middle - 2.5), middle), TABLE, pcu, mjd, starts)
    second = band_of(EnergyBand(middle, min(middle + more, top)), TABLE, pcu, mjd, starts)
    assert second.first == first.last + 1
    assert second.emin == pytest.approx(first.emax, rel=1e-6)
    for band in (first, second):
        assert (band.first, band.last + 1) == (starts[band.first_bin], starts[band.last_bin + 1])


def test_spells_cover_the_mission():
    spells = band_history(EnergyBand(2, 9), TABLE, 2)
    assert [spell.epoch for spell in spells] == [1, 2, 3, 4, 5, 5]
    assert [(spell.channels.first, spell.channels.last) for spell in spells[-2:]] == [(5, 21), (6, 21)]
    edges = [spell.start for spell in spells] + [spells[-1].stop]
    assert edges[:5] == list(epochs.STARTS)
    assert [spell.stop for spell in spells] == edges[1:]
    for spell in spells:
        assert spell.emin[0] <= spell.channels.emin <= spell.emin[1]


def test_bands_by_the_bounds_of_a_response():
    edges = np.array([14.5, 15.5, 17.0, 20.0, 30.0, 60.0])
    assert bins_of(EnergyBand(15.2, 26), edges[:-1], edges[1:], "h.rmf") == (1, 3, 15.5, 30.0)
    assert bins_of(EnergyBand(26, 61), edges[:-1], edges[1:], "h.rmf") == (4, 4, 30.0, 60.0)
    with pytest.raises(ConfigError, match=r"narrower than half a bin of h\.rmf"):
        bins_of(EnergyBand(40, 44), edges[:-1], edges[1:], "h.rmf")
    assert bins_of(EnergyBand(10, 20), edges[1:2], edges[2:3], "h.rmf") == (0, 0, 15.5, 17.0)
    for band, one, other in ((70, 80, edges), (60, 80, edges), (10, 14.5, edges), (10, 20, edges[:1])):
        with pytest.raises(ConfigError, match=r"outside the energies of h\.rmf"):
            bins_of(EnergyBand(band, one), other[:-1], other[1:], "h.rmf")


@pytest.mark.parametrize("text", ["2-9keV", "2-9", " 2.0 - 9. KEV "])
def test_bands_are_read(text):
    assert EnergyBand.parse(text) == EnergyBand(2, 9)
    assert str(EnergyBand(2, 9)) == "2-9keV"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: EnergyBand.parse("2:9"), "'2:9' is no band of energies"),
        (lambda: EnergyBand.parse("9-2keV"), "a band of 9 to 2 keV"),
        (lambda: EnergyBand(2, float("nan")), "a band of 2 to nan keV"),
        (lambda: band_of(EnergyBand(200, 300), TABLE, 2, JANUARY_2001), "200-300keV: the channels of PCU 2"),
        (lambda: band_of(EnergyBand(5, 5.05), TABLE, 2, JANUARY_2001), "bins there are 0.41 keV wide"),
    ],
)
def test_bands_that_make_no_sense(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


def test_epochs_by_day():
    assert [epochs.epoch_of(day) for day in (50000.0, 50163.77, 50163.78, 51677.0, 55000.0)] == [1, 1, 2, 5, 5]
    assert epochs.span(5) == (51677.0, epochs.END)
    assert [epochs.epoch_of(day) for day in epochs.REPRESENTATIVE] == [1, 2, 3, 4, 5]
    assert epochs.calendar_day(51677.9) == "2000-05-13"

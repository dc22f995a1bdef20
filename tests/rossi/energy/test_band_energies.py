"""What becomes of a band in keV: channels of each detector, true energies, and what products tell of them."""

import io
from dataclasses import replace

import pytest
from astropy.io import fits

from rossi.energy.band_energies import check_band, cut_off, hexte_energies, pca_energies
from rossi.energy.bands import STANDARD2_STARTS, EnergyBand, NoChannels
from rossi.energy.built_in import built_in_table
from rossi.extract.channels import parse_channels
from rossi.extract.energies import energies_of, energies_table, joined_energies
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes, primary_hdu

TABLE = built_in_table()
STANDARD2 = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
#: 1998-03-01 and 1996-02-20.
EPOCH_3, EPOCH_1 = 50873.0, 50133.0


def test_edges_are_those_of_the_table():
    """E_MIN of PCU 2 on 1998-03-01: 2.13568 of channel 6 and 1.77942 of 5; 8.945 of channel 25 and 9.30554 of 26."""
    (edge,) = pca_energies(EnergyBand(2, 9), TABLE, EPOCH_3, (2,)).edges
    assert (edge.epoch, edge.detector, edge.first, edge.last) == (3, "PCU2", 6, 24)
    assert (edge.emin, edge.emax) == (pytest.approx(2.13568, rel=1e-5), pytest.approx(8.945, rel=1e-5))


def test_bands_of_hexte_that_touch_do_not_overlap():
    low, high = (hexte_energies(EnergyBand(*ends)).edges[0] for ends in ((15, 29), (29, 64)))
    assert (low.first, low.last, high.first, high.last) == (16, 29, 30, 63)
    edges = hexte_energies(EnergyBand(15, 60)).edges
    assert [(one.detector, one.epoch, one.start, one.stop) for one in edges] == [
        (name, 0, 50083.0, 55931.0)
        for name in ("PWA", "PWB")  # the gain is the same through the mission
    ]
    assert {(one.emin, one.emax, one.emin_stop, one.emax_stop) for one in edges} == {(16, 60, 16, 60)}


def test_a_band_that_nothing_holds_is_refused():
    check_band(EnergyBand(2, 9), "PCA")
    check_band(EnergyBand(2, 2.1), "PCA")  # of some PCU in some epoch an edge lies in it
    with pytest.raises(NoChannels, match=r"No gain epoch has channels for it. 150-160keV: the channels of PCU 0"):
        check_band(EnergyBand(150, 160), "PCA")
    with pytest.raises(NoChannels, match="256-300keV: lies outside the energies of HEXTE's archive mode"):
        check_band(EnergyBand(256, 300), "HEXTE")


def test_a_band_that_reaches_beyond_the_channels_is_told():
    """In epoch 1 the channels of PCU 2 end at 73.63 keV, the last element begins at 71.74: half of it is no matter."""
    for end, told in ((73, 0), (74.5, 0), (74.65, 1)):
        assert len(cut_off(pca_energies(EnergyBand(2, end), TABLE, EPOCH_1, (2,)), TABLE, EPOCH_1)) == told
    first = pca_energies(EnergyBand(0, 9), TABLE, EPOCH_1, (2,))
    assert parse_channels(STANDARD2)[:, 0].tolist() == list(STANDARD2_STARTS[:-1])
    later = replace(first, edges=(replace(first.edges[0], emin=1.0),))
    for begin, told in ((0.35, 0), (0.33, 1)):  # the first element has 0.03127 to 1.35182 keV
        assert len(cut_off(replace(later, emin=begin), TABLE, EPOCH_1)) == told
    (remark,) = cut_off(pca_energies(EnergyBand(2, 90), TABLE, EPOCH_1, (2,)), TABLE, EPOCH_1)
    assert "what is counted is 1.88 to 73.63 keV" in remark.message


def test_what_a_file_tells_reads_back():
    energies = pca_energies(EnergyBand(2, 9), TABLE, EPOCH_3)
    data = fits_bytes(primary_hdu(), [energies_table(energies)])
    assert energies_of(open_fits(data, "x.lc")) == energies
    with fits.open(io.BytesIO(data), checksum=True) as file:
        header, rows = file["ENERGIES"].header, file["ENERGIES"].data
        assert (header["E_MIN"], header["E_MAX"], header["EUNIT"]) == (2, 9, "keV")
        assert len(header["COMMENT"]) == 2
        assert rows["DETNAM"].tolist() == [f"PCU{n}" for n in range(5)]
        assert rows["E_MAX"][2] == pytest.approx(8.945, rel=1e-5)


def test_spells_of_the_same_channels_are_one_row():
    """Over ten days of epoch 3 a gain drifts, and the channels stay; in epoch 1 they are others."""
    days = (EPOCH_3, EPOCH_3 + 10, EPOCH_1)
    first, second, other = (pca_energies(EnergyBand(2, 9), TABLE, day, (2,)) for day in days)
    assert joined_energies([]) is None
    joined = joined_energies([second, other, first, first])
    assert joined is not None
    assert [(edge.epoch, edge.start, edge.stop) for edge in joined.edges] == [
        (1, EPOCH_1, EPOCH_1),
        (3, EPOCH_3, EPOCH_3 + 10),
    ]
    last, a, b = joined.edges[-1], first.edges[0], second.edges[0]
    assert a.emin != b.emin
    assert (last.emin, last.emax, last.emin_stop, last.emax_stop) == (a.emin, a.emax, b.emin, b.emax)
    assert joined_energies([replace(first, table="x"), second]).table == f"x, {TABLE.name}"

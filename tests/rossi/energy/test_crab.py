"""What the Crab gives in a PCU: its spectrum through the response of the day."""

import pytest

from rossi.energy import epochs
from rossi.energy.built_in import built_in_table
from rossi.energy.crab import CRAB, SHARED_DAYS, _shared_day, crab_rate
from rossi.energy.folding import fold
from rossi.energy.layers import ALL_XENON, CODES
from rossi.energy.pca_response import PcaResponseRequest, pca_response

JANUARY_2001 = 51924.0


def test_it_is_the_spectrum_through_the_response():
    table = {2: built_in_table().extension(pcu=2, mjd=JANUARY_2001)}
    response = pca_response(PcaResponseRequest(_shared_day(JANUARY_2001), (ALL_XENON,), {2: 1.0}), table, cubes={})
    counts = fold(response, CRAB.photons(response.energ_lo, response.energ_hi))
    assert crab_rate(2, JANUARY_2001, 5, 21) == pytest.approx(counts[5:22].sum(), rel=1e-5)
    assert 2200 < crab_rate(2, JANUARY_2001, 0, 255) < 2600


def test_layers_add_up():
    layers = [crab_rate(2, JANUARY_2001, 5, 21, (CODES[name],)) for name in ("L1", "R1", "LR2", "LR3")]
    assert layers[0] == layers[1]
    assert sum(layers) == pytest.approx(crab_rate(2, JANUARY_2001, 5, 21), rel=1e-4)


def test_days_that_share_a_response_are_of_one_epoch():
    for start in (*epochs.STARTS, 53000.0, epochs.END):
        for day in (start, start + 0.5 * SHARED_DAYS, start - 1e-6):
            shared = _shared_day(max(day, epochs.STARTS[0]))
            assert epochs.epoch_of(shared) == epochs.epoch_of(day)
            assert abs(shared - day) <= SHARED_DAYS

"""End to end: a pulsar in GoodXenon has its period and phase at the barycentre, and is smeared out without it."""

import subprocess
import sys

import numpy as np
import pytest

from rossi.fits.reader import open_fits
from tests.rossi.timing.pulsar import PULSE, listed, of_campaign, period_of, phases, profile, short_observation

SETTINGS = """
[timing]
barycentre = "column"

[campaign]
instruments = ["pca"]
products = ["events"]
executor = "inline"
"""


def check(observed):
    """Check what the tutorial of docs/howto/timing.md shows."""
    pulse = observed.pulse
    period, error = period_of(pulse, observed.there)
    assert abs(period - pulse.period) < 3 * error
    there, errors = phases(pulse, observed.there)
    here, _ = phases(pulse, observed.here)
    assert np.abs(there).max() < 0.01 + 2 * np.maximum(errors - 0.003, 0).max()
    assert np.abs(here).max() > 0.2
    sharp, smeared = (np.ptp(profile(pulse, times)) for times in (observed.there, observed.here))
    assert sharp > 2 * smeared
    return sharp


def test_a_few_short_observations():
    files = [open_fits(short_observation(number), f"{number}.evt") for number in range(4)]
    observed = listed(PULSE, files)
    assert {len(times) > 30_000 for times in observed.there} == {True}
    assert check(observed) > 0.7
    _, errors = phases(PULSE, observed.there)
    assert errors.max() < 0.003


@pytest.mark.long
def test_forty_observations_of_a_campaign(tmp_path):
    def rossi(*words):
        subprocess.run([sys.executable, "-m", "flows.cli", *words], cwd=tmp_path, check=True, capture_output=True)

    rossi("simulate", "--out", "archive", "--observations", "40", "--configurations", "goodxenon")
    settings = (tmp_path / "archive/rossi.toml").read_text()
    (tmp_path / "rossi.toml").write_text(settings + SETTINGS)
    rossi("campaign", "--config", "rossi.toml", "--store", "store", "--out", "out")
    observed = of_campaign(tmp_path / "archive", tmp_path / "out")
    assert len(observed.there) == 40
    check(observed)
    _, errors = phases(observed.pulse, observed.there)
    assert errors.max() < 0.004

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rossi.pca.background.channels import channel_weights, drifted, expand

S = (1000 * np.exp(-np.arange(129) / 30)).astype(np.float32)


def test_weights_inside_elements():
    weights = channel_weights(S)
    expected = {
        **{54: 1.1178531647, 55: 0.8821468353, 136: 1.0883791447, 138: 0.9116208553, 237: 0.9446619749},
        **{238: 1.0719393492, 241: 0.9280605912, 249: 0.9189857841},
    }
    assert {c: float(weights[c]) for c in expected} == pytest.approx(expected, abs=6e-8)
    assert (weights[:54] == 1).all()
    assert (weights[250:] == 1).all()


def test_expansion_to_channels():
    expected = {
        **{0: 200.0, 5: 967.21612549, 53: 195.27755737, 54: 105.56759644, 55: 83.30801392, 136: 17.46849823},
        **{138: 14.63152599, 238: 4.15479755, 241: 3.59712887, 250: 2.33854556},
    }
    full = expand(S)
    assert full.dtype == np.float32
    assert {c: float(full[c]) for c in expected} == pytest.approx(expected, rel=1e-8)
    assert full.astype(float).sum() == pytest.approx(30088.8027, abs=1e-3)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (
            0.01,
            {
                **{0: 1000.0, 1: 918.85534668, 2: 927.73730469, 49: 196.76663208, 50: 246.5532989502, 51: 176.87184143},
                **{90: 51.94131851, 91: 59.75456238, 125: 18.79601288, 127: 15.27672386, 128: 22.32572937},
            },
        ),
        (
            -0.01,
            {
                **{0: 1048.36083984, 1: 974.98577881, 2: 942.71514893, 49: 148.78695679, 50: 183.44659424},
                **{51: 182.77427673, 90: 38.38528061, 91: 46.21548843, 125: 14.80112171, 127: 4.86138344},
                **{128: 14.02846718},
            },
        ),
    ],
)
def test_gain_drift(factor, expected):
    moved = drifted(np.stack([S, np.zeros_like(S)]), factor)
    assert {c: float(moved[0, c]) for c in expected} == pytest.approx(expected, rel=1e-8)
    assert not moved[1].any()


def test_weights_with_empty_and_negative_neighbours():
    empty = np.zeros(129, np.float32)
    empty[60] = 5
    assert channel_weights(empty)[74:76] == pytest.approx(1.0)  # element 60 alone
    assert (channel_weights(empty)[72:74] == 1).all()  # element 59 itself is empty
    cancelling = np.zeros(129, np.float32)
    cancelling[[59, 60, 61]] = -10, 5, 10
    # sum 0 counts as a fifth of the lower neighbour: slope = (5 + 5) / 4 / -2 * 4
    assert channel_weights(cancelling)[74:76] == pytest.approx([1 + 2.5, 1 - 2.5])
    nearly = np.zeros(129, np.float32)
    nearly[[59, 60, 61]] = -9, 5, 10  # |1| < 0.2 * 9: -1.8 in place of 1
    assert channel_weights(nearly)[74] == pytest.approx(1 + 9.5 / 4 / 1.8 * 4 / 2)


@given(arrays(np.float32, 129, elements=st.floats(0, 1e4, width=32)), st.floats(-0.004, 0.004))
def test_drift_keeps_all_counts(spectrum, factor):
    assert drifted(spectrum, factor).astype(float).sum() == pytest.approx(spectrum.astype(float).sum(), rel=1e-5)

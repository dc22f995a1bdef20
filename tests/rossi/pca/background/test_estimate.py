import math

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits
from rossi.pca.background.estimate import BackgroundOptions, estimate_background
from rossi.pca.background.model import Axis, ModelType, read_model
from rossi.pca.background.parameters import ParameterSource, following_row
from rossi.pca.standard2 import REMAINING
from tests.rossi.pca.background.material import (
    START,
    axis,
    component,
    filter_file,
    flat,
    model,
    model_bytes,
    saa_history,
    standard2,
)

DATES = {"CVSD0001": "1998-01-01", "CVED0001": "1998-12-31"}  # START is 1998-10-03


def source(data, filters=None, saa=None):
    return ParameterSource(data.tables[0], filters and filters.tables[0], saa, 51089.0)


def x1l(result):
    return result.spectra["X1LSpecPcu0"][:, 0].tolist()


def test_components_are_added_in_order_in_single_precision():
    levels = (1e8, 1.3, 0.7)
    made = estimate_background(standard2(2), None, [model(*(component(flat(v)[0]) for v in levels))])
    total = np.float32(0)
    for level in levels:
        total = np.float32(total + np.float32(16 * float(np.float32(level))))
    assert x1l(made) == [total, total]
    assert not made.spectra["X1RSpecPcu0"].any()
    assert "VpSpecPcu0" not in made.spectra


def test_several_files_and_error_planes_and_propane():
    one = model(component(flat(1)[0], error=True), name="one.mdl")
    other = model(component(np.full(33, 2.0), spectrum="VpSpecPcu3"), name="other.mdl")
    file = standard2(2)
    made = estimate_background(file, None, [one, other], options=BackgroundOptions(propane=True, full_spectrum=True))
    assert x1l(made) == [16, 16]
    table = made.to_file().tables[0]
    assert table.column("VpSpecPcu3").tolist() == [[32.0] * 33] * 2
    assert table.column("X1LSpecPcu0").shape == (2, 256)
    history = b"".join(image for _, image in table.header.images()).decode()
    assert "one.mdl: HDUs 0" in history
    assert "other.mdl: HDUs 0" in history


def test_the_history_tells_runs_of_hdus():
    kinds = {"I": {"BGSRC": "INTERNAL"}, "E": {"BGSRC": "EXTERNAL"}}
    for kind_of_each, hdus in (("IIIEI", "0-2,4"), ("EII", "1-2"), ("IEI", "0,2"), ("E", "none")):
        parts = [component(flat(1)[0], **kinds[kind]) for kind in kind_of_each]
        made = estimate_background(
            standard2(1), None, [model(*parts)], options=BackgroundOptions(model_type=ModelType.INTERNAL)
        )
        history = b"".join(image for _, image in made.to_file().tables[0].header.images()).decode()
        assert f"test.mdl: HDUs {hdus} " in history


def test_internal_and_external_components():
    parts = [component(flat(v)[0], **kw) for v, kw in ((1, {"BGSRC": "INTERNAL"}), (2, {"BGSRC": "EXTERNAL"}), (4, {}))]
    levels = {}
    for kind in ModelType:
        made = estimate_background(standard2(1), None, [model(*parts)], options=BackgroundOptions(model_type=kind))
        levels[kind] = x1l(made)[0] / 16
    assert levels == {ModelType.INTERNAL: 1, ModelType.EXTERNAL: 2, ModelType.BOTH: 7}


def test_values_come_from_the_filter_row_at_or_after_the_row():
    filters = filter_file(START + np.array([-16.0, 0.0, 20.0, 36.0]), A=[1.0, 2.0, 3.0, np.nan])
    rows = following_row(filters.tables[0], START + np.array([-20.0, 0.0, 0.5, 20.0, 21.0, 99.0]))
    assert rows.tolist() == [0, 1, 2, 2, 3, 3]
    parts = component(flat(10, 20, 30), axis(2, "A", start=0.5))
    made = estimate_background(standard2(4), filters, [model(parts)])
    assert x1l(made) == [16 * 20, 16 * 30, 0, 0]  # an undefined parameter gives nothing


def test_null_flags_of_the_filter_file_give_nothing():
    filters = filter_file(START + 16.0 * np.arange(4), PCU0_ON=np.array([1, 0, 255, 1], np.uint8))
    parts = component(flat(1), axis(2, "PCU0_ON", start=0.5, CLOCT=0.5))
    assert x1l(estimate_background(standard2(4), filters, [model(parts)])) == [16, 0, 0, 16]


def test_a_column_of_the_data_goes_first_and_names_have_case():
    filters = filter_file(START + 16.0 * np.arange(2), VLECntPcu0=[0.0, 0.0], vlecntpcu0=[0.0, 0.0])
    data = standard2(2, scalars={"VLECntPcu0": [160, 320]})
    parts = component(flat(1, 2), axis(2, "VLECntPcu0", start=10.0, step=10.0, CUNIT="count/s"))
    assert x1l(estimate_background(data, filters, [model(parts)])) == [16, 32]
    wrong = component(flat(1), axis(2, "vleCntPcu0"))
    with pytest.raises(DataError, match=r"test.mdl\[HDU 0\]: the model's parameter vleCntPcu0 is no column of FS4a"):
        estimate_background(data, filters, [model(wrong)])


@pytest.mark.parametrize("name", ["HighXeCntPcu0", "X1LCntPcu0", "Xe_10_40_CntPcu0", "Xe8LLDCntPcu0"])
def test_parameters_that_cannot_be_worked_out(name):
    with pytest.raises(DataError, match=name):
        estimate_background(standard2(1), None, [model(component(flat(1), axis(2, name)))])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VxCntPcu1", ["VxL", "VxH", "VxLVxH"]),
        ("Xe7LLDCntPcu1", ["X1LX1R", "X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R"]),
        ("Xe6LLDCntPcu1", ["X2LX2R", "X3LX3R", "X1LX2L", "X1RX2R", "X2LX3L", "X2RX3R"]),
        ("VpX1CntPcu1", ["VpX1L", "VpX1R"]),
        ("Vx2CntPcu1", ["VxX3L", "VxX3R"]),
        ("Vx4CntPcu1", ["VxX3L", "VxX3R", "VxX2L", "VxX2R"]),
        ("Vx6CntPcu1", ["VxX3L", "VxX3R", "VxX2L", "VxX2R"]),
    ],
)
def test_sums_of_counters(name, expected):
    counts = {f"{counter}CntPcu1": 1 << n for n, counter in enumerate(REMAINING[:14])}
    counts |= {f"{counter}CntPcu1": n for n, counter in enumerate(REMAINING[14:], 1)}
    made = source(standard2(1, scalars=counts)).value(Axis(name, 1, 0, 1), None, "m")
    assert made.tolist() == [sum(counts[f"{counter}CntPcu1"] for counter in expected)]


def test_low_channels_and_three_pcus():
    spectra = {f"{anode}SpecPcu{n}": np.arange(129) == 22 for anode in ("X1L", "X2L", "X3R") for n in range(5)}
    scalars = {f"X2LX3LCntPcu{n}": 10 + n for n in range(5)}
    data = source(standard2(1, scalars=scalars, spectra=spectra))
    assert data.value(Axis("Xe9LLDCntPcu1", 1, 0, 1), None, "m").tolist() == [11 + 2]
    assert data.value(Axis("Xe9LLDCntPcu-1", 1, 0, 1), None, "m").tolist() == [10 + 11 + 12 + 6]
    assert data.value(Axis("Xe7LLDCntPcu-1", 1, 0, 1), None, "m").tolist() == [10 + 11 + 12]


def test_live_fraction_of_the_model():
    spectra = {"X1LSpecPcu2": np.arange(129) == 5, "VpSpecPcu2": 1}
    scalars = {"VLECntPcu2": 1000, **{f"{name}CntPcu2": 10 for name in REMAINING}}
    data = source(standard2(1, scalars=scalars, spectra=spectra))
    live = np.float32(1 - 1e-5 * (15 * 1000 + 27 * 10 + 6 * 1 + 33) / 16)  # ZeroCnt does not count
    assert data.live_fraction(2).tolist() == [live]
    rate = data.value(Axis("VLECntPcu2", 1, 0, 1, per_second=True, per_live_time=True), 2, "m")
    assert rate.tolist() == [float(np.float32(1000) / live) / 16]
    with pytest.raises(DataError, match="DETNAM"):
        data.value(Axis("VLECntPcu2", 1, 0, 1, per_live_time=True), None, "m")


def test_activation():
    lifetime = 100.0
    passages, doses = [-990.0, -1001.0, 0.0, 16.0, 40.0, 5.0, 70.0], [1000000, 5, 7, 11, 13, 17, 19]
    saa = saa_history(START + np.array(passages), doses)
    made = source(standard2(4), saa=saa).value(Axis("Exp_Decay", 1, 0, 1, special=lifetime), None, "m")
    expected = []
    for at in (0.0, 16.0, 32.0, 48.0):
        total = np.float32(0)
        for passage, dose in zip(passages, doses, strict=True):
            if -1000.0 <= passage <= 48.0 and passage < at:  # one at the start of a row does not count
                total = np.float32(float(total) + dose * math.exp((passage - at) / lifetime))
        expected.append(float(total))
    assert made.tolist() == pytest.approx(expected, rel=2e-7)


def test_activation_needs_a_history_of_the_time():
    part = model(component(flat(1), axis(2, "Exp_Decay", CSVAL=100.0)))
    with pytest.raises(DataError, match="give saahfile"):
        estimate_background(standard2(1), None, [part])
    early = saa_history([START - 50], [1], CVSD0001="1996-01-01", CVED0001="1998-10-02")
    with pytest.raises(DataError, match=r"saa.fits\[PCA_SAA_HISTORY\]: the SAA history is valid from"):
        estimate_background(standard2(1), None, [part], early)
    right = saa_history([START - 50], [1], CVSD0001="1996-01-01", CVED0001="1998-10-03")
    assert x1l(estimate_background(standard2(1), None, [part], right)) == [16]


def test_models_are_chosen_by_date():
    now, before = component(flat(1)[0], **DATES), component(flat(2)[0], CVED0001="1998-10-02")
    after = component(flat(4)[0], CVSD0001="1998-10-03", CVST0001="02:40:00", CVED0001="1998-10-03")
    open_end = component(flat(8)[0], CVSD0001="1998-10-03")
    parts = model(now, before, after, open_end)
    late = standard2(1, START + 60.0)  # 02:41:00 (TT)
    assert x1l(estimate_background(standard2(1, START - 120), None, [parts])) == [16 * 9]
    assert x1l(estimate_background(late, None, [parts])) == [16 * 13]
    assert x1l(estimate_background(late, None, [parts.only([1])])) == [16 * 2]
    with pytest.raises(DataError, match="no background model is valid at MJD"):
        estimate_background(late, None, [model(before)])
    with pytest.raises(DataError, match="HDU 7 holds no background model"):
        parts.only([1, 7])


def test_gain_drift_follows_the_date():
    steep = flat(1)[0] + np.arange(129)
    mjd = 49353 + 0.000696574074 + START / 86400
    drifting = component(steep, GDFTSLPE=0.001, GDFTTZRO=mjd - 10)
    made = estimate_background(standard2(1), None, [model(drifting)]).spectra["X1LSpecPcu0"][0]
    assert made[1] == pytest.approx(16 * 2 * (1 - 0.01 * 5))  # channel 5 loses, and channels 0-4 never move
    assert made[0] == 16
    with pytest.raises(DataError, match="GDFTTZRO is missing"):
        model(component(steep, GDFTSLPE=0.001))


@pytest.mark.parametrize(("before", "after", "fits"), [(128, 128, True), (128.5, 0, False), (0, 128.5, False)])
def test_the_filter_file_must_cover_the_data(before, after, fits):
    data = standard2(4)
    filters = filter_file([START], START + before, START + 64 - after)
    if fits:
        estimate_background(data, filters, [model(component(flat(1)[0]))])
    else:
        with pytest.raises(DataError, match=r"test.xfl\[XTE_MKF\]: the filter file covers .*more than 128 s"):
            estimate_background(data, filters, [model(component(flat(1)[0]))])


def test_rows_of_another_length_keep_their_length_by_default():
    made = estimate_background(standard2(8, length=2.0), None, [model(component(flat(3)[0]))])
    assert made.time.tolist() == (START + 2.0 * np.arange(8)).tolist()
    assert x1l(made) == [6] * 8
    table = made.to_file().tables[0]
    assert (table.header["TIMEDEL"], table.header["DELTAT"], table.header["NAXIS2"]) == (2, 2, 8)


def test_a_file_without_rows():
    whole = standard2(1)
    table = whole.tables[0]
    header = table.header.copy()
    header.set("NAXIS2", 0)
    empty = type(whole)(whole.name, whole.primary, (type(table)(header, table.rows[:0], "none"), whole.tables[1]))
    parts = [component(flat(3)[0]), component(flat(3), axis(2, "Exp_Decay", CSVAL=9.0))]
    saa = saa_history([START], [1])
    assert estimate_background(empty, None, [model(*parts)], saa).spectra["X1LSpecPcu0"].shape == (0, 129)
    assert len(open_fits(estimate_background(empty, None, [model(parts[0])]).to_bytes(), "x").tables[0]) == 0


def test_layers_are_added_up_and_described():
    parts = [component(flat(v)[0], spectrum=f"{a}SpecPcu2") for v, a in enumerate(("X1L", "X2R", "X3R"), 1)]
    made = estimate_background(standard2(1), None, [model(*parts)], options=BackgroundOptions(layers=False))
    table = made.to_file().tables[0]
    assert [i.name for i in table.infos.values()] == ["Time", *(f"XeSpecPcu{n}" for n in range(5))]
    assert table.column("XeSpecPcu2")[0].tolist() == [16 * 6] * 129
    assert table.header["TDDES4"] == "D[2] & E[X1L^X1R^X2L^X2R^X3L^X3R] & C[0~255]"


def test_what_is_no_model():
    plain = model_bytes(component(flat(1)[0]), (np.zeros(5), {}))
    assert len(read_model(plain, "m").components) == 1  # an image without BTYPE is left out
    with pytest.raises(DataError, match="no HDU holds a background model"):
        read_model(model_bytes((np.zeros(5), {})), "m")
    with pytest.raises(DataError, match="CTYPE1 is 'Energy'"):
        model(component(flat(1)[0], CTYPE1="Energy"))
    with pytest.raises(DataError, match="CTYPE2 is missing"):
        model(component(flat(1)))
    with pytest.raises(DataError, match="2CMID2 is missing"):
        model(component(flat(1, 2), axis(2, "A", mid=[1.0])))
    with pytest.raises(DataError, match=r"'1998-13-01' '00:00:00' is no date"):
        model(component(flat(1)[0], CVSD0001="1998-13-01"))
    with pytest.raises(DataError, match="not a FITS file"):
        read_model(b"text", "m")
    with pytest.raises(DataError, match="the model has 64 channels, column X1LSpecPcu0"):
        estimate_background(standard2(1), None, [model(component(np.zeros(64)))])


def test_scaled_images():
    image = component(np.zeros(129))
    whole = model_bytes((np.full(129, 3, np.int16), image[1] | {"BSCALE": 0.5, "BZERO": 1.0}))
    assert x1l(estimate_background(standard2(1), None, [read_model(whole, "m")])) == [16 * 2.5]


def test_other_data_and_options():
    with pytest.raises(DataError, match="column X1LSpecPcu0 is missing"):
        estimate_background(saa_history([1.0], [1], DATAMODE="Standard2f"), None, [model(component(flat(1)[0]))])
    with pytest.raises(DataError, match=r"DATAMODE is 'Standard1b'; the background model is made for Standard2"):
        estimate_background(standard2(1, DATAMODE="Standard1b"), None, [model(component(flat(1)[0]))])
    for interval in (-1, 0, np.inf, np.nan):
        with pytest.raises(ConfigError, match=f"interval is {interval:g} s"):
            BackgroundOptions(interval=interval)

"""What is read of standard products and published numbers, and what is made to be compared with them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rossi.errors import DataError, NoGoodTime
from rossi.fits.header import Header
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.product import Content
from rossi.validate import hexte, pca
from rossi.validate.reference import Reference, compare_numbers, measured, pca_expression, read_references, references
from rossi.validate.standard import StandardProduct, read_standard_product
from rossi.validate.verdict import Samples, Verdict
from tests.rossi.validate.test_reference import spectrum

NAN = float("nan")
ONES = np.ones(4)


def product(columns: tuple[str, ...]) -> StandardProduct:
    empty = Samples(np.empty(0), np.empty(0), np.empty(0))
    return StandardProduct("n", None, columns, None, 1.0, False, 16.0, np.empty((0, 2)), empty, "")  # type: ignore[arg-type]


def test_pcus_and_anodes_of_columns() -> None:
    some = product(("X1LSpecPcu2", "X1RSpecPcu2", "X1LSpecPcu0", "X1RSpecPcu0"))
    assert (some.pcus, some.anodes) == ((0, 2), ("X1L", "X1R"))
    assert product(("XeCntPcu4", "XeCntPcu1")).pcus == (1, 4)
    for wrong in (("X1LSpecPcu2", "X2LSpecPcu0"), ("XeCntPcu1",), (), ("X1LSpecPcu2", "Time")):
        with pytest.raises(DataError, match="the same anodes of each PCU were expected"):
            _ = product(wrong).anodes
    with pytest.raises(DataError, match="name A, B, C, D; the same"):
        _ = product(tuple("ABCDE")).anodes


def spectrum_file(good_time: bool = True, **cards: object) -> bytes:
    columns = [(Column("CHANNEL", "J"), np.arange(3)), (Column("COUNTS", "J", "count"), [0, 4, 100])]
    keys = {"EXPOSURE": 50.0, "POISSERR": True, "ROWID1": " X1LSpecPcu0", "ROWID2": "X1LSpecPcu3"} | cards
    times = [(Column("START", "D"), [10.0]), (Column("STOP", "D"), [70.0])]
    more = [table_hdu("STDGTI", times, [("HDUCLAS1", "GTI")])] * good_time
    return fits_bytes(primary_hdu(), [table_hdu("SPECTRUM", columns, list(keys.items())), *more])


def test_a_spectrum_among_the_standard_products() -> None:
    found = read_standard_product(spectrum_file(DEADAPP=True, RXTESP="Version 6 "), "stdprod/xp20402014503_s2.pha.gz")
    assert (found.name, found.content, found.pcus, found.anodes) == (
        "xp20402014503_s2.pha",
        Content.TOTAL,
        (0, 3),
        ("X1L",),
    )
    assert (found.is_live, found.made, found.scale, found.channels, found.timedel) == (True, "Version 6", 1.0, None, 0)
    assert found.gti.tolist() == [[10, 70]]
    assert found.samples.value.tolist() == pytest.approx([0, 0.08, 2.0])
    assert found.samples.error.tolist() == pytest.approx([0.02, 0.04, 0.2])  # of none, that of one count
    assert (found.samples.exposure, found.samples.x.tolist()) == (50, [0, 1, 2])
    kinds = {"b2": Content.BACKGROUND, "s2": Content.TOTAL}
    for name, content in kinds.items():
        other = read_standard_product(spectrum_file(CREATOR="x", DATE="2000"), f"xp20402014503_{name}.pha")
        assert (other.content, other.made, other.is_live) == (content, "x 2000", False)
    with pytest.raises(DataError, match="there is no good time"):
        read_standard_product(spectrum_file(good_time=False), "xp20402014503_s2.pha")


def test_published_numbers_are_read_as_they_are() -> None:
    known = references()
    assert {one.epoch for one in known if one.instrument == "HEXTE"} == {0}
    assert {one.obsid[:5]: one.epoch for one in known if one.instrument == "PCA"} == {
        **{"10093": 1, "10404": 1, "10410": 3, "10420": 3, "20053": 3}
    }
    head = "# said\nobsid,target,instrument,epoch,quantity,value,error,unit,source"
    one, other = read_references(f"{head}\na,b,PCA,,q,1.5,,s,c\na,b,PCA,2,q,1,0.5,s,c")
    assert (one.epoch, other.epoch, other.error, one.value) == (0, 2, 0.5, 1.5)
    assert np.isnan(one.error)
    usual = "(ELV > 10) && (OFFSET < 0.02) && (PCU2_ON == 1) && (ELECTRON2 < 0.1)"
    assert (pca_expression(3), pca_expression(2)) == (usual, f"{usual} && (TIME_SINCE_SAA > 30 || TIME_SINCE_SAA < 0)")


def test_rates_of_both_sides() -> None:
    low, high = np.array([0.0, 2.0]), np.array([2.0, 4.0])
    source, background = spectrum([100, 50], 10.0), spectrum([20, 10], 5.0)
    own = measured(source, background, (low, high), {"net_rate": (0.0, 2.0), "other": (2.0, 4.0)})
    assert own["net_rate"] == pytest.approx((10 - 4, np.sqrt(100 / 100 + 20 / 25)))
    assert own["source_rate"] == pytest.approx((10, 1)) and own["background_rate"][0] == pytest.approx(4)
    assert own["other"] == pytest.approx((5 - 2, np.sqrt(50 / 100 + 10 / 25)))
    assert {own[name][1] for name in ("exposure", "background_exposure", "ontime")} == {0}
    assert set(own) == {
        "net_rate",
        "other",
        "source_rate",
        "background_rate",
        "exposure",
        "background_exposure",
        "ontime",
    }
    assert np.isnan(measured(replace(source, header=Header()), background, None, {})["ontime"][0])


@pytest.mark.parametrize(
    ("instrument", "unit", "published", "own", "verdict", "away"),
    [
        ("PCA", "s", (1000.0, NAN), (1016.0, 0.0), Verdict.WITHIN, 1.0),  # a row of Standard2
        ("PCA", "s", (1000.0, NAN), (983.9, 0.0), Verdict.DIFFERS, -16.1 / 16),
        ("HEXTE", "s", (1000.0, NAN), (1100.0, 0.0), Verdict.DIFFERS, 100 / 16),
        ("HEXTE", "count/s", (10.0, 0.3), (11.49, 0.4), Verdict.WITHIN, 1.49 / 0.5),
        ("HEXTE", "count/s", (10.0, 0.3), (11.51, 0.4), Verdict.DIFFERS, 1.51 / 0.5),
        ("PCA", "count/s", (10.0, NAN), (10.00009, 0.0), Verdict.SAME, np.inf),
        ("PCA", "count/s", (10.0, NAN), (10.00011, 0.0), Verdict.DIFFERS, np.inf),
        ("PCA", "count/s", (0.0, NAN), (0.5, 1.0), Verdict.WITHIN, 0.5),
    ],
)
def test_published_numbers_and_rossis(
    instrument: str, unit: str, published: tuple[float, float], own: tuple[float, float], verdict: Verdict, away: float
) -> None:
    one = Reference("1", "t", instrument, 3, "q", *published, unit, "who")
    (found,) = compare_numbers([one], {"q": own})
    explained = instrument == "HEXTE" and unit == "s"
    assert (found.verdict, found.explained, found.is_fine) == (
        verdict,
        explained,
        explained or verdict is not Verdict.DIFFERS,
    )
    assert found.significance == pytest.approx(away)
    assert found.largest == pytest.approx(own[0] - published[0])
    assert (found.product, found.column, found.unit, found.compared) == (f"{instrument} (who)", "q", unit, 1)
    assert len(found.reasons) == 1 + (explained and verdict is Verdict.DIFFERS)
    assert np.isnan(found.ratio) if not published[0] else found.ratio == pytest.approx(own[0] / published[0])
    (missing,) = compare_numbers([one], {})
    assert (missing.verdict, missing.reasons) == (Verdict.NOT_COMPARED, ("rossi has no such number.",))


def standard(number: int, **more: object) -> SimpleNamespace:
    kind = SimpleNamespace(number=number, is_spectrum=False)
    known = {"kind": kind, "timedel": 16.0, "pcus": (0, 2), "scale": 0.25, "gti": np.array([[0.0, 64.0]]), "name": "n"}
    return SimpleNamespace(
        **known | {"content": Content.TOTAL, "is_live": False, "columns": ("c",), "anodes": ("X1L",)} | more
    )


@pytest.mark.parametrize("number", [1, 2])
def test_bins_in_which_all_pcus_were_on_are_compared(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Of two PCUs, a thousandth of a bin may be missing; rates are of one, the product is a quarter of their sum."""
    rates = {"value": np.array([10.0, 20.0, 30.0, NAN, 40.0]), "error": np.array([1.0, 2.0, 3.0, 4.0, 8.0])}
    times = {"time": 16.0 * np.arange(5), "fracexp": np.array([1, 1, 1, 1, 0.5])}
    curve = SimpleNamespace(curve=SimpleNamespace(**rates, **times))
    on = SimpleNamespace(exposure=32 * np.array([1.0, 0.9991, 0.9989, 1.0, 0.5]))
    monkeypatch.setattr(pca, {1: "_standard1", 2: "_standard2"}[number], lambda *_: (curve, on))
    made = pca._light_curve(standard(number), pca.PcaData((), ()))  # type: ignore[arg-type]
    assert (made.x.tolist(), made.left_out.tolist()) == ([0, 16, 64], [32, 48])
    assert (made.value.tolist(), made.error.tolist(), made.exposure) == ([5, 10, 20], [0.5, 1, 4], 16 * 2.5)


def test_what_the_pca_is_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(pca, "light_curves", lambda *given: asked.append(given) or ("rate", "on"))
    monkeypatch.setattr(pca, "standard1_light_curve", lambda *given: asked.append(given) or given[3].dead_time)
    own = pca.PcaData(("data",), ("model",), ("fine",))  # type: ignore[arg-type]
    for content, files in ((Content.TOTAL, (own.data, None)), (Content.NET, (own.data, own.background))):
        for live in (True, False):
            for channels in ((5, 10), None):
                one = standard(2, content=content, is_live=live, channels=channels)
                assert pca._standard2(one, own, "when") == ("rate", "on")  # type: ignore[arg-type, comparison-overlap]
                data, background, when, (first, second) = asked.pop()
                assert (data, background, when) == (*files, "when")
                assert (first.dead_time.name, second.dead_time.name) == ("LIVE" if live else "ON", "ON")
                assert (first.channels.chmin, first.channels.chmax) == (channels or (None, None))
                assert (first.pcus, first.anodes, first.binsz) == ((0, 2), ("X1L",), 16.0)
        one = standard(1, content=content, is_live=True)
        kinds = pca._standard1(one, own, "when")  # type: ignore[arg-type]
        assert [kind.name for kind in kinds] == ["LIVE", "ON"]  # type: ignore[attr-defined]
        assert [given[:3] for given in asked] == [(own.standard1, files[1], "when")] * 2
        asked.clear()
    pca._standard2(standard(2, content=Content.BACKGROUND, channels=None), own, "when")  # type: ignore[arg-type]
    assert asked.pop()[:2] == (own.background, None)
    for wrong, data in ((standard(1, content=Content.BACKGROUND), own), (standard(1), pca.PcaData((), ()))):
        with pytest.raises(DataError, match="n: there are no Standard1 data to compare it with"):
            pca._standard1(wrong, data, "when")  # type: ignore[arg-type]
    for wrong, data, words in (
        (standard(2, columns=()), own, "ROWID1 is missing"),
        (standard(2, content=Content.NET), pca.PcaData(("data",)), "No background was estimated"),
        (standard(2, timedel=24.0), own, "bins of 24 s are not of whole rows of 16 s"),
    ):
        with pytest.raises(DataError, match=words):
            pca._made(wrong, data)  # type: ignore[arg-type]


def test_a_spectrum_of_the_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    for exposure in (8.0, 0.0):
        made = SimpleNamespace(exposure=exposure, spectrum=SimpleNamespace(value=np.array([16.0, 0.0, -4.0])))
        asked: list[tuple[object, ...]] = []
        monkeypatch.setattr(
            pca, "pca_spectrum", lambda *given, made=made, asked=asked: asked.append(given) or (made, None)
        )
        if not exposure:
            with pytest.raises(NoGoodTime, match="Its PCUs were off"):
                pca._spectrum(standard(2), pca.PcaData((), ()))  # type: ignore[arg-type]
            continue
        found = pca._spectrum(standard(2, is_live=True), pca.PcaData(("data",), ("model",)))  # type: ignore[arg-type]
        assert (found.x.tolist(), found.value.tolist(), found.error.tolist()) == (
            [0, 1, 2],
            [2, 0, -0.5],
            [0.5, 0, 0.25],
        )
        assert found.exposure == 4  # of two PCUs together
        assert (asked[0][0], asked[0][1], asked[0][3].dead_time.name) == (("data",), None, "LIVE")  # type: ignore[attr-defined]
        pca._spectrum(standard(2, content=Content.BACKGROUND), pca.PcaData(("data",), ("model",)))  # type: ignore[arg-type]
        assert (asked[1][0], asked[1][3].dead_time.name) == (("model",), "ON")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("seconds", "pcus"), [(60.0, 2), (60.6, 2), (60.7, 1)])
def test_an_exposure_a_hundredth_longer_than_good_time_is_seconds(seconds: float, pcus: int) -> None:
    samples = Samples(np.zeros(1), np.array([8.0]), np.array([2.0]), seconds)
    kind = SimpleNamespace(is_spectrum=True)
    for is_spectrum, number in ((True, pcus), (False, 1)):
        kind.is_spectrum = is_spectrum
        found = pca._per_second(standard(2, kind=kind, samples=samples, gti=np.array([[0, 20], [30, 70.0]])))  # type: ignore[arg-type]
        assert (found.value.tolist(), found.error.tolist()) == ([8 / number], [2 / number])


@pytest.mark.parametrize("error", [DataError, NoGoodTime])
def test_what_hexte_can_not_make(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fails(*_: object) -> None:
        raise error("It can't.")

    monkeypatch.setattr(hexte, "reduce_observation", fails)
    one = standard(0, channels=None, timedel=0.0, samples=None)
    (found,) = hexte.compare_hexte([one], hexte.HexteData((), (), {}))  # type: ignore[list-item]
    assert (found.verdict, found.reasons, found.product) == (Verdict.NOT_COMPARED, ("It can't.",), "n")


def test_hextes_products_are_made_by_width_and_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bins longer than a frame are made of frames, spectra with frames."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(hexte, "reduce_observation", lambda *given: asked.append(given) or "made")
    monkeypatch.setattr(hexte, "_compared", lambda one, made, width: (one.name, made, width))
    products = [
        standard(0, name="a", channels=(15, 61), gti=np.array([[0.0, 10.0]])),
        standard(1, name="b", channels=None, timedel=0.0, gti=np.array([[20.0, 30.0]])),
        standard(1, name="c", channels=(15, 61), timedel=64.0),
    ]
    own = hexte.HexteData(("parts",), ("rocking",), {})  # type: ignore[arg-type]
    found = hexte.compare_hexte(products, own)  # type: ignore[arg-type]
    assert found == [("a", "made", 16.0), ("b", "made", 16.0), ("c", "made", 64.0)]  # type: ignore[comparison-overlap]
    frames, wide = asked
    assert (frames[0], frames[1].tolist(), frames[2]) == (("parts",), [[0, 10], [20, 30]], ("rocking",))  # type: ignore[attr-defined]
    wanted = [(one[4].interpolated, one[4].binsz, sorted(one[4].bands)) for one in asked]  # type: ignore[attr-defined]
    assert wanted == [(True, 16.0, ["0-255", "15-61"]), (False, 16.0, ["15-61"])]
    assert wide[1].tolist() == [[0, 64]]  # type: ignore[attr-defined]

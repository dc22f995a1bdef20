"""Light curves as people have them: other columns, other units, other places of keywords, damaged rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from rossi import gti
from rossi.errors import ConfigError, DataError
from rossi.extract.keywords import described
from rossi.fits.edit import as_hdu
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, fits_bytes, primary_hdu, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.product import Content
from rossi.timeseries import units
from rossi.timeseries.columns import _values, light_curve_columns
from rossi.timeseries.reading import light_curve_of, read_light_curve
from rossi.timeseries.series import LightCurve
from rossi.timeseries.xronos import newbins

Cards = Sequence[tuple[str, object]]

NAN, INF = float("nan"), float("inf")
TIME = 1e8 + 16.0 * np.arange(4)
REFERENCE = [("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF)]
CURVE = {"TIME": TIME, "RATE": [1.0, 2, 3, 4], "ERROR": [0.5] * 4}


def made(
    columns: dict[str, object],
    cards: Cards = (),
    *,
    primary: Cards = (),
    good: object = None,
    good_cards: Cards = (),
    unit: Mapping[str, str] = MappingProxyType({}),
    timedel: float | None = 16.0,
) -> bytes:
    declared = [
        (
            Column(
                name,
                "8A" if name == "RATE" and isinstance(next(iter(values), 0), str) else "D",
                unit.get(name, {"TIME": "s", "RATE": "count/s", "COUNTS": "count"}.get(name, "")),
            ),
            values,
        )
        for name, values in columns.items()
    ]
    keywords = [*REFERENCE, *([("TIMEDEL", timedel)] if timedel else []), *cards]
    keywords = list(dict(keywords).items())
    tables = [table_hdu("RATE", declared, keywords)]
    if good is not None:
        pairs = np.array(good, float).reshape(-1, 2)
        columns_ = [(Column(name, "D", "s"), values) for name, values in zip(("START", "STOP"), pairs.T, strict=True)]
        tables.append(table_hdu("STDGTI", columns_, [("HDUCLAS1", "GTI"), *good_cards]))
    return fits_bytes(primary_hdu(primary), tables)


def read(*args: object, quantity: str | None = "RATE", column: str | None = None, **kwargs: object) -> LightCurve:
    return read_light_curve(made(*args, **kwargs), "x.lc", quantity=quantity, column=column)


def test_numbered_columns() -> None:
    one = {"TIME": TIME, "RATE1": CURVE["RATE"], "ERROR1": CURVE["ERROR"]}
    assert read(one).rate.tolist() == [1, 2, 3, 4]
    assert read({"TIME": TIME, "RATE1": CURVE["RATE"], "ERROR": [0.25] * 4}).error.tolist() == [0.25] * 4
    several = one | {"RATE2": [5.0, 6, 7, 8], "ERROR2": [0.25] * 4}
    with pytest.raises(DataError, match=r"x.lc\[RATE\]: there are 2 .* RATE1, RATE2; .* --column RATE1"):
        read(several)
    chosen = read(several, column="rate2")
    assert (chosen.rate.tolist(), chosen.error.tolist()) == ([5, 6, 7, 8], [0.25] * 4)
    with pytest.raises(
        DataError, match=r"no extension has a light curve in a column .RATE9. .* light curves are in: RATE1, RATE2"
    ):
        read(several, column="RATE9")


def test_counts_become_rates_over_their_exposure() -> None:
    counts = {"TIME": TIME, "COUNTS": [16.0, 8, 4, 0], "ERROR": [4.0, 2, 2, 0], "FRACEXP": [1, 0.5, 0.25, 0]}
    series = read(counts)
    np.testing.assert_array_equal(series.rate, [1, 1, 1, NAN])
    np.testing.assert_array_equal(series.error, [0.25, 0.25, 0.5, NAN])
    assert (series.rate_unit, series.quantity, len(series.remarks)) == ("count/s", "RATE", 1)
    assert read(counts, quantity=None).rate.tolist() == [16, 8, 4, 0]
    per_pcu = read(counts | {"LiveTime": [32.0, 16, 8, 1], "BACKV": [3.2, 1.6, 0.8, 0.1]})
    assert (per_pcu.rate.tolist(), per_pcu.rate_unit) == ([0.5, 0.5, 0.5, 0], "count/s/PCU")
    np.testing.assert_allclose(per_pcu.extra["BACKV"], 0.1)
    with pytest.raises(DataError, match="counts a bin were expected"):
        read(CURVE, quantity="COUNTS")


TOTAL = [("HDUCLAS2", "TOTAL"), ("BACKAPP", False)]
RATES = {"TIME": TIME, "RATE": [1.0, 4, 9, 0], "FRACEXP": [1.0, 0.25, 1, 1]}


def test_errors_are_the_roots_of_the_counts_where_these_are_known() -> None:
    np.testing.assert_allclose(read(RATES, TOTAL).error, [1 / 4, 1, 3 / 4, 0])
    live = RATES | {"LiveTime": [16.0, 4, 64, 16]}
    np.testing.assert_allclose(read(live, [*TOTAL, ("DEADAPP", True)]).error, [1 / 4, 1, 3 / 8, 0])
    net = RATES | {"BACKV": [3.0, 5, 0, 1], "BACKE": [0.0, 0, 1, 0]}
    np.testing.assert_allclose(
        read(net, [("BACKAPP", True), ("HDUCLAS2", "NET")]).error, [0.5, 1.5, np.hypot(0.75, 1), 0.25]
    )
    counts = {"TIME": TIME, "COUNTS": [16.0, 4, 0, 64]}
    np.testing.assert_allclose(read(counts, TOTAL).error, np.array([4, 2, 0, 8]) / 16)
    assert "roots of the counts" in read(counts, TOTAL).remarks[0]


@pytest.mark.parametrize(
    ("columns", "cards", "why"),
    [
        (RATES, [("BACKAPP", True), ("HDUCLAS2", "NET")], "the background is subtracted"),
        (RATES, [("BACKAPP", False), ("DEADAPP", True)], "corrected for dead time"),
        (RATES, [], "nothing tells whether the background is subtracted"),
        (RATES | {"RATE": [-1.0, 1, 1, 1]}, TOTAL, "RATE is negative"),
    ],
)
def test_unknown_errors_are_refused(columns: dict[str, object], cards: Cards, why: str) -> None:
    with pytest.raises(DataError, match=rf"x.lc\[RATE\]: column ERROR is missing .*{why}"):
        read(columns, cards)
    with pytest.raises(DataError, match="rates are per PCU, and no LiveTime"):
        read(RATES, TOTAL, unit={"RATE": "count/s/PCU"})


def test_width_as_a_column_alone() -> None:
    same = read(CURVE | {"TIMEDEL": [16.0] * 4}, timedel=None)
    assert (same.timedel, same.mixed, len(same.intervals)) == (16, False, 1)
    mixed = read(CURVE | {"TIMEDEL": [16.0, 16, 8, 16]}, timedel=None)
    assert (mixed.timedel, mixed.mixed, gti.total(mixed.intervals)) == (8, True, 56)
    with pytest.raises(DataError, match="keyword TIMEDEL is missing"):
        read(CURVE, timedel=None)


def test_the_table_need_not_be_the_first() -> None:
    summary = table_hdu("SUMMARY", [(Column("RATE", "D"), [7.0]), (Column("NAME", "4A"), ["x"])], [])
    other = table_hdu("HK", [(Column("TIME", "D", "s"), [7.0]), (Column("RATE", "D"), [9.0])], [])
    curve = made(CURVE, [("HDUCLAS1", "LIGHTCURVE")])
    file = open_fits(curve, "x.lc")
    data = fits_bytes(primary_hdu(), [summary, other, as_hdu(file.table())])
    assert read_light_curve(data, "x.lc").rate.tolist() == [1, 2, 3, 4]


def test_rows_without_a_time_are_left_out() -> None:
    columns = CURVE | {"TIME": [TIME[0], NAN, INF, TIME[3]]}
    series = read(columns, good=[[TIME[0], TIME[3] + 16]])
    assert (series.rate.tolist(), series.remarks) == ([1, 4], ("x.lc: 2 of 4 rows have no time and are left out.",))
    far = read(CURVE | {"TIME": [*TIME[:3], 1e300]})
    assert len(far) == 3
    assert len(read(CURVE | {"TIME": [NAN] * 4}, good=[[TIME[0], TIME[3]]]).intervals) == 0


def test_where_there_are_counts_and_rates_rates_are_meant() -> None:
    def table(name: str, kind: str) -> TableHDU:
        columns = [(Column("TIME", "D", "s"), TIME), (Column(name, "D"), np.ones(4))]
        return table_hdu(kind, columns, [*REFERENCE, ("TIMEDEL", 16.0), ("HDUCLAS1", kind)])

    first, second, third = table("COUNTS", "LIGHTCURVE"), table("RATE", "OTHER"), table("RATE2", "LIGHTCURVE")
    for tables, meant in (([first, second], "RATE"), ([second, first], "RATE"), ([second, third], "RATE2")):
        assert light_curve_columns(open_fits(fits_bytes(primary_hdu(), tables), "x.lc")) == [meant]


def test_columns_of_other_types_do_not_matter() -> None:
    values = np.array([1 + 2j, 3, 4, 5])
    columns = [(Column(name, "D", "s" if name == "TIME" else ""), each) for name, each in CURVE.items()]
    table = table_hdu("RATE", [*columns, (Column("FOURIER", "D"), np.zeros(4))], [*REFERENCE, ("TIMEDEL", 16.0)])
    data = fits_bytes(primary_hdu(), [table])
    rows = np.frombuffer(table.data, ">f8").reshape(4, 4)[:, :3]
    packed = b"".join(
        row.tobytes() + np.array(value, ">c16").tobytes() for row, value in zip(rows, values, strict=True)
    )
    header = open_fits(data, "x").table().header.copy()
    header.set("TFORM4", "M")
    header.set("NAXIS1", 40)
    wide = Table(header, packed, "x.lc")
    assert light_curve_of(FitsFile("x.lc", Header(), (wide,))).rate.tolist() == [1, 2, 3, 4]
    assert wide.column("FOURIER").tolist() == values.tolist()
    with pytest.raises(DataError, match="TFORM4 of column FOURIER"):
        wide.numbers("FOURIER")


def test_infinite_rates_are_undefined() -> None:
    np.testing.assert_array_equal(read(CURVE | {"RATE": [1.0, INF, -INF, 4]}).rate, [1, NAN, NAN, 4])


def test_rows_are_sorted_and_each_bin_is_there_once() -> None:
    series = read(CURVE | {"TIME": [TIME[1], TIME[0], TIME[1], TIME[2]], "RATE": [NAN, 1, 2, 3]})
    assert (series.time.tolist(), series.rate.tolist()) == (TIME[:3].tolist(), [1, 2, 3])
    assert [remark.partition(": ")[2] for remark in series.remarks] == [
        "rows are out of time order; they are sorted.",
        "1 rows are of bins that the file has already; each counts once.",
    ]


def test_good_time_without_rows_is_none() -> None:
    assert len(read({name: values[:0] for name, values in CURVE.items()}, good=[[TIME[0], TIME[3]]]).intervals) == 0
    for good in ([], [[TIME[3] + 16, TIME[0]]], [[0.0, 1.0]]):
        series = read(CURVE, good=good)
        assert (series.intervals.tolist(), len(series.remarks)) == ([[TIME[0], TIME[3] + 16]], 1)
    series = read(CURVE, good=[[TIME[0], TIME[3] + 16], [TIME[3] + 100, TIME[3] + 200]])
    assert series.intervals.tolist() == [[TIME[0], TIME[3] + 16]]


ZERO = [("TIMEZERI", 3), ("TIMEZERF", 0.25)]


@pytest.mark.parametrize(
    ("cards", "primary", "good_cards", "zero", "good_zero"),
    [
        (ZERO, [], [], 3.25, 3.25),
        ([], ZERO, [], 3.25, 3.25),
        ([], [("TIMEZERO", 3.25)], [("TIMEZERO", 0.0)], 3.25, 0),
        (ZERO, [("TIMEZERO", 7.0)], [("TIMEZERO", 3.25)], 3.25, 3.25),
        ([("TIMEZERO", 0.0)], ZERO, [], 0, 0),
    ],
)
def test_timezero_is_found_in_either_header(
    cards: Cards,
    primary: Cards,
    good_cards: Cards,
    zero: float,
    good_zero: float,
) -> None:
    good = [[TIME[0], TIME[3] + 16]]
    series = read(CURVE, cards, primary=primary, good=good, good_cards=good_cards)
    np.testing.assert_array_equal(series.time, TIME + zero)
    np.testing.assert_array_equal(series.intervals, np.array(good) + good_zero)


def test_other_keywords_too() -> None:
    series = read(CURVE, primary=[("OBJECT", "SIM"), ("TIMEPIXR", 0.5), ("TELESCOP", "XTE")])
    assert (series.header["OBJECT"], series.header["TELESCOP"]) == ("SIM", "XTE")
    np.testing.assert_array_equal(series.time, TIME - 8)


@pytest.mark.parametrize("whole", [True, False])
def test_days_of_any_reference_are_converted(whole: bool) -> None:
    cards = [("TIMEUNIT", "d"), ("TIMEDEL", 16 / 86400), ("TSTART", (TIME[0]) / 86400 + 100)]
    reference = MJDREFI - 100, MJDREFF
    cards += [("MJDREFI", reference[0]), ("MJDREFF", reference[1])] if whole else [("MJDREF", sum(reference))]
    columns = CURVE | {"TIME": TIME / 86400 + 100}
    given = dict(REFERENCE) if whole else {}
    data = made(columns, cards, unit={"TIME": "d"})
    if not whole:
        data = data.replace(b"MJDREFI ", b"XJDREFI ").replace(b"MJDREFF ", b"XJDREFF ")
    series = read_light_curve(data, "x.lc")
    np.testing.assert_allclose(series.time, TIME, rtol=0, atol=2e-6)
    assert (series.timedel, series.header["TIMEUNIT"]) == (pytest.approx(16), "s")
    assert series.header["TSTARTI"] + series.header["TSTARTF"] == pytest.approx(TIME[0], abs=1e-5)
    assert "MJDREF" not in series.header
    assert series.header["MJDREFI"] == given.get("MJDREFI", MJDREFI)


def test_seconds_of_rxte_in_one_number_or_two() -> None:
    data = made(CURVE, [("MJDREF", MJDREFI + MJDREFF)])
    np.testing.assert_array_equal(read_light_curve(data, "x.lc").time, TIME)
    one = data.replace(b"MJDREFI ", b"XJDREFI ").replace(b"MJDREFF ", b"XJDREFF ")
    np.testing.assert_array_equal(read_light_curve(one, "x.lc").time, TIME)


@pytest.mark.parametrize(
    ("cards", "unit", "sentence"),
    [
        ([("TIMESYS", "UTC")], {}, "TIMESYS is 'UTC'"),
        ([], {"TIME": "h"}, "column TIME is in 'h'"),
        ([("TIMEUNIT", "furlong")], {}, "keyword TIMEUNIT is in 'furlong'"),
        ([("MJDREFI", 50814)], {}, "MJDREF is 50814.0"),
    ],
)
def test_times_that_mean_something_else_are_refused(cards: Cards, unit: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(CURVE, cards, unit=unit)


def test_texts_are_no_numbers() -> None:
    with pytest.raises(DataError, match=r"x.lc\[RATE\]: TFORM2 of column RATE is '8A'"):
        read(CURVE | {"RATE": ["1", "2", "3", "4"]})


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *((text, "count/s") for text in ("counts/s", "count /s", "cts s**-1", "ct s-1", "Counts/sec", "count s^(-1)")),
        *((text, "count/s/PCU") for text in ("count/s/PCU", "counts/sec/pcu", "count/(s PCU)", "ct s^-1 PCU^-1")),
        *(
            ("counts", "count"),
            ("", ""),
            ("erg/cm**2/s", "erg/cm**2/s"),
            ("mCrab", "mCrab"),
            ("count/s/s", "count/s/s"),
            ("10**3 count/s", "10**3 count/s"),
            ("count/s/5PCU", "count/s/5PCU"),
            ("count/s + 1", "count/s + 1"),
        ),
    ],
)
def test_units_in_all_spellings(text: str, unit: str) -> None:
    assert units.normalised(text) == unit


def test_good_time_of_rows_without_a_time_is_left_out() -> None:
    time = [*TIME[:2], NAN, NAN]
    series = read(CURVE | {"TIME": time}, good=[[TIME[0], TIME[0] + 64]])
    assert (len(series), gti.total(series.intervals)) == (2, 32)
    assert "2 of 4 rows have no time" in series.remarks[0]


def test_errors_below_zero_are_none() -> None:
    series = read(CURVE | {"ERROR": [0.5, -1.0, 0.5, 0.0]})
    np.testing.assert_array_equal(series.error, [0.5, NAN, 0.5, 0.0])
    assert "column ERROR is below 0 in 1 rows" in series.remarks[0]


@pytest.mark.parametrize("width", [1e30, 1e10, -16.0])
def test_absurd_bins_are_refused(width: float) -> None:
    told = f"TIMEDEL is {width:g} s; bins of a positive width below 1e+10 s were expected"
    with pytest.raises(DataError, match=re.escape(told)):
        read(CURVE, timedel=width)
    with pytest.raises(DataError, match=re.escape(told)):
        read(CURVE | {"TIMEDEL": [16.0, 16.0, width, 16.0]}, unit={"TIMEDEL": "s"}, timedel=None)


def test_real_light_curves_are_read(shared: Path) -> None:
    found = {}
    for path in sorted((shared / "data/real/pca").glob("*.lc*")):
        series = read_light_curve(path.read_bytes(), path.name)
        found[path.name] = (len(series), series.rate_unit, series.remarks)
    assert found["xp4004101_e5_n2a.lc"] == (10288, "count/s", ())
    assert {unit for _, unit, _ in found.values()} == {"count/s"}
    assert len(found) == 7


def test_rates_over_pcu_seconds_are_called_so() -> None:
    columns = CURVE | {"LiveTime": [80.0] * 4, "BACKV": [0.5] * 4}
    header = open_fits(made(columns, unit={"RATE": "counts/s", "ERROR": "counts/s"}), "x.lc").table("RATE").header
    cards = dict(units.per_pcu_cards(header))
    assert cards == {"TUNIT2": "count/s/PCU", "TUNIT3": "count/s/PCU", "TUNIT5": "count/s/PCU"}
    assert units.per_pcu_cards(open_fits(made(CURVE), "x.lc").table("RATE").header) == []
    told = {card[0]: card[1] for card in described(header, Content.NET)}
    assert told.items() >= cards.items()


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("", "column RATE has no unit (TUNIT); it is taken to be in count/s."),
        ("furlong", "column RATE is in 'furlong', none of count/s, count/s/PCU, count, Crab; it is taken as it is."),
        ("counts s**-1", ""),
    ],
)
def test_a_unit_that_is_missing_or_unknown_is_told(unit: str, words: str) -> None:
    assert read(CURVE, unit={"RATE": unit}).remarks == ((f"x.lc[RATE]: {words}",) if words else ())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["COUNTS1", "RATE1", "RATE2"], ["RATE1", "RATE2"]),
        (["COUNTS1", "COUNTS2"], ["COUNTS1", "COUNTS2"]),
        (["RATE1", "COUNTS"], ["COUNTS"]),
        (["RATE", "RATE1"], ["RATE"]),
    ],
)
def test_rates_go_before_counts_and_plain_names_before_numbers(names: list[str], expected: list[str]) -> None:
    columns = [(Column(name, "D"), np.zeros(2)) for name in ["TIME", *names]]
    assert _values(open_fits(fits_bytes(primary_hdu(), [table_hdu("RATE", columns)]), "a.lc").table()) == expected


@pytest.mark.parametrize(("away", "fits"), [(5e-8, True), (-5e-8, True), (1e-6, False), (-1e-6, False), (0.5, False)])
def test_another_reference_is_another_mission_but_for_rounding(away: float, fits: bool) -> None:
    cards = [("MJDREFF", MJDREFF + away)]
    if fits:
        assert read(CURVE, cards).time.tolist() == TIME.tolist()
    else:
        with pytest.raises(DataError, match="another mission"):
            read(CURVE, cards)


def test_new_bins_are_as_many_as_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rossi.timeseries.xronos.MAX_BINS", 4)
    series = read(CURVE)  # four bins
    assert [len(newbins([series], 16.0, most=most)) for most in (4, 2, 1)] == [1, 2, 4]
    for most in (0, 5):
        with pytest.raises(ConfigError, match=f"nbint is {most}; 1 to 4"):
            newbins([series], 16.0, most=most)
    with pytest.raises(ConfigError, match=r"3 in an interval .* make more than 4 bins"):
        newbins([series], 16.0, most=3)

"""Energies of channels and matrices: rules that golden files don't show, and formulas worked out another way."""

from dataclasses import replace

import numpy as np
import pytest

from rossi.energy import redistribution
from rossi.energy.absorption import cross_section, efficiency, has_propane, xenon_cross_section
from rossi.energy.built_in import built_in_table
from rossi.energy.channel_law import ChannelLaw, Origin
from rossi.energy.channel_table import read_channel_table
from rossi.energy.collimator import SourcePosition
from rossi.energy.conversion import ev_per_electron, nominal_energy
from rossi.energy.detectors import PCUS
from rossi.energy.gain import ChannelShift, channel_shifts, shifted, spectrum_shifts, table_shifts
from rossi.energy.layers import CODES, layer_code, pair_code
from rossi.energy.pca_matrix import energy_grid, pca_matrix
from rossi.energy.pca_response import pca_area
from rossi.errors import ConfigError, DataError
from rossi.fits.declarations import STDGTI
from rossi.fits.edit import file_bytes
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.ftools.pca_calibration import channel_tables
from rossi.ftools.spectrum_response import _crossing

ORIGIN = Origin("x.fits", 1, "", 50000.0, (3.0,) * 10)


def law(a, b, c, d):
    return ChannelLaw(2, 3, 51000.0, a, b, c, d, ORIGIN)


def table_file(*starts, pcu=2, method=3, lld=(3, 12, 48, 64)):
    rows = {f"PARM{n}": np.full(len(lld), value, np.float32) for n, value in enumerate((-0.5, 2.4, -0.002, 1.0), 1)}
    rows |= {f"PARM{n}": np.zeros(len(lld), np.float32) for n in range(5, 10)}
    tables = []
    for date, clock in starts:
        cards = {"CONVMETH": method, "DETNAM": f"PCU{pcu}", "CVSD0001": date, "CVST0001": clock, "CDES0001": "made up"}
        columns = [(Column("LLD", "J"), np.array(lld)), *((Column(name, "E"), of) for name, of in rows.items())]
        tables.append(table_hdu("E2C", columns, list(cards.items())))
    return open_fits(fits_bytes(primary_hdu(), tables), "e2c.fits")


def test_energy_of_an_electron():
    """Nodes of the table, softened; the upper branch holds at the K edge; flat outside."""
    made = ev_per_electron([1.0, 1.5, 6.0, 34.499999, 34.5, 100.0, 200.0])
    expected = [22.72, 22.72, 22.38, 21.708, 21.817, 21.675, 21.675]
    np.testing.assert_allclose(made, 22 + (np.array(expected) - 22) * 0.474636, rtol=1e-7)
    np.testing.assert_allclose(nominal_energy([10.0]), 220 / (22 + (21.983 - 22) * 0.474636))


@pytest.mark.parametrize("numbers", [(-0.5, 2.4, -0.0019, 0.0), (-0.758464, 2.89195, -6.75223e-3, 5.55621e-5)])
def test_edges_solve_the_law(numbers):
    made = law(*numbers)
    lower, upper = made.edges()
    channel = np.arange(256)
    np.testing.assert_allclose(made.channel(lower), channel - 0.5, atol=2e-4)
    np.testing.assert_allclose(made.channel(upper), channel + 0.5, atol=2e-4)
    np.testing.assert_array_equal(lower[1:], upper[:-1])


def test_a_straight_law_has_even_edges():
    lower, upper = law(0.0, 2.0, 0.0, 0.0).edges()
    np.testing.assert_allclose(lower, (np.arange(256) - 0.5) / 2, rtol=1e-6)
    np.testing.assert_allclose(upper, (np.arange(256) + 0.5) / 2, rtol=1e-6)


def test_an_edge_that_is_not_found_is_where_the_original_gives_up():
    """c = E + 4 E**3 at c = 0.5: the steps lead from 0.5 to 0 and back; the 19th, which is the last, to 0."""
    lower, upper = law(0.0, 1.0, 0.0, 4.0).edges()
    assert (upper[0], lower[1]) == (0, 0)


def test_an_edge_is_found_where_steps_become_small_as_the_original_does():
    """Of a millionth; the number is not yet the root then, and may not be nearer."""
    upper = law(0.0, 1.0, 0.0, 1e-6).edges()[1]
    for channel in (100, 200, 255):
        position = energy = channel + 0.5
        change = 1.0
        while change > 1e-6:
            old, energy = energy, position - 1e-6 * energy**3
            change = abs(energy - old) / old
        assert upper[channel] == np.float32(energy)
    assert abs(energy + 1e-6 * energy**3 - position) > 1e-5


def test_without_a_root_so_far_an_edge_begins_at_0():
    """``26 + E + 0.01 E**2`` is never below 1; the second step from 0 is the last, as an energy below 0 ends it."""
    first = 0.5 - 26.0
    upper = law(26.0, 1.0, 0.01, 0.0).edges()[1]
    assert upper[0] == np.float32(first - 0.01 * first**2)


def test_the_law_of_a_moment_is_that_of_its_time_of_day():
    """The original goes by the day alone."""
    table = built_in_table()
    change = 50163.77338  # 1996-03-21 18:33:40
    assert [table.extension(2, change + d).hdu for d in (-1e-3, 1e-3)] == [23, 18]
    assert table.extension(2, change + 1e-3, compat="heasoft").hdu == 23
    assert table.extension(2, 50164.0, compat="heasoft").hdu == 18
    assert (table.extension(0, 51677.0).hdu, table.extension(0, 51677.0, compat="heasoft").hdu) == (1, 6)


def test_drift_is_counted_in_whole_days():
    extension = built_in_table().extension(2, 53000.0)
    assert extension.law(3, 53000.1) == extension.law(3, 53000.9)
    first = extension.law(3, 50802.0)  # 1997-12-20, from which the drift is counted
    assert (first.a, first.b) == (np.float32(-0.4852), np.float32(2.41))


def test_a_table_is_read_whatever_its_order(tmp_path):
    table = read_channel_table(table_file(("1996-01-01", "00:00:00"), ("1999-03-22", "17:38:03")))
    assert [table.extension(2, day).hdu for day in (51259.0, 51259.8)] == [1, 2]
    assert table.law(2, CODES["R3"], 51300.0).origin.row[0] == 48
    assert table.law(2, CODES["XE"], 51300.0).origin.row[0] == 3


@pytest.mark.parametrize(
    ("file", "ask", "words"),
    [
        (table_file(("1996-01-01", "00:00:00"), method=2), (2, 3), "no extension with CONVMETH 3, found 2"),
        (table_file(("2001-01-01", "00:00:00")), (2, 3), "no law of PCU 2 for MJD 51000"),
        (table_file(("1996-01-01", "00:00:00")), (1, 3), "no extension for this PCU"),
        (table_file(("1996-01-01", "00:00:00"), lld=(3, 12)), (2, 48), "column LLD has no row for LR3 .code 48."),
        (table_file(("1996-01-01", "00:00:00"), pcu=7), (2, 3), "keyword DETNAM is 'PCU7'"),
        (table_file(("1996-13-01", "00:00:00")), (2, 3), "'1996-13-01' '00:00:00' is no date"),
    ],
)
def test_tables_that_are_of_no_use(file, ask, words):
    with pytest.raises(DataError, match=words):
        read_channel_table(file).law(*ask, 51000.0)


def test_a_law_that_falls_is_none():
    """With the gain of the second row turned round."""
    table = read_channel_table(table_file(("1996-01-01", "00:00:00")))
    (extension,) = table.extensions
    turned = extension.parameters.copy()
    turned[1, 1] *= -1
    wrong = replace(extension, parameters=turned)
    with pytest.raises(DataError, match=r"row 2 gives -2\.4 channels per keV on MJD 51000; a number above 0"):
        wrong.law(12, 51000.5)
    assert wrong.law(3, 51000.5).b == pytest.approx(2.4)
    for number in (0, 2, 8):
        unknown = turned.copy()
        unknown[0, number] = np.nan
        with pytest.raises(DataError, match=r"row 1 gives 2\.4 channels"):
            replace(extension, parameters=unknown).law(3, 51000.0)


def test_an_extension_that_is_named_is_taken_whatever_its_date(tmp_path):
    path = tmp_path / "e2c.fits"
    path.write_bytes(file_bytes(table_file(("1996-01-01", "00:00:00"), ("1999-03-22", "17:38:03"))))
    by_date = [channel_tables("e2cfile", str(path), (2,), day)[2].hdu for day in (51259.0, 51259.8)]
    assert (by_date, channel_tables("e2cfile", f"{path}+2", (2,), 51259.0)[2].hdu) == ([1, 2], 2)
    for pcus in ((3,), (2, 1)):
        with pytest.raises(ConfigError, match=rf"is the table of PCU 2, but PCU {pcus[-1]} is asked for"):
            channel_tables("e2cfile", f"{path}+2", pcus, 51259.0)
    assert [pcu.number for pcu in PCUS] == [0, 1, 2, 3, 4]


def test_what_falls_behind_the_last_channel_is_not_counted():
    energy = np.linspace(120.0, 140.0, 41)
    straight = law(0.0, 2.0, 0.0, 0.0)
    centre = straight.channel(nominal_energy(energy))
    made = redistribution.redistribution(PCUS[2], straight, energy, np.ones(41), 0.0)
    assert (made.any(1) == (centre <= 255)).all()
    assert (centre < 255).any() and ((centre > 255) & (centre < 256)).any()


def test_layers_by_name():
    assert [layer_code(name) for name in ("LR1", "l2", "all", "P", "48", 63)] == [3, 4, 63, 64, 48, 63]
    halves = {"L1": 1, "R1": 2, "LR1": 3, "L2": 4, "R2": 8, "LR2": 12, "L3": 16, "R3": 32, "LR3": 48}
    assert {"XE": 63, "P": 64} | halves == CODES
    assert [pair_code(code) for code in CODES.values()] == [3, 3, 3, 12, 12, 12, 48, 48, 48, 3, 64]
    with pytest.raises(ConfigError, match="'LR4' is no group of anodes"):
        layer_code("LR4")


def test_what_the_gas_takes():
    energy = np.array([3.0, 10.0, 25.0, 50.0])
    np.testing.assert_allclose(xenon_cross_section(energy), [805.9, 173.3, 14.3, 12.6])
    np.testing.assert_array_equal(cross_section("C", energy)[2:], 0)  # transparent above 20 keV
    layers = [efficiency(PCUS[2], code, 51000.0, energy) for code in (3, 12, 48)]
    seen = np.exp(-cross_section("Al", energy) * 0.00012045 - cross_section("Mylar", energy) * PCUS[2].mylar)
    assert (np.sum(layers, axis=0) < seen).all()  # propane and dead layers take the rest
    for half, layer in ((1, 0), (2, 0), (4, 1), (8, 1), (16, 2), (32, 2)):
        np.testing.assert_allclose(efficiency(PCUS[2], half, 51000.0, energy), layers[layer] / 2)
    xenon = 0.000129413 + 3.66686e-08 * (51000 - 50802)  # in the propane, which lies between two windows
    gas = cross_section("propane", energy) * 0.00264459 + xenon_cross_section(energy) * xenon
    np.testing.assert_allclose(efficiency(PCUS[2], 64, 51000.0, energy), np.sqrt(seen) * (1 - np.exp(-gas)))


@pytest.mark.parametrize(
    ("material", "volts", "expected"),
    [
        ("H", [30.05, 20000.4, 20000.6], [480408, 0.000229953, 0]),
        ("C", [70.05, 283.75, 283.85, 20000.1], [46455.7, 2246.83, 58707.2, 0]),
        ("O", [100.05, 531.65, 531.75, 20000.4, 20000.6], [65329.7, 1158, 22646.7, 0.549206, 0]),
        ("Al", [100.05, 1599.85, 1599.95, 30000.4, 30000.6], [157060, 285.094, 4379.72, 1.19746, 0]),
        ("Xe", [1012.05, 4782.15, 4782.25, 5103.65, 5103.75], [9486.73, 245.217, 754.606, 636.245, 867.428]),
        ("Xe", [5452.75, 5452.85, 34559.95, 34560.05, 100001], [729.263, 878.818, 5.70401, 34.7222, 0]),
    ],
)
def test_both_sides_of_each_edge(material, volts, expected):
    np.testing.assert_allclose(cross_section(material, np.array(volts) / 1000), expected, rtol=5e-6)


@pytest.mark.parametrize(
    ("material", "first", "last"),
    [("H", 30, 20000.5), ("C", 70, 20000), ("O", 100, 20000.5), ("Al", 100, 30000.5), ("Xe", 1012, 100000)],
)
def test_energies_that_a_polynomial_is_for(material, first, last):
    """eV, from the table of coefficients: nothing up to the first, something up to the last."""
    found = cross_section(material, np.array([first, first + 0.01, last, last + 0.01]) / 1000)
    assert (found > 0).tolist() == [False, True, True, False]


#: Xenon of layers 1, 2, 3, between them, and in the propane: amount and growth a day [g / cm**2]; Mylar, resolution,
#: area [cm**2]; what the lower-level discriminator lets through in channels 4 to 7 of each layer.
DETECTORS = """
0.00710774 0.00581857 0.00575947 0.000232556 0.00012194 8.28557e-08 0.00721853 0.169282 1545.32
0.00714892 0.00581066 0.00565564 0.000193073 8.88395e-05 3.02757e-08 0.00713158 0.164312 1533.94
0.00695496 0.00576712 0.00582309 0.000418854 0.000129413 3.66686e-08 0.00691034 0.17193 1563.16
0.00670026 0.00550608 0.0054168 0.00051062 0.000182555 3.59309e-08 0.0074029 0.169485 1617.50
0.00682375 0.00570323 0.00571771 0.000511759 0.000164654 3.29835e-08 0.00695704 0.169135 1562.10
"""
THRESHOLDS = """
0 0.2 0.35 1      0 0.25 0.75 1    0.25 0.5 1 1
0.3 0.08 1 1      0.3 0.7 0.75 1   0.25 0.8 1 1
0.2 0.2 0.75 1    0.3 0.03 0.7 1   0.3 0.25 1 1
0.2 0.2 0.7 1     0.4 0.3 1 1      0 0.3 0.8 1
0.3 0.15 1 1      0.4 0.3 1 1      0.2 0.3 1 1
"""


def test_what_the_detectors_are_made_of():
    """The published parameters of ``pcarmf`` and ``xpcaarf``; xenon in the propane is that of 1997-12-20."""
    for pcu, numbers, passed in zip(
        PCUS, *(np.loadtxt(text.split("\n")) for text in (DETECTORS, THRESHOLDS)), strict=True
    ):
        leak = pcu.in_propane
        mine = (*pcu.xenon, pcu.dead_layer, leak.on(50802), leak.on(50803) - leak.on(50802))
        np.testing.assert_allclose([*mine, pcu.mylar, pcu.fano, pcu.area], numbers, rtol=1e-9)
        np.testing.assert_array_equal(np.ravel(pcu.thresholds), passed)
    grid = pca_matrix(built_in_table().extension(3, 51500.0), CODES["LR1"], 51500.0)
    areas = [pca_area(pcu, grid, None, SourcePosition(0.0, 0.0)).area for pcu in range(5)]
    np.testing.assert_array_equal(areas, np.repeat(np.loadtxt(DETECTORS.split("\n"))[:, -1:], 300, axis=1).astype("f4"))


def test_the_table_of_xenon():
    """At 1, 2 ... 100 keV, and where it has more: cm**2 / g."""
    assert xenon_cross_section(np.arange(1.0, 101.0)).sum() == pytest.approx(7256.1)
    energy = [4.78, 4.782, 5.098, 5.1, 5.45, 5.453, 34.58, 34.583, 0.5, 200]
    expected = [260.6, 739.5, 627.2, 881.3, 742.1, 858.9, 5.9, 32.1, 7.1, 2]
    np.testing.assert_allclose(xenon_cross_section(np.array(energy)), expected)


@pytest.mark.parametrize(("pcu", "day", "xenon"), [(0, 52000.0, 3.86517e-05 + 1.03815e-10 * 323), (1, 55000.0, 0.0)])
def test_what_a_pcu_without_propane_absorbs(pcu, day, xenon):
    """Two windows, the xenon that leaked in front of them, and the xenon and methane of the first layer."""
    energy = np.array([3.0, 5.0, 10.0])
    ch4, al, mylar = (cross_section(material, energy) for material in ("CH4", "Al", "Mylar"))
    xe = xenon_cross_section(energy)
    layer = {0: 0.00710774, 1: 0.00714892}[pcu]
    windows = np.exp(-al * 0.00012045 - mylar * {0: 0.00721853, 1: 0.00713158}[pcu])
    expected = windows * np.exp(-xe * xenon) * (1 - np.exp(-(xe + 0.0123 * ch4) * layer))
    np.testing.assert_allclose(efficiency(PCUS[pcu], CODES["LR1"], day, energy), expected, rtol=1e-12)


def test_propane_is_gone_when_it_is():
    """PCU 0 lost it when 2000-05-13 began, PCU 1 on 2006-12-25 at 12:56; the original has it until midnight."""
    gone = (
        [has_propane(PCUS[0], day) for day in (51676.9, 51677.0)],
        [has_propane(PCUS[1], d) for d in (54094.5, 54094.6)],
    )
    assert gone == ([True, False], [True, False])
    assert [has_propane(PCUS[0], day, compat="heasoft") for day in (51677.9, 51678.0)] == [True, False]
    assert has_propane(PCUS[2], 55900.0, compat="heasoft")
    with pytest.raises(DataError, match="PCU 0 lost its propane on MJD 51677"):
        efficiency(PCUS[0], CODES["P"], 51924.0, np.array([3.0]))


def test_partial_charge_is_the_sum_over_channels(monkeypatch):
    """The correlation made with Fourier transforms, as a loop over channels."""
    random = np.random.default_rng(1)
    rows, energy, centre = random.uniform(0, 1, (3, 256)), np.array([3.0, 7.0, 40.0]), np.array([6.4, 16.1, 97.3])
    made = redistribution._collected(rows, energy, centre, 0.0138135)
    kappas = 0.0138135 * cross_section("Xe", energy) / cross_section("Xe", np.array([5.0]))
    for row, kappa, last, found in zip(rows, kappas, (1.25 * centre).astype(int), made, strict=True):
        expected = row.copy()
        for i in range(1, last):
            q = lambda m, n: kappa * (1 - m / n) ** (kappa - 1) / n  # noqa: B023,E731
            expected[i] -= row[i] * sum(q(m, i) for m in range(i))
            expected[i] += sum(row[n] * q(i, n) for n in range(i + 1, last + 1))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_no_charge_is_lost_where_the_coefficient_is_a_millionth_or_less():
    energy = np.array([3.0, 7.0, 40.0])
    made = [
        redistribution.redistribution(PCUS[2], law(-0.5, 2.4, -0.002, 0.0), energy, np.ones(3), coefficient)
        for coefficient in (0.0, 1e-6, 1.1e-6)
    ]
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[2] != made[0]).any()


def test_the_grid_has_the_edges_of_xenon():
    lower, upper = energy_grid()
    assert (len(lower), lower[0], upper[-1]) == (300, np.float32(1.5), 80)
    np.testing.assert_array_equal(lower[[87, 93, 99, 237]], np.float32([4.782, 5.104, 5.453, 34.561]))
    np.testing.assert_array_equal(lower[1:], upper[:-1])


def test_half_a_layer_has_half_its_efficiency():
    extension = built_in_table().extension(2, 51500.0)
    half, whole = (pca_matrix(extension, CODES[name], 51500.0) for name in ("R1", "LR1"))
    stored = half.matrix > 0
    np.testing.assert_allclose(half.matrix[stored], whole.matrix[stored] / 2, rtol=1e-6)


def test_channels_moved_on_board():
    """One channel more each time the gain makes up for half of one: from 256 (i + 0.5) / g on."""
    assert channel_shifts(0, 0) == []
    assert channel_shifts(0, -2) == [ChannelShift(0, 255, -2)]
    moved = channel_shifts(3, 1)
    assert moved == [
        ChannelShift(0, 42, 1),
        ChannelShift(43, 128, 2),
        ChannelShift(129, 213, 3),
        ChannelShift(214, 255, 4),
    ]
    assert [one.shift for one in channel_shifts(-3, 0)] == [0, -1, -2, -3]


def test_the_gains_of_caldb_are_in_the_second_row():
    """Column 1 is the time; then gains of PCU 0 to 4 and their offsets."""
    cells = np.array([[9.0] * 11, [1.0, 0, 0, 3, 0, 0, 0, -2, 1, 0, 5]])
    columns = [(Column(f"C{n}", "D"), cells[:, n]) for n in range(11)]

    def table(n_row=2, n_column=11):
        rows = [(column, values[:n_row]) for column, values in columns[:n_column]]
        return open_fits(fits_bytes(primary_hdu(), [table_hdu("GAIN", rows)]), "gain").tables[0]

    whole = [ChannelShift(0, 255, shift) for shift in (-2, 5)]
    assert table_shifts(table()) == {0: [], 1: whole[:1], 2: channel_shifts(3, 1), 3: [], 4: whole[1:]}
    for small in ((1, 11), (2, 10)):
        with pytest.raises(DataError, match=f"{small[0]} rows of {small[1]} columns"):
            table_shifts(table(*small))


def test_a_moved_response_keeps_its_counts():
    extension = built_in_table().extension(2, 51500.0)
    full = pca_matrix(extension, CODES["LR1"], 51500.0)
    made = shifted(full, channel_shifts(3, 1))
    np.testing.assert_array_equal(made.matrix[:, 1:44], full.matrix[:, :43])
    np.testing.assert_array_equal(made.matrix[:, 45:131], full.matrix[:, 43:129])
    np.testing.assert_array_equal(made.matrix[:, 44], 0)  # nothing is counted there
    np.testing.assert_array_equal(made.e_min, full.e_min)
    assert shifted(full, []) is full
    told = spectrum_shifts(Header([("PCU2GAIN", 0), ("PCU2OFST", 1)]), "x")
    assert told == {2: [ChannelShift(0, 255, 1)]}
    with pytest.raises(DataError, match="PCU2GAIN and PCU2OFST are"):
        spectrum_shifts(Header([("PCU2GAIN", 0.5), ("PCU2OFST", 1)]), "x")


def test_good_time_of_two_epochs_is_told_whatever_its_rows():
    """Gain epoch 3 begins at 72227161 s."""
    edge = 72227161.0
    rows = np.array([[edge - 3600, edge - 1800], [edge + 1800, edge + 3600]])
    for good, said in ((rows, 1), (rows[:1], 0), (rows[1:], 0)):
        table = table_hdu("GTI", list(zip(STDGTI, good.T, strict=True)), [("HDUCLAS1", "GTI"), ("TIMEZERO", 0.0)])
        assert len(_crossing(open_fits(fits_bytes(primary_hdu(), [table]), "x.pha"), 50100.0)) == said

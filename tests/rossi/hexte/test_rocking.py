"""Which rows belong to which position, and the good time of split files."""

import gzip
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import DataError
from rossi.fits.edit import as_hdu, select_columns, select_rows, with_keywords
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.writer import Column, fits_bytes
from rossi.hexte.housekeeping import commanded_dwell
from rossi.hexte.rocking import Position, frame_intervals, rocking_angle, rocking_remarks, split
from rossi.hexte.science import (
    DETECTOR_2_LOST,
    HOUSEKEEPING_APIDS,
    Cluster,
    Kind,
    cluster_codes,
    cluster_of,
    event_bytes,
    event_detectors,
    event_mask,
    frame_number,
    kind_of,
    revision,
)
from rossi.hexte.splitting import split_streamed
from tests.rossi.hexte.synthetic import T, archive, events, housekeeping, one_table

SEPARATE = (Position.SOURCE, Position.PLUS, Position.MINUS)
CODES = {
    Kind.ARCHIVE: {Position.SOURCE: {0, 3}, Position.PLUS: {1, 2}, Position.MINUS: {4, 5}},
    Kind.EVENTS: {
        Position.SOURCE: {1, 65, 8, 72},
        Position.PLUS: {2, 66, 4, 68},
        Position.MINUS: {32, 96, 16, 80},
    },
}


def science(kind, codes, cluster=0, **cards):
    n = len(codes)
    if kind is Kind.ARCHIVE:
        return archive(T + 16 * np.arange(n), codes, [1] * n, np.ones((n, 4), int), cluster=cluster, **cards)
    return events(T + 16.0 * np.arange(n), [1] * n, codes, [0] * n, cluster=cluster, **cards)


@pytest.mark.parametrize("kind", list(CODES))
@pytest.mark.parametrize("long", [0, 256])
def test_all_256_codes(monkeypatch, kind, long):
    """Whether runs are copied, or rows."""
    monkeypatch.setattr("rossi.hexte.rocking._LONG_RUN", long)
    file = science(kind, np.arange(256))
    found = {part.position: part for part in split(file, (*SEPARATE, Position.BACKGROUND))}
    for position, codes in CODES[kind].items():
        assert set(found[position].table.column("ClstrPosition")) == codes
        assert found[position].frames.tolist() == [[T + 16 * c, T + 16 * c + 16] for c in sorted(codes)]
    beside = CODES[kind][Position.PLUS] | CODES[kind][Position.MINUS]
    assert set(found[Position.BACKGROUND].table.column("ClstrPosition")) == beside


@pytest.mark.parametrize(
    ("kind", "codes", "angle"),
    [
        (Kind.ARCHIVE, [0, 1, 0, 5], 1.5),
        (Kind.ARCHIVE, [3, 2, 3, 4], 3.0),
        (Kind.ARCHIVE, [0, 0], None),
        (Kind.EVENTS, [1, 66, 1, 32], 1.5),
        (Kind.EVENTS, [8, 68, 8, 16], 3.0),
        (Kind.EVENTS, [1, 65, 72], None),
    ],
)
def test_rocking_angle(kind, codes, angle):
    assert rocking_angle(science(kind, codes).table(), kind) == angle


def test_split_files_keep_their_header_and_get_their_frames():
    file = science(Kind.ARCHIVE, [0, 1, 0, 0, 5])
    (part, *_) = split(file, SEPARATE)
    made = open_fits(part.to_bytes(compress=True), "made")
    table, gti = made.tables
    assert table.header["TSTOP"] == T + 80  # of the whole file
    assert table.header["NAXIS2"] == 3
    assert gti.name == "GTI"
    assert gti.header["TIMEZERO"] == 3.0
    assert gti.column("Start").tolist() == [T, T + 32, T + 48]
    assert gti.column("Stop").tolist() == [T + 16, T + 48, T + 64]


def test_positions_without_rows_are_left_out():
    assert [p.position for p in split(science(Kind.ARCHIVE, [0, 0, 1]), SEPARATE)] == ["src", "p"]
    assert split(science(Kind.ARCHIVE, [6, 7]), SEPARATE) == []


def test_a_file_without_good_time_is_split_too():
    file = science(Kind.ARCHIVE, [0, 1])
    data = fits_bytes(file.primary, [as_hdu(file.table())])
    streamed = [part for part, _ in split_streamed(stream_fits(data, "bare"), SEPARATE)]
    for parts in (split(open_fits(data, "bare"), SEPARATE), streamed):
        found = [(part.position, part.frames.tolist()) for part in parts]
        assert found == [("src", [[T, T + 16]]), ("p", [[T + 16, T + 32]])]


def test_times_of_no_observation_have_no_frames():
    assert frame_number(np.array([33.0, 16.0, 31.9])).tolist() == [2, 1, 1]
    assert frame_number(np.array([0.0, 8.64e6])).tolist() == [0, 540_000]  # a hundred days
    assert frame_number(np.array([1e9 - 16, 1e9 - 1])).tolist() == [62_499_999] * 2
    for wrong in ([0.0, 8.64e6 + 1], [8.64e6 + 1, 0.0], [1e9], [-1e9], [2e9], [np.nan], [0.0, np.inf]):
        with pytest.raises(DataError, match="as those of no observation do"):
            frame_number(np.array(wrong))


@pytest.mark.parametrize(
    ("start", "moved"),
    [
        *((503424752, False), (503424760, True), (506801784, True), (506801792, False)),
        *((506843120, False), (506843128, True), (512502152, True), (512502160, False)),
    ],
)
@pytest.mark.parametrize("cluster", [0, 1])
def test_cluster_b_was_off_source_when_it_said_on(start, moved, cluster):
    start -= start % 8
    file = archive([start], [0], [1], [[1, 1, 1, 1]], cluster=cluster, TSTART=float(start))
    off = moved and cluster == 1
    assert [p.position for p in split(file, SEPARATE)] == (["p"] if off else ["src"])
    assert [p.position for p in split(file, (Position.SOURCE, Position.BACKGROUND))] == (["bkg"] if off else ["src"])
    assert [r.code for r in rocking_remarks(file.table())] == (["wrong_position"] if off else [])


def test_frames_of_rows():
    time = T + np.array([0, 3, 15.999, 16, 40, 64, 70])
    assert frame_intervals(time).tolist() == [[T + s, T + s + 16] for s in (0, 16, 32, 64)]
    back = frame_intervals(T + np.array([0.0, 16, 2, 40]))
    assert back.tolist() == [[T, T + 16], [T + 16, T + 32], [T, T + 16], [T + 32, T + 48]]


@pytest.mark.parametrize(
    ("rows", "defect", "frames"),
    [(1234567, False, 772), (1234567, True, 78), (999999, True, 625), (999999, False, 625)],
)
def test_a_million_rows(rows, defect, frames):
    assert len(frame_intervals(T + 0.01 * np.arange(rows), defect)) == frames


def test_all_rows_are_looked_at_unless_the_defect_is_wanted(monkeypatch):
    monkeypatch.setattr("rossi.hexte.rocking._DIGITS", 1)
    file = science(Kind.ARCHIVE, [0] * 12)
    assert [len(part.frames) for wanted in ((), (True,)) for part in split(file, SEPARATE, *wanted)] == [12, 1]


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=50).map(sorted))
def test_every_row_lies_in_its_frames(time):
    t = T + np.array(time)
    intervals = frame_intervals(t)
    assert ((intervals[:, 1] - intervals[:, 0]) == 16).all()
    inside = (t[:, None] >= intervals[:, 0]) & (t[:, None] < intervals[:, 1])
    assert (inside.sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("datamode", "kind"),
    [("Archive", Kind.ARCHIVE), ("E_8us_256_DX0F", Kind.EVENTS), ("CE_x_DX1F", Kind.BURST), ("B_x", Kind.BINNED)],
)
def test_modes(datamode, kind):
    assert kind_of(science(Kind.ARCHIVE, [0], DATAMODE=datamode).table()) is kind


@pytest.mark.parametrize("datamode", ["", "HK_16s", "E_8us_256_DX07", "E_8us_256_DX10", "E_8us_256_DXzz"])
def test_modes_that_can_not_be_used(datamode):
    with pytest.raises(DataError, match="DATAMODE is"):
        kind_of(science(Kind.ARCHIVE, [0], DATAMODE=datamode).table())


def test_detector_2_was_lost_on_a_day_of_1996():
    """1996-03-06 11:27:12, counted without leap seconds; the HEXTE areas of the day hold without it."""
    assert (datetime(1996, 3, 6, 11, 27, 12) - datetime(1994, 1, 1)).total_seconds() == DETECTOR_2_LOST
    assert [cluster.detectors_of_spectra for cluster in Cluster] == [(0, 1, 2, 3), (0, 1, 3)]
    assert [cluster.detnam((0, 1, 3)) for cluster in Cluster] == ["PWA013", "PWB013"]
    assert HOUSEKEEPING_APIDS == {Cluster.A: 83, Cluster.B: 89}


@pytest.mark.parametrize("mask", ["1F", "0F", "7F", "4C", "2C", "1C", "08", "5C"])
def test_the_byte_that_names_the_detector(mask):
    """Bits of the mask from 0x40 down are bytes of the word; the detector's is that of 0x08."""
    before = sum(bool(int(mask, 16) & bit) for bit in (0x40, 0x20, 0x10))
    n_byte = bin(int(mask, 16)).count("1")
    table = events(T + np.arange(4.0), [1] * 4, [1] * 4, [3, 0, 2, 1], mask=mask).table()
    assert event_detectors(table).tolist() == ([3, 0, 2, 1] if n_byte > before + 1 else [0, 0, 0, 0])
    assert event_mask(table) == int(mask, 16)


@pytest.mark.parametrize("form", ["I", "2B", "E"])
def test_positions_that_are_no_byte(form):
    table = one_table("XTE_SA", [(Column("ClstrPosition", form), np.ones((2, 2) if form == "2B" else 2))], []).table()
    code, repeat = form[-1], "2" if form == "2B" else "1"
    with pytest.raises(DataError, match=f"ClstrPosition has the form {repeat}{code}; a byte in every row"):
        cluster_codes(table)


@pytest.mark.parametrize(("form", "values"), [("I", [1, 2]), ("2J", np.ones((2, 2)))])
def test_event_words_that_are_no_bits(form, values):
    table = one_table("XTE_SE", [(Column("Event", form), values)], []).table()
    with pytest.raises(DataError, match=r"column Event has the form .*; bits .40X. were expected"):
        event_bytes(table)
    bytes_ = one_table("XTE_SE", [(Column("Event", "B"), [1, 2])], []).table()
    assert event_bytes(bytes_).tolist() == [[1], [2]]


def test_words_that_are_shorter_than_their_mask_says():
    table = events(T + np.arange(2.0), [1] * 2, [1] * 2, [0] * 2, mask="08", DATAMODE="E_8us_256_DX1F").table()
    with pytest.raises(DataError, match="promises the detector in byte 2 of an event, but Event has 1 bytes"):
        event_detectors(table)


def test_files_of_neither_cluster():
    for text in ("O[XTE]", "G[2]", "G[", ""):
        with pytest.raises(DataError, match=r"G\[0\] or G\[1\], the cluster of a HEXTE file, was expected"):
            cluster_of(science(Kind.ARCHIVE, [0], TDDES=text).table())


@pytest.mark.parametrize(("creator", "number"), [("XFF - Revision: 5.4.0", 50400), ("a:12.3.45", 120345)])
def test_versions_of_the_processing(creator, number):
    assert revision(science(Kind.ARCHIVE, [0], CREATOR=creator).table()) == number


@pytest.mark.parametrize(("code", "dwell"), [(0, 0), (1, 16), (2, 32), (3, 64), (4, 128)])
def test_commanded_dwell(code, dwell):
    codes = [code, code, code, 1]
    assert commanded_dwell(housekeeping(T + 16 * np.arange(4), code=codes).table()) == dwell


def test_the_dwell_is_the_commonest_and_of_two_alike_the_shorter():
    tables = [housekeeping(T + 16 * np.arange(len(codes)), code=codes).table() for codes in ([3, 1, 3, 1], [2, 2, 1])]
    assert [commanded_dwell(table) for table in tables] == [16, 32]
    assert commanded_dwell(select_rows(tables[0], np.zeros(4, bool))) is None
    actual, neither = (select_columns(tables[1], names) for names in (["Time", "DwellPdApMod"], ["Time"]))
    assert (commanded_dwell(actual), commanded_dwell(neither)) == (32, None)


def test_long_event_lists_without_a_time_in_some_rows_and_with_cells_of_any_length():
    file = events(T + np.array([0.0, np.nan, 2.0]), [1] * 3, [1] * 3, [0] * 3, TSTOP=T + 16.0, stop=T + 16)
    data, said = fits_bytes(file.primary, [as_hdu(table) for table in file.tables]), []
    ((part, made),) = split_streamed(stream_fits(data, "list"), SEPARATE, said)
    assert said == ["list[XTE_SE]: column Time is undefined or infinite in 1 of 3 rows; they are left out."]
    assert (len(open_fits(made, "x").table()), part.frames.tolist()) == (2, [[T, T + 16]])
    heap = with_keywords(data, "list", 1, [("PCOUNT", 0)]).replace(
        b"PCOUNT  =                    0", b"PCOUNT  =                    8", 1
    )
    with pytest.raises(DataError, match="PCOUNT is 8; event lists without cells of variable length"):
        list(split_streamed(stream_fits(heap, "list"), SEPARATE))


def test_an_unknown_dwell_is_said():
    with pytest.raises(DataError, match="CmdDwellApMod is 9"):
        commanded_dwell(housekeeping([T], code=9).table())


@pytest.mark.parametrize("rows", [1, 7, None])
@pytest.mark.parametrize("start", [T, 503424768])
def test_long_event_lists_are_split_alike(monkeypatch, rows, start):
    if rows:
        monkeypatch.setattr("rossi.hexte.splitting._ROWS", rows)
    n = 101
    time = start + np.sort(np.random.default_rng(3).uniform(0, 640, n))
    code = np.array([1, 2, 1, 32])[((time - start) // 16).astype(int) % 4]
    file = events(time, np.arange(n), code, np.arange(n) % 4, cluster=1, TSTART=float(start))
    data = fits_bytes(file.primary, [as_hdu(table) for table in file.tables], compress=True)
    whole = {part.position: part for part in split(open_fits(data, "list"), SEPARATE)}
    streamed = list(split_streamed(stream_fits(data, "list"), SEPARATE))
    assert [part.position for part, _ in streamed] == list(whole)
    for part, made in streamed:
        assert gzip.decompress(made) == gzip.decompress(whole[part.position].to_bytes(compress=True))
        assert part.frames.tolist() == whole[part.position].frames.tolist()
        assert part.angle == whole[part.position].angle
        assert (len(part.table), part.table.header["NAXIS2"]) == (0, 0)

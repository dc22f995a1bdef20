"""Event words and bit masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.extract.bitmask import parse_bit_mask
from rossi.extract.decode import decode_events
from rossi.extract.events import ScienceEvents
from rossi.extract.eventword import parse_event_word
from rossi.fits.edit import select_columns
from rossi.fits.reader import open_fits, read_fits
from tests.rossi.extract.eventfile import T0, event_file, words

E_125US = (
    "(M[1]{1},D[0:4]{3},C[0:63]{6},T[0.0:0.0078125;0.0001220703125]{6})^(M[127]{8},S[One5]{5},S[FirstFlag]{1},"
    "S[SpillFlag]{1},S[Zero1]{1})^(M[1]{8},S[LostEvents0]{8})^(M[8]{8},S[Zero]{5},S[ModeSpecific]{3})"
)
GOOD_XENON = "(M[1]{1},S[Zero]{5},E[VPR]{1},D[0:4]{3},E[0:63]{6},C[0:255]{8})"
REAL = ("SE_93087-01-02-11_E_125us_64M.evt.gz", "GX_B1509-58_short.evt")
HEXTE = "E[0:63]{6},E[CAL]{1} ,T[0:15;1]{4},D[0:3]{2},E[LE1,LE0]{2},T[0.0:1.0;7.62939453125e-6] {17},C[0:255] {8}"


def test_the_word_of_the_specification():
    word = parse_event_word(E_125US, 16, "f")
    values = np.array([0b1_100_001111_001110, 0b0000_0001_0000_0101], np.uint16)
    assert word.is_photon(values).tolist() == [True, False]
    assert (word.detector(values)[0], word.channel(values)[0], word.anode(values)[0]) == (4, 15, 255)


def test_good_xenon_and_its_anodes():
    word = parse_event_word(GOOD_XENON, 24, "f")
    one_hot = np.array(
        [0x800000 | pcu << 14 | 1 << bit << 8 | 77 for bit, pcu in enumerate((0, 1, 2, 3, 4, 0))], np.uint32
    )
    assert word.anode(one_hot).tolist() == [10, 11, 20, 21, 30, 31]
    assert word.detector(one_hot).tolist() == [0, 1, 2, 3, 4, 0]
    assert set(word.channel(one_hot).tolist()) == {77}
    assert word.anode(np.array([0x820000, 0x800300], np.uint32)).tolist() == [40, 255]


def test_hexte_words_have_no_marker():
    word = parse_event_word(HEXTE, 40, "f")
    values = np.array([(5 << 34) | (3 << 27) | 200], np.uint64)
    assert (word.is_photon(values)[0], word.detector(values)[0], word.channel(values)[0]) == (True, 3, 200)


def test_combined_detector_and_anode():
    word = parse_event_word("(M[1]{1},Z[D[0:4]&E[X1L,X1R]]{5},C[0:3]{2})", 8, "f")
    values = np.array([0x80 | z << 2 | 1 for z in (0, 5, 6, 29)], np.uint8)
    assert word.detector(values).tolist() == [0, 0, 1, 4]
    assert word.anode(values).tolist() == [10, 31, 10, 31]
    assert len(parse_event_word("(M[1]{1},C[0:4]{3})", 8, "f").bounds) == 5  # three codes are of no channel


@given(st.integers(0, 4), st.integers(0, 63), st.integers(0, 63))
def test_fields_come_back(pcu, channel, ticks):
    word = parse_event_word(E_125US, 16, "f")
    value = np.array([0x8000 | pcu << 12 | channel << 6 | ticks], np.uint16)
    assert (word.detector(value)[0], word.channel(value)[0]) == (pcu, channel)


@pytest.mark.parametrize("text", ["(M[1]{1},C[0:300]{8})", "(M[x]{1},C[0:7]{3})"])
def test_descriptions_that_contradict_themselves(text):
    with pytest.raises(DataError, match="f: "):
        parse_event_word(text, 16, "f")


def test_masks_of_the_specification():
    values = np.array([0x8000 | pcu << 12 for pcu in range(5)] + [2 << 12], np.uint16)

    def kept(*lines, **options):
        return np.flatnonzero(parse_bit_mask("\n".join(lines), **options).passes(values, 16)).tolist()

    photon = "Event == b1xxxxxxxxxxxxxxx"
    assert kept(photon) == [0, 1, 2, 3, 4]
    assert kept("Event == b1011xxxxxxxxxxxx") == [3]
    assert kept("Event <= bx010xxxxxxxxxxxx &&", photon) == [0, 1, 2]
    assert kept(photon + " &&", "Event >= bx001xxxxxxxxxxxx &&", "Event < bx011xxxxxxxxxxxx") == [1, 2]
    assert kept("Event > bx010xxxxxxxxxxxx") == [3, 4]
    one_line = photon + " && Event == bx010xxxxxxxxxxxx"
    assert kept(one_line) == [2]
    assert kept(one_line, first_term_only=True) == [0, 1, 2, 3, 4]
    assert kept() == [0, 1, 2, 3, 4, 5]


def test_runs_of_a_mask_are_compared_one_by_one():
    values = np.arange(16, dtype=np.uint8)
    kept = parse_bit_mask("Event <= b0x01").passes(values, 4)
    assert np.flatnonzero(kept).tolist() == [0, 1, 4, 5]


def test_words_and_masks_of_64_bits():
    wide = "(M[1]{1},S[Zero]{55},C[0:255]{8})"
    word = parse_event_word(wide, 64, "f")
    values = np.array([1 << 63 | 200, 200], np.uint64)
    assert (word.is_photon(values).tolist(), word.channel(values).tolist()) == ([True, False], [200, 200])
    assert parse_bit_mask("Event == b1" + "x" * 63).passes(values, 64).tolist() == [True, False]
    with pytest.raises(DataError, match="its event words have 65 bits; 64 are the most"):
        parse_event_word(wide, 65, "f")
    with pytest.raises(ConfigError, match="a bit mask has 65 bits; no event has more than 64"):
        parse_bit_mask("Event == b1" + "x" * 64)


@pytest.mark.parametrize(
    ("text", "size", "words"),
    [
        ("(M[1]{1},C[0:1]{17})", 32, "2 channels in 17 bits; the description is damaged"),
        ("(M[1]{1},C[0:4]{2})", 32, "5 channels in 2 bits; the description is damaged"),
        ("(M[1]{1},D[0:4]{9},C[0:3]{2})", 32, "detector or anodes take more than 8 bits"),
        ("(M[1]{1},Z[D&E]{9},C[0:3]{2})", 32, "detector or anodes take more than 8 bits"),
        ("(M[1]{1},D[0:4]{2},C[0:3]{2})", 32, "2 bits can't tell D.0:4. apart"),
        ("(M[1]{1},S[One]{3})", 8, "hold no channel C"),
        ("(M[1]{1},C[0:3]{2}", 8, "can't be read from"),
        ("(M[1]{1},C[0:3]{2}),(M[1]{3})", 8, "can't be read from"),
    ],
)
def test_descriptions_that_are_damaged(text, size, words):
    with pytest.raises(DataError, match=f"f: .*{words}"):
        parse_event_word(text, size, "f")


def test_masks_that_are_none():
    for text in ("Event == b10 || Event == b01", "Event != b10", "(Event == b10)", "pha < 3"):
        with pytest.raises(ConfigError, match="can't be read"):
            parse_bit_mask(text)
    with pytest.raises(ConfigError, match="2 and 3 bits"):
        parse_bit_mask("Event == b10\nEvent == b101")
    with pytest.raises(ConfigError, match="has 2 bits, the events 16"):
        parse_bit_mask("Event == b10").passes(np.zeros(1, np.uint16), 16)


def test_decoding_a_file():
    data = event_file(T0 + np.arange(3), [int(words(4, 6)), 0x10, int(words(0, 1))])
    table = open_fits(decode_events(open_fits(data, "f")), "f").tables[0]
    assert [table.column(name).tolist() for name in ("PCUID", "ANODEID", "PHA")] == [[4, 0], [255, 255], [6, 1]]
    limits = [[table.header[f"TL{end}{number}"] for number in (3, 4, 5)] for end in ("MIN", "MAX")]
    assert limits == [[0, 10, 0], [4, 40, 7]]
    assert table.header["CPIX5"] == "0~1,2,3,4~9,10,11,12,13~20"
    with pytest.raises(DataError, match="PCUID is there already"):
        decode_events(open_fits(decode_events(open_fits(data, "f")), "f"))


def test_real_files_are_decoded_as_the_original_did(shared, subtests):
    for name in REAL:
        with subtests.test(name):
            are_decoded(shared, name)
    for name in (*REAL, "events/xte_gx_test.evt.gz"):
        with subtests.test(name, what="the task"):
            file = read_fits(shared / "data/real/pca" / name)
            table = file.table()
            words = select_columns(table, ["TIME", "Event"])
            made = open_fits(decode_events(type(file)(name, file.primary, (words, *file.tables[1:]))), name).table()
            for column in ("TIME", "PCUID", "ANODEID", "PHA"):
                assert np.array_equal(table.column(column), made.column(column)), column


def are_decoded(shared, name):
    events = ScienceEvents.from_file(read_fits(shared / "data/real/pca" / name))
    values = events.words(events.table)
    assert events.word.is_photon(values).all()
    assert np.array_equal(events.word.detector(values), events.table.column("PCUID"))
    assert np.array_equal(events.word.channel(values), events.table.column("PHA"))
    anodes = events.table.column("ANODEID")
    assert np.array_equal(events.word.anode(values), anodes)

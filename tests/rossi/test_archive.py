import re

import pytest

from rossi.archive import FILE_PATTERNS, Kind, ObsID, parse_data_file, parse_standard_product
from rossi.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "cycle", "path"),
    [
        ("20402-01-45-03", 2, "AO2/P20402/20402-01-45-03/"),
        ("80135-02-01-00", 8, "AO8/P80135/80135-02-01-00/"),
        ("90171-01-01-00", 9, "AO9/P90171/90171-01-01-00/"),
        ("91401-02-03-00", 10, "AO10/P91401/91401-02-03-00/"),
        ("96442-01-01-00", 15, "AO15/P96442/96442-01-01-00/"),
        ("30188-06-01-00S", 3, "AO3/P30188/30188-06-01-00S/"),
        ("00020-01-01-000", 0, "AO0/P00020/00020-01-01-000/"),
    ],
)
def test_obsid_gives_cycle_and_path(text, cycle, path):
    obsid = ObsID(text)
    assert (obsid.cycle, obsid.path, str(obsid)) == (cycle, path, text)
    assert obsid.is_pointing == text[-1].isdigit()


@pytest.mark.parametrize(
    ("letters", "kind", "is_pointing"),
    [
        ("AZCDTU", Kind.SLEW, False),
        ("SR", Kind.SCAN, False),
        ("GHI", Kind.DATA_GAP, True),
        ("FVW", Kind.ATTITUDE, True),
        ("X", Kind.UNKNOWN, True),
    ],
)
def test_letters_tell_what_an_observation_is(letters, kind, is_pointing):
    for letter in letters:
        for text in (f"50117-01-01-00{letter}", f"50117-01-01{letter}"):
            obsid = ObsID(text)
            assert (obsid.kind, obsid.is_pointing) == (kind, is_pointing)
            assert obsid.meaning.startswith(f"The letter {letter} of {text} stands for ")
            assert obsid.viewing == "50117-01-01"
    plain = ObsID("50117-01-01-00")
    assert (plain.kind, plain.is_pointing, plain.meaning) == (Kind.POINTING, True, "")


@pytest.mark.parametrize(
    "text", ["", "20402", "20402-01-45", "2040x-01-45-03", "20402-01-45-03-1", "../20402-01-45-03"]
)
def test_what_is_no_obsid_is_named(text):
    with pytest.raises(ConfigError, match="no ObsID"):
        ObsID(text)


def test_data_file_names():
    name = parse_data_file("FS4a_15de310c-15de4b10.gz")
    assert name is not None
    assert (name.kind, name.apid, name.start, name.stop) == ("S", 0x4A, 0x15DE310C, 0x15DE4B10)
    assert parse_data_file("GX_15de310c-15de4b10.evt.gz") is None


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("std2", "pca/FS4a_15de310c-15de4b10.gz"),
        ("std2", "pca/FS4a_703d500-703e480"),
        ("std1", "pca/FS46_15de310c-15de4ae0.gz"),
        ("pcu_housekeeping", "pca/FH5c_15de310c-15de8c88.gz"),
        ("filter_file", "stdprod/x90171010100.xfl.gz"),
        ("filter_file", "stdprod/FP_06f06214-06f066dc.xfl"),
        ("pca_standard_product", "stdprod/xp90171010100_n2a.lc.gz"),
        ("pca_standard_product", "stdprod/xp90171010100_b2.pha.gz"),
        ("pca_standard_product", "stdprod/xp90171010100_n1.lc"),
        ("hexte_standard_product", "stdprod/xh90171010100_n0a.lc.gz"),
        ("hexte_standard_product", "stdprod/xh90171010100_s1.pha.gz"),
        ("standard_good_time", "stdprod/x90171010100.gti.gz"),
        ("index", "FMI"),
        ("index", "FIPC_15de310c-15de8c7b"),
        ("spacecraft", "acs/FH0e_15de310c-15de8c7d.gz"),
        ("spacecraft", "hexte/FHfb_15de3140-15de8cc0.gz"),
    ],
)
def test_each_file_is_of_one_kind(kind, path):
    assert [k for k, pattern in FILE_PATTERNS.items() if re.fullmatch(pattern, path)] == [kind]


def test_names_of_standard_products():
    found = [parse_standard_product(name) for name in ("xp90171010100_n2a.lc.gz", "xh90171010100_s0.pha", "xp1.rsp")]
    assert [(one.instrument, one.content, one.number, one.band, one.is_spectrum) for one in found[:2]] == [
        ("PCA", "n", 2, "a", False),
        ("HEXTE", "s", 0, "", True),
    ]
    assert found[2] is None

"""Standard products that are right, and made without rossi's reduction; and such that are a little wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table

from rossi.errors import NoGoodTime
from rossi.fits.edit import file_bytes, with_values
from rossi.fits.reader import open_fits
from rossi.validate.table import read_ecsv
from services.contract import Inputs, Outputs
from services.contract.validation import DIFFERS
from services.engines.native.hexte_back import hexte_back
from services.engines.native.hexte_validate import hexte_validate
from services.engines.native.pca_prep import pca_prep
from services.engines.native.pca_validate import pca_validate
from services.hexte_back.stage import STAGE as BACK
from services.hexte_back.stage import HexteBackConfig
from services.hexte_validate.stage import STAGE as HEXTE
from services.hexte_validate.stage import HexteValidateConfig
from services.pca_prep.stage import STAGE as PREP
from services.pca_prep.stage import PcaPrepConfig
from services.pca_validate.stage import STAGE as PCA
from services.pca_validate.stage import PcaValidateConfig
from tests.services.engines.native.conftest import Observation

STEM = "20402014503"
#: Of the PCA: three light curves in five bands, two spectra, Standard1, filter file and good time.
PRODUCTS, HEXTE_PRODUCTS = 3 * 5 + 2 + 1 + 2, 2 * (3 * 3 + 2)


@pytest.fixture(scope="module")
def pca(observation: Observation) -> Inputs:
    config = PcaPrepConfig()
    return observation.inputs(PCA, PcaValidateConfig(), pca_prep(config, observation.inputs(PREP, config)))


@pytest.fixture(scope="module")
def hexte(observation: Observation) -> Inputs:
    config = HexteBackConfig()
    return observation.inputs(HEXTE, HexteValidateConfig(), hexte_back(config, observation.inputs(BACK, config)))


@pytest.fixture(autouse=True)
def _no_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "figure" not in request.node.name:
        monkeypatch.setattr("services.engines.native.validation.find_spec", lambda _name: None)


def lines(made: Outputs) -> dict[str, Table.Row]:
    """Return the rows of products by what their names end with."""
    (file,) = made.files["validation"]
    return {row["product"].partition(STEM)[2]: row for row in read_ecsv(file.data) if row["what"] != "column"}


def verdicts(made: Outputs) -> dict[str, str]:
    return {name: row["verdict"] for name, row in lines(made).items()}


def changed(inputs: Inputs, ending: str, change: Callable[[bytes], bytes]) -> Inputs:
    """Return inputs with another content of the one standard product whose name ends so."""
    found = dict(inputs)
    for name, files in inputs.items():
        if name.startswith("standard"):
            found[name] = tuple(
                replace(one, data=change(gzip.decompress(one.data))) if one.name.endswith(ending) else one
                for one in files
            )
    assert found != dict(inputs)
    return found


def scaled(columns: Mapping[str, float], added: float = 0.0) -> Callable[[bytes], bytes]:
    """Return what multiplies columns of the first table, and adds to them."""

    def change(data: bytes) -> bytes:
        file = open_fits(data, "product")
        table = file.table(hdu=1)
        values = {name: np.asarray(table.column(name), float) * factor + added for name, factor in columns.items()}
        return file_bytes(replace(file, tables=(with_values(table, values), *file.tables[1:])))

    return change


def test_right_products_of_the_pca(pca: Inputs) -> None:
    made = pca_validate(PcaValidateConfig(), pca)
    found = lines(made)
    assert len(found) == PRODUCTS
    assert set(verdicts(made).values()) <= {"same", "within errors"}
    assert {found[f"_s2{band}.lc.gz".removesuffix(".gz")]["verdict"] for band in "abcde"} == {"same"}
    assert made.caveats == ()
    assert sum(made.summary["validation"].values()) == PRODUCTS
    source = found["_s2.pha"]
    assert source["compared"] == 129
    assert source["ratio"] == pytest.approx(1, abs=1e-3)
    # the background comes from counters that scatter, the truth does not
    assert found["_b2.pha"]["ratio"] == pytest.approx(1, abs=5e-3)
    assert 0.01 < found["_n2a.lc"]["pull_rms"] < 0.5


def test_right_products_of_hexte(hexte: Inputs) -> None:
    made = hexte_validate(HexteValidateConfig(), hexte)
    assert len(lines(made)) == HEXTE_PRODUCTS
    assert set(verdicts(made).values()) == {"same"}
    assert made.caveats == ()


@pytest.mark.parametrize(
    ("ending", "change", "says"),
    [
        ("b2.pha.gz", scaled({"COUNTS": 1.02}), "another version of the background model"),
        ("n2a.lc.gz", scaled({"RATE": 0.8}), "Made by simulated"),
        ("s2a.lc.gz", scaled({"TIME": 1.0}, 8.0), "The archive's times are 8 s later than rossi's."),
        (
            "s2a.lc.gz",
            lambda data: data.replace(b"CHMAX for filtering was %20d" % 25, b"CHMAX for filtering was %20d" % 26),
            "Made by simulated",
        ),
        ("x20402014503.xfl.gz", scaled({"ELV": 1.0}, 0.1), "Different: ELV by up to 0.1"),
    ],
    ids=["background 2 % off", "a PCU missing", "8 s late", "another channel", "elevation 0.1 deg off"],
)
def test_a_wrong_product_of_the_pca_is_noticed(
    pca: Inputs, ending: str, change: Callable[[bytes], bytes], says: str
) -> None:
    made = pca_validate(PcaValidateConfig(), changed(pca, ending, change))
    wrong = {name: row for name, row in lines(made).items() if row["verdict"] == "differs"}
    assert [ending.removesuffix(".gz").removeprefix("x20402014503").lstrip("_")] == [n.lstrip("_") for n in wrong]
    (row,) = wrong.values()
    assert says in row["reasons"]
    assert not row["fine"]
    assert [caveat.code for caveat in made.caveats] == [DIFFERS]
    assert row["product"] in made.caveats[0].message


def test_a_wrong_product_of_hexte_is_noticed(hexte: Inputs) -> None:
    wrong = changed(hexte, "s1.pha.gz", scaled({"COUNTS": 1.05}))
    assert [
        name for name, one in verdicts(hexte_validate(HexteValidateConfig(), wrong)).items() if one == "differs"
    ] == ["_s1.pha"]


def test_half_as_much_is_within_the_errors(pca: Inputs) -> None:
    """What counts can't tell is no difference: half a per cent of the background."""
    made = pca_validate(PcaValidateConfig(), changed(pca, "b2.pha.gz", scaled({"COUNTS": 1.005})))
    assert verdicts(made)["_b2.pha"] == "within errors"


def test_what_cannot_be_compared_says_why(pca: Inputs, hexte: Inputs) -> None:
    without = {**pca, "std2_dtbkg": ()}
    found = lines(pca_validate(PcaValidateConfig(), without))
    assert found["_s2a.lc"]["verdict"] == "same"
    assert (found["_n2a.lc"]["verdict"], found["_b2.pha"]["verdict"]) == ("not compared", "not compared")
    assert "No background was estimated" in found["_n2a.lc"]["reasons"]
    nameless = changed(pca, "s2a.lc.gz", lambda data: data.replace(b"ROWID", b"ROWNO"))
    assert "ROWID1 is missing" in lines(pca_validate(PcaValidateConfig(), nameless))["_s2a.lc"]["reasons"]
    cut = changed(pca, "s2a.lc.gz", lambda data: data[:6000])
    row = lines(pca_validate(PcaValidateConfig(), cut))["_s2a.lc"]
    assert (row["verdict"], "xp20402014503_s2a" in row["reasons"]) == ("not compared", True)
    dead = changed(
        hexte,
        "s0a.lc.gz",
        lambda data: data.replace(b"DEADAPP =                    T", b"DEADAPP =                    F"),
    )
    assert "DEADAPP is not T" in lines(hexte_validate(HexteValidateConfig(), dead))["_s0a.lc"]["reasons"]


def test_without_standard_products_there_is_nothing_to_do(pca: Inputs, hexte: Inputs) -> None:
    nothing = {name: files for name, files in pca.items() if not name.startswith("standard")}
    with pytest.raises(NoGoodTime, match="no standard products"):
        pca_validate(PcaValidateConfig(), nothing)
    with pytest.raises(NoGoodTime, match="no standard products"):
        hexte_validate(HexteValidateConfig(), {**hexte, "standard_product": ()})


def test_a_figure_shows_what_differs(hexte: Inputs) -> None:
    (figure,) = hexte_validate(HexteValidateConfig(), hexte).files["figure"]
    assert figure.name == "20402-01-45-03_hexte_validation.png"
    assert figure.data.startswith(b"\x89PNG")

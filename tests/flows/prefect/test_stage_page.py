"""What Prefect's pages show of one stage of one observation; Prefect itself is left out."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt

from flows.prefect import stage_page
from flows.prefect.artifacts import BROWSE
from flows.prefect.stage_page import show_stage
from rossi.fits.header import Header
from rossi.product import About, Content, Kind
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import Caveat, FailureKind, File, InputRecord, Outcome, Outputs, StageResult
from services.storage.memory import MemoryStore
from services.storage.publication import new_manifest, output_key, publish

OBSID, URL = "20402-01-45-03", "/data/store"
KEY = f"{OBSID}/pca_extract/f/manifest.json"
READ = (
    InputRecord(input="std2", path="pca/FS4a_1-2.gz", size=52425, identity="sha256:0123456789abcdef0123"),
    InputRecord(input="model", path="model|_*.mdl", size=5000, identity="sha256:aa"),
)


@dataclass
class Pages:
    """Artifacts that Prefect was given, by their keys."""

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def text(self, markdown: str, *, key: str, description: str) -> None:
        """A page."""
        self.texts[key], self.about[key] = markdown, description

    def picture(self, address: str, *, key: str, description: str) -> None:
        """A figure."""
        self.pictures[key], self.about[key] = address, description


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    """Prefect, as far as it is needed."""
    made = Pages()
    monkeypatch.setattr(stage_page, "create_markdown_artifact", made.text)
    monkeypatch.setattr(stage_page, "create_image_artifact", made.picture)
    return made


def curve() -> bytes:
    """A light curve of ten bins."""
    time = 1e8 + 16.0 * np.arange(10)
    ones = np.ones(10)
    cards = Header([("HDUCLAS1", "LIGHTCURVE"), ("OBJECT", "SIM X-1"), ("MJDREFI", 49353), ("MJDREFF", 6.96574074e-4)])
    series = LightCurve(
        "made", time, 100 * ones, ones, ones, 16.0, filled_intervals(time, 16.0), cards, Header([("TELESCOP", "XTE")])
    )
    return write_light_curve(series)


def published(store: MemoryStore, files: dict[str, tuple[File, ...]], **more: Any) -> tuple[StageResult, str]:
    """Put a stage's products; returns its result, and where the first file lies."""
    manifest = new_manifest("pca_extract", OBSID, "f", {}, READ, Outputs(files), 0.5)
    manifest = publish(store, KEY.rpartition("/")[0], manifest, files)
    result = StageResult(stage="pca_extract", obsid=OBSID, outcome=Outcome.SUCCEEDED, manifest=KEY, **more)
    return result, output_key(KEY, manifest, manifest.outputs[0])


def test_a_page_of_what_was_read_and_made(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BROWSE, f"{URL} http://127.0.0.1:4201")
    store = MemoryStore()
    caveats = (Caveat(code="few", message="Rows of FS52_*, FS58_* are few."),)
    result, where = published(store, {"gti": (File("x.gti", b"x" * 2880),)}, caveats=caveats)
    show_stage(result, store, URL)
    key = "20402-01-45-03-pca-extract"
    assert pages.about == {key: "What pca_extract read and made"}
    assert pages.texts[key].splitlines() == [
        f"**{OBSID} pca_extract**: succeeded ",
        "",
        "| input | file | bytes | identity |",
        "|---|---|---|---|",
        "| std2 | pca/FS4a_1-2.gz | 52425 | `sha256:0123456789ab` |",
        r"| model | model\|\_\*.mdl | 5000 | `sha256:aa` |",
        "",
        "| product | file | bytes |",
        "|---|---|---|",
        f"| gti | [x.gti](http://127.0.0.1:4201/{where}) | 2880 |",
        "",
        r"- caveat: Rows of FS52\_\*, FS58\_\* are few.",
    ]
    assert "<td>model|_*.mdl</td>" in MarkdownIt().enable("table").render(pages.texts[key])
    monkeypatch.delenv(BROWSE)
    show_stage(result, store, URL)
    assert f"| gti | `memory:{where}` | 2880 |" in pages.texts[key].splitlines()


def test_light_curves_are_drawn_as_one_picture_of_all(pages: Pages) -> None:
    store = MemoryStore()
    about = About(Kind.LIGHT_CURVE, "ch5-10", "PCA", Content.NET, (5, 10), 16.0, pcus=(2,))
    files = {"light_curve": (File(f"{OBSID}_ch5-10.lc", curve(), about=about),)}
    result, _ = published(store, files)
    show_stage(result.model_copy(update={"outcome": Outcome.NO_WORK}), store, URL)
    assert pages.pictures == {}
    show_stage(result, store, URL)
    (key, picture), *more = pages.pictures.items()
    assert (key, pages.about[key], more) == ("20402-01-45-03-pca-extract-light-curve", "Light curves", [])
    start, _, data = picture.partition(",")
    assert start == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            StageResult(stage="pca_prep", obsid=OBSID, outcome=Outcome.NO_WORK, message="No row fulfils 'ELV > 900'."),
            f"**{OBSID} pca_prep**: no work No row fulfils 'ELV &gt; 900'.",
        ),
        (
            StageResult(
                stage="pca_prep", obsid=OBSID, outcome=Outcome.FAILED, message="[x](y) is <cut>.", kind=FailureKind.DATA
            ),
            f"**{OBSID} pca_prep**: failed \\[x\\](y) is &lt;cut&gt;.",
        ),
    ],
)
def test_what_made_nothing_has_its_sentence_and_no_picture(pages: Pages, result: StageResult, line: str) -> None:
    show_stage(result, MemoryStore(), URL)
    assert pages.texts == {"20402-01-45-03-pca-prep": f"{line}\n"}
    assert pages.pictures == {}


def test_an_obsid_that_is_none_is_text_too(pages: Pages) -> None:
    result = StageResult(
        stage="pca_prep", obsid="*[a](b)*", outcome=Outcome.FAILED, message="No.", kind=FailureKind.DATA
    )
    show_stage(result, MemoryStore(), URL)
    assert pages.texts == {"a-b-pca-prep": "**\\*\\[a\\](b)\\* pca_prep**: failed No.\n"}


def test_trouble_of_prefects_is_no_trouble_of_the_stages(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(stage_page, "create_markdown_artifact", gone)
    with caplog.at_level(logging.WARNING, "flows.prefect.stage_page"):
        show_stage(StageResult(stage="pca_prep", obsid=OBSID, outcome=Outcome.NO_WORK), MemoryStore(), URL)
    assert caplog.messages == ["The page of this stage could not be made: nobody answers"]

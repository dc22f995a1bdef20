"""What Prefect's pages show of a campaign: rows of tables and Markdown, of one source and of several."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

import pytest
from markdown_it import MarkdownIt

from flows.core.result import CampaignResult, Merged
from flows.core.results import Results
from flows.core.summary import ADVICE, summary_line
from flows.prefect.artifacts import (
    BROWSE,
    browse_url,
    change_rows,
    figure_url,
    in_markdown,
    reason_rows,
    source_rows,
    summary_page,
)
from rossi.product import About, Kind
from services.contract import Caveat, FailureKind, File, ObservationResult, Outcome, Outputs, StageResult
from services.execution.survey import Change, Standing
from services.storage.memory import MemoryStore
from services.storage.publication import new_manifest, output_key, publish, read_manifest
from tests.flows.core.test_result import ended

URL, SERVED = "/data/store", "http://127.0.0.1:4201"
NO_DATA = "The observation has no HEXTE science data (hexte/FS52_*, FS58_*) that can be reduced."
PICTURE = b"\x89PNG of all bands"


def shown(markdown: str) -> str:
    """What a page makes of it, as HTML."""
    return MarkdownIt().enable("table").render(markdown)


def stage(obsid: str, outcome: Outcome, **more: object) -> StageResult:
    return StageResult(stage="pca_extract", obsid=obsid, outcome=outcome, **more)


def result(obsid: str, outcome: Outcome = Outcome.SUCCEEDED, **more: object) -> ObservationResult:
    return ObservationResult(obsid=obsid, outcome=outcome, stages=(stage(obsid, outcome, **more),))


def merged(
    store: MemoryStore, name: str = "", obsids: Sequence[str] = (), *, figures: Sequence[tuple[str, str, bytes]] = ()
) -> Merged:
    """Put what a merge makes, with its figures: name, label, content."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower())
    files = {
        "light_curve": (File("x.lc", b"l" * 2880, about=About(Kind.LIGHT_CURVE, "ch5-10")),),
        "figure": tuple(File(n, data, about=About(Kind.FIGURE, label)) for n, label, data in figures),
        "report": (File("report.html", b"<html>" * 20_000, about=About(Kind.PAGE)),),
        "entry": (File("entry.json", b"{}"),),
    }
    caveats = (Caveat(code="gaps", message="Of [two] bands *one* is short."),)
    base = f"{slug or 'merge'}/merge/{'f' * 64}"
    manifest = new_manifest("merge", "", "f" * 64, {}, (), Outputs(files, caveats), 0.5, source=slug)
    publish(store, base, manifest, files)
    end = StageResult(stage="merge", obsid="", outcome=Outcome.SUCCEEDED, manifest=f"{base}/manifest.json", source=slug)
    return Merged(name=name, slug=slug, obsids=tuple(obsids), merge=end)


def campaign(merges: Sequence[Merged], results: Sequence[ObservationResult], **more: object) -> CampaignResult:
    return CampaignResult(
        asked=tuple(one.obsid for one in results), results=tuple(results), merges=tuple(merges), **more
    )


def place(store: MemoryStore, one: Merged, name: str) -> str:
    """Key of one of its products."""
    manifest = read_manifest(store, one.merge.manifest)
    (record,) = [record for record in manifest.outputs if record.name == name]
    return output_key(one.merge.manifest, manifest, record)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def browsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products of one store can be looked at."""
    monkeypatch.setenv(BROWSE, f"{URL} {SERVED}")


def test_outcomes_by_reason_failures_first() -> None:
    cut = {"kind": FailureKind.DATA, "code": "damaged_file"}
    results = [
        result("10408-01-01-00"),
        *(result(f"10408-01-02-{n:02}", Outcome.FAILED, message=f"a_{n}.gz: it is cut.", **cut) for n in range(10)),
        result("10408-01-03-00", Outcome.NO_WORK, message=NO_DATA, code="no_good_time"),
        result("10408-01-04-00"),
    ]
    failed, nothing, done = reason_rows(Results(results))
    assert failed == {
        "outcome": "failed",
        "observations": 10,
        "stage": "pca_extract",
        "code": "damaged_file",
        "reason": "a_0.gz: it is cut. (9 other messages)",
        "which": ", ".join(f"10408-01-02-{n:02}" for n in range(8)) + " and 2 more",
        "what to do": ADVICE[FailureKind.DATA],
    }
    assert (nothing["outcome"], nothing["code"], nothing["what to do"]) == ("no work", "no_good_time", "")
    assert done == {
        "outcome": "succeeded",
        "observations": 2,
        "stage": "",
        "code": "",
        "reason": "",
        "which": "10408-01-01-00, 10408-01-04-00",
        "what to do": "",
    }


@pytest.mark.parametrize(
    "text",
    [
        NO_DATA,
        "__init__ of *all* _kinds_, **bold** ~~gone~~ a_b FS4a_5f5e100-5f5e420_dt.gz",
        "`rm -r` | [a](javascript:b) ![c](http://d/e.png) <img src=x onerror=alert(1)> & \\",
    ],
)
def test_messages_are_shown_as_they_are_in_cells_and_lists(text: str) -> None:
    """Prefect's pages take every cell with a text for Markdown."""
    literal = shown("a\n").replace("a", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    assert shown(in_markdown(text)) == literal
    (row,) = reason_rows(Results([result(text, Outcome.FAILED, message=text, kind=FailureKind.DATA)]))
    assert shown(row["reason"]) == shown(row["which"]) == literal
    (row,) = change_rows([Standing(obsid=text)], [])
    assert shown(row["which"]) == literal
    assert in_markdown("two\nlines\x1b[2K") == r"two lines \[2K"


def test_changes_the_most_frequent_first() -> None:
    new = [Standing(obsid=f"n{n}", changes=(Change.NEW,)) for n in range(9)]
    both = Standing(obsid="b", changes=(Change.DATA, Change.VERSION))
    rows = change_rows([both, Standing(obsid="same"), *new], [*new[:2], both])
    assert rows[0] == {
        "why": "new observation",
        "observations": 9,
        "to be reduced": 2,
        "which": "n0, n1, n2, n3, n4, n5, n6, n7 ...",
    }
    assert [(row["why"], row["to be reduced"]) for row in rows[1:]] == [
        ("new data, new version", 1),
        ("nothing changed", 0),
    ]


def test_a_page_of_one_source(store: MemoryStore, browsed: None) -> None:
    one = merged(store, figures=[("all.png", "", PICTURE)])
    results = [result("10408-01-01-00"), result("10408-01-02-00", Outcome.NO_WORK, message=NO_DATA)]
    made = campaign([one], results)
    links = {name: f"{SERVED}/{place(store, one, name)}" for name in ("report.html", "x.lc", "all.png")}
    assert summary_page(made, store, URL).splitlines() == [
        "2 observations: 1 done, 1 no work, 0 failed.",
        "",
        "- **1 no work** in pca_extract: The observation has no HEXTE science data (hexte/FS52\\_\\*, FS58\\_\\*) that "
        "can be reduced. (10408-01-02-00)",
        "- **1 succeeded**: 10408-01-01-00",
        "",
        "### report",
        f"- [report.html]({links['report.html']}) (0.1 MB)",
        "",
        "### light curve",
        f"- [x.lc]({links['x.lc']}) (2.9 kB)",
        "",
        "### figure",
        f"- [all.png]({links['all.png']}) (0.0 kB)",
        "",
        f"All products lie in `{URL}`; `rossi products --store {URL}` lists them.",
        "",
        "### caveats",
        r"- Of \[two\] bands \*one\* is short.",
    ]


def test_without_an_address_a_product_has_its_place_in_the_store(store: MemoryStore) -> None:
    one = merged(store)
    page = summary_page(campaign([one], [result("a")]), store, URL)
    where = f"memory:{place(store, one, 'report.html')}"
    assert f"- [report.html]({where}) `{where}` (0.1 MB)" in page.splitlines()


def test_what_is_to_be_done_about_failures_stands_beside_them(store: MemoryStore) -> None:
    wrong = [
        result(f"a{n}", Outcome.FAILED, message="It is cut.", kind=FailureKind.DATA, code=f"code{n}") for n in range(14)
    ]
    lines = summary_page(campaign([merged(store)], [*wrong, result("b")]), store, URL).splitlines()
    assert f"- **1 failed** in pca_extract: It is cut. (a0). To do: {ADVICE[FailureKind.DATA]}" in lines
    assert sum(line.startswith("- **1 failed**") for line in lines) == 12
    assert "- 3 more reasons are in `outcomes`" in lines


def test_a_page_of_a_merge_that_failed_says_so(store: MemoryStore) -> None:
    made = ended((Outcome.SUCCEEDED, None), merge=(Outcome.FAILED, FailureKind.DATA))
    (one,) = made.merges
    wrong = one.merge.model_copy(update={"message": "20402_*.lc and 1_*, 2: it is cut."})
    made = made.model_copy(update={"merges": (one.model_copy(update={"merge": wrong}),)})
    first, *_, last, empty = summary_page(made, store, URL).split("\n")
    assert (first, empty) == (in_markdown(summary_line(made)), "")
    html = shown(last)
    assert html.startswith("<p><strong>The merge failed: 20402_*.lc and 1_*, 2: it is cut. What to do: look at")
    assert figure_url(made, store, URL) == ""


def test_a_table_of_several_sources_begins_with_those_that_failed(store: MemoryStore, browsed: None) -> None:
    good = merged(store, "Cyg X-1", ["a", "b"])
    before = merged(store, "GX [339]-4", ["c"])
    before = before.model_copy(update={"merge": before.merge.model_copy(update={"reused": True})})
    wrong = StageResult(
        stage="merge", obsid="", outcome=Outcome.FAILED, message="x.lc | it is cut.", kind=FailureKind.DATA
    )
    bad = Merged(name="Eta *Car*", slug="eta-car", obsids=("d", "not done"), merge=wrong)
    results = [result("a"), result("b", Outcome.FAILED, message="No."), result("c"), result("d", Outcome.FAILED)]
    rows = source_rows(campaign([before, good, bad], results), store, URL)
    assert [list(row.values()) for row in rows] == [
        [r"Eta \*Car\*", 2, 1, "failed", "", r"x.lc \| it is cut."],
        ["Cyg X-1", 2, 1, "succeeded", f"[report.html]({SERVED}/{place(store, good, 'report.html')})", ""],
        [r"GX \[339\]-4", 1, 0, "as before", f"[report.html]({SERVED}/{place(store, before, 'report.html')})", ""],
    ]
    assert list(rows[0]) == ["source", "observations", "failed", "merge", "report", "why"]


def test_a_page_of_several_sources_is_about_the_front_page(store: MemoryStore, browsed: None) -> None:
    files = {
        "page": (File("index.html", b"x", about=About(Kind.PAGE)),),
        "front": (File("front.json", b"{}"),),
        "table": (File("sources.ecsv", b"x", about=About(Kind.TABLE)),),
    }
    publish(store, "sources/f", new_manifest("front", "", "f", {}, (), Outputs(files), 0.5), files)
    front = StageResult(stage="front", obsid="", outcome=Outcome.SUCCEEDED, manifest="sources/f/manifest.json")
    made = campaign(
        [merged(store, "A", ["a"]), merged(store, "B", ["b"])], [result("a"), result("b"), result("c")],
        front=front, apart=("c",),
    )  # fmt: skip
    lines = summary_page(made, store, URL).splitlines()
    assert lines[0] == (
        "3 observations: 3 done, 0 no work, 0 failed. 2 sources, 2 of them merged anew. "
        "1 observation belongs to no source: c."
    )
    assert [line for line in lines if line.startswith("###")] == ["### page", "### table"]
    assert any(line.startswith(f"- [index.html]({SERVED}/sources/f/") for line in lines)
    assert not any("front.json" in line for line in lines)


def test_the_figure_is_that_of_all_bands(store: MemoryStore, monkeypatch: pytest.MonkeyPatch, browsed: None) -> None:
    one = merged(store, figures=[("band.png", "ch5-10", b"band"), ("all.png", "", PICTURE)])
    made = campaign([one], [result("a")])
    assert figure_url(made, store, URL) == f"{SERVED}/{place(store, one, 'all.png')}"
    monkeypatch.delenv(BROWSE)
    assert figure_url(made, store, URL) == "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    store.delete(place(store, one, "all.png"))
    assert figure_url(made, store, URL) == ""


def test_a_figure_that_is_large_or_not_there_is_left_out(store: MemoryStore) -> None:
    assert figure_url(campaign([merged(store)], [result("a")]), store, URL) == ""
    large = merged(store, "large", figures=[("all.png", "", b"x" * 600_001)])
    assert figure_url(campaign([large], [result("a")]), store, URL) == ""
    band = merged(store, "band", figures=[("band.png", "ch5-10", b"band")])
    assert figure_url(campaign([band], [result("a")]), store, URL) == "data:image/png;base64,YmFuZA=="


def test_addresses_are_those_of_one_store(monkeypatch: pytest.MonkeyPatch, browsed: None) -> None:
    assert browse_url(URL, "a b/c+[d].lc") == f"{SERVED}/a%20b/c%2B%5Bd%5D.lc"
    assert browse_url("/data/another", "a") is None
    monkeypatch.setenv(BROWSE, f"/my data/store {SERVED}")
    assert browse_url("/my data/store", "a") == f"{SERVED}/a"
    monkeypatch.delenv(BROWSE)
    assert browse_url(URL, "a") is None

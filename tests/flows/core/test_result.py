"""Exit codes of a campaign."""

import errno
from pathlib import Path

import pytest

from flows.core.export import write_files
from flows.core.result import CampaignResult, Merged, campaign_code
from flows.core.summary import summary_line
from flows.prefect.artifacts import in_markdown
from rossi.errors import ConfigError
from services.contract import FailureKind, File, ObservationResult, Outcome, StageResult

DONE = (Outcome.SUCCEEDED, None)
NO_WORK = (Outcome.NO_WORK, None)
BAD = (Outcome.FAILED, FailureKind.DATA)
FLAKY = (Outcome.FAILED, FailureKind.RETRYABLE)
WRONG = (Outcome.FAILED, FailureKind.CONFIG)


def ended(
    *kinds: tuple[Outcome, FailureKind | None], merge: tuple[Outcome, FailureKind | None] = DONE
) -> CampaignResult:
    stages = [StageResult(stage="s", obsid=str(n), outcome=o, kind=k) for n, (o, k) in enumerate(kinds)]
    results = tuple(ObservationResult(obsid=s.obsid, outcome=s.outcome, stages=(s,)) for s in stages)
    merged = StageResult(stage="merge", obsid="", outcome=merge[0], kind=merge[1])
    return CampaignResult(asked=tuple(s.obsid for s in stages), results=results, merges=(Merged(merge=merged),))


@pytest.mark.parametrize(
    ("campaign", "code", "strict_code"),
    [
        (ended(DONE, DONE), 0, 0),
        (ended(DONE, NO_WORK), 0, 0),
        (ended(NO_WORK), 0, 0),
        (ended(DONE, BAD, FLAKY), 0, 20),
        (ended(NO_WORK, BAD), 0, 20),
        (ended(BAD, BAD), 20, 20),
        (ended(BAD, FLAKY), 1, 1),
        (ended(WRONG, FLAKY), 21, 21),
        (ended(DONE, merge=BAD), 20, 20),
        (ended(DONE, merge=FLAKY), 1, 1),
    ],
)
def test_exit_code(campaign: CampaignResult, code: int, strict_code: int) -> None:
    assert campaign_code(campaign) == code
    assert campaign_code(campaign, strict=True) == strict_code


def test_one_line_accounts_for_everything() -> None:
    result = ended(DONE, NO_WORK, DONE)
    assert summary_line(result) == "3 observations: 2 done, 1 no work, 0 failed."
    partly = result.model_copy(update={"asked": (*result.asked, "3", "4")})
    assert summary_line(partly) == "5 observations: 2 done, 1 no work, 0 failed, 2 not finished."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[a](javascript:b)", r"\[a\](javascript:b)"),
        ("a | b\nc", r"a \| b c"),
        ("`rm` a_b", r"\`rm\` a_b"),
    ],
)
def test_texts_on_pages_are_nothing_but_text(text: str, shown: str) -> None:
    assert in_markdown(text) == shown


def test_a_full_disk_leaves_the_older_copy_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, [File("a.lc", b"older")])

    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as stream:
            stream.write(data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ConfigError, match=r"a\.lc can't be written \(No space left on device\)"):
        write_files(tmp_path, [File("a.lc", b"newer")])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.lc": b"older"}

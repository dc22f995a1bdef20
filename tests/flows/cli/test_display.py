"""What commands write into log files while they work."""

import pytest

from flows.cli.display import progress_bar


@pytest.mark.parametrize(
    ("in_logs", "lines"), [(True, ["Reducing", "3 observations to reduce", "Merging"]), (False, [])]
)
def test_warnings_are_told_also_where_progress_is_not(
    in_logs: bool, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar("Reducing", in_logs=in_logs) as bar:
        bar.planned(3)
        bar.merging(1)
        bar.warned("Paused for 5 s")
        bar.waiting("")
        bar.waiting("Unschedulable: [no] node")
    assert capsys.readouterr().err.splitlines() == [
        *lines,
        "Paused for 5 s",
        "Pods can't start: Unschedulable: [no] node",
    ]

"""What ``rossi status`` prints of products that are not what they could be."""

from flows.cli.display import show_status
from services.contract import Caveat, Outcome
from services.storage.inventory import Record


def record(number, *caveats, outcome=Outcome.SUCCEEDED):
    told = tuple(Caveat(code=code, message=f"{code} of {number}.") for code in caveats)
    return Record(f"20402-01-45-{number:02}", "pca_prep", outcome, "20260101000000", "why", told)


def test_caveats_of_products_are_shown_and_many_of_a_kind_counted(capsys):
    show_status([*(record(n, "files_missing") for n in range(8)), record(9, "two_copies")])
    lines = capsys.readouterr().out.splitlines()
    assert "20402-01-45-00 pca_prep: files_missing of 0." in lines
    assert sum("files_missing of" in line for line in lines) == 5
    assert "... and 3 more with the caveat files_missing" in lines
    assert "20402-01-45-09 pca_prep: two_copies of 9." in lines


def test_of_what_gave_nothing_the_message_is_enough(capsys):
    show_status([record(1, "files_missing", outcome=Outcome.NO_WORK)])
    assert capsys.readouterr().out.count("20402-01-45-01") == 1

"""All rows of a selection, or none: page by page in time, each counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from astropy.table import Table, vstack

from services.query.adql import Selection
from services.query.tap import Answer
from services.storage import StoreError

#: No page is shorter than this [d], a second: what cannot be had then is not to be had.
_SHORTEST = 1e-5


class Service(Protocol):
    """What paging needs of `services.query.tap.Catalogue`."""

    @property
    def url(self) -> str: ...

    def count(self, selection: Selection) -> int: ...

    def span(self, selection: Selection) -> tuple[float, float]: ...

    def ask(self, query: str, most: int | None = None) -> Answer: ...


def all_rows(service: Service, selection: Selection, page_rows: int) -> Table:
    """Return every row of a selection.

    The rows are counted first. Where there are more than a page holds, or an answer has fewer rows than were counted
    (services cut answers off, some without a word, and what is left is a random part), the time is halved until every
    page is whole.

    Parameters
    ----------
    service : Service
    selection : Selection
    page_rows : int
        Rows of a page at most.

    Raises
    ------
    StoreError
        If the rows that came are not those that were counted.
    """
    count = service.count(selection)
    pages = list(_Pages(service, page_rows).of(selection, count))
    with_rows = [page for page in pages if len(page)] or pages[:1]
    table = vstack(with_rows, metadata_conflicts="silent") if len(with_rows) > 1 else with_rows[0]
    if len(table) != count:
        raise _truncated(service, len(table), count)
    return table


class _Pages:
    def __init__(self, service: Service, page_rows: int) -> None:
        self._service = service
        self._page_rows = page_rows
        #: Rows of the last answer, for messages.
        self._got = 0

    def of(self, selection: Selection, count: int) -> Iterator[Table]:
        """All pages of a selection of so many rows."""
        if (page := self._whole(selection, count)) is not None:
            yield page
            return
        timeless = selection.timeless()
        if without := self._service.count(timeless):
            page = self._whole(timeless, without)
            if page is None:
                raise _truncated(self._service, self._got, without)
            yield page
        if count > without:
            low, high = self._service.span(selection)
            yield from self._between(selection, low, high + _SHORTEST, count - without)

    def _between(self, selection: Selection, low: float, high: float, count: int) -> Iterator[Table]:
        part = selection.between(low, high)
        page = self._whole(part, count)
        if page is not None:
            yield page
            return
        if high - low < _SHORTEST:
            raise _truncated(self._service, self._got, count)
        middle = (low + high) / 2
        first = self._service.count(selection.between(low, middle))
        yield from self._between(selection, low, middle, first)
        yield from self._between(selection, middle, high, count - first)

    def _whole(self, selection: Selection, count: int) -> Table | None:
        """One page; None if it would be too long, or if what came is not all of it."""
        if count > self._page_rows:
            return None
        answer = self._service.ask(selection.rows(), count + 1)
        self._got = len(answer.table)
        return answer.table if answer.whole and self._got == count else None


def _truncated(service: Service, got: int, count: int) -> StoreError:
    return StoreError(
        f"{service.url}: the service counts {count} rows but gives {got}; the answer is cut off, or the table was "
        "changed meanwhile. Run the query again."
    )

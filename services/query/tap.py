"""The catalogue's service: TAP, spoken by pyvo, with what can go wrong said in a sentence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import requests
from astropy.table import Table
from pyvo.dal import TAPService
from pyvo.dal.exceptions import DALFormatError, DALQueryError, DALServiceError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from rossi.errors import ConfigError
from services.query.adql import Selection
from services.query.registry import find_service
from services.storage import StoreError
from services.storage.network import Patience, authorities, distrust, proxy_for

#: How long the service may be silent [s]: connecting, and thinking about a large query.
_TIMEOUT = (10.0, 300.0)
#: Nobody waits long for a registry.
_REGISTRY_TIMEOUT = (5.0, 15.0)
#: The one layer that repeats requests. A query changes nothing, so it may be posted twice.
_RETRY = Patience(
    total=3, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), allowed_methods=None, raise_on_status=False
)
#: Answers below 500 of a service that is busy.
_PASSING = frozenset({408, 425, 429})
#: Rows beyond which the HEASARC's service gives a random part of the answer, whatever is asked for.
HARD_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer.

    Parameters
    ----------
    table : Table
    whole : bool
        False if the service says that there are more rows.
    """

    table: Table
    whole: bool


class Catalogue:
    """A TAP service; as a context manager it closes its connections.

    Parameters
    ----------
    url : str
        Empty finds the HEASARC's.
    jobs : bool
        Run queries asynchronously.
    """

    def __init__(self, url: str = "", *, jobs: bool = False) -> None:
        if not url:
            with _session(_REGISTRY_TIMEOUT) as session:
                url = find_service(session)
        self.url = url
        self._session = _session(_TIMEOUT)
        proxy_for(url)  # says what is wrong with it, if anything
        self._service = TAPService(url, session=self._session)
        self._jobs = jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def tables(self, containing: str = "") -> dict[str, str]:
        """Return the descriptions of the tables whose name contains a text, by name."""
        with self._errors("its list of tables"):
            return {name: _line(one.description) for name, one in self._tables().items() if containing in name.lower()}

    def columns(self, table: str) -> list[tuple[str, str, str]]:
        """Return name, unit and description of a table's columns; names are quoted where queries have to, too.

        Raises
        ------
        ConfigError
            If there is no such table.
        """
        with self._errors(f"the columns of {table}"):
            tables = self._tables()
            names = {_plain(name): name for name in tables.keys()}  # noqa: SIM118 - no mapping
            found = names.get(_plain(table))
            if found is None:
                raise ConfigError(f"{self.url}: there is no table {table!r}; `rossi catalogue tables` lists them.")
            return [(c.name.strip(), str(c.unit or ""), _line(c.description)) for c in tables[found].columns]

    def count(self, selection: Selection) -> int:
        """Return how many rows a selection has."""
        return int(self._number(selection.count()))

    def span(self, selection: Selection) -> tuple[float, float]:
        """Return first and last time of a selection's rows."""
        table = self.ask(selection.span(), 1).table
        return float(table.columns[0][0]), float(table.columns[1][0])

    def ask(self, query: str, most: int | None = None) -> Answer:
        """Run a query.

        Parameters
        ----------
        query : str
            ADQL.
        most : int, optional
            Rows that are asked for; the service's own limit if absent.

        Raises
        ------
        ConfigError
            If the service finds fault with the query.
        StoreError
            If it does not answer as it should.
        """
        with self._errors("a query"):
            run = self._service.run_async if self._jobs else self._service.run_sync
            result = run(query, maxrec=most)
            table = result.to_table()
        return Answer(table, result.status[0].upper() != "OVERFLOW")

    def _number(self, query: str) -> float:
        table = self.ask(query, 1).table
        if len(table) != 1:
            raise StoreError(f"{self.url}: {len(table)} rows came for {query!r}, one was expected.")
        return float(table.columns[0][0])

    def _tables(self) -> Any:
        tables: Any = self._service.tables
        return tables

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            with warnings.catch_warnings():  # of the many small faults of VOTables, none is the user's
                warnings.simplefilter("ignore")
                yield
        except DALQueryError as error:
            raise ConfigError(f"{self.url}: the service finds fault with the query: {_line(error.reason)}") from None
        except DALServiceError as error:
            raise self._refusal(error.code, error.reason, error) from None
        except DALFormatError as error:
            if isinstance(error.cause, requests.RequestException):
                raise self._refusal(0, error.cause, error.cause) from None
            raise StoreError(
                f"{self.url}: what the service answered to {what} can't be read ({_line(error.reason)}); try again "
                "later."
            ) from None
        except HTTPError as error:
            raise self._refusal(0, f"{type(error).__name__}, the answer broke off", error) from None
        except requests.RequestException as error:
            raise self._refusal(getattr(error.response, "status_code", 0), error, error) from None

    def _refusal(self, code: int | None, reason: object, error: Exception) -> Exception:
        if why := distrust(error):
            return ConfigError(f"{self.url}: {why}.")
        if code and (code >= 500 or code in _PASSING):
            return StoreError(f"{self.url}: the service is down or busy (it answers {code}); try again later.")
        if code:
            return ConfigError(f"{self.url}: the service answers {code}; check its address ([query] service).")
        return StoreError(
            f"{self.url}: the service can't be reached ({_cause(reason)}); check the network and try again."
        )


def _session(timeout: tuple[float, float]) -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Patient(timeout))
    session.headers["User-Agent"] = "rossi"
    return session


class _Patient(HTTPAdapter):
    """Repeats requests, and waits for an answer, but not for ever."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__(max_retries=_RETRY)
        self._timeout = timeout
        self._answers: list[requests.Response] = []

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send with a time limit, to whom the environment trusts."""
        options["timeout"] = options.get("timeout") or self._timeout
        options["verify"] = authorities() or options.get("verify", True)
        self._answers.append(super().send(request, **options))
        return self._answers[-1]

    def close(self) -> None:
        """Close also the connections of answers that pyvo has not read to their last byte."""
        for answer in self._answers:
            answer.close()
        super().close()


def _plain(table: str) -> str:
    return table.rpartition(".")[2].strip('"').lower()


def _line(text: object) -> str:
    return re.sub(r"\s+", " ", str(text or "")).strip().rstrip(".") + "." if text else ""


def _cause(reason: object) -> str:
    """Return the end of a chain of clauses that network libraries wrap around a cause."""
    text = re.sub(r"\s+", " ", str(reason))
    found = re.findall(r"\[Errno -?\d+\] ([A-Za-z ]+)|(timed out|Connection refused|broken)", text)
    return next((a or b for a, b in reversed(found)), text[:200])

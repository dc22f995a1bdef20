"""Prefect's SQLite database, with writers that wait for each other.

Prefect begins most transactions as readers that write later. If somebody else wrote in between, SQLite refuses at once
whatever the time-out, and the server answers 503. Prefect's client then asks again, but its pages do not: whoever
submits a form on a busy machine reads "Something went wrong", and nothing runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import MODELS_DEPENDENCIES
from prefect.server.utilities.database import get_dialect
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class PatientSqlite(AioSqliteConfiguration):
    """A database whose transactions take their turn to write when they begin, up to SQLite's time-out of a minute."""

    @asynccontextmanager
    async def begin_transaction(
        self,
        session: AsyncSession,
        with_for_update: bool = False,  # noqa: ARG002
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin as a writer."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def have_writers_wait() -> None:
    """Have the server that this process becomes use such a database, unless it has PostgreSQL, which needs no help."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if get_dialect(url).name == "sqlite":
        MODELS_DEPENDENCIES["database_config"] = PatientSqlite(connection_url=url)

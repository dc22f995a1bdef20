"""The Prefect server of a test run: makes its database, keeps a copy of it, and serves until standard input closes."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from flows.desktop.server import prefect_server


def main(folder: Path) -> None:
    """Write where it is and what it asks for (`url`, `auth`), and the copy into `database`; then say that it runs."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ["PREFECT_HOME"] = str(folder / "home")
    with prefect_server() as wait_for_server:
        wait_for_server()
        (folder / "database").mkdir()
        with (
            closing(sqlite3.connect(folder / "home/prefect.db")) as made,
            closing(sqlite3.connect(folder / "database/prefect.db")) as copy,
        ):
            made.backup(copy)
        (folder / "url").write_text(os.environ["PREFECT_API_URL"])
        (folder / "auth").write_text(os.environ["PREFECT_API_AUTH_STRING"])
        print("ready", flush=True)
        os.read(0, 1)
        os.close(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

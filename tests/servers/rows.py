"""Rows of a catalogue of observations: the real ones where they are, and as many made ones as are wanted."""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

#: Of the real table's 41, those that are looked at, with unit and description.
COLUMNS = {
    "target_name": ("TEXT", "", "Name of the observed target"),
    "cycle": ("INTEGER", "", "Proposal cycle"),
    "prnb": ("INTEGER", "", "Five-digit proposal number"),
    "obsid": ("TEXT", "", "Observation ID"),
    "time": ("REAL", "d", "Time of the start of the observation"),
    "exposure": ("REAL", "s", "Good time"),
    "ra": ("REAL", "deg", "Right ascension"),
    "dec": ("REAL", "deg", "Declination"),
    "status": ("TEXT", "", "accepted, observed, processed, archived"),
}
ETA_CAR = (161.265, -59.6845)


def real_rows(folder: Path) -> list[dict[str, object]]:
    """Return the different rows of all tables in a folder that have the columns of the catalogue."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("target_name") in (None, "", "...", "object") or "dec" not in row:
                    continue
                values = {name: _value(kind, row.get(name)) for name, (kind, _, _) in COLUMNS.items()}
                obsid = str(values["obsid"] or "")
                values["cycle"] = values["cycle"] or (_cycle(obsid) if obsid else None)
                found[obsid, values["prnb"], values["target_name"]] = values
    return list(found.values())


def _value(kind: str, text: str | None) -> object:
    if text is None or text in ("", "--"):
        return "" if kind == "TEXT" else None
    return text if kind == "TEXT" else int(text) if kind == "INTEGER" else float(text)


def _cycle(obsid: str) -> int:
    return int(obsid[0]) if obsid[0] < "9" else 9 + int(obsid[1])


def made_rows(number: int, seed: int = 1) -> list[dict[str, object]]:
    """Return rows of sixteen years: every tenth of Eta Car, the others all over the sky."""
    rng = random.Random(seed)
    rows = []
    for n in range(number):
        time = 50084.0 + 5842.0 * (n + rng.random()) / number
        cycle = 1 + 15 * n // number
        prnb = cycle * 10000 + 100 + n // 5000 if cycle < 9 else 90000 + (cycle - 9) * 1000 + 100 + n // 5000
        obsid = f"{prnb}-{n // 5000 % 100:02d}-{n // 100 % 50:02d}-{n % 100:02d}"
        ra, dec = ETA_CAR if n % 10 == 0 else (rng.uniform(0, 360), math.degrees(math.asin(rng.uniform(-1, 1))))
        rows.append(
            {
                "target_name": "ETA_CAR" if n % 10 == 0 else f"SRC {n % 97}",
                "cycle": cycle,
                "prnb": prnb,
                "obsid": obsid,
                "time": round(time, 5),
                "exposure": float(rng.randint(300, 9000)),
                "ra": round(ra, 4),
                "dec": round(dec, 4),
                "status": "archived",
            }
        )
    return rows


def accepted(prnb: int = 93055, name: str = "ETA_CAR", at: tuple[float, float] = ETA_CAR) -> dict[str, object]:
    """Return the row of an observation that was accepted and never made."""
    place = {"ra": at[0], "dec": at[1]}
    return (
        {"target_name": name, "cycle": 12, "prnb": prnb, "obsid": "", "time": None, "exposure": None}
        | place
        | {"status": "accepted"}
    )

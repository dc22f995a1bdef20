"""``python -m services.engines.heasoft``: is everything there that the heasoft engine needs?"""

from __future__ import annotations

import sys

from rossi.errors import RossiError
from services.contract import ExitCode
from services.engines.heasoft.preflight import ROLES, TASKS, check_caldb, installed


def main() -> int:
    """Print what was found; the exit code is 0 if every stage can run."""
    try:
        found = installed()
    except RossiError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIG_ERROR
    print(f"HEASoft {found.heasoft} in {found.headas}")
    print(f"heasoftpy {found.heasoftpy} in {found.call.packages}")
    print(f"tasks: {', '.join(dict.fromkeys(task for tasks in TASKS.values() for task in tasks))}")
    roles = dict.fromkeys(role for roles in ROLES.values() for role in roles)
    try:
        root = check_caldb(roles)
    except RossiError as error:
        print(f"CALDB: {error}")
        print("Stages can run, with calibration files (or a CALDB) named in [calibration].")
        return ExitCode.OK
    print(f"CALDB {root}: {', '.join(role.value for role in roles)}")
    print("All stages can run.")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())

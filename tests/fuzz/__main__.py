"""``python -m tests.fuzz --inputs 1000000``."""

import sys

from tests.fuzz.running import main

if __name__ == "__main__":
    sys.exit(main())

"""Memory that is freed and needed again."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

#: mallopt's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD (glibc, malloc.h).
_TRIM, _MMAP = -1, -3
#: How much is kept [byte], about what an observation takes; and from which size on arrays are by themselves: the most
#: that glibc lets one choose, a few times the arrays of a file.
_KEPT, _LARGE = 128 << 20, 32 << 20


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Have the process keep memory that is freed, for what is next.

    Otherwise glibc gives every array back to the system and takes it again page by page, with zeros written into each:
    an eighth of the time that a short observation takes. Elsewhere than on Linux with glibc nothing is done.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_TRIM, _KEPT)
        mallopt(_MMAP, _LARGE)

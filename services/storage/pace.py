"""Connections that a server can't hold for ever by sending little at a time.

A time limit for silence is none for a byte every few seconds. So the head of an answer has a time in which it must be
there, and its body a speed below which it is given up.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    import socket

#: How long the head of an answer may take, and a body whatever its speed [s].
_GRACE = 60.0
#: A body that comes more slowly, after that, is given up [byte / s]: a hundredth of what a slow line has.
_SLOWEST = 1000.0


class _Paced(io.RawIOBase):
    """What comes of a socket, as long as it comes quickly enough."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw, self._sock, self._silence = raw, sock, sock.gettimeout()
        self._end = time.monotonic() + _GRACE
        #: Whether the head is there, so that what comes earns time for more.
        self.in_body = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer comes too slowly")
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        if self.in_body:
            self._end += (count or 0) / _SLOWEST
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._paced = _Paced(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._paced)

    def begin(self) -> None:
        super().begin()
        self._paced.in_body = True


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


#: For `urllib3.PoolManager.pool_classes_by_scheme`.
POOLS: dict[str, type] = {"http": _Pool, "https": _SecurePool}

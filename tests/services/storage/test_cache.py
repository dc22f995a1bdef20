import os
import threading

import pytest
from pydantic import ValidationError

from services.storage.cache import CacheConfig, DiskCache, open_cache


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_was_put_comes_back(tmp_path):
    cache = DiskCache(tmp_path, 1_000_000)
    assert cache.get("a") is None
    cache.put("a", b"x" * 1000)
    cache.put("b", b"")
    assert DiskCache(tmp_path, 1_000_000).get("a") == b"x" * 1000
    assert cache.get("b") == b""
    cache.remove("a")
    cache.remove("a")
    assert cache.get("a") is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:40] + b"!" + data[41:]]
)
def test_a_damaged_copy_is_not_used(tmp_path, damage):
    cache = DiskCache(tmp_path, 1_000_000)
    cache.put("a", b"x" * 1000)
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("a") is None
    assert not path.exists()


def test_the_oldest_go_first(tmp_path):
    cache = DiskCache(tmp_path, 10_000)
    for n in range(30):
        cache.put(str(n), bytes(1000))
        path = cache._path(str(n))
        if path.exists():
            os.utime(path, (n, n))
        if n % 3 == 0 and cache.get("0") is None:  # read now and then, so it stays
            cache.put("0", bytes(1000))
    assert size_of(tmp_path) <= 10_500
    assert cache.get("29") is not None
    assert cache.get("0") is not None
    assert cache.get("2") is None


def test_what_exceeds_the_limit_alone_is_not_kept(tmp_path):
    cache = DiskCache(tmp_path, 100)
    cache.put("a", bytes(101))
    assert size_of(tmp_path) == 0


def test_a_folder_that_cannot_be_written(tmp_path, caplog):
    (tmp_path / "file").write_bytes(b"")
    cache = DiskCache(tmp_path / "file" / "below", 1000)
    cache.put("a", b"x")
    cache.put("b", b"x")
    assert cache.get("a") is None
    assert caplog.text.count("can't be kept there") == 1


def test_many_threads(tmp_path):
    cache = DiskCache(tmp_path, 50_000)

    def work(number):
        for n in range(100):
            name = str((number + n) % 40)
            data = cache.get(name)
            assert data is None or data == name.encode() * 1000
            cache.put(name, name.encode() * 1000)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert size_of(tmp_path) <= 1.1 * 50_000
    assert not list(tmp_path.rglob(".*"))


def test_configuration(tmp_path, monkeypatch):
    assert CacheConfig(size="2 GB").size == 2_000_000_000
    assert open_cache(None) is None
    assert open_cache(CacheConfig(folder="")) is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert open_cache(CacheConfig()).folder == tmp_path / "rossi" / "archive"
    with pytest.raises(ValidationError):
        CacheConfig(size="much")

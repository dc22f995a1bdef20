"""Work is handed to threads where it is waiting, and done at once where it is not."""

import threading
import time

import pytest

from services.execution.beside import Beside


def thread(seconds=0.0):
    time.sleep(seconds)
    return threading.current_thread()


def test_what_is_far_goes_to_threads():
    with Beside(2, "ahead", near=False) as beside:
        assert beside.submit(thread).result().name.startswith("ahead")


def test_what_waits_goes_to_threads_from_then_on():
    with Beside(2, "ahead", near=True) as beside:
        assert beside.submit(thread).result() is threading.current_thread()
        assert beside.submit(thread, seconds=0.05).result() is threading.current_thread()
        assert beside.submit(thread).result().name.startswith("ahead")


def test_what_computes_does_not(monkeypatch):
    computed, took = [0.0], [0.0]
    monkeypatch.setattr(time, "thread_time", lambda: computed[0])
    monkeypatch.setattr(time, "perf_counter", lambda: took[0])

    def work(computes, waits):
        computed[0] += computes
        took[0] += computes + waits
        return threading.current_thread()

    with Beside(1, "ahead", near=True) as beside:
        for _ in range(3):
            assert beside.submit(work, 1.0, 2.9).result() is threading.current_thread()
        assert beside.submit(work, 1.0, 3.4).result() is threading.current_thread()
        assert beside.submit(work, 1.0, 0.0).result() is not threading.current_thread()


def test_an_error_is_the_works_own_and_an_interruption_everybodys():
    def fails(error):
        raise error

    with Beside(1, "ahead", near=True) as beside:
        with pytest.raises(ValueError, match="one"):
            beside.submit(fails, ValueError("one")).result()
        with pytest.raises(KeyboardInterrupt):
            beside.submit(fails, KeyboardInterrupt())

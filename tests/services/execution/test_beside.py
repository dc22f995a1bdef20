"""Work is handed to threads where it is waiting, and done at once where it is not."""

import threading
import time

import pytest

from services.execution.beside import Beside


def test_what_is_far_goes_to_threads():
    with Beside(2, "ahead", near=False) as beside:
        assert beside.submit(threading.current_thread).result().name.startswith("ahead")


@pytest.fixture
def work(monkeypatch):
    """Work that computes and waits for so many seconds, and says in which thread."""
    computed, took = [0.0], [0.0]
    monkeypatch.setattr(time, "thread_time", lambda: computed[0])
    monkeypatch.setattr(time, "perf_counter", lambda: took[0])

    def one(computes, waits):
        computed[0] += computes
        took[0] += computes + waits
        return threading.current_thread() is threading.main_thread()

    return one


@pytest.mark.parametrize(
    ("done", "here"),
    [
        ([(1.0, 2.9)] * 3 + [(1.0, 3.2)], True),
        ([(1.0, 2.9)] * 3 + [(1.0, 3.4)], False),  # all together more than three times as long
        ([(0.001, 0.099)], True),  # not long enough to know
        ([(0.001, 0.05)] * 2, False),
        ([(0.0, 0.2), (1.0, 0.0)], False),  # and it stays so
    ],
)
def test_what_waits_goes_to_threads_from_then_on(work, done, here):
    with Beside(1, "ahead", near=True) as beside:
        told = [beside.submit(work, *one).result() for one in done]
        assert told[0]
        assert beside.submit(work, 1.0, 0.0).result() is here


def test_an_error_is_the_works_own_and_an_interruption_everybodys():
    def fails(error):
        raise error

    with Beside(1, "ahead", near=True) as beside:
        with pytest.raises(ValueError, match="one"):
            beside.submit(fails, ValueError("one")).result()
        with pytest.raises(KeyboardInterrupt):
            beside.submit(fails, KeyboardInterrupt())

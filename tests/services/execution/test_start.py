"""What processes leave out at their beginning and their end."""

import subprocess
import sys

import pytest

_CODE = """
import atexit, sys
from services.execution.start import start_quickly
if sys.argv[1] == "quick":
    start_quickly()
class Circle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("taken apart")
circle = Circle()
atexit.register(print, "handler")
"""


@pytest.mark.parametrize(("how", "said"), [("quick", ["handler"]), ("as ever", ["handler", "taken apart"])])
def test_circles_are_left_to_the_system_at_the_end(how, said):
    done = subprocess.run([sys.executable, "-c", _CODE, how], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:-1] == said


def test_workers_ask_no_packages_for_plugins_and_take_one_processor(monkeypatch):
    code = """
from services.execution.start import start_quickly
start_quickly()
import services.contract, pydantic.plugin._loader as loader, os
print(loader._plugins, os.environ["OPENBLAS_NUM_THREADS"])
"""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["None", "1"]


def test_a_worker_imports_what_all_observations_need():
    """A command's table and its progress, times at the barycentre and servers are for those who want them."""
    code = """
import sys, services.execution.shard_process
print(sorted({"astropy", "boto3", "rich", "typer", "urllib3", "rossi.timing.ephemeris"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"

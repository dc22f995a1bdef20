"""How a process begins and ends without work that nobody needs, which short ones would do most of the time."""

import atexit
import gc
import os

#: New objects after which Python looks for circles that nobody needs; it begins with 700, and looks a hundred times
#: while modules are imported, which leave none.
_NEW_OBJECTS = 200_000
#: What libraries do where they are imported, unless told otherwise: threads for matrices take as long to start as all
#: that a task does, and observations are done side by side already; pydantic asks every installed package for plugins.
_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def start_quickly() -> None:
    """Let this process look for garbage seldom, and not at its end; to be called before anything large is imported.

    What is in memory at the end goes with the process: Python would look at every object once more, and take those
    apart that lie in circles.
    """
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)

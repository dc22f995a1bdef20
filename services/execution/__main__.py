"""``python -m services.execution``: a shard as a process, an index of an Indexed Job."""

import signal
import sys

# The imports below take seconds, in which a container's first process would not hear that it is to end.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

from services.execution.start import start_quickly  # noqa: E402

start_quickly()

from services.execution.shard_process import main  # noqa: E402

main()

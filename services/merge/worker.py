"""``python -m services.merge.worker``: some sources to be merged as a process, an index of an Indexed Job."""

import signal
import sys

if __name__ == "__main__":
    # The imports below take seconds, in which a container's first process would not hear that it is to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    from services.execution.start import start_quickly

    start_quickly()

    from services.merge.batches import main

    main()

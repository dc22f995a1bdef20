"""What is logged, and when."""

import logging
import os

DEBUG = "ROSSI_DEBUG"


def configure_logs() -> None:
    """Log to standard error if ROSSI_DEBUG is set; else leave the terminal to results, which say all that matters."""
    level = logging.INFO if os.environ.get(DEBUG) else logging.CRITICAL
    handler = logging.StreamHandler()
    handler.setLevel(level)  # also for what loggers with levels of their own hand up
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(capture=True)

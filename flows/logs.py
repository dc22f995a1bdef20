"""What is logged, and when."""

import logging
import os

DEBUG = "ROSSI_DEBUG"


def configure_logs() -> None:
    """Log to standard error if ROSSI_DEBUG is set; else leave the terminal to results, which say all that matters."""
    logging.basicConfig(level=logging.INFO if os.environ.get(DEBUG) else logging.CRITICAL)
    logging.captureWarnings(capture=True)

"""Merges without their pictures."""

import pickle
from contextlib import AbstractContextManager
from unittest.mock import patch


def undrawn() -> AbstractContextManager[object]:
    """Leave figures of light curves undrawn, which is nearly all of a merge's work: files say what would be shown."""
    return patch.multiple(
        "services.merge.products",
        mission_figure=lambda panels, title: (panels, title),
        drawn=lambda shown, kind: pickle.dumps((shown, kind)),
    )

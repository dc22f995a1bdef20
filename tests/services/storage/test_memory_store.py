"""The store that is gone with its process does what every store does."""

import pytest

from services.storage.memory import MemoryStore
from tests.services.storage.servers.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self):
        return MemoryStore()

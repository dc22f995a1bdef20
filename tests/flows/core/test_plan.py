"""Shards: every observation once, no shard too large, work for every worker."""

import math

from hypothesis import given
from hypothesis import strategies as st

from flows.core.plan import plan_shards
from flows.core.settings import load_settings


@given(st.lists(st.integers(0, 500).map(str)), st.integers(1, 9), st.integers(1, 200))
def test_plan(obsids: list[str], workers: int, size: int) -> None:
    settings = load_settings(None, {"campaign": {"workers": workers, "shard_size": size}})
    shards = plan_shards(settings, obsids)
    dealt = [obsid for shard in shards for obsid in shard.obsids]
    assert dealt == list(dict.fromkeys(obsids))
    assert [shard.number for shard in shards] == list(range(len(shards)))
    assert all(0 < len(shard.obsids) <= size for shard in shards)
    assert all(len(shard.obsids) <= math.ceil(len(dealt) / workers) for shard in shards)

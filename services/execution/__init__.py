"""Running stages: for one observation, for a shard, as a process."""

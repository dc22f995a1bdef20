"""Campaigns on a Kubernetes cluster: one Indexed Job, an index of which is a shard.

Only `flows.kubernetes.cluster` knows the Kubernetes client, and imports it when a cluster is asked for.
"""

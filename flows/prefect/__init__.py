"""Prefect at the edge: its forms, artifacts, progress, limits, and runs that are taken up again."""

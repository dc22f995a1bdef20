"""Which observations belong to one source; the rule and its limits are in docs/sources.md."""

from rossi.sources.grouping import group
from rossi.sources.names import plain_name, slug
from rossi.sources.observations import Observations
from rossi.sources.rule import RADIUS, By, Place, Rule
from rossi.sources.source import Source, Sources

__all__ = ["RADIUS", "By", "Observations", "Place", "Rule", "Source", "Sources", "group", "plain_name", "slug"]

"""Which observations belong to one source; the rule and its limits are in the page Sources of the documentation."""

from rossi.sources.choosing import choose
from rossi.sources.grouping import group
from rossi.sources.observations import Observations
from rossi.sources.rule import By, Place, Rule
from rossi.sources.source import Source, Sources

__all__ = ["By", "Observations", "Place", "Rule", "Source", "Sources", "choose", "group"]

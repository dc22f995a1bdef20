"""heasoftpy keeps `local_pfiles_context` here."""

from rossi.ftools.context import local_pfiles_context

__all__ = ["local_pfiles_context"]

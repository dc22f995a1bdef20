"""What the stages made of an observation, as the door hands it on."""

from __future__ import annotations

from dataclasses import dataclass

from rossi.product import Content, File, Kind


@dataclass(frozen=True, slots=True)
class Made:
    """What one instrument gave.

    Parameters
    ----------
    products : tuple of File
        With what each is.
    filter_file : File or None
    why_not : str
        Why there is nothing: a sentence; empty where there is.
    """

    products: tuple[File, ...] = ()
    filter_file: File | None = None
    why_not: str = ""

    def of(self, kind: Kind, *contents: Content) -> dict[str, File]:
        """Return products of a kind by their label; of those, with some contents.

        Parameters
        ----------
        kind : Kind
        *contents : Content
        """
        found = (file for file in self.products if file.about.kind is kind)
        return {file.about.label: file for file in found if not contents or file.about.content in contents}

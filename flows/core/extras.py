"""Which extra of rossi brings a library that is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from rossi.errors import ConfigError

#: Libraries that rossi imports when they are needed, and the extra of pyproject.toml that installs each.
EXTRAS = {
    "prefect": "campaign",
    "pyvo": "catalogue",
    "pyarrow": "parquet",
    "matplotlib": "plot",
    "jinja2": "plot",
    "stingray": "timing",
    "boto3": "s3",
    "botocore": "s3",
    "urllib3": "web",
    "kubernetes": "kubernetes",
}


def need(*libraries: str) -> None:
    """Refuse to begin what needs a library that is not installed.

    Raises
    ------
    ConfigError
    """
    if absent := [name for name in libraries if find_spec(name) is None]:
        raise ConfigError(missing(*absent))


def missing(*libraries: str) -> str:
    """Return the sentence about libraries that are not installed."""
    names = [name.partition(".")[0] for name in libraries]
    extras = dict.fromkeys(EXTRAS.get(name, "all") for name in names)
    verb = "are" if len(names) > 1 else "is"
    return f"This needs {', '.join(names)}, which {verb} not installed: pip install 'rossi[{','.join(extras)}]'."

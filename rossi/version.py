"""The version, which products and manifests name."""

__version__ = "0.1.0"

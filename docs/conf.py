"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path

from rossi.version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "rossi"
author = "rossi's authors"
version = release = __version__
html_title = f"rossi {__version__}"
html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static"]
html_css_files = ["rossi.css"]
html_show_copyright = False
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "reference"]
exclude_patterns = ["_ext"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

# Docstrings: `name` is code; types are words and shapes, so nothing is looked up.
default_role = "code"
# Options have two hyphens, and quotes are those of the shell.
smartquotes = False
numpydoc_xref_param_type = False
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
nitpicky = False

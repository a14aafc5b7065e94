"""Configuration of Sphinx: ``sphinx-build -W docs build/docs``."""

from pennylane_qstore.version import __version__

project = "pennylane-qstore"
author = "the pennylane-qstore developers"
copyright = f"2026, {author}"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
napoleon_use_ivar = True  # attributes as a list, so that properties are not described twice
# Signatures with the values of constants, and without the long names of types.
autodoc_typehints = "none"
autodoc_preserve_defaults = False
autodoc_member_order = "bysource"
# PennyLane's own theme adds its footer and policies to the pages, and loads files from its site.
html_theme = "furo"
html_title = f"pennylane-qstore {release}"

"""How Sphinx builds these pages: ``sphinx-build -W docs build/docs``."""

from pennylane_qstore.version import __version__

project = "pennylane-qstore"
author = "the pennylane-qstore developers"
copyright = f"2026, {author}"
release = version = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
# PennyLane's own theme puts its footer, newsletter and policies on pages, and loads from its site.
html_theme = "furo"
html_title = f"pennylane-qstore {release}"

"""How `make docs` builds the pages: guides in Markdown, the API from the docstrings."""

import interestclock

project = "interest-clock"
author = "the interest-clock contributors"
version = release = interestclock.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
templates_path = ["templates"]
html_theme = "furo"
html_title = f"interest-clock {version}"

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_use_rtype = False
myst_heading_anchors = 3

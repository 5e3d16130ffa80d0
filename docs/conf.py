"""Configuration of the documentation. The README has the command that builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import cmlp
from cmlp.estimators.fitted import Fitted

project = "cmlp"
author = "The cmlp developers"
version = release = cmlp.__version__
copyright = "the cmlp developers"

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "c_reference", "live_page", "pictures"]
exclude_patterns = ["_pictures", "**.ipynb"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

numpydoc_show_class_members = False  # autodoc lists them
autodoc_typehints = "none"  # the docstrings have the types
autodoc_member_order = "bysource"

# A wrong reference is a warning, and the build has no warnings.
nitpicky = True
nitpick_ignore = [
    ("c:identifier", name) for name in ("size_t", "int32_t", "int64_t", "uint32_t", "uint64_t", "uint8_t")
]
nitpick_ignore_regex = [("py:.*", r"(optional|array-like|ndarray|callable|.*matplotlib.*|Self|default.*)")]

html_theme = "furo"
html_title = f"cmlp {release}"
html_static_path = ["_static"]
html_css_files = ["cmlp.css"]
html_theme_options = {"source_repository": "", "footer_icons": []}
# Browsers refuse to fetch the text of each hit from files, so that the search works without a server.
html_show_search_summary = False
html_copy_source = False
html_show_sphinx = False


def skip_member(app, what, name, member, skip, options):
    """Leave out fitted attributes: the class's docstring has a list of them."""
    return True if isinstance(member, Fitted) else None


def setup(app):
    """Connect the configuration to Sphinx."""
    app.connect("autodoc-skip-member", skip_member)

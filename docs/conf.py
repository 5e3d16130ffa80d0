"""Configuration of the documentation. docs/internals.md has the command that builds it."""

import html
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from cards import card_tags

import cmlp
from cmlp._fit.fitted import Fitted

project = "cmlp"
author = "The cmlp developers"
version = release = cmlp.__version__
copyright = "the cmlp developers"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "c_reference",
    "live_page",
    "mathml",
    "pictures",
    "typography",
]
exclude_patterns = ["_pictures", "**.ipynb"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

numpydoc_show_class_members = False  # autodoc lists them
autodoc_typehints = "none"  # the docstrings have the types
autodoc_member_order = "bysource"

# A wrong reference is a warning, and the build has no warnings.
nitpicky = True
nitpick_ignore = [
    ("c:identifier", name)
    for name in ("size_t", "int8_t", "int32_t", "int64_t", "uint32_t", "uint64_t", "uint8_t")
]
nitpick_ignore_regex = [
    ("py:.*", r"(optional|array-like|ndarray|callable|.*matplotlib.*|Self|default.*)")
]

OWNER = tomllib.loads(
    (Path(__file__).resolve().parents[1] / "owner.toml").read_text(encoding="utf-8")
)
DESCRIPTION = (
    "A fast multilayer perceptron library for Python and C: scikit-learn's API, microsecond predictions, bit-identical "
    "results on every platform."
)

html_baseurl = f"{OWNER['documentation']}/" if OWNER["documentation"] else ""  # canonical addresses
html_favicon = html_logo = "_static/favicon.svg"
html_extra_path = ["_extra"]
html_js_files = ["site.js"]
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"cmlp {release}"
html_static_path = ["_static"]
html_css_files = ["cmlp.css"]
html_theme_options = {
    "source_repository": OWNER["repository"],
    "source_branch": "main",
    "source_directory": "docs/",
}
html_copy_source = False
html_show_sphinx = False


def skip_member(app, what, name, member, skip, options):
    """Leave out fitted attributes: the class's docstring has a list of them."""
    return True if isinstance(member, Fitted) else None


def add_description(app, pagename, templatename, context, doctree):
    """Describe the page for search engines, and for programs that show a card for a link."""
    title = context.get("title", project)
    tags = card_tags(f"{title} - cmlp", DESCRIPTION, html_baseurl, f"{pagename}.html")
    description = f'<meta name="description" content="{html.escape(DESCRIPTION)}">'
    context["metatags"] = f"{context.get('metatags', '')}{tags}\n{description}"


def setup(app):
    """Connect the configuration to Sphinx."""
    app.connect("html-page-context", add_description)
    app.connect("autodoc-skip-member", skip_member)

"""Relative links in the documents point to existing files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")])
in_source_tree = pytest.mark.skipif(not (ROOT / "CMakeLists.txt").exists(), reason="only in the source tree")


@in_source_tree
def test_relative_links_resolve():
    assert {"README.md", "performance.md", "platforms.md"} <= {path.name for path in DOCUMENTS}
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


@in_source_tree
def test_links_have_a_text_that_says_what_they_are():
    """GitHub shows no text for a link without one; the name of a file says little."""
    for path in (path for path in DOCUMENTS if path.name != "CHANGELOG.md"):
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"(?<!!)\[\]\(", text), path.name
        if "docs" in path.parts:
            assert not re.search(r"\[[\w/-]+\.md\]\(", text), path.name

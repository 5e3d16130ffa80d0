"""Relative links in the documents point to existing files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")])
in_source_tree = pytest.mark.skipif(
    not (ROOT / "CMakeLists.txt").exists(), reason="only in the source tree"
)


def exists(path):
    """Return whether a file exists, or would in the repository: the sdist lacks `.ci/`."""
    return path.exists() or (".ci" in path.parts and not (ROOT / ".ci").exists())


@in_source_tree
def test_relative_links_resolve():
    assert {"README.md", "performance.md", "platforms.md"} <= {path.name for path in DOCUMENTS}
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            assert "://" in target or exists(path.parent / target), f"{path.name}: {target}"


@in_source_tree
def test_links_have_a_text_that_says_what_they_are():
    """GitHub shows no text for a link without one; the name of a file says little."""
    for path in (path for path in DOCUMENTS if path.name != "CHANGELOG.md"):
        text = re.sub(
            r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        assert not re.search(r"(?<!!)\[\]\(", text), path.name
        if "docs" in path.parts:
            assert not re.search(r"\[[\w/-]+\.md\]\(", text), path.name


@in_source_tree
def test_tables_begin_with_a_head():
    """A blank line inside of a table ends it: its other rows are shown as text."""
    for path in DOCUMENTS:
        text = re.sub(
            r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            assert re.match(r"\|.*\n\|[ :|-]+\|\n", table), f"{path.name}: {table[:60]}"


@in_source_tree
def test_no_figure_is_of_a_version_that_was_never_published():
    first = re.findall(
        r"^## \[(\d+)\.(\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    for path in DOCUMENTS:
        for version in re.findall(r"\bcmlp (\d+)\.(\d+)", path.read_text("utf-8")):
            assert [*map(int, version)] >= [*map(int, first[-1])], path.name


@in_source_tree
def test_cpu_time_of_all_checks_is_that_of_their_table():
    if not (ROOT / ".ci").exists():
        pytest.skip("the sdist lacks .ci")
    first_table = (ROOT / ".ci/README.md").read_text("utf-8").split("\nOnly in full mode")[0]
    seconds = sum(map(int, re.findall(r"^\| [\w-]+ \| (\d+) \|", first_table, re.MULTILINE)))
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    least, most = re.search(r"`.ci/run` \| (\d+) to (\d+) hours", text).groups()
    assert int(least) <= seconds / 3600 <= int(most)


@in_source_tree
def test_stages_that_pages_name_with_full_need_it():
    if not (ROOT / ".ci").exists():
        pytest.skip("the sdist lacks .ci")
    script = (ROOT / ".ci/run").read_text("utf-8")
    quick, full = script.split("\nquick_stages() {")[1].split("\nfull_stages() {")
    stages = re.compile(r"^ +stage [\w-]+ ([\w-]+)", re.MULTILINE)
    named = {
        name
        for path in DOCUMENTS
        for name in re.findall(r"`\.ci/run full ([\w-]+)`", path.read_text("utf-8"))
    }
    assert named <= {*stages.findall(full)}
    assert "languages" in stages.findall(quick)


INTERNALS = ROOT / "docs/internals.md"
FOR_DEVELOPERS = [
    ROOT / "CONTRIBUTING.md",
    INTERNALS,
    ROOT / "docs/recipes.md",
    *sorted(ROOT.glob("docs/decisions/*.md")),
]
PACKAGE = ROOT / "src/cmlp"


@in_source_tree
def test_files_that_pages_for_developers_name_exist():
    """A path begins at the root, in the package or in one of its folders that the text names with it."""
    made_by_users = {"build/", "build/docs/index.html", "mnist/", "fashion-mnist/"}
    words = set(
        re.findall(
            r"`([\w./-]*(?:/|\.(?:py|pyx|pxd|pxi|h|c|md|txt|toml)))`",
            "".join(path.read_text("utf-8") for path in FOR_DEVELOPERS),
        )
    )
    assert len(words) > 60
    known = {path.name for path in [*PACKAGE.rglob("*.*"), *(ROOT / "include").iterdir()]}
    for word in sorted(words - made_by_users):
        assert any(exists(folder / word) for folder in (ROOT, PACKAGE)) or word in known, word


@in_source_tree
def test_files_that_the_page_on_soundness_names_exist():
    """A path begins at the root, in the package, in its core or beside the tests of the same kind."""
    text = (ROOT / "SOUNDNESS.md").read_text("utf-8")
    named = set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|c|h|toml))`", text))
    assert len(named) > 20
    folders = ROOT, PACKAGE, PACKAGE / "core", ROOT / "tests"
    assert [
        name for name in sorted(named) if not any(map(exists, (one / name for one in folders)))
    ] == []


@in_source_tree
def test_names_of_code_in_pages_for_developers_exist():
    """A name with a capital letter is a class; others that are checked have an underscore, or follow a dot."""
    sources = "\n".join(
        path.read_text("utf-8")
        for folder in ("src/cmlp", "include", "tools", "tests/examples", "tests/support")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".pyx", ".pxi", ".c", ".h"} and path.name != "_core.c"
    )
    words = set(re.findall(r"\w+", sources))
    classes = set(re.findall(r"(?:\bclass |^)([A-Z]\w+)(?=:| = |\()", sources, re.MULTILINE))
    others = {"Any", "Event", "NamedTuple", "Semaphore", "Thread"}  # of Python
    found = {
        name
        for path in FOR_DEVELOPERS
        for text in re.findall(r"`([\w.]+)`", path.read_text("utf-8"))
        for name in re.findall(r"\b[A-Z][a-z]\w+|\w+_\w+|(?<=\w\.)\w{4,}", text)
    }
    assert len(found) > 100
    for name in sorted(found - others):
        assert name in (classes if re.match("[A-Z][a-z]", name) else words), name


@in_source_tree
def test_decisions_have_one_form_and_are_listed():
    listed = (ROOT / "docs/decisions/index.md").read_text("utf-8")
    records = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == [*range(1, len(records) + 1)]
    for path in records:
        text = path.read_text("utf-8")
        assert re.findall("^## (.*)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "What it costs",
            "When to think again",
        ], path.name
        title = re.match("# (.*)\n", text)[1]
        assert f"[{title}]({path.name})" in listed and f"\n{path.stem}\n" in listed


@in_source_tree
def test_functions_of_the_steps_of_a_fit_are_in_the_files_beside_them():
    text = INTERNALS.read_text("utf-8")
    steps = text[: text.index("## Words")]
    rows = re.findall(r"^\| \d+\. .+? \| ([^|]+) \| ([^|]+) \|$", steps, re.MULTILINE)
    calls = re.findall(r"^ *([\w.]+) {2,}([\w/]+\.\w+)", steps, re.MULTILINE)  # of the overviews
    assert len(rows) > 3 and len(calls) > 60
    rows += [(f"`{call}`", f"`{path}`") for call, path in calls]
    for functions, files in rows:
        paths = [
            path for path in re.findall(r"`([\w./]+\.\w+)`", files) if not path.endswith(".md")
        ]
        code = "\n".join((PACKAGE / path).read_text("utf-8") for path in paths)
        for name in re.findall(r"[`.](\w+)`", functions):
            assert re.search(
                rf"^ *(?:def|class|cdef class|cmlp_status) {name}\b", code, re.MULTILINE
            ), (
                name,
                paths,
            )

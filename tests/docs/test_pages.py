"""The code blocks of the documentation run and print what the pages show.

``docs/_ext/blocks.py`` documents the comments that tell what to do with a block. Each page is one program: its Python
blocks share a namespace, and its shell blocks a folder.
"""

import contextlib
import importlib.util
import io
import os
import re
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest
from c_build import COMPILER, ROOT, WARNINGS, needs_compiler
from c_build import run as run_command
from helpers import imported
from optional import package
from page_parts import page_of

import cmlp
import cmlp.plots
from cmlp.story import story_network

DOCS = ROOT / "docs"
if not (DOCS / "_ext/blocks.py").exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
blocks = imported(DOCS / "_ext/blocks.py")

PAGES = {str(path.relative_to(DOCS)): blocks.blocks_of(path) for path in sorted(DOCS.rglob("*.md"))}
NOTES = {"", "compile only", "not run", "needs", "output varies", "file"}
# Languages of blocks that are no code, and the directives of the documentation.
SHOWN = re.compile(r"\{[\w:-]+\}|text|toml|ini|meson|cmake|json|html|cython|cpp|javascript|")
WHOLE = {
    "start/tables.md",
    "guide/groups.md",
    "guide/operation.md",
}  # their shell blocks use what all Python blocks before have written
LONG = {"start/embedding.md", "start/learner.md"}  # they compile the library and fit large networks
# Pages of fragments, which use objects of the reader: their Python is compiled. The tests of the
# exports run the calls.
FRAGMENTS = {"embedding.md", "export.md", "extensions.md"}


def pages_with(language):
    whole = [name for name in PAGES if language == "python" or name not in FRAGMENTS]
    return [name for name in whole if any(block.language == language for block in PAGES[name])]


def test_every_block_has_a_known_language_and_note():
    for name, found in PAGES.items():
        for block in found:
            assert block.note in NOTES, f"{name}:{block.line}: {block.note}"
            known = block.language in ("python", "sh", "c") or SHOWN.fullmatch(block.language)
            assert known, f"{name}:{block.line}: {block.language}"


def test_start_page_chapters_and_lecture_contain_the_live_page():
    chapters = [
        f"learn/{name}" for name in ("layers", "neuron", "descent", "backpropagation", "outcome")
    ]
    for name in ("index", "page", "lecture/index", *chapters):
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        assert re.search(r"^```\{live-page\}( [a-z]+)*$", text, re.MULTILINE), name


@pytest.mark.parametrize("base", ["", "https://example.org/cmlp/"])
def test_published_page_of_the_network_has_a_card(monkeypatch, base):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from live_page import with_card

    page = page_of(story_network())
    title = re.search("<title>(.*)</title>", page)[1]
    shown = with_card(page, base)
    tags = dict(re.findall('<meta property="(.*?)" content="(.*?)">', shown))
    assert tags.pop("og:title") == title and "digit" in title
    assert tags.pop("og:description").startswith("Draw a digit, and see in a film")
    assert tags.pop("og:type") == "website"
    addresses = {"og:url": f"{base}network.html", "og:image": f"{base}_static/card.png"}
    assert tags == (addresses if base else {})
    assert re.sub('<meta property=".*">\n', "", shown) == page


def test_every_public_name_is_in_the_reference():
    page = "".join(
        path.read_text(encoding="utf-8") for path in sorted((DOCS / "reference").glob("*.md"))
    )
    for name in {*cmlp.__all__} - {
        "__version__",
        "callbacks",
        "datasets",
        "distributed",
        "exceptions",
    }:
        assert re.search(rf":: cmlp\.{name}$|members:.*\b{name}\b", page, re.MULTILINE), name
    for name in cmlp.plots.__all__:
        assert f":: cmlp.plots.{name}\n" in page


@pytest.fixture
def plain_plots(monkeypatch):
    """Draw without a screen."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.slow
@pytest.mark.parametrize("name", pages_with("python"))
def test_python_blocks_print_what_the_page_shows(name, tmp_path, monkeypatch, plain_plots):
    if any("matplotlib" in block.source or "cmlp.plots" in block.source for block in PAGES[name]):
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for block in PAGES[name]:
        if name in FRAGMENTS:
            block = block._replace(note="compile only")
        if block.language == "python":
            run_python(block, names, str(DOCS / name))
        elif block.note == "file":
            (tmp_path / block.detail).write_text(block.source, encoding="utf-8")


def run_python(block, names, path):
    """Run a block and compare its output with the page."""
    if block.note == "file":
        Path(block.detail).write_text(block.source, encoding="utf-8")
    if block.note in ("compile only", "not run") or not has_modules(block):
        compile(block.source, path, "exec")
        return
    output = io.StringIO()
    with contextlib.redirect_stdout(output), warnings.catch_warnings():
        # Other libraries may warn as they like.
        warnings.simplefilter("ignore" if block.note == "needs" else "error")
        blocks.run(block, names, path)
    if block.note != "output varies":
        assert output.getvalue().rstrip() == expected_output(block), f"{path}:{block.line}"


def has_modules(block):
    """Return whether all modules that a block needs are installed."""
    needed = block.detail.split(", ") if block.note == "needs" else []
    return all(map(importlib.util.find_spec, needed))


def expected_output(block):
    """Return the block ``text`` behind a block, or the comments behind its calls of print."""
    if block.output is not None:
        return block.output.rstrip()
    return "\n".join(re.findall(r"^ *print\(.*\)  # (.+)$", block.source, re.MULTILINE)).rstrip()


def test_output_is_compared():
    (block,) = blocks.blocks_in("```python\nprint(1 + 1)  # 3\n```\n")
    with pytest.raises(AssertionError, match="page:1"):
        run_python(block, {}, "page")
    (block,) = blocks.blocks_in(
        "```python\nfor i in range(2):\n    print(i)\n```\n\n```text\n0\n1\n```\n"
    )
    run_python(block, {}, "page")
    (block,) = blocks.blocks_in(
        "<!-- output varies: the time -->\n```python\nprint(1 + 1)  # 3\n```\n"
    )
    run_python(block, {}, "page")


@pytest.mark.parametrize("needed", ["no_such_module, json", "json, no_such_module"])
def test_block_whose_modules_are_not_all_installed_is_compiled_only(needed):
    (block,) = blocks.blocks_in(f"<!-- needs: {needed} -->\n```python\nraise TypeError\n```\n")
    run_python(block, {}, "page")
    with pytest.raises(TypeError):
        run_python(block._replace(detail="json, re"), {}, "page")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] * (name in LONG)) for name in pages_with("sh")],
)
def test_shell_blocks_run(name, tmp_path):
    environment = {**os.environ, "CMLP": str(ROOT)}
    environment["PATH"] = os.pathsep.join(
        [str(tmp_path / "bin"), sysconfig.get_path("scripts"), os.environ["PATH"]]
    )
    if any(
        re.search(r"\bcc\b", block.source)
        for block in PAGES[name]
        if block.language == "sh" and not block.note
    ):
        write_compiler(tmp_path / "bin/cc")
    if name in WHOLE:
        package("pandas")
    names = {"__name__": "page"}
    for block in PAGES[name]:
        if block.note == "file":
            (tmp_path / block.detail).write_text(block.source, encoding="utf-8")
        elif block.language == "python" and (
            (name in WHOLE and has_modules(block)) or (not block.note and "save(" in block.source)
        ):
            with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
                blocks.run(block, names, name)
        if block.language == "sh" and not block.note:
            shown = run_command("sh", "-ec", block.source, cwd=tmp_path, env=environment)
            if block.output is not None:
                assert shown.rstrip() == block.output.rstrip(), f"{name}:{block.line}"


# The smallest build, which compiles fastest and gives the same bits. .ci/c.sh tests the whole
# command.
SMALL = (
    "-O0 -DCMLP_BUILD_ISA=1 -DCMLP_BUILD_FLOAT64=0 -DCMLP_BUILD_TRAINING=0 -DCMLP_BUILD_THREADS=0"
)


def write_compiler(path):
    """Write a command `cc` that adds the options of the smallest build."""
    if not COMPILER:
        pytest.skip("needs a C compiler called cc")
    path.parent.mkdir()
    # ccache looks for the compiler in PATH, and must not find this file there.
    path.write_text(
        f"#!/bin/sh\nPATH='{os.environ['PATH']}' exec {COMPILER} \"$@\" {SMALL}\n", encoding="utf-8"
    )
    path.chmod(0o755)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in pages_with("c") if name not in WHOLE])
def test_c_blocks_compile(name, tmp_path):
    for number, block in enumerate(
        block for block in PAGES[name] if block.language == "c" and block.note != "not run"
    ):
        source = tmp_path / f"block{number}.c"
        whole = "#include" in block.source
        source.write_text(
            block.source if whole else within_function(block.source), encoding="utf-8"
        )
        loose = [] if whole else ["-Wno-unused"]
        run_command(
            COMPILER,
            *WARNINGS,
            *loose,
            "-std=c11",
            f"-I{ROOT / 'include'}",
            "-c",
            source,
            "-o",
            source.with_suffix(".o"),
        )


def within_function(statements):
    """Return a program that contains the statements of a block."""
    includes = "#include <cmlp.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
    head = "int block(const void *file, size_t n, const void *row)"
    return f"{includes}{head};\n{head}\n{{\n{statements}\nreturn (void)file, (void)n, (void)row, 0;\n}}\n"

"""The guide to the C core names files that exist, and the files in which the functions are."""

import re

import pytest
from c_build import CORE, ROOT

README = CORE / "README.md"
if not README.exists() or not (ROOT / "docs").exists():
    pytest.skip("the guide is in the source tree only", allow_module_level=True)
TEXT = README.read_text(encoding="utf-8")
PATH = re.compile(r"[\w/.<>*-]+\.(?:c|h|md)")


def paths(text):
    """Return the files that a text names in backticks, as patterns of names in the core or paths in the project."""
    return [
        re.sub(r"<\w+>", "*", code)
        for code in re.findall(r"`([^`]+)`", text)
        if PATH.fullmatch(code)
    ]


def files(pattern):
    return [*CORE.rglob(pattern), *ROOT.glob(pattern)]


def test_every_path_exists():
    assert len(paths(TEXT)) > 40
    assert [path for path in paths(TEXT) if not files(path)] == []
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links and all((CORE / link).exists() for link in links)


def test_every_source_is_in_the_table_of_layers():
    layers = TEXT.partition("\n## Layers\n")[2].partition("\n## Names\n")[0]
    listed = {file for path in paths(layers) for file in files(path)}
    headers = {file.with_suffix(".h") for file in listed}
    assert {*CORE.rglob("*.[ch]")} - listed - headers == set()


def test_files_include_only_their_own_folder_and_those_above_in_the_table():
    layers = TEXT.partition("\n## Layers\n")[2].partition("\n## Names\n")[0]
    folders = [CORE / folder for folder in re.findall(r"^\| `([\w/]+)/` \|", layers, re.MULTILINE)]
    assert {path.parent for path in CORE.rglob("*.[ch]")} == {*folders}
    rank = {folder: i for i, folder in enumerate(folders)}
    against = []
    for source in CORE.rglob("*.[ch]"):
        for name in re.findall(
            r'^#\s*include "([^"]+)"', source.read_text(encoding="utf-8"), re.MULTILINE
        ):
            target = next(
                path
                for path in (source.parent / name, CORE / name, ROOT / "include" / name)
                if path.exists()
            )
            included = target.resolve().parent
            if included != (ROOT / "include").resolve() and rank[included] > rank[source.parent]:
                against.append((source.relative_to(CORE).as_posix(), name))
    assert against == []


def test_every_step_names_the_file_of_its_functions():
    rows = re.findall(r"^\| \d+\. [^|]*\| ([^|]*) \| ([^|]*) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 10
    for functions, where in rows:
        code = "\n".join((CORE / path).read_text(encoding="utf-8") for path in paths(where))
        for name in re.findall(r"`(\w+)`", functions):
            declared = rf"(?:\b{name}|KERNEL\({name}\))"  # a kernel has its set in its name
            assert re.search(rf"^\w[^;\n]*{declared}\([^;]*?\)\n?\s*\{{", code, re.MULTILINE), name

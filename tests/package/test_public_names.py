"""The public names, parameters and defaults, as tools/public_names.py lists them; and that they are documented."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "tools/public_names.py").exists():
    pytest.skip("the script is in the source tree only", allow_module_level=True)

sys.path.append(str(ROOT / "tools"))
public_names = importlib.import_module("public_names")
PINNED = (Path(__file__).parent / "public_names.txt").read_text(encoding="utf-8").splitlines()


def under(module, lines):
    inner = [name for name in public_names.MODULES if name.startswith(f"{module}.")]
    return [
        line
        for line in lines
        if line.startswith(f"{module}.") and not line.startswith(tuple(f"{i}." for i in inner))
    ]


@pytest.mark.parametrize("module", public_names.MODULES)
def test_public_names_change_only_together_with_their_list(module):
    """After a change that you want: python tools/public_names.py > tests/package/public_names.txt."""
    if module == "cmlp.river":
        pytest.importorskip("river")
    assert list(public_names.lines_of(module)) == under(module, PINNED)


def test_the_list_has_nothing_else():
    assert sorted(
        line for module in public_names.MODULES for line in under(module, PINNED)
    ) == sorted(PINNED)


def test_the_reference_names_public_paths_only():
    """Every class and function in the reference is on the list, and every class and function of the list is in it."""
    text = "".join(
        page.read_text(encoding="utf-8") for page in (ROOT / "docs/reference").glob("*.md")
    )
    named = set(re.findall(r"auto(?:class|function):: (\S+)", text))
    for module, members in re.findall(r"automodule:: (\S+)\n   :members: (.+)", text):
        named |= {f"{module}.{member}" for member in members.split(", ")}
    listed = {re.match(r"[\w.]+", line)[0] for line in PINNED if re.match(r"[\w.]+\(", line)}
    own = {name for name in listed if name.rpartition(".")[0] in public_names.MODULES}
    assert named <= own
    twice = {name for name in own if f"cmlp.exceptions.{name.rpartition('.')[2]}" in named}
    assert own - twice <= named


@pytest.mark.parametrize("module", public_names.MODULES)
def test_classes_know_their_public_path(module):
    """Tracebacks and pickles show it."""
    if module == "cmlp.river":
        pytest.importorskip("river")
    public = importlib.import_module(module)
    kinds = [
        value
        for value in (getattr(public, name) for name in public.__all__)
        if isinstance(value, type)
    ]
    for kind in kinds:
        assert kind.__module__ in (*public_names.MODULES, "cmlp._bridge._core")
        assert getattr(importlib.import_module(kind.__module__), kind.__name__) is kind

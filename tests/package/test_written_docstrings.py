"""What tools/write_docstrings.py has written repeats the table of parameters; docstrings are whole in the source."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from helpers import imported

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/write_docstrings.py"
if not TOOL.exists():
    pytest.skip("the script is in the source tree only", allow_module_level=True)

tool = imported(TOOL)
WRITTEN = [
    (path, name)
    for table in (tool.OWNERS, tool.RESUMING)
    for path, owners in table.items()
    for name in owners
]  # fmt: skip
RIVER = "river/__init__.py"


def test_signatures_and_docstrings_repeat_the_table():
    """`python tools/write_docstrings.py` writes them anew."""
    for path, text in tool.texts(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize(("path", "name"), WRITTEN)
def test_docstrings_are_whole_without_running_the_code(path, name):
    source = (ROOT / "src/cmlp" / path).read_text(encoding="utf-8")
    found = ast.parse(source)
    module = f"cmlp.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
    if path == RIVER:
        pytest.importorskip("river")
    thing = importlib.import_module(module)
    for part in name.split("."):
        found = next(
            one for one in ast.iter_child_nodes(found) if getattr(one, "name", None) == part
        )
        thing = getattr(thing, part)
    assert ast.get_docstring(found) == inspect.getdoc(thing)
    assert not any(line.strip().startswith("<") for line in inspect.getdoc(thing).splitlines())


def test_a_parameter_without_a_description_is_an_error():
    with pytest.raises(ValueError, match="the parameter 'drag' has no entry in the docstring"):
        tool.parameters({"Parameters": []}, ["drag"], "MLPClassifier", 4)


def test_code_stays_on_one_line():
    text = f"{'word ' * 17}``a code of several words`` and more words."
    assert any("``a code of several words``" in line for line in tool.filled(text, 0))


# In the docstring, in the signature, and a parameter that the signature lacks.
CHANGES = {
    "Maximum number": "The number",
    "momentum: float = 0.9": "momentum: float = 0.8",
    "        max_iter: int = 200,\n": "",
}


def test_check_names_what_would_change(monkeypatch, tmp_path, capsys):
    for path in tool.texts(ROOT):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    changed = tmp_path / "src/cmlp/_estimators/trainer.py"
    text = changed.read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    changed.write_text(text, encoding="utf-8")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    assert tool.main(check=True) == 1
    assert "trainer.py differs from the table" in capsys.readouterr().err
    assert tool.main(check=False) == 0
    assert changed.read_text(encoding="utf-8") == (
        ROOT / "src/cmlp/_estimators/trainer.py"
    ).read_text(encoding="utf-8")
    assert tool.main(check=True) == 0

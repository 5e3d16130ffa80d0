"""The docstrings that tools/write_docstrings.py has written repeat the table of parameters, whole in the source."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from helpers import imported

# A parameter is added to the table of hyperparameters.
from cmlp._train.constraints import NOT_NEGATIVE
from cmlp._train.hyperparameters import Hyperparameter, Hyperparameters, Use
from cmlp._train.parameters import PARAMETERS

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


def test_docstrings_repeat_the_table():
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
        found = next(one for one in ast.iter_child_nodes(found) if getattr(one, "name", None) == part)
        thing = getattr(thing, part)
    assert ast.get_docstring(found) == inspect.getdoc(thing)
    assert not any(line.strip().startswith("<") for line in inspect.getdoc(thing).splitlines())


def with_drag(monkeypatch, **flags):
    """Add a parameter "drag" to the table, and return the parameters in the docstring of `MLPClassifier`."""
    entry = Hyperparameter("drag", Use(("MLPClassifier",), "float", 0.0, (NOT_NEGATIVE,)).says("Slows down."), **flags)
    monkeypatch.setattr(PARAMETERS, "__dict__", vars(Hyperparameters([*PARAMETERS.entries.values(), entry])))
    return written_parameters()


def written_parameters():
    """Return the parameters in the docstring of `MLPClassifier` after "drag" is added to the constructor."""
    source = (ROOT / "src/cmlp/_estimators/mlp.py").read_text(encoding="utf-8")
    at = source.index("provenance: bool = False,", source.index("class MLPClassifier("))
    module = tool.Module(f"{source[:at]}drag: float = 0.0, {source[at:]}")
    sections, signature = module.sections("MLPClassifier"), module.signature("MLPClassifier")
    return tool.parameters(sections, signature, "MLPClassifier", 4)


def test_a_new_parameter_is_written_in_the_place_of_the_signature(monkeypatch):
    lines = with_drag(monkeypatch)
    at = lines.index("drag : float, default=0.0")
    assert lines[at + 1] == "    Slows down."
    assert lines[at + 2] == "provenance : bool, default=False"


def test_a_flag_of_a_new_parameter_is_written_where_the_table_names_it(monkeypatch):
    assert "`dropout` and `drag`." in " ".join(" ".join(with_drag(monkeypatch, needs_batches=True)).split())


def test_a_parameter_without_an_entry_is_an_error():
    with pytest.raises(ValueError, match="the parameter 'drag' has no entry in the docstring"):
        written_parameters()


def test_code_stays_on_one_line():
    text = f"{'word ' * 17}``a code of several words`` and more words."
    assert any("``a code of several words``" in line for line in tool.filled(text, 0))


def test_check_names_what_would_change(monkeypatch, tmp_path, capsys):
    for path in tool.texts(ROOT):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    changed = tmp_path / "src/cmlp/_estimators/trainer.py"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Maximum number", "The number"), encoding="utf-8")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    assert tool.main(check=True) == 1
    assert "trainer.py has other docstrings" in capsys.readouterr().err
    assert tool.main(check=False) == 0
    assert changed.read_text(encoding="utf-8") == (ROOT / "src/cmlp/_estimators/trainer.py").read_text(encoding="utf-8")
    assert tool.main(check=True) == 0

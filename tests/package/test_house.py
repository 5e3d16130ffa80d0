"""What no reader can count, from tools/house.py: circles of imports, what `fit` meets and changes, inner tests."""

import importlib
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
if not (TOOLS / "house.py").exists():
    pytest.skip("the script is in the source tree only", allow_module_level=True)

sys.path.append(str(TOOLS))
house = importlib.import_module("house")

AT_MOST = {
    "files in import circles": 0,
    "fields that no constructor gets": 0,
    "attributes of a fit that change later": 89,
    "imports against the order of layers": 4,
    "test files that import internals": 17,
    "private attributes in tests": 10,
    "uses of Any": 900,
    "public signatures with Any and no reason": 0,
    "classes that fit meets": 35,
    "classes that fit of a table meets": 50,
    "frames of fit above the core": 9,
}


@pytest.mark.parametrize("name", AT_MOST)
def test_figures_do_not_grow(name):
    figure, items = house.FIGURES[name]
    assert figure() <= AT_MOST[name], items()


def forget():
    for function in vars(house).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


SMALL = {
    "__init__": """
__all__ = ["Net"]
_NAMES_OF = {"_train": ("Net",), "_data": ("load",)}
""",
    "_data": """
'''Reads
files.'''
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmlp._model import R

def load(path):
    # Late.
    from cmlp import Net

    return Net(path)

def read(a, b, *, c): ...
""",
    "_model": """
from typing import Any

import cmlp._data

class R:
    def __init__(self, a):
        self._a = a

    def _read(self) -> list[Any]: ...
""",
    "_train": """
from typing import Any

class Base:
    def run(self, X: Any, y: object) -> object: ...
    def _run(self, X: Any) -> object: ...

class Net(Base):
    def best(self) -> list[Any]: ...  # type: ignore[empty-body]
    def to_torch(self) -> Any: ...  # torch is optional

class State:
    def read(self, X: Any) -> object: ...
""",
    "_fit": """
from dataclasses import dataclass, field

@dataclass
class Fit:
    batch: int = 0
    order: list[int] = field(init=False)
    sums: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.seed = 0
        self.end = 0

    def read(self, other):
        self.batch = other.batch
        del self.order
        other.seed += 1
""",
}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A circle by an annotation, and a lazy import against the layers."""
    for name, text in SMALL.items():
        (tmp_path / f"{name}.py").write_text(text.strip(), encoding="utf-8")
    forget()
    monkeypatch.setattr(house, "PACKAGE", tmp_path)
    monkeypatch.setattr(house, "PUBLIC", {"cmlp"})
    yield
    forget()


@pytest.mark.usefixtures("small")
def test_imports_for_annotations_and_in_functions_count():
    assert house.circles() == [["_data", "_model"]]
    assert house.upward_imports() == ["_data:6 imports _model", "_data:10 imports _train"]


@pytest.mark.usefixtures("small")
def test_code_has_no_docstrings_imports_blanks_and_comments():
    assert house.code_of(house.PACKAGE / "_data.py") == 3


@pytest.mark.usefixtures("small")
def test_what_is_made_after_the_constructor_counts():
    assert house.late_fields() == ["_fit.py:6 order"]
    assert house.changed_attributes() == [
        "_fit.py: other.seed",
        "_fit.py: self.batch",
        "_fit.py: self.order",
    ]


@pytest.mark.usefixtures("small")
def test_any_counts_where_it_is_used():
    assert house.uses_of_any() == [(5, "_train.py"), (1, "_model.py")]


@pytest.mark.usefixtures("small")
def test_any_in_a_public_signature_needs_a_reason():
    """Methods that a public class inherits are public too."""
    assert house.unexplained_any() == [
        "_train.py:4 Base.run: Any",
        "_train.py:8 Net.best: list[Any]",
    ]


@pytest.mark.usefixtures("small")
def test_tests_reach_private_attributes_of_the_package_outside_of_their_support(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(house, "ROOT", tmp_path)
    for name in ("support/cases.py", "files/test_model.py"):
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True)
        path.write_text(
            "r._a = r._read()\nself._a, r.a, r.__dict__, r._replace()\n", encoding="utf-8"
        )
    place = str(Path("tests/files/test_model.py:1"))
    assert house.private_reaches() == {"_a": [place], "_read": [place]}

"""At its top, a test module imports what the extra "test" installs, and nothing else without a guard.

Otherwise the README's second command fails where a package is missing, instead of skipping the tests that need it.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import cmlp

TESTS = Path(__file__).parents[1]
PYPROJECT = TESTS.parent / "pyproject.toml"
MODULES = {"scikit-learn": ["sklearn", "scipy", "joblib"]}  # with what it needs itself


def installed_with_the_tests():
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in needed]
    return {module for name in names for module in MODULES.get(name, [name.replace("-", "_")])}


def test_extras_install_what_needs_them():
    """As texts and errors say: "needs tqdm: `pip install cmlp[progress]`"."""
    extras = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    found = set()
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(r"[Nn]eeds? (?:the package )?(?!the\b)(\w+)\b[^.]{,60}?cmlp\[(\w+)\]", text)
        )
    assert {extra for _, extra in found} >= {"datasets", "onnx", "parquet", "progress", "scipy"}
    for package, extra in found:
        assert any(one.startswith(package.lower()) for one in extras[extra]), (package, extra)


def unguarded(source):
    """Return the packages that a module imports at its top before ``importorskip`` or ``package`` has named them."""
    found, guarded = [], set()
    for statement in ast.parse(source).body:
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                guarded.add(str(call.args[0].value).partition(".")[0])
        if isinstance(statement, ast.Import):
            found += [alias.name.partition(".")[0] for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            found.append(statement.module.partition(".")[0])
        found = [name for name in found if name not in guarded]
    return found


def test_test_modules_import_no_optional_package_without_a_guard():
    allowed = {"cmlp", *sys.stdlib_module_names, *installed_with_the_tests()}
    allowed |= {path.stem for folder in (TESTS / "support", TESTS) for path in folder.glob("*.py")}
    allowed |= {path.stem for path in (TESTS.parent / "tools").glob("*.py")}
    for path in TESTS.rglob("test_*.py"):
        own = {other.stem for other in path.parent.glob("*.py")}
        wrong = set(unguarded(path.read_text(encoding="utf-8"))) - allowed - own
        assert not wrong, f"{path.relative_to(TESTS)} imports {', '.join(sorted(wrong))}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import polars as pl", ["polars"]),
        ("from polars.testing import assert_frame_equal", ["polars"]),
        ('pytest.importorskip("polars")\nimport polars as pl', []),
        ('pl = package("polars")\nfrom polars.testing import assert_frame_equal', []),
        ("def test():\n    import polars", []),
    ],
)
def test_only_guarded_imports_are_accepted(source, found):
    assert unguarded(source) == found

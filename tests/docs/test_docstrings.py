"""The examples in the docstrings, which the reference shows, run and print what they show."""

import ast
import doctest
import importlib
import inspect
import operator
import pkgutil
import textwrap

import pytest

import cmlp

OPTIONAL = (
    "matplotlib",
    "torch",
    "onnx",
    "onnxruntime",
    "sklearn",
    "scipy",
    "pyarrow",
    "river",
    "dask",
    "distributed",
    "PyInstaller",
)
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(cmlp.__path__, "cmlp.")
    if "__main__" not in module.name
)


def examples_of(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"needs the package {error.name}")
    # A class is found in the module of its public path, which may import it at the first use.
    public = [getattr(module, each) for each in getattr(module, "__all__", ())]
    classes = [each for each in public if isinstance(each, type) and each.__module__ == name]
    found = [test for each in classes for test in finder.find(each, module=False)]
    return [test for test in [*finder.find(module), *found] if test.examples]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False
    )
    for test in examples_of(name):
        source = "".join(example.source for example in test.examples)
        for library in OPTIONAL:
            if library in source or (library == "matplotlib" and "cmlp.plots" in source):
                pytest.importorskip(library)
        assert runner.run(test).failed == 0, test.name
    if "plots" in name and importlib.util.find_spec("matplotlib"):
        importlib.import_module("matplotlib.pyplot").close("all")


# ----------------------------------------------------------------------------------- the sections of public functions

PUBLIC_MODULES = (
    "cmlp",
    "cmlp.callbacks",
    "cmlp.datasets",
    "cmlp.distributed",
    "cmlp.plots",
    "cmlp.river",
)


def public_functions(name):
    """Yield the names, classes (or None) and functions that a public module has, with the methods of its classes."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"needs the package {error.name}")
    for public in getattr(module, "__all__", dir(module)):
        value = getattr(module, public)
        if inspect.isfunction(value) and value.__module__.startswith("cmlp"):
            yield f"{name}.{public}", None, inspect.unwrap(value)
        if inspect.isclass(value):
            for method, function in inspect.getmembers(value, inspect.isfunction):
                if not method.startswith("_") and function.__module__.startswith("cmlp"):
                    yield f"{name}.{public}.{method}", value, inspect.unwrap(function)


def raises(function):
    """Return whether the text of a function has a ``raise`` of its own."""
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in nodes_of(function))


def nodes_of(function):
    return list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))


def called_by(function, cls):
    """Yield the functions of the package that a function calls by their names, and methods of its own class."""
    for node in nodes_of(function):
        if not isinstance(node, ast.Call):
            continue
        called = None
        if isinstance(node.func, ast.Name):
            called = inspect.unwrap(function).__globals__.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in (
            "self",
            "cls",
        ):
            called = getattr(cls, node.func.attr, None)
        if inspect.isfunction(called) and called.__module__.startswith("cmlp"):
            yield inspect.unwrap(called)


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_what_raises_has_a_section_raises(module):
    lacking = [
        name
        for name, cls, function in public_functions(module)
        if raises(function) or any(map(raises, called_by(function, cls)))
        if "Raises\n------" not in (inspect.getdoc(function) or "")
    ]
    assert lacking == []


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_see_also_names_what_there_is(module):
    for name, cls, function in public_functions(module):
        _, _, section = (inspect.getdoc(function) or "").partition("See Also\n--------\n")
        for line in section.split("\n\n")[0].splitlines():
            known = line.split(" : ")[0]
            owner, path = cls, known
            if known.startswith("cmlp."):
                owner, path = cmlp, known.removeprefix("cmlp.")
            assert operator.attrgetter(path)(owner), (name, line)

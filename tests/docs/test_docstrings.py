"""The examples in the docstrings, which the reference shows, run and print what they show."""

import doctest
import importlib
import pkgutil

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

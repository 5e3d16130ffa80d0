"""Import layers of the package, what an import loads, and what the bridge calls."""

import ast
import functools
import graphlib
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from c_build import CORE, HEADER, HEADERS, ROOT, in_source_tree

import cmlp

PACKAGE = Path(cmlp.__file__).parent

# From the lowest layer to the highest: a module imports from lower layers and from its own folder
# only.
LAYERS = [
    ["exceptions"],
    ["_process"],
    ["_data"],
    ["_bridge"],
    ["callbacks"],  # know a trainer only as the argument of their methods
    ["_parameters"],
    ["_train", "_model"],  # know nothing of each other
    ["_findings"],
    ["_export"],
    ["_fit"],
    ["_tables"],
    ["_estimators"],
    ["datasets"],
    ["plots"],
    ["distributed"],
    ["river"],
    ["sklearn"],
    ["_pyinstaller"],
    ["_cli"],
    ["story"],
    ["__main__"],
    ["__init__"],
]
# Lazy imports against the order.
EXCEPTIONS = {("_estimators.rate_finder", "plots")}  # LearningRateCurve.plot
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


# ------------------------------------------------------------------------------------------------ Python imports


@functools.cache
def module_names():
    """Return the names of all modules, for example "_data" (the package itself) and "_data.arrays"."""
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    dotted = (
        ".".join(part for part in path.parts if part != "__init__") or "__init__" for path in paths
    )
    return sorted(name for name in dotted if name.split(".")[0] in RANK or name.count(".") < 2)


def imports_of(module):
    """Yield each import statement of a module with the name of what it imports."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield node, name if is_module(name) else node.module


def imported_by(module):
    """Yield each import of a module: its name, and whether it runs when the module is imported."""
    at_once = {
        node
        for statement in tree_of(module).body
        for node in [statement, *parts_run_at_import(statement)]
    }
    yield from ((name, node in at_once) for node, name in imports_of(module))


def parts_run_at_import(statement):
    """Yield the imports inside if, try or with at module level, except those under TYPE_CHECKING."""
    if is_for_annotations(statement):
        return
    if isinstance(statement, ast.If | ast.Try | ast.With):
        yield from (
            node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom)
        )


def is_for_annotations(statement):
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"


def is_module(name):
    return ours(name) in {*module_names(), "_bridge._core"}


def ours(name):
    """Return the name of a cmlp module without its prefix, or None for other modules."""
    first, _, rest = name.partition(".")
    return (rest or "__init__") if first == "cmlp" else None


def layer_of(module):
    return module.split(".")[0]


@functools.cache
def tree_of(module):
    path = PACKAGE.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_module_has_a_layer():
    assert {*map(layer_of, module_names())} == set(RANK)


@in_source_tree
def test_wheels_contain_every_package():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]["packages"]
    folders = {
        path.parent.relative_to(ROOT / "src") for path in (ROOT / "src/cmlp").rglob("__init__.py")
    }
    assert {".".join(folder.parts) for folder in folders} <= set(listed)


@pytest.mark.parametrize("module", module_names())
def test_python_imports_from_lower_layers_only(module):
    here = layer_of(module)
    for name, _ in imported_by(module):
        target = ours(name)
        if (
            target is not None
            and layer_of(target) != here != "__init__"
            and (module, target) not in EXCEPTIONS
        ):
            assert target == "__init__" or RANK[layer_of(target)] < RANK[here], (
                f"{module} imports {name}"
            )


@pytest.mark.parametrize("module", [name for name in module_names() if layer_of(name) == "_data"])
def test_data_in_memory_know_no_files(module):
    if not module.startswith("_data.files"):
        assert [
            name for name, _ in imported_by(module) if (ours(name) or "").startswith("_data.files")
        ] == []


@in_source_tree
def test_documents_have_the_layers_in_this_order():
    """The picture of CONTRIBUTING.md and the table of docs/internals.md begin with the highest layer."""
    picture = re.search(
        r"^```\n( +\+-.*?)^```$",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )[1]
    internals = (ROOT / "docs/internals.md").read_text(encoding="utf-8")
    table = internals[internals.index("| package |") : internals.index("walks through the C core")]
    for names in (
        re.findall(r"(\w+)(?:/|\.py)", picture),
        re.findall(r"`(\w+)(?:/|\.py)`", table),
    ):
        listed = [name for name in names if name in RANK]
        assert listed == sorted(listed, key=RANK.get, reverse=True)
        assert set(listed) == set(RANK) - {"__init__"}


def test_only_the_dispatcher_of_the_command_imports_the_story():
    importing = {
        module
        for module in module_names()
        for name, _ in imported_by(module)
        if layer_of(ours(name) or "") == "story"
    }
    assert {module for module in importing if layer_of(module) != "story"} == {"__main__"}


@pytest.mark.parametrize("module", [name for name in module_names() if layer_of(name) == "story"])
def test_story_uses_public_names_of_the_library(module):
    """Results such as `StepExplanation` are public through the methods that return them.

    Like the command, it prints paths and errors without control characters.
    """
    public = {
        "__init__",
        "datasets",
        "_estimators.network",
        "_model.results",
        "_process.printable",
    }
    targets = {ours(name) for name, _ in imported_by(module) if ours(name)}
    assert {target for target in targets if layer_of(target) not in {"_cli", "story"}} <= public
    own = {"self", "cls"}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.value.id in own
        ):
            assert not re.match(r"_(?!replace)[a-z]", node.attr), (
                f"{module} uses {ast.unparse(node)}"
            )


def test_python_imports_make_no_cycle():
    """Imports inside functions count, also those of names that the package loads at first use."""
    below = {module: set(imports_at_any_time(module)) - {module} for module in module_names()}
    below["_bridge._core"] = set(bridge_imports())
    list(
        graphlib.TopologicalSorter(below).static_order()
    )  # raises CycleError, with the modules of a cycle


def imports_at_any_time(module):
    """Yield the modules of the package that a module imports, except those under TYPE_CHECKING."""
    annotations = {
        node for statement in ast.walk(tree_of(module)) for node in types_only(statement)
    }
    for node, name in imports_of(module):
        if node not in annotations and ours(name):
            yield ours(name)
            if name == "cmlp" and isinstance(node, ast.ImportFrom):
                yield from (
                    cmlp._MODULE_OF[alias.name]
                    for alias in node.names
                    if alias.name in cmlp._MODULE_OF
                )


def types_only(statement):
    """Yield the imports of a statement ``if TYPE_CHECKING``."""
    if is_for_annotations(statement):
        for part in statement.body:
            yield from (
                node for node in ast.walk(part) if isinstance(node, ast.Import | ast.ImportFrom)
            )


@pytest.mark.parametrize("module", [name for name in module_names() if name != "__init__"])
def test_imports_for_annotations_are_those_that_would_load_more(module):
    """A module is imported once, and without a block of its own if nothing in that would load more.

    Names that exist for type checkers only are no names to import.
    """
    statements = tree_of(module).body
    imported = {short(node.module) for node in statements if isinstance(node, ast.ImportFrom)}
    cheap = {"collections.abc", "typing", "_data.array_types"}  # each module may load them
    for block in filter(is_for_annotations, statements):
        others = [node for node in block.body if not isinstance(node, ast.ImportFrom)]
        names = [
            (node.module, alias.name)
            for node in block.body
            if node not in others
            for alias in node.names
        ]
        assert [name for name in names if short(name[0]) in imported and exists(*name)] == []
        loaded = imported | cheap | loaded_with(module)
        assert others or [n for n in names if short(n[0]) not in loaded or not exists(*n)]


def short(name):
    return ours(name) or name


@functools.cache
def loaded_with(module):
    """Return the modules of the package that are loaded when a module is imported."""
    found = {module}
    for name, at_once in imported_by(module):
        if at_once and is_module(name) and ours(name) in module_names():
            found |= loaded_with(ours(name))
    return found


def exists(module, name):
    return hasattr(pytest.importorskip(module), name)


@pytest.mark.parametrize("module", module_names())
def test_optional_packages_are_not_imported_at_module_level(module):
    heavy = {
        "dask",
        "distributed",
        "matplotlib",
        "onnx",
        "pandas",
        "pooch",
        "pyarrow",
        "scipy",
        "skl2onnx",
        "sklearn",
    }
    if layer_of(module) == "sklearn":  # a program that imports it asks for scikit-learn's classes
        heavy -= {"onnx", "skl2onnx", "sklearn"}
    for name, at_once in imported_by(module):
        assert not (at_once and name.split(".")[0] in heavy), f"{module} imports {name} at once"


def loaded_by(statement):
    """Return the modules that a statement loads in a new interpreter in addition to NumPy's."""
    code = f"import sys, numpy; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_import_loads_only_numpy_and_the_standard_library():
    loaded = {name.split(".")[0] for name in loaded_by("from cmlp import *")}
    allowed = sys.stdlib_module_names | {"cmlp", "numpy", "cython_runtime"}
    assert "cmlp" in loaded
    assert [
        name for name in loaded if name not in allowed and not name.startswith("_cython_")
    ] == []


# Modules that take milliseconds to import and that a prediction does not need.
SLOW = {
    "argparse",
    "asyncio",
    "dataclasses",
    "decimal",
    "importlib.metadata",
    "inspect",
    "logging",
    "multiprocessing",
    "numpy.random",
    "pathlib",
    "subprocess",
    "tempfile",
    "textwrap",
    "unittest",
}


@pytest.mark.parametrize(
    "statement", ["import cmlp", "from cmlp import MLPClassifier, MLPRegressor, Network"]
)
def test_import_does_not_load_slow_modules(statement):
    assert loaded_by(statement) & SLOW == set()


def test_import_loads_only_the_bridge():
    """Estimators, the network and the data sets are loaded at first use."""
    loaded = {layer_of(ours(name)) for name in loaded_by("import cmlp") if ours(name)} & set(RANK)
    assert {name for name in loaded if RANK[name] > RANK["_bridge"]} == {"__init__"}


def test_import_of_estimators_loads_nothing_that_only_their_methods_need():
    names = "MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor"
    loaded = {ours(name) for name in loaded_by(f"from cmlp import {names}")}
    assert "_estimators.tabular" in loaded
    for_methods = {
        "_tables.calibrate",
        "_tables.targets",
        "_model.model",
        "_parameters.constraints",
        "_parameters.entries",
        "_parameters.options",
    }
    assert loaded & for_methods == set()


def test_programs_that_only_predict_load_no_training_loop():
    loaded = {
        ours(name)
        for name in loaded_by("from cmlp import MLPClassifier, MLPRegressor, Network, load")
    }
    assert "_estimators.mlp" in loaded
    assert loaded & {"_estimators.trainer", "_train.training", "_train.state_file"} == set()


def test_load_imports_the_class_of_the_file_only(tmp_path):
    path = tmp_path / "net.cmlp"
    cmlp.Network([2, 3, 2]).save(path)
    loaded = {
        ours(name) for name in loaded_by(f"import cmlp; cmlp.load({str(path)!r})") if ours(name)
    }
    assert "_estimators.network" in loaded and "_estimators.mlp" not in loaded


def test_public_names_are_loaded_at_first_use():
    everything = {}
    exec("from cmlp import *", everything)
    assert set(cmlp.__all__) <= set(everything) & set(dir(cmlp))
    with pytest.raises(AttributeError, match="module 'cmlp' has no attribute 'nothing'"):
        _ = cmlp.nothing
    assert pickle.loads(pickle.dumps(cmlp.MLPClassifier)) is cmlp.MLPClassifier


# ---------------------------------------------------------------------------------------------------- the bridge


def bridge_source():
    paths = (ROOT / "src/cmlp/_bridge").glob("*.p[yx][xi]")
    return "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(paths) if path.suffix != ".pyi"
    )


def bridge_imports():
    path = ROOT / "src/cmlp/_bridge/_core.pyx"
    if not path.exists():
        return []
    return re.findall(
        r"^\s*from cmlp\.([\w.]+) import", path.read_text(encoding="utf-8"), re.MULTILINE
    )


@in_source_tree
def test_bridge_imports_from_lower_layers_only():
    for module in bridge_imports():
        assert RANK[layer_of(module)] < RANK["_bridge"], f"the bridge imports {module}"
    source = bridge_source()
    cimported = set(re.findall(r"^\s*(?:from|cimport) ([\w.]+)", source, re.MULTILINE))
    cimported = {
        name
        for name in cimported
        if not re.search(rf"^\s*from {re.escape(name)} import", source, re.M)
    }
    assert cimported <= {
        "cython",
        "numpy",
        "cpython.buffer",
        "cpython.mem",
        "cpython.exc",
        "cpython.pycapsule",
        "libc.stdint",
        "libc.string",
        "cmlp.libcmlp",
    }
    assert set(re.findall(r'cdef extern from "(.+?)"', source)) <= {
        "Python.h",
        "<time.h>",
        "core/file/write/any_names.h",
        "core/forward/shapley.h",
        "core/net/tuning_names.h",
        "numpy/random/bitgen.h",  # a public header of NumPy
    }


@in_source_tree
def test_bridge_calls_only_what_the_headers_declare():
    """An embedding program can therefore do everything that Python can, except choose a tuning, for measurements."""
    used = set(re.findall(r"\bcmlp_\w+", bridge_source()))
    headers = [*HEADERS, HEADER.with_name("cmlp_capi.h"), CORE / "net/tuning_names.h"]
    text = "".join(path.read_text(encoding="utf-8") for path in headers)
    assert len(used) > 20
    assert {name for name in used if not re.search(rf"\b{name}\b", text)} == set()

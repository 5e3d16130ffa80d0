"""Each floor knows only those below it, and the core stands on nothing but the compiler and threads."""

import ast
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from c_build import (
    COMPILER,
    CORE,
    HEADER,
    ROOT,
    SHARED,
    core_objects,
    core_sources,
    in_source_tree,
    needs_compiler,
    run,
)

import cmlp

PACKAGE = Path(cmlp.__file__).parent

# Bottom up. Modules of a floor may import their neighbours, but not in circles.
FLOORS = [
    ["exceptions", "_include"],
    ["_arguments", "_arrays", "_sparse"],
    ["_core"],
    ["_draws", "network"],
    # estimators
    [
        "_classifier",
        "_estimator",
        "_labels",
        "_model",
        "_parameters",
        "_regressor",
        "_scores",
        "_split",
        "_one_cycle",
        "_training",
        "_validation",
        "_warnings",
    ],
    # everything else
    ["__init__", "__main__", "_methods", "_story", "_terminal", "cli", "datasets"],
]
RANK = {module: rank for rank, floor in enumerate(FLOORS) for module in floor}


# ------------------------------------------------------------------------------------------------ Python imports


def module_names():
    return sorted(path.stem for path in PACKAGE.glob("*.py"))


def imported_by(tree):
    """(module of ours, whether it is imported at once) for each import in a syntax tree."""
    at_once = {node for statement in tree.body for node in [statement, *parts_run_at_import(statement)]}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join(["cmlp"] * bool(node.level) + [node.module] * bool(node.module))
            inside = [f"cmlp.{alias.name}" for alias in node.names if alias.name in RANK]
            names = inside if origin == "cmlp" and inside else [origin]
        else:
            continue
        yield from ((name, node in at_once) for name in names)


def parts_run_at_import(statement):
    """Statements inside an if or try at the top of a module."""
    if isinstance(statement, ast.If | ast.Try | ast.With):
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom))


def ours(name):
    """Our module behind an imported name, or None."""
    first, *rest = name.split(".")
    return (rest[0] if rest else "__init__") if first == "cmlp" else None


def tree_of(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def test_every_module_has_a_floor():
    assert {*module_names(), "_core"} == set(RANK)


@pytest.mark.parametrize("module", module_names())
def test_python_never_imports_from_above(module):
    for name, _ in imported_by(tree_of(module)):
        target = ours(name)
        if target is not None:
            assert RANK[target] <= RANK[module], f"{module} imports {name}, which is on a floor above"


def test_python_imports_make_no_circle():
    below = {
        module: {ours(name) for name, at_once in imported_by(tree_of(module)) if at_once and ours(name)}
        for module in module_names()
    }
    below["_core"] = set(bridge_imports())
    while below:
        free = [module for module, names in below.items() if not names & set(below) - {module}]
        assert free, f"a circle among {sorted(below)}"
        for module in free:
            del below[module]


@pytest.mark.parametrize("module", module_names())
def test_scientific_packages_are_imported_only_when_used(module):
    heavy = {"sklearn", "scipy", "matplotlib", "pooch", "onnx", "pandas"}
    for name, at_once in imported_by(tree_of(module)):
        assert not (at_once and name.split(".")[0] in heavy), f"{module} imports {name} at once"


def loaded_by(statement):
    """Modules that a statement loads in a fresh interpreter, beside what NumPy itself brings."""
    code = f"import sys, numpy; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_loads_nothing_but_numpy():
    loaded = {name.split(".")[0] for name in loaded_by("from cmlp import *")}
    allowed = sys.stdlib_module_names | {"cmlp", "numpy", "cython_runtime"}
    assert "cmlp" in loaded
    assert [name for name in loaded if name not in allowed and not name.startswith("_cython_")] == []


# Modules that cost milliseconds, and of which a prediction has no need.
SLOW = {"argparse", "asyncio", "dataclasses", "decimal", "importlib.metadata", "inspect", "logging", "multiprocessing",
        "numpy.random", "pathlib", "subprocess", "tempfile", "textwrap", "unittest"}  # fmt: skip


@pytest.mark.parametrize("statement", ["import cmlp", "from cmlp import MLPClassifier, MLPRegressor, Network"])
def test_import_waits_with_what_is_slow(statement):
    assert loaded_by(statement) & SLOW == set()


def test_import_brings_no_more_than_the_bridge():
    """Estimators, the network and the data sets come when they are first used."""
    loaded = set(filter(None, map(ours, loaded_by("import cmlp"))))
    assert {name for name in loaded if RANK[name] > RANK["_core"]} == {"__init__"}


def test_public_names_come_when_they_are_used():
    everything = {}
    exec("from cmlp import *", everything)
    assert set(cmlp.__all__) <= set(everything) & set(dir(cmlp))
    with pytest.raises(AttributeError, match="module 'cmlp' has no attribute 'nothing'"):
        _ = cmlp.nothing
    assert cmlp.MLPClassifier.__module__ == "cmlp._classifier"
    assert pickle.loads(pickle.dumps(cmlp.MLPClassifier)) is cmlp.MLPClassifier


# ---------------------------------------------------------------------------------------------------- the bridge


def bridge_source():
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src/cmlp").glob("_c*.p[yx]*")))


def bridge_imports():
    path = ROOT / "src/cmlp/_core.pyx"
    if not path.exists():
        return []
    return re.findall(r"^\s*from cmlp\.(\w+) import", path.read_text(encoding="utf-8"), re.MULTILINE)


@in_source_tree
def test_bridge_knows_only_what_is_below():
    for module in bridge_imports():
        assert RANK[module] < RANK["_core"], f"_core imports {module}"
    source = bridge_source()
    cimported = set(re.findall(r"^\s*(?:from|cimport) ([\w.]+)", source, re.MULTILINE))
    cimported = {name for name in cimported if not re.search(rf"^\s*from {re.escape(name)} import", source, re.M)}
    assert cimported <= {"numpy", "cpython.mem", "cpython.exc", "libc.stdint", "libc.string", "cmlp.libcmlp"}
    assert set(re.findall(r'cdef extern from "(.+?)"', source)) <= {"Python.h", "<time.h>"}


@in_source_tree
def test_bridge_calls_only_what_the_header_declares():
    """What Python can do, an embedding program can."""
    used = set(re.findall(r"\bcmlp_\w+", bridge_source()))
    header = HEADER.read_text(encoding="utf-8")
    assert len(used) > 20
    assert {name for name in used if not re.search(rf"\b{name}\b", header)} == set()


# ---------------------------------------------------------------------------------------------------- C includes

SYSTEM_HEADERS = {
    "float.h", "math.h", "stdatomic.h", "stddef.h", "stdint.h", "string.h",  # the language
    "pthread.h", "signal.h", "time.h", "windows.h",  # threads, and how long they wait
    "cpuid.h", "intrin.h", "immintrin.h", "smmintrin.h", "avxintrin.h", "avx2intrin.h", "fmaintrin.h",
    "avx512fintrin.h", "popcntintrin.h", "arm_neon.h", "arm64_neon.h",  # processors
}  # fmt: skip


def c_files():
    return sorted(path for path in CORE.rglob("*") if path.suffix in (".c", ".h"))


def includes(path):
    return re.findall(r'^#\s*include ([<"])(.+?)[>"]', path.read_text(encoding="utf-8"), re.MULTILINE)


def is_kernel(path):
    return path.parent.name == "kernels" or path.name == "fma.h"


@in_source_tree
def test_core_includes_no_library_but_the_language_and_threads():
    for path in c_files():
        for quote, name in includes(path):
            assert quote == '"' or name in SYSTEM_HEADERS, f"{path.name} includes <{name}>"


@in_source_tree
def test_kernels_know_nothing_above_them():
    """They include one another and fma.h; the public header, for its constants, in one place."""
    public = []
    for path in filter(is_kernel, c_files()):
        for quote, name in includes(path):
            target = (path.parent / name).resolve()
            if quote == '"' and target == HEADER.resolve():
                public.append(path.name)
            elif quote == '"':
                assert is_kernel(target), f"{path.name} includes {name}"
    assert public == ["kernels_tmpl.h"]


@in_source_tree
def test_core_stays_in_its_house():
    """Nothing outside of core/ but the public header is included, and that includes nothing of ours."""
    for path in c_files():
        for quote, name in includes(path):
            target = (path.parent / name).resolve()
            if quote == '"':
                assert target == HEADER.resolve() or (target.exists() and CORE.resolve() in target.parents), (
                    f"{path.name} includes {name}"
                )
    assert {quote for quote, _ in includes(HEADER)} == {"<"}


@in_source_tree
def test_c_headers_make_no_circle():
    """By the preprocessor's #include lines, among headers that are not templates."""
    below = {
        path.resolve(): {(path.parent / name).resolve() for quote, name in includes(path) if quote == '"'}
        for path in c_files()
    }
    while below:
        free = [path for path, names in below.items() if not names & set(below)]
        assert free, f"a circle among {sorted(path.name for path in below)}"
        for path in free:
            del below[path]


# ------------------------------------------------------------------------------------------------------- symbols

# What the core may ask of the system: memory blocks to be moved, threads; what compilers bring along by themselves.
ALLOWED = re.compile(
    r"mem(cpy|move|set|cmp)|pthread_(create|join|sigmask|setaffinity_np|attr_\w+|mutex_\w+|cond_\w+)|sigfillset|clock_gettime|"
    r"sched_get(affinity|cpu)|__sched_cpucount|"
    r"__stack_chk_\w+|_GLOBAL_OFFSET_TABLE_|__(addtf3|unordtf2|aeabi_\w+)"
)
needs_nm = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads object files as Linux has them")


@pytest.fixture(scope="module")
def symbols():
    """(file, name, kind) with the kinds of nm, of object files as setup.py has them compiled.

    But without position-independent code: that makes constant pointers look like data that changes.
    """
    found = []
    for source, target in zip(core_sources(), core_objects("-O3", "-fno-pic"), strict=True):
        for line in run("nm", target).splitlines():
            kind, name = line.split()[-2:]
            found.append((source.name, name, kind))
    return found


@needs_compiler
@needs_nm
def test_core_asks_the_system_for_nothing_but_memory_moves_and_threads(symbols):
    defined = {name for _, name, kind in symbols if kind not in "Uw"}
    asked = {(file, name) for file, name, kind in symbols if kind in "Uw" and name not in defined}
    assert {(file, name) for file, name in asked if not ALLOWED.fullmatch(name)} == set()
    assert ("threads.c", "pthread_create") in asked  # nm was understood


@needs_compiler
@needs_nm
def test_external_names_are_ours(symbols):
    names = {name for _, name, kind in symbols if kind.isupper() and kind not in "UN"}
    assert len(names) > 30
    assert {name for name in names if not name.startswith("cmlp_")} == set()


@needs_compiler
@needs_nm
def test_core_has_no_data_that_changes(symbols):
    assert {(file, name, kind) for file, name, kind in symbols if kind in "dDbBcCsSgG"} == set()
    assert any(kind in "rR" for _, _, kind in symbols)


@needs_compiler
@needs_nm
def test_library_exports_what_the_header_declares(tmp_path):
    library = tmp_path / "libcmlp.so"
    run(COMPILER, "-shared", *core_objects(*SHARED), "-pthread", "-o", library)
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    declared = set(re.findall(r"^CMLP_API [^;]*?\b(cmlp_\w+)\(", HEADER.read_text("utf-8"), re.MULTILINE))
    assert exported == declared

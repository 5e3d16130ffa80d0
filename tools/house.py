"""Print figures of the Python code: how much of it there is, how dense it is, and what a call meets.

Usage: ``python tools/house.py [-v]`` in the source tree, with cmlp installed from it
(``pip install -e .``). ``-v`` lists what is counted. Those of imports, of what changes, and of `fit` have
bounds in ``tests/package/test_house.py``.

Imports in functions and for annotations count as all others do: who reads the file has to know what they name.
"""

import ast
import functools
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/cmlp"
# What tests may import: the package, its public modules, and the modules of the four nouns.
PUBLIC = {
    "cmlp",
    "cmlp.callbacks",
    "cmlp.datasets",
    "cmlp.distributed",
    "cmlp.exceptions",
    "cmlp.plots",
    "cmlp.river",
}
PUBLIC |= {
    "cmlp.sklearn",
    "cmlp.__main__",
    "cmlp.story",
}  # the command itself, and what the docs import from the story
NOUNS = {"cmlp._parameters.hyperparameters", "cmlp._model.model"}
# Tests of the bridge, of the reader of text and of screens, which have no public names.
INNER_TESTS = {"core", "data", "story", "console"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


# ------------------------------------------------------------------------------------------------------- the sources


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Return the parsed content of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return all nodes of a file."""
    return list(ast.walk(tree_of(path)))


@functools.cache
def modules() -> dict[str, Path]:
    """Return the files of the package by their names without "cmlp."; a folder has the name of its ``__init__``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)] = path
    return found


def lines_of(nodes: Iterable[ast.stmt]) -> set[int]:
    """Return the numbers of the lines that statements take."""
    return {
        line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def docstring_of(node: ast.AST) -> list[ast.stmt]:
    """Return a list with the docstring of a module, class or function, or an empty list."""
    if (
        isinstance(node, ast.Module | ast.ClassDef | Function)
        and ast.get_docstring(node, clean=False) is not None
    ):
        return node.body[:1]
    return []


def line_for_annotations(node: ast.AST) -> list[int]:
    """Return the line of ``if TYPE_CHECKING``, or an empty list for other statements."""
    return (
        [node.lineno]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        else []
    )


def code_of(path: Path) -> int:
    """Count the lines of a file that are no docstring, no import, not blank and no comment."""
    left_out = lines_of(
        statement
        for node in nodes_of(path)
        for statement in (
            [node] if isinstance(node, ast.Import | ast.ImportFrom) else docstring_of(node)
        )
    )
    left_out |= {line for node in nodes_of(path) for line in line_for_annotations(node)}
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and n not in left_out
        for n, line in lines
    )


# ------------------------------------------------------------------------------------------------------- the imports


@functools.cache
def place_of_public_names() -> dict[str, str]:
    """Return the modules from which the package loads its names at their first use."""
    for node in nodes_of(modules()["__init__"]):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_NAMES_OF":
            return {
                name: module
                for module, names in ast.literal_eval(node.value).items()
                for name in names
            }
    return {}


def imports_of(name: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of each import of another file of the package, or of its bridge."""
    for node in nodes_of(modules()[name]):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [imported(str(node.module), alias.name) for alias in node.names]
        else:
            continue
        for target in dict.fromkeys(found):
            inner = target.removeprefix("cmlp.") if target != "cmlp" else "__init__"
            if target.split(".")[0] == "cmlp" and inner != name:
                yield node.lineno, inner


def imported(module: str, name: str) -> str:
    """Return the module that ``from module import name`` means."""
    if module == "cmlp" and name in place_of_public_names():
        return f"cmlp.{place_of_public_names()[name]}"
    return (
        f"{module}.{name}"
        if f"{module}.{name}".removeprefix("cmlp.") in {*modules(), "_bridge._core"}
        else module
    )


def circles() -> list[list[str]]:
    """Return the groups of files that import each other in a circle."""
    below = {
        name: {target for _, target in imports_of(name) if target in modules()}
        for name in modules()
    }
    reached = {name: reachable(name, below) for name in below}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in reached
    }
    return sorted(list(group) for group in groups if group)


def reachable(start: str, below: dict[str, set[str]]) -> set[str]:
    """Return the files that a file imports, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = below[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@functools.cache
def ranks() -> dict[str, int]:
    """Return the rank of each layer, from the list of the test of layers."""
    for node in tree_of(ROOT / "tests/package/test_layers.py").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS":
            return {
                name: rank
                for rank, layer in enumerate(ast.literal_eval(node.value))
                for name in layer
            }
    raise SystemExit("tests/package/test_layers.py has no LAYERS")


def upward_imports() -> list[str]:
    """Return the imports from a layer that is not lower than the importing file's."""
    found = []
    for name in modules():
        here = name.split(".")[0]
        if here not in ("__init__", "__main__"):
            for line, target in imports_of(name):
                there = target.split(".")[0]
                if there != here and ranks()[there] >= ranks()[here]:
                    found.append(f"{name}:{line} imports {target}")
    return found


def inner_imports() -> list[str]:
    """Return the test files that import more of the package than public names and the four nouns."""
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        folder = path.relative_to(ROOT / "tests").parts[0]
        names = sorted({*modules_named_in(path)} - PUBLIC - NOUNS)
        if names and path.name.startswith("test_") and folder not in INNER_TESTS:
            found.append(f"{path.relative_to(ROOT)}: {', '.join(names)}")
    return found


def modules_named_in(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, also by a string that names one."""
    known = {f"cmlp.{name}" for name in [*modules(), "_bridge._core"]}
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "cmlp":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else str(node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known:
            yield node.value


# Where objects of a fit are made.
ROOMS_OF_FIT = {"_fit", "_train", "_tables", "distributed"}
# Methods whose assignments to `self` make an object.
CONSTRUCTORS = {"__init__", "__new__", "__post_init__", "__setstate__"}


def late_fields() -> list[str]:
    """Return the fields of dataclasses that no constructor gets: ``field(init=False)``."""
    found = []
    for path in modules().values():
        for node in nodes_of(path):
            if isinstance(node, ast.AnnAssign) and is_late(node.value):
                place = f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
                found.append(f"{place} {ast.unparse(node.target)}")
    return found


def is_late(value: ast.expr | None) -> bool:
    """Return whether the value of a field is ``field(init=False)``, with whatever else."""
    return isinstance(value, ast.Call) and any(
        keyword.arg == "init" and ast.unparse(keyword.value) == "False"
        for keyword in value.keywords
    )


def changed_attributes() -> list[str]:
    """Return the attributes that functions of a fit assign or delete, other than constructors those of `self`."""
    found = set()
    for name, path in modules().items():
        for function in nodes_of(path) if name.split(".")[0] in ROOMS_OF_FIT else ():
            if isinstance(function, Function):
                is_constructor = function.name in CONSTRUCTORS
                for node in ast.walk(function):
                    is_changed = isinstance(node, ast.Attribute) and not isinstance(
                        node.ctx, ast.Load
                    )
                    if is_changed and not (is_constructor and is_self(node.value)):
                        found.add(f"{path.relative_to(PACKAGE).as_posix()}: {ast.unparse(node)}")
    return sorted(found)


def private_names() -> set[str]:
    """Return the names of the private attributes that classes of the package have, without those of protocols."""
    found = set()
    for path in modules().values():
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef):
                found |= {item.name for item in node.body if isinstance(item, Function)}
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
    return {name for name in found if name.startswith("_") and not name.endswith("_")}


@functools.cache
def private_reaches() -> dict[str, list[str]]:
    """Return the lines of tests, outside of what supports them, that read or set each private attribute of cmlp."""
    found: dict[str, list[str]] = {}
    names = private_names()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        place = path.relative_to(ROOT)
        for node in nodes_of(path) if place.parts[1] != "support" else ():
            if isinstance(node, ast.Attribute) and node.attr in names and not is_self(node.value):
                found.setdefault(node.attr, []).append(f"{place}:{node.lineno}")
    return found


def is_self(node: ast.AST) -> bool:
    """Return whether an expression is the object of a method."""
    return isinstance(node, ast.Name) and node.id == "self"


# --------------------------------------------------------------------------------------------------------- the calls

CALLS = {
    "fit of a network": ["cmlp network", "sklearn network"],
    "partial_fit": ["cmlp partial_fit"],
    "fit_batches": ["cmlp fit_batches"],
    "fit of a table": ["cmlp table", "sklearn table", "xgboost table"],
    "cmlp train": ["cmlp command"],
}


@functools.cache
def met(call: str) -> dict[str, Any]:
    """Return what a call meets, such as "cmlp network"."""
    command = [sys.executable, str(ROOT / "tools/trace_call.py"), *call.split()]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        reason = run.stderr.strip().rpartition("\n")[2]
        raise SystemExit(
            f"{call}: {sys.executable} cannot run it with cmlp (pip install -e .): {reason}"
        )
    return dict(json.loads(run.stdout))


def print_calls() -> None:
    """Print what calls of cmlp and of other packages meet."""
    print(f"\n{'':40s}  files  functions  classes  frames  above the core")
    for title, calls in CALLS.items():
        for call in calls:
            package = call.split()[0]
            if importlib.util.find_spec(package) is None:
                continue
            found = {
                name: len(value) if isinstance(value, list) else value
                for name, value in met(call).items()
            }
            numbers = "{files:7d}{functions:11d}{classes:9d}{frames:8d}".format(**found)
            print(f"{title + ', ' + package:40s}{numbers}{found['above the core'] or '-':>16}")


# ------------------------------------------------------------------------------------------------------- the density


def text_of_code() -> list[str]:
    """Return the lines of code of the package without their indentation."""
    found = []
    for path in modules().values():
        docstrings = lines_of(
            statement for node in nodes_of(path) for statement in docstring_of(node)
        )
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text = line.strip()
            if text and not text.startswith("#") and number not in docstrings:
                found.append(line.rstrip())
    return found


def count_nodes(is_counted: Callable[[ast.AST], bool]) -> int:
    """Count nodes of the package per 1,000 lines of code."""
    n_lines = sum(code_of(path) for path in modules().values())
    n_nodes = sum(is_counted(node) for path in modules().values() for node in nodes_of(path))
    return round(1000 * n_nodes / n_lines)


def is_tuple_assignment(node: ast.AST) -> bool:
    """Return whether a statement assigns several values to several names."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.targets[0], ast.Tuple)
    )


def with_stubs() -> list[Path]:
    """Return the files of the package, and the stubs with the types of its bridge."""
    return [*modules().values(), *sorted(PACKAGE.rglob("*.pyi"))]


def uses_of_any() -> list[tuple[int, str]]:
    """Return how often each file uses `typing.Any`, the largest number first."""
    found = []
    for path in with_stubs():
        n = sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes_of(path))
        found += [(n, path.relative_to(PACKAGE).as_posix())] * bool(n)
    return sorted(found, reverse=True)


def public_names() -> set[str]:
    """Return the names that the public modules list, and those of the classes that public ones inherit from."""
    trees = [tree_of(path) for name, path in modules().items() if f"cmlp.{name}" in PUBLIC]
    trees.append(tree_of(modules()["__init__"]))
    names = {
        name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    }
    bases: dict[str, set[str]] = {}
    for path in modules().values():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                found = bases.setdefault(node.name, set())
                found |= {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    new = names
    while new:
        new = {base for name in new for base in bases.get(name, ())} - names
        names |= new
    return names


def public_functions(path: Path, names: set[str]) -> Iterator[tuple[str, Function]]:
    """Yield the public functions of a file, and the public methods of its public classes."""
    for node in tree_of(path).body:
        if isinstance(node, Function) and node.name in names:
            yield node.name, node
        if isinstance(node, ast.ClassDef) and node.name in names:
            for member in node.body:
                if isinstance(member, Function) and (
                    member.name[0] != "_" or member.name in ("__init__", "__call__")
                ):
                    yield f"{node.name}.{member.name}", member


def annotations_of(function: Function) -> Iterator[ast.expr]:
    """Yield the annotations of parameters and of the result."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    yield from (each.annotation for each in parameters if each and each.annotation)
    if function.returns:
        yield function.returns


def unexplained_any() -> list[str]:
    """Return the annotations of public signatures with `Any` on whose line no comment gives the reason."""
    found = []
    names = public_names()
    for path in with_stubs():
        lines = path.read_text(encoding="utf-8").splitlines()
        for name, function in public_functions(path, names):
            for annotation in annotations_of(function):
                line = lines[(annotation.end_lineno or annotation.lineno) - 1]
                if re.search(r"\bAny\b", ast.unparse(annotation)) and not re.search(
                    r"# (?!type:|noqa)", line
                ):
                    place = f"{path.relative_to(PACKAGE).as_posix()}:{annotation.lineno}"
                    found.append(f"{place} {name}: {ast.unparse(annotation)}")
    return found


def shared_names() -> list[tuple[int, str]]:
    """Return the functions of modules that exist in several modules, with the number of modules."""
    owners: dict[str, set[str]] = {}
    for name, path in modules().items():
        for node in tree_of(path).body:
            if isinstance(node, Function):
                owners.setdefault(node.name, set()).add(name)
    shared = [
        (len(found), f"{name}: {', '.join(sorted(found))}")
        for name, found in owners.items()
        if len(found) > 1
    ]
    return sorted(shared, reverse=True)


# ----------------------------------------------------------------------------------------------------------- figures


def listed(entries: Iterable[tuple[int, str]]) -> list[str]:
    """Return a line for each number and place."""
    return [f"{n:6d}  {place}" for n, place in entries]


# For each figure a function that computes it, and one that lists what it counts.
FIGURES: dict[str, tuple[Callable[[], int], Callable[[], list[str]]]] = {
    "lines of Python": (
        lambda: sum(
            len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values()
        ),
        lambda: [],
    ),
    "lines of code": (lambda: sum(n for n, _ in folder_sizes()), lambda: listed(folder_sizes())),
    "files in import circles": (
        lambda: sum(len(circle) for circle in circles()),
        lambda: [", ".join(circle) for circle in circles()],
    ),
    "imports against the order of layers": (
        lambda: len(upward_imports()),
        lambda: upward_imports(),
    ),
    "classes that fit meets": (
        lambda: len(met("cmlp network")["classes"]),
        lambda: met("cmlp network")["classes"],
    ),
    "classes that fit of a table meets": (
        lambda: len(met("cmlp table")["classes"]),
        lambda: met("cmlp table")["classes"],
    ),
    "frames of fit above the core": (
        lambda: len(met("cmlp network")["above the core"]),
        lambda: met("cmlp network")["above the core"],
    ),
    "fields that no constructor gets": (lambda: len(late_fields()), lambda: late_fields()),
    "attributes of a fit that change later": (
        lambda: len(changed_attributes()),
        lambda: changed_attributes(),
    ),
    "test files that import internals": (lambda: len(inner_imports()), lambda: inner_imports()),
    "private attributes in tests": (
        lambda: sum(map(len, private_reaches().values())),
        lambda: listed(
            sorted(
                (
                    (len(found), f"{name}: {', '.join(found)}")
                    for name, found in private_reaches().items()
                ),
                reverse=True,
            )
        ),
    ),
    "uses of Any": (lambda: sum(n for n, _ in uses_of_any()), lambda: listed(uses_of_any())),
    "public signatures with Any and no reason": (
        lambda: len(unexplained_any()),
        lambda: unexplained_any(),
    ),
    "characters of a line of code": (
        lambda: round(sum(map(len, text_of_code())) / len(text_of_code())),
        lambda: [],
    ),
    "lines of code over 100 characters": (
        lambda: sum(len(line) > 100 for line in text_of_code()),
        lambda: [],
    ),
    "conditional expressions in 1,000 lines": (
        lambda: count_nodes(lambda node: isinstance(node, ast.IfExp)),
        lambda: [],
    ),
    "tuple assignments in 1,000 lines": (lambda: count_nodes(is_tuple_assignment), lambda: []),
    "names of functions in several modules": (
        lambda: len(shared_names()),
        lambda: listed(shared_names()),
    ),
}


def folder_sizes() -> list[tuple[int, str]]:
    """Return the lines of code of each folder and of each file beside them, the largest first."""
    sizes: dict[str, int] = {}
    for name, path in modules().items():
        sizes[name.split(".")[0]] = sizes.get(name.split(".")[0], 0) + code_of(path)
    return sorted(((n, name) for name, n in sizes.items()), reverse=True)


def main(arguments: list[str]) -> None:
    """Print the figures, with ``-v`` also what they count."""
    if arguments not in ([], ["-v"]):
        raise SystemExit(str(__doc__).split("\n\n")[1])
    for name, (figure, items) in FIGURES.items():
        print(f"{name:40s}{figure():7,d}")
        if arguments:
            print("".join(f"    {item}\n" for item in items()))
    print_calls()


if __name__ == "__main__":
    main(sys.argv[1:])

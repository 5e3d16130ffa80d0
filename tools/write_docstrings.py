"""Write the signatures and docstrings that repeat the table of parameters, from the table.

Usage: ``python tools/write_docstrings.py``, in the source tree with cmlp installed, after a change
of ``src/cmlp/_parameters/entries.py`` or ``src/cmlp/_data/losses.py``, or of what `MLPRegressor`
repeats of `MLPClassifier`. With ``--check``, it names the files that would change, and changes
nothing. A test compares. Written are

- the parameters of constructors with their types and defaults, in the order that they have; a new
  one comes after the one that precedes it in the table,
- the assignments of constructors that only store their parameters,
- the annotations of the classes that have parameters as fields,
- in docstrings, the parameters that the table has, in the order of the signature,
- in `fit`, the names of the parameters that may change before it resumes,
- in `Network`, the formulas of the losses, from their table,
- the fitted attributes of `MLPClassifier` and `MLPRegressor`, from their descriptors,
- what `MLPRegressor` and its `fit_batches` have in common with `MLPClassifier`.

All other text stays as it is.
"""

import ast
import functools
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import cmlp
from cmlp._data.losses import formulas
from cmlp._estimators.attributes import FittedAttribute
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.hyperparameters import REQUIRED

ROOT = Path(__file__).parents[1]
WIDTH = 100
# By module, the classes and methods whose docstrings have parameters of the table, with the owner
# there.
OWNERS = {
    "_estimators/parameters/mlp.py": {
        "MLPClassifier": "MLPClassifier",
        "MLPRegressor": "MLPRegressor",
    },
    "_estimators/network.py": {
        "Network": "Network",
        "Network.cost": "Network",
        "Network.optimizer": "Network",
    },
    "_estimators/trainer.py": {"Trainer": "Trainer"},
    "_estimators/parameters/tabular.py": {
        "TabularClassifier": "TabularClassifier",
        "TabularRegressor": "TabularRegressor",
    },
    "river/__init__.py": {
        "MLPClassifier": "river.MLPClassifier",
        "MLPRegressor": "river.MLPRegressor",
    },
}
# By module, the classes with an annotation of each parameter of an owner, but for some.
FIELDS = {
    "_parameters/options.py": {"TrainingOptions": ("Trainer", {"random_state"})},
    "river/_stream.py": {"Stream": ("river.MLPClassifier", {"learning_rate_init"})},
}
# By module, the methods that say what may change before they resume. The regressors have the same
# parameters.
RESUMING = {
    "_estimators/multilayer_perceptron.py": {"MultilayerPerceptron.fit": "MLPClassifier"},
    "_estimators/tabular_estimator.py": {"TabularEstimator.fit": "TabularClassifier"},
}
BEFORE_FORMULAS = "the terms are:"  # the end of the line above them
# The annotations of types in docstrings; those in quotation marks and braces are str.
ANNOTATIONS = {
    "None": "None",
    "RandomState": "np.random.RandomState",
    "array-like of int": "Sequence[int]",
    "bool": "bool",
    "float": "float",
    "int": "int",
    "list of float": "Sequence[float]",
    "list of object": "Sequence[object]",
    "list of str": "Sequence[str]",
    "sequence of float": "Sequence[float]",
    "str": "str",
}
FLAGS = ("needs_batches", "free_on_resume", "own_per_worker")
OWN_REFERENCES = ".. [8]"  # the first one that classifier and regressor do not share

Sections = dict[str, list[str]]


@functools.lru_cache(1)
def parsed(text: str) -> ast.Module:
    """Return the parsed text of a module, which is asked for several times before it changes."""
    return ast.parse(text)


class Module:
    """The text of a module, in which docstrings can be replaced."""

    def __init__(self, text: str) -> None:
        self.text = text

    def sections(self, name: str) -> Sections:
        """Return the lines of a docstring by the titles of its sections. What comes before them has no title."""
        first, last = self._range(name)
        summary, *others = self._lines()[first:last]
        lines = [summary.strip(), *textwrap.dedent("\n".join(others)).split("\n")]
        found: Sections = {"": []}
        title = ""
        for i, line in enumerate(lines):
            if re.fullmatch("-+", line):
                continue
            if i + 1 < len(lines) and re.fullmatch("-+", lines[i + 1]):
                title = line
                found[title] = []
            else:
                found[title].append(line)
        return found

    def replace(self, name: str, sections: Sections) -> None:
        """Replace a docstring."""
        lines: list[str] = []
        for title, body in sections.items():
            lines += [title, "-" * len(title)] if title else []
            lines += [*_stripped(body), ""]
        margin = " " * self._indent(name)
        first, last = self._range(name)
        written = [f"{margin}{line}" if line else "" for line in lines[:-1]]
        self.text = "\n".join([*self._lines()[:first], *written, *self._lines()[last:]])

    def signature(self, name: str) -> list[str]:
        """Return the names of the parameters of a function, or of a class."""
        node = self._node(name)
        if isinstance(node, ast.ClassDef):
            node = self._node(f"{name}.__init__")
        assert isinstance(node, ast.FunctionDef)
        names = [argument.arg for argument in [*node.args.args[1:], *node.args.kwonlyargs]]
        return names + ([f"**{node.args.kwarg.arg}"] if node.args.kwarg else [])

    def write_constructor(self, name: str, owner: str) -> None:
        """Write the parameters of the constructor of a class, and their assignments if it only stores them."""
        node = self._node(f"{name}.__init__")
        assert isinstance(node, ast.FunctionDef)
        own = PARAMETERS.names(owner)
        positional = [argument.arg for argument in node.args.args]
        keywords = [argument.arg for argument in node.args.kwonlyargs if argument.arg in own]
        for i, new in enumerate(own):
            if new not in positional + keywords:
                before = [one for one in own[:i] if one in keywords]
                keywords.insert(keywords.index(before[-1]) + 1 if before else 0, new)
        if all(map(is_assignment, node.body)):
            stored = [f"self.{one} = {one}" for one in [*positional[1:], *keywords]]
            self._write(node.body[0], node.body[-1], stored)
        written = {one: declaration(owner, one) for one in own}
        written |= {
            argument.arg: f"{ast.unparse(argument)},"
            for argument in node.args.args
            if argument.arg not in own
        }
        listed = [written[one] for one in positional] + ["*,"] + [written[one] for one in keywords]
        self._write(node.args.args[0], node.args.kwonlyargs[-1], listed)

    def write_fields(self, name: str, owner: str, without: set[str]) -> None:
        """Write the annotations of a class."""
        fields = [one for one in self._node(name).body if isinstance(one, ast.AnnAssign)]
        fields = [one for one in fields if ast.unparse(one.target) in PARAMETERS.entries]
        names = [one for one in PARAMETERS.names(owner) if one not in without]
        self._write(fields[0], fields[-1], [f"{one}: {annotation(owner, one)}" for one in names])

    def _write(self, first: ast.stmt | ast.arg, last: ast.stmt | ast.arg, lines: list[str]) -> None:
        """Replace the lines from a node to another."""
        assert last.end_lineno is not None
        margin = " " * first.col_offset
        before, after = self._lines()[: first.lineno - 1], self._lines()[last.end_lineno :]
        self.text = "\n".join([*before, *(margin + line for line in lines), *after])

    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def _node(self, name: str) -> ast.ClassDef | ast.FunctionDef:
        found: ast.AST = parsed(self.text)
        for part in name.split("."):
            members: Iterator[ast.AST] = ast.iter_child_nodes(found)
            found = next(one for one in members if getattr(one, "name", None) == part)
        assert isinstance(found, (ast.ClassDef, ast.FunctionDef))
        return found

    def _indent(self, name: str) -> int:
        return self._node(name).body[0].col_offset

    def _range(self, name: str) -> tuple[int, int]:
        """Return the indices of the first line of a docstring, and of the line with the closing quotation marks."""
        node = self._node(name).body[0]
        assert node.end_lineno is not None
        return node.lineno - 1, node.end_lineno - 1


def is_assignment(statement: ast.stmt) -> bool:
    """Return whether a statement stores an argument as the attribute of its name."""
    text = ast.unparse(statement)
    return re.fullmatch(r"self\.(\w+) = \1", text) is not None


def annotation(owner: str, name: str) -> str:
    """Return the annotation of a parameter: that of its type in the docstring, unless the table has another one."""
    use = PARAMETERS.entries[name].uses[owner]
    if use.annotation:
        return use.annotation
    plain = re.sub(r'{.*?}|".*?"', "str", use.kind)
    kinds = {ANNOTATIONS[kind]: None for kind in re.split(", | or ", plain)}
    return " | ".join(sorted(kinds, key=lambda kind: kind == "None"))


def shown_default(owner: str, name: str) -> str:
    """Return the default of a parameter as the source has it; "" without one."""
    default = PARAMETERS.entries[name].uses[owner].default
    if default is REQUIRED:
        return ""
    return f'"{default}"' if isinstance(default, str) else repr(default)


def declaration(owner: str, name: str) -> str:
    """Return the line of a parameter in a signature."""
    return f"{name}: {annotation(owner, name)} = {shown_default(owner, name)},"


def _stripped(lines: Sequence[str]) -> list[str]:
    """Return lines without empty ones at the end."""
    return "\n".join(lines).rstrip().split("\n")


def filled(text: str, indent: int) -> list[str]:
    """Return the lines of a text that is wrapped for an indent.

    Lists keep their items, with a dash each, and code stays on one line.
    """
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", textwrap.dedent(text).strip()):
        lines += [""] if lines else []
        for item in re.split(r"\n(?=- )", paragraph):
            hanging = "  " if item.startswith("- ") else ""
            glued = re.sub(
                "``.*?``", lambda code: code[0].replace(" ", "\0"), " ".join(item.split())
            )
            wrapped = textwrap.wrap(
                glued,
                WIDTH - indent,
                subsequent_indent=hanging,
                break_long_words=False,
                break_on_hyphens=False,
            )
            lines += [line.replace("\0", " ") for line in wrapped]
    return lines


def listed(owner: str, flag: str) -> str:
    """Return the names of the parameters with a flag."""
    *first, last = (f"`{name}`" for name in PARAMETERS.names(owner, flag))
    return f"{', '.join(first)} and {last}" if first else last


def entry(heading: str, text: str, indent: int) -> list[str]:
    """Return the lines of an entry of a section."""
    body = filled(text, indent + 4)
    return [heading, *(f"    {line}" if line else "" for line in body)]


def parameter(owner: str, name: str, indent: int) -> list[str]:
    """Return the lines of a parameter of the table."""
    use = PARAMETERS.entries[name].uses[owner]
    heading = f"{name} : {use.kind}"
    default = shown_default(owner, name)
    if default:
        heading += f", default={default}"
    first, _, others = use.text.strip("\n ").partition("\n")
    text = f"{first}\n{textwrap.dedent(others)}"
    for flag in FLAGS:
        sign = f"<{flag.replace('_', ' ')}>"
        if sign in text:
            text = text.replace(sign, listed(owner, flag))
    return entry(heading, text, indent)


def entries(lines: Sequence[str]) -> list[list[str]]:
    """Return the entries of a section: each begins with a line without an indent."""
    found: list[list[str]] = []
    for line in _stripped(lines):
        if line and not line.startswith(" "):
            found.append([])
        found[-1].append(line)
    return found


def names_of(lines: Sequence[str]) -> list[str]:
    """Return the names that an entry is for."""
    return lines[0].partition(" : ")[0].split(", ")


def parameters(
    sections: Sections, signature: Sequence[str], owner: str | None, indent: int
) -> list[str]:
    """Return the lines of the section of parameters, in the order of a signature.

    Those that the table does not have stay as they are, but for options of its own below keywords.
    """
    own = PARAMETERS.names(owner) if owner else ()
    lines: list[str] = []
    done: list[list[str]] = []
    existing = entries(sections["Parameters"]) if any(sections["Parameters"]) else []
    for name in signature:
        if owner and name in own:
            lines += parameter(owner, name, indent)
            continue
        found = next((one for one in existing if name in names_of(one)), None)
        if found is None:
            raise ValueError(f"the parameter {name!r} has no entry in the docstring")
        if found not in done:
            done.append(found)
            lines += (
                _with_options(found, owner, own, indent)
                if owner and name.startswith("**")
                else found
            )
    return lines


def _with_options(lines: Sequence[str], owner: str, own: Sequence[str], indent: int) -> list[str]:
    """Return the entry of keywords, with the options below it that the table has."""
    changed = [lines[0]]
    for option in entries([line[4:] for line in lines[1:]]):
        (name, *_) = names_of(option)
        written = parameter(owner, name, indent + 4) if name in own else option
        changed += [f"    {line}" if line else "" for line in written]
    return changed


def fitted_attributes(name: str, indent: int) -> list[str]:
    """Return the lines of the fitted attributes of an estimator."""
    found: dict[str, FittedAttribute[object]] = {}
    for base in getattr(cmlp, name).__mro__:
        found |= {
            key: value for key, value in vars(base).items() if isinstance(value, FittedAttribute)
        }
    lines: list[str] = []
    for key, value in found.items():
        if not key.startswith("_"):
            lines += entry(f"{key} : {value.kind}", value.__doc__ or "", indent)
    return lines


def resuming(sections: Sections, owner: str, indent: int) -> list[str]:
    """Return the lines of the section of parameters with the names of those that may change before a fit resumes."""
    lines: list[str] = []
    for one in entries(sections["Parameters"]):
        if names_of(one) != ["resume"]:
            lines += one
            continue
        end = next(i for i, line in enumerate(one) if line.endswith("may have changed:"))
        free = filled(listed(owner, "free_on_resume"), indent + 4)
        lines += [*one[: end + 1], *(f"    {line}" for line in free)]
    return lines


def with_formulas(notes: Sequence[str], indent: int) -> list[str]:
    """Return the lines of notes with the formulas of all losses."""
    first = next(i for i, line in enumerate(notes) if line.endswith(BEFORE_FORMULAS)) + 2
    after = notes.index("", first)
    return [*notes[:first], *filled(formulas(), indent), *notes[after:]]


def share_notes(module: Module) -> None:
    """Write into the docstring of the regressor what that of the classifier says, too."""
    theirs, own = module.sections("MLPClassifier"), module.sections("MLPRegressor")
    own["Notes"] = (
        own["Notes"][: own["Notes"].index("")] + theirs["Notes"][theirs["Notes"].index("") :]
    )
    n_shared = _index(theirs["References"], OWN_REFERENCES)
    own["References"] = (
        theirs["References"][:n_shared]
        + own["References"][_index(own["References"], OWN_REFERENCES) :]
    )
    module.replace("MLPRegressor", own)


def share_fit_batches(module: Module) -> None:
    """Write the docstring of the regressor's `fit_batches`: that of the classifier's, with examples of its own."""
    name = "MLPRegressor.fit_batches"
    batches = module.sections("MLPClassifier.fit_batches") | {
        "Examples": module.sections(name)["Examples"]
    }
    batches["Parameters"] = parameters(batches, module.signature(name), None, 8)
    module.replace(name, batches)


def _index(lines: Sequence[str], begin: str) -> int:
    return next(i for i, line in enumerate(lines) if line.startswith(begin))


# By module, what copies there what a regressor has in common with a classifier.
SHARED = {
    "_estimators/parameters/mlp.py": share_notes,
    "_estimators/mlp.py": share_fit_batches,
}


def texts(root: Path) -> dict[Path, str]:
    """Return the texts of the modules that repeat the table."""
    changed: dict[Path, str] = {}
    for path in dict.fromkeys((*FIELDS, *OWNERS, *RESUMING, *SHARED)):
        module = Module((root / "src/cmlp" / path).read_text(encoding="utf-8"))
        for name, (owner, without) in FIELDS.get(path, {}).items():
            module.write_fields(name, owner, without)
        for name, owner in OWNERS.get(path, {}).items():
            indent = 4 + 4 * name.count(".")
            if owner != "Network":
                module.write_constructor(name, owner)
            sections = module.sections(name)
            sections["Parameters"] = parameters(sections, module.signature(name), owner, indent)
            if name == "Network":
                sections["Notes"] = with_formulas(sections["Notes"], indent)
            if path == "_estimators/parameters/mlp.py":
                sections["Attributes"] = fitted_attributes(name, indent)
            module.replace(name, sections)
        for name, owner in RESUMING.get(path, {}).items():
            sections = module.sections(name)
            sections["Parameters"] = resuming(sections, owner, 8)
            module.replace(name, sections)
        if path in SHARED:
            SHARED[path](module)
        changed[root / "src/cmlp" / path] = module.text
    return changed


def main(*, check: bool) -> int:
    """Write the modules, or name the files that would change; return the exit status."""
    different = {
        path: text for path, text in texts(ROOT).items() if path.read_text(encoding="utf-8") != text
    }
    for path, text in different.items():
        if check:
            print(
                f"{path.relative_to(ROOT)} differs from the table: run tools/write_docstrings.py",
                file=sys.stderr,
            )
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    return int(check and bool(different))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

"""The hyperparameters: one table, with an entry for each of them.

An entry has the name, for each owner (a class) the default, the constraints and the paragraph of the docstring, and
what else depends on the parameter alone: what it needs of others to have an effect, whether it needs batches, may
change before a fit is resumed, and may differ between workers. Everything that asks such a question reads the table.
The signatures repeat names and defaults, for editors and readers; a test compares them.
"""

from __future__ import annotations

import math
from textwrap import fill
from typing import TYPE_CHECKING

from cmlp._process.warnings import Notices, warn
from cmlp._train.constraints import REQUIRED, argument, validated
from cmlp._train.parameters import NETWORK_ENTRIES, TRAINING_ENTRIES
from cmlp.exceptions import Message, Setting, UnusedParameterWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeVar

    from cmlp._train.constraints import Constraint, Hyperparameter, Need

    Documented = TypeVar("Documented")


_FLAGS = ("needs_batches", "free_on_resume", "own_per_worker")
_WIDTH = 108  # of a line of names in a docstring, whose indent is at most 12


class Hyperparameters:
    """A table of hyperparameters."""

    def __init__(self, entries: Iterable[Hyperparameter]) -> None:
        self.entries = {entry.name: entry for entry in entries}
        # By owner, since each fit asks for them.
        self._constraints: dict[str, dict[str, tuple[Constraint, ...]]] = {}
        self._fixed: dict[str, list[str]] = {}
        self._needs: dict[str, list[tuple[str, Any, tuple[Need, ...]]]] = {}
        self._notices = Notices()  # of all fits of the process: a search clones its estimators

    def names(self, owner: str, flag: str | None = None) -> list[str]:
        """Return the names of an owner's parameters, or of those with a flag, in the order of the table."""
        entries = [entry for entry in self.entries.values() if owner in entry.uses]
        return [entry.name for entry in entries if not flag or getattr(entry, flag)]

    def defaults(self, owner: str) -> dict[str, Any]:
        """Return the default of each of an owner's parameters."""
        return {name: self.entries[name].uses[owner].default for name in self.names(owner)}

    def constraints(self, owner: str) -> Mapping[str, tuple[Constraint, ...]]:
        """Map an owner's parameters to their constraints, without those that only the data can check."""
        by_name = self._constraints.get(owner)
        if by_name is None:
            uses = {name: self.entries[name].uses[owner] for name in self.names(owner)}
            by_name = {name: use.constraints for name, use in uses.items() if use.constraints}
            self._constraints[owner] = by_name
        return by_name

    def checked(self, owner: str, values: Mapping[str, object], class_name: str) -> dict[str, Any]:
        """Return the parameters of an owner, validated and converted; `class_name` is for messages.

        Parameters without constraints, which a subclass can have, are left out.
        """
        table = self.constraints(owner)
        return {
            name: validated(value, table[name], name, _of_estimator, class_name)
            for name, value in values.items()
            if name in table
        }

    def fixed_on_resume(self, owner: str) -> list[str]:
        """Return the names of the parameters that must not change before a fit is resumed, sorted."""
        names = self._fixed.get(owner)
        if names is None:
            free = self.names(owner, "free_on_resume")
            names = self._fixed[owner] = sorted(name for name in self.names(owner) if name not in free)
        return names

    def refused_by_lbfgs(self, owner: str, values: Mapping[str, Any]) -> str | None:
        """Return the name of the first parameter that needs batches, and is not at its default; None without one."""
        for name in self.names(owner, "needs_batches"):
            if _differs(values[name], self.entries[name].uses[owner].default):
                return name
        return None

    def warn_of_unused(self, owner: str, values: Mapping[str, Any], other: str | None = None) -> None:
        """Warn of each parameter of an owner that is not at its default, and has no effect under the others.

        With `other`, warn only of what this parameter or argument makes ineffective.
        """
        needs = self._needs.get(owner)
        if needs is None:
            defaults = self.defaults(owner)
            needs = self._needs[owner] = [
                (name, defaults[name], self.entries[name].needs) for name in defaults if self.entries[name].needs
            ]
        for name, default, conditions in needs:
            value = values.get(name, default)
            if type(value) is type(default):
                if value == default:  # the quick path, which most parameters of most fits take
                    continue
            elif not _differs(value, default):
                continue
            for need in conditions:
                if other in (None, need.other) and not need.is_met(values):
                    text = Message(
                        "<name> differs from its default, but has no effect with this <other>: <reason>.",
                        name=Setting(name),
                        other=Setting(need.other),
                        reason=Message(need.reason),
                    )
                    warn(text, UnusedParameterWarning, once=self._notices)
                    break

    def documentation(self, owner: str, name: str) -> str:
        """Return the paragraph of a parameter in the docstring of its owner."""
        use = self.entries[name].uses[owner]
        shown = f'"{use.default}"' if isinstance(use.default, str) else repr(use.default)
        heading = f"{name} : {use.kind}" + ("" if use.default is REQUIRED else f", default={shown}")
        first, *lines = use.text.strip("\n ").split("\n")
        n = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
        paragraph = self.filled(owner, "\n".join([first, *(line[n:] for line in lines)]))
        return "\n".join([heading, *(f"    {line}" if line else "" for line in paragraph.split("\n"))])

    def filled(self, owner: str, text: str) -> str:
        """Return a text in which a flag in angle brackets is replaced by the names of the parameters with it."""
        for flag in _FLAGS if "<" in text else ():
            sign = f"<{flag.replace('_', ' ')}>"
            if sign in text:
                *first, last = (f"`{name}`" for name in self.names(owner, flag))
                text = text.replace(sign, fill(f"{', '.join(first)} and {last}" if first else last, _WIDTH))
        return text


def _of_estimator(name: str, value: object, expected: str, class_name: str) -> Message:
    """Return the message about an invalid parameter."""
    parameter = Setting(name, value, f"The {name!r} parameter of {class_name}")
    return Message("<parameter> must be {}. Got {!r} instead.", expected, value, parameter=parameter)


def _differs(value: Any, default: object) -> bool:
    """Return whether a value, or a number of a sequence, is not the default."""
    several = hasattr(value, "__iter__") and not isinstance(value, str)
    return any(number != default for number in (value if several else [value]))


PARAMETERS = Hyperparameters([*NETWORK_ENTRIES, *TRAINING_ENTRIES])


def network_argument(name: str, value: object) -> Any:
    """Return a parameter of a `Network`, validated and converted; raises InvalidParameterError if it is invalid."""
    return argument(name, value, *PARAMETERS.constraints("Network")[name])


def documented(owner: str, sections: Callable[[], Mapping[str, str]] = dict) -> Callable[[Documented], Documented]:
    """Return a decorator that replaces the lines in angle brackets in the docstring of a class or a method.

    ``<parameters>`` stands for the paragraphs of the parameters in the signature that the table has, the name of a
    parameter for its paragraph, that of a flag for the names of the parameters with it, and other names for what
    `sections` returns. The docstring of a class is made when it is first read, because most programs never do.
    """

    def replaced(thing: Documented) -> Documented:
        text = thing.__doc__
        if text:  # None if Python runs with -OO
            docstring: Any = _Docstring(text, lambda line: _expanded(line, owner, thing, sections))
            thing.__doc__ = docstring if isinstance(thing, type) else docstring.__get__()
        return thing

    return replaced


class _Docstring:
    """A docstring whose lines are expanded when it is read."""

    def __init__(self, text: str, expanded: Callable[[str], str]) -> None:
        self._text, self._expanded = text, expanded

    def __get__(self, instance: object = None, owner: object = None) -> str:
        return "\n".join(map(self._expanded, self._text.split("\n")))


def _expanded(line: str, owner: str, thing: object, sections: Callable[[], Mapping[str, str]]) -> str:
    """Return the text for a line of a docstring: itself, or the indented text whose name it has in angle brackets."""
    margin, opening, name = line.partition("<")
    if not opening or margin.strip() or not name.endswith(">"):
        return line
    name = name[:-1]
    if name == "parameters":
        function: Any = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
        code = getattr(function, "__wrapped__", function).__code__  # the module inspect takes 10 ms to import
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        own = set(PARAMETERS.names(owner))
        text = "\n".join(PARAMETERS.documentation(owner, parameter) for parameter in arguments if parameter in own)
    elif name in PARAMETERS.entries:
        text = PARAMETERS.documentation(owner, name)
    else:
        section = sections().get(name)
        text = PARAMETERS.filled(owner, f"<{name}>") if section is None else section.strip()
    return "\n".join(margin + line if line else "" for line in text.split("\n"))


# -------------------------------------------------------------------------------------------------------------- presets


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "3b1b": {
        "hidden_layer_sizes": (16, 16),
        "activation": "logistic",
        "loss": "squared_error",
        "solver": "sgd",
        "momentum": 0.0,
        "batch_size": 10,
        "learning_rate_init": 1.5,  # the cost has no factor 1/2: with that factor, the same rate is 3.0
        "alpha": 0.0,
        "max_iter": 30,
        "tol": 0.0,  # with the next line: all epochs are planned
        "n_iter_no_change": math.inf,
        "input_scale": 1 / 255,
    },
    # Found by the search in benchmarks/recipe.py.
    "fast": {
        "hidden_layer_sizes": (176,),
        "activation": "relu",
        "loss": "log_loss",
        "solver": "adam",
        "beta_2": 0.95,
        "batch_size": 96,
        "learning_rate": "one_cycle",
        "learning_rate_init": 0.006,
        "alpha": 0.0,
        "max_iter": 3,
        "input_scale": 1 / 255,
    },
}


def preset_parameters(name: str, owner: str, class_name: str) -> Mapping[str, Any]:
    """Return the parameters of a preset; raises ValueError if the class `owner` has none of this name."""
    if owner != "MLPClassifier":
        raise ValueError(
            f"There are no presets for {class_name}: all of them ({', '.join(PRESETS)}) are for MLPClassifier."
        )
    if name not in PRESETS:
        raise ValueError(f"name must be one of the presets {', '.join(map(repr, PRESETS))}, got {name!r}.")
    return PRESETS[name]

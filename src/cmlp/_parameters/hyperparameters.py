"""What a hyperparameter is, and the checks and comparisons of a table of them, such as `PARAMETERS`.

An entry has the name, for each owner (a class) the default, the constraints and the paragraph of the docstring, and
what else depends on the parameter alone: what it needs of others to have an effect, which kinds of calls refuse or
ignore it, whether it needs batches, may change before a fit is resumed, and may differ between workers. Everything
that asks such a question reads the table. Signatures and docstrings repeat it, for editors and readers:
``tools/write_docstrings.py`` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Self, TypeAlias

from cmlp._parameters.constraints import REFUSED, Constraint, converted, error_of_value
from cmlp._process.warnings import Notices, warn
from cmlp.exceptions import InvalidParameterError, UnusedParameterWarning

Values: TypeAlias = Mapping[str, Any]  # of parameters by their names
# A kind of call that trains, or an argument of one, by its name in messages.
CallKind: TypeAlias = (
    Literal["fit", "partial_fit", "fit_batches", "comm", "find_learning_rate"]
    | Literal["resume=True", "shards", "X_val", "provenance=True"]
)


REQUIRED = object()  # the default of a parameter without one


class ParameterOf(NamedTuple):
    """What a parameter is for some owners: the type in the docstring, the default, constraints, and the docstring.

    A value satisfies one of the constraints; there are none if only the data show what is valid. The annotation in
    signatures follows from the type in the docstring, such as ``float | None`` from "float or None"; `annotation` is
    the one of a type that says too little.
    """

    owners: Sequence[str]
    kind: str
    default: object
    constraints: tuple[Constraint, ...]
    annotation: str = ""
    text: str = ""

    def says(self, text: str) -> Self:
        """Return the same with the paragraph of the docstring.

        Words in angle brackets, such as ``<needs batches>``, stand for the names of the parameters with this flag.
        """
        return self._replace(text=text)


class Need(NamedTuple):
    """What a parameter needs of another one, or of an argument, to have an effect; a test of all values; the reason.

    A reason has no values, so that there is one message for each pair of parameters.
    """

    other: str
    is_met: Callable[[Values], object]
    reason: str


class Refusal(NamedTuple):
    """Kinds of calls that refuse a parameter, a test of all values, and the sentence of the error.

    The sentence has the place ``{call}``, and may have others with the names of parameters.
    """

    calls: tuple[CallKind, ...]
    is_refused: Callable[[Values], bool]
    sentence: str


class Hyperparameter:
    """A parameter: what it is for each owner, of which each has one use at most, and what depends on it.

    Of the needs, the first one that is not met is named in a warning. Some kinds of calls refuse
    values, others ignore the parameter, as if it had the value in `switched_off`.
    """

    __slots__ = (
        "free_on_resume",
        "name",
        "needs",
        "needs_batches",
        "own_per_worker",
        "refusals",
        "switched_off",
        "uses",
    )

    def __init__(
        self,
        name: str,
        *uses: ParameterOf,
        needs: tuple[Need, ...] = (),
        needs_batches: bool = False,
        free_on_resume: bool = False,
        own_per_worker: bool = False,
        refusals: tuple[Refusal, ...] = (),
        switched_off: Mapping[CallKind, Any] = MappingProxyType({}),
    ) -> None:
        self.refusals = refusals
        self.switched_off = switched_off
        self.name = name
        self.needs = needs
        self.uses = {owner: use for use in uses for owner in use.owners}
        self.needs_batches = needs_batches
        self.free_on_resume = free_on_resume
        self.own_per_worker = own_per_worker


class Hyperparameters:
    """A table of hyperparameters."""

    def __init__(self, entries: Iterable[Hyperparameter]) -> None:
        self.entries = {entry.name: entry for entry in entries}
        # By owner, since each fit asks for them.
        self._names: dict[str, tuple[str, ...]] = {}
        self._constraints: dict[str, dict[str, tuple[Constraint, ...]]] = {}
        self._fixed: dict[str, list[str]] = {}
        self._needs: dict[str, list[tuple[str, object, tuple[Need, ...]]]] = {}
        self._refusals: dict[CallKind, list[tuple[str, Refusal]]] = {}
        self._switched_off: dict[CallKind, dict[str, Any]] = {}
        for name, entry in self.entries.items():
            for refusal in entry.refusals:
                for call in refusal.calls:
                    self._refusals.setdefault(call, []).append((name, refusal))
            for call, value in entry.switched_off.items():
                self._switched_off.setdefault(call, {})[name] = value
        self._notices = Notices()  # of all fits of the process: a search clones its estimators

    def names(self, owner: str, flag: str | None = None) -> Sequence[str]:
        """Return the names of an owner's parameters, or of those with a flag, in the order of the table."""
        if owner not in self._names:
            self._names[owner] = tuple(
                entry.name for entry in self.entries.values() if owner in entry.uses
            )
        names = self._names[owner]
        return [name for name in names if getattr(self.entries[name], flag)] if flag else names

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
        used = {}
        for name, value in values.items():
            if name in table:
                used[name] = converted(value, table[name])
                if used[name] is REFUSED:
                    raise error_of_value(value, table[name], name, owner=class_name)
        return used

    def fixed_on_resume(self, owner: str) -> list[str]:
        """Return the names of the parameters that must not change before a fit is resumed, sorted."""
        names = self._fixed.get(owner)
        if names is None:
            free = self.names(owner, "free_on_resume")
            names = self._fixed[owner] = sorted(
                name for name in self.names(owner) if name not in free
            )
        return names

    def refused_without_batches(self, owner: str, values: Values) -> str | None:
        """Return the name of the first parameter that needs batches, and is not at its default; None without one."""
        for name in self.names(owner, "needs_batches"):
            if _differs(values[name], self.entries[name].uses[owner].default):
                return name
        return None

    def require_allowed(self, call: CallKind, values: Values) -> None:
        """Raise InvalidParameterError if a kind of call refuses the value of a parameter."""
        for name, refusal in self._refusals.get(call, ()):
            if name in values and refusal.is_refused(values):
                sentence = refusal.sentence.format(call=call, **values)
                raise InvalidParameterError(sentence, parameter=name, value=values[name])

    def switched_off(self, call: CallKind) -> Mapping[str, Any]:
        """Map the parameters that a kind of call ignores to the values that it takes instead."""
        return self._switched_off.get(call, {})

    def _needs_of(self, name: str, owner: str) -> tuple[Need, ...]:
        """Return what a parameter needs of the other parameters of an owner, and of arguments, which are no entries."""
        unknown = self.entries.keys() - set(self.names(owner))
        return tuple(need for need in self.entries[name].needs if need.other not in unknown)

    def warn_of_unused(self, owner: str, values: Values, other: str | None = None) -> bool:
        """Warn of each parameter of an owner that is not at its default, and has no effect under the others.

        With `other`, warn only of what this parameter or argument makes ineffective. Return whether there is one.
        """
        has_unused = False
        needs = self._needs.get(owner)
        if needs is None:
            defaults = self.defaults(owner)
            needs = [
                (name, default, conditions)
                for name, default in defaults.items()
                if (conditions := self._needs_of(name, owner))
            ]
            self._needs[owner] = needs
        for name, default, conditions in needs:
            value = values.get(name, default)
            if type(value) is type(default):
                if value == default:  # the quick path, which most parameters of most fits take
                    continue
            elif not _differs(value, default):
                continue
            for need in conditions:
                if other in (None, need.other) and not need.is_met(values):
                    text = (
                        f"{name} differs from its default, but has no effect with this "
                        f"{need.other}: {need.reason}."
                    )
                    warn(text, UnusedParameterWarning, once=self._notices)
                    has_unused = True
                    break
        return has_unused


def _differs(value: Any, default: object) -> bool:
    """Return whether a value, or a number of a sequence, is not the default."""
    several = hasattr(value, "__iter__") and not isinstance(value, str)
    return any(number != default for number in (value if several else [value]))

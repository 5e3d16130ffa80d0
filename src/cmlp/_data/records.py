"""What is stored of an object: a record of values, each with its key. Files, pickles and `cmlp.verify` follow from it.

A key is that of an array ("training.order") or of a member of a JSON object ("training:epoch"). One with a star is
that of all whose names begin so ("training:optimizer.*"): of members a dict, of arrays a function of the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

from cmlp._data.array_types import AnyArray

Values = dict[str, Any]  # of an object, by their names
Objects = dict[str, Values]
Arrays = dict[str, AnyArray]


REQUIRED: Any = object()  # the default of a value that must be stored


class Content(Protocol):
    """What is stored: a file's `Metadata`, or a pickle."""

    def members(self, key: str) -> Mapping[str, Any] | None:
        """Return the members of an object; None if there is none with this key."""

    def array(self, key: str) -> AnyArray | None:
        """Return an array; None if there is none with this key."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a record.

    Attributes
    ----------
    key : str
        Of what is stored.
    check : callable
        Returns the value of ``(name, stored)``; raises ValueError, TypeError or KeyError.
    default : object
        If nothing is stored.
    dump : callable
        Returns what is stored of a value.
    is_optional : bool
        Whether a member that is None is not stored.
    part : str
        What `verify` calls it; empty if it does not compare it.
    dtype : type or None
        Of an array in a pickle of a model.
    by_core : bool
        Whether the core writes it, because it predicts with it.
    """

    key: str
    check: Callable[[str, Any], Any] = lambda _, value: value
    default: Any = None
    dump: Callable[[Any], Any] = lambda value: value
    is_optional: bool = False
    part: str = ""
    dtype: type | None = None
    by_core: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """The values that an object is made of.

    Attributes
    ----------
    values : dict of Value
        By their names. That of a record of one value is the object itself.
    make : callable
        Returns the object of ``(values, context)``; raises ValueError if they do not fit.
    parts : callable
        Returns the values of ``(object, owner)``, or the only one; None if there is nothing to store.
    absent : callable
        Returns the object of ``context`` if no value is stored; raises ValueError if it is needed.
    """

    values: Mapping[str, Value]
    make: Callable[[Values, Any], Any]
    parts: Callable[[Any, Any], Any] = lambda found, _: found
    absent: Callable[[Any], Any] = lambda _: None

    def made(self, values: Values, context: object) -> Any:
        """Return the object of these values."""
        for value in values.values():
            if value is not None:
                return self.make(values, context)
        return self.absent(context) if values else self.make(values, context)

    def values_of(self, found: object, owner: object) -> Values | None:
        """Return the values of an object; None if there is nothing to store."""
        parts = None if found is None else self.parts(found, owner)
        if parts is None or len(self.values) != 1:
            return parts
        return dict.fromkeys(self.values, parts)


def record_of(value: Value, absent: Callable[[Any], Any] = lambda _: None) -> Record:
    """Return the record of an object that is one value."""
    return Record({"": value}, _only, absent=absent)


def _only(values: Values, _: object) -> Any:
    return values[""]


class _Place(NamedTuple):
    """Where a value is: in an object or, if that is empty, among the arrays; `is_family` for a key with a star."""

    object: str
    name: str
    is_family: bool
    shown: str  # what errors call it


@cache
def _place(key: str) -> _Place:
    """Return the place of a key: its texts are always the same objects, so that the bytes of pickles are, too."""
    first, colon, rest = key.removesuffix("*").partition(":")
    where, name = (first, rest) if colon else ("", first)
    shown = (name if where else name.partition(".")[2]) or where
    return _Place(sys.intern(where), sys.intern(name), key.endswith("*"), shown)


def loaded(record: Record, content: Content, context: object) -> Any:
    """Return an object that is stored."""
    if record.make is _only:
        found = _loaded(record.values[""], content)
        return record.absent(context) if found is None else found
    return record.made({n: _loaded(value, content) for n, value in record.values.items()}, context)


def _loaded(value: Value, content: Content) -> Any:
    where, name, is_family, shown = _place(value.key)
    if where:
        members = content.members(where)
        if members is not None and is_family:
            return value.check(shown, _family(members, name))
        if members is not None and name in members:
            return value.check(shown, members[name])
    elif is_family:
        return value.check(shown, _arrays(content, name))
    else:
        array = content.array(name)
        if array is not None:
            return value.check(shown, array)
    if value.default is REQUIRED:
        raise KeyError(shown)
    return value.default


def _family(members: Mapping[str, Any], first: str) -> Values:
    if not first:
        return dict(members)
    return {name.removeprefix(first): v for name, v in members.items() if name.startswith(first)}


def _arrays(content: Content, first: str) -> Callable[[str], AnyArray | None]:
    return lambda rest: content.array(first + rest)


def values_of(
    records: Iterable[tuple[Record, object]], owner: object
) -> Iterator[tuple[Value, Any]]:
    """Yield each value of an owner's objects, which have their records beside them, with what it is, or None."""
    for record, found in records:
        values = record.values_of(found, owner)
        for name, value in record.values.items():
            yield value, None if values is None else values[name]


def stored(values: Iterable[tuple[Value, Any]]) -> tuple[Objects, Arrays]:
    """Return the members of JSON objects and the arrays that are stored of values."""
    objects: Objects = {}
    arrays: Arrays = {}
    for value, found in values:
        where, name, is_family, _ = _place(value.key)
        if found is None and (not where or is_family or value.is_optional):
            continue
        part: Any = None if found is None else value.dump(found)
        into: Values = objects.setdefault(where, {}) if where else arrays
        # The format does not allow empty arrays; a missing array is loaded as an empty one.
        if is_family:
            into.update({name + rest: one for rest, one in part.items() if where or len(one)})
        elif where or len(part):
            into[name] = part
    return objects, arrays

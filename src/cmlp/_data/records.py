"""What is stored of an object: a record of values, each with its key. Files, pickles and `cmlp.verify` follow from it.

A key is that of an array ("training.order") or of a member of a JSON object ("training:epoch"). One with a star is
that of all whose names begin so ("training:optimizer.*"): of members a dict, of arrays a function of the rest.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

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


class Value(NamedTuple):
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


class Record(NamedTuple):
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
        if values and all(value is None for value in values.values()):
            return self.absent(context)
        return self.make(values, context)

    def values_of(self, found: object, owner: object) -> Values | None:
        """Return the values of an object; None if there is nothing to store."""
        parts = None if found is None else self.parts(found, owner)
        if parts is None or len(self.values) != 1:
            return parts
        return dict.fromkeys(self.values, parts)


def record_of(value: Value, absent: Callable[[Any], Any] = lambda _: None) -> Record:
    """Return the record of an object that is one value."""
    return Record({"": value}, lambda values, _: values[""], absent=absent)


class _Place(NamedTuple):
    """Where a value is: in an object or, if that is empty, among the arrays; `is_family` for a key with a star."""

    object: str
    name: str
    is_family: bool

    @property
    def shown(self) -> str:
        """What errors call it."""
        return (self.name if self.object else self.name.partition(".")[2]) or self.object


@cache
def _place(key: str) -> _Place:
    """Return the place of a key: its texts are always the same objects, so that the bytes of pickles are, too."""
    first, colon, rest = key.removesuffix("*").partition(":")
    where, name = (first, rest) if colon else ("", first)
    return _Place(sys.intern(where), sys.intern(name), key.endswith("*"))


def loaded(record: Record, content: Content, context: object) -> Any:
    """Return an object that is stored."""
    return record.made({n: _loaded(value, content) for n, value in record.values.items()}, context)


def _loaded(value: Value, content: Content) -> Any:
    place = _place(value.key)
    found = _found(place, content)
    if found is not REQUIRED:
        return value.check(place.shown, found)
    if value.default is REQUIRED:
        raise KeyError(place.shown)
    return value.default


def _found(place: _Place, content: Content) -> Any:
    """Return what is stored there; REQUIRED if nothing is."""
    where, name, is_family = place
    if where:
        members = content.members(where)
        if members is None:
            return REQUIRED
        if not is_family:
            return members.get(name, REQUIRED)
        return {n.removeprefix(name): v for n, v in members.items() if n.startswith(name)}
    if is_family:
        return lambda rest: content.array(name + rest)
    array = content.array(name)
    return REQUIRED if array is None else array


def values_of(
    records: Iterable[tuple[Record, object]], owner: object
) -> Iterator[tuple[Value, Any]]:
    """Yield each value of an owner's objects, which have their records beside them, with what it is, or None."""
    for record, found in records:
        values = record.values_of(found, owner) or {}
        yield from ((value, values.get(name)) for name, value in record.values.items())


def stored(values: Iterable[tuple[Value, Any]]) -> tuple[Objects, Arrays]:
    """Return the members of JSON objects and the arrays that are stored of values."""
    objects: Objects = {}
    arrays: Arrays = {}
    for value, found in values:
        where, name, is_family = _place(value.key)
        if found is None and (not where or is_family or value.is_optional):
            continue
        part: Any = None if found is None else value.dump(found)
        parts = {name + rest: one for rest, one in part.items()} if is_family else {name: part}
        if where:
            objects.setdefault(where, {}).update(parts)
        else:
            # The format does not allow empty arrays; a missing array is loaded as an empty one.
            arrays.update({key: array for key, array in parts.items() if len(array)})
    return objects, arrays

"""The provenance of a model in its file: JSON, whose form is checked before `cmlp.verify` uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cmlp._data.json_texts import load, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 1 << 24  # characters: 200,000 links
_KINDS: dict[str, type | tuple[type, ...]] = {
    "arithmetic": int,
    "call": str,
    "cmlp": str,
    "data": dict,
    "dtype": str,
    "model": (str, type(None)),
    "n_rows": int,
    "networks": list,
    "parameters": dict,
    "seed": int,
    "shards": (list, type(None)),
}
_HASH = re.compile("[0-9a-f]{64}")


def load_provenance(text: str, networks: Sequence[object]) -> dict[str, Any]:
    """Return the last step of the provenance of a model with these networks; ModelFormatError if it is no record."""
    steps = load(text, "provenance", _MOST)
    record = steps[-1] if type(steps) is list and steps else None
    if type(record) is not dict or not all(isinstance(record.get(name, ""), kind) for name, kind in _KINDS.items()):
        raise refuse("'provenance' is not a list of records")
    chains = record["networks"]
    if not _KINDS.keys() <= record.keys() or len(chains) != len(networks) or not all(map(_is_chain, chains)):
        raise refuse("'provenance' has no chain for each network")
    if not all(map(_is_hash, record["data"].values())):
        raise refuse("'provenance' has hashes of the data that are not SHA-256")
    return record


def _is_chain(chain: Any) -> bool:
    if type(chain) is not dict or not {"every", "end", "links"} <= chain.keys():
        return False
    every, end, links = chain["every"], chain["end"], chain["links"]
    counts = [every, *end] if type(end) is list else []
    whole = len(counts) == 3 and all(type(count) is int and count >= 0 for count in counts) and every > 0
    if not whole or type(links) is not list or not all(map(_is_hash, links)):
        return False
    n_links: int = end[0] // every + bool(end[0] % every or end[1])
    return len(links) == n_links  # fewer would be compared with nothing


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None

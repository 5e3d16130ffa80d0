"""Pickles have a version, so that those of other versions of the package raise an error that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Version of the pickles that this package writes. Increase it whenever a field changes.
PICKLE_VERSION = 5


def check_version(fields: Mapping[str, object], what: str) -> None:
    """Raise ValueError if a pickle has a different version of the format."""
    if fields.get("version") != PICKLE_VERSION:
        raise ValueError(
            f"This {what} was pickled by another version of cmlp and cannot be loaded: train it again, or unpickle it "
            "with the version that wrote it."
        )

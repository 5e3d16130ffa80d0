"""`Reloaded`: the newest good model of a file that is replaced while a service runs."""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, TypeAlias

from cmlp._estimators.loading import load
from cmlp._process.warnings import warn
from cmlp.exceptions import ReloadWarning, short_repr

if TYPE_CHECKING:
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network
    from cmlp._estimators.tabular import TabularClassifier, TabularRegressor

    Loaded: TypeAlias = (
        Network | MLPClassifier | MLPRegressor | TabularClassifier | TabularRegressor
    )


class Reloaded:
    """The newest good model of a file that is replaced while a service runs.

    Take ``model`` once at the start of each request, so that one model answers all of it.

    Parameters
    ----------
    path : str or path-like
        A model file, which must be good now. To replace it, rename another one, as `save` does.
    mmap : bool, default=False
        As of `cmlp.load`.

    Attributes
    ----------
    path : str
        The absolute path.

    Raises
    ------
    ModelFormatError
        If the file is damaged when this object is made.
    OSError
        If it cannot be read then.

    Notes
    -----
    A use takes one call of the system, `stat`, if the file is as before. Threads and forked processes can share an
    object; each process loads for itself. A file that is overwritten in place may be mapped: see `cmlp.load`.

    Examples
    --------
    >>> import cmlp, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.cmlp")
    ...     cmlp.Network([2, 3, 2], random_state=0).save(path)
    ...     served = cmlp.Reloaded(path)
    ...     before = served.model
    ...     cmlp.Network([2, 8, 2], random_state=1).save(path)
    ...     before.sizes, served.model.sizes
    ((2, 3, 2), (2, 8, 2))
    """

    __module__ = "cmlp"

    def __init__(self, path: str | os.PathLike[str], mmap: bool = False) -> None:
        self.path = os.path.abspath(os.fsdecode(path))
        self._mmap = mmap
        # Assigned at once: the version of the file that was read last, and the model that serves.
        self._held = self._version(), load(self.path, mmap)
        # For each process, since a fork may copy a lock that a thread holds.
        self._locks: dict[int, Any] = {}

    def __reduce__(self) -> tuple[type[Reloaded], tuple[str, bool]]:
        return Reloaded, (self.path, self._mmap)

    def __repr__(self) -> str:
        return f"Reloaded({self.path!r}, mmap={self._mmap})"

    @property
    def model(self) -> Loaded:
        """The newest good model of the file: what `cmlp.load` returns.

        If the file was replaced since the last use, it is loaded first; meanwhile, other threads get the model before.
        A file that is missing, damaged, or of a model with another class, other columns, classes or outputs is read
        once, a `cmlp.exceptions.ReloadWarning` says so, and the good model stays.
        """
        if self._version() != self._held[0]:
            lock = self._locks.setdefault(os.getpid(), allocate_lock())
            if lock.acquire(blocking=False):
                try:
                    self._renew()
                finally:
                    lock.release()
        return self._held[1]

    def _version(self) -> tuple[int, ...] | None:
        """Return what changes when the file is replaced; None if there is none."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _renew(self) -> None:
        """Load the file if it has another version than that which was read last, and keep the model if it is good."""
        version, served = self._version(), self._held[1]
        if version == self._held[0]:  # another thread was faster
            return
        try:
            found = load(self.path, self._mmap)
            problem = _difference(_form(found), _form(served))
        except (OSError, ValueError, MemoryError) as error:
            problem = str(error) or type(error).__name__
        self._held = version, served if problem else found
        if problem:
            warn(
                f"{self.path} has changed, and the model before it stays: {problem}", ReloadWarning
            )


def _form(model: Any) -> dict[str, object]:
    """Return what a program that uses a model relies on, by the words of a message."""
    trained = model._trained()
    types = getattr(model, "column_types_", {})
    scale = getattr(trained, "answer_scale", None)
    labels = trained.labels
    return {
        "class": trained.class_name,
        "columns": list(types.items()) or trained.names or trained.n_inputs,
        "classes": None if labels is None else (labels.kind, labels.classes.tolist()),
        "outputs": (scale and scale.names) or trained.combination.n,
    }


def _difference(found: dict[str, object], served: dict[str, object]) -> str:
    """Return in which a form differs first, "" if in nothing."""
    for word, value in found.items():
        if value != served[word]:
            return f"{word} {short_repr(value)} instead of {short_repr(served[word])}"
    return ""

"""Reading rows in blocks: passes over the user's iterable, and a thread that reads one block ahead."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cmlp._process.signals import immediate_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

Converted = TypeVar("Converted")


class Passes:
    """Where blocks come from: an iterable that can be read again, or a function that returns an iterator."""

    def __init__(self, source: Any) -> None:
        if not callable(source) and not hasattr(source, "__iter__"):
            raise TypeError(
                "source must be an iterable of blocks (X, y) or a function that returns one, got "
                f"{type(source).__name__}."
            )
        self._source = source
        self.is_iterator = hasattr(source, "__next__")

    def open(self) -> Iterator[Any]:
        """Return an iterator over the blocks of one pass."""
        with immediate_signals():
            if hasattr(self._source, "__iter__"):
                return iter(self._source)
            blocks = self._source()
            if not hasattr(blocks, "__iter__"):
                raise TypeError(f"source() must return an iterable of blocks (X, y), got {type(blocks).__name__}.")
            return iter(blocks)

    def require(self, n_passes: float, why: str) -> None:
        """Raise ValueError if more passes are needed than the source allows."""
        if self.is_iterator and n_passes > 1:
            raise ValueError(
                f"source is an iterator, which can be read only once, but {why}. Pass a function that returns a new "
                "iterator for each pass, for example fit_batches(lambda: read_blocks(path)) instead of "
                "fit_batches(read_blocks(path))."
            )


class Reader(Generic[Converted]):
    """An iterator over blocks, which a thread reads and converts by ``convert(item, index)`` one block ahead."""

    def __init__(self, items: Iterator[Any], convert: Callable[[Any, int], Converted]) -> None:
        self._items, self._convert = items, convert
        self._ready: SimpleQueue[tuple[Converted | None, BaseException | None]] = SimpleQueue()
        self._wanted = threading.Semaphore(1)  # blocks that may be read: one, in addition to the one in use
        self._closed = self._ended = False
        self._thread = threading.Thread(target=self._read, name="cmlp-reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        index = 0
        while True:
            self._wanted.acquire()
            if self._closed:
                return
            try:
                item = next(self._items)
                block = self._convert(item, index)
                del item
            except StopIteration:
                self._ready.put((None, None))
                return
            except BaseException as error:  # raised in the thread that trains
                self._ready.put((None, error))
                return
            self._ready.put((block, None))
            del block
            index += 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Converted:
        if self._ended:
            raise StopIteration
        with immediate_signals():  # the thread runs code of the caller
            block, error = self._ready.get()
        if block is None:
            self._ended = True
            self.close()
            if error is not None:
                raise error
            raise StopIteration
        self._wanted.release()
        return block

    def close(self) -> None:
        """End the thread, after the block that it is reading; then close a generator."""
        self._closed = self._ended = True
        self._wanted.release()
        with immediate_signals():
            self._thread.join()
            close = getattr(self._items, "close", None)
            if close is not None:
                close()

"""Reading rows in blocks: passes over the user's iterable, and a thread that reads one block ahead."""

from __future__ import annotations

import threading
import weakref
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, Self, TypeVar

Converted = TypeVar("Converted")

# For which a thread waits before it looks again whether the other one is still there.
_SECONDS = 0.2


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
        if hasattr(self._source, "__iter__"):
            return iter(self._source)
        blocks = self._source()
        if not hasattr(blocks, "__iter__"):
            raise TypeError(
                f"source() must return an iterable of blocks (X, y), got {type(blocks).__name__}."
            )
        return iter(blocks)

    def require(self, n_passes: float, why: str) -> None:
        """Raise ValueError if more passes are needed than the source allows."""
        if self.is_iterator and n_passes > 1:
            raise ValueError(
                f"source is an iterator, which can be read only once, but {why}. Pass a function "
                "that returns a new iterator for each pass, for example fit_batches(lambda: "
                "read_blocks(path)) instead of fit_batches(read_blocks(path))."
            )


class Reader(Generic[Converted]):
    """An iterator over blocks, which a thread reads and converts by ``convert(item, index)`` one block ahead."""

    def __init__(self, items: Iterator[Any], convert: Callable[[Any, int], Converted]) -> None:
        self._ahead = ahead = _ReadingAhead(items, convert, weakref.ref(self))
        self._ended = False
        # In a thread of its own: a signal in the main thread could interrupt `Thread.start`, which
        # is Python code.
        start_new_thread(ahead.start, ())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Converted:
        if self._ended:
            raise StopIteration
        block, error = self._ahead.ready.get()
        if block is None:
            self._ended = True
            self.close()
            if error is not None:
                raise error
            raise StopIteration
        self._ahead.wanted.put(None)
        return block

    def close(self) -> None:
        """End the thread, after the block that it is reading; then close a generator."""
        self._ended = True
        self._ahead.close()


class _ReadingAhead(Generic[Converted]):
    """What a reader and its thread share.

    Its queues are compiled. An exception of a signal handler in a class that is written in Python and takes locks, such
    as Semaphore, can leave a lock locked. `is_closed` and `is_over` can be read again after an exception, unlike an
    entry of a queue.
    """

    def __init__(
        self,
        items: Iterator[Any],
        convert: Callable[[Any, int], Converted],
        reader: Callable[[], object],
    ):
        self._items, self._convert, self._reader = items, convert, reader
        self.ready: SimpleQueue[tuple[Converted | None, BaseException | None]] = SimpleQueue()
        self.wanted: SimpleQueue[None] = SimpleQueue()  # an entry for each block that may be read
        self.wanted.put(None)  # one, in addition to the one in use
        self.is_closed = self.is_over = False

    def start(self) -> None:
        """Start the thread."""
        try:
            threading.Thread(target=self._read, name="cmlp-reader", daemon=True).start()
        except BaseException as error:  # the system has no more threads
            self._end(error)

    def _read(self) -> None:
        try:
            index = 0
            while self._is_wanted():
                try:
                    item = next(self._items)
                except StopIteration:
                    break
                block = self._convert(item, index)
                del item
                self.ready.put((block, None))
                del block
                index += 1
        except BaseException as error:  # raised in the thread that trains
            self._end(error)
        else:
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        # A method of a source, whose first block is released before the thread has ended.
        del self._convert
        self.is_over = True
        self.ready.put((None, error))

    def _is_wanted(self) -> bool:
        """Wait until a block may be read; return False if the reader is closed, or if nothing refers to it any more."""
        while not self.is_closed:
            try:
                self.wanted.get(timeout=_SECONDS)
            except Empty:
                if self._reader() is None:
                    return False
            else:
                return not self.is_closed
        return False

    def close(self) -> None:
        """End the thread, and close a generator."""
        self.is_closed = True
        self.wanted.put(None)
        while not self.is_over:
            with suppress(Empty):
                self.ready.get(timeout=_SECONDS)
        close = getattr(self._items, "close", None)
        if close is not None:
            close()

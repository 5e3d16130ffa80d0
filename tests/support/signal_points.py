"""Signals at every bytecode of a call: real ones, whose handlers raise."""

import signal
import sys
import threading
from contextlib import contextmanager

# Modules whose bytecodes are points. In others, exceptions can be lost: `numpy.array_equal` returns
# False after any.
FOLLOWED = (
    "cmlp",
    "contextlib",
    "functools",
    "queue",
    "threading",
    "copy",
    "weakref",
    "collections",
)
# Those that lock an estimator, replace handlers and store a model.
CRITICAL = (
    "cmlp._fit.fit",
    "cmlp._fit.fitted",
    "cmlp._process",
    "contextlib",
    "threading",
    "queue",
)
TRAINING = "cmlp._train.training"  # changes the state of training
MEASURING = "cmlp._tables.calibrate"  # measures the errors of a table, which is judged by then


class Stop(Exception):
    """What the handlers of the tests raise, like every decorator that limits the time of a function."""


def raise_stop(number, frame):
    raise Stop(number)


HANDLERS = {
    "SIGALRM": raise_stop,
    "SIGUSR1": raise_stop,
    "SIGTERM": signal.default_int_handler,  # a KeyboardInterrupt of another signal than Ctrl-C
    "SIGINT": signal.default_int_handler,
}
NAMES = [name for name in HANDLERS if hasattr(signal, name)]


@contextmanager
def handled(name):
    """Handle a signal; afterwards, the handler must still be in force, and that of SIGINT too."""
    number, handler = getattr(signal, name), HANDLERS[name]
    before = signal.signal(number, handler)
    at_ctrl_c = signal.getsignal(signal.SIGINT)
    try:
        yield
        assert signal.getsignal(number) is handler
        assert signal.getsignal(signal.SIGINT) is at_ctrl_c
    finally:
        signal.signal(signal.SIGINT, at_ctrl_c)
        signal.signal(number, before)


def signal_at(step, function, name, modules=FOLLOWED):
    """Call a function, and raise a signal before bytecode `step` of these modules; return how many have been run.

    Bytecodes count from 1; none has the number 0. A name stands for all modules whose names begin with it. Also return
    the type of the error that the call has raised, or None.
    """
    seen, number = 0, getattr(signal, name)

    def trace(frame, event, _):
        nonlocal seen
        if not frame.f_globals.get("__name__", "").startswith(modules):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == step:
                signal.raise_signal(number)
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = (
        True  # settrace of Python 3.12 needs a frame that asks for opcodes
    )
    sys.settrace(trace)
    try:
        function()
    except (Stop, KeyboardInterrupt) as error:
        sys.settrace(before)
        return seen, type(error)
    finally:
        sys.settrace(before)
    return seen, None


@contextmanager
def no_threads_left():
    """After the block, no thread is left that has begun in it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread

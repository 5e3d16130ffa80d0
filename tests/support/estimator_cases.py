"""Small data sets and fast estimators for several test modules."""

import dis
import functools
import re
import signal
import sys
from itertools import pairwise

import numpy as np

from cmlp import MLPClassifier


def blobs(n_classes=3, n_rows=120, seed=0):
    """Return rows around one centre per class, and their classes."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_rows) % n_classes
    centres = 3 * rng.standard_normal((n_classes, 4))
    return centres[y] + 0.5 * rng.standard_normal((n_rows, 4)), y


def small(**params):
    """Return a small classifier that stops at `max_iter`; the test modules ignore the warning."""
    params = {"max_iter": 15, "random_state": 1, **params}
    if params.get("solver") != "lbfgs" and not callable(
        params.get("learning_rate")
    ):  # which do not use it
        params.setdefault("learning_rate_init", 0.02)
    return MLPClassifier(params.pop("hidden_layer_sizes", (8,)), **params)


def flat(model):
    """Return all parameters of a fitted estimator as one array."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([tensor.ravel() for pair in pairs for tensor in pair])


@functools.cache
def signal_checks(code):
    """Offsets of the bytecodes before which CPython runs signal handlers: behind calls, jumps back and at the start."""
    instructions = list(dis.get_instructions(code))
    checks = re.compile("CALL(?!_INTRINSIC)|JUMP_BACKWARD|RESUME")  # intrinsics run no other code
    return {after.offset for before, after in pairwise(instructions) if checks.match(before.opname)}


def interrupted_at(step, function, *modules, anywhere=False):
    """Call a function with Ctrl-C at one point of these modules; return False if they have fewer points.

    A name that ends with a dot stands for all modules whose names begin with it, and "module:function" for a function.

    The points are those at which CPython runs signal handlers, with `anywhere` all bytecodes.
    """
    seen, prefixes = 0, tuple(name for name in modules if name.endswith("."))

    def trace(frame, event, _):
        nonlocal seen
        module = frame.f_globals.get("__name__", "")
        of_function = f"{module}:{frame.f_code.co_name}"
        if not {module, of_function} & set(modules) and not module.startswith(prefixes):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and (anywhere or frame.f_lasti in signal_checks(frame.f_code)):
            seen += 1
            if seen == step:
                signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = (
        True  # settrace of Python 3.12 needs a frame that asks for opcodes
    )
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def interrupted_in_line(step, function, package, begin):
    """Call a function with Ctrl-C before one of the lines of a package that it runs; return False if it runs fewer.

    Lines count from the first one in a module whose name starts with `begin` on.
    """
    return lines_run(function, package, begin, step) >= step


def lines_run(function, package, begin, stop=None):
    """Call a function, with Ctrl-C at line `stop`; return the number of lines, as `interrupted_in_line` counts them."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(package):
            return None
        if event == "line" and (seen or module.startswith(begin)):
            seen += 1
            if seen == stop:
                signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return seen

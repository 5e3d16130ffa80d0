# Included by _core.pyx: calls of Python functions with a beginning and an end, such as taking a lock and giving it back.
#
# Python runs signal handlers between two bytecodes, and most of them raise an exception. Compiled code has no bytecodes: an
# exception comes before the beginning, in the function or after the end. What runs between them must be compiled, too:
# builtin functions and attributes of plain objects, but no functions of Python.

import _signal
from _thread import allocate_lock, start_new_thread
from contextvars import copy_context
from functools import partial
from sys import exc_info

cdef int SIGINT = _signal.SIGINT
cdef int MOST_HANDLERS = 100  # that may raise while one of SIGINT is set
cdef double SECONDS_OF_WAIT = 0.05  # of a pool between two checks for signals
cdef double SECONDS_TO_STOP = 1.0  # after which another exception does not wait for the threads of a pool


def run_locked(estimator, str name, function, tuple args, dict keywords):
    """Call a function with an estimator locked: with the attribute `name`. RuntimeError if another call has locked it.

    The lock contains the process id. A lock of another process is ignored, because a fork copies the lock, but not the
    thread that owns it.
    """
    cdef dict attributes = estimator.__dict__
    cdef tuple own = (os.getpid(),)
    present = attributes.setdefault(name, own)  # atomic
    if present is not own:
        if present == own:
            raise RuntimeError(f"This {type(estimator).__name__} instance is being fitted by another call; fit a copy of "
                               "it instead.")
        attributes[name] = own
    try:
        return function(*args, **keywords)
    finally:
        attributes.pop(name, None)


def replace_attributes(tuple changes, tuple removed):
    """Assign attributes of objects, and remove others from all of them: all of that or nothing.

    `changes` are pairs of an object and a dictionary with its new attributes.
    """
    # Values are freed after the last change: freeing an object can run Python code.
    former = []
    for owner, changed in changes:
        attributes = owner.__dict__
        former += map(attributes.get, (*changed, *removed))
        attributes.update(changed)
        for name in removed:
            attributes.pop(name, None)


def run_deferred(deferral, function, *args, **keywords):
    """Call a function, during which SIGINT waits as `deferral`, a `DeferredSignals`, says; None for a new one.

    Afterwards the caller's handler is in force, whatever has been raised, and a signal that still waits takes effect. It
    waits, too, if it comes before the first bytecode of the function. Within another such call, and in threads that get
    no signals, the function is only called.
    """
    handler = _signal.getsignal(SIGINT)
    if not callable(handler) or is_deferral(handler):
        return function(*args, **keywords)
    if deferral is None:
        deferral = DeferredSignals()
    deferral.handler = handler
    raised = set_handler(deferral.note)
    if not is_deferral(_signal.getsignal(SIGINT)):
        return function(*args, **keywords)
    cdef bint has_returned = False
    try:
        if raised is not None:
            deferral.wait(partial(throw, raised))
        result = function(*args, **keywords)
        has_returned = True
    finally:
        raised = None
        if is_deferral(_signal.getsignal(SIGINT)):  # unless the function has set another handler
            raised = set_handler(handler)
        error = raised
        if error is None and not has_returned:
            error = exc_info()[1]
        if not isinstance(error, KeyboardInterrupt):
            deferral.deliver()
        if raised is not None:
            raise raised
    return result


cdef bint is_deferral(object handler) except -1:
    """Return whether a handler of SIGINT lets it wait."""
    return isinstance(getattr(handler, "__self__", None), DeferredSignals)


cdef object set_handler(object handler):
    """Set the handler of SIGINT, if this is the main thread, which alone can.

    Return the last exception of handlers of signals that have arrived before, which Python calls first.
    """
    error = None
    for _ in range(MOST_HANDLERS):
        try:
            _signal.signal(SIGINT, handler)
            break
        except BaseException as latest:
            error = latest
    return error


def run_pool(pool, task, progress=None):
    """Call ``task(number)`` for each number of a `Pool` in its threads, and return when all calls have ended.

    An exception of a call, of `progress` or of a signal handler stops the pool: the other calls end when the core next
    checks for signals, no new one begins, and the exception is raised when all threads have ended. Of several exceptions of signal
    handlers it is the first, or the first KeyboardInterrupt; but one that comes a second later does not wait for the
    threads. `progress` is called in this thread with the number of completed tasks, about 20 times a second and at the
    end.
    """
    wake, begun, ended, done = allocate_lock(), pool.begun, pool.ended, pool.done
    wake.acquire()
    threads, start = pool.threads(task, wake.release), copy_context().run
    error = None
    cdef double since = 0
    while True:
        try:
            if not pool.is_started:
                start_new_thread(start, (pool.start, threads, wake.release))
                pool.is_started = True
            if len(ended) > len(begun):
                break
            wake.acquire(True, SECONDS_OF_WAIT)  # without a limit, it would not notice a signal of another thread
            if signalled():
                raised()
            if progress is not None and error is None:
                progress(len(done))
        except BaseException as latest:
            if not pool.is_started:
                raise
            if error is None and not isinstance(latest, KeyboardInterrupt):
                pool.interruption = TaskStopped
            pool.stopped = True  # a thread that begins later does nothing
            if error is None:
                since = now()
            elif now() - since >= SECONDS_TO_STOP:
                raise
            if error is None or (isinstance(latest, KeyboardInterrupt) and not isinstance(error, KeyboardInterrupt)):
                error = latest
    if error is None and pool.errors:
        error = pool.errors[0]
    if error is not None:
        raise error
    if progress is not None:
        progress(len(done))

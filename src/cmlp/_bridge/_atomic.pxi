# Included by _core.pyx: calls of Python functions with a beginning and an end, such as taking a lock and giving it back.
#
# Python runs signal handlers between two bytecodes, and most of them raise an exception. Compiled code has no bytecodes: an
# exception comes before the beginning, in the function or after the end. What runs between them must be compiled, too:
# builtin functions and attributes of plain objects, but no functions of Python.

import _signal
from _thread import allocate_lock, get_ident, start_new_thread
from contextvars import copy_context
from sys import exc_info

cdef int SIGINT = _signal.SIGINT
cdef int MOST_HANDLERS = 1000  # that may raise while one of SIGINT is restored
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


def replace_attributes(owner, dict changed, tuple removed):
    """Assign attributes of an object and remove others: all of them or none."""
    cdef dict attributes = owner.__dict__
    # They are freed after the last change: freeing an object can run Python code.
    former = tuple(map(attributes.get, (*changed, *removed)))
    attributes.update(changed)
    for name in removed:
        attributes.pop(name, None)


def run_deferred(deferral, function, *args, **keywords):
    """Call a function, during which SIGINT waits for a safe point as `deferral`, a `DeferredSignals`, says.

    Afterwards the caller's handler is in force, whatever has been raised, and a signal that still waits takes effect.
    Within another such call, and in threads that get no signals, the function is only called.
    """
    handler = _signal.getsignal(SIGINT)
    if not callable(handler) or deferral_of(handler) is not None:
        return function(*args, **keywords)
    deferral.handler, deferral.thread = handler, get_ident()
    if not is_replaced(handler, deferral.note):
        deferral.handler = None
        return function(*args, **keywords)
    cdef bint has_returned = False
    try:
        result = function(*args, **keywords)
        has_returned = True
    finally:
        raised = restore_handler(deferral)
        error = raised
        if error is None and not has_returned:
            error = exc_info()[1]
        if not isinstance(error, KeyboardInterrupt):
            deferral.deliver()
        if raised is not None:
            raise raised
    return result


cdef bint is_replaced(object handler, object note) except -1:
    """Replace the handler of SIGINT; return False if this is not the main thread, which alone can."""
    try:
        _signal.signal(SIGINT, note)
    except ValueError:
        # A handler of another signal can have raised it, before anything was replaced.
        try:
            _signal.signal(SIGINT, handler)
        except ValueError:
            return False
        raise
    return True


cdef object restore_handler(object deferral):
    """Restore the caller's handler of SIGINT, unless it is in force; return the last that other handlers have raised."""
    error = None
    for _ in range(MOST_HANDLERS):
        try:
            if getattr(_signal.getsignal(SIGINT), "__self__", None) is deferral:
                _signal.signal(SIGINT, deferral.handler)  # which first calls handlers of signals that have arrived
            break
        except BaseException as latest:
            error = latest
    return error


def run_pool(pool, task, progress=None):
    """Call ``task(number)`` for each number of a `Pool` in its threads, and return when all calls have ended.

    An exception of a call, of `progress` or of a signal handler stops the pool: the other calls end at their next safe
    points, no new one begins, and the exception is raised when all threads have ended. Of several exceptions of signal
    handlers it is the first, or the first KeyboardInterrupt; but one that comes a second later does not wait for the
    threads. `progress` is called in this thread with the number of completed tasks, about 20 times a second and at the
    end.
    """
    wake, begun, ended, done = allocate_lock(), pool.begun, pool.ended, pool.done
    wake.acquire()
    threads, start = pool.threads(task, wake.release), copy_context().run
    error = None
    cdef bint is_started = False
    cdef double since = 0
    while True:
        try:
            if not is_started:
                start_new_thread(start, (pool.start, threads, wake.release))
                is_started = True
            if len(ended) > len(begun):
                break
            wake.acquire(True, SECONDS_OF_WAIT)  # without a limit, it would not notice a signal of another thread
            if signalled():
                raised()
            if progress is not None and error is None:
                progress(len(done))
        except BaseException as latest:
            if not is_started:
                raise
            if error is None and not isinstance(latest, KeyboardInterrupt):
                pool.interruption = TaskStopped
            pool.stopped = True  # a thread that begins later does nothing
            if error is None:
                since = now()
            elif now() - since >= SECONDS_TO_STOP:
                mark(latest, False)  # threads that still train change the state
                raise
            if error is None or (isinstance(latest, KeyboardInterrupt) and not isinstance(error, KeyboardInterrupt)):
                error = latest
    if error is None and pool.errors:
        error = pool.errors[0]
    if error is not None:
        mark(error, True)  # all threads have ended at safe points
        raise error
    if progress is not None:
        progress(len(done))

"""The process of one peer: ``python -m benchmarks.worker MODULE MAKE CASE``. Each line of input starts a round.

The ``units`` of a case is the number of repetitions in a round; the answer is the time of one repetition. The worker is
bound to one CPU and reports CPU time, which equals wall time on an idle machine and does not count other processes on a
loaded one. With ``free`` in the case, the system schedules the threads, and the worker reports wall time.
"""

import importlib
import json
import os
import sys
import time


def tell(**answer):
    print(json.dumps(answer), flush=True)


def stay_on_one_processor():
    """Bind the process to the last CPU, the same for all peers, so that it does not migrate during a round."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def turn(work, units, clock):
    start = clock()
    for _ in range(units):
        work()
    return (clock() - start) / units


def main(module, make, case):
    case = json.loads(case)
    units = case.get("units", 1)
    clock = time.perf_counter
    if not case.get("free"):
        stay_on_one_processor()
        clock = time.process_time
    try:
        peer = importlib.import_module(f"benchmarks.peers.{module}")
        work = getattr(peer, make)(case)
    except ImportError as error:
        tell(missing=f"not installed ({error.name})")
        return
    turn(work, units, clock)
    tell(version=peer.version())
    for _ in sys.stdin:
        tell(seconds=turn(work, units, clock))


if __name__ == "__main__":
    main(*sys.argv[1:])

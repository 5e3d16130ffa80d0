"""One peer at work: ``python -m benchmarks.worker MODULE MAKE CASE``; each line of input is a turn.

A case's ``units`` says how often the work is done in a turn; the answer is the time of one: that of
the one processor that it has, which on a quiet machine is the clock's, and elsewhere does not count
what others take. With ``free`` in the case the system chooses the processors, which threads need, and
the time is the clock's.
"""

import importlib
import json
import os
import sys
import time


def tell(**answer):
    print(json.dumps(answer), flush=True)


def stay_on_one_processor():
    """Take the last processor: all peers the same, and none moves in the midst of a round."""
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

"""Tables of peers: times, ratios, and percentages of the machine's limits, measured in the same rounds."""

from typing import NamedTuple

from benchmarks.peers.limit import bytes_read, operations
from benchmarks.report import Ratio
from benchmarks.rounds import Measured, Peer, interleaved

MULTIPLY_ADDS = Peer("limit: multiply-adds", "limit", "multiply_adds")
MEMORY = Peer("limit: reading memory", "limit", "memory")
LIMITS = [MULTIPLY_ADDS, MEMORY]
# Rates in billions per second: name, amount of work, the limit to compare with, and the limit
# without this rate.
RATES = [
    ("GFLOP/s", operations, MULTIPLY_ADDS.name, MEMORY.name),
    ("GB/s", bytes_read, MEMORY.name, MULTIPLY_ADDS.name),
]


class Unit(NamedTuple):
    """The unit of the times shown: its number per second, and the number of rows that it counts."""

    name: str
    per_second: float
    rows: int


EPOCH = Unit("ms/60,000 rows", 1e3, 60_000)
MANY = Unit("ms/10,000 rows", 1e3, 10_000)
ROW = Unit("µs/row", 1e6, 1)


def seconds_a_row(result):
    """Return the seconds per row of each round."""
    return [seconds / result.case["rows"] for seconds in result.seconds]


def ratio(result, base):
    """Return the ratio of the times per row, or None if one of them was not measured."""
    if not all(isinstance(one, Measured) for one in (result, base)):
        return None
    return Ratio.of_rounds(seconds_a_row(result), seconds_a_row(base))


def rates(name, results):
    """Return the work per second and the percentage of the limit."""
    cells = []
    for _, amount, limit, other_limit in RATES:
        of = {
            key: amount(results[key].case) / results[key].median / 1e9
            for key in (name, limit)
            if isinstance(results.get(key), Measured)
        }
        rate = None if name == other_limit else of[name]
        cells += [rate, 100 * rate / of[limit] if rate and limit in of else None]
    return cells


def compared(report, title, peers, case, *, rounds, unit, bases):
    """Measure peers with a case and add a table with one row per peer and its ratio to each base."""
    results = interleaved(peers, case, rounds)
    report.versions(results)
    limited = MULTIPLY_ADDS in peers
    columns = ["", unit.name, "spread", *(f"/ {base}" for base in bases)]
    if limited:
        columns += [
            column
            for name, _, limit, _ in RATES
            for column in (name, limit.replace("limit:", "% of"))
        ]
    table = []
    for name, result in results.items():
        if not isinstance(result, Measured):
            continue
        scale = unit.per_second * unit.rows / result.case["rows"]
        times = [scale * result.median, scale * (max(result.seconds) - min(result.seconds))]
        ratios = [ratio(result, results.get(base)) for base in bases]
        table.append([name, *times, *ratios, *(rates(name, results) if limited else [])])
    report.table(title, columns, table)
    return results


def times_as_fast(results, base, others):
    """Return the milliseconds of an epoch of 60,000 rows, and how many times as long others take."""
    ours = results[base]
    if not isinstance(ours, Measured):
        return [None] * (1 + len(others))
    return [
        f"{1e3 * 60_000 / ours.case['rows'] * ours.median:,.0f} ms",
        *(ratio(results.get(other), ours) for other in others),
    ]


def named(sizes, *more):
    """Return the title of a case, for example 784-16-16-10, batch 128, images."""
    return ", ".join(["-".join(map(str, sizes)), *more])

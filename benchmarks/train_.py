"""Time of an epoch next to each peer and to the processor's limit, one thread, float32."""

from benchmarks import data
from benchmarks.peers.limit import operations
from benchmarks.report import Report
from benchmarks.rounds import Measured, Peer, interleaved, versions

OURS, LIMIT = "cmlp Network", "limit: multiply-adds alone"
PEERS = [
    Peer(OURS, "ours", "train_network"),
    Peer("cmlp MLPClassifier", "ours", "train_estimator"),
    Peer("NumPy", "plain", "train"),
    Peer("scikit-learn", "scikit", "train"),
    Peer("jax", "jax_", "train"),
    Peer("torch", "torch_", "train"),
    Peer("torch compiled", "torch_", "train_compiled"),
    Peer(LIMIT, "limit", "train"),
]
CASES = [
    ([784, 16, 16, 10], 128),
    ([784, 16, 16, 10], 10),
    ([784, 128, 64, 10], 128),
    ([784, 128, 64, 10], 10),
    ([784, 512, 512, 10], 128),
]
COLUMNS = ["", "ms/epoch", "spread", f"{OURS} / this", "GFLOP/s", "% of limit"]


def row_of(name, results, work):
    """Milliseconds, our share of that, and the share of the limit in the same rounds."""
    result, limit = results[name], results[LIMIT]
    share = 100 * limit.median / result.median if isinstance(limit, Measured) else None
    spread = 1e3 * (max(result.seconds) - min(result.seconds))
    ratio = results[OURS].median / result.median
    return [name, 1e3 * result.median, spread, ratio, work / result.median / 1e9, share]


def run(*, short):
    report = Report("train", short)
    n, rounds = (2_000, 2) if short else (60_000, 7)
    report.note(rows=f"{n} of {data.pixels(n)[2]}", rounds=rounds)
    for sizes, batch in CASES:
        results = interleaved(PEERS, {"sizes": sizes, "batch": batch, "rows": n}, rounds)
        measured = [name for name, result in results.items() if isinstance(result, Measured)]
        rows = [row_of(name, results, n * operations(sizes)) for name in measured]
        report.table(f"{'-'.join(map(str, sizes))}, batch {batch}", COLUMNS, rows)
    report.note(versions=versions(results))
    report.write()

"""Time of an epoch next to each peer, one thread, float32."""

from benchmarks import data, peak
from benchmarks.report import Report
from benchmarks.rounds import Measured, Peer, interleaved, versions

OURS = "cmlp Network"
PEERS = [
    Peer(OURS, "ours", "train_network"),
    Peer("cmlp MLPClassifier", "ours", "train_estimator"),
    Peer("NumPy", "plain", "train"),
    Peer("scikit-learn", "scikit", "train"),
    Peer("jax", "jax_", "train"),
    Peer("torch", "torch_", "train"),
    Peer("torch compiled", "torch_", "train_compiled"),
]
CASES = [
    ([784, 16, 16, 10], 128),
    ([784, 16, 16, 10], 10),
    ([784, 128, 64, 10], 128),
    ([784, 128, 64, 10], 10),
    ([784, 512, 512, 10], 128),
]


def row_of(peer, results, operations, limit):
    """Milliseconds, our share of that, and the share of the processor's limit."""
    result, ours = results[peer.name], results[OURS].median
    if not isinstance(result, Measured):
        return None
    share = None if limit is None else 100 * operations / result.median / limit
    spread = 1e3 * (max(result.seconds) - min(result.seconds))
    return [peer.name, 1e3 * result.median, spread, ours / result.median, share]


def run(*, short):
    report = Report("train", short)
    n, rounds = (2_000, 2) if short else (60_000, 7)
    limit = peak.flops()
    report.note(
        rows=f"{n} of {data.pixels(n)[2]}",
        peak=None if limit is None else f"{limit / 1e9:.0f} GFLOP/s",
        rounds=rounds,
    )
    for sizes, batch in CASES:
        results = interleaved(PEERS, {"sizes": sizes, "batch": batch, "rows": n}, rounds)
        operations = n * peak.per_row(sizes)
        rows = [row_of(peer, results, operations, limit) for peer in PEERS]
        report.table(
            f"{'-'.join(map(str, sizes))}, batch {batch}",
            ["", "ms/epoch", "spread", f"{OURS} / this", "% of peak"],
            [row for row in rows if row],
        )
    report.note(versions=versions(results))
    report.write()

"""Time of an epoch on sparse rows (CSR) next to scikit-learn, one thread, float32."""

from benchmarks.report import Report
from benchmarks.rounds import Measured, Peer, interleaved, versions

OURS = "cmlp MLPClassifier"
PEERS = [
    Peer(OURS, "ours", "train_sparse"),
    Peer("cmlp, dense rows", "ours", "train_dense"),
    Peer("scikit-learn", "scikit", "train_sparse"),
]
# Columns, share of them with a value, layer behind the input, rows of a batch.
CASES = [(20_000, 0.01, 64, 128)]
DENSE_ROWS = 2_000  # of the dense peer: more would not fit everywhere


def row_of(peer, results, n):
    """Milliseconds for 60,000 rows, and our share of that."""
    result, ours = results[peer.name], results[OURS]
    if not isinstance(result, Measured):
        return None
    scale = 60_000 / min(n, DENSE_ROWS if peer.make == "train_dense" else n)
    ours_scale = 60_000 / n
    spread = 1e3 * scale * (max(result.seconds) - min(result.seconds))
    ratio = ours.median * ours_scale / (result.median * scale)
    return [peer.name, 1e3 * scale * result.median, spread, ratio]


def run(*, short):
    report = Report("sparse", short)
    n, rounds = (2_000, 2) if short else (60_000, 5)
    report.note(rows=f"{n} random ones, float32", rounds=rounds)
    for columns, density, hidden, batch in CASES:
        case = {"sizes": [columns, hidden, 10], "batch": batch, "rows": n, "density": density}
        case["dense_rows"] = min(n, DENSE_ROWS)
        results = interleaved(PEERS, case, rounds)
        report.table(
            f"{columns}-{hidden}-10, {100 * density:g} % not 0, batch {batch}, plain SGD, alpha 0",
            ["", "ms/60,000 rows", "spread", f"{OURS} / this"],
            [row for peer in PEERS if (row := row_of(peer, results, n))],
        )
    report.note(versions=versions(results))
    report.write()

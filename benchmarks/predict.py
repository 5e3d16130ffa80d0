"""Predictions of one row or many rows, shared by `latency` and `batch`."""

from benchmarks.compare import compared, named
from benchmarks.rounds import Peer

BEST = Peer("onnxruntime", "onnx", "forward")
PREDICT_PROBA = Peer("cmlp MLPClassifier.predict_proba", "ours", "predict_proba")
OTHERS = [
    Peer("NumPy", "plain", "forward"),
    Peer("scikit-learn predict_proba", "scikit", "predict_proba"),
    Peer("jax", "jax", "forward"),
    Peer("torch", "torch", "forward"),
]


def next_to_peers(report, ours, nets, limits, *, rounds, unit, **case):
    """Add a table for each network and kind of rows. Dense rows are compared with the best peer only."""
    first = [*ours, PREDICT_PROBA, BEST]
    for sizes in nets:
        for kind, peers in (("images", [*first, *OTHERS, *limits]), ("dense", [*first, *limits])):
            whole = {"sizes": sizes, "kind": kind, **case}
            compared(
                report,
                named(sizes, kind),
                peers,
                whole,
                rounds=rounds,
                unit=unit,
                bases=[BEST.name],
            )

"""Answers of a network, for one row or many: what `latency` and `batch` share."""

from benchmarks.compare import compared, named
from benchmarks.rounds import Peer

BEST = Peer("onnxruntime", "onnx_", "forward")
PREDICT_PROBA = Peer("cmlp MLPClassifier.predict_proba", "ours", "predict_proba")
OTHERS = [
    Peer("NumPy", "plain", "forward"),
    Peer("scikit-learn predict_proba", "scikit", "predict_proba"),
    Peer("jax", "jax_", "forward"),
    Peer("torch", "torch_", "forward"),
]


def next_to_peers(report, ours, nets, limits, *, rounds, unit, **case):
    """A table for each net and kind of rows; on dense ones next to the best peer alone."""
    first = [*ours, PREDICT_PROBA, BEST]
    for sizes in nets:
        for kind, peers in (("pictures", [*first, *OTHERS, *limits]), ("dense", [*first, *limits])):
            whole = {"sizes": sizes, "kind": kind, **case}
            compared(report, named(sizes, kind), peers, whole, rounds=rounds, unit=unit, bases=[BEST.name])

"""Time of an epoch on sparse rows (CSR) relative to scikit-learn: plain SGD, alpha 0, one thread, float32."""

from benchmarks.compare import EPOCH, compared, named
from benchmarks.report import Report
from benchmarks.rounds import Peer

DENSE_ROWS = 2_000  # for the dense peer, limited by memory
PEERS = [
    Peer("cmlp MLPClassifier", "ours", "train"),
    Peer(
        "cmlp, the same rows dense", "ours", "train", {"kind": "csr as dense", "rows": DENSE_ROWS}
    ),
    Peer("scikit-learn", "scikit", "train"),
]
CASE = {"sizes": [20_000, 64, 10], "batch": 128, "kind": "csr", "density": 0.01}
TITLE = named(CASE["sizes"], "1 % not 0", "batch 128")


def run(*, short):
    report = Report("sparse", short)
    n, rounds = (2_000, 2) if short else (60_000, 5)
    report.note(rows=f"{n} random ones", rounds=rounds)
    compared(
        report, TITLE, PEERS, {**CASE, "rows": n}, rounds=rounds, unit=EPOCH, bases=["scikit-learn"]
    )
    report.write()

"""Time of the README's epoch on images, of which 81 % of the pixels are zeros, and on dense rows, in one run."""

from benchmarks import data
from benchmarks.compare import EPOCH, compared, times_as_fast
from benchmarks.report import Report
from benchmarks.rounds import Peer
from benchmarks.train import CASES, ESTIMATOR, OURS, title

PEERS = [ESTIMATOR, Peer("scikit-learn", "scikit", "train"), Peer("torch", "torch", "train")]


def run(*, short):
    report = Report("epoch", short)
    n, rounds = (2_000, 2) if short else (60_000, 5)
    report.note(
        rows=f"{n}; images: {data.images(n)[2]}; dense: random pixels, none of them 0",
        rounds=rounds,
    )
    (sizes, batch), rows = CASES[2], []
    for kind in ("images", "dense"):
        case = {"sizes": sizes, "batch": batch, "rows": n, "kind": kind}
        name = title(sizes, batch, kind)
        results = compared(report, name, PEERS, case, rounds=rounds, unit=EPOCH, bases=[OURS])
        rows.append([kind, *times_as_fast(results, OURS, ["scikit-learn", "torch"])])
    head = ["rows", "cmlp", "times as fast as scikit-learn", "times as fast as PyTorch"]
    report.table("images and dense rows", head, rows)
    report.write()

"""Time of an epoch: relative to each peer, to cmlp's plain SGD, and to the machine's limits."""

from benchmarks import data
from benchmarks.compare import EPOCH, LIMITS, compared, named, times_as_fast
from benchmarks.report import Report
from benchmarks.rounds import Peer

OURS = "cmlp MLPClassifier"
ESTIMATOR = Peer(OURS, "ours", "train")
BEST_PEER = Peer("jax", "jax", "train")
DENSE_PEERS = [ESTIMATOR, BEST_PEER, *LIMITS]
PEERS = [
    ESTIMATOR,
    Peer("cmlp Network", "ours", "train_network"),
    Peer("NumPy", "plain", "train"),
    Peer("scikit-learn", "scikit", "train"),
    BEST_PEER,
    Peer("torch", "torch", "train"),
    Peer("torch compiled", "torch", "train_compiled"),
    *LIMITS,
]
CASES = [
    ([784, 16, 16, 10], 128),
    ([784, 16, 16, 10], 10),
    ([784, 128, 64, 10], 128),
    ([784, 128, 64, 10], 10),
    ([784, 512, 512, 10], 128),
]
# Variants of cmlp. The names state how many epochs run before the measurement.
PLAIN = "SGD"
VARIANTS = [
    Peer(PLAIN, "ours", "train"),
    Peer("Nesterov's momentum", "ours", "train", {"momentum": 0.9}),
    Peer("Adam from epoch 3", "ours", "train", {"solver": "adam"}),
    Peer("Adam from epoch 20", "ours", "train", {"solver": "adam", "epoch": 20}),
    Peer("SGD, float64", "ours", "train", {"dtype": "float64"}),
    Peer("SGD, uint8", "ours", "train", {"dtype": "uint8"}),
]
LAYOUTS = [
    Peer("rows as they are made", "ours", "train"),
    Peer("every second column of a wider array", "ours", "train", {"layout": "gaps"}),
    Peer("column by column", "ours", "train", {"layout": "columns"}),
    Peer("scikit-learn, column by column", "scikit", "train", {"layout": "columns"}),
]
WITHOUT = "without dropout"
DROPOUT = [
    Peer(WITHOUT, "ours", "train_network"),
    Peer("rate 0.1", "ours", "train_network", {"dropout": 0.1}),
    Peer("rate 0.5", "ours", "train_network", {"dropout": 0.5}),
]
DEFAULTS = [Peer(OURS, "ours", "fit"), Peer("scikit-learn", "scikit", "fit")]
AVX2 = {"CMLP_ISA": "avx2"}
DEFAULTS_TITLE = (
    "3 epochs of fit with scikit-learn's defaults (Adam, alpha 1e-4, batch 200), 784-100-10, images"
)


def title(sizes, batch, kind, prefix=""):
    return prefix + named(sizes, f"batch {batch}", kind)


VARIANTS_PREFIX = "variants: "
AVX2_TITLE = title(*CASES[-1], "dense", "AVX2 forced: ")


def next_to_peers(report, cases, n, rounds):
    rows = []
    for sizes, batch in cases:
        for kind, peers in (("images", PEERS), ("dense", DENSE_PEERS)):
            case = {"sizes": sizes, "batch": batch, "rows": n, "kind": kind}
            results = compared(
                report,
                title(sizes, batch, kind),
                peers,
                case,
                rounds=rounds,
                unit=EPOCH,
                bases=[OURS, "jax"],
            )
            if kind == "images":
                figures = times_as_fast(results, OURS, ["jax", "scikit-learn"])
                rows.append([named(sizes, str(batch)), *figures])
    head = ["network, batch size", "cmlp", "times as fast as JAX", "times as fast as scikit-learn"]
    isa = report.content["machine"]["instruction set"]
    report.table(f"an epoch of 60,000 images, {isa}", head, rows)


def next_to_plain_sgd(report, cases, n, rounds):
    """Measuring the last epochs needs the first 19 as well: about three minutes for all networks."""
    for sizes, batch in cases:
        for kind in ("images", "dense"):
            case = {"sizes": sizes, "batch": batch, "rows": n, "kind": kind}
            name = title(sizes, batch, kind, VARIANTS_PREFIX)
            compared(report, name, VARIANTS, case, rounds=rounds, unit=EPOCH, bases=[PLAIN])


def laid_out_otherwise(report, n, rounds):
    case = {"sizes": CASES[2][0], "batch": CASES[2][1], "rows": n, "kind": "images"}
    name = title(*CASES[2], "images", "layouts of X: ")
    compared(report, name, LAYOUTS, case, rounds=rounds, unit=EPOCH, bases=[LAYOUTS[0].name])


def with_dropout(report, n, rounds):
    case = {"sizes": [20, 128, 128, 2], "batch": 128, "rows": n, "kind": "table", "units": 10}
    name = named(case["sizes"], "batch 128", "dropout")
    compared(report, name, DROPOUT, case, rounds=rounds, unit=EPOCH, bases=[WITHOUT])


def with_defaults(report, n, rounds):
    """Measure `fit`, including its checks, label encoding and initialization."""
    case = {"sizes": [784, 100, 10], "rows": n, "epochs": 3}
    compared(
        report, DEFAULTS_TITLE, DEFAULTS, case, rounds=rounds, unit=EPOCH, bases=["scikit-learn"]
    )


def forced_to_avx2(report, n, rounds):
    from cmlp import cpu_info

    if "avx2" not in cpu_info()["available"]:
        report.note(left_out="AVX2 is not on this processor")
        return
    peers = [ESTIMATOR._replace(environ=AVX2), *LIMITS]
    sizes, batch = CASES[-1]
    case = {"sizes": sizes, "batch": batch, "rows": n, "kind": "dense", "isa": "avx2"}
    compared(report, AVX2_TITLE, peers, case, rounds=rounds, unit=EPOCH, bases=[])


def run(*, short):
    report = Report("train", short)
    n, rounds, cases = (2_000, 2, CASES[:1]) if short else (60_000, 5, CASES)
    report.note(
        rows=f"{n}; images: {data.images(n)[2]}; dense: random pixels, none of them 0",
        rounds=rounds,
    )
    next_to_peers(report, cases, n, rounds)
    next_to_plain_sgd(report, cases, n, min(rounds, 3))
    laid_out_otherwise(report, n, min(rounds, 3))
    with_dropout(report, 3_000, rounds)
    with_defaults(report, n, min(rounds, 3))
    forced_to_avx2(report, n, min(rounds, 5))
    report.write()

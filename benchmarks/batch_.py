"""Many rows at once: the forward pass of 10,000 rows, one thread, float32."""

from benchmarks import data
from benchmarks.report import Report
from benchmarks.rounds import Measured, Peer, interleaved, versions

PEERS = [
    Peer("cmlp Network.forward", "ours", "forward"),
    Peer("cmlp Network.forward, uint8", "ours", "forward_uint8"),
    Peer("cmlp MLPClassifier.predict_proba", "ours", "predict_proba"),
    Peer("NumPy", "plain", "forward"),
    Peer("scikit-learn predict_proba", "scikit", "predict_proba"),
    Peer("onnxruntime", "onnx_", "forward"),
    Peer("jax", "jax_", "forward"),
    Peer("torch", "torch_", "forward"),
]
NETS = [[784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]]


def run(*, short):
    report = Report("batch", short)
    n, rounds, units = (1000, 2, 2) if short else (10_000, 9, 10)
    report.note(rows=f"{n} of {data.pixels(n)[2]}", rounds=rounds)
    columns = {
        "-".join(map(str, sizes)): interleaved(PEERS, {"sizes": sizes, "rows": n, "units": units}, rounds)
        for sizes in NETS
    }
    results = next(iter(columns.values()))
    rows = [
        [peer.name, *(1e3 * found[peer.name].median for found in columns.values())]
        for peer in PEERS
        if isinstance(results[peer.name], Measured)
    ]
    report.table(f"{n} rows, milliseconds", ["", *columns], rows)
    report.note(versions=versions(results))
    report.write()

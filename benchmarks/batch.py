"""Prediction of many rows: the forward pass of 10,000 rows, one thread, float32."""

from benchmarks import data, predict
from benchmarks.compare import LIMITS, MANY
from benchmarks.report import Report
from benchmarks.rounds import Peer

OURS = [
    Peer("cmlp Network.forward", "ours", "forward"),
    Peer("cmlp Network.forward, uint8", "ours", "forward", {"dtype": "uint8"}),
]
NETS = [[784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]]


def run(*, short):
    report = Report("batch", short)
    n, rounds, units, nets = (1000, 2, 2, NETS[:1]) if short else (10_000, 9, 10, NETS)
    report.note(rows=f"{n}; images: {data.images(n)[2]}", rounds=rounds)
    predict.next_to_peers(report, OURS, nets, LIMITS, rounds=rounds, unit=MANY, rows=n, units=units)
    report.write()

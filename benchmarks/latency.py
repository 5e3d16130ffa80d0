"""Latency: microseconds to predict one row, and milliseconds from Ctrl-C to KeyboardInterrupt."""

import signal
import threading
import time

import numpy as np

import cmlp
from benchmarks import predict
from benchmarks.compare import ROW
from benchmarks.report import Report
from benchmarks.rounds import Peer

OURS = [
    Peer("cmlp Network.forward(x, out=)", "ours", "forward_out"),
    Peer("cmlp Network.forward(x)", "ours", "forward"),
]
NETS = [[784, 16, 16, 10], [784, 128, 64, 10]]


def after_ctrl_c(batch_size):
    """Return the seconds from the signal until the epoch stops."""
    net = cmlp.Network([784, 512, 512, 10], random_state=0)
    X = np.broadcast_to(np.float32(0.5), (1_000_000, 784))
    y, sent = np.zeros(len(X), np.int64), []

    def send():
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.3, send)
    timer.start()
    try:
        net.train_epoch(X, y, batch_size, 0.1)
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0]
    raise RuntimeError("the epoch was over before the signal came")


def run(*, short):
    report = Report("latency", short)
    nets, rounds, units = (NETS[:1], 2, 200) if short else (NETS, 15, 3000)
    predict.next_to_peers(report, OURS, nets, [], rounds=rounds, unit=ROW, rows=1, units=units)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    times = 2 if short else 10
    rows = [
        [f"batch {size}", *(1e3 * f(taken) for f in (np.median, max))]
        for size in (10, 1000, 1_000_000)
        for taken in [[after_ctrl_c(size) for _ in range(times)]]
    ]
    report.table(
        "Ctrl-C during an epoch of 784-512-512-10, milliseconds", ["", "median", "worst"], rows
    )
    report.write()

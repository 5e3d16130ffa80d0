"""Checks what the example programs print. ``python tests/support/example_programs.py FOLDER`` checks built programs."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from idx_files import IMAGES, LABELS, idx

import cmlp
from cmlp.datasets import load_digits28

PROGRAMS = [
    "train_xor",
    "train_digits",
    "classify",
    "many_threads",
    "wrapper",
    "audio_callback",
    "write_table",
]

XOR = "0 xor 0 = 0.000\n0 xor 1 = 0.997\n1 xor 0 = 0.997\n1 xor 1 = 0.004\n"
FIRST_TEN = [7, 2, 1, 0, 4, 1, 4, 9, 6, 9]  # the ninth image is a 5
COUNTS = [88, 127, 115, 91, 112, 94, 89, 89, 102, 93]


def output(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def idx_files(folder):
    """Write the training images, their labels and the test images of the bundled digits; return the paths."""
    digits = load_digits28()
    arrays = {
        f"train-{IMAGES}": digits.X_train.reshape(-1, 28, 28),
        f"train-{LABELS}": digits.y_train.astype(np.uint8),
        f"t10k-{IMAGES}": digits.X_test.reshape(-1, 28, 28),
    }
    for name, array in arrays.items():
        Path(folder, name).write_bytes(idx(array))
    return [Path(folder, name) for name in arrays]


def check(programs, folder):
    """Run the programs, in an order in which each finds its files. The training writes digits.cmlp to `folder`."""
    images, labels, test = idx_files(folder)
    model = Path(folder, "digits.cmlp")
    assert output(programs["train_xor"]).endswith(XOR)
    trained = output(programs["train_digits"], images, labels, model)
    assert trained.count("epoch ") == 5 and "96.5 % of the training images" in trained, trained
    assert [*map(int, output(programs["classify"], model, test, 10).split())] == FIRST_TEN
    sure = output(programs["wrapper"], model, test, 10).splitlines()
    assert sure[0] == "activations relu,softmax"
    assert [int(line.split()[0]) for line in sure[1:]] == FIRST_TEN
    for threads in (1, 4):
        counted = output(programs["many_threads"], model, test, threads)
        assert [*map(int, re.findall(r": (\d+) images", counted))] == COUNTS
    assert (
        output(programs["audio_callback"]) == "50 blocks of 64 samples; error 0.4 % of the signal\n"
    )
    flats = Path(folder, "flats.cmlp")
    output(programs["write_table"], flats)
    found = cmlp.load(flats).predict(
        [[60.0, name] for name in ("north", "centre", "south", "west")]
    )
    assert found.tolist() == [900 + 300 * mean for mean in (0.5, -0.5, 0.25, 0.0)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        check({name: Path(sys.argv[1], name) for name in PROGRAMS}, temporary)
    print(f"{len(PROGRAMS)} example programs print what they should")

"""python -m benchmarks COMMAND [--short]

Each command prints tables and writes benchmarks/results/COMMAND.json beside them:

  train     time of an epoch: next to each peer, next to plain SGD (momentum, Adam, float64, uint8),
            with scikit-learn's defaults, with AVX2 forced; shares of the machine's limits
  latency   microseconds for one row, and from Ctrl-C to KeyboardInterrupt
  batch     milliseconds for 10,000 rows
  threads   two threads next to one, alone, with one processor busy and with all
  sparse    time of an epoch of sparse rows (CSR), next to scikit-learn
  scaling   how time grows with rows and with parameters
  memory    peak memory of fit above the data
  accuracy  test accuracy on handwritten digits, seconds to 98 %
  import    milliseconds of import above numpy's
  model     microseconds to load a model file, next to other formats; its bytes
  size      lines of code, bytes of the wheel
  goals     what is asked for, next to the last results of the others
  all       these, one after the other

Peers that are not installed are named and left out. --short takes few rows and rounds: it shows
that everything runs, its times mean little. CMLP_DATA names the folder with MNIST; without it
training and prediction take random pixels.
"""

import argparse
import importlib

COMMANDS = [
    "train",
    "latency",
    "batch",
    "threads",
    "sparse",
    "scaling",
    "memory",
    "accuracy",
    "import",
    "model",
    "size",
    "goals",
]


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        usage="python -m benchmarks COMMAND [--short]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[*COMMANDS, "all"])
    parser.add_argument("--short", action="store_true")
    chosen = parser.parse_args()
    for command in COMMANDS if chosen.command == "all" else [chosen.command]:
        importlib.import_module(f"benchmarks.{command}_").run(short=chosen.short)


if __name__ == "__main__":
    main()

"""python -m benchmarks COMMAND [--short]

Each command prints tables and writes benchmarks/results/COMMAND.json beside them:

  train     milliseconds per epoch of 60,000 rows, one thread, float32, next to each peer
  latency   microseconds for one row, and from Ctrl-C to KeyboardInterrupt
  batch     milliseconds for 10,000 rows
  sparse    milliseconds per epoch of 60,000 sparse rows (CSR), next to scikit-learn
  accuracy  test accuracy on handwritten digits
  import    milliseconds of import above numpy's
  size      lines of code, bytes of the wheel
  all       these, one after the other

Peers that are not installed are named and left out. --short takes few rows and rounds: it shows
that everything runs, its times mean little. CMLP_DATA names the folder with MNIST; without it
training and prediction take random pixels.
"""

import argparse
import importlib

COMMANDS = ["train", "latency", "batch", "sparse", "accuracy", "import", "size", "threads", "scaling", "memory"]


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

"""python -m benchmarks COMMAND [--short]

Each command prints tables and writes them to benchmarks/results/COMMAND.json, see benchmarks/README.md:

  train     time of an epoch: relative to each peer and to plain SGD (momentum, Adam, float64, uint8),
            with scikit-learn's defaults, with AVX2 forced; percentage of the machine's limits
  epoch     time of the README's epoch on images and on dense rows, relative to scikit-learn, in one run
  peak      share of the processor's peak that each product and an epoch reach, with CMLP_ISA and CMLP_TUNING
  latency   microseconds for one row, and from Ctrl-C to KeyboardInterrupt
  batch     milliseconds for 10,000 rows
  many      fit_many, relative to the same fits one after the other, and to those of the version that CMLP_BEFORE names;
            what a small fit costs outside the core, and its warnings; checksums of the data, relative to ten epochs;
            what it costs that a fit records its provenance
  online    microseconds of partial_fit with 1, 10 and 32 rows, relative to scikit-learn, torch and the version that
            CMLP_BEFORE names
  threads   two threads relative to one, on an idle machine and with one or all CPUs loaded
  loaded    fits with the default number of threads relative to one, on an idle machine and with busy CPUs; also fits of
            the version that CMLP_BEFORE names
  sparse    time of an epoch of sparse rows (CSR), relative to scikit-learn
  jobs      cross_val_score of four jobs relative to one, on an idle machine
  scaling   how time grows with rows and with parameters
  memory    peak memory of fit in addition to the data
  accuracy  test accuracy on handwritten digits, seconds to 98 %
  import    milliseconds of an import in addition to numpy's
  model     microseconds to load a model file, compared with other formats; its bytes
  embedding nanoseconds for one row in C, compared with other C libraries; flash and accuracy of int8 headers
  firmware  flash, RAM, stack and instructions of a row on microcontrollers, compared with other C libraries
  one-row   nanoseconds for one row in C, relative to plain loops and to the version that CMLP_BEFORE names
  table-row microseconds for one raw row of a table in C: 20 columns, 4 networks; instructions of answers to cells
  many-rows time of a row among 100 in one call in C and in WebAssembly, relative to a row alone
  explain   processor seconds of Shapley values for 1,000 rows of a table and their error, next to the package shap;
            for 100 rows of 73 columns, also of the version that CMLP_BEFORE names
  before    this version in turns with an earlier one, whose source tree CMLP_BEFORE names
  size      lines of code, bytes of the wheel and of the compiled C library
  goals     goals, compared with the last results of the other commands
  all       all commands in turn
  amounts   not in all: losses for amounts many of which are 0, of tables (extra bench-tables)
  categories not in all: tables with columns of more than 200 categories (extra bench-tables)
  coverage  not in all: how often intervals and sets of tables contain the truth (extra bench-tables)
  copies    not in all: tables with rows that are copies of others (extra bench-tables)
  distributed not in all: communication of a step by MPI, predictions for 8 to 1,000 workers, speed of two processes by
            MPI, rows on a Dask cluster beside rows in memory
  files     not in all: seconds and memory of the command on CSV files of a million rows, also of the version that
            CMLP_BEFORE names
  groups    not in all: intervals of tables for rows of new persons, firms or countries (extra bench-tables)
  later     not in all: intervals of tables for the last of rows in the order of time (extra bench-tables)
  large     not in all: memory of a fit over 2 GB, from a memory-mapped file and from Parquet
  intervals not in all: intervals of tables whose width follows the prediction, and constant ones (extra bench-tables)
  monotone  not in all: tables with and without monotone columns (extra bench-tables)
  ordered   not in all: ordered classes of tables, and the same without an order (extra bench-tables)
  planted   not in all: faults that are planted in tables, which cmlp.examine should find (extra bench-tables)
  quick     not in all: quick settings of tables, relative to the defaults (extra bench-tables)
  rare      not in all: a rare class and calibrated probabilities of tables (extra bench-tables)
  sharp     not in all: the slope of probabilities of tables (extra bench-tables)
  ties      not in all: intervals of tables where many targets are equal to the lowest or the highest one (extra
            bench-tables)
  weights   not in all: probabilities of tables after class_weight and calibrate (extra bench-tables)
  steps     not in all: other numbers of epochs, learning rates and networks of tables (extra bench-tables)
  tables    not in all: error and CPU seconds of the estimators for tables, next to boosted trees (extra bench-tables)

Above each table are processor, instruction set, tuning and load. A ratio of times that were measured
in the same rounds is in parentheses if those of the rounds spread wider than it differs from 1, or
if there was one round: it is not significant. The rounds of `accuracy` are its seeds.

Peers that are not installed are reported and skipped. --short uses few rows and rounds: it shows that everything runs,
but its times mean little. CMLP_DATA names the folder with MNIST; without it, training and prediction use random pixels.
"""

import argparse
import importlib

COMMANDS = [
    "train",
    "epoch",
    "peak",
    "latency",
    "batch",
    "many",
    "online",
    "threads",
    "loaded",
    "jobs",
    "sparse",
    "scaling",
    "memory",
    "accuracy",
    "import",
    "model",
    "embedding",
    "firmware",
    "one-row",
    "table-row",
    "many-rows",
    "explain",
    "before",
    "size",
    "goals",
]
MORE = [
    "amounts",
    "categories",
    "copies",
    "coverage",
    "distributed",
    "files",
    "groups",
    "intervals",
    "large",
    "later",
    "monotone",
    "nominal",
    "ordered",
    "planted",
    "quick",
    "rare",
    "sharp",
    "steps",
    "tables",
    "ties",
    "weights",
]  # commands that `all` leaves out
# A module cannot be called "import".
MODULES = {
    "import": "import_time",
    "table-row": "table_row",
    "one-row": "one_row",
    "many-rows": "many_rows",
    "coverage": "table_intervals",
}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        usage="python -m benchmarks COMMAND [--short]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[*COMMANDS, *MORE, "all"])
    parser.add_argument("--short", action="store_true")
    chosen = parser.parse_args()
    for command in COMMANDS if chosen.command == "all" else [chosen.command]:
        importlib.import_module(f"benchmarks.{MODULES.get(command, command)}").run(
            short=chosen.short
        )


if __name__ == "__main__":
    main()

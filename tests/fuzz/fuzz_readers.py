"""Fuzzes what Python reads, with grammars of the formats: model files, ONNX, CSV, idx, npy, Parquet and Arrow streams.

    python tests/fuzz/fuzz_readers.py [--seconds 60] [--seed N] [--keep FOLDER] [TARGET ...]

A target makes inputs from the choices of a random generator, most of them with one thing broken and checksums
repaired, and judges what the reader makes of them: the right answer, or one documented error. Anything else is a
finding, which is written to the folder. An input with an outcome that no input before had, such as another error
message, is kept, and some later inputs are kept ones with other bytes. The first inputs are those in `corpus`.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = {
    "metadata": "fuzz_models",
    "onnx": "fuzz_onnx",
    **dict.fromkeys(("csv", "idx", "npy", "parquet"), "fuzz_rows"),
    "arrow": "fuzz_arrow",
    "dialects": "fuzz_dialects",
}


def load_target(name: str, folder: Path) -> object:
    """Return a target: `make(rng)` gives an input and what is expected of it, `judge(content, expected)` an outcome."""
    sys.path[:0] = [
        path for path in (str(HERE), str(HERE.parent / "support")) if path not in sys.path
    ]
    return import_module(TARGETS[name]).Target(name, folder)


def corpus_of(name: str) -> list[Path]:
    """Return the inputs of a target that are in the tree."""
    return sorted((HERE / "corpus" / name).iterdir())


def with_changed_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return a copy in which bytes are changed, inserted, removed or repeated."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at, n = rng.randint(0, len(changed)), rng.choice([0, 1, 1, 2, 8])
        piece = (
            changed[rng.randint(0, len(changed)) :][:n] if rng.random() < 0.3 else rng.randbytes(n)
        )
        changed[at : at + rng.choice([0, n, n])] = piece
    return bytes(changed)


def kind_of(outcome: str) -> str:
    """Return an outcome without what differs from input to input: numbers, and names in quotation marks."""
    return re.sub(r"""'[^']*'|"[^"]*"|-?\d[\d.e+,-]*|\[.*\]|\(.*\)""", "_", outcome)[:120]


def fuzz(name: str, seconds: float, seed: int, keep: Path) -> int:
    """Fuzz a target; return the number of findings."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        target, rng = load_target(name, Path(folder)), random.Random(seed)
        kept = {path.name: path.read_bytes() for path in corpus_of(name)}
        waiting = list(kept.values())
        outcomes: dict[str, int] = {}
        end, n, findings = time.monotonic() + seconds, 0, 0
        while waiting or time.monotonic() < end:
            is_stored, expected = bool(waiting), None
            if waiting:
                content = waiting.pop()
            elif kept and rng.random() < target.changed:
                content = with_changed_bytes(rng.choice(list(kept.values())), rng)
            else:
                content, expected = target.make(rng)
            n += 1
            try:
                outcome = kind_of(target.judge(content, expected))
            except Exception:  # the finding
                outcome, findings = "finding", findings + 1
                path = _written(keep, f"finding-{name}-{zlib.crc32(content):08x}", content)
                print(f"{name}: {path}\n{traceback.format_exc()}", flush=True)
                if findings == 20:
                    break
            if outcome not in outcomes and not is_stored and outcome != "finding":
                kept[_written(keep / name, f"{zlib.crc32(content):08x}", content).name] = content
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        for outcome, count in sorted(outcomes.items(), key=lambda pair: -pair[1]):
            print(f"{count:7d} {outcome}")
        print(
            f"{name}: {n} inputs, {len(outcomes)} outcomes, {findings} findings (seed {seed})",
            flush=True,
        )
    return findings


def _written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def main() -> None:
    """Fuzz each target for some seconds; the exit status is 1 if there was a finding."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzzed"), help="folder of findings and of new inputs"
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args()
    if unknown := set(options.targets) - TARGETS.keys():
        parser.error(f"there is no target {unknown.pop()}")
    findings = [
        fuzz(name, options.seconds, options.seed, options.keep)
        for name in options.targets or TARGETS
    ]
    sys.exit(sum(findings) > 0)


if __name__ == "__main__":
    main()

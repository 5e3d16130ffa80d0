"""Runs the proofs of proofs.toml with the bounded model checker CBMC 6.

    python tests/proofs/prove.py [name ...]            proves; with --quick all but the slow proofs
    python tests/proofs/prove.py --broken [name ...]   breaks each function in a copy; its proof must then fail
    python tests/proofs/prove.py --table               prints the table of SOUNDNESS.md

The environment variable CBMC names the program, if it is not `cbmc`. Each proof prints its result and its seconds of
CPU. The program fails if a proof fails or has no answer within LIMIT seconds of CPU (an environment
variable; 600).
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "src/cmlp/core"
LIMIT = int(os.environ.get("LIMIT", "600"))  # seconds of CPU
CHECKS = [
    *("--bounds-check", "--pointer-check", "--pointer-overflow-check", "--pointer-primitive-check"),
    *(
        "--div-by-zero-check",
        "--signed-overflow-check",
        "--undefined-shift-check",
        "--unwinding-assertions",
    ),
    *("--object-bits", "8", "--slice-formula"),
]


def proofs() -> list[dict]:
    """Return the rows of the table, each with the name of its harness function."""
    rows = tomllib.loads((HERE / "proofs.toml").read_text())["proof"]
    defaults = {
        "sources": [],
        "bound": 8,
        "any": "",
        "slow": False,
        "invariants": False,
        "replaced": [],
        "unwindset": "",
    }
    return [{"entry": f"prove_{row['name']}", **defaults, **row} for row in rows]


def commands(proof: dict, core: Path, folder: str) -> list[list[str]]:
    """Return the commands of a proof. Loop invariants need two steps more than loops that are unwound."""
    cbmc = os.environ.get("CBMC", "cbmc")
    sources = [str(HERE / proof["harness"]), *(str(core / name) for name in proof["sources"])]
    options = ["-I", str(core), "-I", str(HERE), f"-DMOST={proof['bound']}"]
    unwind = ["--unwind", str(proof["unwind"]), "--unwindset", proof["unwindset"], *CHECKS]
    if not proof["invariants"]:
        return [[cbmc, *sources, *options, "--function", proof["entry"], *unwind]]
    beside = Path(cbmc).with_name if "/" in cbmc else str
    compiler, changer = str(beside("goto-cc")), str(beside("goto-instrument"))
    compiled, changed = f"{folder}/compiled", f"{folder}/changed"
    return [
        [
            compiler,
            *sources,
            *options,
            "-DCMLPI_PROVES",
            "--function",
            proof["entry"],
            "-o",
            compiled,
        ],
        *[[changer, "--replace-calls", pair, compiled, compiled] for pair in proof["replaced"]],
        [changer, "--dfcc", proof["entry"], "--apply-loop-contracts", compiled, changed],
        [cbmc, changed, *unwind],
    ]


def verdict(proof: dict, core: Path) -> tuple[str, float, str]:
    """Run a proof; return "proved", "FAILED" or "no answer", the seconds of CPU, and what CBMC says."""
    limits = partial(resource.setrlimit, resource.RLIMIT_CPU, (LIMIT, LIMIT))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        for command in commands(proof, core, folder):
            done = subprocess.run(
                command, capture_output=True, text=True, preexec_fn=limits, check=False
            )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search("VERIFICATION (SUCCESSFUL|FAILED)", done.stdout)
    words = {"SUCCESSFUL": "proved", "FAILED": "FAILED"}
    return (
        words[found[1]] if found else "no answer",
        after.ru_utime - before.ru_utime,
        done.stdout + done.stderr,
    )


def prove(chosen: list[dict]) -> int:
    """Prove; return the number of proofs that are not."""
    bad = 0
    for proof in chosen:
        print(f"{proof['name']:26} ", end="", flush=True)
        result, seconds, text = verdict(proof, CORE)
        bad += result != "proved"
        checked = re.search(r"\*\* \d+ of (\d+) failed", text)
        print(
            f"{result:10} {seconds:7.1f} s  {checked[1] if checked else '?':>5} checks", flush=True
        )
        if result != "proved":
            print(
                *re.findall(r"^.*: FAILURE$", text, re.MULTILINE)[:8],
                text[-600:] if not checked else "",
                sep="\n",
            )
    print(f"{len(chosen) - bad} passed, {bad} failed")
    return bad


def break_each(chosen: list[dict]) -> int:
    """Break each function in a copy of the core; return the number of breaks that their proofs do not report."""
    missed = 0
    for proof in chosen:
        with tempfile.TemporaryDirectory() as folder:
            core = Path(folder) / "src/cmlp/core"
            shutil.copytree(CORE, core)
            shutil.copytree(CORE.parents[2] / "include", Path(folder) / "include")
            old, new = proof["broken"]
            text = (core / proof["file"]).read_text()
            (core / proof["file"]).write_text(text.replace(old, new, 1))
            result, seconds, _ = verdict(proof, core)
        missed += result != "FAILED"
        print(
            f"{proof['name']:26} {'found' if result == 'FAILED' else 'NOT FOUND: ' + result:10} {seconds:7.1f} s",
            flush=True,
        )
    print(f"{len(chosen) - missed} passed, {missed} failed")
    return missed


def table() -> str:
    """Return the table of proofs as Markdown: first those without a bound."""
    lines = [
        "| function | file | for any | what is shown, besides safe memory and arithmetic |",
        "| --- | --- | --- | --- |",
    ]
    for proof in sorted(proofs(), key=lambda proof: bool(proof["any"])):
        bound = proof["any"] or "**arguments, without a bound**"
        lines.append(f"| `{proof['name']}` | `{proof['file']}` | {bound} | {proof['shows']} |")
    return "\n".join(lines)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--broken", action="store_true", help="break each function; its proof must fail"
    )
    parser.add_argument("--quick", action="store_true", help="leave out the slow proofs")
    parser.add_argument("--table", action="store_true", help="print the table of SOUNDNESS.md")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    chosen = [proof for proof in proofs() if not (options.quick and proof["slow"])]
    chosen = [proof for proof in chosen if not options.names or proof["name"] in options.names]
    if not chosen:
        parser.error(f"no proof is named {' or '.join(options.names)}")
    sys.exit(bool((break_each if options.broken else prove)(chosen)))


if __name__ == "__main__":
    main()

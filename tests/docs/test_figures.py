"""A figure that several documents contain is the same in all of them.

The first place of a figure has it exactly; the others may round it to a whole number or to one digit behind the point.
"""

import re
from pathlib import Path

import pytest
from helpers import imported

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs/index.md").exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)

THOUSAND = 1000
# The figure, and where it is: file, pattern with one group, factor to the unit of the first one.
FIGURES = {
    "code for predictions of single rows, KB": [
        (
            "docs/embedding.md",
            r"`-DCMLP_PARTS=0`, `-DCMLP_BUILD_ISA=1` \| ([\d,]+) \|",
            1 / THOUSAND,
        ),
        ("docs/start/embedding.md", r"one row\s+at a time needs ([\d,]+) KB", 1),
        ("docs/decisions/0007-json.md", r"build has ([\d,]+) KB", 1),
        ("paper/paper.md", r"one row at a time take ([\d,]+) KB", 1),
    ],
    "flash of an exported 64-16-10 on a Cortex-M4F, KB": [
        (
            "docs/start/firmware.md",
            r"Cortex-M4F, float header, rows of bytes \| ([\d,]+) \|",
            1 / THOUSAND,
        ),
        ("README.md", r"([\d.]+) KB of flash as float", 1),
    ],
    "the same with integers of 8 bits, KB": [
        (
            "docs/start/firmware.md",
            r"Cortex-M4F, int8 header, rows of bytes \| ([\d,]+) \|",
            1 / THOUSAND,
        ),
        ("README.md", r"as float, ([\d.]+) KB as int8", 1),
    ],
    "the same of TFLite Micro, KB": [
        ("docs/start/firmware.md", r"Cortex-M4F, TFLite Micro float \| ([\d,]+) \|", 1 / THOUSAND),
        ("README.md", r"TFLite Micro: ([\d.]+) and", 1),
    ],
    "the same of TFLite Micro with integers, KB": [
        ("docs/start/firmware.md", r"Cortex-M4F, TFLite Micro int8 \| ([\d,]+) \|", 1 / THOUSAND),
        ("README.md", r"TFLite Micro: [\d.]+ and ([\d.]+) KB", 1),
    ],
    "epoch of 784-128-64-10 in batches of 128, ms": [
        ("docs/performance.md", r"784-128-64-10, 128 \| (\d+) ms", 1),
        ("README.md", r"784-128-64-10, batches of 128, one thread\) \| (\d+) ms", 1),
        ("docs/index.md", r"\*\*(\d+) ms\*\*", 1),
        ("docs/decisions/0008-no-gpu.md", r"takes (\d+) ms on one core for 784-128-64-10", 1),
        ("paper/paper.md", r"in batches of 128 takes (\d+) ms", 1),
    ],
    "scikit-learn, batches of 128": [
        ("docs/performance.md", r"784-128-64-10, 128 \| \d+ ms \| [\d.]+ \| ([\d.]+) \|", 1),
        ("README.md", r"\d+ ms \| scikit-learn takes ([\d.]+) times", 1),
        ("docs/index.md", r"scikit-learn takes ([\d.]+) times", 1),
        ("paper/paper.md", r"scikit-learn takes ([\d.]+) times", 1),
    ],
    "the same in the table of training": [
        ("docs/performance.md", r"784-128-64-10, 128 \| (\d+) ms \| [\d.]+ \|\n", 1),
        ("src/cmlp/core/PERFORMANCE.md", r"784-128-64-10, 128 \| 88 \| 65 \| (\d+) \|", 1),
    ],
    "one row, µs": [
        ("docs/performance.md", r"([\d.]+) µs for 784-16-16-10 and", 1),
        ("docs/index.md", r"\*\*([\d.]+) µs\*\*", 1),
        ("docs/decisions/0004-one-trained-model.md", r"([\d.]+) µs in all", 1),
        ("docs/decisions/0008-no-gpu.md", r"One row takes ([\d.]+) µs", 1),
        ("paper/paper.md", r"takes ([\d.]+) µs from Python", 1),
    ],
    "one row in C, µs": [
        ("docs/performance.md", r"the same rows take ([\d.]+) and", 1),
        ("paper/paper.md", r"and ([\d.]+) µs from C", 1),
    ],
    "mean rank on data frames": [
        ("docs/tables.md", r"`TabularClassifier`, `TabularRegressor` \| ([\d.]+) \|", 1),
        ("docs/tables.md", r"cmlp tables ([\d.]+),", 1),
        ("docs/images/tables-ranks.svg", r"cmlp tables \(([\d.]+)\)", 1),
        ("README.md", r"17 held-out data sets \(1 is the best\) \| ([\d.]+),", 1),
        ("docs/index.md", r"\*\*rank ([\d.]+)\*\*", 1),
        ("paper/paper.md", r"of 8 methods is ([\d.]+), that", 1),
    ],
    "mean rank of CatBoost": [
        ("docs/tables.md", r"\| CatBoost 1\.2 \| ([\d.]+) \|", 1),
        ("docs/images/tables-ranks.svg", r"CatBoost \(([\d.]+)\)", 1),
        ("README.md", r"\| CatBoost ([\d.]+); the difference is not", 1),
        ("docs/index.md", r"CatBoost has ([\d.]+),", 1),
        ("paper/paper.md", r"that of CatBoost ([\d.]+);", 1),
    ],
    "CPU time of fit relative to CatBoost": [
        ("docs/index.md", r"in ([\d.]+) of CatBoost's CPU time", 1),
        ("docs/tables.md", r"`TabularRegressor` \| [\d.]+ \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", 1),
        ("README.md", r"in ([\d.]+) of CatBoost", 1),
    ],
    "JAX, batches of 128": [
        ("docs/performance.md", r"784-128-64-10, 128 \| \d+ ms \| ([\d.]+) \|", 1),
        ("paper/paper.md", r"JAX \[@jax\] ([\d.]+) times", 1),
    ],
    "JAX, batches of 10": [
        ("docs/performance.md", r"784-128-64-10, 10 \| \d+ ms \| ([\d.]+) \|", 1),
        ("paper/paper.md", r"with batches of 10, the ratios are [\d.]+ and (\d+\.\d+)", 1),
    ],
    "scikit-learn, batches of 10": [
        ("docs/performance.md", r"784-128-64-10, 10 \| \d+ ms \| [\d.]+ \| ([\d.]+) \|", 1),
        ("paper/paper.md", r"with batches of 10, the ratios are ([\d.]+) and", 1),
    ],
    "bytes per row of a fit": [
        ("docs/performance.md", r"4 MB, and (\d+) bytes per row", 1),
        ("docs/guide/large-data.md", r"16 MB plus (\d+) bytes per row", 1),
    ],
    "MB of a fit on a mapped file": [
        ("docs/guide/large-data.md", r"at most (\d+) MB plus", 1),
        ("docs/performance.md", r"gathered, (\d+) MB replace", 1),
    ],
    "MB of a fit in memory": [
        ("benchmarks/memory.py", r"BOUND, BLOCKS = (\d+) \* MB", 1),
        ("docs/performance.md", r"parameters, (\d+) MB, and", 1),
    ],
    "minutes of the film": [
        ("src/cmlp/story/story.py", r"film of (\w+) minutes", 1),
        ("src/cmlp/story/story.py", r"see in (\w+) minutes", 1),
        ("src/cmlp/_export/page/film.py", r"film of (\w+) minutes", 1),
        ("README.md", r"film of (\w+) minutes", 1),
        ("paper/paper.md", r"film of (\w+) minutes", 1),
        ("docs/page.md", r"film of (\w+) minutes", 1),
        ("docs/lecture/index.md", r"film of (\w+) minutes", 1),
    ],
    "seconds until Ctrl-C ends a fit": [
        ("docs/guide/stopping.md", r"Ctrl-C stops a fit within ([\d.]+) s", 1),
        ("docs/guide/large-data.md", r"Ctrl-C ends the call within ([\d.]+) s", 1),
        ("docs/decisions/0002-signals.md", r"Ctrl-C takes up to ([\d.]+) s", 1),
    ],
    "epoch of 784-512-512-10 in batches of 128, ms": [
        ("docs/performance.md", r"784-512-512-10, 128 \| (\d+) ms", 1),
        ("src/cmlp/core/PERFORMANCE.md", r"784-512-512-10, 128 \| (\d+) \|", 1),
        ("docs/decisions/0008-no-gpu.md", r"784-512-512-10 takes (\d+) ms", 1),
    ],
    "seconds of a table's fit, 10,000 rows and 20 columns": [
        ("docs/questions.md", r"10,000 \| 20 \| ([\d.]+) \|", 1),
        ("docs/decisions/0008-no-gpu.md", r"([\d.]+) processor seconds", 1),
    ],
    "one row without FMA, µs": [
        ("src/cmlp/core/PERFORMANCE.md", r"([\d.]+) µs for one row of 784-16-16-10, where", 1),
        ("docs/decisions/0001-same-bits.md", r"([\d.]+) µs for one row of 784-16-16-10, where", 1),
    ],
    "share of correct test digits": [
        ("docs/start/learner.md", r"score\(X_test, y_test\)\)  # ([\d.]+)", 1),
        ("docs/learn/index.md", r"== y_test\)\.mean\(\)\)  # ([\d.]+)", 1),
    ],
}
# The same fact in other words, which must not come back.
WITHDRAWN = {
    r"level with CatBoost": "docs/tables.md: no difference between the first six methods is significant",
    r"\b(5[6-9]|6[016]) KB": "the smallest build has 38 KB",
    r"fifth of a second": "training the network of the story takes longer",
    r"`Network` has more": "docs/guide/losses.md lists what the estimators have",
    r"trees are often better": "docs/tables.md",
}


WORDS = {"five": 5, "six": 6, "seven": 7}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_the_same_everywhere(name):
    found = {}
    for file, pattern, factor in FIGURES[name]:
        match = re.search(pattern, text_of(file))
        assert match, f"{file} has no figure {pattern}"
        figure = WORDS.get(match[1], match[1].replace(",", ""))
        found[f"{file}: {match[0]}"] = round(float(figure) * factor, 6)
    first = next(iter(found.values()))
    assert all(value in (first, round(first), round(first, 1)) for value in found.values()), found


@pytest.mark.parametrize("pattern", WITHDRAWN)
def test_withdrawn_statement_is_nowhere(pattern):
    documents = [*ROOT.glob("*.md"), *(ROOT / "paper").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert [
        path.name for path in documents if re.search(pattern, path.read_text(encoding="utf-8"))
    ] == []


def test_figures_of_benchmarks_are_those_of_their_results():
    results = imported(ROOT / "tools/write_results.py")
    assert len(results.DOCUMENTS) > 50
    for path in results.DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert results.written(text) == text, f"{path.name}: python tools/write_results.py"
        assert results.tables_without_result(path) == [], path.name
        assert results.figures_without_result(path) == [], path.name

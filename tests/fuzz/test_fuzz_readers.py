"""The fuzzer of what Python reads: its corpus and a few new inputs give no finding, and a broken reader gives one."""

import random
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from optional import package

import cmlp

HERE = Path(__file__).resolve().parent
PACKAGES = {"onnx": ["onnx", "onnxruntime"], "parquet": ["pyarrow"], "arrow": ["pyarrow"]}
NAMES = ["metadata", "onnx", "csv", "idx", "npy", "parquet", "arrow", "dialects"]


@pytest.fixture
def fuzzer(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    import fuzz_readers

    yield fuzz_readers
    for name in ("fuzz_readers", *fuzz_readers.TARGETS.values()):
        sys.modules.pop(name, None)


@pytest.fixture
def target(fuzzer, tmp_path):
    def of(name):
        for needed in PACKAGES.get(name, ()):
            package(needed)
        with warnings.catch_warnings(action="ignore"):
            return fuzzer.load_target(name, tmp_path)

    return of


def test_every_target_is_tested(fuzzer):
    assert list(fuzzer.TARGETS) == NAMES


def test_fuzzer_of_model_files_calls_every_function_that_reads_a_model():
    """A loader that accepts a file does not show that every function stays inside it."""
    text = "".join(
        (HERE.parents[1] / "include" / name).read_text() for name in ("cmlp.h", "cmlp_table.h")
    )
    declared = set(re.findall(r"\b(cmlp_\w+)\(const cmlp_model \*", text))
    called = {*re.findall(r"\b(cmlp_\w+)\(", (HERE / "fuzz_model.c").read_text())}
    for name in ("model_file.h", "calls.h"):
        called |= {*re.findall(r"\b(cmlp_\w+)\(", (HERE.parent / "c" / name).read_text())}
    assert len(declared) > 10 and declared <= called, declared - called


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_corpus_and_new_inputs_give_no_finding(fuzzer, target, name):
    tested, outcomes = target(name), set()
    for path in fuzzer.corpus_of(name):
        outcomes.add(fuzzer.kind_of(tested.judge(path.read_bytes(), None)))
    assert len(outcomes) > 5
    rng = random.Random(1)
    for _ in range(20):
        assert tested.judge(*tested.make(rng))


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_network_is_a_finding(target, monkeypatch):
    """ONNX Runtime sees another sign of the weights."""
    tested, rng = target("onnx"), random.Random(1)
    graphs = [tested.make(rng)[0] for _ in range(30)]
    read = cmlp.from_onnx

    def wrong(path):
        model = read(path)
        if isinstance(model, cmlp.Network):
            model.params[:] *= -1
        return model

    monkeypatch.setattr(cmlp, "from_onnx", wrong)
    with pytest.raises(AssertionError, match="Not equal"):
        for graph in graphs:
            tested.judge(graph, None)


@pytest.mark.filterwarnings("ignore")
def test_another_exception_than_the_documented_one_is_a_finding(
    fuzzer, tmp_path, monkeypatch, capsys
):
    def load(path):
        raise KeyError(path)

    monkeypatch.setattr(cmlp, "load", load)
    assert fuzzer.fuzz("metadata", 0, 1, tmp_path) == min(20, len(fuzzer.corpus_of("metadata")))
    assert "KeyError" in capsys.readouterr().out and list(tmp_path.glob("finding-metadata-*"))


@pytest.mark.parametrize("name", ["csv", "idx", "npy"])
def test_a_wrong_number_is_a_finding(target, name):
    tested, rng = target(name), random.Random(1)
    cases = (tested.make(rng) for _ in range(1000))
    content, expected = next(case for case in cases if case[1] is not None)
    assert tested.judge(content, expected) == "the same outputs"
    with pytest.raises(AssertionError):
        tested.judge(content, np.full(expected.shape, 0.25))

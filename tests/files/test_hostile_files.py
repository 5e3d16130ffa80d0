"""Damaged and malicious model files: ModelFormatError from Python; the C library and an independent reader agree."""

import json
import random
import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers import core_accepts
from hostile_files import FILES, GOOD, NETWORK, mutated, written
from model_files import (
    CRC_AT,
    Refused,
    are_labels,
    head_crc,
    is_accepted_elsewhere,
    quoted,
    read,
    repaired,
    split,
)
from model_grammar import random_labels

import cmlp
from cmlp import ModelFormatError, Network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


def status_of(path, content, **options):
    """Return "OK" if load succeeds, otherwise the status."""
    path.write_bytes(content)
    try:
        cmlp.load(path, **options)
    except ModelFormatError as error:
        assert str(path) in str(error)
        return error.status
    return "OK"


@pytest.mark.parametrize("name", FILES)
def test_invalid_file_raises_with_its_status(path, name):
    content, status = FILES[name]
    wanted = status if status == "OK" else f"CMLP_ERROR_{status}"
    assert status_of(path, content) == wanted
    # Reading the bytes back, the independent reader sees neither NaN nor the example.
    if status not in ("FILE_NONFINITE", "FILE_EXAMPLE"):
        assert is_accepted_elsewhere(content) == (status == "OK")
    if "DATA_CRC" not in wanted and status not in ("FILE_NONFINITE", "FILE_EXAMPLE"):
        assert status_of(path, content, verify=False) == wanted
        assert status_of(path, content, verify=False, mmap=True) == wanted


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("version 2", "2"),
        ("unknown requirement", "units"),
        ("two unknown requirements", "units,targets"),
    ],
)
def test_error_names_what_a_newer_file_requires(path, name, unknown):
    path.write_bytes(FILES[name][0])
    with pytest.raises(ModelFormatError, match=rf"newer cmlp.* \({unknown}\)$"):
        cmlp.load(path)


def test_every_flipped_bit_and_every_truncation_raises(path):
    with open(path, "w+b", buffering=0) as file:
        for i in range(8 * len(GOOD)):
            flipped = bytearray(GOOD)
            flipped[i // 8] ^= 1 << i % 8
            file.seek(0)
            file.write(flipped)
            with pytest.raises(ModelFormatError):
                cmlp.load(path)
        for n in range(len(GOOD) - 1, -1, -1):
            file.seek(0)
            file.write(GOOD)
            file.truncate(n)
            with pytest.raises(ModelFormatError) as error:
                cmlp.load(path)
            assert error.value.status == "CMLP_ERROR_FILE_SHORT"


def test_core_and_independent_reader_agree():
    rng, accepted = random.Random(3), 0
    for i in range(10_000):
        content = mutated(rng)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, content)
    assert accepted > 50


LABELS_OF = {
    n: f'{{"kind":"labels","dtype":"int64","values":[{",".join(map(str, range(n)))}]}}'
    for n in (1, 2, 3)
}


def test_core_and_independent_reader_agree_about_labels(path):
    """The core checks their form, load of a classifier also their values."""
    networks = [Network([2, n], output="logistic", random_state=0) for n in (1, 2, 3)]
    counters = {
        "t": 1,
        "epoch": 1,
        "loss": None,
        "best_loss": None,
        "best_validation_score": None,
        "stale": 0,
    }
    history = json.dumps({**counters, "scored": False}, separators=(",", ":"))
    more = {"class": "MLPClassifier", "history": history, "parameters": "{}"}
    good = [
        split(written(network, dict(sorted({"classes": LABELS_OF[n], **more}.items()))))
        for n, network in enumerate(networks, 1)
    ]
    rng, accepted, loaded = random.Random(5), 0, 0
    for i in range(3_000):
        n = rng.choice([1, 2, 3])
        text, data = good[n - 1]
        labels = random_labels(rng, n)
        content = repaired(
            text.replace(quoted(LABELS_OF[n]).encode(), quoted(labels).encode()), data
        )
        has_form = core_accepts(content)
        accepted += has_form
        assert has_form == is_accepted_elsewhere(content), (i, labels)
        if i % 3 == 0:
            is_loaded = status_of(path, content) == "OK"
            assert is_loaded == (has_form and are_labels(labels, n)), (i, labels)
            loaded += is_loaded
    assert accepted > 600 and loaded > 60


def labelled(dtype, labels):
    """Return the file of a network with these labels, which are texts."""
    network = Network([1, len(labels)], output="softmax", random_state=0)
    return written(
        network, {"classes": f'{{"kind":"labels","dtype":"{dtype}","values":[{",".join(labels)}]}}'}
    )


def seconds(content):
    """Return the least processor time of three checks of a head."""
    times = []
    for _ in range(3):
        start = time.process_time()
        assert core_accepts(content)
        times.append(time.process_time() - start)
    return min(times)


def test_long_decimal_labels_cost_no_more_than_text():
    """Converting them exactly took ten times as long, and a file of 620 kB 2 s."""
    n = 10_000
    numbers = seconds(labelled("float64", [f"{1 + 8 * i / n:.17f}e-290" for i in range(n)]))
    assert numbers < 5 * seconds(labelled("object", [f'"{i:022}"' for i in range(n)]))


def test_core_and_independent_writer_agree():
    """The C writer writes files as documented."""
    for network in (
        NETWORK,
        Network([3, 1], output="logistic", dtype="float64"),
        Network([5, *[2] * 12, 4]),
    ):
        strings = {"a": 'quotes " and \\', "keys": "[]", "z.9_": "~ "}
        arrays = {
            "aa": np.arange(3, dtype=np.uint8),
            "b": np.ones((2, 3), np.int32),
            "zz": np.array([2**62]),
        }
        content = written(network, strings, arrays)
        metadata, tensors = read(content)
        assert {key: metadata[key] for key in strings} == strings
        assert content[CRC_AT : CRC_AT + 8] == head_crc(
            content[: len(content) - len(split(content)[1])]
        )
        assert all(quoted(value).encode() in content for value in strings.values())
        assert tensors["b"][1:] == ([2, 3], np.ones((2, 3), "<i4").tobytes())
        weights = b"".join(tensors[f"layers.{i}.{part}"][2] for i in range(len(network.sizes) - 1)
                           for part in ("weight", "bias"))  # fmt: skip
        assert weights == network.params.astype(network.params.dtype.newbyteorder("<")).tobytes()


def test_hostile_files_do_not_allocate_more_memory_than_their_size(path):
    """A tiny file whose header declares gigabytes, and a file with a large header."""
    load = cmlp.load  # imported before memory is counted
    for content in (
        FILES["huge tensor"][0],
        FILES["largest length in a tiny file"][0],
        FILES["100,000 brackets"][0],
    ):
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ModelFormatError):
            load(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3 * len(content) + 100_000


def test_other_programs_read_the_file(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    NETWORK.save(path)
    tensors = safetensors.load_file(path)
    assert np.array_equal(tensors["layers.0.weight"], NETWORK.weights[0])
    assert np.array_equal(tensors["layers.1.bias"], NETWORK.biases[1])
    row = tensors["example.input"]
    assert np.array_equal(NETWORK.forward(row[None])[0], tensors["example.output"])


# ---------------------------------------------------------------------------------------------------- old versions

STORED = sorted(Path(__file__).with_name("data").glob("*.cmlp"))


@pytest.mark.filterwarnings("ignore:.* values are missing")
@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_stored_files_stay_readable(stored):
    """Load a file of each version; saving those of the newest version again gives the same bytes."""
    model = cmlp.load(stored)
    again = cmlp.load(stored, mmap=True, verify=False)
    assert repr(again) == repr(model)
    read(stored.read_bytes())
    if "network" in stored.stem:
        assert isinstance(model, Network)
    elif "table" in stored.stem:
        row = {2: [None, 1.0], 3: [0.5, 1.0, None], 4: [0.5, 1.0, "a", None]}[model.n_features_in_]
        assert len(model.predict([row] * 3)) == 3
    else:
        rows = np.zeros((3, model.n_features_in_))
        if hasattr(model, "feature_names_in_"):
            rows = pytest.importorskip("pandas").DataFrame(rows, columns=model.feature_names_in_)
        assert model.n_iter_ == 2 and len(model.predict(rows)) == 3


def test_repository_has_files_of_the_version():
    assert {path.stem.partition("_")[0] for path in STORED} == {"v1"}
    assert len(STORED) >= 15


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("input.factor", np.nan, "FILE_NONFINITE"),
        ("input.shift", -np.inf, "FILE_NONFINITE"),
        ("input.factor", 0.0, "FILE_VALUE"),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
def test_shifts_and_factors_are_checked_without_verification(tmp_path, name, value, status, verify):
    path = tmp_path / "model.cmlp"
    cmlp.Network([2, 3], input_scale=([1, 2], [3, 4])).save(path)
    text, data = split(path.read_bytes())
    start = json.loads(text)[name]["data_offsets"][0]
    path.write_bytes(repaired(text, data[:start] + struct.pack("<d", value) + data[start + 8 :]))
    with pytest.raises(ModelFormatError) as error:
        cmlp.load(path, verify=verify)
    assert error.value.status == f"CMLP_ERROR_{status}"
    with pytest.raises(Refused):
        read(path.read_bytes())

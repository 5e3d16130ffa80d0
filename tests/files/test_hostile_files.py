"""Damaged and malicious model files: ModelFormatError from Python; the C library and an independent reader agree."""

import json
import random
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers import core_accepts
from hostile_files import FILES, GOOD, NETWORK, mutated, status_in_c, written
from model_files import (
    CRC_AT,
    Refused,
    has_valid_values,
    head_crc,
    is_accepted_elsewhere,
    quoted,
    read,
    repaired,
    split,
)

import cmlp
from cmlp import Network
from cmlp.exceptions import ModelFormatError

DATA_FOLDER = Path(__file__).with_name("data")


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


NAMES_OF_VALUES = ("labels.", "names.", "cells.", "columns.", "categories.", "targets.")


@pytest.mark.parametrize(
    "name",
    ["v1_classifier_text", "v1_classifier_multilabel", "v1_table_classifier", "v1_table_dates",
     "v1_table_targets"],
)  # fmt: skip
def test_core_and_independent_reader_agree_about_values(name):
    """Bytes of labels, names and categories are others, with valid checksums."""
    good = (DATA_FOLDER / f"{name}.cmlp").read_bytes()
    text, data = split(good)
    tensors = [
        tensor["data_offsets"]
        for name, tensor in json.loads(text).items()
        if name.startswith(NAMES_OF_VALUES) and name != "categories.seen"
    ]
    rng, n_accepted, n = random.Random(6), 0, 400
    assert has_valid_values(good) and status_in_c(good) == "CMLP_OK"
    for _ in range(n):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(*rng.choice(tensors))
            changed[at] = rng.choice([0, 1, 2, 3, changed[at] ^ 1, 0x7F, 0xC3, 0xED, 0xFF])
        content = repaired(text, bytes(changed))
        is_accepted = status_in_c(content) == "CMLP_OK"
        assert is_accepted == has_valid_values(content), content
        n_accepted += is_accepted
    assert 0 < n_accepted < n


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
        row = {
            2: [None, 1.0],
            3: [0.5, 1.0, None],
            4: [0.5, 1.0, "a", None],
            5: [0.5, 1.0, 2.0, 3.0, None],
        }[model.n_features_in_]
        assert len(model.predict([row] * 3)) == 3
    else:
        rows = np.zeros((3, model.n_features_in_))
        if hasattr(model, "feature_names_in_"):
            rows = pytest.importorskip("pandas").DataFrame(rows, columns=model.feature_names_in_)
        assert model.n_iter_ == (4 if "v0.9.0" in stored.stem else 2)
        assert len(model.predict(rows)) == 3


def test_repository_has_files_of_the_version():
    assert {path.stem.partition("_")[0] for path in STORED} == {"v1", "v0.9.0"}
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

"""Damaged and malicious model files: ModelFormatError from Python; the C library and an independent reader agree."""

import io
import json
import random
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers import core_accepts
from model_files import CRC_AT, Refused, head_crc, is_accepted_elsewhere, quoted, read, repaired, split

import cmlp
from cmlp import ModelFormatError, Network, _core

NETWORK = Network([4, 3, 2], "relu", random_state=1)


def written(network=NETWORK, strings=None, arrays=None):
    out = io.BytesIO()
    strings = {"note": "x"} if strings is None else strings
    _core.write_model(network._net, network.params, scale=1.0, strings=strings, arrays=arrays or {}, write=out.write)
    return out.getvalue()


GOOD = written()
TEXT, DATA = split(GOOD)
W0 = b'"layers.0.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}'
B0 = b'"layers.0.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]}'
HUGE = b',"z":{"dtype":"U8","shape":[2000000000,4000000],"data_offsets":[116,8000000000000116]}'
LAST = b'"shape":[2],"data_offsets":[108,116]}'


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


def replace(old, new):
    assert old in TEXT
    return repaired(TEXT.replace(old, new, 1), DATA)


def field(length):
    return struct.pack("<Q", length) + GOOD[8:]


# Contents, and the status without CMLP_ERROR_.
FILES = {
    "good": (GOOD, "OK"),
    "good, repaired": (repaired(TEXT, DATA), "OK"),
    "empty": (b"", "FILE_SHORT"),
    "ff": (b"\xff" * 8, "FILE_MAGIC"),
    "length 2^63": (field(2**63), "FILE_MAGIC"),
    "length 100,000,024": (field(100_000_024), "FILE_MAGIC"),
    "largest length in a tiny file": (field(100_000_000 // 64 * 64 - 8), "FILE_SHORT"),
    "length not 56 modulo 64": (field(len(TEXT)), "FILE_MAGIC"),
    "pickle": (b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93" + bytes(200), "FILE_MAGIC"),
    "other safetensors": (repaired(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" " * 200, bytes(4)),
                          "FILE_MAGIC"),
    "version 4": (replace(b'"cmlp":"1"', b'"cmlp":"4"'), "FILE_VERSION"),
    "a network as version 3": (replace(b'"cmlp":"1"', b'"cmlp":"3"'), "FILE_SYNTAX"),
    "checksum in capitals": (GOOD[:CRC_AT] + b"ABCDEF00" + GOOD[CRC_AT + 8 :], "FILE_SYNTAX"),
    "wrong head checksum": (GOOD[:CRC_AT] + b"00000000" + GOOD[CRC_AT + 8 :], "FILE_HEAD_CRC"),
    "wrong data": (repaired(TEXT, DATA[:-1] + b"\0", data_crc=False), "FILE_DATA_CRC"),
    "one byte short": (GOOD[:-1], "FILE_SHORT"),
    "one byte more": (GOOD + b"\0", "FILE_LONG"),
    "weight NaN": (repaired(TEXT, struct.pack("<f", np.nan) + DATA[4:]), "FILE_NONFINITE"),
    "weight infinite": (repaired(TEXT, struct.pack("<f", -np.inf) + DATA[4:]), "FILE_NONFINITE"),
    "example not reproduced": (repaired(TEXT, DATA[:-1] + bytes([DATA[-1] ^ 1])), "FILE_EXAMPLE"),
    "example NaN": (repaired(TEXT, DATA[:92] + struct.pack("<f", np.nan) + DATA[96:]), "FILE_EXAMPLE"),
    "data_crc32 missing": (repaired(TEXT[: TEXT.find(b'"data_crc32"')] + TEXT[TEXT.find(b'"input_scale"') :], DATA),
                           "FILE_SYNTAX"),
}  # fmt: skip
REPLACEMENTS = {
    "tab as padding": (LAST + b"}", LAST + b"}\t", "FILE_SYNTAX"),
    "64 spaces too many": (LAST + b"}", LAST + b"}" + b" " * 64, "FILE_SYNTAX"),
    "object in the padding": (LAST + b"}", LAST + b"}{}", "FILE_SYNTAX"),
    "head cut off": (LAST + b"}", LAST, "FILE_SYNTAX"),
    "keys in another order": (b'"loss":"log_loss","note":"x"', b'"note":"x","loss":"log_loss"', "FILE_SYNTAX"),
    "key twice": (b'"note":"x"', b'"note":"x","note":"y"', "FILE_NAME"),
    "fixed key twice": (b'"note":"x"', b'"loss":"poisson","note":"x"', "FILE_NAME"),
    "keys not sorted": (b'"note":"x"', b'"note":"x","class":"y"', "FILE_NAME"),
    "key in capitals": (b'"note"', b'"Note"', "FILE_NAME"),
    "key of 65 letters": (b'"note"', b'"' + b"n" * 65 + b'"', "FILE_NAME"),
    "value is a number": (b'"note":"x"', b'"note":1', "FILE_SYNTAX"),
    "value is null": (b'"note":"x"', b'"note":null', "FILE_SYNTAX"),
    "escape u": (b'"note":"x"', b'"note":"\\u0041"', "FILE_SYNTAX"),
    "escape n": (b'"note":"x"', b'"note":"\\n"', "FILE_SYNTAX"),
    "backslash at the end": (b'"note":"x"', b'"note":"x\\"', "FILE_SYNTAX"),
    "control character": (b'"note":"x"', b'"note":"\x01"', "FILE_SYNTAX"),
    "NUL": (b'"note":"x"', b'"note":"\0"', "FILE_SYNTAX"),
    "UTF-8": (b'"note":"x"', '"note":"é"'.encode(), "FILE_SYNTAX"),
    "not UTF-8": (b'"note":"x"', b'"note":"\xff"', "FILE_SYNTAX"),
    "space between tokens": (b'"note":"x"', b'"note": "x"', "FILE_SYNTAX"),
    "string never closed": (b'"note":"x"', b'"note":"' + b"x" * 300, "FILE_SYNTAX"),
    "100,000 brackets": (b'"note":"x"', b'"note":' + b"[" * 100_000, "FILE_SYNTAX"),
    "100,000 braces": (W0, b'"layers.0.weight":' + b'{"a":' * 100_000, "FILE_SYNTAX"),
    "scale NaN": (b"3ff0000000000000", b"7ff8000000000001", "OPTION"),
    "scale infinite": (b"3ff0000000000000", b"fff0000000000000", "OPTION"),
    "scale -0": (b"3ff0000000000000", b"8000000000000000", "OPTION"),
    "scale in capitals": (b"3ff0000000000000", b"3FF0000000000000", "FILE_SYNTAX"),
    "unknown activation": (b"relu,softmax", b"relu,hardswish", "ACTIVATION"),
    "activation with a tail": (b"relu,softmax", b"relu,softmaxx", "ACTIVATION"),
    "no activation": (b"relu,softmax", b"", "ACTIVATION"),
    "hidden softmax": (b"relu,softmax", b"softmax,softmax", "ACTIVATION"),
    "parameter of relu": (b"relu,softmax", b"relu:3ff0000000000000,softmax", "FILE_SYNTAX"),
    "elu without parameter": (b"relu,softmax", b"elu,softmax", "FILE_SYNTAX"),
    "elu with parameter 0": (b"relu,softmax", b"elu:0000000000000000,softmax", "OPTION"),
    "elu with parameter NaN": (b"relu,softmax", b"elu:7ff8000000000000,softmax", "OPTION"),
    "64 activations": (b"relu,softmax", b",".join([b"relu"] * 64), "LAYERS"),
    "more activations than layers": (b"relu,softmax", b"relu,relu,softmax", "FILE_NAME"),
    "unknown loss": (b"log_loss", b"hinge", "LOSS"),
    "loss that does not fit": (b"log_loss", b"poisson", "LOSS"),
    "quantile of 1": (b"log_loss", b"label_smoothing:3ff0000000000000", "OPTION"),
    "bias first": (W0 + b"," + B0, B0 + b"," + W0, "FILE_NAME"),
    "layer left out": (b"layers.1.weight", b"layers.2.weight", "FILE_NAME"),
    "layers.00": (b"layers.0.weight", b"layers.00.weight", "FILE_NAME"),
    "tensor twice": (b"example.output", b"example.input", "FILE_NAME"),
    "half an example": (b"example.output", b"example.result", "FILE_NAME"),
    "one more layer": (b"example.output", b"layers.9.weight", "FILE_NAME"),
    "path as a name": (b"example.output", b"../../x", "FILE_NAME"),
    "F16": (b'"F32"', b'"F16"', "FILE_TENSOR"),
    "I32 weights": (b'"F32"', b'"I32"', "FILE_TENSOR"),
    "F64 biases": (B0, B0.replace(b"F32", b"F64").replace(b"60", b"72"), "FILE_TENSOR"),
    "04": (b"[4,3]", b"[04,3]", "FILE_SYNTAX"),
    "4.0": (b"[4,3]", b"[4.0,3]", "FILE_SYNTAX"),
    "-4": (b"[4,3]", b"[-4,3]", "FILE_SYNTAX"),
    "4e0": (b"[4,3]", b"[4e0,3]", "FILE_SYNTAX"),
    "true": (b"[4,3]", b"[true,3]", "FILE_SYNTAX"),
    "scalar": (b"[4,3]", b"[]", "FILE_SYNTAX"),
    "20 digits": (b"[4,3]", b"[18446744073709551620,3]", "FILE_SYNTAX"),
    "5,000 digits": (b"[4,3]", b"[" + b"9" * 5000 + b",3]", "FILE_SYNTAX"),
    "0": (b"[4,3]", b"[0,3]", "FILE_TENSOR"),
    "2^31": (b"[4,3]", b"[2147483648,3]", "FILE_TENSOR"),
    "product wraps": (b"[4,3]", b"[2147483647,2147483647]", "FILE_TENSOR"),
    "three dimensions": (b"[4,3]", b"[4,3,1]", "FILE_TENSOR"),
    "layers do not chain": (b'"shape":[3,2]', b'"shape":[2,3]', "FILE_TENSOR"),
    "bias of two dimensions": (b'"shape":[3],', b'"shape":[3,1],', "FILE_TENSOR"),
    "hole": (b"[48,60]", b"[52,64]", "FILE_TENSOR"),
    "overlap": (b"[48,60]", b"[44,56]", "FILE_TENSOR"),
    "end before begin": (b"[48,60]", b"[60,48]", "FILE_TENSOR"),
    "offset 2^64-1": (b"[0,48]", b"[0,18446744073709551615]", "FILE_SYNTAX"),
    "one more key in a tensor": (b"[0,48]}", b'[0,48],"x":1}', "FILE_SYNTAX"),
    "tensor keys in another order": (b'{"dtype":"F32","shape":[4,3]', b'{"shape":[4,3],"dtype":"F32"', "FILE_SYNTAX"),
    "tensor as an array": (B0, b'"layers.0.bias":["F32",[3],[48,60]]', "FILE_SYNTAX"),
    "huge tensor": (LAST, LAST + HUGE, "FILE_SHORT"),
}  # fmt: skip
FILES |= {name: (replace(old, new), status) for name, (old, new, status) in REPLACEMENTS.items()}


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


TOKENS = [b'"a":1,', b"[1,2]", b'"', b"\\\\", b'\\"', b" ", b"0", b"00", b"1", b"{", b"}", b",", b":", b"NaN", b"true",
          b'"layers.0.bias"', b"null", b"-1", b"1e0", b"relu", b"elu:3ff0000000000000", b"huber"]  # fmt: skip


def mutated(rng):
    text = bytearray(TEXT)
    for _ in range(rng.randint(1, 2)):
        at, kind = rng.randrange(CRC_AT + 2, len(text)), rng.randrange(4)
        if kind == 0:
            text[at] = rng.choice(b'0123456789{}[]",:.\\ afF-e\0\xff')
        elif kind == 1:
            del text[at : at + rng.randint(1, 4)]
        elif kind == 2:
            text[at:at] = rng.choice(TOKENS)
        else:
            start = rng.randrange(CRC_AT + 2, len(text))
            text[at:at] = text[start : start + rng.randint(1, 60)]
    return repaired(bytes(text), DATA)


def test_core_and_independent_reader_agree():
    rng, accepted = random.Random(3), 0
    for i in range(10_000):
        content = mutated(rng)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, content)
    assert accepted > 50


NUMBERS = (
    f"0 1 2 -1 127 128 -128 -129 255 256 65535 2147483648 {2**53} {2**53 + 1} {-(2**63)} {2**63} {2**64 - 1} {2**64} "
    "0.0 -0.0 0.1 0.5 1.5 65504.0 65520.0 6e-08 5.960464477539063e-08 3.4028234663852886e+38 3.5e38 4.9e-324 2e-324 "
    "1.401298464324817e-45 0.10000000149011612 1.0000000000000000000000 1.00000000000000000000000 1e999 NaN 01 1. true "
    "false"
).split()
LETTERS = ["a", "b", "z", "é", "\ud800", "\udc00", "\U0001f600", "\0", '"', "\\", "/", "\n", "\uffff"]
TYPES = ["bool", "float16", "float32", "float64", "object", "U0", "U1", "U2", "U3", "U", "U01", "int",
         *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]  # fmt: skip


LABELS_OF = {n: f'{{"kind":"labels","dtype":"int64","values":[{",".join(map(str, range(n)))}]}}' for n in (1, 2, 3)}


def random_labels(rng, n_outputs):
    """The text of labels, which are often valid."""
    name = rng.choice(TYPES)
    n = n_outputs + rng.choice([0, 0, 0, 0, 1])
    if name[0] == "U" or name == "object":
        values = sorted("".join(rng.choices(LETTERS, k=rng.randint(0, 3))) for _ in range(n))
        values = [json.dumps(value) for value in values]
        if rng.random() < 0.7 and name[0] == "U":
            name = f"U{max(1, *(len(json.loads(value)) for value in values))}"
    else:
        values = sorted(rng.choices(NUMBERS, k=n), key=float_of)
        if rng.random() < 0.3:
            values = [f'"{value}"' for value in values]
    kind = rng.choice(["labels", "labels", "labels", "multilabel"])
    if kind == "multilabel" and rng.random() < 0.8:
        values = [str(i) for i in range(n)]
    text = f'{{"kind":"{kind}","dtype":"{name}","values":[{",".join(values)}]}}'
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *'",\\[]{}019aeEuU.-+ tfd8D']) + text[at + rng.randint(0, 1) :]
    return text


def float_of(number):
    try:
        return float(number)
    except ValueError:
        return float(number == "true")


def test_core_and_independent_reader_agree_about_labels(path):
    """What the core refuses, load refuses too."""
    networks = [Network([2, n], output="logistic", random_state=0) for n in (1, 2, 3)]
    good = [split(written(network, {"classes": LABELS_OF[network.sizes[-1]]})) for network in networks]
    rng, accepted = random.Random(5), 0
    for i in range(6_000):
        n = rng.choice([1, 2, 3])
        text, data = good[n - 1]
        old, new = (quoted(labels).encode() for labels in (LABELS_OF[n], random_labels(rng, n)))
        content = repaired(text.replace(old, new), data)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, new)
        if i % 10 == 0:
            assert (status_of(path, content) == "OK") == core_accepts(content)
    assert accepted > 300


def test_core_and_independent_writer_agree():
    """The C writer writes files as documented."""
    for network in (NETWORK, Network([3, 1], output="logistic", dtype="float64"), Network([5, *[2] * 12, 4])):
        strings = {"a": 'quotes " and \\', "keys": "[]", "z.9_": "~ "}
        arrays = {"aa": np.arange(3, dtype=np.uint8), "b": np.ones((2, 3), np.int32), "zz": np.array([2**62])}
        content = written(network, strings, arrays)
        metadata, tensors = read(content)
        assert {key: metadata[key] for key in strings} == strings
        assert content[CRC_AT : CRC_AT + 8] == head_crc(content[: len(content) - len(split(content)[1])])
        assert all(quoted(value).encode() in content for value in strings.values())
        assert tensors["b"][1:] == ([2, 3], np.ones((2, 3), "<i4").tobytes())
        weights = b"".join(tensors[f"layers.{i}.{part}"][2] for i in range(len(network.sizes) - 1)
                           for part in ("weight", "bias"))  # fmt: skip
        assert weights == network.params.astype(network.params.dtype.newbyteorder("<")).tobytes()


def test_hostile_files_do_not_allocate_more_memory_than_their_size(path):
    """A tiny file whose header declares gigabytes, and a file with a large header."""
    for content in (FILES["huge tensor"][0], FILES["largest length in a tiny file"][0], FILES["100,000 brackets"][0]):
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ModelFormatError):
            cmlp.load(path)
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
        assert len(model.predict([[0.5, 1.0, "a", None]] * 3)) == 3
    else:
        rows = np.zeros((3, model.n_features_in_))
        if hasattr(model, "feature_names_in_"):
            rows = pytest.importorskip("pandas").DataFrame(rows, columns=model.feature_names_in_)
        assert model.n_iter_ == 2 and len(model.predict(rows)) == 3


def test_repository_has_a_file_of_each_version():
    assert {path.stem.partition("_")[0] for path in STORED} == {"v1", "v2", "v3"}
    assert len(STORED) >= 4


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("input.factor", np.nan, "FILE_NONFINITE"),
        ("input.shift", -np.inf, "FILE_NONFINITE"),
        ("input.factor", 0.0, "OPTION"),
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

"""Data sets: the bundled sample, complete sets from CMLP_DATA, and errors for damaged or missing files."""

import gzip
import hashlib
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import imported
from idx_files import IMAGES, LABELS, NAMES, idx

from cmlp import datasets

SOURCE = Path(__file__).parents[2]

whole_sets = pytest.mark.skipif(
    "CMLP_DATA" not in os.environ, reason="CMLP_DATA names no folder with the whole sets"
)


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Create a small valid set (5 training and 2 test images) where `load_mnist` looks for it."""
    rng = np.random.default_rng(0)
    path = tmp_path / "mnist"
    path.mkdir()
    for split, count in (("train", 5), ("t10k", 2)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        (path / f"{split}-{IMAGES}").write_bytes(idx(images))
        (path / f"{split}-{LABELS}.gz").write_bytes(gzip.compress(idx(labels)))
    monkeypatch.setenv("CMLP_DATA", str(tmp_path))
    return path


def test_sample_is_the_start_of_mnist():
    data = datasets.load_digits28()
    assert data.X_train.shape == (5000, 784)
    assert data.X_test.shape == (1000, 784)
    assert data.X_train.dtype == data.X_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert [sha256(array.astype(np.uint8)) for array in data] == [
        "a853ca5da5c224d531837eaa3fe56ac036778bb2fdfad445143b5b7d4ec1c739",
        "4263f048ea43702387ef1c8494b59e785853c0410e9770600d50f541a6fee264",
        "f8f3c5a608a9f7d4bd5e9d69b90c53932b8b99371d9db26121b42f62f3abcd56",
        "d14ba0a1a3818edefa35518ed001ece84b7ac0eabe9394551c73928493175d3f",
    ]


def test_sample_has_every_digit_about_equally_often():
    data = datasets.load_digits28()
    assert np.bincount(data.y_train).tolist() == [479, 563, 488, 493, 535, 434, 501, 550, 462, 495]
    assert np.bincount(data.y_test).tolist() == [85, 126, 116, 107, 110, 87, 87, 99, 89, 94]


def test_dataset_is_a_named_tuple():
    data = datasets.load_digits28()
    X_train, y_train, X_test, y_test = data
    assert X_train is data.X_train and y_train is data.y_train
    assert X_test is data.X_test and y_test is data.y_test
    assert list(data.labels) == list("0123456789")


def test_each_call_returns_new_arrays():
    first = datasets.load_digits28()
    first.X_train[:] = 0
    first.y_train[:] = 0
    assert datasets.load_digits28().X_train.any()
    assert datasets.load_digits28().y_train.any()


def test_sample_contains_its_licence_notice():
    notice = Path(datasets.__file__).parents[1] / "_data/files/digits28" / "LICENSE.txt"
    text = notice.read_text(encoding="ascii")
    for part in ("Yann LeCun", "Corinna Cortes", "Burges", "CC-BY-SA-3.0", "creativecommons.org"):
        assert part in text


@whole_sets
def test_complete_mnist_begins_with_the_sample():
    whole, sample = datasets.load_mnist(), datasets.load_digits28()
    assert whole.X_train.shape == (60000, 784)
    assert whole.X_test.shape == (10000, 784)
    for all_of_it, start in zip(whole, sample, strict=True):
        np.testing.assert_array_equal(all_of_it[: len(start)], start)


@whole_sets
def test_fashion_mnist_has_ten_balanced_classes_with_names():
    data = datasets.load_fashion_mnist()
    assert data.X_train.shape == (60000, 784)
    assert np.bincount(data.y_train).tolist() == [6000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert data.labels[data.y_test[0]] == "ankle boot"
    assert pickle.loads(pickle.dumps(data)).labels == data.labels


@whole_sets
def test_make_sample_creates_the_bundled_sample(tmp_path, monkeypatch):
    script = SOURCE / "tools" / "make_sample.py"
    if not script.exists():
        pytest.skip("the script is in the source tree only")
    module = imported(script)
    monkeypatch.setattr(module, "TARGET", tmp_path)
    assert module.main() == 0
    embedded = Path(datasets.__file__).parents[1] / "_data/files/digits28"
    names = {path.name for path in embedded.glob("*.gz")}
    assert len(names) == 6 and names == {path.name for path in tmp_path.iterdir()}
    for name in names:
        # Compressed bytes may differ between versions of zlib.
        made, kept = (
            gzip.decompress((where / name).read_bytes()) for where in (tmp_path, embedded)
        )
        assert made == kept


def test_gzipped_and_plain_files_are_read(folder):
    data = datasets.load_mnist()
    assert data.X_train.shape == (5, 784)
    raw = (folder / f"train-{IMAGES}").read_bytes()
    assert data.X_train.tobytes() == raw[16:]
    labels = gzip.decompress((folder / f"train-{LABELS}.gz").read_bytes())
    assert data.y_train.tolist() == list(labels[8:])


def test_plain_file_is_preferred_to_a_gzipped_one(folder):
    (folder / f"train-{IMAGES}.gz").write_bytes(b"not read")
    assert datasets.load_mnist().X_train.shape == (5, 784)


@pytest.mark.parametrize("kind, header_size", [(IMAGES, 16), (LABELS, 8)])
def test_file_truncated_within_its_header_raises(folder, kind, header_size):
    path = folder / f"t10k-{kind}"
    whole = idx(np.zeros((2, 28, 28) if kind == IMAGES else 2, dtype=np.uint8))
    for length in range(header_size):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=f"within its header, after {length} bytes") as caught:
            datasets.load_mnist()
        assert path.name in str(caught.value)


@pytest.mark.parametrize("change", [-1, 1, -784, 1000])
def test_file_of_another_length_than_its_header_states_raises(folder, change):
    path = folder / f"train-{IMAGES}"
    content = path.read_bytes()
    path.write_bytes(content[:change] if change < 0 else content + bytes(change))
    with pytest.raises(
        ValueError, match="must have 3936 bytes for the 5 x 28 x 28 values"
    ) as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)
    assert ("got more" if change > 0 else f"got {3936 + change} bytes") in str(caught.value)


@pytest.mark.parametrize("bit", range(32))
def test_wrong_magic_number_raises(folder, bit):
    path = folder / f"train-{IMAGES}"
    path.write_bytes(idx(np.zeros((5, 28, 28), np.uint8), magic=0x0803 ^ (1 << bit)))
    with pytest.raises(ValueError, match=r"magic number must be 2051, got \d+") as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)


def test_images_in_a_label_file_raise(folder):
    (folder / f"train-{LABELS}").write_bytes((folder / f"train-{IMAGES}").read_bytes())
    with pytest.raises(ValueError, match="magic number must be 2049, got 2051"):
        datasets.load_mnist()


@pytest.mark.parametrize("length", [0, 1, 10, 20, -8, -1])
def test_truncated_gzip_file_raises(folder, length):
    path = folder / f"train-{LABELS}.gz"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError) as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)


def test_damaged_gzip_file_raises_or_gives_the_same_content(folder):
    path = folder / f"train-{LABELS}.gz"
    whole = path.read_bytes()
    expected = datasets.load_mnist().y_train
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        try:
            data = datasets.load_mnist()
        except ValueError as error:
            assert str(path) in str(error)
        else:  # metadata such as the time stamp, which does not change the content
            np.testing.assert_array_equal(data.y_train, expected)


def test_images_of_another_size_raise(folder):
    path = folder / f"t10k-{IMAGES}"
    path.write_bytes(idx(np.zeros((2, 14, 56), np.uint8)))
    with pytest.raises(ValueError, match="28 x 28 pixels, got 14 x 56") as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)


def test_more_labels_than_images_raise(folder):
    path = folder / f"t10k-{LABELS}"
    path.write_bytes(idx(np.zeros(3, np.uint8)))
    with pytest.raises(ValueError, match="a label for each of 2 images, got 3") as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)


def test_label_above_nine_raises(folder):
    path = folder / f"t10k-{LABELS}"
    path.write_bytes(idx(np.array([9, 10], np.uint8)))
    with pytest.raises(ValueError, match="labels from 0 to 9, got 10") as caught:
        datasets.load_mnist()
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "load, name", [(datasets.load_mnist, "mnist"), (datasets.load_fashion_mnist, "fashion-mnist")]
)
def test_error_without_pooch_explains_how_to_get_the_files(load, name, monkeypatch):
    monkeypatch.delenv("CMLP_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(FileNotFoundError) as caught:
        load()
    message = str(caught.value)
    assert "CMLP_DATA is not set" in message and 'pip install "cmlp[datasets]"' in message
    assert repr(name) in message and "https://" in message
    assert all(file in message for file in NAMES)


def test_missing_file_is_named(folder):
    (folder / f"t10k-{IMAGES}").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_mnist()
    assert f"no t10k-{IMAGES} in {str(folder)!r}" in str(caught.value)

"""Model files of tables: what is saved comes back with the same bits, also in C; damaged and malicious files raise."""

import decimal
import json
import os
import random
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
from c_models import extension
from helpers import core_accepts
from hostile_files import written_table
from internals import changed, model_of, raw_rows
from model_files import CRC_AT, head_of, is_accepted_elsewhere, read, repaired, split
from optional import package
from table_parts import list_at_most

import cmlp

# The bridge reads hostile tables that no public call passes on.
from cmlp import TabularClassifier, TabularRegressor
from cmlp._data import json_texts
from cmlp._model.table_columns import TableColumn, TableColumns
from cmlp.exceptions import ModelFormatError

nan = float("nan")
FAST = {"n_estimators": 3, "hidden_layer_sizes": (6,), "max_time": 1e-9, "random_state": 0}


def mixed_rows(n=60, seed=0):
    """Return rows of every kind of column, as lists."""
    rng = np.random.RandomState(seed)
    kinds = [None, "red", "grün", 'say "hi" \\ /', "\ud800"]
    return [
        [
            float(rng.standard_normal()),
            nan if rng.random_sample() < 0.2 else float(rng.exponential()) * 1e6,
            kinds[rng.randint(len(kinds))],
            ["x", "y"][rng.randint(2)],
            [0, 2.5, True, "w", None][rng.randint(5)] if i else -7,
            3.0,
            "same",
        ]
        for i in range(n)
    ]


X = mixed_rows()
Y = {2: ["no", "yes"] * 30, 3: [3, 10, -1] * 20}


def classifier(n_classes=3, **parameters):
    return TabularClassifier(**{**FAST, "categorical_features": [2, 3, 4, 6], **parameters}).fit(
        X, Y[n_classes]
    )


def regressor(y=None, **parameters):
    y = np.arange(60) * 1000.0 - 7 if y is None else y
    return TabularRegressor(**{**FAST, "categorical_features": [2, 3, 4, 6], **parameters}).fit(
        X, y
    )


MODELS = {
    "binary": lambda: classifier(2),
    "multiclass": classifier,
    "regressor": regressor,
    "quantiles": lambda: regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]),
    "poisson": lambda: regressor(np.arange(60) % 9, loss="poisson"),
    "ordered": lambda: classifier(ordered=sorted({*Y[3]}, reverse=True)),
    "threshold": lambda: classifier(2).calibrate(probabilities=True).choose_threshold(recall=0.8),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.cmlp"


def outputs(model, rows):
    return model.predict(rows) if isinstance(model, TabularRegressor) else model.predict_proba(rows)


def saved(model, folder):
    """Return the bytes of a model's file."""
    model.save(folder / "saved.cmlp")
    return (folder / "saved.cmlp").read_bytes()


# ------------------------------------------------------------------------------------------------ save and load


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_loaded_model_predicts_the_same_bits(path, name, mmap):
    model, rows = MODELS[name](), mixed_rows(500, seed=1)
    model.save(path)
    loaded = cmlp.load(path, mmap=mmap)
    assert type(loaded) is type(model)
    assert outputs(loaded, rows).tobytes() == outputs(model, rows).tobytes()
    assert loaded.get_params() == model.get_params()
    assert name != "threshold" or (loaded.predict(rows) == model.predict(rows)).all()
    assert loaded.n_features_in_ == 7 and not hasattr(loaded, "feature_names_in_")
    assert loaded.history_["loss"] == [] and len(loaded.estimators_) == 3
    assert model_of(model).columns.codes == model_of(loaded).columns.codes


@pytest.mark.parametrize("name", MODELS)
def test_loaded_model_is_saved_with_the_same_bytes(path, name):
    MODELS[name]().save(path)
    before = path.read_bytes()
    cmlp.load(path).save(path)
    assert path.read_bytes() == before


def test_loaded_model_predicts_the_same_bits_in_another_process(path):
    model = classifier()
    model.save(path)
    code = (
        "import cmlp, json, sys; model = cmlp.load(sys.argv[1]);"
        "print(model.predict_proba(json.load(sys.stdin)).tobytes().hex(), model.predict([[None] * 7]))"
    )
    rows = [["red" if value == "\ud800" else value for value in row] for row in X]
    done = subprocess.run(
        [sys.executable, "-c", code, os.fspath(path)],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == model.predict_proba(rows).tobytes().hex()


def test_classes_keep_their_type(path):
    for labels in (
        np.array([3, -1], np.int8),
        np.array(["a", "bc"]),
        np.array([False, True]),
        np.array([1.0, 2.0], np.float32),
    ):
        model = TabularClassifier(**FAST).fit(np.arange(40.0)[:, None], np.tile(labels, 20))
        model.save(path)
        loaded = cmlp.load(path)
        assert (
            loaded.classes_.dtype == model.classes_.dtype
            and (loaded.classes_ == model.classes_).all()
        )


def test_names_of_columns_survive(path):
    pd = package("pandas")
    frame = pd.DataFrame({"größe": np.arange(40.0), "colour": ["red", None] * 20})
    model = TabularRegressor(**FAST).fit(frame, np.arange(40.0))
    model.save(path)
    loaded = cmlp.load(path)
    assert loaded.feature_names_in_.tolist() == ["größe", "colour"]
    assert loaded.predict(frame[["colour", "größe"]]).tobytes() == model.predict(frame).tobytes()
    with pytest.raises(ValueError, match="missing are"):
        loaded.predict(frame[["colour"]])


def test_loaded_model_can_be_fitted_again(path):
    model = regressor()
    model.save(path)
    loaded = cmlp.load(path).fit(X, np.arange(60) * 1000.0 - 7)
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()


def test_file_of_20_columns_is_at_most_700_kB(path):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((3000, 20))
    y = np.sin(4 * X).sum(axis=1)
    X[rng.random_sample(X.shape) < 0.1] = nan
    model = TabularRegressor(random_state=0, max_time=1e-9).fit(X, y)
    assert model_of(model).columns.width(True) > 300
    model.save(path)
    assert path.stat().st_size <= 700_000


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda m: model_of(m).columns.categories[2].append(decimal.Decimal(1)),
            TypeError,
            "column 2 .*Decimal",
        ),
        (lambda m: model_of(m).columns.categories[2].append(1j), TypeError, "column 2 .*complex"),
        (
            lambda m: model_of(m).columns.categories[2].append(float("inf")),
            TypeError,
            "column 2 .*inf",
        ),
        (lambda m: m.set_params(random_state=np.random.RandomState(0)), TypeError, "random_state"),
        (lambda m: m.set_params(n_estimators=0), ValueError, "n_estimators"),
    ],
)
def test_save_refuses_what_a_file_cannot_contain(path, change, error, message):
    path.write_bytes(b"kept")
    model = classifier()
    change(model)
    with pytest.raises(error, match=message):
        model.save(path)
    assert path.read_bytes() == b"kept"


def test_save_refuses_subclasses_and_models_that_are_not_fitted(path):
    class Mine(TabularRegressor):
        pass

    with pytest.raises(TypeError, match="subclass"):
        Mine().save(path)
    with pytest.raises(ValueError, match="not fitted"):
        TabularRegressor().save(path)


# ------------------------------------------------------------------------------------------------- the C library


def core_model(content):
    return extension().Model(content)


@pytest.mark.parametrize("name", MODELS)
def test_c_library_predicts_raw_rows_with_the_bits_of_python(tmp_path, name):
    model = MODELS[name]()
    core, rows = core_model(saved(model, tmp_path)), mixed_rows(300, seed=2)
    for raw, row in zip(raw_rows(model, rows), rows, strict=True):
        label, found = core.predict(raw)
        if isinstance(model, TabularRegressor):
            assert label == -1 and found.tobytes() == model.predict([row]).tobytes()
        else:
            expected = model.predict_proba([row])[0]
            assert found.tobytes() == expected[-len(found) :].tobytes()
            assert model.classes_[label] == model.predict([row])[0]


def test_c_library_finds_the_codes_of_categories(tmp_path):
    model = classifier()
    core, codes = core_model(saved(model, tmp_path)), model_of(model).columns.codes
    for column in (2, 3, 4):
        for value, code in codes[column].items():
            assert core.category(column, value) == code, (column, value)
            found = core.category_of(column, code)
            assert found == value and isinstance(found, str) == isinstance(value, str)
            if isinstance(value, (int, float)):
                assert core.category(column, float(value)) == code, (column, value)
                assert core.category(column, str(value)) != code, (column, value)
        assert (
            core.category(column, "never")
            == core.category(column, "")
            == core.category(column, "re")
            == -1
        )
    assert core.category(2, None) == codes[2][None]
    assert core.category(3, None) == -1
    for column in (
        0,
        1,
        5,
        6,
        7,
        -1,
        2**62,
    ):  # column 6 has one category, which the file does not have
        with pytest.raises(ValueError, match=r"NOT_FOUND|INDEX"):
            core.category(column, "x")


def test_c_library_finds_ranks_and_nan_for_unknown_levels(tmp_path):
    order = {0: ["low", "high", "top"]}
    model = TabularRegressor(categorical_features=order, n_estimators=1, n_epochs=1, random_state=0)
    core = core_model(saved(model.fit([["low", 0.5], ["high", 1.0]] * 9, range(18)), tmp_path))
    assert [core.category(0, level) for level in order[0]] == [0, 1, 2]
    assert np.isnan([core.category(0, "other"), core.category(0, None)]).all()
    for level, row in (("top", [2.0, 0.7]), ("other", [np.nan, 0.7])):
        with warnings.catch_warnings(action="ignore"):
            assert core.predict(row)[1].tobytes() == model.predict([[level, 0.7]]).tobytes()


def test_c_library_refuses_infinity_but_not_nan(tmp_path):
    core = core_model(saved(regressor(), tmp_path))
    core.predict([nan] * 7)
    for column in range(7):
        with pytest.raises(ValueError, match="INPUT"):
            core.predict([*[0.0] * column, float("inf"), *[0.0] * (6 - column)])


# ------------------------------------------------------------------------------------- damaged and malicious files


def tiny(quantiles=()):
    """Return a file with all kinds of columns, as small as possible."""
    columns = [
        ("number", 3, True),
        ("unused", 0, False),
        ("category", 3, 2),  # 1 + the code of the missing one
        ("number", 0, False),
    ]
    networks = []
    for n_in in (1 + 2 + 1 + 3 + 1, 1 + 1 + 3 + 1):
        loss = (
            {"loss": "quantile", "loss_parameter": quantiles}
            if quantiles
            else {"loss": "squared_error"}
        )
        sizes = [n_in, 2, len(quantiles) or 1]
        networks.append(cmlp.Network(sizes, "relu", output="identity", **loss, random_state=n_in))
    return written_table(
        columns,
        [0.0, 1.0, -1.0, 0.0, 2.0, 5.0, 0.5],
        networks,
        [(1.0,), (2.0,), (-3.0,), (3.0,)],
        {"parameters": '{"n_estimators":2}'},
        categories=[None, ["one"], ["a", None, 2.5], None],
    )


GOOD = tiny()
TEXT, DATA = split(GOOD)
QUANTILES = tiny((0.25, 0.5, 0.75))
LEVELS = b"quantile:3fd0000000000000,3fe0000000000000,3fe8000000000000"
W1 = b'"nets.1.layers.0.weight"'
COLUMNS = b"number_or_missing:3,unused,category:3,number:0"


def status_of(path, content, **options):
    path.write_bytes(content)
    try:
        cmlp.load(path, **options)
    except ModelFormatError as error:
        return error.status.removeprefix("CMLP_ERROR_")
    return "OK"


HEADS = {
    "kind of a network": (b'"regressor"', b'"network"', "FILE_VALUE"),
    "classifier with targets": (b'"regressor"', b'"classifier"', "FILE_VALUE"),
    "target missing": (b'"table.target"', b'"table.targets"', "FILE_VALUE"),
    "columns missing": (b',"columns":"' + COLUMNS + b'"', b"", "FILE_NAME"),
    "no columns": (COLUMNS, b"", "FILE_SYNTAX"),
    "unknown kind": (COLUMNS, COLUMNS.replace(b"unused", b"date"), "FILE_SYNTAX"),
    "empty column": (COLUMNS, COLUMNS.replace(b"unused", b""), "FILE_SYNTAX"),
    "comma at the end": (COLUMNS, COLUMNS + b",", "FILE_SYNTAX"),
    "number of unused": (COLUMNS, COLUMNS.replace(b"unused", b"unused:0"), "FILE_SYNTAX"),
    "part of no edges": (COLUMNS, COLUMNS + b"/day:2", "FILE_SYNTAX"),
    "part of a category": (COLUMNS, COLUMNS.replace(b"category:3", b"category:3/day:2"), "FILE_SYNTAX"),
    "one input of a part": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/day:1"), "FILE_SYNTAX"),
    "unknown part": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/month:2"), "FILE_SYNTAX"),
    "parts in another order": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/week:2/day:2"), "FILE_SYNTAX"),
    "the same part twice": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/day:2/day:2"), "FILE_SYNTAX"),
    "2^31 inputs of a part": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/year:2147483648"), "FILE_SYNTAX"),
    "too many inputs of a part": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/year:2147483647"), "FILE_VALUE"),
    "inputs of parts": (COLUMNS, COLUMNS.replace(b"missing:3", b"missing:3/day:2/week:4/year:2"), "FILE_TENSOR"),
    "one edge": (COLUMNS, COLUMNS.replace(b"number:0", b"number:1"), "FILE_SYNTAX"),
    "no categories": (COLUMNS, COLUMNS.replace(b"category:3", b"category:0"), "FILE_SYNTAX"),
    "leading zero": (COLUMNS, COLUMNS.replace(b"category:3", b"category:03"), "FILE_SYNTAX"),
    "2^31 categories": (COLUMNS, COLUMNS.replace(b"category:3", b"category:2147483648"), "FILE_SYNTAX"),
    "2^64 categories": (COLUMNS, COLUMNS.replace(b"category:3", b"category:18446744073709551616"), "FILE_SYNTAX"),
    "too many inputs": (COLUMNS, COLUMNS.replace(b"category:3", b"category:2147483647"), "FILE_VALUE"),
    "too many edges": (COLUMNS, COLUMNS.replace(b"number:0", b"number:2147483647"), "FILE_VALUE"),
    "statistics without a table": (
        COLUMNS,
        COLUMNS.replace(b"category:3", b"category:3/one_hot:2/statistics:1"),
        "FILE_NAME",
    ),
    "too many one-hot": (COLUMNS, COLUMNS.replace(b"category:3", b"category:3/one_hot:4/statistics:1"), "FILE_SYNTAX"),
    "statistics alone": (COLUMNS, COLUMNS.replace(b"category:3", b"category:3/statistics:1"), "FILE_SYNTAX"),
    "no statistics": (COLUMNS, COLUMNS.replace(b"category:3", b"category:3/one_hot:3/statistics:0"), "FILE_SYNTAX"),
    "2^31 statistics": (
        COLUMNS,
        COLUMNS.replace(b"category:3", b"category:2/one_hot:0/statistics:1073741824"),
        "FILE_SYNTAX",
    ),
    "statistics of numbers": (COLUMNS, COLUMNS.replace(b"number:0", b"number:0/one_hot:0/statistics:1"), "FILE_SYNTAX"),
    "one column more": (COLUMNS, COLUMNS + b",unused", "FILE_TENSOR"),
    "another width": (COLUMNS, COLUMNS.replace(b"category:3", b"category:4"), "FILE_TENSOR"),
    "key columns twice": (b'"parameters":', b'"columns":"unused","parameters":', "FILE_NAME"),
    "scale": (b"3ff0000000000000", b"4000000000000000", "FILE_VALUE"),
    "network left out": (W1, W1.replace(b"1", b"2", 1), "FILE_NAME"),
    "network 01": (W1, W1.replace(b"1", b"01", 1), "FILE_NAME"),
    "layers without nets": (b'"nets.0.layers.0.weight"', b'"layers.0.weight"', "FILE_NAME"),
    "input.factor": (b'"table.numbers"', b'"input.factor"', "FILE_TENSOR"),
    "no numbers": (b'"table.numbers"', b'"table.other"', "FILE_NAME"),
    "numbers of another length": (b'"shape":[7]', b'"shape":[7,1]', "FILE_TENSOR"),
    "version 2": (b'"cmlp":"1"', b'"cmlp":"2"', "FILE_VERSION"),
}  # fmt: skip
# Follow the grammar, but are no estimator of this package.
MEANINGS = {
    "unknown parameter": (b"n_estimators", b"n_estimator", "FILE_SYNTAX"),
    "invalid parameter": (b'estimators\\":2', b'estimators\\":0', "FILE_SYNTAX"),
}  # fmt: skip


def replaced(old, new):
    assert old in TEXT, old
    return repaired(TEXT.replace(old, new, 1), DATA)


def test_the_tiny_file_is_loaded(path):
    assert status_of(path, GOOD) == "OK" and is_accepted_elsewhere(GOOD)
    with pytest.warns(UserWarning, match="column 3: the value is missing"):
        assert cmlp.load(path).predict([[0.5, "one", "a", nan]]).shape == (1,)


@pytest.mark.parametrize("name", HEADS)
def test_invalid_head_raises_with_its_status(path, name):
    old, new, status = HEADS[name]
    content = replaced(old, new)
    assert status_of(path, content) == status_of(path, content, verify=False, mmap=True) == status
    assert not core_accepts(content) and not is_accepted_elsewhere(content)


def test_networks_of_other_hidden_layers_raise(path):
    """The second network is sound alone, but has another width than the first."""
    metadata, tensors = read(GOOD)
    n_in = tensors["nets.1.layers.0.weight"][1][0]
    shapes = {
        "nets.1.layers.0.weight": [n_in, 3],
        "nets.1.layers.0.bias": [3],
        "nets.1.layers.1.weight": [3, 1],
    }
    tensors = {
        name: (dtype, shapes.get(name, shape), data)
        for name, (dtype, shape, data) in tensors.items()
    }
    text, _ = head_of(
        metadata,
        {name: {"dtype": dtype, "shape": shape} for name, (dtype, shape, _) in tensors.items()},
    )
    data = b"".join(
        bytes(4 * np.prod(shapes[name])) if name in shapes else tensors[name][2] for name in tensors
    )
    content = repaired(text.rstrip(b" "), data)
    assert status_of(path, content, verify=False) == "FILE_TENSOR"
    assert not core_accepts(content) and not is_accepted_elsewhere(content)


@pytest.mark.parametrize("name", MEANINGS)
def test_file_that_is_no_estimator_raises(path, name):
    old, new, status = MEANINGS[name]
    content = replaced(old, new)
    assert core_accepts(content) and is_accepted_elsewhere(content)
    for options in ({}, {"verify": False}, {"verify": False, "mmap": True}):
        assert status_of(path, content, **options) == status


@pytest.mark.parametrize(
    ("levels", "status"),
    [
        (LEVELS[:-17], "FILE_VALUE"),  # fewer than outputs
        (LEVELS + b",3fee000000000000", "FILE_VALUE"),
        (LEVELS.replace(b"3fd0", b"3fe8"), "FILE_VALUE"),  # not ascending
        (LEVELS.replace(b"3fe8", b"3ff0"), "FILE_VALUE"),  # 1
        (LEVELS.replace(b"quantile", b"huber"), "FILE_SYNTAX"),
        (LEVELS + b",", "FILE_SYNTAX"),
    ],
)
def test_invalid_quantiles_raise(path, levels, status):
    assert status_of(path, QUANTILES) == "OK" and is_accepted_elsewhere(QUANTILES)
    text, data = split(QUANTILES)
    content = repaired(text.replace(LEVELS, levels), data)
    assert status_of(path, content) == status and not is_accepted_elsewhere(content)


def test_several_outputs_without_quantiles_are_no_estimator(path):
    text, data = split(QUANTILES)
    content = repaired(text.replace(LEVELS, b"squared_error"), data)
    assert core_accepts(content) == is_accepted_elsewhere(content)
    assert status_of(path, content, verify=False) == "FILE_SYNTAX"


def offset_of(name):
    """Return the offset of a tensor in the data."""
    return DATA.index(read(GOOD)[1][name][2])


@pytest.mark.parametrize(
    ("name", "position", "value"),
    [
        ("table.numbers", 0, nan),
        ("table.numbers", 1, 0.0),
        ("table.numbers", 1, -1.0),
        ("table.numbers", 2, 0.0),
        ("table.numbers", 4, float("inf")),
        ("table.numbers", 6, nan),
        ("table.target", 0, nan),
        ("table.target", 1, 0.0),
        ("table.target", 1, float("inf")),
        ("table.target", 2, 4.0),
    ],
)
def test_invalid_numbers_raise(path, name, position, value):
    at = offset_of(name) + 8 * position
    content = repaired(TEXT, DATA[:at] + struct.pack("<d", value) + DATA[at + 8 :])
    assert status_of(path, content) == "FILE_VALUE"
    assert status_of(path, content, verify=False) in ("FILE_VALUE", "FILE_SYNTAX")


def test_damaged_data_raise(path):
    assert (
        status_of(path, GOOD[:-1]) == "FILE_SHORT" and status_of(path, GOOD + b"\0") == "FILE_LONG"
    )
    assert status_of(path, repaired(TEXT, DATA[:-1] + b"\1", data_crc=False)) == "FILE_DATA_CRC"
    assert status_of(path, repaired(TEXT, struct.pack("<f", nan) + DATA[4:])) == "FILE_NONFINITE"
    at = offset_of("example.output")
    assert status_of(path, repaired(TEXT, DATA[:at] + bytes(8) + DATA[at + 8 :])) == "FILE_EXAMPLE"


@pytest.mark.slow
@pytest.mark.full
def test_every_flipped_bit_and_every_truncation_raises(path):
    for i in range(8 * len(GOOD)):
        flipped = bytearray(GOOD)
        flipped[i // 8] ^= 1 << i % 8
        assert status_of(path, flipped) != "OK"
    for n in range(len(GOOD)):
        assert status_of(path, GOOD[:n]) == "FILE_SHORT"


TOKENS = [b"unused,", b"category:2", b"number:2", b"number_or_missing:", b",null", b'[\\"a\\"]', b"nets.0", b"table.",
          b"1", b"0", b",", b'"', b"\\", b"e", b".", b"-", b"true"]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "tries"), [(GOOD, 6_000), (QUANTILES, 2_000)], ids=["one output", "quantiles"]
)
def test_core_and_independent_reader_agree(file, tries):
    rng, accepted = random.Random(3), 0
    TEXT, DATA = split(file)
    parts = (
        b'"columns"',
        b'"categories.counts"',
        b'"columns.kinds"',
        b'"nets.0',
        b'"nets.1',
        b'"table.',
        *[b'"loss"'] * (file is QUANTILES),
    )
    starts = [TEXT.index(part) for part in parts]
    for i in range(tries):
        text = bytearray(TEXT)
        for _ in range(rng.randint(1, 2)):
            at = rng.choice(
                [rng.choice(starts) + rng.randrange(80), rng.randrange(CRC_AT + 2, len(TEXT))]
            )
            if rng.random() < 0.5:
                text[at : at + rng.randint(1, 3)] = rng.choice(
                    [b"", b"1", b"0", b"null", b"2.5", b"a"]
                )
            else:
                text[at:at] = rng.choice(TOKENS)
        content = repaired(bytes(text), DATA)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, content)
    assert accepted > tries // 120


def test_schema_is_restored_with_its_types(path):
    codes = [{"a": 0, None: 1, 7: 2, 2.5: 3, 10**30: 4, -0.5: 5}, None]
    model = TabularRegressor(**FAST).fit([["a", 1.0], ["b", 2.0]] * 20, np.arange(40.0))
    column = TableColumn("category", "category", list(codes[0]))
    columns = TableColumns([column, *list(model_of(model).columns)[1:]])
    net = cmlp.Network([columns.width(True), 2, 1], "relu", output="identity", loss="squared_error")
    changed(model, columns=columns, networks=[(model_of(net).net, net.params)]).save(path)
    loaded = model_of(cmlp.load(path)).columns.codes[0]
    assert loaded == codes[0] and [type(value) for value in loaded] == [
        type(value) for value in codes[0]
    ]


def fitted_on(values):
    rows = [[value] for value in values] * 2
    return TabularRegressor(**{**FAST, "categorical_features": [0]}).fit(
        rows, np.arange(2.0 * len(values))
    )


def test_integers_with_the_same_hash_are_refused(path, monkeypatch):
    """A dict of n such integers takes n * n comparisons: 20,000 of them in a file of 550 kB took 7 seconds."""
    alike = [i * (2**61 - 1) for i in range(1, 201)]
    model = fitted_on(range(200))
    columns = [column._replace(categories=alike) for column in model_of(model).columns]
    with pytest.raises(
        ValueError,
        match="column 0 of TabularRegressor has more than 100 integers with the same hash",
    ):
        changed(model, columns=TableColumns(columns)).save(path)
    assert not path.exists()
    with monkeypatch.context() as patched:
        patched.setattr(json_texts, "MOST_EQUAL_HASHES", 200)
        changed(model, columns=TableColumns(columns)).save(path)
        cmlp.load(path)
    with pytest.raises(ModelFormatError, match="too many integers have the same hash"):
        cmlp.load(path)


def test_large_integers_survive(path):
    values = [2**200 + i for i in range(150)] + [i * (2**61 - 1) for i in range(50)]
    model = fitted_on(values)
    model.save(path)
    assert (
        cmlp.load(path).predict([[values[7]], [values[-1]]]).tobytes()
        == model.predict([[values[7]], [values[-1]]]).tobytes()
    )


SEEN_DAMAGES = [
    ('"shape":[2,2]', '"shape":[4]', "a tensor has an unexpected type, shape or offset"),
    ("201", "199", "does not fit"),
    ("201", "201.5", "does not fit"),
    ("201", "inf", "does not fit"),
    ("0.5", "1.5", "does not fit"),
    ("0.5", "nan", "does not fit"),
    ("0.0", "1.0", "does not fit"),
]


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
@pytest.mark.parametrize(("old", "new", "message"), SEEN_DAMAGES)
def test_what_a_file_says_of_rare_categories_is_checked(old, new, message, monkeypatch, tmp_path):
    """The first column has 200 of 201 categories, whose share of rare ones is 0.5 here; the second has numbers."""
    list_at_most(monkeypatch, 200)
    path = tmp_path / "table.cmlp"
    codes = np.arange(603) // 3
    rows = [[f"k{code}", float(code)] for code in codes.tolist()]
    model = TabularRegressor(**FAST).fit(rows, codes)
    column = model_of(model).columns[0]
    assert (column.n_seen, column.rare) == (201, 3 / 603)
    model.save(path)
    text, data = split(path.read_bytes())
    numbers = struct.pack("<4d", 201, 0, 3 / 603, 0)
    assert data.count(numbers) == 1 and b'"categories.seen":{"dtype":"F64","shape":[2,2]' in text
    head, values = b'"categories.seen":{"dtype":"F64",', {"201": 201.0, "0.5": 0.5, "0.0": 0.0}
    if old.startswith('"'):
        text = text.replace(head + old.encode(), head + new.encode())
    else:
        values[old] = float(new)
    data = data.replace(numbers, struct.pack("<4d", values["201"], values["0.0"], values["0.5"], 0))
    path.write_bytes(repaired(text, data))
    with pytest.raises(ModelFormatError, match=message):
        cmlp.load(path)


def test_a_full_column_may_have_had_more_categories(monkeypatch, tmp_path):
    """If a file does not say how many there were, for example that of a C program."""
    list_at_most(monkeypatch, 200)
    path = tmp_path / "table.cmlp"
    rows = [[f"k{code % 200}"] for code in range(600)]
    TabularRegressor(**FAST).fit(rows, range(600)).save(path)
    text, data = split(path.read_bytes())
    assert b'"categories.seen"' in text
    path.write_bytes(repaired(text.replace(b'"categories.seen"', b'"categories.sees"'), data))
    model = cmlp.load(path)
    assert not model.outside([["other"]] * 30).any() and model.warning_counts_ == {}
    with pytest.warns(UserWarning, match="after str.casefold"):
        model.predict([["K1"]] * 30)

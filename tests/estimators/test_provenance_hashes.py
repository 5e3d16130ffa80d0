"""The hashes in records of sparse rows, weights of classes and tables are those of an independent implementation."""

import json

import numpy as np
import pytest
from helpers import labels, uniform
from model_files import split
from optional import package
from record_hashes import hash_of_rows, hash_of_sparse_rows
from recorded_fits import record_of
from scipy import sparse

from cmlp import MLPClassifier, TabularClassifier, TabularRegressor

X = uniform(0, 1200, 3)
Y = labels(1, 1200, 3)
WEIGHT = np.arange(1200) % 5 + 0.5
CLASS_WEIGHT = {0: 3.0, 1: 0.3, 2: 1.0}
SMALL = {"hidden_layer_sizes": (4,), "random_state": 0, "provenance": True}
TABLE = {**SMALL, "n_estimators": 2, "n_epochs": 1}

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def test_sparse_rows():
    columns, values = [5, 5, 2, 1, 0, 29], [1.1, 2.2, 0.0, -0.0, 5.0, 0.1]
    rows = sparse.csr_matrix((values, columns, [0, 3, 3, 6]), (3, 30))
    data = record_of(MLPClassifier(**SMALL, max_iter=1, dtype="float64").fit(rows, [0, 1, 0]))[
        "data"
    ]
    assert data["X"] == hash_of_sparse_rows(
        "X", [{5: 1.1 + 2.2, 2: 0.0}, {}, {1: -0.0, 0: 5.0, 29: 0.1}], 30
    )


def test_weights_of_classes_count_for_validation_too():
    model = MLPClassifier(**SMALL, max_iter=1, class_weight=CLASS_WEIGHT).fit(
        X, Y, WEIGHT, X_val=X[:9], y_val=Y[:9]
    )
    data = record_of(model)["data"]
    of_rows = [CLASS_WEIGHT[label] for label in Y.tolist()]
    assert data["sample_weight"] == hash_of_rows("sample_weight", WEIGHT * of_rows)
    assert data["sample_weight_val"] == hash_of_rows("sample_weight_val", of_rows[:9])


def test_balanced_weights():
    data = record_of(
        MLPClassifier(**SMALL, max_iter=1, class_weight="balanced").fit(X, Y, WEIGHT / 3)
    )["data"]
    sums = [0.0, 0.0, 0.0]
    for label, weight in zip(Y.tolist(), (WEIGHT / 3).tolist(), strict=True):
        sums[label] += weight
    of_classes = [(sums[0] + sums[1] + sums[2]) / (3 * one) for one in sums]
    assert data["sample_weight"] == hash_of_rows(
        "sample_weight", WEIGHT / 3 * np.array(of_classes)[Y]
    )


@pytest.mark.filterwarnings("ignore:column 'b':UserWarning")  # its values are unknown
def test_rows_of_a_table():
    pandas = package("pandas")
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(np.arange(1200) / 4, "D")
    frame = pandas.DataFrame({"a": X[:, 0], "b": np.array(["u", "v", None], object)[Y], "c": days})
    frame.loc[::7, "a"] = None
    codes, held = (
        np.array([0.0, 2.0, 1.0])[Y],
        frame[:40].assign(b="w"),
    )  # the file has "u", null, "v"
    weight = np.where(np.arange(1200) % 4, WEIGHT, 0)
    model = TabularClassifier(**TABLE, class_weight=CLASS_WEIGHT).fit(
        frame, Y, weight, X_val=held, y_val=Y[:40]
    )
    rows = np.c_[frame["a"].to_numpy(float), codes, 19723 + np.arange(1200) / 4]
    data, counts = record_of(model)["data"], weight > 0
    products = (weight * [CLASS_WEIGHT[label] for label in Y.tolist()])[counts]
    assert data["X"] == hash_of_rows("X", rows[counts])
    assert data["X_val"] == hash_of_rows(
        "X_val", np.c_[rows[:40, :1], np.full(40, -1.0), rows[:40, 2:]]
    )
    assert data["y"] == hash_of_rows("y", Y[counts])
    assert data["sample_weight"] == hash_of_rows(
        "sample_weight", products / 16
    )  # the largest is 13.5


def test_targets_of_a_table(tmp_path):
    y = np.c_[X[:, 0] * 3 + 7, X[:, 1]]
    model = TabularRegressor(**TABLE).fit(X, y)
    model.save(tmp_path / "m.cmlp")
    head, data = split((tmp_path / "m.cmlp").read_bytes())
    begin, end = json.loads(head)["table.target"]["data_offsets"]
    centre, scale = np.frombuffer(data[begin:end]).reshape(2, 4)[:, :2].T
    assert record_of(model)["data"]["y"] == hash_of_rows(
        "y", ((y - centre) / scale).astype(np.float32)
    )

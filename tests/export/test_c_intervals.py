"""Intervals, and distances to the training rows, of exported headers of tables are bit-identical to Python's."""

import io
import warnings

import numpy as np
import pytest
from c_export import Target, build, needs_gcc, predictions, run
from helpers import assert_same_bits, model_in_c
from internals import model_of
from table_models import (
    FAST,
    UNSEEN,
    X,
    classifier,
    mixed_rows,
    regressor,
    regressor_of,
    rows_with_nan,
)

from cmlp import Network, TabularRegressor

COVERAGES = (0.9, 0.3, 0.999)
TIED = np.maximum(np.arange(80.0) % 9, 2)
TIED_LARGE = np.maximum(np.arange(600.0), 99.1)


def large_of(y):
    """Return a model whose fit held out enough rows to learn widths."""
    return TabularRegressor(**FAST).fit(mixed_rows(600, seed=0), y)


def grouped(n_targets=1):
    """Return a model of 12 groups, some of whose scores are infinite: new groups may have any error."""
    y = np.arange(80.0 * n_targets).reshape(80, n_targets) ** 1.5
    return TabularRegressor(**FAST).fit(
        X, y[:, 0] if n_targets == 1 else y, groups=np.arange(80) % 12
    )


MODELS = {
    "held out": regressor,
    "adaptive": lambda: large_of(np.arange(600.0) ** 2).calibrate(
        mixed_rows(300, seed=0), np.arange(300.0) ** 2
    ),
    "constant": lambda: regressor(interval_width="constant"),
    "calibrated": lambda: regressor().calibrate(X, np.arange(80) * 1000.0),
    "quantiles": lambda: regressor(loss="quantile", quantile=[0.1, 0.4, 0.9]),
    "frequent ends": lambda: regressor_of(TIED, loss="quantile", quantile=[0.1, 0.9]),
    "frequent lowest": lambda: regressor_of(TIED).calibrate(X, TIED),
    "both frequent": lambda: large_of(np.minimum(TIED_LARGE, 500.5)),
    "huber": lambda: regressor(loss="huber"),
    "poisson": lambda: regressor_of(np.arange(80) % 9, loss="poisson"),
    "frequent in each": lambda: regressor_of(np.stack([TIED, np.arange(80.0), -TIED], axis=1)),
    "groups": grouped,
    "groups of targets": lambda: grouped(2),
    "targets": lambda: regressor_of(np.arange(240.0).reshape(80, 3) ** [1, 2, 0.5]),
}


@needs_gcc
@pytest.mark.parametrize("name", MODELS)
def test_intervals_and_outside(tmp_path, name):
    model = MODELS[name]()
    model.to_c(tmp_path / "table.h", intervals=True)
    calibration = model_of(model).calibration
    assert (calibration.widths is not None) == (
        name in ("adaptive", "both frequent", "groups", "groups of targets")
    )
    assert (calibration.limits is not None) == ("frequent" in name or name == "poisson")
    raw = rows_with_nan(model, UNSEEN)
    n_out = model.predict(UNSEEN[:1]).size
    n_targets = 1 if "quant" in name or "ends" in name else n_out
    calls = "".join(
        f"    if (!table_interval({target}, {coverage}, y, output)) output[0] = -1.0;\n    output += 2;\n"
        for coverage in COVERAGES
        for target in range(n_targets)
    )
    n = 2 * len(COVERAGES) * n_targets
    (tmp_path / "all.h").write_text(
        f'#include "table.h"\nenum {{ all_inputs = table_inputs, all_outputs = {n} + table_inputs }};\n'
        "static int all_check(void) { return table_check(); }\n"
        "static void all_predict(const double *x, double *output)\n{\n    double y[table_outputs];\n"
        f"    table_predict(x, y);\n{calls}    table_outside(x, output);\n}}\n",
        encoding="ascii",
    )
    found, _ = predictions(tmp_path, "all", raw, output="double", classify=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends = [model.predict_interval(UNSEEN, coverage) for coverage in COVERAGES]
        distances = model.outside(UNSEEN)
    expected = np.concatenate([each.reshape(len(UNSEEN), -1) for each in ends], axis=1)
    assert np.isinf(expected).any() and np.isfinite(expected).any()
    assert_same_bits(found[:, :n], np.tile(expected, (2, 1)))
    distances = np.tile(distances, (2, 1))
    np.testing.assert_array_equal(found[:, n:], distances)
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    assert_same_bits(np.stack([in_c.outside(row) for row in raw]), distances)
    assert (distances > 0).any() and np.isnan(distances).any()


def test_only_regressors_have_intervals_and_only_on_request():
    with pytest.raises(ValueError, match=r"needs a regressor .* this model is a classifier"):
        classifier(["no", "yes"]).to_c(io.StringIO(), name="table", intervals=True)
    with pytest.raises(ValueError, match="only for regressors for tables"):
        Network([2, 2]).to_c(io.StringIO(), name="net", intervals=True)
    text = io.StringIO()
    regressor().to_c(text, name="table")
    assert "table_interval" not in text.getvalue() and "table_outside" not in text.getvalue()


@needs_gcc
def test_interval_of_no_target_reads_no_output(tmp_path):
    """A program without optimization reads what the header says, in its order."""
    regressor().to_c(tmp_path / "table.h", intervals=True)
    source = (
        '#include "table.h"\nint main(int argc, char **argv)\n{\n    (void)argv;\n'
        "    const double output[table_outputs] = {0};\n    double ends[2];\n"
        "    return table_interval(argc * 100000000, 0.9, output, ends);\n}\n"
    )
    run(build(tmp_path, source, Target("gcc", ("gcc", "-std=c99")), "-O0"))

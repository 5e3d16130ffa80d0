"""Conversion to and from PyTorch: the same outputs, round trips, and modules that are refused."""

import sys

import numpy as np
import pytest
from estimator_cases import blobs, small
from helpers import HIDDEN, LOSSES
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning"),
    pytest.mark.slow,
]

ATOL = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(scope="module")
def torch():
    return package("torch")


def assert_agrees(torch, module, forward, X):
    with torch.no_grad():
        got = module(torch.from_numpy(X)).numpy()
    expected = forward(X)
    assert got.dtype == expected.dtype
    atol = ATOL[got.dtype.name]
    np.testing.assert_allclose(got, expected, rtol=atol if expected.max() > 1 else 0, atol=atol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_round_trip_of_every_network(torch, dtype, activation):
    X = 3 * np.random.RandomState(0).standard_normal((30, 5)).astype(dtype)
    for output, losses in LOSSES.items():
        net = Network(
            [5, 7, 6, 3],
            activation,
            output=output,
            loss=losses[0],
            dtype=dtype,
            input_scale=0.5,
            random_state=1,
        )
        module = net.to_torch()
        assert_agrees(torch, module, net.forward, X)
        back = cmlp.from_torch(module)
        assert repr(back).split(";")[0] == repr(net).split(";")[0]
        assert back.params.tobytes() == net.params.tobytes()
        assert_agrees(torch, module, back.forward, X)


def test_parameters_and_scale(torch):
    net = Network(
        [3, 4, 4, 2], ["leaky_relu", "elu"], activation_parameter=[0.3, 2.5], input_scale=1 / 255
    )
    X = np.random.RandomState(0).randint(0, 256, (20, 3)).astype(np.uint8)
    assert_agrees(torch, net.to_torch(), net.forward, X)
    back = cmlp.from_torch(net.to_torch())
    assert back.activation_parameter == (0.3, 2.5)
    assert back.input_scale == 1 / 255
    np.testing.assert_array_equal(back.forward(X), net.forward(X))


def test_large_sums_of_softplus(torch):
    """torch's default threshold of 20 would give an error of 1e-9."""
    net = Network([1, 1, 1], "softplus", output="identity", loss="squared_error", dtype="float64")
    net.params = [1, 0, 1, 0]
    X = np.linspace(15, 60, 500)[:, None]
    with torch.no_grad():
        np.testing.assert_allclose(net.to_torch()(torch.from_numpy(X)), net.forward(X), rtol=1e-15)


def test_module_is_an_independent_copy(torch):
    net = Network([3, 4, 2], random_state=0)
    before = net.params.copy()
    module = net.to_torch()
    assert not module.training
    torch.nn.init.zeros_(module[0].weight)
    assert (net.params == before).all()
    back = cmlp.from_torch(module)
    torch.nn.init.ones_(module[0].weight)
    assert not back.weights[0].any()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_to_torch_and_back(torch, n_classes):
    X, y = blobs(n_classes)
    model = small().fit(X, np.array(["b", "a", "c"])[y])
    module = model.to_torch()
    assert_agrees(
        torch,
        module,
        lambda rows: model.predict_proba(rows)[:, -module(torch.from_numpy(X)).shape[1] :],
        X,
    )
    back = cmlp.from_torch(module, classes=model.classes_)
    assert type(back) is MLPClassifier and back.classes_.tolist() == model.classes_.tolist()
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    assert back.score(X, model.predict(X)) == 1


def test_converted_classifier_is_usable(torch, tmp_path):
    X, y = blobs()
    names = np.array(["sun", "moon", "earth"])  # not sorted
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(), nn.Sequential(nn.Linear(4, 6), nn.Dropout()), nn.GELU(), nn.Linear(6, 3)
    )
    model = cmlp.from_torch(module, classes=names)
    with torch.no_grad():
        logits = module.eval()(torch.from_numpy(X.astype(np.float32)))
    assert model.predict(X).tolist() == names[logits.argmax(1).numpy()].tolist()
    columns = model.classes_.searchsorted(names)
    np.testing.assert_allclose(
        model.predict_proba(X)[:, columns], torch.softmax(logits, 1), rtol=0, atol=1e-6
    )
    model.save(tmp_path / "model.cmlp")
    np.testing.assert_array_equal(cmlp.load(tmp_path / "model.cmlp").predict(X), model.predict(X))
    assert model.fit(X, names[y]).score(X, names[y]) > 0.9


@pytest.mark.parametrize("names", [["no", "yes"], ["yes", "no"]])
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("activated", [True, False])
def test_two_classes(torch, names, n_outputs, activated):
    nn, X = torch.nn, np.random.RandomState(0).standard_normal((50, 3))
    torch.manual_seed(1)
    head = nn.Sigmoid() if n_outputs == 1 else nn.Softmax(dim=-1)
    module = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, n_outputs)).double()
    with torch.no_grad():
        expected = head(module(torch.from_numpy(X))).numpy()[:, -1]
    model = cmlp.from_torch(nn.Sequential(module, head) if activated else module, classes=names)
    np.testing.assert_allclose(
        model.predict_proba(X)[:, model.classes_ == names[1]][:, 0], expected, atol=1e-12
    )
    assert model.predict(X).tolist() == [names[int(p > 0.5)] for p in expected]


def test_outputs_of_all_zeros_give_uniform_probabilities(torch):
    X, y = blobs()
    model = small(loss="squared_error").fit(X, y)
    model.intercepts_ = [np.zeros(8), np.full(3, -1e4)]
    assert_agrees(torch, model.to_torch(), model.predict_proba, X)
    np.testing.assert_allclose(model.predict_proba(X), 1 / 3)


def test_warm_start_with_another_activation_parameter_raises(torch):
    X, y = blobs()
    nn = torch.nn
    model = cmlp.from_torch(
        nn.Sequential(nn.Linear(4, 6), nn.ELU(2), nn.Linear(6, 3)), classes=[0, 1, 2]
    )
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="fitted with activation_parameter="):
        model.set_params(warm_start=True, dtype="auto", activation_parameter=1.0).fit(
            X.astype(np.float32), y
        )
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_regressor(torch):
    X, y = blobs()
    for loss in ("squared_error", "poisson"):
        model = MLPRegressor(loss, (8,), max_iter=3, random_state=0, dtype="float64").fit(X, y)
        assert_agrees(
            torch, model.to_torch(), lambda rows, model=model: model.predict(rows)[:, None], X
        )


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda nn: [nn.Linear(2, 3), nn.BatchNorm2d(3)],
            TypeError,
            "does not support torch.nn.modules.batchnorm.Ba",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.BatchNorm1d(4)],
            ValueError,
            "BatchNorm1d must have 3 features, got 4",
        ),
        (
            lambda nn: [nn.BatchNorm1d(4), nn.Linear(2, 3)],
            ValueError,
            "BatchNorm1d must have 2 features, got 4",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)],
            ValueError,
            "BatchNorm1d needs track_running_stats=True",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Sigmoid(), nn.BatchNorm1d(3)],
            ValueError,
            "after the last activation",
        ),
        (
            lambda nn: [nn.BatchNorm1d(2), nn.BatchNorm1d(2)],
            ValueError,
            "after another BatchNorm1d is only",
        ),
        (
            lambda nn: [nn.BatchNorm1d(2), nn.ReLU(), nn.Linear(2, 3)],
            ValueError,
            "ReLU after BatchNorm1d is only",
        ),
        (
            lambda nn: [nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(2, 3)],
            ValueError,
            r"only Flatten\(\) before the f",
        ),
        (
            lambda nn: [nn.Conv1d(2, 3, 1)],
            TypeError,
            "does not support torch.nn.modules.conv.Conv1d",
        ),
        (lambda nn: [nn.Linear(2, 3), nn.LogSoftmax(1)], TypeError, "LogSoftmax"),
        (
            lambda nn: [nn.Linear(2, 3), nn.Softmax(0)],
            ValueError,
            "Softmax needs dim=1 or -1, got 0",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.GELU("tanh"), nn.Linear(3, 2)],
            ValueError,
            "approximate='none', got 'tanh'",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Softplus(2), nn.Linear(3, 2)],
            ValueError,
            "Softplus needs beta=1, got 2",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.ReLU(), nn.Tanh()],
            ValueError,
            "Tanh after another activation",
        ),
        (lambda nn: [nn.ReLU(), nn.Linear(2, 3)], ValueError, "ReLU before the first Linear"),
        (
            lambda nn: [nn.Linear(2, 3), nn.ReLU()],
            ValueError,
            "'relu' is not supported in the output layer",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Softmax(1), nn.Linear(3, 2)],
            ValueError,
            "'softmax' is not supported in a h",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Linear(4, 2)],
            ValueError,
            r"weights of shape \(3, 2\), got \(4, 2\)",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Linear(3, 2).double()],
            ValueError,
            "same dtype, got float32 and float64",
        ),
        (
            lambda nn: [nn.Linear(2, 3).half()],
            ValueError,
            "must be float32 or float64, got torch.float16",
        ),
        (lambda nn: [nn.Identity()], ValueError, "at least one Linear"),
        (
            lambda nn: [nn.Linear(2, 3), nn.LeakyReLU(-1), nn.Linear(3, 2)],
            ValueError,
            "negative_slope of at .*, got -1.0",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.ELU(-1.0), nn.Linear(3, 2)],
            ValueError,
            "alpha of at least 0, got -1.0",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Softplus(1, 5), nn.Linear(3, 2)],
            ValueError,
            "threshold of at least 20, got 5",
        ),
        (
            lambda nn: [nn.Flatten(0), nn.Linear(2, 3)],
            ValueError,
            r"Flatten\(start_dim=0, end_dim=-1\) is not supported",
        ),
        (
            lambda nn: [nn.Linear(2, 3), nn.Flatten()],
            ValueError,
            r"only Flatten\(\) before the first Linear is",
        ),
    ],
)
def test_unsupported_modules_are_named(torch, build, error, message):
    with pytest.raises(error, match=message):
        cmlp.from_torch(torch.nn.Sequential(*build(torch.nn)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("place", ["before", "after", "behind the activation", "everywhere"])
def test_batch_norm_is_a_part_of_the_linear_beside_it(torch, place, dtype):
    """As skorch's users build tables: BatchNorm1d before or behind each activation, or on the inputs."""
    nn = torch.nn
    torch.manual_seed(0)
    modules = {
        "before": [nn.BatchNorm1d(3), nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)],
        "after": [nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)],
        "behind the activation": [
            nn.Linear(3, 8),
            nn.ReLU(),
            nn.BatchNorm1d(8),
            nn.Dropout(),
            nn.Linear(8, 2),
        ],
        "everywhere": [
            nn.BatchNorm1d(3),
            nn.Linear(3, 8, bias=False),
            nn.BatchNorm1d(8, affine=False),
            nn.BatchNorm1d(8, eps=0.1),
            nn.Tanh(),
            nn.BatchNorm1d(8),
            nn.Linear(8, 2),
            nn.BatchNorm1d(2),
        ],
    }[place]
    module = nn.Sequential(*modules).to(getattr(torch, dtype))
    X = (np.random.RandomState(0).standard_normal((200, 3)) * [1, 5, 0.1] + [0, 3, -1]).astype(
        dtype
    )
    for part in modules:
        if type(part) is nn.BatchNorm1d and part.affine:
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    for rows in np.array_split(X, 4):  # running means and variances
        module(torch.from_numpy(rows))
    net = cmlp.from_torch(module)  # in training mode
    assert_agrees(torch, module.eval(), net.forward, X)
    assert net.sizes == (3, 8, 2) and net.dtype == dtype


def test_elu_with_alpha_0_is_relu(torch):
    X = np.random.RandomState(0).standard_normal((20, 3)).astype(np.float32)
    module = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ELU(0.0), torch.nn.Linear(8, 2))
    assert_agrees(torch, module, cmlp.from_torch(module).forward, X)


def test_modules_that_compute_something_else_are_refused(torch):
    nn = torch.nn
    hooked, with_pre_hook, replaced = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    hooked.register_forward_hook(lambda module, arguments, output: 2 * output)
    with_pre_hook.register_forward_pre_hook(lambda module, arguments: (2 * arguments[0],))
    replaced.forward = torch.relu
    for module, message in (
        (hooked, "Linear has forward hooks"),
        (with_pre_hook, "Linear has forward hooks"),
        (replaced, "Linear has a replaced forward method"),
    ):
        with pytest.raises(ValueError, match=message):
            cmlp.from_torch(module)
        with pytest.raises(ValueError, match=message):
            cmlp.from_torch(nn.Sequential(nn.Identity(), nn.Sequential(module)))
    outer = nn.Sequential(nn.Linear(2, 2))
    outer.register_forward_hook(lambda module, arguments, output: 2 * output)
    with pytest.raises(ValueError, match="Sequential has forward hooks"):
        cmlp.from_torch(outer)


def test_nested_sequentials_do_not_exhaust_stack_or_time(torch):
    nn = torch.nn
    deep = nn.Sequential(nn.Linear(2, 3))
    for _ in range(3000):
        deep = nn.Sequential(deep)
    assert cmlp.from_torch(deep).sizes == (2, 3)
    itself = nn.Sequential(nn.Linear(2, 2))
    itself.append(nn.Sequential(itself))
    with pytest.raises(ValueError, match="a Sequential must not contain itself"):
        cmlp.from_torch(itself)
    doubled = nn.Sequential()
    for _ in range(60):
        doubled = nn.Sequential(doubled, doubled)
    with pytest.raises(ValueError, match="must not contain more than 10000 modules"):
        cmlp.from_torch(doubled)
    block = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    assert cmlp.from_torch(nn.Sequential(block, block)).sizes == (2, 2, 2)


@pytest.mark.parametrize("scale", [-1.0, 0.0, float("nan"), float("inf")])
def test_input_scale_must_be_positive(torch, scale):
    InputFactor = type(Network([2, 3], input_scale=0.5).to_torch()[0])
    assert InputFactor.__name__ == "InputFactor"
    with pytest.raises(ValueError, match="InputFactor needs a positive number"):
        cmlp.from_torch(
            torch.nn.Sequential(InputFactor(scale, torch.float32), torch.nn.Linear(2, 3))
        )


def test_other_errors(torch):
    nn = torch.nn
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, got list"):
        cmlp.from_torch([nn.Linear(2, 3)])
    with pytest.raises(ValueError, match="one label for each of 3 classes, got 2"):
        cmlp.from_torch(nn.Linear(2, 3), classes=["a", "b"])
    with pytest.raises(ValueError, match="classes must be distinct"):
        cmlp.from_torch(nn.Linear(2, 3), classes=["a", "b", "a"])
    with pytest.raises(
        ValueError, match="3 outputs must end with softmax or without an activation, got 'logistic'"
    ):
        cmlp.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Sigmoid()), classes=[1, 2, 3])
    linear = nn.Linear(2, 3)
    linear.weight.data[0, 0] = float("inf")
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        cmlp.from_torch(linear)


def test_missing_package_is_named(monkeypatch, net):
    monkeypatch.setitem(sys.modules, "torch", None)
    for use in (net.to_torch, lambda: cmlp.from_torch(net)):
        with pytest.raises(
            ImportError, match="_torch needs the package torch: install it with `pip install torch`"
        ):
            use()


# ------------------------------------------------------------------------------------------------------- tables

TINY = {"n_estimators": 3, "hidden_layer_sizes": (6,), "n_epochs": 3, "random_state": 0}


def raw_rows(n, seed):
    """Return rows of numbers, missing numbers, two categories, three categories and missing ones, and a constant."""
    rng = np.random.RandomState(seed)
    rows = [
        [rng.standard_normal() * 1e6, rng.exponential(), "ab"[i % 2], "xyz"[rng.randint(3)], 7.0]
        for i in range(n)
    ]
    for row in rows[::5]:
        row[1] = np.nan
    for row in rows[::6]:
        row[3] = None
    return rows


def tabular(kind, y, **options):
    return kind(**TINY, **options, categorical_features=[2, 3]).fit(raw_rows(80, 0), y)


TABLES = {
    "binary": lambda: tabular(TabularClassifier, np.arange(80) % 3 > 0),
    "multiclass": lambda: tabular(TabularClassifier, np.arange(80) % 3),
    "regressor": lambda: tabular(TabularRegressor, np.arange(80.0) ** 2),
    "quantiles": lambda: tabular(
        TabularRegressor, np.arange(80.0), loss="quantile", quantile=[0.1, 0.5, 0.9]
    ),
    "unused": lambda: TabularRegressor(**TINY).fit([[1.0]] * 80, np.arange(80.0)),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_agree(torch, name):
    model = TABLES[name]()
    module = model.to_torch()
    rows = (
        [[1.0]] * 3 if name == "unused" else [*raw_rows(40, 1), [1e300, np.nan, "new", "new", 7.0]]
    )
    codes = [
        [
            value if known is None else known.index(value) if value in known else -1
            for value, known in zip(row, module.categories, strict=True)
        ]
        for row in rows
    ]
    with torch.no_grad():
        got = module(torch.tensor(codes, dtype=torch.float64))
        if (
            name != "unused"
        ):  # a missing category is its code or NaN, and one that training lacked -1 or NaN
            missing = module.categories[3].index(None)
            with_nan = [
                [
                    *row[:2],
                    np.nan if row[2] == -1 else row[2],
                    np.nan if row[3] == missing else row[3],
                    7,
                ]
                for row in codes
            ]
            assert np.isnan(with_nan)[:, 3].sum() > 5 and np.isnan(with_nan)[-1, 2]
            assert torch.equal(module(torch.tensor(with_nan, dtype=torch.float64)), got)
    expected = (
        model.predict_proba(rows)[:, 1:]
        if name == "binary"
        else model.predict_proba(rows)
        if name == "multiclass"
        else model.predict(rows)
    )
    assert got.dtype == torch.float64
    np.testing.assert_allclose(got.numpy().reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        wider = module.double()(torch.tensor(codes, dtype=torch.float64))
    np.testing.assert_allclose(wider, got, rtol=1e-5, atol=1e-5)


def test_module_of_a_table_is_not_read(torch):
    with pytest.raises(TypeError, match="Table"):
        cmlp.from_torch(TABLES["regressor"]().to_torch())

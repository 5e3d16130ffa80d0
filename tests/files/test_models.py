"""save and load: loaded networks and estimators are bit-identical to the saved ones."""

import contextlib
import copy
import ctypes
import gzip
import io
import os
import pickle
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from helpers import HIDDEN, OUTPUTS, assert_same_bits, model_in_c, parameter_of
from hostile_files import written
from internals import model_of, state_of
from model_files import head_of, read, repaired, split

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.exceptions import ModelFormatError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = np.arange(60) % 3


def classifier(**parameters):
    return MLPClassifier(
        **{"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 1, **parameters}
    )


@pytest.fixture(autouse=True)
def without_warnings(recwarn):
    """Ignore the ConvergenceWarning of short fits."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


OPTIONS = [{"mmap": mmap, "verify": verify} for mmap in (False, True) for verify in (False, True)]


# -------------------------------------------------------------------------------------------------------- networks

NETWORKS = [
    {"sizes": [4, 3, 2]},
    {"sizes": [4, 1], "output": "identity", "loss": "squared_error", "dtype": "float64"},
    {"sizes": [4, 3, 1], "activation": "tanh", "output": "logistic", "input_scale": 1 / 255},
    {
        "sizes": [4, 2, 2],
        "activation": "relu",
        "output": "exp",
        "loss": "poisson",
        "input_scale": 1e-300,
    },
    {"sizes": [4, *[2] * 9, 3], "activation": ["relu", "identity", "logistic"] * 3},
    {"sizes": [4, *[1] * 62, 1], "output": "logistic", "dtype": "float64"},
    {
        "sizes": [4, 3, 3, 2],
        "activation": ["leaky_relu", "elu"],
        "activation_parameter": [0.2, 1.5],
        "output": "identity",
        "loss": "huber",
        "loss_parameter": 0.1,
    },
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("description", NETWORKS)
def test_network_survives(path, description, options):
    network = Network(**description, random_state=2)
    network.save(path)
    loaded = cmlp.load(path, **options)
    assert (
        type(loaded) is Network and repr(loaded) == repr(network) and loaded.sizes == network.sizes
    )
    assert_same_bits(loaded.params, network.params)
    assert_same_bits(loaded.forward(X), network.forward(X))
    assert loaded.input_scale == network.input_scale


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "loss, output", {loss: output for output, loss in reversed(OUTPUTS)}.items()
)
def test_every_activation_and_loss_survives(path, dtype, loss, output):
    sizes, kind = [4, *[3] * len(HIDDEN), 2], {"output": output, "loss": loss, "dtype": dtype}
    own = {"activation_parameter": 0.3, "loss_parameter": parameter_of(loss)}
    for parameters in ({}, own):
        network = Network(sizes, HIDDEN, **kind, **parameters)
        network.params[:] = RNG.normal(size=network.n_params)
        path.write_bytes(written(network, strings={}))
        loaded = cmlp.load(path)
        assert model_of(loaded).net.__reduce__() == model_of(network).net.__reduce__()
        assert_same_bits(loaded.forward(X), network.forward(X))
        read(path.read_bytes())


def test_mapped_parameters_are_copied_when_written(path):
    network = Network([4, 60_000, 2], random_state=2)
    network.save(path)
    before = path.read_bytes()
    one, other = cmlp.load(path, mmap=True), cmlp.load(path, mmap=True)
    one.train_epoch(X, Y % 2, 10, 0.1)
    one.weights[0][0, 0] = 9
    assert one.params[0] == 9
    assert_same_bits(other.params, network.params)
    assert path.read_bytes() == before
    assert_same_bits(pickle.loads(pickle.dumps(one)).params, one.params)
    assert_same_bits(copy.copy(one).params, one.params)


def test_mapped_model_keeps_its_content_when_the_file_is_replaced(path):
    network = Network([4, 3, 2], random_state=2)
    network.save(path)
    large = Network([4, 60_000, 2], random_state=2)
    for one in (network, large):
        one.save(path)
        mapped = cmlp.load(path, mmap=True)
        Network(one.sizes, random_state=3).save(path)
        assert_same_bits(mapped.params, one.params)


def test_small_file_is_read_and_can_be_overwritten_in_place(path):
    network = Network([4, 3, 2], random_state=2)
    network.save(path)
    loaded = cmlp.load(path, mmap=True)
    Network([4, 3, 2], random_state=3).save(path.with_name("other"))
    with open(path, "r+b") as file:  # as cp and rsync --inplace do
        file.write(path.with_name("other").read_bytes())
    assert_same_bits(loaded.params, network.params)
    with open(path, "r+b") as file:
        file.truncate(0)
    assert_same_bits(loaded.params, network.params)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_mapped_models_keep_no_descriptor_open(path):
    Network([4, 60_000, 2], random_state=2).save(path)
    n_open = len(os.listdir("/proc/self/fd"))
    loaded = [cmlp.load(path, mmap=True) for _ in range(20)]
    assert len(os.listdir("/proc/self/fd")) == n_open
    with open("/proc/self/maps", encoding="utf-8") as file:
        assert sum(path.name in line for line in file) >= len(loaded)
    del loaded
    with open("/proc/self/maps", encoding="utf-8") as file:
        assert not any(path.name in line for line in file)


def test_save_rejects_non_finite_weights(path):
    network = Network([4, 3, 2], random_state=2)
    network.params[5] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        network.save(path)
    assert not path.exists()


def test_file_of_the_c_library_is_loaded_as_a_network(path):
    network = Network([4, 3, 2], random_state=2)
    path.write_bytes(written(network, strings={}))
    assert type(cmlp.load(path)) is Network


# ------------------------------------------------------------------------------------------------------ estimators

FITS = [
    {},
    {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True},
    {
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate": "invscaling",
        "tol": 0,
        "n_iter_no_change": np.inf,
    },
    {
        "learning_rate": "one_cycle",
        "hidden_layer_sizes": [3, 2],
        "activation": ["tanh", "logistic"],
    },
    {"hidden_layer_sizes": (), "dtype": "float64", "input_scale": 0.25, "alpha": np.float32(0.1)},
    {"hidden_layer_sizes": np.array([4]), "batch_size": np.int64(7), "loss": "squared_error"},
]
SCALARS = [
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "n_features_in_",
    "out_activation_",
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("parameters", FITS)
def test_classifier_survives(path, parameters, options):
    model = classifier(**parameters).fit(X, Y)
    model.save(path)
    loaded = cmlp.load(path, **options)
    assert type(loaded) is MLPClassifier
    assert_same_bits(loaded.predict_proba(X), model.predict_proba(X))
    assert_same_bits(loaded.predict(X), model.predict(X))
    assert [getattr(loaded, name) for name in SCALARS] == [getattr(model, name) for name in SCALARS]
    for name, value in model.get_params().items():
        again = loaded.get_params()[name]
        if not isinstance(value, np.ndarray):
            assert again == value and (
                isinstance(value, np.generic) or type(again) is type(value)
            ), name


@pytest.mark.parametrize("state", [False, True])
def test_classifier_without_epochs_survives(path, state):
    pytest.importorskip("scipy")
    model = classifier(solver="lbfgs").fit(X, Y)
    model.save(path, include_training_state=state)
    loaded = cmlp.load(path)
    assert_same_bits(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.n_iter_ == model.n_iter_ and loaded.loss_ == model.loss_
    assert not hasattr(loaded, "loss_curve_") and not hasattr(model, "loss_curve_")


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("shape", [(60,), (60, 3)])
def test_regressor_survives(path, loss, shape):
    y = RNG.uniform(size=shape)
    model = MLPRegressor(loss, (5,), max_iter=3, random_state=1).fit(X, y)
    model.save(path)
    loaded = cmlp.load(path)
    assert type(loaded) is MLPRegressor
    assert_same_bits(loaded.predict(X), model.predict(X))
    assert repr(loaded) == repr(model)


def test_feature_names_survive(path):
    pandas = pytest.importorskip("pandas")
    names = ["a", "é\u2028\ud800", 'x"\\', ""]
    # dtype=object: with pyarrow installed, pandas' own dtype for text does not allow lone
    # surrogates
    frame = pandas.DataFrame(X, columns=pandas.Index(names, dtype=object))
    model = classifier().fit(frame, Y)
    model.save(path)
    loaded = cmlp.load(path)
    assert loaded.feature_names_in_.tolist() == names and loaded.feature_names_in_.dtype == object
    in_c = model_in_c(path)
    assert [in_c.column_name(i) for i in range(4)] == names
    assert_same_bits(loaded.predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.iloc[:, ::-1])


def test_two_surrogates_survive(path):
    """They are no valid Unicode, and must not come back as the character that such a pair stands for in UTF-16."""
    pandas = pytest.importorskip("pandas")
    pair = "\ud800\udc80"
    frame = pandas.DataFrame(X[:, :2], columns=pandas.Index(["a", pair], dtype=object))
    objects = pandas.DataFrame({"a": np.array(["x", pair] * (len(X) // 2), object)}, dtype=object)
    texts = np.array(["b", pair], object)[np.arange(len(X)) % 2]
    numbers, targets = np.arange(len(X)) / 7, pandas.DataFrame(X[:, :2], columns=frame.columns)
    table = {"n_estimators": 1, "n_epochs": 1}

    def saved(model):
        model.save(path)
        return cmlp.load(path)

    assert saved(classifier().fit(frame, Y)).feature_names_in_.tolist() == ["a", pair]
    assert saved(classifier().fit(X, texts)).classes_.tolist() == ["b", pair]
    model = cmlp.TabularRegressor(**table)
    assert saved(model.fit(frame, numbers)).feature_names_in_.tolist() == ["a", pair]
    loaded = saved(model.fit(objects, numbers[: len(objects)]))
    assert sorted(loaded.categories_["a"]) == ["x", pair]
    assert [*model_of(saved(model.fit(X, targets))).answer_scale.names] == ["a", pair]


def test_loaded_estimator_can_be_fitted_again(path):
    model = classifier().fit(X, Y)
    model.save(path)
    again = cmlp.load(path).fit(X, Y)
    assert_same_bits(again.coefs_[0], model.coefs_[0])
    cmlp.load(path, mmap=True).partial_fit(X, Y)
    warm = cmlp.load(path).set_params(warm_start=True).fit(X, Y)
    assert_same_bits(warm.coefs_[0], model.set_params(warm_start=True).fit(X, Y).coefs_[0])


@pytest.mark.parametrize("parameters", FITS)
def test_training_state_continues_exactly(path, parameters):
    model = classifier(**{**parameters, "early_stopping": False}).fit(X, Y)
    model.save(path, include_training_state=True)
    for options in OPTIONS:
        loaded, kept = cmlp.load(path, **options), copy.deepcopy(model)
        assert loaded.loss_curve_ == kept.loss_curve_
        if parameters.get("learning_rate") == "one_cycle":
            continue  # the one-cycle schedule has ended
        for _ in range(3):
            loaded.partial_fit(X, Y)
            kept.partial_fit(X, Y)
        assert_same_bits(loaded.network_.params, kept.network_.params)
        assert loaded.loss_curve_ == kept.loss_curve_


def test_training_state_continues_an_unfinished_cycle(path):
    model = classifier(learning_rate="one_cycle", max_iter=4).partial_fit(X, Y, classes=[0, 1, 2])
    model.save(path, include_training_state=True)
    loaded = cmlp.load(path)
    assert_same_bits(loaded.partial_fit(X, Y).coefs_[0], model.partial_fit(X, Y).coefs_[0])


def test_training_state_keeps_validation_scores(path):
    model = classifier(early_stopping=True).fit(X, Y)
    model.save(path, include_training_state=True)
    assert cmlp.load(path).validation_scores_ == model.validation_scores_
    model.save(path)
    assert cmlp.load(path).validation_scores_ == []
    assert cmlp.load(path).best_validation_score_ == model.best_validation_score_


@pytest.mark.parametrize(
    "generator",
    [np.random.RandomState(5), Trainer(Network([1, 2]), random_state=5).state.generator],
)
def test_state_of_an_interrupted_training_survives(path, generator):
    """Unlike a finished training, it has a row order, a generator, best parameters and a batch number."""
    model = classifier().fit(X, Y)
    state = state_of(model)
    generator.random_sample(1000)
    state.generator, state.order, state.batch, state.epoch = (
        generator,
        np.arange(60)[::-1].copy(),
        3,
        2,
    )
    state.best_params = state.params + 1
    model.save(path, include_training_state=True)
    loaded = state_of(cmlp.load(path))
    assert_same_bits(loaded.generator.random_sample(2000), generator.random_sample(2000))
    assert_same_bits(loaded.order, state.order)
    assert_same_bits(loaded.best_params, state.best_params)
    assert (loaded.batch, loaded.epoch, loaded.stopped) == (3, 2, state.stopped)


def test_files_are_small(path):
    """At most 3 KB in addition to the weights and the example."""
    digits = np.arange(100) % 10
    model = MLPClassifier((16, 16), max_iter=2).fit(
        RNG.integers(0, 256, (100, 784)).astype(np.uint8), digits
    )
    model.save(path)
    assert path.stat().st_size <= 4 * (13002 + 784 + 10) + 3000


# -------------------------------------------------------------------------------------------------------- errors


def test_save_error_names_unsupported_parameters(path):
    class Own(MLPClassifier):
        pass

    model = classifier(random_state=np.random.RandomState(1)).fit(X, Y)
    with pytest.raises(TypeError, match="random_state of MLPClassifier is a RandomState"):
        model.save(path)
    with pytest.raises(TypeError, match=r"Own cannot be saved: .* not a subclass"):
        Own(max_iter=1).fit(X, Y).save(path)
    with pytest.raises(ValueError, match="not fitted yet"):
        classifier().save(path)
    with pytest.raises(ValueError, match="alpha"):
        classifier().fit(X, Y).set_params(alpha=-1).save(path)
    assert not path.exists()


def test_save_accepts_the_same_paths_as_open(path):
    network = Network([4, 3, 2])
    network.save(str(path))
    assert repr(cmlp.load(os.fspath(path))) == repr(network)
    with pytest.raises(TypeError):
        network.save(3.5)
    with pytest.raises(FileNotFoundError):
        cmlp.load(path.with_name("none"))
    with pytest.raises(FileNotFoundError):
        network.save(path.with_name("none") / "model")
    with pytest.raises(OSError):  # which one depends on the system
        cmlp.load(path.parent)


def changed_strings(path, **strings):
    """Return the file with changed metadata and correct checksums."""
    metadata, tensors = read(path.read_bytes())
    metadata = {key: value for key, value in {**metadata, **strings}.items() if value is not None}
    fixed = list(metadata)[:7]
    metadata = {key: metadata[key] for key in fixed + sorted(set(metadata) - set(fixed))}
    shapes = {name: {"dtype": dtype, "shape": shape} for name, (dtype, shape, _) in tensors.items()}
    text, _ = head_of(metadata, shapes)
    return repaired(text.rstrip(b" "), split(path.read_bytes())[1])


WRONG = {
    "kind": ["regressor", "MLPClassifier", "os.system", ""],
    "parameters": [
        "[]",
        "{",
        '{"alpha":NaN}',
        '{"alpha":1,"alpha":2}',
        '{"nothing":1}',
        '{"alpha":{"float":"1"}}',
    ],
    "history": ["[]", "{}", '{"t":1}'],
    "training": ["{}", "[]", '{"epoch":1}'],
}
WRONG["labels_dtype"] = ["", "U3", "int128", "object", "U", "bool", "uint64x", "[]"]
WRONG["parameters"] += [
    '{"alpha":-1.0}',
    '{"solver":"none"}',
    '{"hidden_layer_sizes":0}',
    '{"solver":{"tuple":[]}}',
    '{"tol":' + " " * 70_000 + "1}",
]
WRONG["history"] += [
    f'{{"t":{t},"epoch":{epoch},"loss":null,"best_loss":null,"best_validation_score":null,"stale":{stale},'
    f'"scored":false{more}}}'
    for t, epoch, stale, more in (
        (-1, 0, 0, ""),
        (0, -1, 0, ""),
        (0, 0, -1, ""),
        (0, 0, True, ""),
        (0, 0, 0, ',"x":1'),
    )
]


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        ([0, 1, 128], "int8"),
        ([-1, 0, 1], "uint8"),
        ([0.0, 1.0, 65536.0], "float16"),
        ([0.0, 1.0, 2049.0], "float16"),
        ([0.0, 1.0, 16777217.0], "float32"),
        ([0.0, 1.0, 3.5e38], "float32"),
        (["1", "2", "3"], "int64"),
        (["a", "b", "c"], "float64"),
        ([2**63, 2**63 + 1, 2**64 - 1], "int64"),
    ],
)
def test_labels_that_their_dtype_cannot_have_are_refused(path, labels, dtype):
    model = classifier().fit(X, np.array(sorted(labels))[Y])
    model.save(path)
    assert cmlp.load(path).classes_.tolist() == sorted(labels)
    path.write_bytes(changed_strings(path, labels_dtype=dtype))
    with pytest.raises(ModelFormatError, match=r"not values of their type|unknown type"):
        cmlp.load(path)


def test_a_bug_is_not_reported_as_a_damaged_file(path, monkeypatch):
    classifier().fit(X, Y).save(path)
    monkeypatch.setattr(MLPClassifier, "_options", lambda estimator: len(None))
    with pytest.raises(TypeError, match="has no len"):
        cmlp.load(path)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG.items() for value in values]
)
def test_invalid_metadata_raise(path, key, value):
    classifier().fit(X, Y).save(path, include_training_state=True)
    assert isinstance(cmlp.load(path), MLPClassifier)
    path.write_bytes(changed_strings(path, **{key: value}))
    with pytest.raises(ModelFormatError, match="cannot be loaded"):
        cmlp.load(path)


MANY = 300_000
LARGE = {
    "keys of other programs": {f"z{i:06}": "" for i in range(MANY)},
    "lists in the parameters": {"parameters": "[" + "[]," * MANY + "[]]"},
    "lists in the history": {"history": "[" + "[]," * MANY + "[]]"},
}


def test_a_key_that_a_constructor_misses_is_no_damage_of_the_file(path, monkeypatch):
    MLPClassifier((2,), max_iter=1).fit([[0.0], [1.0]], [0, 1]).save(path)

    def fail(self, *arguments, **parameters):
        raise KeyError("a bug")

    monkeypatch.setattr(MLPClassifier, "__init__", fail)
    with pytest.raises(KeyError, match="a bug"):
        cmlp.load(path)


@pytest.mark.parametrize("strings", LARGE.values(), ids=LARGE)
def test_large_heads_take_less_than_four_bytes_of_memory_per_byte(path, strings):
    classifier().fit(X, Y).save(path)
    path.write_bytes(changed_strings(path, **strings))
    tracemalloc.start()
    with contextlib.suppress(ModelFormatError):
        cmlp.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * path.stat().st_size


def test_optimizer_of_another_version_raises(path):
    classifier().fit(X, Y).save(path, include_training_state=True)
    stored = read(path.read_bytes())[0]["training"]
    assert '"optimizer.version":1' in stored
    for changed in (
        '"optimizer.version":2',
        '"optimizer.version":"1"',
        '"optimizer.weight_decay":0.0',
    ):
        path.write_bytes(
            changed_strings(path, training=stored.replace('"optimizer.version":1', changed))
        )
        with pytest.raises(ModelFormatError, match=r"version|cannot be loaded"):
            cmlp.load(path)


@pytest.mark.parametrize("name", ["epoch", "schedule_epoch", "batch"])
def test_negative_counters_of_the_training_state_raise(path, name):
    classifier().fit(X, Y).save(path, include_training_state=True)
    stored = read(path.read_bytes())[0]["training"]
    changed = re.sub(rf'"{name}":(\d+|null)', f'"{name}":-1', stored, count=1)
    assert changed != stored
    path.write_bytes(changed_strings(path, training=changed))
    with pytest.raises(ModelFormatError, match=f"training state is damaged: {name} is -1"):
        cmlp.load(path)


def test_invalid_training_arrays_raise(path):
    classifier().fit(X, Y).save(path, include_training_state=True)
    text, data = split(path.read_bytes())
    path.write_bytes(
        repaired(text.replace(b'"training.optimizer"', b'"training.optimizers"'), data)
    )
    with pytest.raises(ModelFormatError):
        cmlp.load(path)


def test_loading_imports_nothing_but_the_package(path):
    classifier().fit(X, Y).save(path)
    code = f"import cmlp, sys; cmlp.load({str(path)!r}); print('pickle' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", "print()"], capture_output=True, text=True, check=True
    )
    assert done.returncode == 0
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == "False"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_mapped_models_share_their_pages(path):
    """A mapped model of 40 MB adds less than a tenth of that to the process's own memory when it is used."""
    network = Network([100_000, 100, 2], random_state=0)
    network.save(path)
    del network

    def private():
        ctypes.CDLL(None).malloc_trim(0) if hasattr(ctypes.CDLL(None), "malloc_trim") else None
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in list(file)[1:])
        return int(fields["Private_Dirty"].split()[0])

    before = private()
    loaded = cmlp.load(path, mmap=True, verify=False)
    loaded.forward(np.ones((1, 100_000), np.float32))
    assert private() - before < 4000


# ----------------------------------------------------------------------------------------------- bytes and file objects


def some_models():
    table = cmlp.TabularRegressor(
        n_estimators=1, n_epochs=1, hidden_layer_sizes=3, random_state=0, provenance=True
    )
    return [
        Network([4, 3], random_state=0),
        classifier().fit(X, Y),
        table.fit(X, Y.astype(float)),
    ]


def test_bytes_are_those_of_the_file_and_are_loaded(path):
    for model in some_models():
        content = model.to_bytes()
        model.save(path)
        assert type(content) is bytes and content == path.read_bytes()
        with open(path, "rb") as file:
            for given in (
                content,
                bytearray(content),
                memoryview(content),
                io.BytesIO(content),
                file,
            ):
                for mmap in (False, True):
                    if hasattr(given, "seek"):
                        given.seek(0)
                    loaded = cmlp.load(given, mmap=mmap)
                    assert type(loaded) is type(model) and loaded.to_bytes() == content
            assert not file.closed


def test_options_of_bytes_are_those_of_save(path):
    _, model, table = some_models()
    model.save(path, include_training_state=True)
    content = model.to_bytes(include_training_state=True)
    assert content == path.read_bytes() != model.to_bytes()
    assert cmlp.load(content).loss_curve_ == model.loss_curve_
    assert table.to_bytes(include_provenance=False) != table.to_bytes()


def test_a_file_object_is_read_from_its_position_and_may_be_compressed(path):
    content = classifier().fit(X, Y).to_bytes()
    file = io.BytesIO(b"other" + content)
    file.seek(5)
    assert cmlp.load(file).to_bytes() == content
    path.write_bytes(gzip.compress(content))
    with gzip.open(path) as packed:
        assert cmlp.load(packed).to_bytes() == content
    changed = bytearray(content)
    loaded = cmlp.load(changed)
    changed[:] = bytes(len(changed))
    assert loaded.to_bytes() == content


def test_wrong_bytes_and_objects_are_refused(path):
    content = classifier().fit(X, Y).to_bytes()
    for wrong, message in (
        (content[:-1], "a model file of type bytes cannot be loaded: the file is truncated"),
        (b"", "a model file of type bytes cannot be loaded: "),
        (
            io.BytesIO(content + b"0"),
            "a model file of type BytesIO cannot be loaded: .* extra bytes",
        ),
    ):
        with pytest.raises(ModelFormatError, match=message):
            cmlp.load(wrong)
    for wrong, message in (
        (3, "path must be a path, bytes or a binary file object, got int.$"),
        (
            io.StringIO("x"),
            r"got StringIO, whose read\(\) returns str: open files with mode 'rb'.$",
        ),
    ):
        with pytest.raises(TypeError, match=message):
            cmlp.load(wrong)
    with pytest.raises(cmlp.exceptions.NotFittedError):
        classifier().to_bytes()

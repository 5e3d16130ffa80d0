"""Files that follow the grammar, but have metadata or tensors that no estimator of this package writes: the message."""

import re

import numpy as np
import pytest
from hostile_files import written_table
from model_files import OF_PYTHON, quoted, read, repaired, split, without

import cmlp
from cmlp import MLPClassifier, Network, TabularRegressor
from cmlp.exceptions import ModelFormatError

X = np.random.default_rng(5).normal(size=(60, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def without_warnings(recwarn):
    """Ignore the ConvergenceWarning of short fits."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


def refuse(path, text, data, message):
    path.write_bytes(repaired(text, data))
    with pytest.raises(ModelFormatError, match=message):
        cmlp.load(path, verify=False)


def with_string(text, key, value):
    """Return a head in which a metadata string has another value, or is a new one in its place."""
    pair = f"{quoted(key)}:{quoted(value)}".encode()
    found = re.search(rb'"%s":"(\\.|[^"\\])*"' % key.encode(), text)
    if found:
        return text[: found.start()] + pair + text[found.end() :]
    end = text.index(b'"},"') + 1
    pairs = re.findall(rb'"([a-z_.]+)":"(?:\\.|[^"\\])*"', text[:end])
    after = next(name for name in pairs[6:] if name > key.encode())
    at = text.index(b'"%s":"' % after)
    return text[:at] + pair + b"," + text[at:]


# ----------------------------------------------------------------------------------------------- the training state


@pytest.fixture
def trained(path):
    """The head and the data of a classifier with its training state."""
    y = np.arange(60) % 3
    MLPClassifier((5,), max_iter=3, random_state=1).fit(X, y).save(
        path, include_training_state=True
    )
    return split(path.read_bytes())


TENSORS = {
    "curve of two dimensions": (
        rb'(loss_curve":\{"dtype":"F64","shape":\[3)\]',
        rb"\1,1]",
        "is not a list of numbers",
    ),
    "curve of integers": (rb'(loss_curve":\{"dtype":")F64', rb"\1I64", "is not a list of numbers"),
    "records of integers": (rb'(records":\{"dtype":")F64', rb"\1I64", "is not a table of numbers"),
    "records of other columns": (
        rb'(records":\{"dtype":"F64","shape":)\[3,(\d+)\]',
        rb"\1[\2,3]",
        "not a table of num",
    ),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_of_the_training_state_have_their_form(path, trained, name):
    old, new, message = TENSORS[name]
    text, n = re.subn(rb'"training\.' + old, rb'"training.' + new, trained[0])
    assert n == 1
    refuse(path, text, trained[1], message)


def test_schedule_has_numbers_only(path, trained):
    stored = re.search(rb'schedule\.rate\\":([0-9.e-]+)', trained[0])
    text = trained[0].replace(stored[0], stored[0].replace(stored[1], rb"\"x\""))
    refuse(path, text, trained[1], r"training state is damaged: schedule.rate is 'x'")


@pytest.mark.parametrize(
    "digests", ['{"dict":[["rows","X=sha"]]}', '{"dict":[["other","X=<f4"]]}', "1"]
)
def test_checksums_of_the_data_are_known(path, trained, digests):
    path.write_bytes(repaired(*trained))
    stored = read(path.read_bytes())[0]["training"]
    changed = re.sub(r'"digests":\{"dict":\[\["rows","[^"]*"\]\]\}', f'"digests":{digests}', stored)
    assert changed != stored
    refuse(
        path,
        with_string(trained[0], "training", changed),
        trained[1],
        "training state is damaged: (digests is 1|its checksums of the data are invalid)",
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ('{"class_weight":{"dict":[[1]]}}', "holds a dict with an invalid entry"),
        ('{"class_weight":{"dict":[[1,2,3]]}}', "holds a dict with an invalid entry"),
        ('{"class_weight":{"dict":[1]}}', "holds a dict with an invalid entry"),
        ('{"class_weight":{"dict":[[null,2]]}}', "holds a dict with an invalid entry"),
        ('{"class_weight":{"dict":[[0,1.0],[0,2.0]]}}', "holds a dict with a duplicate key"),
        ('{"class_weight":{"dict":{}}}', "holds an unknown object"),
        ('{"class_weight":{"tuple":1}}', "holds an unknown object"),
        ('{"alpha":1,"alpha":1}', "is not JSON"),
        ('{"alpha":Infinity}', "is not JSON"),
        ("[" * 30_000, "is not JSON"),
        ("1", "is not a JSON object"),
    ],
)
def test_parameters_have_known_values(path, trained, parameters, message):
    refuse(path, with_string(trained[0], "parameters", parameters), trained[1], message)


def test_a_classifier_of_two_classes_has_one_output(path):
    y = (X[:, :2] > 0).astype(int)
    MLPClassifier((2,), max_iter=1, random_state=1).fit(X, y).save(path)
    text, data = split(path.read_bytes())
    path.write_bytes(repaired(text.replace(b'"multilabel"', b'"classifier"', 1), data))
    with pytest.raises(ModelFormatError) as caught:
        cmlp.load(path)
    assert caught.value.status == "CMLP_ERROR_FILE_VALUE"


def test_a_file_needs_no_example(path):
    network = Network([4, 3], random_state=0)
    network.save(path)
    text, data = split(path.read_bytes())
    text, n = re.subn(rb',"example\.input":\{[^}]*\},"example\.output":\{[^}]*\}', b"", text)
    assert n == 1
    path.write_bytes(repaired(text, data[: network.params.nbytes]))
    assert cmlp.load(path).params.tobytes() == network.params.tobytes()


# ------------------------------------------------------------------------------------------------------------ tables


def table(n_out, output, dtype="float32", target=None, labels=(None, None), n_columns=1):
    """Return the file of a table with columns of numbers and one network."""
    losses = {"identity": "squared_error", "tanh": "squared_error", "exp": "poisson"}
    net = Network(
        [n_columns, n_out],
        output=output,
        loss=losses.get(output, "log_loss"),
        dtype=dtype,
        random_state=0,
    )
    kind, values = labels
    return written_table(
        [("number", 0, False)] * n_columns,
        [0.0, 1.0] * n_columns,
        [net],
        target,
        {"parameters": '{"n_estimators":1}'},
        kind=kind,
        labels=values,
    )


def labels(n, kind="classifier"):
    return kind, list(range(n))


SCALE = [(0.0,), (1.0,), (-1.0,), (1.0,)]
TABLES = {
    "float64": (
        (1, "identity", "float64", SCALE),
        "are of dtype float32, not float64",
    ),
    "tanh": (
        (1, "tanh", "float32", SCALE),
        "the outputs are not those of a TabularRegressor",
    ),
    "two outputs": (
        (2, "identity", "float32", SCALE),
        "are not those of a TabularRegressor",
    ),
    "logistic": (
        (3, "logistic", "float32", None, labels(3)),
        "several logistic outputs for",
    ),
    "one class": (
        (1, "logistic", "float32", None, labels(1)),
        "are not those of a TabularClass",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_networks_of_a_table_are_those_of_its_class(path, name):
    arguments, message = TABLES[name]
    refuse(path, *split(table(*arguments)), message)


def test_tables_with_the_right_networks_are_loaded(path):
    for arguments in (
        (1, "identity", "float32", SCALE),
        (1, "exp", "float32", SCALE),
        (3, "softmax", "float32", None, labels(3)),
        (1, "logistic", "float32", None, labels(2)),
        (3, "logistic", "float32", None, labels(3, "multilabel")),
    ):
        path.write_bytes(table(*arguments))
        expected = cmlp.TabularRegressor if SCALE in arguments else cmlp.TabularClassifier
        assert type(cmlp.load(path)) is expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("{}", "is not a list of 4 names"),
        ("[1,2,3]", "is not a list of 4 names"),
        ("[1,2,3,[4]]", "is not a list of 4 names"),
        ('[1,2,3,{"dict":[]}]', "is not a list of 4 names"),
        ('[1,2,3,{"tuple":4}]', "is not a list of 4 names"),
        ('[1,2,3,{"tuple":[[4]]}]', "is not a list of 4 names"),
        ('[1,2,3,"3"', "is not JSON"),
        ("[1,2,3,3]", "has two equal names"),
        ('[1,2,{"tuple":["a",1]},{"tuple":["a",1]}]', "has two equal names"),
    ],
)
def test_column_names_are_distinct_names(path, names, message):
    text, data = split(table(1, "identity", "float32", SCALE, n_columns=4))
    path.write_bytes(
        repaired(
            with_string(text, "column_names", '[1,"2",{"tuple":["a",null]},{"float":"inf"}]'), data
        )
    )
    assert isinstance(cmlp.load(path), cmlp.TabularRegressor)
    refuse(path, with_string(text, "column_names", names), data, message)


# ---------------------------------------------------------------------- what files of Python have together, or not


def fitted_table(path):
    """Return the file of a table with scores and a summary."""
    TabularRegressor(n_estimators=2, n_epochs=2, random_state=0).fit(X, X[:, 0]).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"parameters"}, "it has 'summary' without 'parameters'"),
        ({"summary"}, "both or neither of 'summary' and 'summary.values'"),
        ({"summary.values"}, "both or neither of 'summary' and 'summary.values'"),
        ({"summary", "summary.values"}, "'summary.importances' without 'summary'"),
        ({"calibration.kind"}, "'calibration.kind' is missing or unknown"),
    ],
)
def test_a_table_of_python_lacks_nothing_that_saving_it_would_add(path, names, message):
    path.write_bytes(without(fitted_table(path), names))
    with pytest.raises(ModelFormatError, match=message):
        cmlp.load(path)


LEAK = '["leak",["a"],1.0,"","X"]'


@pytest.mark.parametrize(
    ("findings", "flags", "message"),
    [
        ("7", "true", "an entry that is no finding"),
        ("[7]", "true", "an entry that is no finding"),
        (f"[{LEAK},{LEAK.replace('1.0', '1.5')}]", "true", "an entry that is no finding"),
        (f"[{LEAK.replace('1.0', 'true')}]", "true", "an entry that is no finding"),
        ('[["leak",[1],1.0,"","X"]]', "true", "an entry that is no finding"),
        (f"[{LEAK[:-5]}]]", "true", "an entry that is no finding"),
        (f"[{LEAK}]", "1", "must say whether it is complete and measured"),
    ],
)
def test_a_report_has_findings_only(path, findings, flags, message):
    text, data = split(fitted_table(path))

    def report(findings, flags):
        return f'{{"findings":{findings},"complete":{flags},"measured":{flags}}}'

    path.write_bytes(repaired(with_string(text, "report", report(f"[{LEAK}]", "true")), data))
    assert [one.code for one in cmlp.load(path).report_] == ["leak"]
    later = LEAK.replace("leak", "of a later version")
    path.write_bytes(repaired(with_string(text, "report", report(f"[{later}]", "true")), data))
    assert cmlp.load(path).report_[0].mark == "!!"
    refuse(path, with_string(text, "report", report(findings, flags)), data, message)


def test_an_unknown_kind_of_scores_is_of_c_programs_only(path):
    content = fitted_table(path)
    path.write_bytes(without(content, (), unknown_kind=9))
    with pytest.raises(ModelFormatError, match=r"'calibration\.kind' is missing or unknown"):
        cmlp.load(path)
    path.write_bytes(without(content, OF_PYTHON, unknown_kind=9))
    loaded = cmlp.load(path)
    with pytest.raises(ValueError, match="calibrat"):
        loaded.predict_interval(X)


@pytest.mark.parametrize("name", ["parameters", "history"])
def test_a_network_of_python_has_parameters_and_history(path, name):
    MLPClassifier((2,), max_iter=1, random_state=1).fit(X, X[:, 0] > 0).save(path)
    content = path.read_bytes()
    path.write_bytes(without(content, {name}))
    with pytest.raises(ModelFormatError, match="both or neither of 'parameters' and 'history'"):
        cmlp.load(path)
    path.write_bytes(without(content, {"parameters", "history"}))
    assert cmlp.load(path).predict(X).shape == (60,)

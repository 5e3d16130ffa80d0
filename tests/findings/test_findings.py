"""`Finding` and `Report`, `cmlp.examine`, `report_` and `known`; what each check finds has tests of its own."""

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import InvalidParameterError

QUICK = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
N = 240
RNG = np.random.RandomState(0)
PERSON = np.arange(N) // 6
NUMBER = RNG.standard_normal(N // 6)[PERSON] + 0.3 * RNG.standard_normal(N)
CLASS = np.where(NUMBER > 0, "yes", "no")


def frame(**columns):
    """Return noise, repeated measurements of persons, and more columns."""
    age, sex = RNG.randint(0, 50, N // 6)[PERSON], RNG.choice(["m", "f"], N // 6)[PERSON]
    fixed = {"size": RNG.standard_normal(N), "person": PERSON, "age": age, "sex": sex}
    return package("pandas").DataFrame(fixed | columns)


def spoken(report):
    return [(one.code, *one.columns) for one in report]


def told(function, *arguments, **keywords):
    """Return the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", cmlp.exceptions.UselessModelWarning)
        function(*arguments, **keywords)
    return [one.message for one in caught]


# ------------------------------------------------------------------------------------------------------- examine


def test_examine_finds_sorts_and_says_what_to_do():
    X = frame(copy=-(NUMBER**3), note=[f"note {i}" for i in range(N)])
    report = cmlp.examine(X, NUMBER)
    assert spoken(report) == [("leak", "copy"), ("groups", "person"), ("ids", "note")]
    leak, groups, _ = report
    assert (leak.weight, leak.mark, leak.remedy) == (1.0, "!!", "X.drop(columns=['copy'])")
    assert groups.remedy == "fit(X.drop(columns=['person']), y, groups=X['person'])"
    assert report.complete and report.measured
    assert cmlp.examine(frame()[["size", "sex"]], NUMBER).findings == ()


def test_examine_issues_no_warning_about_what_it_reports():
    X = frame(copy=NUMBER, text=[f"{one:.3f}" for one in NUMBER], empty=[None] * N)
    assert told(cmlp.examine, X, NUMBER) == []
    assert {one.code for one in cmlp.examine(X, NUMBER)} >= {"leak", "parse", "empty"}


def test_examine_takes_the_target_by_its_name_and_decides_what_it_has():
    X = frame(copy=NUMBER)
    assert cmlp.examine(X.assign(y=NUMBER), "y") == cmlp.examine(X, NUMBER)
    of_classes = frame(copy=CLASS == "yes")
    assert ("leak", "copy") in spoken(cmlp.examine(of_classes.assign(y=CLASS), "y"))
    with pytest.raises(ValueError, match=r"y must be the name of a column of X .*got 'z'"):
        cmlp.examine(X, "z")
    with pytest.raises(ValueError, match="other columns than the target, got 'y' alone"):
        cmlp.examine(package("pandas").DataFrame({"y": NUMBER}), "y")


def test_whole_numbers_are_labels_if_they_are_few_unless_the_user_says_otherwise():
    # A falling function of whole numbers is a copy of classes as of numbers, another order only of classes.
    whole = np.arange(N) % 9
    shuffled = np.array([5, 2, 7, 0, 8, 1, 3, 4, 6])[whole]
    X = np.stack([RNG.standard_normal(N), shuffled], axis=1)
    assert spoken(cmlp.examine(X, whole)) == [("leak", "x1")]
    assert spoken(cmlp.examine(X, whole, regressor=True)) == []


class SeededOnly(np.random.RandomState):
    """A generator that must have a seed."""

    def __init__(self, seed=None):
        assert seed is not None
        super().__init__(seed)


@pytest.mark.filterwarnings("ignore:column 'rises' nearly says y:cmlp.exceptions.LeakWarning")
def test_reports_depend_on_no_random_numbers_but_seeded_ones(monkeypatch):
    n, rng = 3000, np.random.RandomState(1)
    person = np.arange(n) // 6
    y = rng.standard_normal(n)
    columns = {
        "rises": y**3 + 1e-4 * rng.standard_normal(n),
        "part": 0.3 * y,
        "level": np.round(3 * y),
        "age": rng.randint(0, 50, n // 6)[person],
        "person": person,
    }
    X = package("pandas").DataFrame(columns | {"other": rng.standard_normal(n)})
    before = cmlp.examine(X, y), TabularRegressor(**QUICK).fit(X, y).report_
    monkeypatch.setattr(np.random, "RandomState", SeededOnly)
    monkeypatch.setattr(np.random, "default_rng", None)
    state = np.random.get_state()
    assert (cmlp.examine(X, y), TabularRegressor(**QUICK).fit(X, y).report_) == before
    for was, now in zip(state, np.random.get_state(), strict=True):
        assert np.array_equal(was, now)


def test_columns_of_arrays_are_called_x0_and_so_on():
    X = np.stack([RNG.standard_normal(N), NUMBER], axis=1)
    (finding,) = cmlp.examine(X, NUMBER)
    assert finding.columns == ("x1",) and finding.remedy == "np.delete(X, [1], axis=1)"


def test_the_use_is_stated_once():
    X = frame(day=np.datetime64("2020-01-01", "s") + np.arange(N) * np.timedelta64(86400, "s"))
    y, known = NUMBER + np.arange(N) / 20, ["nominal"]
    assert spoken(cmlp.examine(X, y, known=known)) == [("time", "day"), ("groups", "person")]
    assert spoken(cmlp.examine(X, y, use="time", known=known)) == [("time", "day")]
    assert spoken(cmlp.examine(X, y, use="groups", known=known)) == [("groups", "person")]
    assert spoken(cmlp.examine(X, y, use="random", known=known)) == []
    assert spoken(cmlp.examine(X, y, groups=PERSON, known=known)) == [("group-column", "person")]
    with pytest.raises(
        InvalidParameterError, match="use must be one of 'groups', 'time', 'random'"
    ):
        cmlp.examine(X, y, use="later")
    with pytest.raises(InvalidParameterError, match="use must be 'groups' or None with groups"):
        cmlp.examine(X, y, groups=PERSON, use="time")


def test_what_is_known_is_left_out():
    X = frame(copy=NUMBER, twin=-NUMBER)
    assert spoken(cmlp.examine(X, NUMBER, known=["groups"])) == [("leak", "copy", "twin")]
    known = ["groups:person", "leak:copy"]
    assert spoken(cmlp.examine(X, NUMBER, known=known)) == [("leak", "twin")]
    assert spoken(cmlp.examine(X, NUMBER, known=["groups", "leak:copy,twin"])) == []
    with pytest.raises(
        InvalidParameterError, match=r"known must have codes among .*got 'leek:copy'"
    ):
        cmlp.examine(X, NUMBER, known=["leek:copy"])


def test_ctrl_c_returns_what_is_found():
    def interrupt(n, n_checks):
        if n == 6:
            raise KeyboardInterrupt

    report = cmlp.examine(frame(copy=NUMBER), NUMBER, progress=interrupt)
    assert not report.complete and spoken(report) == [("leak", "copy")]
    assert repr(report).endswith("Interrupted: not all checks were made.")


def test_progress_is_told_after_each_check():
    steps = []
    cmlp.examine(frame(), NUMBER, progress=lambda *step: steps.append(step))
    assert [n for n, _ in steps] == [*range(1, len(steps) + 1)]
    assert {n_checks for _, n_checks in steps} == {len(steps)}


def test_few_rows_are_not_measured():
    X = frame(empty=[None] * N)
    report = cmlp.examine(X[:39], NUMBER[:39])
    assert not report.measured and ("empty", "empty") in spoken(report)
    assert "Not measured: " in repr(report)
    assert cmlp.examine(X[:40], NUMBER[:40]).measured


# -------------------------------------------------------------------------------------------------------- reports


def test_a_report_is_a_table_and_json():
    names = {f"copy of <{i}>": NUMBER for i in range(4)}
    report = cmlp.examine(frame(**names), NUMBER)
    head, first, *_ = repr(report).split("\n")
    assert head.split() == ["finding", "columns", "evidence", "remedy"]
    assert first.startswith("!!  leak") and "copy of <0>, copy of <1>, … (4)" in first
    assert "<td>copy of &lt;0&gt;, " in report._repr_html_()
    stored = json.loads(report.to_json())
    assert stored["complete"] is stored["measured"] is True
    assert stored["findings"][0]["columns"] == [*names]
    assert {*stored["findings"][0]} == {"mark", "code", "columns", "weight", "evidence", "remedy"}
    assert repr(cmlp.Report()) == "nothing found"


def test_reports_are_sequences():
    report = cmlp.examine(frame(copy=NUMBER), NUMBER)
    assert len(report) == 2 and report[0] is report.findings[0] and report[-1].code == "groups"
    assert pickle.loads(pickle.dumps(report)) == report != cmlp.Report(report[:1])


def test_no_report_has_values_of_cells():
    secret = [f"secret{i}" if i % 9 else f"{i}.5" for i in range(N)]
    X = frame(
        copy=np.where(CLASS == "yes", "secret1", "secret2"),
        note=secret,
        text=[f"{7000 + i}" if i % 99 else "secret" for i in range(N)],
        mixed=np.where(np.arange(N) % 9, "secret", "Secret "),
    )
    report = cmlp.examine(X, CLASS)
    assert {one.code for one in report} >= {"leak", "ids", "parse", "spelling"}
    for text in (repr(report), report.to_json(), repr(pickle.dumps(report))):
        assert "secret" not in text.casefold() and "7001" not in text


# --------------------------------------------------------------------------------------------------- fit and known


def test_fit_keeps_its_report_also_in_files(tmp_path):
    model = TabularRegressor(**QUICK).fit(frame(copy=NUMBER), NUMBER)
    assert {("leak", "copy"), ("groups", "person")} <= {*spoken(model.report_)}
    assert not model.report_.measured
    model.save(tmp_path / "model.cmlp")
    assert cmlp.load(tmp_path / "model.cmlp").report_ == model.report_
    assert pickle.loads(pickle.dumps(model)).report_ == model.report_


def test_a_useless_model_is_in_the_report():
    noise = np.random.RandomState(1).standard_normal((2, N))
    model = TabularRegressor(**QUICK).fit(noise[:1].T, noise[1])
    assert ("useless", "y") in spoken(model.report_)
    model.set_params(known=["useless"]).fit(noise[:1].T, noise[1])
    assert spoken(model.report_) == []


def test_fit_notes_the_report_once_for_a_table():
    X = frame(note=[f"note {i}" for i in range(N)])
    fit = TabularRegressor(**QUICK).fit

    def texts(X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.resetwarnings()
            warnings.simplefilter("ignore", cmlp.exceptions.UselessModelWarning)
            fit(X, NUMBER)
        return [str(one.message) for one in caught if one.category is cmlp.exceptions.FindingsNote]

    assert texts(X) == ["2 findings in model.report_: groups, ids"]
    assert texts(X) == []
    assert texts(X.rename(columns={"note": "text"})) == ["2 findings in model.report_: groups, ids"]
    assert texts(X[["size", "sex"]]) == []


def test_warnings_of_data_have_a_class_and_a_code():
    X = frame(copy=NUMBER, twin=NUMBER)
    (message,) = [
        one
        for one in told(TabularRegressor(**QUICK).fit, X, NUMBER)
        if isinstance(one, UserWarning) and not isinstance(one, cmlp.exceptions.FindingsNote)
    ]
    assert isinstance(message, cmlp.exceptions.LeakWarning) and isinstance(
        message, cmlp.exceptions.DataWarning
    )
    assert str(message).endswith("The same is so of column 'twin'. [leak:copy,twin]")
    assert issubclass(cmlp.exceptions.UselessModelWarning, cmlp.exceptions.DataWarning)


@pytest.mark.parametrize("known", [["leak", "groups"], ("leak:copy", "groups:person")])
def test_fit_is_silent_about_what_is_known(known, tmp_path):
    X = frame(copy=NUMBER)
    model = TabularRegressor(**QUICK, known=known)
    assert told(model.fit, X, NUMBER) == []
    assert spoken(model.report_) == [("useless", "y")] * ("useless" in repr(model.report_))
    model.save(tmp_path / "model.cmlp")
    again = cmlp.load(tmp_path / "model.cmlp")
    assert [*again.known] == [*known] and told(again.fit, X, NUMBER) == []


def test_warnings_about_rows_are_known_too():
    pandas = package("pandas")
    y = pandas.Series(NUMBER, index=np.arange(N)[::-1])
    X = frame()[["size"]]
    (message,) = told(TabularRegressor(**QUICK).fit, X, y)
    assert isinstance(message, cmlp.exceptions.OrderWarning) and str(message).endswith("[order:y]")
    assert told(TabularRegressor(**QUICK, known=["order"]).fit, X, y) == []
    assert told(TabularRegressor(**QUICK, known=["order:y"]).fit, X, y) == []
    labels = np.arange(N)
    (message,) = told(TabularClassifier(**QUICK).fit, X, labels)
    assert isinstance(message, cmlp.exceptions.LabelsWarning)
    assert told(TabularClassifier(**QUICK, known=["labels"]).fit, X, labels) == []


def test_columns_of_known_that_x_does_not_have_are_said():
    X = frame().rename(columns={"size": "size,m"})
    rest = ["groups", "useless", "labels"]
    right = ["leak:person", "ids:person,size,m", "loss:y", "spelling:groups", "order:sample_weight"]
    assert told(TabularRegressor(**QUICK, known=[*rest, *right]).fit, X, NUMBER) == []
    for wrong in ("leak:persn", "ids:person,size", "leak:"):
        known = [*rest, "leak:person", wrong]
        expected = f"known has ['{wrong}'], but X has no such columns: look for a typing error."
        for call in (
            TabularRegressor(**QUICK, known=known).fit,
            lambda *rows, known=known: cmlp.examine(*rows, known=known),
        ):
            assert [str(one) for one in told(call, X, NUMBER)] == [expected]


def test_wrong_codes_are_refused():
    for known in (["loss of hair"], "groups", [1]):
        model = TabularRegressor(**QUICK, known=known)
        with pytest.raises(InvalidParameterError, match="known"):
            model.fit(NUMBER[:, None], NUMBER)


def test_a_warm_start_keeps_the_report():
    model = TabularRegressor(**QUICK, warm_start=True).fit(frame(), NUMBER)
    before = [one for one in model.report_ if one.code != "useless"]
    model.fit(frame(), NUMBER)
    assert before and before == [one for one in model.report_ if one.code != "useless"]


def test_a_model_of_an_earlier_version_has_no_report():
    model = cmlp.load(Path(__file__).parents[1] / "files" / "data" / "v1_table_regressor.cmlp")
    with pytest.raises(AttributeError, match=r"no report_: it is from a file .* cmlp.examine"):
        _ = model.report_
    assert not hasattr(model, "report_")


# ---------------------------------------------------------------------------------------------------------- targets


@pytest.mark.parametrize("missing", [None, np.nan])
def test_rows_without_a_target_are_left_out_and_counted(missing):
    X, is_missing = frame(), np.arange(N) % 10 == 0
    for y, dtype in ((NUMBER, object), (NUMBER, float), (CLASS, object)):
        if missing is None and dtype is float:
            continue
        targets = np.where(is_missing, missing, y.astype(object)).astype(dtype)
        report = cmlp.examine(X, targets)
        (found,) = [one for one in report if one.columns == ("y",)]
        assert (found.code, found.mark) == ("missing", ".")
        assert found.evidence == "24 of 240 rows have no target, and are left out"
        others = [one for one in report if one is not found]
        weight = np.where(is_missing, 0.0, 1.0)
        assert others == [*cmlp.examine(X, y, weight)]
        assert found not in cmlp.examine(X, targets, known=["missing:y"])
        weighted = cmlp.examine(X, targets, np.arange(N) + 1.0)
        assert found in weighted and spoken(weighted)
    with pytest.raises(ValueError, match=r"target|label"):
        cmlp.examine(X, np.full(N, missing, object))


def test_a_target_of_text_that_is_numbers_is_named():
    X, prices = frame(), [f"${one:,.0f}" for one in 100_000 + 1000 * NUMBER]
    (found,) = [one for one in cmlp.examine(X, prices) if one.columns == ("y",)]
    assert found.code == "parse" and found.evidence.endswith("of text, of which all are numbers")
    assert found.remedy.startswith("y.str.replace(',', '').")
    (found,) = [one for one in cmlp.examine(X, [*map(str, NUMBER)]) if one.columns == ("y",)]
    assert found.remedy == "pandas.to_numeric(y)"
    assert not any(one.columns == ("y",) for one in cmlp.examine(X, [str(k) for k in PERSON % 9]))


@pytest.mark.parametrize(
    "factor, n, is_named", [(1000, 12, True), (1e-3, 12, True), (1000, 5, False), (40, 12, False)]
)
def test_targets_in_two_units_are_named(factor, n, is_named):
    y = np.exp(0.3 * NUMBER) * np.where(np.arange(N) < n, factor, 1)
    report = cmlp.examine(frame(), RNG.permutation(y))
    assert [one.columns for one in report if one.code == "units"] == [("y",)] * is_named
    centred = np.exp(0.3 * NUMBER) * np.where(np.arange(N) < 12, 1e-3, (-1) ** np.arange(N))
    repeated = np.exp(0.3 * NUMBER[6 * PERSON]) * np.where(PERSON < 4, 1e-3, 1)
    for other in (np.exp(2 * NUMBER), centred, repeated):
        assert "units" not in [one.code for one in cmlp.examine(frame(), other)]

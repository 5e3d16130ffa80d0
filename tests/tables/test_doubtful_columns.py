"""What fit says of columns and labels that would pass in silence, and spoil what is learned."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import MLPClassifier, TabularClassifier, TabularRegressor
from cmlp.exceptions import FindingsNote, UselessModelWarning

QUICK = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
NETWORK = {"hidden_layer_sizes": (4,), "max_iter": 1}
N = 200
rng = np.random.RandomState(0)
SIZE, COLOR = rng.standard_normal(N), rng.choice(["red", "green", "blue"], N)
CLASS = np.where(SIZE + 0.5 * rng.standard_normal(N) > 0, "yes", "no")
NUMBER = SIZE + rng.standard_normal(N)


def frame(**columns):
    return package("pandas").DataFrame({"size": SIZE, "color": COLOR} | columns)


def messages(function, *arguments, **keywords):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **keywords)
    silent = UselessModelWarning, FindingsNote
    found = [str(one.message) for one in caught if not issubclass(one.category, silent)]
    return [message for message in found if "Optimizer" not in message]


def about_columns(y=CLASS, **columns):
    kind = TabularClassifier if y.dtype.kind == "U" else TabularRegressor
    return messages(kind(**QUICK).fit, frame(**columns), y)


def found_in(X, y=CLASS, code="ids", **parameters):
    """Return what a fit reports of a kind."""
    kind = TabularClassifier if y.dtype.kind == "U" else TabularRegressor
    report = kind(**QUICK, **parameters).fit(X, y).report_
    return [one for one in report if one.code == code]


# ------------------------------------------------------------------------------------ values that do not repeat


@pytest.mark.parametrize(
    "text",
    [
        [f"{word} {i}" for i, word in enumerate(COLOR)],
        [f"text {min(i, 150)}" for i in range(N - 1)] + [None],
    ],
    ids=["ids", "three quarters alone"],
)
def test_text_that_hardly_repeats_is_named_with_what_was_done(text):
    (finding,) = found_in(frame(note=text))
    assert finding.columns == ("note",) and finding.remedy.startswith(
        "X.drop(columns=['note']), or"
    )
    assert finding.evidence == "hardly repeats a value, as ids and free text do"


def test_numbers_that_are_named_as_categories_and_hardly_repeat_are_named():
    X = frame(code=rng.permutation(10**6)[:N])
    (finding,) = found_in(X, categorical_features=["code", "color"])
    assert finding.columns == ("code",) and finding.evidence.startswith("hardly repeats a value")


def test_values_of_which_half_repeat_are_read_in_silence():
    half = [f"{i if i < N // 2 else i % 10}" + "th" for i in range(N)]
    assert found_in(frame(note=half)) == []
    assert found_in(frame(note=[f"text {i}" for i in range(N)])[:49], CLASS[:49]) == []


# ------------------------------------------------------------------------------------------------ numbers of rows


@pytest.mark.parametrize(
    "column",
    [range(N), range(-5, N - 5), rng.permutation(2 * N)[:N], 10.0**6 + np.arange(N)[::-1]],
    ids=["all", "from -5", "half of a shuffled file", "descending"],
)
@pytest.mark.parametrize("y", [CLASS, NUMBER], ids=["classes", "numbers"])
def test_counting_numbers_are_named(column, y):
    (finding,) = found_in(frame(id=column), y)
    assert finding.columns == ("id",) and finding.remedy == "X.drop(columns=['id'])"
    assert finding.evidence.startswith("different whole numbers with hardly a gap")


@pytest.mark.parametrize(
    "column",
    [
        np.arange(N) // 2,
        np.arange(N) + 0.5,
        np.r_[0, 0, 2:N],
        np.where(np.arange(N) == 7, np.nan, np.arange(N)),
        np.datetime64("2026-01-01", "D") + np.arange(N),
    ],
    ids=["twice each", "fractions", "one twice", "one is missing", "days"],
)
def test_other_numbers_are_read_in_silence(column):
    assert found_in(frame(id=column)) == []


# ------------------------------------------------------------------------------------------- copies of the target


@pytest.mark.parametrize(
    "copy",
    [
        CLASS,
        np.where(CLASS == "yes", 0, 7),
        CLASS == "yes",
        np.where(np.arange(N) % 3, CLASS == "yes", np.nan),
    ],
    ids=["itself", "numbers", "booleans", "numbers with gaps"],
)
def test_a_column_that_says_the_class_is_named(copy):
    (message,) = about_columns(copy=copy)
    assert message.startswith("column 'copy' says y exactly") and "leave it out" in message


@pytest.mark.parametrize(
    "copy",
    [NUMBER, np.exp(-NUMBER), np.where(np.arange(N) < 90, np.nan, NUMBER)],
    ids=["itself", "falling function", "gaps"],
)
def test_a_column_that_says_the_number_is_named(copy):
    (message,) = about_columns(NUMBER, copy=copy)
    assert message.startswith("column 'copy' says y exactly")


def test_a_copy_of_one_of_several_targets_is_named():
    pandas = package("pandas")
    targets = pandas.DataFrame({"a": rng.standard_normal(N), "b": NUMBER})
    (message,) = messages(TabularRegressor(**QUICK).fit, frame(copy=NUMBER), targets)
    assert message.startswith("column 'copy' says y exactly")
    labels = np.stack([CLASS == "yes", SIZE > 0.5], axis=1)
    found = messages(TabularClassifier(**QUICK).fit, frame(copy=SIZE > 0.5), labels)
    assert found[0].startswith("column 'copy' says y exactly")
    assert ["nearly says y" in message for message in found[1:]] == [True]  # by a bound of the size


def test_columns_that_nearly_say_y_are_named_and_others_read_in_silence():
    nearly = CLASS == "yes"
    nearly[100] = not nearly[100]
    assert [message[-13:] for message in about_columns(nearly=nearly)] == ["[leak:nearly]"]
    nearly[::20] = ~nearly[::20]
    assert about_columns(nearly=nearly) == []
    order = np.argsort(NUMBER)
    swapped = NUMBER.copy()
    swapped[order[::9]] = NUMBER[order[::-9]]
    assert about_columns(NUMBER, nearly=swapped) == []
    assert about_columns(NUMBER, finer=np.where(NUMBER > 0, NUMBER, 0)) == []


def test_a_single_column_may_say_y():
    assert messages(TabularRegressor(**QUICK).fit, NUMBER[:, None], NUMBER) == []
    few = frame(copy=NUMBER)[:49]
    assert messages(TabularRegressor(**QUICK).fit, few, NUMBER[:49]) == []


# ---------------------------------------------------------------------------------------------------- spellings


def test_categories_that_differ_by_blanks_or_case_are_found():
    mixed = np.where(np.arange(N) % 9, COLOR, "Green ")
    (finding,) = found_in(frame(color=mixed), code="spelling")
    assert finding.columns == ("color",) and finding.mark == "."
    assert finding.remedy == "X['color'].str.strip().str.casefold()"
    model = TabularClassifier(**QUICK).fit(frame(color=mixed), CLASS)
    assert model.categories_["color"].count("Green ") == 1


def test_remedy_for_blanks_removes_inner_ones():
    X = frame(color=np.where(np.arange(N) % 9, "light green", "Light  green "))
    (finding,) = found_in(X, code="spelling")
    X["color"] = eval(finding.remedy)
    assert found_in(X, code="spelling") == []


CHUNKS = [
    ([1, 2, "1", "2", "A"], "1 and '1' (and 1 more such pair)"),
    ([1.0, None, 2.0, "1", "2", "A"], "1.0 and '1' (and 1 more such pair)"),
    ([1, 1.0, 2.0, "1", "1.0", "B"], "1 and '1'"),
    ([0.5, 1.5, "0.5", "n. a."], "0.5 and '0.5'"),
    ([True, False, "True", "maybe"], "True and 'True'"),
    ([True, False, "TRUE", "maybe"], "True and 'TRUE'"),
    ([np.int64(7), np.float32(8), "7", "x"], "7 and '7'"),
]


@pytest.mark.parametrize(("values", "evidence"), CHUNKS)
@pytest.mark.parametrize("named", [True, False])
def test_numbers_and_their_texts_in_one_column_are_found(values, evidence, named):
    """pandas reads a large file in chunks, each with types of its own."""
    pandas = package("pandas")
    column = np.array([values[k % len(values)] for k in range(N)], object)
    X = frame(code=column) if named else column[:, None]
    (finding,) = found_in(X, code="spelling")
    assert finding.columns == ("code" if named else "x0",) and finding.mark == "."
    assert evidence in finding.evidence and "are different categories" in finding.evidence
    assert str(cmlp.examine(X, CLASS)).count(finding.remedy) == 1
    changed = eval(finding.remedy, {"X": X, "pandas": pandas})
    assert changed.isna().sum() == sum(each is None for each in column)
    X = frame(code=changed)
    assert found_in(X, code="spelling") == []
    kept = TabularClassifier(**QUICK).fit(X, CLASS).categories_["code"]
    assert len([one for one in kept if one is not None]) == len(
        {str(one).casefold().removesuffix(".0") for one in values if one is not None}
    )


def test_columns_of_one_type_have_no_other_spelling():
    """Texts that look as numbers, numbers, booleans, and text beside numbers that it does not spell."""
    for values in (["1", "1.0", "01", "A"], [1, 1.0, 2], [True, False, None], [1, "one", "A"]):
        column = np.array([values[k % len(values)] for k in range(N)], object)
        assert found_in(frame(code=column), code="spelling") == []


def test_groups_of_numbers_and_their_texts_are_found():
    groups = np.array([k % 40 if k < 120 else str(k % 40) for k in range(N)], object)
    report = cmlp.examine(SIZE[:, None], CLASS, groups=groups)
    (finding,) = (one for one in report if one.code == "spelling")
    assert finding.columns == ("groups",)
    assert finding.evidence == "0 and '0' are different groups"
    assert finding.remedy == 'groups.map(str, na_action="ignore")'


def test_labels_that_differ_by_blanks_or_case_are_found():
    labels = np.where(np.arange(N) % 9, CLASS, "Yes")
    (finding,) = found_in(SIZE[:, None], labels, code="spelling")
    assert finding.columns == ("y",) and "different classes" in finding.evidence
    model = MLPClassifier(**NETWORK)
    (message,) = messages(model.fit, SIZE[:, None], labels)
    assert message.startswith("y has 'Yes' and 'yes', which differ only by blanks or case")
    assert "different classes" in message and message.endswith(". [spelling]")
    assert model.classes_.tolist() == ["Yes", "no", "yes"]


# ------------------------------------------------------------------------------------------- numbers as classes


def test_integers_that_hardly_repeat_are_named():
    amounts = (1000 + 300 * SIZE).astype(int)
    model = TabularClassifier(**QUICK)
    (message,) = messages(model.fit, SIZE[:, None], amounts)
    n = len(np.unique(amounts))
    assert message.startswith(f"y has {n} different integers in 200 rows, and each of them is a")
    assert messages(model.fit, SIZE[:, None], amounts.astype(str)) == []
    assert messages(model.fit, SIZE[:, None], np.arange(N) % 100) == []
    assert messages(model.fit, SIZE[:50, None], np.arange(50)) == []


# -------------------------------------------------------------------------------------------- labels of other rows


@pytest.mark.parametrize("kind", [TabularClassifier, MLPClassifier])
def test_labels_that_fit_does_not_know_are_named_by_score(kind):
    model = kind(**QUICK) if kind is TabularClassifier else kind(**NETWORK)
    messages(model.fit, SIZE[:, None], CLASS)
    dotted = np.where(np.arange(N) < 150, np.char.add(CLASS, "."), CLASS)
    scores = []
    (message,) = messages(lambda: scores.append(model.score(SIZE[:, None], dotted)))
    right = model.predict(SIZE[:, None]) == dotted
    assert scores == [right.mean()] and not right[:150].any()
    assert message.startswith(
        "y has labels that fit did not have in 150 of 200 rows, which count as wrong: "
        "['no.', 'yes.']; fit knows ['no', 'yes']."
    )
    assert message.endswith("They would match after str.rstrip('.'): 'no.' is like 'no'.")
    assert messages(model.score, SIZE[:, None], CLASS) == []


def test_labels_that_fit_does_not_know_are_refused_by_calibrate_and_validation_data():
    model = TabularClassifier(**QUICK)
    messages(model.fit, SIZE[:, None], CLASS)
    dotted = np.char.add(CLASS, ".")
    wanted = (
        r"y` has classes not in .*'yes\.'.* match after str\.rstrip\('\.'\): 'no\.' is like 'no'"
    )
    X = SIZE[:, None]
    for call in (
        lambda: model.calibrate(X, dotted),
        lambda: model.calibrate(X, dotted, probabilities=True),
        lambda: model.choose_threshold(X, dotted, recall=0.5),
        lambda: TabularClassifier(**QUICK).fit(X, CLASS, X_val=X, y_val=dotted),
        lambda: MLPClassifier((4,), max_iter=1).fit(X, CLASS, X_val=X, y_val=dotted),
    ):
        with pytest.raises(ValueError, match=wanted):
            call()
    weights = np.where(np.arange(N) < 20, 0, 1)
    some = np.where(weights, CLASS, "unknown")
    assert messages(model.calibrate, X, some, weights) == []

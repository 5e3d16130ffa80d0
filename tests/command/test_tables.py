"""``cmlp train`` and ``cmlp predict`` for columns of text, dates and missing values."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from internals import model_of, provenance_of
from notices import without_found
from optional import package
from table_parts import list_at_most

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli

N = 200
RNG = np.random.RandomState(0)
SIZE, DISTRICT = RNG.uniform(20, 150, N).round(1), RNG.choice(["north", "south", "NA"], N)
BUILT = np.datetime64("1990-01-01") + RNG.randint(0, 9000, N)
PRICE = (3000 * SIZE * np.where(DISTRICT == "north", 1.5, 1.0)).round(2)
OPTIONS = ["-o", "m.cmlp", "--random-state", "0", "--hidden-layer-sizes", "16"]

TRAIN = ["train", "flats.csv", "--target", "price", "--drop", "note", "--drop", "kind", *OPTIONS]


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Write the rows to a file, and return a function that runs the command in its folder."""
    monkeypatch.chdir(tmp_path)
    lines = ["note,size,district,built,price,kind"]
    for i in range(N):
        size = "" if i % 10 == 3 else SIZE[i]
        lines.append(
            f"n{i},{size},{DISTRICT[i]},{BUILT[i]},{PRICE[i]},{'large' if SIZE[i] > 90 else 'small'}"
        )
    (tmp_path / "flats.csv").write_text("\n".join(lines))

    def run(*arguments):
        status = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out.splitlines(), without_found(err)

    return run


def short(number):
    return f"{float(f'{number:.4g}'):,.10g}"


def predictions(model):
    """Return the predictions of Python for the same rows."""
    pandas = package("pandas")
    frame = pandas.read_csv("flats.csv", parse_dates=["built"])
    return model.predict(frame[model.feature_names_in_])


def test_numbers_are_predicted_from_text_dates_and_gaps(command):
    status, lines, err = command(
        "train", "flats.csv", "--target", "price", "--drop", "note", "--drop", "kind", *OPTIONS
    )
    assert (status, err) == (0, "")
    assert lines[0] == 'flats.csv: "," as separator, 6 columns with names, 200 rows'
    assert lines[1].startswith(
        "Not all cells are numbers (flats.csv, line 2, column 3 ('district'): "
    )
    assert lines[1].endswith(
        "). So this trains a TabularRegressor: the target has 193 different numbers"
    )
    assert lines[-7:-5] == ["read as categories: district", "read as dates: built"]
    words = lines[-5].split()
    assert (
        lines[-5].startswith("root mean squared error ")
        and "on 25 rows held out of a first fit; always the mean:" in lines[-5]
    )
    error, base = (float(words[k].replace(",", "")) for k in (4, -1))
    assert error < base / 2 and "," in words[-1]
    assert lines[-3].startswith("importance of the columns: size ") and lines[-3].count("%") == 3
    assert lines[-1] == "wrote m.cmlp"
    model = cmlp.load("m.cmlp")
    assert isinstance(model, TabularRegressor) and model.feature_names_in_.tolist() == [
        "size",
        "district",
        "built",
    ]
    assert model.random_state == 0 and model.callbacks is None
    kinds = [column.role for column in model_of(model).columns]
    assert kinds == ["number", "category", "number"]


def test_training_reports_intervals_and_sets_on_the_held_out_rows(command):
    held = np.sort(np.random.RandomState(0).permutation(N)[: N // 8])
    _, lines, _ = command(*TRAIN, "--no-refit")
    _, predicted, _ = command("predict", "m.cmlp", "flats.csv", "--coverage", "0.9")
    low, high = np.array([line.split(",")[1:] for line in predicted], float)[held].T
    right = np.mean((low <= PRICE[held]) & (PRICE[held] <= high))
    assert (
        lines[-3]
        == f"90% intervals: {short(np.mean(high - low))} wide on average, right for {right:.1%}"
    )
    train = ["train", "flats.csv", "--target", "kind", "--drop", "note", *OPTIONS, "--no-refit"]
    _, lines, _ = command(*train)
    _, sets, _ = command("predict", "m.cmlp", "flats.csv", "--coverage", "0.9")
    sets, truth = (
        [one.split(",") for one in np.array(sets)[held]],
        np.where(SIZE > 90, "large", "small")[held],
    )
    right = np.array([label in one for label, one in zip(truth, sets, strict=True)])
    worst = min(("large", "small"), key=lambda label: right[truth == label].mean())
    of_worst = right[truth == worst]
    assert lines[-3] == (
        f"90% sets: {np.mean(list(map(len, sets))):.2f} labels on average, right for "
        f"{right.mean():.1%}; least often for {worst}: {of_worst.mean():.1%} of {len(of_worst)} rows"
    )
    _, lines, _ = command(*train, "--early-stopping", "False")
    assert lines[-3].startswith("accuracy ")  # no rows, no sets


def test_training_for_a_rare_class_names_threshold_and_calibration(command):
    random = np.random.RandomState(0)
    rows = [
        (f"t{random.randint(3)}", random.randn(), "bad" if random.rand() < 0.1 else "good")
        for _ in range(400)
    ]
    text = "".join(f"{town},{x:.3f},{label}\n" for town, x, label in rows)
    Path("loans.csv").write_text(f"town,x,label\n{text}", encoding="utf-8")
    _, lines, _ = command("train", "loans.csv", "--target", "label", *OPTIONS)
    held = np.array([label for *_, label in rows])[np.random.RandomState(0).permutation(400)[:50]]
    (hint,) = [line for line in lines if "choose_threshold" in line]
    assert hint.startswith(f"of {(held == 'bad').sum()} held-out rows of the rare label bad, ")
    assert (
        "choose_threshold(X, y, recall=0.7, pos_label='bad')" in hint
        and "probabilities=True" in hint
    )


def test_a_first_line_about_dates_says_that_they_are_dates(command):
    days = "".join(f"2025-01-{day:02},{day}.5\n" for day in range(1, 29))
    Path("days.csv").write_text(f"when,y\n{days}", encoding="utf-8")
    _, lines, _ = command("train", "days.csv", "--target", "y", *OPTIONS)
    assert "'2025-01-01' is a date, not a number). So this trains a TabularRegressor" in lines[1]


@pytest.mark.parametrize("levels", [[0.9], [0.1, 0.9]])
def test_training_reports_the_pinball_loss_of_quantiles(command, levels):
    status, lines, _ = command(
        *TRAIN, "--loss", "quantile", "--quantile", ",".join(map(str, levels)), "--no-refit"
    )
    held, rows = np.split(np.random.RandomState(0).permutation(N), [N // 8])
    predicted = predictions(cmlp.load("m.cmlp")).reshape(N, -1)[held]

    def loss(values):
        pairs = [
            (q, y - v)
            for row, y in zip(values, PRICE[held], strict=True)
            for q, v in zip(levels, row, strict=True)
        ]
        return np.mean([max(q * rest, (q - 1) * rest) for q, rest in pairs])

    base = loss(np.tile(np.quantile(PRICE[rows], levels), (len(held), 1)))
    assert status == 0 and lines[-4] == (
        f"mean pinball loss {short(loss(predicted))} on 25 rows held out of training; "
        f"always the quantiles of the training rows: {short(base)}"
    )


def test_quantile_implies_a_regressor(command):
    status, _, err = command(*TRAIN, "--quantile", "0.9")
    assert (
        status == 1
        and err
        == "cmlp: error: --quantile: quantile=0.9 needs loss='quantile', got 'squared_error'.\n"
    )
    Path("n.csv").write_text("a,b\n" + "1,2\n3,4\n" * 9)
    quantile = ["--loss", "quantile", "--quantile", "0.9"]
    for kind, expected in (("--network", cmlp.MLPRegressor), ("--table", TabularRegressor)):
        assert command("train", "n.csv", "--target", "b", "-o", "n.cmlp", kind, *quantile)[0] == 0
        assert isinstance(cmlp.load("n.cmlp"), expected)


def as_parquet(name="flats"):
    pandas = package("pandas")
    package("pyarrow")
    frame = pandas.read_csv(
        f"{name}.csv", parse_dates=["built"], keep_default_na=False, na_values=["", "NA"]
    )
    frame.to_parquet(f"{name}.parquet")
    return frame


def test_parquet_trains_and_predicts_as_csv(command):
    frame = as_parquet()
    status, lines, err = command(*[word.replace(".csv", ".parquet") for word in TRAIN])
    assert (status, err) == (0, "")
    assert lines[0].startswith(
        "Not all cells are numbers (flats.parquet: column 'district' must contain numbers, got "
    )
    model = cmlp.load("m.cmlp")
    _, in_parquet, err = command("predict", "m.cmlp", "flats.parquet")
    assert err == "cmlp: the model does not need the columns note, price, kind: ignored\n"
    assert list(map(float, in_parquet)) == model.predict(frame[model.feature_names_in_]).tolist()
    report = lines[-5:]
    assert (
        command(*TRAIN)[1][-5:] == report
    )  # the same rows are held out, and the same model is trained
    assert (
        command("predict", "m.cmlp", "flats.parquet", "--drop", "note", "--drop", "kind")[1]
        == in_parquet
    )


@pytest.mark.parametrize("kind", ["string_view", "large_string"])
def test_parquet_with_views_trains_as_with_text(command, kind):
    frame = as_parquet()
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    plain = pyarrow.table(
        {"district": frame["district"], "price": frame["price"], "kind": frame["kind"]}
    )
    fields = [
        (name, getattr(pyarrow, kind)() if name != "price" else plain.schema.field(name).type)
        for name in plain.column_names
    ]
    parquet.write_table(plain, "plain.parquet")
    parquet.write_table(plain.cast(pyarrow.schema(fields)), "views.parquet")
    for target in ("price", "kind"):
        found = {}
        for name in ("plain", "views"):
            status, lines, err = command("train", f"{name}.parquet", "--target", target, *OPTIONS)
            assert (status, err) == (0, "")
            found[name] = lines[-3:], command("predict", "m.cmlp", f"{name}.parquet")[1]
        assert found["plain"] == found["views"]


def test_parquet_refuses_binary_columns_by_name(command):
    frame = as_parquet()
    pyarrow, parquet = package("pyarrow"), package("pyarrow.parquet")
    for kind in ("binary", "binary_view"):
        texts = pyarrow.array(
            [str(value).encode() for value in frame["district"]], getattr(pyarrow, kind)()
        )
        parquet.write_table(
            pyarrow.table({"odd": texts, "price": frame["price"]}), "binary.parquet"
        )
        status, _, err = command("train", "binary.parquet", "--target", "price", *OPTIONS)
        assert status == 1
        assert err.startswith(
            "cmlp: error: column 'odd' must be numbers, categories or times, got a column of type "
        )
        assert "binary" in err.partition("type")[2]


def test_parquet_with_only_missing_numbers_makes_a_table(command):
    frame = as_parquet()
    frame[["size", "price"]].to_parquet("gaps.parquet")
    status, lines, _ = command("train", "gaps.parquet", "--target", "price", *OPTIONS)
    assert (
        status == 0
        and "gaps.parquet, row 4, column 1 ('size'): the value is nan). So this" in lines[0]
    )


def test_categories_of_csv_are_found_by_their_text_in_parquet(command):
    pandas = package("pandas")
    package("pyarrow")
    numbers = np.arange(60)
    codes = [f"x{i % 4}" for i in numbers]
    mixed = [f"{i % 7}" if i % 5 else "none such" for i in numbers]
    frame = pandas.DataFrame({"mixed": mixed, "code": codes, "y": numbers % 3 * 1.5})
    frame.to_csv("mixed.csv", index=False)
    frame[frame.mixed != "none such"].astype({"mixed": int}).to_parquet("mixed.parquet")
    assert command("train", "mixed.csv", "--target", "y", *OPTIONS)[0] == 0
    assert "3" in cmlp.load("m.cmlp").categories_["mixed"]
    expected, found = (
        command("predict", "m.cmlp", f"mixed.{end}", "--drop", "y")[1] for end in ("csv", "parquet")
    )
    assert found == [line for i, line in enumerate(expected) if i % 5] and len({*found}) > 4


def test_true_and_false_are_numbers_as_in_parquet_and_data_frames(command):
    pandas = package("pandas")
    package("pyarrow")
    new = pandas.Series(SIZE > 90).astype("boolean").mask(np.arange(N) % 9 == 0)
    frame = pandas.DataFrame({"district": np.char.add("in ", DISTRICT), "new": new, "price": PRICE})
    frame.to_csv("new.csv", index=False)
    frame.to_parquet("new.parquet")
    assert command("train", "new.parquet", "--target", "price", *OPTIONS)[0] == 0
    expected = cmlp.load("m.cmlp").predict(frame[["district", "new"]]).tolist()
    assert command("train", "new.csv", "--target", "price", *OPTIONS)[0] == 0
    for file in ("new.csv", "new.parquet"):
        assert list(map(float, command("predict", "m.cmlp", file)[1])) == expected
    assert cmlp.load("m.cmlp").predict(frame[["district", "new"]]).tolist() == expected


def test_mistyped_column_is_suggested(command):
    error = command("train", "flats.csv", "--target", "Prize", "-o", "m.cmlp")[2]
    assert error.endswith("flats.csv has no column 'Prize': did you mean 'price'?\n")


def test_notice_of_one_column_is_singular(command):
    command(*TRAIN)
    _, _, err = command("predict", "m.cmlp", "flats.csv", "--drop", "note", "--drop", "kind")
    assert err == "cmlp: the model does not need the column price: ignored\n"


def test_parameters_of_tables_are_options(command):
    given = ["--n-epochs", "3", "--n-estimators", "2", "--keep-background", "8"]
    given += ["--categorical-features", "built,district"]
    status, _, err = command(*TRAIN, *given)
    assert (status, err) == (0, "")
    model = cmlp.load("m.cmlp")
    assert (model.n_epochs, model.n_estimators, model.keep_background) == (3, 2, 8) and len(
        model.estimators_
    ) == 2
    assert [column.role for column in model_of(model).columns] == [
        "number",
        "category",
        "category",
    ]


def numbers(path, names=("x", "z"), n=200):
    """Write columns of numbers and a target with whole numbers: what most tables are."""
    rng = np.random.RandomState(0)
    rows = [
        f"{','.join(map(str, rng.randint(0, 99, len(names))))},{rng.randint(0, 500)}.0\n"
        for _ in range(n)
    ]
    Path(path).write_text(",".join([*names, "y\n"]) + "".join(rows))


def test_a_file_of_numbers_with_names_is_a_table_with_intervals(command):
    numbers("n.csv")
    status, lines, err = command("train", "n.csv", "--target", "y", *OPTIONS)
    assert (status, err) == (0, "") and isinstance(cmlp.load("m.cmlp"), TabularRegressor)
    expected = (
        "n.csv has names of columns (--network trains one network). "
        "So this trains a TabularRegressor: the target"
    )
    assert lines[1].startswith(expected) and any(
        line.startswith("root mean squared error") for line in lines
    )
    _, lines, err = command("predict", "m.cmlp", "n.csv", "--coverage", "0.9", "--drop", "y")
    assert err == "" and {line.count(",") for line in lines} == {2}


@pytest.mark.parametrize(
    ("options", "reason", "kind"),
    [
        (["--network"], "--network is given", cmlp.MLPClassifier),
        (["--network", "--regressor"], "--network is given", cmlp.MLPRegressor),
        (["--alpha", "0.1"], "--alpha is given", cmlp.MLPClassifier),
        (["--validation", "n.csv"], "--validation is given", cmlp.MLPClassifier),
        (["--checkpoint-every", "90"], "--checkpoint-every is given", cmlp.MLPClassifier),
        (
            ["--header", "no", "--drop", "1"],
            "n.csv has no names of columns (--table trains",
            cmlp.MLPClassifier,
        ),
        (["--header", "no", "--table"], "--table is given", TabularRegressor),
        (["--n-epochs", "3"], "--n-epochs is given", TabularRegressor),
    ],
)
def test_an_option_that_only_one_kind_has_decides(command, options, reason, kind):
    numbers("n.csv")
    if "--header" in options:
        Path("n.csv").write_text("".join(Path("n.csv").read_text().splitlines(keepends=True)[1:]))
    target = "3" if "--header" in options else "y"
    status, lines, err = command("train", "n.csv", "--target", target, *OPTIONS, *options)
    assert (status, err) == (0, "") and type(cmlp.load("m.cmlp")) is kind
    assert (
        lines[1].startswith(reason)
        and f". So this trains a{'n' * (kind.__name__[0] == 'M')} {kind.__name__}" in lines[1]
    )
    assert not any("y.astype" in line for line in lines)


def test_many_columns_of_numbers_are_one_network(command):
    """Pixels of images are columns with names, too."""
    for n, kind in ((256, TabularRegressor), (257, cmlp.MLPClassifier)):
        numbers("n.csv", [f"pixel{i}" for i in range(n)], 40)
        status, lines, _ = command(
            "train", "n.csv", "--target", "y", "--max-time", "1e-9", *OPTIONS
        )
        assert status == 0 and type(cmlp.load("m.cmlp")) is kind
    assert lines[1].startswith(
        "n.csv has more than 256 columns of numbers (--table trains the model of a table). So"
    )


def test_options_that_exclude_each_other_are_refused(command):
    numbers("n.csv")

    def error(*options):
        status, _, err = command("train", "n.csv", "--target", "y", *OPTIONS, *options)
        assert status == 1 and err.count("\n") == 1
        return err

    assert "--n-epochs is only for the model of a table, and --alpha only for one" in error(
        "--n-epochs", "3", "--alpha", "1"
    )
    assert "--table is only for the model of a table, and --resume only for one" in error(
        "--table", "--resume"
    )
    assert "--holdout is only for the model of a table, and --network only for" in error(
        "--holdout", "last", "--network"
    )
    assert "--no-refit is only for the model of a table, and --network only for" in error(
        "--no-refit", "--network"
    )
    assert "--holdout none and --no-refit exclude each other" in error(
        "--holdout", "none", "--no-refit"
    )
    np.save("n.npy", np.ones((40, 3)))
    status, _, err = command("train", "n.npy", "--target", "3", "--table", *OPTIONS)
    assert status == 1 and "n.npy must be delimited text or Parquet for the model of a table" in err


def test_the_last_rows_are_held_out_on_demand(command):
    train = [*TRAIN, "--holdout", "last", "--provenance", "--no-refit"]
    _, lines, _ = command(*train)
    error = np.sqrt(np.mean((PRICE[-25:] - predictions(cmlp.load("m.cmlp"))[-25:]) ** 2))
    assert lines[-5].startswith(
        f"root mean squared error {short(error)} on 25 rows held out of training"
    )
    verify = [
        "verify",
        "m.cmlp",
        "flats.csv",
        "--target",
        "price",
        "--drop",
        "note",
        "--drop",
        "kind",
    ]
    assert command(*verify, "--holdout", "last")[0] == 0
    assert command(*verify)[0] == 0


ALL_ROWS = np.arange(N)
MOST_ROWS = np.sort(np.random.RandomState(0).permutation(N)[N // 8 :])
SECOND_FIT = (
    "these figures are those of a first fit, without these 25 rows. The model of a second fit, on all 200 rows, is "
    "written; its intervals come from its own held-out rows"
)


def assert_written_is_the_fit_of(rows, path="m.cmlp", *, is_in_order=False):
    """Compare a model file with a fit in Python."""
    size = np.where(np.arange(N) % 10 == 3, np.nan, SIZE)
    frame = np.stack(
        [size.astype(object), np.where(DISTRICT == "NA", None, DISTRICT), BUILT.astype(object)],
        axis=1,
    )
    expected = TabularRegressor(random_state=0, hidden_layer_sizes=16)
    expected.fit(frame[rows], PRICE[rows], time=rows if is_in_order else None)
    found = cmlp.load(path)
    for ours, theirs in zip(found.estimators_, expected.estimators_, strict=True):
        np.testing.assert_array_equal(ours.params, theirs.params)
    np.testing.assert_array_equal(
        model_of(found).calibration.scores, model_of(expected).calibration.scores
    )


@pytest.mark.parametrize("holdout", ["random", "last"])
def test_the_written_model_has_learned_all_rows(command, holdout):
    _, lines, _ = command(*TRAIN, "--holdout", holdout)
    is_last = holdout == "last"
    assert_written_is_the_fit_of(ALL_ROWS, is_in_order=is_last)
    second, later = SECOND_FIT, ["Intervals hold for the next 35 rows"] * is_last
    if is_last:
        second = second.replace("held-out rows", "later rows")
    n_last = 2 + is_last
    assert lines[-1] == "wrote m.cmlp" and lines[-n_last] == second
    assert [line.split(":")[0] for line in lines[1 - n_last : -1]] == later
    report = lines[-n_last - 5 : -n_last]
    _, measured, _ = command(*TRAIN, "--holdout", holdout, "--no-refit")
    assert measured[-4 - n_last : 1 - n_last] == [
        line.replace("a first fit", "training") for line in report
    ]
    if holdout == "random":
        assert_written_is_the_fit_of(MOST_ROWS)


def test_without_held_out_rows_there_is_one_fit_and_no_figure(command, monkeypatch):
    fits = []
    monkeypatch.setattr("cmlp._cli.progress.ProgressLine.on_fit_begin", lambda *_: fits.append(1))
    monkeypatch.setattr("cmlp._cli.progress.ProgressLine.on_epoch_end", lambda *_: None)
    _, lines, _ = command(*TRAIN, "--holdout", "none")
    assert len(lines) == 6
    assert lines[2].startswith("kept of each network the best epoch on the rows that it held out")
    assert lines[3:] == ["read as categories: district", "read as dates: built", "wrote m.cmlp"]
    assert_written_is_the_fit_of(ALL_ROWS)
    assert len(fits) == 1
    command(*TRAIN)
    assert len(fits) == 3


@pytest.mark.parametrize("moment", ["on_fit_begin", "on_epoch_end"])
def test_an_interrupted_second_fit_writes_the_first(command, monkeypatch, moment):
    def interrupted(self, trainer):
        if self.title == "fit 2 of 2":
            raise KeyboardInterrupt

    monkeypatch.setattr(f"cmlp._cli.progress.ProgressLine.{moment}", interrupted)
    status, lines, _ = command(*TRAIN, "--provenance")
    assert status == 130 and lines[-1] == (
        "interrupted in the second fit: wrote m.cmlp, the model of the first, which has not learned the 25 held-out "
        "rows"
    )
    assert_written_is_the_fit_of(MOST_ROWS)
    assert command("verify", "m.cmlp", "flats.csv")[0] == 0


def test_a_report_that_is_interrupted_says_that_the_model_is_written(command, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("cmlp._cli.table_report.TableReport.lines", interrupted)
    status, lines, _ = command(*TRAIN)
    assert status == 130 and lines[-1] == "interrupted before the report: wrote m.cmlp"
    assert_written_is_the_fit_of(ALL_ROWS)


def test_a_second_fit_that_fails_writes_the_first(command, monkeypatch):
    def failing(self, trainer):
        if self.title == "fit 2 of 2":
            raise ValueError("no luck.")

    monkeypatch.setattr("cmlp._cli.progress.ProgressLine.on_epoch_end", failing)
    status, _, err = command(*TRAIN)
    assert status == 1 and err == (
        "cmlp: error: no luck (in the second fit: wrote m.cmlp, the model of the first, which has not learned the 25 "
        "held-out rows)\n"
    )
    assert_written_is_the_fit_of(MOST_ROWS)


def test_max_time_is_for_both_fits(command, monkeypatch):
    fit, limits = TabularRegressor.fit, []

    def timed(self, X, y, **keywords):
        limits.append(self.max_time)
        return fit(self, X, y, **keywords)

    monkeypatch.setattr(TabularRegressor, "fit", timed)
    command(*TRAIN, "--max-time", "1000")
    first, second = limits
    assert first == 500 and 500 < second < 1000
    assert cmlp.load("m.cmlp").max_time == 1000
    status, _, err = command(*TRAIN, "--max-time", "-4")
    assert status == 1 and "got -4" in err.lower()


def test_the_record_has_both_fits_and_verify_repeats_the_second(command):
    command(*TRAIN, "--provenance", "--no-refit")
    names = "data", "ends", "n_rows", "seed"
    alone = provenance_of(cmlp.load("m.cmlp"))
    command(*TRAIN, "--provenance")
    record = provenance_of(cmlp.load("m.cmlp"))
    assert record["measured"] == {name: alone[name] for name in names} and "measured" not in alone
    assert (record["n_rows"], alone["n_rows"]) == (N, N - 25)
    assert command("verify", "m.cmlp", "flats.csv")[0] == 0
    text = Path("flats.csv").read_text()
    held = np.setdiff1d(ALL_ROWS, MOST_ROWS)[0]
    Path("flats.csv").write_text(text.replace(f"n{held},", f"n{held},1", 1))
    assert command("verify", "m.cmlp", "flats.csv")[0] == 3
    for name, value in (("n_rows", "many"), ("ends", [1]), ("data", {"X": "0"})):
        model = cmlp.load("m.cmlp")
        provenance_of(model)["measured"][name] = value
        model.save("damaged.cmlp")
        assert "'provenance' " in command("verify", "damaged.cmlp", "flats.csv")[2]


def test_few_rows_are_all_learned_in_one_fit(command):
    Path("few.csv").write_text("x,y\n" + "".join(f"a{i % 3},{i}.5\n" for i in range(31)))
    _, lines, _ = command("train", "few.csv", "--target", "y", *OPTIONS)
    assert [line for line in lines if "fit" in line] == [] and lines[-2].startswith(
        "importance of the columns: "
    )


@pytest.mark.parametrize("n_rows", [2, 31, 32])
def test_rows_of_which_none_are_held_out_are_said_to_measure_nothing(command, n_rows):
    Path("few.csv").write_text("x,y\n" + "".join(f"{i},{i}.5\n" for i in range(n_rows)))
    nothing = "nothing is measured: of fewer than 32 rows, none are held out"
    for more in [], ["--holdout", "last"]:
        status, lines, _ = command("train", "few.csv", "--target", "y", *more, *OPTIONS)
        assert status == 0 and (nothing in lines) == (n_rows < 32)
    assert (
        nothing
        not in command("train", "few.csv", "--target", "y", "--holdout", "none", *OPTIONS)[1]
    )


def test_too_few_different_rows_are_said_to_measure_nothing(command):
    rows = "".join(f"{i % 25},{i % 25}.5,{i % 25}.25\n" for i in range(100))
    Path("few.csv").write_text("a,x,y\n" + rows)
    _, lines, _ = command("train", "few.csv", "--target", "y", *OPTIONS)
    assert "nothing is measured: of fewer than 32 different rows, none are held out" in lines


def test_too_few_groups_are_said_to_measure_nothing(command):
    rows = "".join(f"{i % 2},{i},{i}.5\n" for i in range(40))
    Path("few.csv").write_text("group,x,y\n" + rows)
    _, lines, _ = command("train", "few.csv", "--target", "y", "--groups", "group", *OPTIONS)
    assert "nothing is measured: of fewer than 3 groups, none are held out" in lines


def test_warnings_of_the_fit_are_lines(command):
    """A warning of Python would show the path of the program."""
    status, lines, err = command(*TRAIN, "--n-epochs", "1", "--learning-rate-init", "1e-9")
    assert (status, err) == (0, "")
    (line,) = [
        line for line in lines if "not clearly better than a constant" in line
    ]  # of both fits
    assert "(n_epochs) or a larger learning_rate_init than 1e-09" in line


def test_columns_that_say_nothing_of_new_rows_are_lines(command):
    lines = Path("flats.csv").read_text().splitlines()
    ids = [f"id,{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))]
    Path("flats.csv").write_text("\n".join(ids))
    _, lines, _ = command("train", "flats.csv", "--target", "kind", "--n-epochs", "1", *OPTIONS)
    found = [line.split()[:3] for line in lines if line.startswith("!  ")]
    assert found == [["!", "ids", "note"], ["!", "ids", "id"]]


def test_what_both_fits_find_is_one_line(command):
    words = [word for k in range(40) for word in (f"word {k}", f"Word {k}")]
    rng = np.random.RandomState(0)
    rows = [f"{rng.choice(words)},{rng.choice(words)},{rng.normal()}" for _ in range(200)]
    Path("words.csv").write_text("\n".join(["a,b,y", *rows]))
    _, lines, _ = command("train", "words.csv", "--target", "y", "--n-epochs", "1", *OPTIONS)
    (line,) = [line for line in lines if "differ only by blanks or case" in line]
    assert line.split()[:4] == [".", "spelling", "a,", "b"]


@pytest.mark.parametrize(("n", "kind"), [(16, "Regressor"), (3, "Regressor"), (2, "Classifier")])
def test_a_whole_number_of_its_own_in_each_row_makes_a_regressor(command, n, kind):
    Path("few.csv").write_text("x,y\n" + "".join(f"{i % 3},{7 * i}\n" for i in range(n)))
    status, lines, _ = command("train", "few.csv", "--target", "y", "--n-epochs", "1", *OPTIONS)
    assert (
        status == 0 and f"So this trains a Tabular{kind}: the target has {n} different" in lines[1]
    )
    Path("few.csv").write_text("x,y\n" + "".join(f"{i % 3},{i // 2}\n" for i in range(2 * n)))
    _, lines, _ = command("train", "few.csv", "--target", "y", "--n-epochs", "1", *OPTIONS)
    assert f"So this trains a TabularClassifier: the target has {n} different" in lines[1]


def test_integers_that_a_double_cannot_hold_are_counted_as_different_labels(command):
    Path("ids.csv").write_text(
        "x,y\n" + "".join(f"{'ab'[i % 2]},{2**64 + i % 3}\n" for i in range(60))
    )
    status, lines, _ = command("train", "ids.csv", "--target", "y", "--n-epochs", "1", *OPTIONS)
    assert status == 0 and "the target has 3 different whole numbers" in lines[1]


@pytest.mark.parametrize(("end", "period"), [("Z", 24), ("", 24), ("Z", 10**6)])
def test_hours_of_utc_are_named_if_they_matter(command, end, period):
    """Times without an offset, and instants of which the target does not depend on the hour, get no such line."""
    hours = np.datetime64("2026-01-05T00:00") + np.arange(400) * np.timedelta64(1, "h")
    rows = [f"{hour}:00{end},{k % period % 7}" for k, hour in enumerate(hours.astype(str))]
    Path("hours.csv").write_text("\n".join(["time,cars", *rows]))
    status, lines, _ = command("train", "hours.csv", "--target", "cars", "--regressor", *OPTIONS)
    assert status == 0
    assert [line for line in lines if "UTC" in line] == (end == "Z" and period == 24) * [
        "time: the model uses hours or days of UTC. If those of a local clock matter, train and predict with times "
        "without an offset"
    ]


def test_labels_are_predicted_with_probabilities(command):
    status, lines, _ = command("train", "flats.csv", "--target", "kind", "--drop", "note", *OPTIONS)
    assert status == 0 and float(lines[-5].split()[1]) > 0.85
    assert "; always " in lines[-5]
    model = cmlp.load("m.cmlp")
    assert isinstance(model, TabularClassifier)
    status, lines, err = command("predict", "m.cmlp", "flats.csv", "--proba")
    assert (status, err) == (0, "cmlp: the model does not need the columns note, kind: ignored\n")
    assert len(lines) == N and np.allclose([sum(map(float, line.split(","))) for line in lines], 1)
    assert set(
        command("predict", "m.cmlp", "flats.csv", "--drop", "note", "--drop", "kind")[1]
    ) == {"large", "small"}


def test_predictions_are_those_of_python(command):
    command(*TRAIN)
    status, lines, err = command("predict", "m.cmlp", "flats.csv")
    assert (status, err) == (
        0,
        "cmlp: the model does not need the columns note, price, kind: ignored\n",
    )
    assert list(map(float, lines)) == predictions(cmlp.load("m.cmlp")).tolist()
    status, _, _ = command("predict", "m.cmlp", "flats.csv", "-o", "p.txt")
    with open("p.txt") as file:
        assert status == 0 and file.read().splitlines() == lines


def test_columns_of_predictions_have_names(command, tmp_path):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((120, 2))
    np.savetxt("rows.csv", X, delimiter=",")
    two = np.where(X[:, 0] > 0, "large", "small")
    quick = {"n_estimators": 1, "n_epochs": 1, "hidden_layer_sizes": (4,), "random_state": 0}
    quantiles = TabularRegressor(loss="quantile", quantile=[0.1, 0.9], **quick)
    targets = package("pandas").DataFrame({"rent": X[:, 0], "a, b": X[:, 1]})
    for name, model, y in [
        ("numbers", TabularRegressor(**quick), X[:, 0] + X[:, 1]),
        ("targets", TabularRegressor(**quick), targets),
        ("quantiles", quantiles, X[:, 0] + X[:, 1]),
        ("classes", TabularClassifier(**quick), two),
        ("labels", TabularClassifier(**quick), (X > 0).astype(int)),
    ]:
        with warnings.catch_warnings(action="ignore"):
            model.fit(X, y).save(f"{name}.cmlp")
    for name, options, names in [
        ("numbers", [], "prediction"),
        ("numbers", ["--coverage", "0.5"], "prediction,low,high"),
        ("targets", [], 'rent,"a, b"'),
        (
            "targets",
            ["--coverage", "0.5"],
            'rent,rent low,rent high,"a, b","a, b low","a, b high"',
        ),
        ("quantiles", ["--coverage", "0.5"], "quantile 0.1,quantile 0.9,low,high"),
        ("classes", [], "prediction"),
        ("classes", ["--proba"], "large,small"),
        ("labels", ["--coverage", "0.5"], "0,1"),
    ]:
        arguments = ["predict", f"{name}.cmlp", "rows.csv", *options]
        lines = command(*arguments)[1]
        assert command(*arguments, "--names")[1] == [names, *lines]
    status, _, err = command("predict", "classes.cmlp", "rows.csv", "--coverage", "0.5", "--names")
    assert status == 1 and "--names needs columns" in err


@pytest.mark.filterwarnings(
    "ignore:X does not have valid feature names", "ignore:column 2. 1 of 2 values is missing"
)
def test_columns_are_found_by_name_in_any_order(command, tmp_path):
    command(*TRAIN)
    (tmp_path / "one.csv").write_text(
        "district,built,size\nnorth,2001-05-01T10:00:00,80\nnew,null,\n"
    )
    status, lines, err = command("predict", "m.cmlp", "one.csv")
    assert status == 0 and err.startswith(
        "cmlp: column 'built': 1 of 2 values is missing. In fit there were none"
    )
    assert err.count("\n") == 1
    day = np.datetime64("2001-05-01T10:00")
    expected = cmlp.load("m.cmlp").predict(
        np.array([[80, "north", day], [None, "new", None]], object)
    )
    assert list(map(float, lines)) == expected.tolist()


def test_columns_without_names_are_numbered(command, tmp_path):
    rows = [f"{i},{'ab'[i % 2]},{i * (1 + i % 2)}.5" for i in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    status, lines, _ = command("train", "rows.csv", "--target", "3", *OPTIONS)
    assert status == 0 and "column 1 " in lines[-3]
    assert cmlp.load("m.cmlp").feature_names_in_.tolist() == ["column 1", "column 2"]
    assert command("predict", "m.cmlp", "rows.csv", "--drop", "3")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--target", "price", "--alpha", "1"],
            "is not a number. This needs the model of a table, and --alpha one network",
        ),
        (
            ["--target", "price", "--class-weight", "balanced"],
            "--class-weight is not for a TabularRegressor: the target has",
        ),
        (["--target", "kind", "--regressor"], "--regressor needs a target of numbers, got"),
        (
            ["--target", "kind", "--quantile", "0.3", "--loss", "quantile"],
            "--quantile needs a target of numbers, got",
        ),
        (
            ["--target", "district"],
            "column 3 ('district'): the value is missing: leave out the rows without a target",
        ),
        (["--target", "price", "--validation", "flats.csv"], "is not a number"),
        (["--target", "other"], "flats.csv has no column 'other'"),
    ],
)
def test_training_refuses(command, arguments, message):
    status, _, err = command("train", "flats.csv", *arguments, *OPTIONS)
    assert status == 1 and message in err, err


def test_resume_of_a_table_is_refused(command):
    assert command(*TRAIN)[0] == 0
    status, _, err = command(*TRAIN, "--resume")
    assert (
        status == 1
        and "m.cmlp is a TabularRegressor, the model of a table, which --resume cannot continue"
        in err
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("size,district\n1,north\n", "bad.csv has no column 'built', which the model needs"),
        (
            "size,district,built\n1,north,2001-01-01\nx,north,2001-01-01\n",
            "line 3, column 1 ('size'): 'x' is not a number",
        ),
        ("size,district,built\n1,north\n", "line 2: 2 values, but the first line has 3"),
        ("size,district,built\n", "bad.csv contains no rows"),
    ],
)
def test_prediction_refuses(command, tmp_path, content, message):
    command(
        "train",
        "flats.csv",
        "--target",
        "price",
        "--drop",
        "note",
        "--drop",
        "kind",
        "--max-time",
        "1e-9",
        *OPTIONS,
    )
    (tmp_path / "bad.csv").write_text(content)
    status, lines, err = command("predict", "m.cmlp", "bad.csv")
    assert (status, lines) == (1, []) and message in err, err


def test_interrupted_training_writes_the_model(command, monkeypatch):
    def interrupted(self, trainer):
        raise KeyboardInterrupt

    monkeypatch.setattr("cmlp._cli.progress.ProgressLine.on_epoch_end", interrupted)
    status, lines, _ = command(*TRAIN)
    assert status == 130 and lines[-1] == "interrupted: wrote m.cmlp"
    assert isinstance(cmlp.load("m.cmlp"), TabularRegressor)


def test_a_column_is_what_all_of_its_cells_are(command, tmp_path):
    """Cells of the first blocks that look like numbers or dates are text if later ones are."""
    n = 60_000
    lines = [
        "code,day,size,label",
        *(f"{k % 7 + 100},2020-01-0{1 + k % 9},{k % 50},{'ab'[k % 2]}" for k in range(n)),
    ]
    lines[n // 2 :] = [line.replace(",2020-01-0", ",day ") for line in lines[n // 2 :]]
    (tmp_path / "long.csv").write_text("\n".join([*lines, "007,never,,b"]))
    status, shown, _ = command(
        "train", "long.csv", "--target", "label", *OPTIONS, "--max-time", "0.01"
    )
    assert status == 0 and "line 2, column 2 ('day'): '2020-01-01' is not a number" in "".join(
        shown
    )
    categories = cmlp.load("m.cmlp").categories_
    assert sorted(categories["code"]) == ["007", *(f"{k + 100}" for k in range(7))]  # not 7.0
    assert "never" in categories["day"] and "2020-01-01" in categories["day"]
    assert "size" not in categories


def test_many_rows_are_predicted_in_blocks(command, tmp_path):
    assert command(*TRAIN)[0] == 0
    header, *rows = (tmp_path / "flats.csv").read_text().splitlines()
    (tmp_path / "many.csv").write_text("\n".join([header, *(rows * 50)]))
    few, many = (command("predict", "m.cmlp", name)[1] for name in ("flats.csv", "many.csv"))
    assert many == few * 50
    (tmp_path / "bad.csv").write_text(
        "\n".join([header, *(rows * 50), rows[0].replace(rows[0].split(",")[1], "big", 1)])
    )
    status, _, err = command("predict", "m.cmlp", "bad.csv")
    assert (
        status == 1
        and f"bad.csv, line {N * 50 + 2}, column 2 ('size'): 'big' is not a number" in err
    )


def test_progress_of_reading_is_shown(command, monkeypatch):
    monkeypatch.setattr("cmlp._cli.progress._PATIENCE", -1.0)
    monkeypatch.setattr("cmlp._data.files.file_formats._REPORTED", 1000)
    _, shown, _ = command(*TRAIN)
    assert re.fullmatch(r"reading  \[#+\.+\]  \d+%", shown[0])


def test_predictions_have_intervals_and_sets_on_demand(command):
    command(*TRAIN)
    _, lines, _ = command(
        "predict", "m.cmlp", "flats.csv", "--drop", "note", "--drop", "kind", "--coverage", "0.8"
    )
    found = np.array([line.split(",") for line in lines], float)
    assert (
        found.shape == (N, 3)
        and (found[:, 1] < found[:, 0]).all()
        and (found[:, 0] < found[:, 2]).all()
    )
    districts = [None if name == "NA" else name for name in DISTRICT]
    records = [
        {
            "size": None if i % 10 == 3 else SIZE[i],
            "district": districts[i],
            "built": BUILT[i].item(),
        }
        for i in range(N)
    ]
    np.testing.assert_allclose(
        found[:, 1:], cmlp.load("m.cmlp").predict_interval(records, 0.8), rtol=1e-6
    )
    command("train", "flats.csv", "--target", "kind", "--drop", "note", *OPTIONS)
    _, lines, _ = command(
        "predict", "m.cmlp", "flats.csv", "--drop", "note", "--drop", "kind", "--coverage", "0.9"
    )
    assert len(lines) == N and {*lines} <= {"large", "small", "large,small"}


def test_coverage_of_several_targets_and_labels(command):
    """Each target has its number and both ends, each label what its set contains."""
    X, t = [[float(i % 7), "ab"[i // 3 % 2]] for i in range(90)], np.arange(90)
    Path("x.csv").write_text(
        "number,side\n" + "".join(f"{x},{side}\n" for x, side in X[:5]), encoding="utf-8"
    )
    regressor = cmlp.TabularRegressor(n_estimators=2, n_epochs=3, random_state=0).fit(
        X, np.c_[t % 9, t % 2]
    )
    regressor.save("r.cmlp")
    _, out, _ = command("predict", "r.cmlp", "x.csv", "--coverage", "0.8")
    found = np.array([line.split(",") for line in out], float).reshape(5, 2, 3)
    np.testing.assert_allclose(found[..., 0], regressor.predict(X[:5]), rtol=1e-6)
    np.testing.assert_allclose(found[..., 1:], regressor.predict_interval(X[:5], 0.8), rtol=1e-6)
    classifier = cmlp.TabularClassifier(n_estimators=2, n_epochs=3, random_state=0)
    classifier.fit(X, np.c_[t % 9 > 4, t % 2].astype(int)).save("c.cmlp")
    _, out, _ = command("predict", "c.cmlp", "x.csv", "--coverage", "0.8")
    sets = classifier.predict_set(X[:5], 0.8)
    texts = [["0 or 1" if label.all() else str(int(label[1])) for label in row] for row in sets]
    assert [line.split(",") for line in out] == texts
    _, out, _ = command("predict", "c.cmlp", "x.csv", "--coverage", "0.8", "--by-class")
    sets = classifier.predict_set(X[:5], 0.8, by_class=True)
    texts = [["0 or 1" if label.all() else str(int(label[1])) for label in row] for row in sets]
    assert [line.split(",") for line in out] == texts
    for options, message in (
        (["c.cmlp", "x.csv", "--by-class"], "--by-class needs --coverage"),
        (
            ["r.cmlp", "x.csv", "--by-class", "--coverage", "0.8"],
            "--by-class is for sets of labels",
        ),
    ):
        status, _, err = command("predict", *options)
        assert status == 1 and message in err


def test_coverage_is_refused_by_name(command, tmp_path):
    command(*TRAIN)
    for value in ("0", "1", "many"):
        with pytest.raises(SystemExit):
            command("predict", "m.cmlp", "flats.csv", "--coverage", value)
    status, _, err = command("predict", "m.cmlp", "flats.csv", "--coverage", "0.9", "--proba")
    assert status == 1 and "--coverage and --proba exclude each other" in err
    cmlp.Network([1, 2]).save("n.cmlp")
    status, _, err = command("predict", "n.cmlp", "flats.csv", "--coverage", "0.9")
    assert (
        status == 1
        and "n.cmlp is one network (Network), and only the model of a table has intervals" in err
    )


def test_info_says_of_which_categories_the_model_knows_a_part(capsys, tmp_path, monkeypatch):
    list_at_most(monkeypatch, 200)
    codes = np.tile(np.arange(400), 3)
    rows = [[f"k{code}", f"j{code % 200}"] for code in codes.tolist()]
    y = np.random.RandomState(0).normal(codes, 40)
    model = cmlp.TabularRegressor(n_estimators=1, n_epochs=1, random_state=0).fit(rows, y)
    model.save(tmp_path / "m.cmlp")
    assert cli.main(["info", str(tmp_path / "m.cmlp")]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("categories")]
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        "0 (the 200 most frequent of 400, which have about 50% of the values)"
    ]


def test_copies_of_rows_are_held_out_together_and_count_once(command):
    lines = Path("flats.csv").read_text().split("\n")
    Path("once.csv").write_text("\n".join(lines[:101]))
    Path("copies.csv").write_text("\n".join([lines[0], *np.repeat(lines[1:101], 5)]))
    drop = ["--drop", "note", "--drop", "kind", "--n-epochs", "4", *OPTIONS]
    found = {}
    for name in ("once.csv", "copies.csv"):
        status, found[name], err = command("train", name, "--target", "price", *drop)
        assert (status, err) == (0, "")
    once, copies = found.values()
    where = "on 12 rows held out of a first fit; always the mean: "
    (base,) = (line.partition(where)[2] for line in once if where in line)
    where = where.replace("rows", "rows and their copies")
    assert [line.partition(where)[2] for line in copies if where in line] == [base]
    assert any("without these 12 rows and their copies. The model" in line for line in copies)
    row = re.compile(r"!!  copies +100 different rows in 500  keep each row once, or --groups")
    assert not any(map(row.match, once))
    assert sum(1 for line in copies if row.match(line)) == 1
    _, lines, _ = command("examine", "copies.csv", "--target", "price")
    assert any("100 different rows in 500" in line for line in lines)
    _, lines, _ = command("info", "m.cmlp")
    assert any(re.match(r"findings +!! copies(,|$)", line) for line in lines)


def test_verify_repeats_a_fit_of_copies(command):
    lines = Path("flats.csv").read_text().split("\n")
    Path("copies.csv").write_text("\n".join([lines[0], *np.repeat(lines[1:101], 3)]))
    options = ["--provenance", "--n-epochs", "2", "--no-refit", *OPTIONS]
    assert command("train", "copies.csv", "--target", "price", "--drop", "note", *options)[0] == 0
    status, lines, _ = command("verify", "m.cmlp", "copies.csv")
    assert status == 0
    assert any(line.startswith("bit-identical") for line in lines)

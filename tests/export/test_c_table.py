"""Exported headers of tables give predictions from raw rows that are bit-identical to Python's."""

import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from c_export import CORTEX_M4, NATIVE, TARGETS, WARNINGS, Target, build, needs_gcc, require, run
from internals import changed, model_of
from optional import package
from table_models import FAST, MODELS, UNSEEN, X, assert_table_agrees

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp._model.model import AnswerScale

pytestmark = needs_gcc

nan = float("nan")


def test_networks_that_all_see_the_bins(tmp_path):
    """Those of a column whose signal goes up and down many times; files have them, too."""
    rows = np.arange(600.0)[:, None]
    model = TabularRegressor(**FAST).fit(rows, np.sin(rows[:, 0] / 10))
    assert len({net.sizes for net in model.estimators_}) == 1 < len(model.estimators_)
    assert_table_agrees(tmp_path, model, rows[::7] + 0.5)
    model.save(tmp_path / "table.cmlp")
    assert (cmlp.load(tmp_path / "table.cmlp").predict(rows) == model.predict(rows)).all()


@pytest.mark.parametrize("name", MODELS)
def test_header_has_the_bits_of_python(tmp_path, name):
    assert_table_agrees(tmp_path, MODELS[name](), UNSEEN)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS[1:9], ids=[target.name for target in TARGETS[1:9]])
def test_header_has_the_bits_of_python_with_other_compilers(tmp_path, target):
    """Compilers that fuse products with additions would change the predictions of the regressor."""
    require(target)
    assert_table_agrees(tmp_path, MODELS["multiclass"](), UNSEEN, target)
    assert_table_agrees(tmp_path, MODELS["regressor"](), UNSEEN, target)


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ([nan, 1.0] * 20, "a number or missing"),
        ([1.0] * 40, "a constant"),
        (["a", "b"] * 20, "two categories"),
        (["a", "b", None, "c"] * 10, "missing categories"),
        ([5e-324, -1.7e308, 1e300, 0.0, -0.0] * 8, "numbers of any size"),
    ],
)
def test_tables_of_one_column(tmp_path, column, names):
    model = TabularRegressor(**FAST).fit([[value] for value in column], np.arange(40.0))
    rows = [*column, nan] if isinstance(column[0], float) else [*column, "d"]
    assert_table_agrees(tmp_path, model, [[value] for value in rows])


def test_categories_are_found_by_their_names(tmp_path):
    """A name's code is that of the Python model; names of numbers are their JSON."""
    model = MODELS["regressor"]()
    model.to_c(tmp_path / "table.h")
    expected, calls = [], []
    for column, codes in enumerate(model_of(model).columns.codes):
        unknown = -1.0 if model_of(model).columns[column].is_category else nan
        for value, code in (codes or {}).items():
            name = "true" if value is True else value if value is None else str(value)
            expected.append(code)
            calls.append((column, name))
        calls += [(column, "never"), (column, ""), (column, "re")]
        expected += [unknown] * 3
    calls += [(-1, "red"), (8, "red"), (0, None)]
    expected += [nan] * 3
    literals = ["NULL" if name is None else '"' + escaped(name) + '"' for _, name in calls]
    lines = "".join(
        f'    printf("%.0f\\n", table_category({column}, {name}));\n'
        for (column, _), name in zip(calls, literals, strict=True)
    )
    source = (
        f'#include <stdio.h>\n#include "table.h"\nint main(void)\n{{\n{lines}    return 0;\n}}\n'
    )
    printed = run(build(tmp_path, source, NATIVE)).decode().split()
    np.testing.assert_array_equal([*map(float, printed)], expected)


def contract_model():
    """Return a model of a table with a column of each kind, whose names are hostile."""
    pd = package("pandas")
    frame = pd.DataFrame(
        {
            "Größe in m²": np.arange(80.0),
            "int": [True, False] * 40,
            "a__b": ["x", "y", None, "z"] * 20,
            "a b": pd.Categorical(["low", "high"] * 40, ["low", "mid", "high"], ordered=True),
            "when": pd.date_range("2020-01-01", periods=80),
            "utc": pd.date_range("2020-01-01", periods=80, tz="UTC"),
            "took": pd.to_timedelta(np.arange(80) % 7, "D"),
            "same": ["x"] * 80,
            "*/": np.arange(80) % 9,
        }
    )
    model = TabularClassifier(**{**FAST, "n_estimators": 6}).fit(
        frame, ["no", "yes", "no", "yes", "yes"] * 16
    )
    model.threshold_ = 0.375
    return model


MEANINGS = [
    "a number",
    "0 or 1",
    "one of 4 categories",
    "one of 3 ordered categories",
    "a date, in days since 1970-01-01",
    "a date, in days since 1970-01-01 in UTC",
    "a duration, in days",
    "not used: a category, the same in all rows of fit",
    "a number",
]


def test_contract_of_each_column(tmp_path):
    model = contract_model()
    assert [column.meaning for column in model_of(model).columns] == MEANINGS
    model.to_c(tmp_path / "table.h")
    text = (tmp_path / "table.h").read_text(encoding="ascii")
    for i, meaning in enumerate(MEANINGS):
        assert re.search(
            rf" = {i}, /\* {re.escape(meaning)}(: table_category\({i}, name\))? \*/", text
        )
    source = """#include <stdio.h>
#include "table.h"
int main(void)
{
    printf("%s %s\\n", table_CMLP_VERSION, table_SHA256);
    printf("%g %s\\n", table_THRESHOLD, table_label(table_POSITIVE_CLASS));
    printf("%d %d %d\\n", table_column_int, table_column_a_b, table_column_a_b_3);
    printf("%d %d %d\\n", table_column_Gr_e_in_m, table_column_when, table_column_8);
    printf("%g %g %g\\n", table_category(1, "false"), table_category(1, "true"), table_category(3, "high"));
    printf("%g %g %g\\n", table_category(2, "new"), table_category(0, "60"), table_category(4, "2020"));
    return 0;
}
"""
    printed = run(build(tmp_path, source, NATIVE)).decode().splitlines()
    assert printed[0] == f"{cmlp.__version__} {model_of(model).parameter_hash}"
    assert printed[1:] == ["0.375 yes", "1 2 3", "0 4 8", "0 1 2", "-1 nan nan"]
    assert table_alone("x" * 40, model)


def table_alone(name, model):
    """Return whether all identifiers of a header with a name have at most 63 characters."""
    text = io.StringIO()
    model.to_c(text, name=name)
    return max(map(len, re.findall(rf"\b{name}_\w+", text.getvalue()))) <= 63


@pytest.mark.parametrize("values", [[1, "1"], [True, "true"]])
def test_categories_that_are_the_same_text_are_refused(tmp_path, values):
    """As to_onnx refuses them: a name in C would always find the first one."""
    rows = [[[*values, "x", "y"][i % 4], float(i)] for i in range(44)]
    model = TabularRegressor(**FAST).fit(rows, np.arange(44.0))
    with pytest.raises(ValueError, match=r"column 0 has the categories .* the same text in C"):
        model.to_c(tmp_path / "table.h")
    assert not (tmp_path / "table.h").exists()


def escaped(name):
    return "".join(f"\\{byte:03o}" for byte in name.encode())


def test_labels_and_names_of_columns(tmp_path):
    pd = package("pandas")
    frame = pd.DataFrame({"größe": np.arange(40.0), "colour": ["red", None] * 20})
    model = TabularClassifier(**FAST).fit(frame, ["näher", "weiter"] * 20)
    model.to_c(tmp_path / "table.h")
    source = (
        '#include <stdio.h>\n#include "table.h"\nint main(void)\n{\n'
        '    printf("%s %s %s %s", table_feature(0), table_feature(1), table_label(0), table_label(1));\n'
        "    return 0;\n}\n"
    )
    assert run(build(tmp_path, source, NATIVE)).decode() == "größe colour näher weiter"


def test_example_in_the_documentation(tmp_path):
    document = Path(__file__).parents[2] / "docs/export.md"
    if not document.exists():
        pytest.skip("the documentation is in the source tree only")
    text = document.read_text(encoding="utf-8").partition("### Tables")[2]
    written = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    names = {"path": tmp_path / "flats.h"}
    exec(written.replace('"flats.h"', "path"), names)
    sizes = names["flats"].to_c(names["path"])
    assert f"# {sizes}\n" in written


def test_loaded_model_writes_the_same_header(tmp_path):
    model, texts = MODELS["multiclass"](), []
    model.save(tmp_path / "table.cmlp")
    for one in (model, cmlp.load(tmp_path / "table.cmlp")):
        text = io.StringIO()
        one.to_c(text, name="table")
        texts.append(text.getvalue())
    assert texts[0] == texts[1]


def test_only_functions_that_make_sense_are_written():
    text = io.StringIO()
    TabularRegressor(**FAST).fit(np.arange(40.0)[:, None], np.arange(40.0)).to_c(text, name="table")
    names = set(re.findall(r"^table_API [\w *]+?table_(\w+)\(", text.getvalue(), re.MULTILINE))
    assert "predict" in names and not names & {"category", "classify", "label", "feature"}


def test_check_sees_missing_values_and_every_kind_of_code(tmp_path):
    """The header's own check prints the rows that it predicts."""
    model, text = MODELS["regressor"](), io.StringIO()
    model.to_c(text, name="table")
    before, call, after = text.getvalue().rpartition("    table_predict(x, output);")
    assert call
    columns = model_of(model).columns
    source = f"""#include <stdio.h>
{before}    fwrite(x, sizeof *x, {len(columns)}, stdout);
{call}{after}
int main(void) {{ return !table_check(); }}
"""
    rows = np.frombuffer(run(build(tmp_path, source, NATIVE))).reshape(-1, len(columns))
    has_missing = [
        column.missing if column.is_number else None in (column.categories or ())
        for column in columns
    ]
    assert sum(has_missing) >= 4 and np.isnan(rows[0]).tolist() == has_missing
    assert not np.isinf(rows).any()
    codes = rows[:, [i for i, column in enumerate(columns) if column.is_category]]
    assert np.nanmin(codes) == -1 and np.nanmax(codes) > 1


@pytest.mark.slow
def test_check_fails_where_the_compiler_assumes_that_there_is_no_nan(tmp_path):
    """No macro tells of this option."""
    target = Target("without NaN", ("clang", "-O2", "-fno-honor-nans"))
    require(target)
    MODELS["regressor"]().to_c(tmp_path / "table.h")
    program = '#include "table.h"\nint main(void) { return table_check() ? 0 : 3; }\n'
    assert subprocess.run(build(tmp_path, program, target)).returncode == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"int8": True}, "does not support tables: one byte for each number is too coarse"),
        ({"calibrate": X}, "calibrate is only used with int8=True"),
        ({"dtype": "float64"}, "dtype must be 'float32' or None, got 'float64'"),
        ({"name": "int"}, "must be a C identifier"),
    ],
)
def test_bad_arguments_keep_the_file(tmp_path, arguments, message):
    path = tmp_path / "table.h"
    path.write_text("kept")
    with pytest.raises(ValueError, match=message):
        MODELS["regressor"]().to_c(path, **arguments)
    assert path.read_text() == "kept"


def test_models_that_cannot_be_exported():
    with pytest.raises(ValueError, match="not fitted"):
        TabularRegressor().to_c(io.StringIO(), name="table")
    model = MODELS["regressor"]()
    model.estimators_[1].params[3] = nan
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        model.to_c(io.StringIO(), name="table")
    model = changed(
        MODELS["regressor"](), answer_scale=AnswerScale((0.0,), (1e308,), (-9.0,), (9.0,))
    )
    model.estimators_[0].params[:] = 1e3
    with (
        pytest.raises(ValueError, match="outputs for pseudo-random rows are not finite"),
        np.errstate(over="ignore"),
    ):
        model.to_c(io.StringIO(), name="table")
    model = TabularRegressor(**FAST).fit([["a\0", 1.0], ["b", 2.0]] * 20, np.arange(40.0))
    with pytest.raises(ValueError, match=r"category 'a\\x00' contains a NUL"):
        model.to_c(io.StringIO(), name="table")


def test_square_root_in_integers_has_the_bits_of_the_instruction(tmp_path):
    """Processors without a square root of doubles compute it in integers."""
    assert_table_agrees(
        tmp_path, MODELS["regressor"](), UNSEEN, NATIVE, "-U__SSE2__", "-U__aarch64__"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multiclass", "regressor"])
def test_no_undefined_behaviour(tmp_path, name):
    options = ("-fsanitize=address,undefined", "-fno-sanitize-recover")
    assert_table_agrees(tmp_path, MODELS[name](), UNSEEN, NATIVE, *options)


@pytest.mark.slow
def test_flash_of_a_microcontroller(tmp_path):
    """The header's comment states the size of the code."""
    require(Target("Cortex-M4", CORTEX_M4))
    header = MODELS["multiclass"]().to_c(tmp_path / "table.h")
    path = tmp_path / "table_m4.c"
    path.write_text('#include "table.h"\nint run(const double *x) { return table_classify(x); }\n')
    run([*CORTEX_M4, "-Os", *WARNINGS, "-c", str(path), "-o", str(path.with_suffix(".o"))])
    text, data, bss = map(
        int, run(["arm-none-eabi-size", str(path.with_suffix(".o"))]).splitlines()[1].split()[:3]
    )
    assert bss == 0 and header.constants < text + data < header.constants + 2500


def test_infinite_numbers_are_refused(tmp_path):
    """A missing number is none of them."""
    MODELS["regressor"]().to_c(tmp_path / "table.h")
    source = """#include <math.h>
#include <stdio.h>
#include "table.h"
int main(void)
{
    const double values[] = {INFINITY, -INFINITY, NAN, -NAN, 1.0};
    for (int i = 0; i < 5; i++) {
        double x[table_inputs] = {0}, output[table_outputs] = {7};
        x[1] = values[i];
        printf("%d", table_predict_checked(x, output));
        printf("%d ", output[0] == 7.0);
    }
    return 0;
}
"""
    assert run(build(tmp_path, source, NATIVE)).decode().split() == ["01"] * 2 + ["10"] * 3

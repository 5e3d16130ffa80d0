"""cmlp.hpp without exceptions: failures abort or are statuses. Code with exceptions fits in the same program."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from c_build import COMPILER, run
from optional import package

import cmlp

CPLUSPLUS = shutil.which(os.environ.get("CXX", "c++"))
CMLP_ERROR_NOT_FOUND, CMLP_ERROR_ROWS, CMLP_ERROR_READ = 25, 35, 84
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILER or not CPLUSPLUS, reason="needs compilers called cc and c++"),
]

PROGRAM = """
#include <cmlp.hpp>

#include <cstdio>
#include <cstring>

int main(int, char **argv)
{
    cmlp::model model;
    if (!std::strcmp(argv[1], "open")) std::printf("%d ", static_cast<int>(model.open(argv[2])));
    if (!std::strcmp(argv[1], "load")) model = cmlp::model::load(argv[2]);
    std::printf("%d\\n", static_cast<int>(model.info().n_out));
}
"""

ANSWERS = """
#include <cmlp.hpp>

#include <cstdio>

int main(int, char **argv)
{
    const cmlp::model model = cmlp::model::load(argv[1]);
    cmlp::predictor<double> predict(model);
    predict.coverage = 0.8;
    for (const bool by_class : {false, true}) {
        predict.by_class = by_class;
        const cmlp::answer found = predict.answer_of_named({{"size", 1.5}, {"day", "2031-05-06"}, {"colour", "red"}});
        std::printf("%s %g", std::string(cmlp::text_of(found.label)).c_str(), found.outside[0]);
        for (const std::int32_t is_in_set : found.set) std::printf(" %d", static_cast<int>(is_in_set));
        std::printf("\\n");
    }
    const std::pair<const char *, cmlp::cell> refused[] = {{"size", "large"}, {"weight", 1}};
    for (const auto &[name, value] : refused)
        try {
            predict.answer_of_named({{"day", nullptr}, {name, value}, {"colour", nullptr}});
        } catch (const cmlp::error &error) {
            std::printf("%d %s\\n", static_cast<int>(error.bad_column), error.what());
        }
}
"""

REASONS = """
#include <cmlp.hpp>

#include <cstdio>

int main(int, char **argv)
{
    const cmlp::model model = cmlp::model::load(argv[1]);
    cmlp::predictor<double> predict(model);
    predict.has_reasons = true;
    try {
        for (int i = 0; i < 3; i++) {
            predict.n_evaluations = i ? 40 : 0;
            if (i == 2) predict.seed = 7;
            const cmlp::answer found = predict.answer_of({1.5, 2, -1});
            for (const auto &numbers : {found.reasons, found.reason_errors, found.base_values})
                for (double number : numbers) std::printf("%.17g ", number);
        }
        predict.answer_of({1.5, 2});
    } catch (const cmlp::error &error) {
        std::printf("%d", static_cast<int>(error.status));
    }
}
"""

THROWING = """
#include <cmlp.hpp>

int status_of(const char *path)
{
    try {
        return cmlp::model::load(path).info().n_out > 0 ? 0 : -1;
    } catch (const cmlp::error &error) {
        return error.status;
    }
}
"""
MIXED = """
#include <cmlp.hpp>

#include <cstdio>

int status_of(const char *path);

int main(int, char **argv)
{
    std::printf("%d\\n", status_of(argv[1]));
    std::fflush(stdout);
    cmlp::model::load(argv[1]);
}
"""


@pytest.fixture(scope="module")
def program(single_object, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrapper")
    (folder / "program.cpp").write_text(PROGRAM, encoding="utf-8")
    strict = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-fno-exceptions"]
    sources = [f"-I{single_object.parent}", folder / "program.cpp", single_object]
    run(CPLUSPLUS, "-std=c++17", *strict, *sources, "-pthread", "-lm", "-o", folder / "program")
    return folder / "program"


def test_wrapper_without_exceptions_loads_a_model(program, tmp_path):
    network = cmlp.Network([4, 3], activation="relu", output="softmax", loss="log_loss")
    network.save(tmp_path / "model.cmlp")
    assert run(program, "open", tmp_path / "model.cmlp") == "0 3\n"
    assert run(program, "load", tmp_path / "model.cmlp") == "3\n"


def test_wrapper_without_exceptions_returns_a_status_or_aborts(program, tmp_path):
    assert run(program, "open", tmp_path / "missing.cmlp").split()[1] == "0"
    assert run(program, "open", tmp_path / "missing.cmlp").split()[0] != "0"
    done = subprocess.run([program, "load", tmp_path / "missing.cmlp"], capture_output=True)
    assert done.returncode == -signal.SIGABRT


def test_code_with_exceptions_and_code_without_fit_in_one_program(single_object, tmp_path):
    include = f"-I{single_object.parent}"
    for name, text, *flags in (("throws", THROWING), ("aborts", MIXED, "-fno-exceptions")):
        source = tmp_path / f"{name}.cpp"
        source.write_text(text, encoding="utf-8")
        run(CPLUSPLUS, "-std=c++17", "-O0", *flags, include, "-c", source, "-o", tmp_path / name)
    for first, second in (("throws", "aborts"), ("aborts", "throws")):
        objects = [tmp_path / first, tmp_path / second, single_object]
        run(CPLUSPLUS, *objects, "-pthread", "-lm", "-o", tmp_path / "mixed")
        done = subprocess.run(
            [tmp_path / "mixed", tmp_path / "missing.cmlp"], capture_output=True, text=True
        )
        assert done.stdout == f"{CMLP_ERROR_READ}\n"
        assert done.returncode == -signal.SIGABRT


def test_wrapper_leaves_no_macro_but_its_guard():
    header = Path(cmlp.get_include()) / "cmlp.hpp"
    macros = run(CPLUSPLUS, "-dM", "-E", "-x", "c++", header)
    assert re.findall(r"#define (CMLP_HPP\w*)", macros) == ["CMLP_HPP"]


def compiled(folder, single_object, text):
    (folder / "program.cpp").write_text(text, encoding="utf-8")
    sources = [f"-I{single_object.parent}", folder / "program.cpp", single_object]
    run(CPLUSPLUS, "-std=c++17", *sources, "-pthread", "-lm", "-o", folder / "program")
    return folder / "program"


@pytest.mark.filterwarnings("ignore")
def test_named_cells_have_pythons_label_sets_and_distances(single_object, tmp_path):
    """And the errors of a cell and of a name are sentences."""
    names = ["day", "size", "colour"]
    rows = [[np.datetime64(f"{1990 + i}-05-06"), i / 7, ["red", "blue"][i % 2]] for i in range(30)]
    X, y = package("pandas").DataFrame(rows, columns=names), ["no", "yes", "maybe"] * 10
    options = {"n_estimators": 2, "hidden_layer_sizes": 4, "n_epochs": 2, "random_state": 0}
    model = cmlp.TabularClassifier(**options).fit(X, y).calibrate(X, y)
    model.save(tmp_path / "model.cmlp")
    program = compiled(tmp_path, single_object, ANSWERS)
    *answers, refused, unknown = run(program, tmp_path / "model.cmlp").splitlines()
    row = X[:1].assign(day=np.datetime64("2031-05-06"), size=1.5, colour="red")
    for line, by_class in zip(answers, (False, True), strict=True):
        label, distance, *members = line.split()
        assert label == model.predict(row)[0]
        assert float(distance) == model.outside(row)[0][0] > 0
        expected = model.predict_set(row, 0.8, by_class=by_class)[0]
        assert [*map(int, members)] == [*map(int, expected)]
    assert refused == '1 column "size" cannot hold "large": it has numbers'
    assert unknown == '-1 the model has no column "weight"'


@pytest.mark.parametrize("kept", [8, 0])
def test_reasons_have_pythons_bits(single_object, tmp_path, kept):
    """And a row of two of the three values is refused, as is a model without a background."""
    program = compiled(tmp_path, single_object, REASONS)
    X = np.linspace(-2, 2, 90).reshape(30, 3) ** 3
    model = cmlp.TabularRegressor(
        n_estimators=2, hidden_layer_sizes=4, n_epochs=2, random_state=0, keep_background=kept
    )
    model.fit(X, X[:, 0])
    model.save(tmp_path / "model.cmlp")
    *numbers, status = run(program, tmp_path / "model.cmlp").split()
    if not kept:
        assert (numbers, int(status)) == ([], CMLP_ERROR_NOT_FOUND)
        return
    expected = []
    for n, seed in ((None, 0), (40, 0), (40, 7)):
        found = model.explain([[1.5, 2, -1]], n_evaluations=n, random_state=seed)
        expected += [*found.values[0], *found.errors[0], found.base_values]
    assert [float(number) for number in numbers] == expected
    assert int(status) == CMLP_ERROR_ROWS

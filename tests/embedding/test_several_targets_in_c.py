"""A C++ program has the intervals of several targets as Python has them, and no label where a row can have several."""

import shutil

import numpy as np
import pytest
from c_build import COMPILER, run

from cmlp import TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILER, reason="needs a C compiler called cc"),
]

CPP = """
#include <cstdio>
#include <cmlp.hpp>

int main(int argc, char **argv)
{
    if (argc < 2) return 1;
    const cmlp::model model = cmlp::model::load(argv[1]);
    cmlp::predictor<double> predict{model};
    if (argc > 2) {
        std::printf("%d\\n", predict.class_of({0.1, 0.9}));
    } else {
        predict.coverage = 0.9;
        const cmlp::answer found = predict.answer_of({0.1, 0.1});
        for (const auto &[low, high] : found.intervals) std::printf("%.17g %.17g\\n", low, high);
    }
    return 0;
}
"""

needs_cpp = pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler called c++")


@pytest.fixture
def model():
    X = np.random.RandomState(0).random_sample((120, 2))
    parameters = {"hidden_layer_sizes": (8,), "n_estimators": 2, "n_epochs": 10, "random_state": 0}
    return TabularRegressor(**parameters).fit(X, np.stack([X[:, 0], 1000 * X[:, 1] ** 2], axis=1))


@pytest.fixture
def program(single_file, tmp_path):
    source, program, library = tmp_path / "program.cpp", tmp_path / "program", tmp_path / "cmlp.o"
    source.write_text(CPP, encoding="utf-8")
    smallest = ["-DCMLP_BUILD_TRAINING=0", "-DCMLP_BUILD_THREADS=0", "-DCMLP_BUILD_ISA=1"]
    include = f"-I{single_file.parent}"
    run(COMPILER, "-O1", *smallest, include, "-c", single_file, "-o", library)
    run("c++", "-std=c++17", *smallest, include, source, library, "-lm", "-o", program)
    return program


@needs_cpp
def test_cpp_program_has_an_interval_for_each_target(model, program, tmp_path):
    model.save(tmp_path / "model.cmlp")
    found = [
        [*map(float, line.split())] for line in run(program, tmp_path / "model.cmlp").splitlines()
    ]
    assert found == model.predict_interval([[0.1, 0.1]], 0.9)[0].tolist()


@needs_cpp
@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")
def test_row_with_several_labels_has_no_class_index(program, tmp_path):
    X = np.random.RandomState(0).random_sample((60, 2))
    TabularClassifier(n_epochs=2, random_state=0).fit(X, X > 0.5).save(tmp_path / "model.cmlp")
    assert run(program, tmp_path / "model.cmlp", "label").split() == ["-1"]

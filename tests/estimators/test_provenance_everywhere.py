"""A recorded fit has the same bits for all instruction sets, numbers of threads and of processes, and on all systems.

The workflow runs these tests on each system that it has. The hashes were made by one of them.
"""

import pytest
from helpers import json_from_python
from recorded_fits import CASES, fitted, fitted_table, hashes_of_weights

import cmlp

WEIGHTS = {
    "classifier": ["c4af2cf405facaf15afcf2ab0ebd7382b37082e748f77016731cd28c26d54c10"],
    "regressor": ["583bb7bab5ca2a98e97f6df00e0f4b3d14cf3f26b608205ff1078d99561541bb"],
    "doubles": ["df70c1436d9b135c522b0811f35d5f7c463db4589f64fb4ae301fb07d650a6a9"],
    "table": [
        "20e3e1195f54a7a4f6fe149f47d6fe022117a1891a08125da92d2160eab8bf59",
        "9cb991a9b7a8f396bf4faf6c092c7233683dde79236caefe8d936d20e2e0e5ed",
    ],
}

CODE = """
import json, sys
import cmlp
from recorded_fits import CASES, data, fitted, fitted_table, hashes_of_weights
from worker_cases import in_threads
path, threads, (X, y) = sys.argv[1], int(sys.argv[2]), data()
found = {"isa": cmlp.cpu_info()["used"], "table": [hashes_of_weights(fitted_table(threads))]}
for name in CASES:
    model = cmlp.load(path.format(name)).set_params(n_threads=threads)
    found[name] = [str(cmlp.verify(model, X, y))]
    for size in (1, 2, 3):
        models = in_threads(size, lambda comm: fitted(name, threads, None if size == 1 else comm))
        found[name] += [hashes_of_weights(model) for model in models]
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", CASES)
def test_every_system_trains_these_weights(name):
    assert hashes_of_weights(fitted(name)) == WEIGHTS[name]


def test_every_system_trains_the_weights_of_a_table():
    assert hashes_of_weights(fitted_table()) == WEIGHTS["table"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("isa", cmlp.cpu_info()["available"])
def test_every_combination_repeats_the_fit(isa, threads, tmp_path):
    for name in CASES:
        fitted(name).save(tmp_path / f"{name}.cmlp")
    found = json_from_python(CODE, tmp_path / "{}.cmlp", threads, isa=isa)
    assert found.pop("isa") == isa and found.pop("table") == [WEIGHTS["table"]]
    for name, (answer, *hashes) in found.items():
        assert answer == "bit-identical: these data and parameters give this model (4 epochs)"
        assert hashes == [WEIGHTS[name]] * 6  # of one process, two and three

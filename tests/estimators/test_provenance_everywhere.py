"""The record of a fit is the same for all instruction sets, numbers of threads and of processes, and on all systems.

The workflow runs these tests on each system that it has. The links were made by one of them.
"""

import pytest
from helpers import json_from_python
from recorded_fits import CASES, fitted, fitted_table, last_links

import cmlp

LINKS = {
    "classifier": ["c62d9e0956e9273f84a769c2a0fa66efe187b58d8ea725c88ef4c26ec6d07234"],
    "regressor": ["0ec5315629f38917fa90ff2440ebdc3152515a3c946c21cd86c62c77da38ed52"],
    "doubles": ["d3ce3ca7436ff82039a2df72ea2363c3f9ab2f9f0141366cd905fc75abeb493a"],
    "table": [
        "22042d45c630f595e60c4d6a2220854b25d1f9155d690963f8a64b6f965b0588",
        "642797c964f375f387402c9b72b297189d5dac3c83979519efb4d071d522fc02",
    ],
}

CODE = """
import json, sys
import cmlp
from recorded_fits import CASES, data, fitted, fitted_table, last_links
from worker_cases import in_threads
path, threads, (X, y) = sys.argv[1], int(sys.argv[2]), data()
found = {"isa": cmlp.cpu_info()["used"], "table": [last_links(fitted_table(threads))]}
for name in CASES:
    model = cmlp.load(path.format(name)).set_params(n_threads=threads)
    found[name] = [str(cmlp.verify(model, X, y))]
    for size in (1, 2, 3):
        models = in_threads(size, lambda comm: fitted(name, threads, None if size == 1 else comm))
        found[name] += [last_links(model) for model in models]
print(json.dumps(found))
"""


@pytest.mark.parametrize("name", CASES)
def test_every_system_records_these_links(name):
    assert last_links(fitted(name)) == LINKS[name]


def test_every_system_records_the_links_of_a_table():
    assert last_links(fitted_table()) == LINKS["table"]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("isa", cmlp.cpu_info()["available"])
def test_every_combination_repeats_and_records_the_fit(isa, threads, tmp_path):
    for name in CASES:
        fitted(name).save(tmp_path / f"{name}.cmlp")
    found = json_from_python(CODE, tmp_path / "{}.cmlp", threads, isa=isa, timeout=300)
    assert found.pop("isa") == isa and found.pop("table") == [LINKS["table"]]
    for name, (answer, *links) in found.items():
        assert answer == "bit-identical: these data and parameters give these weights (4 epochs)"
        assert links == [LINKS[name]] * 6  # of one process, two and three

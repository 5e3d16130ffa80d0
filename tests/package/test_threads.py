"""The default number of threads: read once per process, limited by affinity, control groups and OMP_NUM_THREADS."""

import json
import os

import numpy as np
import pytest
from helpers import json_from_python, run_python

from cmlp import MLPClassifier, Network

MANY = 64

# Simulates machines: prints the default number of threads of each, which a forked child reads
# again.
PROGRAM = """
import builtins, io, json, os, sys
from cmlp import cpu_info

def threads_on(machine):
    files, affinity, cpus = machine.get("files", {}), machine.get("affinity", 64), machine.get("cpus", 64)
    original = builtins.open

    def opened(path, *arguments, **options):
        if str(path).startswith(("/proc/self/cgroup", "/sys/fs/cgroup")):
            if path not in files:
                raise FileNotFoundError(path)
            return io.StringIO(files[path])
        return original(path, *arguments, **options)

    def sched_getaffinity(pid):
        if isinstance(affinity, str):
            raise {"OSError": OSError, "AttributeError": AttributeError}[affinity]
        return set(range(affinity))

    builtins.open, os.sched_getaffinity, os.cpu_count = opened, sched_getaffinity, lambda: cpus
    os.environ.update(machine.get("environ", {}))
    return cpu_info()["threads"]

os.environ.pop("OMP_NUM_THREADS", None)
found = []
for machine in json.loads(sys.argv[1]):
    pid = os.fork()
    if not pid:
        os._exit(threads_on(machine))
    found.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(found))
"""


def check(machines):
    """Compare the default number of threads of machines, pairs of a description and the number."""
    found = json_from_python(PROGRAM, json.dumps([machine for machine, _ in machines]))
    assert dict(enumerate(found)) == dict(enumerate(expected for _, expected in machines))


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_default_is_number_of_cpus():
    """Without limits, and if affinity cannot be read."""
    failing = [({"affinity": error}, MANY) for error in ("OSError", "AttributeError")]
    check([({}, MANY), *failing, ({"affinity": "OSError", "cpus": None}, 1), ({"affinity": 5}, 5)])


@needs_fork
def test_default_respects_omp_num_threads():
    values = {"3": 3, " 5 ": 5, "4,2": 4, "1000": MANY, "0": MANY, "-2": MANY, "": MANY, "many": MANY, "2.5": MANY,
              "9" * 5000: MANY}  # fmt: skip
    check(
        [({"environ": {"OMP_NUM_THREADS": value}}, expected) for value, expected in values.items()]
    )


@needs_fork
def test_default_respects_cgroup_quota():
    quotas = {"max 100000": MANY, "200000 100000": 2, "150000 100000": 2, "10000 100000": 1, "-1 100000": MANY,
              "100000 0": MANY, "broken": MANY, "": MANY}  # fmt: skip
    group = {"/proc/self/cgroup": "0::/user/shell\n"}
    files = [
        ({**group, "/sys/fs/cgroup/user/shell/cpu.max": f"{quota}\n"}, n)
        for quota, n in quotas.items()
    ]
    check([({"files": content}, expected) for content, expected in files])


@needs_fork
def test_quotas_of_parents_containers_and_version_1_are_used():
    """In a container, /proc/self/cgroup can contain a path of the host that does not exist in the container."""
    parents = {
        "/proc/self/cgroup": "0::/user/shell\n",
        "/sys/fs/cgroup/user/shell/cpu.max": "800000 100000\n",
        "/sys/fs/cgroup/user/cpu.max": "300000 100000\n",
        "/sys/fs/cgroup/cpu.max": "max 100000\n",
    }
    container = {
        "/proc/self/cgroup": "0::/../../docker/0123\n",
        "/sys/fs/cgroup/cpu.max": "200000 100000\n",
    }
    version_1 = {
        "/proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n",
        "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "250000\n",
        "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }
    hybrid = {**version_1, "/proc/self/cgroup": "3:cpu,cpuacct:/job\n0::/user\n"}
    check(
        [
            ({"files": files}, n)
            for files, n in ((parents, 3), (container, 2), (version_1, 3), (hybrid, 3))
        ]
    )


@needs_fork
def test_limits_are_read_again_after_a_fork():
    """A forked worker (joblib's, for example) can set OMP_NUM_THREADS for itself."""
    program = """
import os
from cmlp import cpu_info
before = cpu_info()["threads"]
os.environ["OMP_NUM_THREADS"] = "1"
assert cpu_info()["threads"] == before
pid = os.fork()
if not pid:
    os._exit(cpu_info()["threads"])
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
assert cpu_info()["threads"] == before
"""
    run_python(program)


def test_limits_are_read_at_first_use_not_at_import():
    program = """
import os, cmlp
os.environ["OMP_NUM_THREADS"] = "1"
assert cmlp.cpu_info()["threads"] == 1
"""
    run_python(program)


def test_joblib_workers_respect_inner_max_num_threads():
    pytest.importorskip("joblib")
    program = """
from joblib import Parallel, cpu_count, delayed, parallel_config
from cmlp import cpu_info

def threads(_):
    return cpu_info()["threads"]

if __name__ == "__main__":
    with parallel_config("loky", inner_max_num_threads=1):
        assert Parallel(2)(delayed(threads)(i) for i in range(4)) == [1] * 4
    # Without it, joblib divides the processors among the workers.
    shares = {max(1, cpu_count() // 4)}
    assert {*Parallel(4)(delayed(threads)(i) for i in range(8))} == shares
"""
    run_python(program)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("n_threads", [0, -1, 1.5, "2", True, float("nan"), [1]])
def test_predict_checks_n_threads(n_threads):
    """Both code paths check the value: the one for a single row and the one for a batch."""
    X = [[0.0, 1.0], [1.0, 0.0]] * 10
    model = MLPClassifier(4, max_iter=1).fit(X, [0, 1] * 10)
    model.set_params(n_threads=n_threads)
    for rows in (X, np.array(X[:1]), np.array(X)):
        with pytest.raises(ValueError, match="n_threads must be a positive integer or None, got "):
            model.predict(rows)


def test_network_and_estimators_reject_the_same_input_scales():
    for scale in (-1, 0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="input_scale"):
            Network([2, 2], input_scale=scale)
        with pytest.raises(ValueError, match="input_scale"):
            MLPClassifier(input_scale=scale).fit([[0.0], [1.0]], [0, 1])

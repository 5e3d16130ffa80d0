"""The default number of threads: read once per process, limited by affinity, control groups and OMP_NUM_THREADS."""

import os

import numpy as np
import pytest
from helpers import run_python

from cmlp import MLPClassifier, Network, cpu_info, threads

MANY = 64


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Simulate a machine with 64 CPUs and no limits; return a function that writes a control-group file."""
    files = {}
    monkeypatch.setattr(threads, "_count", 0)
    monkeypatch.setattr(threads, "_lines", lambda path: files.get(path, "").splitlines())
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(MANY)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: MANY)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return files.__setitem__


def test_default_without_limits_is_number_of_cpus(machine):
    assert threads.available_threads() == MANY


@pytest.mark.parametrize("error", [OSError(1, "refused"), AttributeError()])
def test_default_is_number_of_cpus_if_affinity_cannot_be_read(machine, monkeypatch, error):
    def refuse(pid):
        raise error

    monkeypatch.setattr(os, "sched_getaffinity", refuse, raising=False)
    assert threads.available_threads() == MANY
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    monkeypatch.setattr(threads, "_count", 0)
    assert threads.available_threads() == 1


@pytest.mark.parametrize(
    "value, expected",
    [("3", 3), (" 5 ", 5), ("4,2", 4), ("1000", MANY), ("0", MANY), ("-2", MANY), ("", MANY), ("many", MANY),
     ("2.5", MANY), ("9" * 5000, MANY)],
)  # fmt: skip
def test_default_respects_omp_num_threads(machine, monkeypatch, value, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.available_threads() == expected


@pytest.mark.parametrize(
    "quota, expected",
    [("max 100000", MANY), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("-1 100000", MANY),
     ("100000 0", MANY), ("broken", MANY), ("", MANY)],
)  # fmt: skip
def test_default_respects_cgroup_quota(machine, quota, expected):
    machine("/proc/self/cgroup", "0::/user/shell\n")
    machine("/sys/fs/cgroup/user/shell/cpu.max", quota + "\n")
    assert threads.available_threads() == expected


def test_smallest_quota_of_all_parent_cgroups_is_used(machine):
    machine("/proc/self/cgroup", "0::/user/shell\n")
    machine("/sys/fs/cgroup/user/shell/cpu.max", "800000 100000\n")
    machine("/sys/fs/cgroup/user/cpu.max", "300000 100000\n")
    machine("/sys/fs/cgroup/cpu.max", "max 100000\n")
    assert threads.available_threads() == 3


def test_quota_of_root_cgroup_is_used_in_a_container(machine):
    """In a container, /proc/self/cgroup can contain a path of the host that does not exist in the container."""
    machine("/proc/self/cgroup", "0::/../../docker/0123\n")
    machine("/sys/fs/cgroup/cpu.max", "200000 100000\n")
    assert threads.available_threads() == 2


def test_default_respects_cgroup_v1_quota(machine):
    machine("/proc/self/cgroup", "4:memory:/job\n3:cpu,cpuacct:/job\n")
    machine("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "250000\n")
    machine("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n")
    machine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    machine("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert threads.available_threads() == 3


def test_limits_are_read_once(machine, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads.available_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert threads.available_threads() == 3
    assert cpu_info()["threads"] == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
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
from joblib import Parallel, delayed, parallel_config
from cmlp import cpu_info

def threads(_):
    return cpu_info()["threads"]

if __name__ == "__main__":
    with parallel_config("loky", inner_max_num_threads=1):
        assert Parallel(2)(delayed(threads)(i) for i in range(4)) == [1] * 4
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

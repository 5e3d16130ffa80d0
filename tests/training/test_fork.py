"""fork() while another thread fits: the child can fit, too."""

import os
import subprocess
import sys

import pytest
from helpers import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")

# A child that hangs is ended by SIGALRM. Each child reports with its exit status.
_CHILDREN = """
import os, signal, threading, time, warnings
import numpy as np
import cmlp
warnings.simplefilter("ignore")
cmlp.Network, cmlp.MLPClassifier  # imported at first use

def child_status(work):
    pid = os.fork()
    if not pid:
        signal.alarm(20)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]
"""


def test_threads_can_fork_at_the_same_time():
    code = """
statuses = []
threads = [threading.Thread(target=lambda: statuses.append(child_status(lambda: cmlp.Network([50, 50]))))
           for _ in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert statuses == [0] * 20
"""
    run_python(_CHILDREN + code)


@pytest.mark.slow
def test_200_children_fit_although_another_thread_was_in_fit():
    code = """
training = True

def train():
    model = cmlp.MLPClassifier((300, 300), max_iter=1, random_state=0)
    while training:
        model.fit(np.ones((2, 300)), [0, 1])

thread = threading.Thread(target=train)
thread.start()
small = cmlp.MLPClassifier((2,), max_iter=1, random_state=0)
try:
    statuses = [child_status(lambda: small.fit([[0.0], [1.0]], [0, 1])) for _ in range(200)]
finally:
    training = False
    thread.join()
assert statuses == [0] * 200, statuses
"""
    run_python(_CHILDREN + code)


def test_what_a_fork_waits_for_is_all_that_fit_and_predict_import():
    """`import cmlp` names the modules; a module that is missing there makes a child hang, but only sometimes."""
    code = """
thread = threading.Thread(target=time.sleep, args=(0.5,))
thread.start()
assert child_status(lambda: None) == 0
loaded, model = set(sys.modules), cmlp.MLPClassifier((3,), max_iter=1)
model.fit([[0.0], [1.0]], [0, 1]).score(model.predict([[0.0], [1.0]])[:, None], [0, 1])
later = [name for name in set(sys.modules) - loaded if name.startswith("cmlp")]
assert not later, later
"""
    run_python(f"import sys\n{_CHILDREN}{code}")


FIRST_USE = """
import os, sys, threading, time, warnings
import numpy as np
import cmlp

warnings.simplefilter("ignore")
X, y = np.linspace(-1, 1, 150).reshape(50, 3), np.arange(50) % 2


def train():
    cmlp.MLPClassifier((3,), max_iter=1, random_state=0).fit(X, y).score(X, y)


thread = threading.Thread(target=train)
thread.start()
time.sleep(float(sys.argv[1]))
child = os.fork()
if not child:
    import faulthandler

    faulthandler.dump_traceback_later(60, exit=True)
    train()
    os._exit(0)
status = os.waitpid(child, 0)[1]
thread.join()
sys.exit(bool(status))
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 0.002, 0.005, 0.01, 0.02, 0.04])
def test_fork_during_the_first_fit_of_another_thread(delay):
    """The child would wait for an import that the other thread has begun."""
    result = subprocess.run(
        [sys.executable, "-c", FIRST_USE, str(delay)], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr

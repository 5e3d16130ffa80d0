"""A KeyboardInterrupt of any signal, at any bytecode: what is kept is whole, and continues to the same bits."""

import signal

import pytest
from interrupted_fits import CASES, wrong_points

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.usefixtures("no_lost_signals"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs the signals of POSIX"),
]


@pytest.mark.parametrize("n", [2, pytest.param(200 // len(CASES), marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_call_that_is_interrupted_anywhere_continues_to_the_same_bits(name, n):
    assert wrong_points(name, n) == []

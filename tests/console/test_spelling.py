"""The nearest word to a mistyped one, and messages of the library in the words of the command."""

import pytest

from cmlp._cli.options import in_options, nearest

OPTIONS = ["--max-iter", "--max_iter", "--alpha", "--hidden-layer-sizes", "--header", "--help", "-o"]
WORDS = {"max_iter": "--max-iter", "loss": "--loss", "alpha": "--alpha", "X_val=None": "no --validation"}


@pytest.mark.parametrize(
    "word, expected",
    [
        ("--max-itr", "--max-iter"),
        ("--MAX_ITR", "--max-iter"),
        ("--max", "--max-iter"),
        ("--hidden", "--hidden-layer-sizes"),
        ("--hepl", "--help"),
        ("--he", "--help"),
        ("--quantile", None),
        ("-", None),
    ],
)
def test_nearest_word(word, expected):
    assert nearest(word, OPTIONS) == expected


@pytest.mark.parametrize(
    "message, expected",
    [
        ("The 'max_iter' parameter of MLPClassifier must be an int.", "--max-iter must be an int."),
        ("a fit with alpha=(0.1, 0.2), so alpha=9.", "a fit with --alpha 0.1,0.2, so --alpha 9."),
        ("use loss='log_loss'; max_iter is 3", "use --loss log_loss; --max-iter is 3"),
        ("`alpha` less than 0", "--alpha less than 0"),
        ("alpha must be positive", "--alpha must be positive"),
        ("The loss of alpha rays, and X_val=None", "The loss of alpha rays, and no --validation"),
        ("my.max_iter=3 and column 'max_iter' and max_iters", "my.max_iter=3 and column 'max_iter' and max_iters"),
    ],
)
def test_messages_name_options(message, expected):
    assert in_options(message, WORDS) == expected


def test_messages_without_options_stay():
    assert in_options("max_iter=3", {}) == "max_iter=3"

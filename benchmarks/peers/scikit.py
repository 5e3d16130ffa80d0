"""scikit-learn's MLPClassifier."""

import warnings
from functools import partial

import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.peers import estimators


def version():
    return f"scikit-learn {sklearn.__version__}"


def estimator(parameters, case):
    warnings.simplefilter("ignore")  # about training that stops before convergence
    return MLPClassifier(**parameters)


train = partial(estimators.train, estimator)
fit = partial(estimators.fit, estimator)
predict_proba = partial(estimators.predict_proba, estimator)

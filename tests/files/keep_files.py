"""Writes model files and pickles of the installed version into data/, and prints their hashes for test_kept_files.py.

Usage, once for each released version: ``PYTHONPATH=tests/support python tests/files/keep_files.py``
"""

import pickle
import warnings

import numpy as np
from helpers import digest, labels, uniform
from test_kept_files import FOLDER, predicted

import cmlp

X, CODES = uniform(0, 60, 4), labels(1, 60, 3)
Y = np.array(["a", "b", "c"])[CODES]
FIT = {"hidden_layer_sizes": (5,), "random_state": 0}
TABLE = {"n_estimators": 2, "hidden_layer_sizes": (4,), "n_epochs": 3, "random_state": 0}
MIXED = np.column_stack([X, labels(2, 60, 3)])


class Stop:
    """Interrupts a fit after its second epoch."""

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 2:
            raise KeyboardInterrupt


def interrupted(model, y):
    """Return a model whose fit was stopped after two epochs."""
    try:
        model.set_params(callbacks=[Stop()]).fit(X, y)
    except KeyboardInterrupt:
        return model.set_params(callbacks=None)
    raise AssertionError("the fit was not stopped")


def write_all():
    """Write all files, and yield a name and the hash of what is predicted for each."""
    version = f"v{cmlp.__version__}"
    models = {
        "network": cmlp.Network([4, 5, 3], random_state=0),
        "classifier": cmlp.MLPClassifier(**FIT, max_iter=4, provenance=True).fit(X, Y),
        "regressor": cmlp.MLPRegressor(**FIT, max_iter=4, loss="quantile", quantile=0.9).fit(
            X, X[:, 0]
        ),
        "table_classifier": cmlp.TabularClassifier(
            **TABLE, categorical_features=[4], provenance=True
        ).fit(MIXED, Y),
        "table_regressor": cmlp.TabularRegressor(**TABLE, categorical_features=[4]).fit(
            MIXED, X[:, 0]
        ),
    }
    for name, model in models.items():
        file = f"{version}_{name}.cmlp"
        state = {"include_training_state": True} if name in ("classifier", "regressor") else {}
        model.save(FOLDER / file, **state)
        yield file, digest(predicted(cmlp.load(FOLDER / file)))
    trainer = cmlp.Trainer(
        cmlp.Network([4, 5, 3], random_state=0), batch_size=10, max_iter=3, random_state=0
    )
    trainer.run(X, CODES, n_batches=9)
    fits = {
        "classifier": interrupted(cmlp.MLPClassifier(**FIT, max_iter=4), Y),
        "table": interrupted(cmlp.TabularRegressor(**TABLE), X[:, 0]),
        "trainer": trainer,
    }
    for name, fit in fits.items():
        file = f"{version}_{name}.pickle"
        (FOLDER / file).write_bytes(pickle.dumps(fit))
        yield file, digest(predicted(getattr(fit, "network", fit)))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, hashed in write_all():
            print(f'    "{name}": "{hashed}",')

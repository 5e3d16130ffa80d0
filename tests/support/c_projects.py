"""Models that are exported as libraries of Arduino, PlatformIO, Zephyr and ESP-IDF.

``python tests/support/c_projects.py FOLDER`` writes a library for each tool, of floats and of 8-bit integers:
FOLDER/arduino/digits, FOLDER/arduino/digits8 and so on. Then their tools can build them.
"""

import sys
from pathlib import Path

import numpy as np

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

TOOLS = ("arduino", "platformio", "zephyr", "esp-idf")
ROWS = np.random.RandomState(0).randint(0, 256, (200, 6)).astype(np.uint8)
FLOATS = ROWS / np.float32(3)
NAMES = np.array(["on", 'say "%s"\\', "off"])[ROWS[:, 0] // 86]
TABLE = [[20.0, "north"], [35.5, "south"], [60.0, None], [None, "north"]] * 10


def classifier(X):
    model = MLPClassifier(
        (5,), dtype="float32", input_scale="standard", max_iter=20, random_state=0
    )
    return model.fit(X, NAMES)


def regressor():
    model = MLPRegressor(hidden_layer_sizes=(5,), dtype="float32", max_iter=20, random_state=0)
    return model.fit(FLOATS, FLOATS[:, :2])


def table(kind, y):
    options = {"n_estimators": 2, "hidden_layer_sizes": (4,), "n_epochs": 2, "random_state": 0}
    return kind(**options).fit(TABLE, y * 10)


# Functions that return a model, and what to_c gets.
MODELS = {
    "floats": lambda: (classifier(FLOATS), {}),
    "numbers": lambda: (regressor(), {}),
    "network": lambda: (Network([6, 4, 3], random_state=0), {}),
    "bytes8": lambda: (classifier(ROWS), {"int8": True, "calibrate": ROWS}),
    "floats8": lambda: (classifier(FLOATS), {"int8": True, "calibrate": FLOATS}),
    "numbers8": lambda: (regressor(), {"int8": True, "calibrate": FLOATS}),
    "flats": lambda: (table(TabularRegressor, [300.0, 410.0, 900.0, 350.0]), {}),
    "kinds": lambda: (table(TabularClassifier, ["a", "b", "c", "b"]), {"name": "kinds_of_flats"}),
}


def main(folder):
    X, y, *_ = cmlp.datasets.load_digits28()
    model = MLPClassifier((16,), input_scale=1 / 255, max_iter=5, dtype="float32", random_state=0)
    model.fit(X, y)
    for tool in TOOLS:
        parent = Path(folder, tool)
        parent.mkdir(parents=True)
        model.to_c(parent / "digits", project=tool)
        model.to_c(parent / "digits8", project=tool, int8=True, calibrate=X[:500])


if __name__ == "__main__":
    main(sys.argv[1])

"""The service of docs/guide/serving.md runs as its two files, answers what the page shows, and names unusual values."""

import datetime
import importlib
import json
import sys
from types import ModuleType

import pytest
from c_build import ROOT
from helpers import imported
from optional import package

PAGE = ROOT / "docs/guide/serving.md"
if not PAGE.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
blocks = imported(ROOT / "docs/_ext/blocks.py")


class FastAPI:
    """The class of FastAPI, as far as the page uses it."""

    def post(self, path):
        return lambda function: function


class HTTPException(Exception):
    """The exception of FastAPI."""


def create_model(name, *, __config__, **fields):
    """Return a class whose objects have the names of the columns, as pydantic's with aliases."""

    def model_dump(self, *, by_alias):
        return {alias: self.values[alias] for _, alias in fields.values()}

    return type(
        name,
        (),
        {
            "__init__": lambda self, values: setattr(self, "values", values),
            "model_dump": model_dump,
        },
    )


PYDANTIC = {
    **{f"Strict{kind.__name__.title()}": kind for kind in (bool, float, int, str)},
    **dict.fromkeys(["AwareDatetime", "NaiveDatetime"], str),
    "ConfigDict": dict,
    "Field": lambda alias: alias,
    "create_model": create_model,
}


def test_two_files_of_the_page_are_a_service(tmp_path, monkeypatch):
    package("pandas")
    found = blocks.blocks_of(PAGE)
    python = [block for block in found if block.language == "python"]
    files = {"row_model": "def row_model(model):", "service": "app = FastAPI()"}
    for name, line in files.items():
        (source,) = [block.source for block in python if f"{line}\n" in block.source]
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    for name, content in {
        "pydantic": PYDANTIC,
        "fastapi": {"FastAPI": FastAPI, "HTTPException": HTTPException},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    blocks.run(python[0], {}, str(PAGE))  # writes the model
    service = importlib.import_module("service")
    for name in files:
        del sys.modules[name]
    (request,) = [block.source for block in found if block.language == "sh"]
    record = json.loads(request[request.index("{") : request.rindex("}") + 1])
    record["since"] = datetime.date.fromisoformat(record["since"])  # as pydantic does
    (answer,) = [block.source for block in found if block.language == "json"]
    assert service.predict(service.Row(record)) == json.loads(answer)
    absurd = record | {"age": 1e9, "district": "east", "since": None}
    with pytest.warns(UserWarning, match="column '(district|since)'"):
        values = service.predict(service.Row(absurd))
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["outside"] == {"age": 1e9 - 64, "district": None, "since": None}

"""A field that a call does not use is 0, so that it can get a meaning later: the call refuses any other value.

tests/consumers/unused sets each field of each struct of a call to 1. The call refuses it, or has other outputs because
it uses the field, or the field is one of SAME.
"""

import re
import sys
from pathlib import Path

import pytest
from c_build import COMPILER, HEADERS, run
from c_header import listed_statuses

import cmlp

PROGRAM = Path(__file__).parents[1] / "consumers/unused/unused.c"
STRICT = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror"]
# Fields whose change to 1 changes no output, and why the header allows it.
SAME = {
    "an output": "cmlp_run.refused cmlp_run.bad_row cmlp_run.bad_element cmlp_run.bad_column "
    "cmlp_epoch_result.cost cmlp_epoch_result.penalty cmlp_epoch_result.gradient_norm "
    "cmlp_epoch_result.n_batches cmlp_epoch_result.cost_sum cmlp_epoch_result.penalty_sum "
    "cmlp_epoch_result.rows_done cmlp_epoch_result.next_batch "
    "cmlp_derivatives.objective cmlp_derivatives.plain_cost",
    "how the call runs": "cmlp_run.workspace cmlp_run.workspace_size cmlp_run.n_threads cmlp_run.poll",
    "the context of a callback": "cmlp_run.poll_context cmlp_objective.loss_context "
    "cmlp_model_content.write_context",
    "1 means the same": "cmlp_rows.scale cmlp_objective.loss_scale cmlp_model_content.input_scale "
    "cmlp_table_encoder.has_bins cmlp_model_options.is_trusted unused_column.kind "
    "cmlp_net_config.isa_mask cmlp_model_options.isa_mask",
    "the text of a number, as a label has it": "cmlp_value.text",
    "rows that no path uses": "cmlp_rows.n_rows",
    "an array of length 0": "cmlp_model_content.labels cmlp_model_content.strings "
    "cmlp_model_content.arrays",
    "of other solvers": "cmlp_optimizer.momentum cmlp_optimizer.beta_1 cmlp_optimizer.beta_2 "
    "cmlp_optimizer.epsilon cmlp_optimizer.weight_decay",
    "not read before the first step, by this solver, or private": "cmlp_optimizer_state.beta_1_power "
    "cmlp_optimizer_state.beta_2_power cmlp_optimizer_state.pace",
    "for cmlp_table_write": " ".join(
        f"{column}_column.{field}"
        for column in ("number", "category", "unused")
        for field in ("categories", "name", "n_name", "format", "n_format", "kind", "n_categories")
        if (column, field) != ("category", "n_categories")
    )
    + " category_column.n_missing_values",
    "the code of the missing category, which the row has not": "category_column.has_missing",
}
CALLBACKS = {"cmlp_run.poll", "cmlp_objective.loss", "cmlp_model_content.write"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32" or not COMPILER, reason="needs cc and POSIX"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="the program is in the source tree only"),
]


def fields():
    """Yield struct, field, kind ('p'ointer, 'd'ouble or 'i'nteger) and number of elements, of the stable headers."""
    text = "".join(path.read_text("utf-8") for path in HEADERS if path.stem != "cmlp_workers")
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    for owner, body in re.findall(r"typedef struct (\w+) \{(.*?)\n\} \w+;", text, re.DOTALL):
        for declaration in filter(None, (" ".join(part.split()) for part in body.split(";"))):
            kind = "p" if "*" in declaration else "d" if "double" in declaration else "i"
            if function := re.search(r"\(\*(\w+)\)", declaration):
                yield owner, function[1], kind, 1
                continue
            for name, length in re.findall(r"(\w+)(?:\[(\d+)\])?(?=,|$)", declaration):
                yield owner, name, kind, int(length or 1)


def table_of_fields():
    """Return fields.h."""
    lines = [
        f'{{"{owner}", "{name}", offsetof({owner}, {name}), sizeof((({owner} *)0)->{name}) / {n}, {n}, \'{kind}\'}},'
        for owner, name, kind, n in fields()
    ]
    struct = "const char *owner, *name; size_t at, size, count; char kind;"
    return f"static const struct {{ {struct} }} fields[] = {{\n" + "\n".join(lines) + "\n};\n"


@pytest.fixture(scope="module")
def printed(single_object, tmp_path_factory):
    """Return function, field and result of each change."""
    folder = tmp_path_factory.mktemp("unused")
    (folder / "fields.h").write_text(table_of_fields(), "utf-8")
    X = [[i / 7, "a" if i % 2 else 7.0] for i in range(60)]
    options = {"hidden_layer_sizes": (4,), "random_state": 0, "n_epochs": 1}
    model = cmlp.TabularRegressor(categorical_features=[1], **options)
    model.fit(X, [(7 * i) % 60 for i in range(60)]).save(folder / "table.cmlp")
    network = cmlp.Network(
        [2, 3, 2], activation="tanh", output="softmax", loss="log_loss", random_state=0
    )
    network.save(folder / "network.cmlp")
    include = [f"-I{single_object.parent}", f"-I{folder}"]
    sources = [PROGRAM, single_object, "-pthread", "-lm", "-o", folder / "unused"]
    run(COMPILER, *STRICT, *include, *sources)
    text = run(folder / "unused", folder / "table.cmlp", folder / "network.cmlp")
    return [line.split() for line in text.splitlines()]


def test_each_field_is_refused_or_used(printed):
    same = {field for _, field, result in printed if result == "same"}
    assert same == set(" ".join(SAME.values()).split())
    assert {field for _, field, result in printed if result == "crash"} == CALLBACKS
    assert len(printed) > 900


def test_reserved_fields_are_refused(printed):
    reserved = {
        (field, result)
        for _, field, result in printed
        if field.partition(".")[2] in ("reserved", "padding")
    }
    assert {result for _, result in reserved} == {"CMLP_ERROR_OPTION"}
    assert len(reserved) > 15


def test_refusals_are_statuses_of_the_function(printed):
    listed = listed_statuses()
    for call, field, result in printed:
        if result.startswith("CMLP_ERROR_"):
            names = listed[f"cmlp_{call.partition(':')[0]}"]
            assert result.removeprefix("CMLP_ERROR_") in names, (call, field)

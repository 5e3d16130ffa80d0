// Predicts a row with the shared library: npm install koffi && node koffi.mjs libcmlp.so MODEL CELL...
import { readFileSync } from "node:fs";
import koffi from "koffi";

const [library, path, ...cells] = process.argv.slice(2);
const cmlp = koffi.load(library);
const Info = koffi.struct("cmlp_model_info", {
	struct_size: "size_t",
	model_size: "size_t",
	workspace_size: "size_t",
	head_size: "uint64_t",
	file_size: "uint64_t",
	error_at: "uint64_t",
	n_in: "int64_t",
	n_out: "int64_t",
	n_labels: "int64_t",
	n_nets: "int64_t",
	dtype: "int32_t",
	kind: "int32_t",
	n_targets: "int64_t",
});
const Prediction = koffi.struct("cmlp_prediction", {
	struct_size: "size_t",
	outputs: "void *",
	n_outputs: "int64_t",
	class_indices: "void *",
	n_class_indices: "int64_t",
	activations: "void *",
	n_activations: "int64_t",
	sums: "void *",
	n_sums: "int64_t",
});
const Run = koffi.struct("cmlp_run", {
	struct_size: "size_t",
	workspace: "void *",
	workspace_size: "size_t",
	poll: "void *",
	poll_context: "void *",
	refused: "void *",
	bad_row: "int64_t",
	bad_element: "int64_t",
	bad_column: "int64_t",
	n_threads: "int32_t",
	reserved: "int32_t",
});
const ROWS = 128; // the size of cmlp_rows
const statusString = cmlp.func("const char *cmlp_status_string(int status)");
const describeModel = cmlp.func(
	"int cmlp_model_describe(void *file, size_t n, _Inout_ cmlp_model_info *info, void *run)",
);
const modelInit = cmlp.func(
	"int cmlp_model_init(void *memory, size_t size, void *file, size_t n, void *options, _Out_ void **model, " +
		"_Inout_ cmlp_run *run)",
);
const rowsInit = cmlp.func(
	"void cmlp_rows_init(void *rows, size_t size, void *data, int32_t dtype, int64_t n_rows, int64_t n_columns)",
);
const modelPredict = cmlp.func(
	"int cmlp_model_predict(void *model, void *rows, cmlp_prediction *prediction, _Inout_ cmlp_run *run)",
);
const readCell = cmlp.func(
	"int cmlp_model_read_cell(void *model, int64_t column, void *text, int64_t n, _Out_ double *number, " +
		"void *run)",
);

function check(status) {
	if (status) throw new Error(statusString(status));
}

// The model points into the file's bytes and into its memory, so that these must not be collected before it.
const file = new Uint8Array(readFileSync(path));
const info = { struct_size: koffi.sizeof(Info) };
check(describeModel(file, file.length, info, null));
const memory = new Uint8Array(info.model_size);
const workspace = new Uint8Array(info.workspace_size);
const run = { struct_size: koffi.sizeof(Run), workspace, workspace_size: workspace.length };
const model = [null];
check(modelInit(memory, memory.length, file, file.length, null, model, run));

// A number, the days of a date or the code of a category of a table.
function numberOfCell(cell, column) {
	const text = new TextEncoder().encode(cell);
	const number = [0];
	check(readCell(model[0], column, text, text.length, number, null));
	return number[0];
}

const isDouble = info.dtype === 2;
const Numbers = isDouble ? Float64Array : Float32Array;
const number = (cell) => (cell.trim() === "" ? NaN : Number(cell)); // NaN is refused; Number("") would be 0
const row = Numbers.from(cells.map(info.n_nets ? numberOfCell : number));
const outputs = new Numbers(info.n_out);
const answer = new Int32Array(1);
const rows = new Uint8Array(ROWS);
rowsInit(rows, ROWS, row, info.dtype, 1, row.length);
const prediction = {
	struct_size: koffi.sizeof(Prediction),
	outputs,
	n_outputs: outputs.length,
	class_indices: answer,
	n_class_indices: 1,
	activations: null,
	n_activations: 0,
	sums: null,
	n_sums: 0,
};
check(modelPredict(model[0], rows, prediction, { ...run, workspace }));
console.log(answer[0], ...outputs);

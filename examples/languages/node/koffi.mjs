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
	n_inputs: "int64_t",
	n_outputs: "int64_t",
	input_scale: "double",
	n_nets: "int64_t",
	dtype: "int32_t",
	reserved: "int32_t",
});
const statusString = cmlp.func("const char *cmlp_status_string(int status)");
const modelSize = cmlp.func("int cmlp_model_size(void *file, size_t n, _Inout_ cmlp_model_info *info)");
const modelInit = cmlp.func(
	"int cmlp_model_init(void *memory, size_t size, void *file, size_t n, uint32_t flags, void *workspace, " +
		"size_t workspace_size, _Out_ void **model)",
);
const arguments_ = "(void *model, void *row, int64_t n, _Out_ int32_t *label, void *outputs, int64_t n_outputs, " +
	"void *workspace, size_t workspace_size)";
const predictFloat = cmlp.func(`int cmlp_model_predict_f32${arguments_}`);
const predictDouble = cmlp.func(`int cmlp_model_predict_f64${arguments_}`);
const codeOfCell = cmlp.func(
	"int cmlp_table_code_of_cell(void *model, int64_t column, void *text, int64_t n, _Out_ double *number)",
);

function check(status) {
	if (status) throw new Error(statusString(status));
}

// The model points into the file's bytes and into its memory, so that these must not be collected before it.
const file = new Uint8Array(readFileSync(path));
const info = { struct_size: koffi.sizeof(Info) };
check(modelSize(file, file.length, info));
const memory = new Uint8Array(info.model_size);
const workspace = new Uint8Array(info.workspace_size);
const model = [null];
check(modelInit(memory, memory.length, file, file.length, 0, workspace, workspace.length, model));

// A number, the days of a date or the code of a category of a table.
function numberOfCell(cell, column) {
	const text = new TextEncoder().encode(cell);
	const number = [0];
	check(codeOfCell(model[0], column, text, text.length, number));
	return number[0];
}

const isDouble = info.dtype === 2;
const Numbers = isDouble ? Float64Array : Float32Array;
const row = Numbers.from(cells.map(info.n_nets ? numberOfCell : Number));
const outputs = new Numbers(info.n_outputs);
const label = [0];
const predict = isDouble ? predictDouble : predictFloat;
check(predict(model[0], row, row.length, label, outputs, outputs.length, workspace, workspace.length));
console.log(label[0], ...outputs);

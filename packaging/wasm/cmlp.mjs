// Loads a model file and predicts rows with cmlp.wasm, which needs nothing of its host.

const INFO = 88; // the size of cmlp_model_info, whose fields are read below
const ROWS = 104; // of cmlp_rows
const PREDICTION = 64; // of cmlp_prediction
const RUN = 56; // of cmlp_run
const PAGE = 65536;

/**
 * Returns a function that predicts a row: numbers for a network, for a table texts as in a CSV file.
 * It returns the index of the class, -1 if there is none, and all outputs. A network has no missing values: an empty cell
 * is an error.
 *
 * wasm: the bytes of cmlp.wasm; file: a Uint8Array with those of the model file.
 */
export async function load(wasm, file) {
	const { exports: c } = (await WebAssembly.instantiate(wasm)).instance;
	const allocate = (n) => PAGE * c.memory.grow(Math.ceil(n / PAGE)); // the address of new pages
	const call = (name, ...args) => {
		const status = c[name](...args);
		if (status) throw new Error(textAt(c.memory, c.cmlp_status_string(status)));
	};
	const info = allocate(INFO + file.length);
	const bytes = info + INFO;
	new Uint8Array(c.memory.buffer, bytes).set(file);
	const fields = new DataView(c.memory.buffer, info, INFO);
	fields.setUint32(0, INFO, true);
	call("cmlp_model_describe", bytes, file.length, info, 0);
	const [modelSize, workspaceSize] = [4, 8].map((offset) => fields.getUint32(offset, true));
	const [nInputs, nOutputs, nNets] = [40, 48, 64].map((offset) => Number(fields.getBigInt64(offset, true)));
	const dtype = fields.getInt32(72, true);
	const isDouble = dtype === 2;

	const row = allocate(8 * (nInputs + nOutputs + 1) + ROWS + PREDICTION + RUN + workspaceSize + modelSize);
	const outputs = row + 8 * nInputs;
	const label = outputs + 8 * nOutputs; // a result of 8 bytes
	const rows = label + 8;
	const prediction = rows + ROWS;
	const run = prediction + PREDICTION;
	const workspace = run + RUN;
	const memory = workspace + workspaceSize;
	const structs = new DataView(c.memory.buffer, rows, ROWS + PREDICTION + RUN);
	const set = (offset, ...values) => {
		for (const [i, value] of values.entries()) structs.setUint32(offset + 4 * i, value, true);
	};
	const size = isDouble ? 8 : 4;
	set(0, ROWS, row, 1, 0, nInputs, 0, size * nInputs, 0, size, 0); // one row; the next 10 words are 0
	set(80, 1, dtype); // dense
	set(ROWS, PREDICTION, outputs, nOutputs, 0, label, 0, 1, 0);
	set(ROWS + PREDICTION, RUN, workspace, workspaceSize);
	call("cmlp_model_init", memory, modelSize, bytes, file.length, 0, label, run);
	const model = new DataView(c.memory.buffer).getUint32(label, true);

	const numberOfCell = (cell, column) => {
		const text = new TextEncoder().encode(cell);
		const address = text.length <= workspaceSize ? workspace : allocate(text.length);
		new Uint8Array(c.memory.buffer, address).set(text);
		try {
			call("cmlp_model_read_cell", model, BigInt(column), address, BigInt(text.length), label, 0);
		} catch (error) {
			throw new Error(`column ${column} cannot hold "${cell}": ${error.message}`);
		}
		return new DataView(c.memory.buffer).getFloat64(label, true);
	};
	// NaN is refused. Number("") would be 0.
	const number = (cell) => (cell === null || String(cell).trim() === "" ? NaN : Number(cell));
	const Numbers = isDouble ? Float64Array : Float32Array;
	return (cells) => {
		if (cells.length !== nInputs) throw new Error(`a row has ${nInputs} numbers, got ${cells.length}`);
		const numbers = cells.map(nNets ? numberOfCell : number);
		new Numbers(c.memory.buffer, row, nInputs).set(numbers);
		call("cmlp_model_predict", model, rows, prediction, run);
		return {
			label: new DataView(c.memory.buffer).getInt32(label, true),
			outputs: Array.from(new Numbers(c.memory.buffer, outputs, nOutputs)),
		};
	};
}

function textAt(memory, address) {
	const bytes = new Uint8Array(memory.buffer, address);
	return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

// Loads a model file and predicts rows with cmlp.wasm, which needs nothing of its host.

const INFO = 80; // the size of cmlp_model_info, whose fields are read below
const PAGE = 65536;

/**
 * Returns a function that predicts a row: numbers for a network, for a table texts as in a CSV file.
 * It returns the index of the class, -1 if there is none, and all outputs.
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
	call("cmlp_model_size", bytes, file.length, info);
	const [modelSize, workspaceSize] = [4, 8].map((offset) => fields.getUint32(offset, true));
	const [nInputs, nOutputs, nNets] = [40, 48, 64].map((offset) => Number(fields.getBigInt64(offset, true)));
	const isDouble = fields.getInt32(72, true) === 2;

	const row = allocate(8 * (nInputs + nOutputs + 1) + workspaceSize + modelSize);
	const outputs = row + 8 * nInputs;
	const label = outputs + 8 * nOutputs; // the next three addresses: a result of 8 bytes, and two blocks
	const workspace = label + 8;
	const memory = workspace + workspaceSize;
	call("cmlp_model_init", memory, modelSize, bytes, file.length, 0, workspace, workspaceSize, label);
	const model = new DataView(c.memory.buffer).getUint32(label, true);

	const numberOfCell = (cell, column) => {
		const text = new TextEncoder().encode(cell);
		const address = text.length <= workspaceSize ? workspace : allocate(text.length);
		new Uint8Array(c.memory.buffer, address).set(text);
		call("cmlp_table_code_of_cell", model, BigInt(column), address, BigInt(text.length), label);
		return new DataView(c.memory.buffer).getFloat64(label, true);
	};
	const Numbers = isDouble ? Float64Array : Float32Array;
	const predictRow = isDouble ? "cmlp_model_predict_f64" : "cmlp_model_predict_f32";
	return (cells) => {
		if (cells.length !== nInputs) throw new Error(`a row has ${nInputs} numbers, got ${cells.length}`);
		const numbers = cells.map(nNets ? numberOfCell : Number);
		new Numbers(c.memory.buffer, row, nInputs).set(numbers);
		const sizes = [BigInt(nInputs), BigInt(nOutputs)];
		call(predictRow, model, row, sizes[0], label, outputs, sizes[1], workspace, workspaceSize);
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

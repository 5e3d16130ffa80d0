// Loads a model file and predicts rows with cmlp.wasm, which needs nothing of its host. cmlp.d.mts has the types.

const INFO = 104; // the size of cmlp_model_info
const ROWS = 120; // of cmlp_rows
const PREDICTION = 64; // of cmlp_prediction
const RUN = 56; // of cmlp_run
const COLUMN = 72; // of cmlp_table_column_info
const VALUE = 48; // of cmlp_value
const QUERY = 40; // of cmlp_table_query
const EXPLANATION = 72; // of cmlp_explanation
const PAGE = 65536;
const BATCH = 256; // rows of one call
const FLOAT64 = 2;
const FILE_SHORT = 96;
const ERROR_MEMORY = 83;
const [REGRESSOR, CLASSIFIER, MULTILABEL, ORDERED] = [2, 3, 4, 5];
const [MISSING, TEXT, DOUBLE, INTEGER, BOOLEAN] = [0, 1, 2, 3, 4];
const NO_BACKGROUND = "the model has no rows to compare with: keep_background in Python keeps some of training";
const KINDS = [null, "number", "boolean", "date", "time", "instant", "duration", "category", "ordered"];

/** Why a model cannot be loaded, or a row not be predicted. */
export class CmlpError extends Error {
	name = "CmlpError";

	constructor(message, { code = null, row = null, column = null, cell = null } = {}) {
		super(message);
		this.code = code; // the status of the C library, such as "CMLP_ERROR_CELL"
		this.row = row; // the place in the rows of predictMany
		this.column = column; // the name, or the place where columns have none
		this.cell = cell; // as it came
	}
}

/** A model in memory of its own, which predicts rows. Nothing is shared: a worker loads one of its own. */
export class Predictor {
	#c; // the functions of the library; null after close
	#at; // addresses of the structs; `scratch` is the last one, up to the end of the memory
	#bytes; // views of the memory, which each growth replaces
	#view;
	#model;
	#info;
	#columns = [];
	#places = new Map();
	#labels = [];

	/**
	 * Loads a model file: its bytes, or a promise of them.
	 *
	 * wasm: the bytes of cmlp.wasm, a compiled module, or its address; by default the file beside this one.
	 */
	static async load(file, { wasm = new URL("./cmlp.wasm", import.meta.url) } = {}) {
		const content = await file;
		if (!(content instanceof ArrayBuffer || content instanceof Uint8Array)) {
			throw new CmlpError(`a model file is a Uint8Array or an ArrayBuffer, got ${shown(content)}`);
		}
		const instance = await WebAssembly.instantiate(await moduleOf(await wasm));
		return new Predictor(instance.exports, new Uint8Array(content));
	}

	constructor(functions, file) {
		this.#c = functions;
		this.#look();
		let end = functions.memory.buffer.byteLength;
		const place = (size) => {
			const address = end;
			end += Math.ceil(size / 8) * 8;
			return address;
		};
		const at = { info: place(INFO), rows: place(ROWS), prediction: place(PREDICTION), run: place(RUN) };
		Object.assign(at, { column: place(COLUMN), value: place(VALUE), query: place(QUERY), result: place(16) });
		at.explanation = place(EXPLANATION);
		at.file = place(file.length);
		at.scratch = end;
		this.#at = at;
		this.#reserve(0);
		this.#bytes.set(file, at.file);
		this.#words(at.info, INFO);
		this.#words(at.run, RUN);
		this.#call("cmlp_model_describe", at.file, file.length, at.info, 0);
		const word = (offset) => this.#view.getUint32(at.info + offset, true);
		const long = (offset) => Number(this.#view.getBigInt64(at.info + offset, true));
		const info = { modelSize: word(4), workspaceSize: word(8), fileSize: long(24), dtype: word(72), kind: word(76) };
		Object.assign(info, { nInputs: long(40), nOutputs: long(48), nLabels: long(56), nTargets: long(80) });
		info.isTable = long(64) > 0;
		this.#info = info;
		// The head promises the other sizes: do not allocate them for a file that is cut off.
		if (info.fileSize > file.length) this.#check(FILE_SHORT);
		const memory = place(info.modelSize);
		Object.assign(at, { distances: place(8 * info.nInputs), isInSet: place(4 * info.nOutputs) });
		at.scratch = end;
		this.#reserve(info.workspaceSize);
		this.#words(at.run, RUN, at.scratch, info.workspaceSize);
		const { modelSize } = info;
		this.#call("cmlp_model_init", memory, modelSize, at.file, file.length, 0, at.result, at.run);
		this.#model = this.#view.getUint32(at.result, true);
		for (let i = 0; i < info.nLabels; i++) {
			this.#zero(at.value, VALUE);
			this.#call("cmlp_model_find_label", this.#model, i, at.value, at.run);
			this.#labels.push(this.#text(at.value, at.value + 8));
		}
		if (info.isTable) for (let i = 0; i < info.nInputs; i++) this.#columns.push(this.#describe(i));
		for (const [i, { name }] of this.#columns.entries()) if (name !== null) this.#places.set(name, i);
	}

	/** The columns of a table; empty for a network. */
	get columns() {
		this.#open();
		return this.#columns.map((column) => ({ ...column }));
	}

	/** The labels of a classifier as texts, numbers as Python prints them; empty for other models. */
	get labels() {
		this.#open();
		return [...this.#labels];
	}

	/** The numbers of a row: of a table its columns. */
	get nInputs() {
		this.#open();
		return this.#info.nInputs;
	}

	/** The numbers that a prediction has. */
	get nOutputs() {
		this.#open();
		return this.#info.nOutputs;
	}

	/** Whether the model is that of a table. */
	get isTable() {
		this.#open();
		return this.#info.isTable;
	}

	/** Returns the categories of a table's column, by its name or place; none for a column of numbers. */
	categories(column) {
		this.#open();
		const place = typeof column === "number" ? column : this.#places.get(column);
		const found = this.#columns[place];
		if (!found) throw new CmlpError(`the model has no column ${shown(column)}`, { column });
		return Array.from({ length: found.nCategories }, (_, code) => {
			const { value, run } = this.#at;
			this.#zero(value, VALUE);
			this.#call("cmlp_model_find_category", this.#model, BigInt(place), BigInt(code), value, run);
			return this.#valueAt(value);
		});
	}

	/** Predicts a row: an object with a cell for each name of a column, or an array of cells in order. */
	predict(row, options = {}) {
		this.#open();
		return this.#predict([row], options)[0];
	}

	/**
	 * Predicts many rows, which takes less time than one at a time; those of an iterator are never all in memory. An
	 * error has the number of the row.
	 */
	predictMany(rows, options = {}) {
		this.#open();
		const found = [];
		for (const batch of batches(rows)) {
			try {
				this.#open(); // the iterator can have closed it
				found.push(...this.#predict(batch, options));
			} catch (error) {
				if (!(error instanceof CmlpError) || error.row === null) throw error;
				const row = found.length + error.row;
				throw new CmlpError(`row ${row}: ${error.message}`, { ...error, row });
			}
		}
		return found;
	}

	/** Says how far each column of a row moves the outputs away from their means over the rows that the model has kept. */
	reasons(row, { evaluations = 0, seed = 0 } = {}) {
		this.#open();
		checkWhole("evaluations", evaluations, Number.MAX_SAFE_INTEGER);
		checkWhole("seed", seed, 2 ** 32 - 1);
		const [{ index }] = this.#predict([row], {}); // its numbers stay where the scratch begins
		const { nInputs, nOutputs } = this.#info;
		const { scratch: data, explanation, result, run } = this.#at;
		const n = nInputs * nOutputs;
		const base = data + 8 * nInputs;
		const values = base + 8 * nOutputs;
		const errors = values + 8 * n;
		const workspace = errors + 8 * n;
		const arrays = [values, 0, n, 0, errors, 0, n, 0, base, 0, nOutputs, 0];
		this.#words(explanation, EXPLANATION, 0, 0, 0, ...arrays, seed);
		this.#view.setBigInt64(explanation + 8, BigInt(evaluations), true);
		this.#words(run, RUN);
		try {
			this.#call("cmlp_model_explain_workspace_size", this.#model, explanation, result, run);
		} catch (error) {
			if (error.code === "CMLP_ERROR_NOT_FOUND") error.message = NO_BACKGROUND;
			if (error.code === "CMLP_ERROR_OPTION")
				error.message = `evaluations must be 0 or at least ${2 * nInputs}, got ${evaluations}`;
			throw error;
		}
		const size = this.#view.getUint32(result, true);
		this.#reserve(workspace + size - data);
		this.#words(run, RUN, workspace, size);
		this.#call("cmlp_model_explain", this.#model, data, BigInt(nInputs), explanation, run);
		const numbers = (address, length) => Array.from(new Float64Array(this.#bytes.buffer, address, length));
		const ofOutputs = (address) => {
			const found = numbers(address, n);
			return Array.from({ length: nOutputs }, (_, k) => found.filter((_, i) => i % nOutputs === k));
		};
		const found = { base: numbers(base, nOutputs), values: ofOutputs(values), errors: ofOutputs(errors) };
		return { output: Math.max(index, 0), ...found };
	}

	/** Releases the memory. Every later call is an error, also a second one of this function. */
	close() {
		this.#open();
		this.#c = this.#bytes = this.#view = null;
	}

	#open() {
		if (!this.#c) throw new CmlpError("the predictor is closed");
	}

	/** Makes the memory at least n bytes longer than where the scratch begins; contents stay. */
	#reserve(n) {
		const { memory } = this.#c;
		const missing = this.#at.scratch + n - memory.buffer.byteLength;
		if (missing > 0) {
			try {
				memory.grow(Math.ceil(missing / PAGE));
			} catch {
				this.#check(ERROR_MEMORY);
			}
		}
		if (this.#bytes.buffer !== memory.buffer) this.#look();
	}

	#look() {
		this.#bytes = new Uint8Array(this.#c.memory.buffer);
		this.#view = new DataView(this.#c.memory.buffer);
	}

	#zero(address, size) {
		this.#bytes.fill(0, address, address + size);
	}

	/** Zeroes a struct, and sets its first words: its size and what follows. */
	#words(address, size, ...values) {
		this.#zero(address, size);
		for (const [i, value] of [size, ...values].entries()) this.#view.setUint32(address + 4 * i, value, true);
	}

	#call(name, ...values) {
		this.#check(this.#c[name](...values));
	}

	/** Throws the error of a status, with the row and the column that the library has found. */
	#check(status) {
		if (!status) return;
		const sentence = this.#ended(this.#c.cmlp_status_string(status));
		const code = this.#ended(this.#c.cmlp_status_name(status));
		throw new CmlpError(sentence, { code });
	}

	/** Returns the text at an address, up to a byte that is 0. */
	#ended(address) {
		return new TextDecoder().decode(this.#bytes.subarray(address, this.#bytes.indexOf(0, address)));
	}

	/** Returns the text of a pointer and a length at these addresses; null if there is none. */
	#text(pointer, length) {
		const start = this.#view.getUint32(pointer, true);
		if (!start) return null;
		return new TextDecoder().decode(this.#bytes.subarray(start, start + this.#view.getUint32(length, true)));
	}

	#describe(i) {
		const { column, run } = this.#at;
		this.#words(column, COLUMN);
		this.#call("cmlp_model_describe_column", this.#model, BigInt(i), column, run);
		return {
			name: this.#text(column + 4, column + 8),
			kind: KINDS[this.#view.getInt32(column + 64, true)] ?? null,
			unit: this.#text(column + 16, column + 24) ?? "",
			format: this.#text(column + 32, column + 40) ?? "",
			nCategories: this.#view.getUint32(column + 48, true),
		};
	}

	#valueAt(value) {
		const kind = this.#view.getInt32(value + 32, true);
		if (kind === MISSING) return null;
		if (kind === DOUBLE) return this.#view.getFloat64(value + 16, true);
		if (kind === BOOLEAN) return this.#view.getBigInt64(value + 24, true) !== 0n;
		if (kind === TEXT) return this.#text(value, value + 8) ?? "";
		const integer = kind === INTEGER ? this.#view.getBigInt64(value + 24, true) : BigInt(this.#text(value, value + 8));
		return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
	}

	/** Returns the cells of a row in order. */
	#inOrder(row) {
		const { nInputs } = this.#info;
		if (Array.isArray(row) || (ArrayBuffer.isView(row) && row.length !== undefined)) {
			if (row.length !== nInputs) throw new CmlpError(`a row has ${nInputs} cells, got ${row.length}`);
			return row;
		}
		if (row === null || typeof row !== "object")
			throw new CmlpError(`a row is an array or an object, got ${shown(row)}`);
		if (this.#places.size < nInputs) throw new CmlpError("the model has no names of columns: a row is an array");
		for (const { name } of this.#columns) {
			if (!Object.hasOwn(row, name)) throw new CmlpError(`the row has no column ${shown(name)}`, { column: name });
		}
		const extra = Object.keys(row).find((name) => !this.#places.has(name));
		if (extra !== undefined) throw new CmlpError(`the model has no column ${shown(extra)}`, { column: extra });
		return this.#columns.map(({ name }) => row[name]);
	}

	/** Returns the number of a cell for the library. */
	#number(cell, place) {
		const { isTable } = this.#info;
		const nCategories = this.#columns[place]?.nCategories;
		try {
			if (typeof cell === "string" && isTable) return this.#read(cell, place);
			if (typeof cell === "string" && cell.trim() === "") return NaN;
			if (cell === null || Number.isNaN(cell)) return NaN;
			if (!["string", "number", "boolean"].includes(typeof cell)) {
				throw new CmlpError("a cell is a text, a number, true, false or null");
			}
			if (nCategories) return this.#code(cell, place);
			const number = Number(cell); // the library refuses those that are infinite
			if (Number.isNaN(number) && typeof cell === "string") throw new CmlpError("this is no number");
			return number;
		} catch (error) {
			throw this.#refused(error, place, cell);
		}
	}

	/** Returns the error of a cell, with its column. */
	#refused(error, place, cell) {
		const column = this.#columns[place]?.name ?? place;
		const message = `column ${shown(column)} cannot hold ${shown(cell)}: ${error.message}`;
		return new CmlpError(message, { code: error.code, row: error.row, column, cell });
	}

	#read(cell, place) {
		const { scratch, result, run } = this.#at;
		this.#reserve(3 * cell.length); // the most bytes of UTF-8
		const { written } = new TextEncoder().encodeInto(cell, this.#bytes.subarray(scratch));
		this.#call("cmlp_model_read_cell", this.#model, BigInt(place), scratch, BigInt(written), result, run);
		return this.#view.getFloat64(result, true);
	}

	/** Returns the code of the category that equals a number, true or false. */
	#code(cell, place) {
		const { value, result, run } = this.#at;
		if (Math.abs(cell) === Infinity) throw new CmlpError("this is no finite number");
		this.#zero(value, VALUE);
		if (typeof cell === "boolean") this.#view.setBigInt64(value + 24, BigInt(cell), true);
		else this.#view.setFloat64(value + 16, cell, true);
		this.#view.setInt32(value + 32, typeof cell === "boolean" ? BOOLEAN : DOUBLE, true);
		this.#call("cmlp_model_find_code", this.#model, BigInt(place), value, result, run);
		return this.#view.getFloat64(result, true);
	}

	#predict(rows, { coverage, byClass }) {
		const { nInputs, nOutputs, dtype } = this.#info;
		const n = rows.length;
		const cells = [];
		const numbers = new Float64Array(n * nInputs);
		for (const [i, row] of rows.entries()) {
			try {
				cells.push(this.#inOrder(row));
				for (let j = 0; j < nInputs; j++) numbers[i * nInputs + j] = this.#number(cells[i][j], j);
			} catch (error) {
				if (error instanceof CmlpError) error.row = i;
				throw error;
			}
		}
		const Numbers = dtype === FLOAT64 ? Float64Array : Float32Array;
		const size = Numbers.BYTES_PER_ELEMENT;
		const { scratch: data, rows: rowsAt, prediction, run, result } = this.#at;
		this.#words(rowsAt, ROWS, data, n, 0, nInputs, 0, size * nInputs, 0, size, 0);
		this.#view.setUint32(rowsAt + 80, 1, true); // dense
		this.#view.setUint32(rowsAt + 84, dtype, true);
		this.#words(run, RUN);
		this.#call("cmlp_model_workspace_size", this.#model, rowsAt, result, run);
		const workspaceSize = Math.max(this.#info.workspaceSize, this.#view.getUint32(result, true));
		const outputs = data + 8 * n * nInputs;
		const indices = outputs + 8 * n * nOutputs;
		const workspace = indices + 8 * n;
		this.#reserve(workspace + workspaceSize - data);
		new Numbers(this.#bytes.buffer, data, numbers.length).set(numbers);
		this.#words(prediction, PREDICTION, outputs, n * nOutputs, 0, indices, 0, n, 0);
		this.#words(run, RUN, workspace, workspaceSize);
		try {
			this.#call("cmlp_model_predict", this.#model, rowsAt, prediction, run);
		} catch (error) {
			const [row, column] = [24, 40].map((offset) => Number(this.#view.getBigInt64(run + offset, true)));
			if (row < 0 || column < 0) throw error;
			error.row = row;
			throw this.#refused(error, column, cells[row][column]);
		}
		return rows.map((_, i) => {
			const address = outputs + size * nOutputs * i;
			const index = this.#view.getInt32(indices + 4 * i, true);
			const found = Array.from(new Numbers(this.#bytes.buffer, address, nOutputs));
			const outside = this.#info.isTable ? this.#outside(data + size * nInputs * i) : null;
			return { ...this.#answer(address, found, index, coverage, byClass), outside };
		});
	}

	/** Returns how far the columns of a row are outside. */
	#outside(row) {
		const { distances, run } = this.#at;
		const { nInputs } = this.#info;
		this.#call("cmlp_model_outside", this.#model, row, BigInt(nInputs), distances, BigInt(nInputs), run);
		return Array.from(new Float64Array(this.#bytes.buffer, distances, nInputs));
	}

	#answer(address, outputs, index, coverage, byClass) {
		const { kind } = this.#info;
		const isAsked = coverage !== undefined;
		const hasSeveral = kind === MULTILABEL;
		const isClassifier = [CLASSIFIER, MULTILABEL, ORDERED].includes(kind);
		return {
			label: this.#labels[index] ?? null,
			labels: hasSeveral ? this.#labels.filter((_, i) => outputs[i] > 0.5) : null,
			index,
			value: outputs.length === 1 && !isClassifier ? outputs[0] : null,
			outputs,
			intervals: isAsked && !isClassifier ? this.#intervals(address, coverage, byClass) : null,
			set: isAsked && isClassifier && !hasSeveral ? this.#set(address, coverage, byClass) : null,
			sets: isAsked && hasSeveral ? outputs.map((_, label) => this.#members(address, label, coverage, byClass, 2)) : null,
		};
	}

	/** Writes the question for an interval or a set. */
	#query(address, target, coverage, byClass) {
		const { query } = this.#at;
		this.#words(query, QUERY, address, this.#info.nOutputs, 0, target, 0);
		this.#view.setFloat64(query + 24, coverage, true);
		this.#view.setInt32(query + 32, byClass ? 1 : 0, true);
		return query;
	}

	#intervals(address, coverage, byClass) {
		const { result, run } = this.#at;
		const length = Math.max(this.#info.nTargets, 1); // that of a network is refused
		return Array.from({ length }, (_, target) => {
			const query = this.#query(address, target, coverage, byClass);
			this.#call("cmlp_model_interval", this.#model, query, result, result + 8, run);
			return [this.#view.getFloat64(result, true), this.#view.getFloat64(result + 8, true)];
		});
	}

	/** Returns the labels of the set. */
	#set(address, coverage, byClass) {
		const members = this.#members(address, 0, coverage, byClass, this.#info.nOutputs);
		return this.#labels.filter((_, i) => members.includes(i));
	}

	/** Returns which of n classes, or outcomes of a label, are in the set. */
	#members(address, target, coverage, byClass, n) {
		const { isInSet, run } = this.#at;
		const query = this.#query(address, target, coverage, byClass);
		this.#call("cmlp_model_find_set", this.#model, query, isInSet, BigInt(n), run);
		return Array.from({ length: n }, (_, i) => i).filter((i) => this.#view.getInt32(isInSet + 4 * i, true));
	}
}

/** Yields the rows in arrays of BATCH, so that an iterator's rows are not all in memory. */
function* batches(rows) {
	let batch = [];
	for (const row of rows) {
		if (batch.push(row) < BATCH) continue;
		yield batch;
		batch = [];
	}
	if (batch.length) yield batch;
}

/** Returns the compiled module of bytes or of an address. Node's fetch does not read files. */
async function moduleOf(wasm) {
	if (wasm instanceof WebAssembly.Module) return wasm;
	if (!(wasm instanceof URL || typeof wasm === "string")) return WebAssembly.compile(wasm);
	const address = new URL(wasm, import.meta.url);
	if (address.protocol !== "file:") {
		const response = await fetch(address);
		if (!response.ok) throw new CmlpError(`${address} cannot be read: status ${response.status}`);
		return WebAssembly.compile(await response.arrayBuffer());
	}
	const files = "node:fs/promises"; // a variable, so that bundlers for browsers do not look for it
	const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ files);
	return WebAssembly.compile(await readFile(address));
}

function checkWhole(name, number, most) {
	if (Number.isInteger(number) && number >= 0 && number <= most) return;
	throw new CmlpError(`${name} must be a whole number from 0 to ${most}, got ${shown(number)}`);
}

/** Returns a value as an error prints it. */
function shown(value) {
	return typeof value === "string" ? JSON.stringify(value) : String(value);
}

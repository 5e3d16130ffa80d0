// Loads a model file and predicts rows with cmlp.wasm, which needs nothing of its host. cmlp.d.mts has the types.

// The size of each struct, and the places of its fields. The length of an array of an answer stands 8 bytes behind it.
const INFO = {
	size: 104,
	modelSize: 4,
	workspaceSize: 8,
	fileSize: 24,
	nIn: 40,
	nOut: 48,
	nLabels: 56,
	nNets: 64,
	kind: 76,
	nEnds: 88,
	nSet: 96,
}; // cmlp_model_info
const ROWS = {
	size: 120,
	data: 4,
	nRows: 8,
	nColumns: 16,
	rowStride: 24,
	columnStride: 32,
	kind: 80,
	names: 104,
	nNames: 112,
}; // cmlp_rows
const ANSWER = {
	size: 216,
	classIndices: 16,
	outputs: 32,
	coverage: 48,
	intervals: 56,
	sets: 72,
	outside: 88,
	reasons: 136,
	reasonErrors: 152,
	baseValues: 168,
	nEvaluations: 192,
	seed: 200,
	byClass: 208,
}; // cmlp_answer
const RUN = { size: 56, workspace: 4, workspaceSize: 8, badRow: 24, badElement: 32, badColumn: 40 }; // cmlp_run
const COLUMN = { size: 72, name: 4, nName: 8, unit: 16, nUnit: 24, nCategories: 48 }; // cmlp_table_column_info
const VALUE = { size: 48, text: 0, nText: 8, number: 16, integer: 24, kind: 32 }; // cmlp_value
const PAGE = 65536;
const BATCH = 256; // rows of one call
const SENTENCE = 1000; // bytes of an error
const CELLS = 3; // kind of rows
const FILE_SHORT = 96;
const ERROR_MEMORY = 83;
const MULTILABEL = 4;
const [MISSING, TEXT, DOUBLE, INTEGER, BOOLEAN] = [0, 1, 2, 3, 4];

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
		const place = placing(functions.memory.buffer.byteLength);
		const at = { info: place(INFO.size), rows: place(ROWS.size), answer: place(ANSWER.size), run: place(RUN.size) };
		Object.assign(at, { column: place(COLUMN.size), value: place(VALUE.size), result: place(8) });
		Object.assign(at, { sentence: place(SENTENCE), file: place(file.length), scratch: place(0) });
		this.#at = at;
		this.#reserve(0);
		this.#bytes.set(file, at.file);
		this.#struct(at.info, INFO);
		this.#call("cmlp_model_describe", at.file, file.length, at.info, 0);
		const info = { kind: this.#word(at.info + INFO.kind) };
		for (const name of ["nIn", "nOut", "nLabels", "nEnds", "nSet"]) info[name] = this.#long(at.info + INFO[name]);
		info.isTable = this.#long(at.info + INFO.nNets) > 0;
		this.#info = info;
		// The head promises the other sizes: do not allocate them for a file that is cut off.
		if (this.#long(at.info + INFO.fileSize) > file.length) this.#check(FILE_SHORT);
		const [modelSize, workspaceSize] = [INFO.modelSize, INFO.workspaceSize].map((field) => this.#word(at.info + field));
		const memory = place(modelSize);
		at.scratch = place(0);
		this.#reserve(workspaceSize);
		this.#struct(at.run, RUN, { workspace: at.scratch, workspaceSize });
		this.#call("cmlp_model_init", memory, modelSize, at.file, file.length, 0, at.result, at.run);
		this.#model = this.#word(at.result);
		for (let i = 0; i < info.nLabels; i++) {
			this.#call("cmlp_model_find_label", this.#model, i, at.value, 0);
			this.#labels.push(this.#text(at.value + VALUE.text, at.value + VALUE.nText));
		}
		if (info.isTable) for (let i = 0n; i < info.nIn; i++) this.#columns.push(this.#describe(i));
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

	/** The number of cells of a row. */
	get nInputs() {
		this.#open();
		return this.#info.nIn;
	}

	/** The number of outputs of a prediction. */
	get nOutputs() {
		this.#open();
		return this.#info.nOut;
	}

	/** Whether the model is that of a table. */
	get isTable() {
		this.#open();
		return this.#info.isTable;
	}

	/** Predicts a row: an object with a cell for each name of a column, or an array of cells in order. */
	predict(row, options = {}) {
		this.#open();
		return this.#ask(namesOf(row), [row], options)[0];
	}

	/**
	 * Predicts many rows, which takes less time than one at a time; those of an iterator are never all in memory. An
	 * error has the number of the row.
	 */
	predictMany(rows, options = {}) {
		this.#open();
		const found = [];
		for (const [names, batch] of batches(rows)) {
			try {
				this.#open(); // the iterator can have closed it
				found.push(...this.#ask(names, batch, options));
			} catch (error) {
				if (!(error instanceof CmlpError) || error.row === null) throw error;
				const row = found.length + error.row;
				throw new CmlpError(`row ${row}: ${error.message}`, { ...error, row });
			}
		}
		return found;
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

	/** Zeroes a struct, and sets its size and some of its fields, which are words or begin with one. */
	#struct(address, layout, fields = {}) {
		this.#bytes.fill(0, address, address + layout.size);
		this.#view.setUint32(address, layout.size, true);
		for (const [name, word] of Object.entries(fields)) this.#view.setUint32(address + layout[name], word, true);
	}

	#word(address) {
		return this.#view.getUint32(address, true);
	}

	#long(address) {
		return Number(this.#view.getBigInt64(address, true));
	}

	#call(name, ...values) {
		this.#check(this.#c[name](...values));
	}

	#check(status) {
		if (status) throw new CmlpError(this.#ended(this.#c.cmlp_status_string(status)), { code: this.#codeOf(status) });
	}

	#codeOf(status) {
		return this.#ended(this.#c.cmlp_status_name(status));
	}

	/** Returns the text at an address, up to a byte that is 0. */
	#ended(address) {
		return new TextDecoder().decode(this.#bytes.subarray(address, this.#bytes.indexOf(0, address)));
	}

	/** Returns the text of a pointer and a length at these addresses; null if there is none. */
	#text(pointer, length) {
		const start = this.#word(pointer);
		return start ? new TextDecoder().decode(this.#bytes.subarray(start, start + this.#word(length))) : null;
	}

	#describe(i) {
		const { column, value } = this.#at;
		this.#struct(column, COLUMN);
		this.#call("cmlp_model_describe_column", this.#model, i, column, 0);
		const categories = Array.from({ length: this.#long(column + COLUMN.nCategories) }, (_, code) => {
			this.#call("cmlp_model_find_category", this.#model, i, BigInt(code), value, 0);
			return this.#valueAt(value);
		});
		const name = this.#text(column + COLUMN.name, column + COLUMN.nName);
		return { name, unit: this.#text(column + COLUMN.unit, column + COLUMN.nUnit) ?? "", categories };
	}

	/** Returns null, a text, a number, true or false, and of a larger integer a bigint. */
	#valueAt(value) {
		const kind = this.#word(value + VALUE.kind);
		if (kind === MISSING) return null;
		if (kind === DOUBLE) return this.#view.getFloat64(value + VALUE.number, true);
		const text = this.#text(value + VALUE.text, value + VALUE.nText) ?? "";
		if (kind === TEXT) return text;
		const integer = this.#view.getBigInt64(value + VALUE.integer, true);
		if (kind === BOOLEAN) return integer !== 0n;
		const whole = kind === INTEGER ? integer : BigInt(text);
		return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
	}

	/** Writes a cell, and a text at an address, whose end it returns. */
	#write(to, cell, address) {
		this.#bytes.fill(0, to, to + VALUE.size);
		let kind = MISSING;
		let end = address;
		if (typeof cell === "string") {
			const { written } = new TextEncoder().encodeInto(cell, this.#bytes.subarray(address));
			kind = TEXT;
			end += written;
			this.#view.setUint32(to + VALUE.text, address, true);
			this.#view.setUint32(to + VALUE.nText, written, true);
		} else if (typeof cell === "number") {
			kind = DOUBLE;
			this.#view.setFloat64(to + VALUE.number, cell, true);
		} else if (typeof cell === "boolean") {
			kind = BOOLEAN;
			this.#view.setUint32(to + VALUE.integer, cell ? 1 : 0, true);
		} else if (cell !== null) {
			const message = `a cell is a text, a number, true, false or null, got ${shown(cell)}`;
			throw new CmlpError(message, { code: "CMLP_ERROR_CELL", row: 0, cell });
		}
		this.#view.setUint32(to + VALUE.kind, kind, true);
		return end;
	}

	/** Asks the library about rows whose cells have these names, or stand in order. */
	#ask(names, rows, { coverage, byClass = false, reasons = false, evaluations = 0, seed = 0 }) {
		if (names === undefined) throw new CmlpError(`a row is an array or an object, got ${shown(rows[0])}`, { row: 0 });
		checkWhole("evaluations", evaluations, Number.MAX_SAFE_INTEGER);
		checkWhole("seed", seed, 2 ** 32 - 1);
		const { nIn, nOut, nEnds, nSet, isTable } = this.#info;
		const [n, isAsked] = [rows.length, coverage !== undefined];
		const table = rows.map((row) => (names ? names.map((name) => row[name]) : row));
		const width = table[0].length;
		const cells = [...(names ?? []), ...table.flatMap((row) => [...row])];
		const lengths = { classIndices: n, outputs: n * nOut, outside: isTable ? n * nIn : 0 };
		if (isAsked) Object.assign(lengths, isTable ? { intervals: n * nEnds, sets: n * nSet } : { sets: n * nOut });
		if (reasons) Object.assign(lengths, { reasons: n * nIn * nOut, reasonErrors: n * nIn * nOut, baseValues: nOut });

		const { scratch, rows: input, answer, run, result } = this.#at;
		const place = placing(scratch);
		const places = Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, place(8 * length)]));
		const start = place(VALUE.size * cells.length);
		let text = place(cells.reduce((sum, cell) => sum + (typeof cell === "string" ? 3 * cell.length : 0), 0));
		const workspace = place(0);
		this.#reserve(workspace - scratch);
		for (const [i, cell] of cells.entries()) text = this.#write(start + VALUE.size * i, cell, text);
		const nNames = names?.length ?? 0;
		const data = start + VALUE.size * nNames;
		const shape = { nRows: n, nColumns: width, rowStride: VALUE.size * width, columnStride: VALUE.size, kind: CELLS };
		this.#struct(input, ROWS, { data, ...shape, names: nNames && start, nNames });
		this.#struct(answer, ANSWER, { byClass: isAsked && byClass ? 1 : 0, seed: reasons ? seed : 0 });
		if (isAsked) this.#view.setFloat64(answer + ANSWER.coverage, coverage, true);
		if (reasons) this.#view.setBigInt64(answer + ANSWER.nEvaluations, BigInt(evaluations), true);
		for (const [name, length] of Object.entries(lengths)) {
			this.#view.setUint32(answer + ANSWER[name], length && places[name], true);
			this.#view.setUint32(answer + ANSWER[name] + 8, length, true);
		}
		this.#struct(run, RUN);
		let status = this.#c.cmlp_model_answer_size(this.#model, input, answer, result, run);
		if (!status) {
			const workspaceSize = this.#word(result);
			this.#reserve(workspace + workspaceSize - scratch);
			this.#struct(run, RUN, { workspace, workspaceSize });
			status = this.#c.cmlp_model_answer(this.#model, input, answer, run);
		}
		if (status) throw this.#refused(status, names, table);
		const numbers = (Numbers, name, i, length) =>
			Array.from(new Numbers(this.#bytes.buffer, places[name] + i * length * Numbers.BYTES_PER_ELEMENT, length));
		return table.map((_, i) => {
			const [index] = numbers(Int32Array, "classIndices", i, 1);
			const outputs = numbers(Float64Array, "outputs", i, nOut);
			const ends = lengths.intervals ? numbers(Float64Array, "intervals", i, nEnds) : null;
			const set = lengths.sets ? numbers(Int32Array, "sets", i, nSet) : null;
			const hasSeveral = this.#info.kind === MULTILABEL;
			const moves = (name) => columnsOf(numbers(Float64Array, name, i, nIn * nOut), nOut);
			return {
				label: this.#labels[index] ?? null,
				labels: hasSeveral ? this.#labels.filter((_, j) => outputs[j] > 0.5) : null,
				index,
				outputs,
				intervals: ends && pairs(ends),
				set: set && !hasSeveral ? this.#labels.filter((_, j) => set[j]) : null,
				sets: set && hasSeveral ? pairs(set).map((pair) => [0, 1].filter((outcome) => pair[outcome])) : null,
				outside: isTable ? numbers(Float64Array, "outside", i, nIn) : null,
				reasons: reasons
					? {
							output: Math.max(index, 0),
							base: numbers(Float64Array, "baseValues", 0, nOut),
							values: moves("reasons"),
							errors: moves("reasonErrors"),
						}
					: null,
			};
		});
	}

	/** Returns the error of a call, with what it is about. */
	#refused(status, names, table) {
		const { rows, answer, run, sentence } = this.#at;
		const [row, element, place] = [RUN.badRow, RUN.badElement, RUN.badColumn].map((field) => this.#long(run + field));
		const code = this.#codeOf(status);
		if (row >= 0) {
			// The sentence is about this row alone: its number among all is added by predictMany.
			this.#view.setUint32(
				rows + ROWS.data,
				this.#word(rows + ROWS.data) + row * this.#word(rows + ROWS.rowStride),
				true,
			);
			this.#view.setUint32(rows + ROWS.nRows, 1, true);
			this.#view.setBigInt64(run + RUN.badRow, 0n, true);
		}
		this.#c.cmlp_model_say(this.#model, rows, answer, status, run, sentence, BigInt(SENTENCE));
		const about = { code, row: row >= 0 ? row : null };
		if (place >= 0) about.column = this.#columns[place]?.name ?? place;
		else if (code === "CMLP_ERROR_COLUMNS" && element >= 0) about.column = names[element];
		if (row >= 0 && element >= 0) about.cell = table[row][element];
		return new CmlpError(this.#ended(sentence), about);
	}
}

/** Returns a function that returns the next address for so many bytes. */
function placing(start) {
	let end = start;
	return (size) => {
		const address = end;
		end += Math.ceil(size / 8) * 8;
		return address;
	};
}

/** Returns the names of a row's cells, null for an array, and undefined for what is no row. */
function namesOf(row) {
	if (Array.isArray(row) || (ArrayBuffer.isView(row) && row.length !== undefined)) return null;
	return row !== null && typeof row === "object" ? Object.keys(row) : undefined;
}

/** Yields rows with the same names, or as many cells, in arrays of at most BATCH: an iterator's are not all in memory. */
function* batches(rows) {
	let names;
	let batch = [];
	for (const row of rows) {
		const own = namesOf(row);
		const isLike = own ? own.length === names?.length && own.every((name, i) => name === names[i]) : own === names;
		if (batch.length && !(isLike && batch.length < BATCH && row?.length === batch[0]?.length)) {
			yield [names, batch];
			batch = [];
		}
		names = own;
		batch.push(row);
	}
	if (batch.length) yield [names, batch];
}

function pairs(numbers) {
	return Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2));
}

/** Returns the columns of a matrix that has n of them. */
function columnsOf(numbers, n) {
	return Array.from({ length: n }, (_, j) => numbers.filter((_, i) => i % n === j));
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

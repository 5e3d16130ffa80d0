// Tests of the package, where it is installed. CMLP_CASES is a folder of language_programs.py --write.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CmlpError, Predictor } from "cmlp";

const folder = process.env.CMLP_CASES;
const fileOf = (name) => readFileSync(join(folder, name));
const load = (name) => Predictor.load(fileOf(name));
const numbers = (text) => text.split(" ").filter(Boolean).map(Number);
const cases = readFileSync(join(folder, "cases.tsv"), "utf8")
	.trimEnd()
	.split("\n")
	.map((line) => {
		const [name, label, outputs, ends, ...rest] = line.split("\t");
		const [set, byClass] = rest.splice(0, 2).map((members) => members.split(" "));
		const [outside, ...cells] = rest;
		const answers = { outputs: numbers(outputs), ends: numbers(ends), set, byClass, outside: numbers(outside) };
		return { name, label: label || null, ...answers, cells };
	});
const explained = readFileSync(join(folder, "reasons.tsv"), "utf8")
	.trimEnd()
	.split("\n")
	.map((line) => {
		const [name, evaluations, seed, base, values, errors, ...cells] = line.split("\t");
		const options = { evaluations: Number(evaluations), seed: Number(seed) };
		return { name, options, base: numbers(base), values: numbers(values), errors: numbers(errors), cells };
	});
const NAMES = ["day", "size", "colour"];
const byName = (cells) => Object.fromEntries(NAMES.map((name, i) => [name, cells[i]]).reverse());
const bits = (values) => new BigUint64Array(Float64Array.from(values).buffer);

/** Checks that a call is refused with such a message and such fields, and that the predictor still works. */
function refused(predictor, call, message, fields = {}) {
	assert.throws(call, (error) => {
		assert(error instanceof CmlpError, error);
		assert.match(error.message, message);
		for (const [name, value] of Object.entries(fields)) assert.equal(error[name], value, name);
		return true;
	});
	const one = cases.find(({ cells }) => cells.length === predictor.nInputs);
	assert.equal(typeof predictor.predict(one.cells).index, "number");
}

function checked(found, { outputs, label, ends, set, outside }, isAsked) {
	assert.deepEqual(bits(found.outputs), bits(outputs));
	assert.equal(found.label, label);
	assert.deepEqual(found.outside ?? [], outside);
	if (!isAsked) return assert.deepEqual([found.intervals, found.set, found.sets], [null, null, null]);
	if (label) return assert.deepEqual([found.set, found.sets], [set, null]);
	if (!ends.length) {
		const labels = ["0", "1", "2"].filter((_, i) => outputs[i] > 0.5);
		assert.deepEqual([found.set, found.labels, found.sets.map((outcomes) => outcomes.join(""))], [null, labels, set]);
		return;
	}
	assert.deepEqual([found.set, found.sets], [null, null]);
	assert.deepEqual(bits(found.intervals.flat()), bits(ends));
	assert.equal(found.value, outputs.length === 1 ? outputs[0] : null);
}

test("rows in order, by name and many at once have Python's bits", async () => {
	const names = new Set(cases.map(({ name }) => name));
	assert.equal(names.size, 7);
	for (const name of names) {
		const predictor = await load(name);
		const own = cases.filter((one) => one.name === name);
		const options = predictor.isTable ? { coverage: 0.8 } : {};
		for (const one of own) {
			checked(predictor.predict(one.cells, options), one, predictor.isTable);
			if (one.byClass[0])
				checked(predictor.predict(one.cells, { ...options, byClass: true }), { ...one, set: one.byClass }, true);
			if (predictor.isTable) checked(predictor.predict(byName(one.cells)), one, false);
			else checked(predictor.predict(Float64Array.from(one.cells, Number)), one, false);
			if (predictor.isTable && !one.cells[2])
				for (const missing of [null, NaN]) checked(predictor.predict([...one.cells.slice(0, 2), missing]), one, false);
		}
		const many = Array.from({ length: 600 }, (_, i) => own[i % own.length]);
		const found = predictor.predictMany(
			many.map(({ cells }) => cells),
			options,
		);
		for (const [i, one] of many.entries()) checked(found[i], one, predictor.isTable);
		predictor.close();
	}
});

test("reasons have Python's bits, and add up to the outputs", async () => {
	assert.deepEqual(new Set(explained.map(({ name }) => name)), new Set(["classifier.cmlp", "regressor.cmlp"]));
	for (const name of new Set(explained.map((one) => one.name))) {
		const predictor = await load(name);
		for (const { options, base, values, errors, cells } of explained.filter((one) => one.name === name)) {
			const found = predictor.reasons(byName(cells), options);
			assert.deepEqual(bits(found.base), bits(base));
			assert.deepEqual(bits(found.values.flat()), bits(values));
			assert.deepEqual(bits(found.errors.flat()), bits(errors));
			assert.equal(errors.some(Boolean), options.evaluations > 0);
			const { index, outputs } = predictor.predict(cells);
			assert.equal(found.output, Math.max(index, 0));
			for (const [k, output] of outputs.entries()) {
				const sum = found.values[k].reduce((a, b) => a + b, found.base[k]);
				assert(Math.abs(sum - output) < 1e-12 * Math.max(1, Math.abs(output)), `${sum} ${output}`);
			}
			if (!options.evaluations) assert.deepEqual(predictor.reasons(cells), found);
		}
		const { cells } = explained[0];
		const code = "CMLP_ERROR_OPTION";
		refused(
			predictor,
			() => predictor.reasons(cells, { evaluations: 5 }),
			/^evaluations must be 0 or at least 6, got 5$/,
			{ code },
		);
		refused(predictor, () => predictor.reasons(cells, { evaluations: 0.5 }), /^evaluations must be a whole number/);
		refused(
			predictor,
			() => predictor.reasons(cells, { seed: -1 }),
			/^seed must be a whole number from 0 to 4294967295, got -1$/,
		);
		refused(predictor, () => predictor.reasons(["", "large", ""]), /^column "size" cannot hold/, { column: "size" });
	}
	const without = await load("targets.cmlp");
	const { cells } = explained[0];
	refused(without, () => without.reasons(cells), /no rows to compare with: keep_background/, {
		code: "CMLP_ERROR_NOT_FOUND",
	});
	const network = await load("float32.cmlp");
	refused(network, () => network.reasons([1, 2, 3, 4]), /./, { code: "CMLP_ERROR_MODEL_KIND" });
});

test("numbers, true and null are cells by their value", async () => {
	const predictor = await load("classifier.cmlp");
	const answer = (...cells) => predictor.predict(cells).outputs;
	const day = Date.UTC(1990, 0, 11) / 86400000;
	assert.deepEqual(answer(day, 0.5, "red"), answer("1990-01-11", "0.5", "red"));
	assert.deepEqual(answer(day, null, null), answer("1990-01-11", "", ""));
	assert.deepEqual(answer(day, NaN, NaN), answer(day, null, null));
	assert.deepEqual(answer(day, true, 1), answer(day, 1, "1"));
	assert.deepEqual(answer(day, 1, true), answer(day, 1, 1));
	assert.notDeepEqual(answer(day, 1, 1), answer(day, 1, "red"));
});

test("columns, categories and labels", async () => {
	const predictor = await load("classifier.cmlp");
	assert.deepEqual(
		predictor.columns.map(({ name, kind }) => [name, kind]),
		[
			["day", "date"],
			["size", "number"],
			["colour", "category"],
		],
	);
	assert.deepEqual(new Set(predictor.categories("colour")), new Set(["red", "grün", null, 1]));
	assert.deepEqual(predictor.categories(2), predictor.categories("colour"));
	assert.deepEqual(predictor.labels, ["maybe", "no", "yes"]);
	assert.deepEqual(predictor.categories("size"), []);
	refused(predictor, () => predictor.categories("shape"), /the model has no column "shape"/, { column: "shape" });
});

test("errors name the column and the cell", async () => {
	const predictor = await load("classifier.cmlp");
	const { cells } = cases.find(({ name }) => name === "classifier.cmlp");
	const row = byName(cells);
	const predict = (changed, options) => () => predictor.predict(changed, options);
	refused(predictor, predict({ ...row, shape: "1" }), /the model has no column "shape"/, { column: "shape" });
	refused(predictor, predict({ day: "", size: "" }), /the row has no column "colour"/, { column: "colour" });
	refused(predictor, predict([...cells, "1"]), /a row has 3 cells, got 4/);
	refused(predictor, predict([]), /a row has 3 cells, got 0/);
	for (const other of [null, undefined, 7, "text"])
		refused(predictor, predict(other), /a row is an array or an object/);
	const cell = { code: "CMLP_ERROR_CELL", column: "size", cell: "large" };
	refused(predictor, predict({ ...row, size: "large" }), /^column "size" cannot hold "large": /, cell);
	refused(predictor, predict({ ...row, size: undefined }), /column "size" cannot hold undefined/, { column: "size" });
	refused(predictor, predict({ ...row, day: new Date(0) }), /column "day" cannot hold/);
	for (const name of NAMES)
		refused(predictor, predict({ ...row, [name]: -Infinity }), /cannot hold -Infinity/, { column: name });
	const many = () => predictor.predictMany([...Array(300).fill(cells), { ...row, size: "large" }]);
	refused(predictor, many, /^row 300: column "size" cannot hold "large": /, { ...cell, row: 300 });
	for (const coverage of [0, 1, NaN])
		refused(predictor, predict(row, { coverage }), /./, { code: "CMLP_ERROR_OPTION" });
});

test("a network has no names, missing values, intervals and categories", async () => {
	const predictor = await load("float32.cmlp");
	const { cells } = cases.find(({ name }) => name === "float32.cmlp");
	refused(predictor, () => predictor.predict({ a: 1, b: 2, c: 3, d: 4 }), /no names of columns/);
	refused(predictor, () => predictor.predict(["1", "2", "", "4"]), /column 2 cannot hold ""/, { column: 2, cell: "" });
	refused(predictor, () => predictor.predict([1, NaN, 3, 4]), /column 1/, { code: "CMLP_ERROR_INPUT" });
	refused(predictor, () => predictor.predict([1, 2, 3, "x"]), /column 3 cannot hold "x": this is no number/, {
		cell: "x",
	});
	refused(predictor, () => predictor.predict([1e39, 2, 3, 4]), /column 0 cannot hold 1e\+39/);
	refused(predictor, () => predictor.predict(cells, { coverage: 0.8 }), /./, { code: "CMLP_ERROR_MODEL_KIND" });
	refused(predictor, () => predictor.categories(0), /no column 0/);
	assert.deepEqual(predictor.columns, []);
});

test("a closed predictor refuses every call", async () => {
	const predictor = await load("regressor.cmlp");
	const { cells } = cases.find(({ name }) => name === "regressor.cmlp");
	predictor.close();
	const calls = [
		() => predictor.close(),
		() => predictor.predict(cells),
		() => predictor.predictMany([]),
		() => predictor.reasons(cells),
		() => predictor.labels,
		() => predictor.columns,
		() => predictor.categories(0),
		() => predictor.nInputs,
	];
	for (const call of calls) assert.throws(call, { name: "CmlpError", message: "the predictor is closed" });
	const other = await load("regressor.cmlp");
	checked(
		other.predict(cells),
		cases.find(({ name }) => name === "regressor.cmlp"),
		false,
	);
});

test("files that are cut off, damaged or no bytes are refused", async () => {
	const file = fileOf("regressor.cmlp");
	for (const size of [0, 1, 7, 100, file.length - 1]) {
		await assert.rejects(Predictor.load(file.subarray(0, size)), { code: "CMLP_ERROR_FILE_SHORT" });
	}
	for (let i = 0; i < file.length; i += 97) {
		const damaged = new Uint8Array(file);
		damaged[i] ^= 0x41;
		await assert.rejects(Predictor.load(damaged), (error) => /^CMLP_ERROR_FILE_/.test(error.code), `byte ${i}`);
	}
	await assert.rejects(Predictor.load("regressor.cmlp"), {
		name: "CmlpError",
		message: /a model file is a Uint8Array/,
	});
});

test("memory grows once for long cells and many rows", async () => {
	let memory;
	const { instantiate } = WebAssembly;
	WebAssembly.instantiate = async (...module) => {
		const instance = await instantiate(...module);
		memory = instance.exports.memory;
		return instance;
	};
	const predictor = await load("classifier.cmlp");
	WebAssembly.instantiate = instantiate;
	const before = memory.buffer.byteLength;
	const rows = Array.from({ length: 300 }, (_, i) => ["1990-01-11", "0.5", `${i}`.padEnd(2000, "ü")]);
	const predicted = () => [rows.map((row) => predictor.predict(row)), predictor.predictMany(rows)];
	const [each, many] = predicted();
	assert.deepEqual(each, many);
	const grown = memory.buffer.byteLength;
	assert(grown - before <= 4 * 65536, `${grown - before} bytes`);
	predicted();
	assert.equal(memory.buffer.byteLength, grown);
	assert.equal(
		predictor.predict(["", "", "x".repeat(1e6)]).label,
		each[0].label && predictor.predict(["", "", "y"]).label,
	);
	const most = memory.buffer.byteLength;
	for (let i = 0; i < 50; i++) predictor.predict(["", "", "x".repeat(1e6 - i)]);
	assert.equal(memory.buffer.byteLength, most);
});

test("rows of an iterator are in memory in batches", async () => {
	const predictor = await load("regressor.cmlp");
	let pulled = 0;
	function* rows(last) {
		for (; pulled < 600; pulled++) yield ["", "1", "red"];
		yield last;
		pulled++;
	}
	assert.equal(predictor.predictMany(rows(["", "", ""])).length, 601);
	pulled = 0;
	function* bad() {
		yield ["", "large", ""];
		yield* rows(null);
	}
	assert.throws(() => predictor.predictMany(bad()), { row: 0 });
	assert(pulled < 300, `${pulled}`);
	function* closing() {
		predictor.close();
		yield ["", "", ""];
	}
	assert.throws(() => predictor.predictMany(closing()), { message: "the predictor is closed" });
});

test("the module can be shared, as bytes, compiled or by its address", async () => {
	const address = new URL(import.meta.resolve("cmlp/cmlp.wasm"));
	const bytes = readFileSync(address);
	const one = cases.find(({ name }) => name === "regressor.cmlp");
	for (const wasm of [bytes, WebAssembly.compile(bytes), address, address.href]) {
		const predictor = await Predictor.load(Promise.resolve(new Uint8Array(fileOf(one.name)).buffer), { wasm });
		checked(predictor.predict(one.cells), one, false);
	}
});

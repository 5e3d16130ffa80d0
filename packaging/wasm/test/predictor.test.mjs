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
const lines = (name) =>
	readFileSync(join(folder, name), "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => line.split("\t"));
const cases = lines("cases.tsv").map(([name, label, outputs, ends, set, byClass, outside, ...cells]) => {
	const answers = { outputs: numbers(outputs), ends: numbers(ends), set, byClass, outside: numbers(outside) };
	return { name, label: label || null, ...answers, cells };
});
const ofModel = (name) => cases.filter((one) => one.name === name);
const NAMES = ["day", "size", "colour"];
const named = (names, cells) => Object.fromEntries(names.map((name, i) => [name, cells[i]]));
const bits = (values) => new BigUint64Array(Float64Array.from(values).buffer);

function checked(found, { outputs, label, ends, set, outside }, isAsked) {
	assert.deepEqual(bits(found.outputs), bits(outputs));
	assert.equal(found.label, label);
	assert.deepEqual(found.outside ?? [], outside);
	const members = found.set ?? (found.sets ?? []).map((outcomes) => outcomes.join(""));
	assert.equal(members.join(" "), isAsked ? set : "");
	assert.deepEqual(bits((found.intervals ?? []).flat()), bits(isAsked ? ends : []));
}

test("rows in order, by name and many at once have Python's bits", async () => {
	const names = new Set(cases.map(({ name }) => name));
	assert.equal(names.size, 7);
	for (const name of names) {
		const predictor = await load(name);
		const own = ofModel(name);
		const options = predictor.isTable ? { coverage: 0.8 } : {};
		for (const one of own) {
			checked(predictor.predict(one.cells, options), one, predictor.isTable);
			if (one.byClass)
				checked(predictor.predict(one.cells, { ...options, byClass: true }), { ...one, set: one.byClass }, true);
			if (predictor.isTable) checked(predictor.predict(named(NAMES.toReversed(), one.cells.toReversed())), one, false);
			else checked(predictor.predict(Float64Array.from(one.cells, Number)), one, false);
		}
		const many = Array.from({ length: 600 }, (_, i) => own[i % own.length]);
		const rows = many.map(({ cells }, i) => (predictor.isTable && i % 3 ? named(NAMES, cells) : cells));
		const found = predictor.predictMany(rows, options);
		for (const [i, one] of many.entries()) checked(found[i], one, predictor.isTable);
		predictor.close();
	}
});

test("values are cells; null and NaN are missing", async () => {
	const predictor = await load("classifier.cmlp");
	const day = "1990-01-11";
	for (const [values, texts] of [
		[
			[day, 0.5, 1],
			[day, "0.5", "1"],
		],
		[
			[7315, 1, true],
			[day, "1", "1"],
		],
		[
			[7315, null, null],
			[day, "", ""],
		],
		[
			[7315, NaN, NaN],
			[day, "", ""],
		],
	])
		assert.deepEqual(predictor.predict(values), predictor.predict(texts));
	for (const cell of [undefined, new Date(0), 1n, {}])
		assert.throws(() => predictor.predict(["", cell, ""]), {
			code: "CMLP_ERROR_CELL",
			message: `a cell is a text, a number, true, false or null, got ${cell}`,
		});
});

test("reasons have Python's bits, and add up to the outputs", async () => {
	for (const [name, evaluations, seed, ...rest] of lines("reasons.tsv")) {
		const [base, values, errors] = rest.slice(0, 3).map(numbers);
		const options = { reasons: true, evaluations: Number(evaluations), seed: Number(seed) };
		const { index, outputs, reasons } = (await load(name)).predict(named(NAMES, rest.slice(3)), options);
		assert.deepEqual(bits(reasons.base), bits(base));
		assert.deepEqual(bits(reasons.values.flat()), bits(values));
		assert.deepEqual(bits(reasons.errors.flat()), bits(errors));
		assert.equal(reasons.output, Math.max(index, 0));
		for (const [k, output] of outputs.entries()) {
			const sum = reasons.values[k].reduce((a, b) => a + b, reasons.base[k]);
			assert(Math.abs(sum - output) < 1e-12 * Math.max(1, Math.abs(output)), `${sum} ${output}`);
		}
	}
	const predictor = await load("regressor.cmlp");
	const ask = (options) => () => predictor.predict(["", "", ""], { reasons: true, ...options });
	assert.throws(ask({ evaluations: 0.5 }), { message: /^evaluations must be a whole number/ });
	assert.throws(ask({ seed: -1 }), { message: "seed must be a whole number from 0 to 4294967295, got -1" });
});

test("errors name the row, the column and the cell, and the next call works", async () => {
	for (const [name, option, names, code, column, cell, begin, ...cells] of lines("refused.tsv")) {
		const predictor = await load(name);
		const [key, number] = option.split(" ");
		const options = key === "coverage" ? { coverage: Number(number) } : {};
		if (key && key !== "coverage") Object.assign(options, { reasons: true, evaluations: Number(number) });
		const row = names ? named(names.split(" "), cells) : cells;
		assert.throws(
			() => predictor.predict(row, options),
			(error) => {
				assert(error instanceof CmlpError && error.message.startsWith(begin), `${error} ${begin}`);
				assert.deepEqual([error.code, `${error.column ?? ""}`], [code, column]);
				if (code === "CMLP_ERROR_CELL") assert.equal(error.cell, cell);
				return true;
			},
		);
	}
	const predictor = await load("classifier.cmlp");
	const [{ cells }] = ofModel("classifier.cmlp");
	const large = { code: "CMLP_ERROR_CELL", column: "size", cell: "large" };
	const rows = (last) => [...Array(300).fill(cells), last];
	for (const last of [["", "large", ""], named(NAMES, ["", "large", ""])])
		assert.throws(() => predictor.predictMany(rows(last)), {
			...large,
			row: 300,
			message: /^row 300: column "size" cannot hold "large": /,
		});
	assert.throws(() => predictor.predictMany(rows(cells.slice(1))), { row: null, code: "CMLP_ERROR_ROWS" });
	for (const other of [null, undefined, 7, "text"]) {
		const message = `a row is an array or an object, got ${typeof other === "string" ? '"text"' : other}`;
		assert.throws(() => predictor.predict(other), { message });
		assert.throws(() => predictor.predictMany(rows(other)), { row: 300, message: `row 300: ${message}` });
	}
	for (const coverage of [0, 1, NaN])
		assert.throws(() => predictor.predict(cells, { coverage }), { code: "CMLP_ERROR_OPTION" });
	assert.equal(predictor.predict(cells).label, ofModel("classifier.cmlp")[0].label);
});

test("columns, categories and labels", async () => {
	const predictor = await load("classifier.cmlp");
	assert.deepEqual(
		predictor.columns.map(({ name, unit }) => [name, unit]),
		[
			["day", "days since 1970-01-01"],
			["size", ""],
			["colour", ""],
		],
	);
	assert.deepEqual(new Set(predictor.columns[2].categories), new Set(["red", "grün", null, 1]));
	assert.deepEqual(predictor.labels, ["maybe", "no", "yes"]);
	assert.deepEqual((await load("float32.cmlp")).columns, []);
	const several = await load("multilabel.cmlp");
	const counts = new Set();
	for (const { outputs, cells } of ofModel("multilabel.cmlp")) {
		const { labels } = several.predict(cells);
		assert.deepEqual(
			labels,
			several.labels.filter((_, i) => outputs[i] > 0.5),
		);
		counts.add(labels.length);
	}
	assert(counts.size > 1);
});

test("a closed predictor refuses every call", async () => {
	const predictor = await load("regressor.cmlp");
	const { cells } = cases.find(({ name }) => name === "regressor.cmlp");
	predictor.close();
	const calls = [
		() => predictor.close(),
		() => predictor.predict(cells),
		() => predictor.predictMany([]),
		() => predictor.labels,
		() => predictor.columns,
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
	for (const [name, size, place, code] of lines("damaged.tsv")) {
		const file = new Uint8Array(fileOf(name));
		if (Number(place) >= 0) file[place] ^= 0xff;
		await assert.rejects(
			Predictor.load(file.subarray(0, size)),
			(error) => error.code.startsWith(code),
			`${name} ${size} ${place}`,
		);
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
	const rows = Array.from({ length: 300 }, (_, i) => ["1990-01-11", "0.5", `${i}`.padEnd(200, "ü")]);
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

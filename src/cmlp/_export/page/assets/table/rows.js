// --- Rows of delimited text: its cells are read by the model's grammar, which docs/guide/files.md defines.

const { grammar, names } = model; // of the columns; null if fit had none
const whole = (pattern, flags) => new RegExp(`^(?:${pattern})$`, flags);
const [NUMBER, DATE, SIMILAR] = [whole(grammar.number, "i"), whole(grammar.date), whole(grammar.similar)];
const FORMULA = grammar.formula && whole(grammar.formula);
const separators = grammar.separators && new RegExp(grammar.separators, "g");
const SPACE = new RegExp(`^${grammar.space}+|${grammar.space}+$`, "g"); // trim() has other characters
const trim = (cell) => cell.replace(SPACE, "");
const quoted = (text) => `“${text}”`;
const insideOf = (cell) => FORMULA?.exec(cell)?.[1] ?? cell; // of ="007" the text of the formula

function isMark(cell) {
	const text = trim(cell);
	return grammar.marks.includes(text) || grammar.lower.includes(text.toLowerCase());
}

/** The number of a cell as JavaScript writes it; null for other text. */
function plainOf(cell) {
	const text = trim(cell).replaceAll(grammar.minus, "-");
	if (!NUMBER.test(text)) return null;
	return (separators ? text.replace(separators, "") : text).replace(grammar.decimal, ".");
}

// The first and the last moment, in microseconds since 1970: of the years 1 to 9999 in UTC.
const [FIRST, LAST] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];

const booleanOf = (cell) => ["false", "true"].findIndex((name) => grammar[name].includes(trim(cell))); // -1 if none

/** A date or a point in time as days since 1970 and as text, in UTC if it has an offset; null for other text. */
function momentOf(cell) {
	const found = DATE.exec(trim(cell));
	if (!found) return null;
	const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "", offset] = found;
	const midnight = new Date(`${year}-${month}-${day}T00:00Z`);
	if (year === "0000" || midnight.getUTCDate() !== Number(day)) return null; // also NaN
	const [, sign, east, minutes = 0] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [0, "+", 0];
	if (max(hour, east) > 23 || max(minute, second, minutes) > 59) return null;
	const clock = hour * 3600 + minute * 60 + Number(second) - `${sign}1` * (east * 3600 + minutes * 60);
	const [seconds, micro] = [midnight / 1000 + clock, fraction.padEnd(6, 0).slice(0, 6)];
	const all = BigInt(seconds) * 1_000_000n + BigInt(micro);
	if (all < FIRST || all > LAST) return null;
	const text = new Date(seconds * 1000).toISOString().slice(0, 19) + (Number(micro) ? `.${micro}` : "");
	return { days: Number(all) / 864e8, hasOffset: Boolean(offset), text };
}

/** The code of a listed value: those behind the choices mean a missing value. */
function codeOfListed(place, { choices, kind, missing }) {
	if (place < choices.length) return place;
	return kind === "number" ? NaN : missing;
}

/** The place of a date whose text is listed, as Python writes it. */
function placeOfDate({ text }, { choices, texts = choices, type }) {
	if (type === "date") return texts.indexOf(text.replace(/T00:00:00$/, ""));
	return texts.indexOf(type === "instant" ? `${text}+00:00` : text);
}

/** The place of a listed value, found by its text, or by its value if some are numbers; -1 or NaN for another one. */
function placeListed(cell, { choices, texts = choices, numbers, kind, missing }) {
	if (texts.includes(cell)) return texts.lastIndexOf(cell);
	const truth = booleanOf(cell);
	const plain = truth < 0 ? plainOf(cell) : truth;
	if (numbers && plain !== null) {
		// An integer equals one of its value, and otherwise the nearest double; those of `numbers` that are large are texts.
		const isWhole = /^[+-]?\d+$/.test(plain) && plain.length < 40;
		for (const value of isWhole ? [BigInt(plain), Number(plain)] : [Number(plain)]) {
			const code = numbers.findIndex((number) => (typeof number === "string" ? BigInt(number) : number) == value);
			if (code >= 0) return code;
		}
	}
	if (kind === "number") return NaN;
	return grammar.missing.includes(cell) || (numbers && isMark(cell)) ? missing : -1;
}

/** The value of a cell of a column; text that says what was expected if it is none. */
function readCell(written, column) {
	const cell = insideOf(written);
	const { type, kind, choices, form } = column;
	const isDate = ["date", "time", "instant"].includes(type);
	const isListed = kind === "category" || ["category", "ordered"].includes(type);
	// The values of a category that no network uses are not listed.
	if (isListed && !choices) return grammar.missing.includes(cell) ? NaN : 0;
	if (isListed && !isDate) return codeOfListed(placeListed(cell, column), column);
	if (isMark(cell)) return isListed ? column.missing : NaN;
	if (isDate) {
		const found = form ? momentOfForm(cell, form) : momentOf(cell);
		const hasOffset = type === "instant";
		if (found && found.hasOffset === hasOffset) {
			return isListed ? codeOfListed(placeOfDate(found, column), column) : present(found.days, column);
		}
		if (form) return words("cell.form", { form: form.text });
		return words(hasOffset ? "cell.instant" : "cell.date");
	}
	const truth = type === "boolean" ? booleanOf(cell) : -1;
	const plain = truth < 0 ? plainOf(cell) : truth;
	const value = plain === null ? NaN : Number(plain);
	return finite(value)
		? present(value, column)
		: words("cell.number", { example: "1234.5".replace(".", grammar.decimal) });
}

/**
 * The cells of each line, with its number, and whether it is blank; text between quotation marks is one cell. `fault`
 * says what is wrong if the separator is the right one.
 */
function readLines(text, separator) {
	const plain = `[^${separator}\r\n]*`;
	const cell = RegExp(`(?: *"((?:[^"]|"")*)"(${plain})|(${plain}))([${separator}]|\r\n?|\n|$)`, "g");
	const lines = [];
	let [cells, begin, line] = [[], 1, 1];
	for (const [all, inside, rest, other, end] of text.matchAll(cell)) {
		const isOpen = other?.trimStart()[0] === '"';
		if (isOpen) lines.fault = words("row.quote", { n: line });
		cells.push(other ?? inside.replaceAll('""', '"') + rest);
		line += all.match(/\r\n?|\n/g)?.length ?? 0;
		if (end === separator && !isOpen) continue;
		const isBlank = cells.length === 1 && other?.trim() === "";
		if (all || cells.length > 1) lines.push(Object.assign(cells, { begin, isBlank }));
		if (!end || isOpen) break;
		[cells, begin] = [[], line];
	}
	return lines;
}

/**
 * Rows of text, separated by tab, semicolon, bar or comma: their cells, and the place of each column in them. A blank
 * line is a missing value in text of one column, and no row in other text.
 */
function readTable(text) {
	let [all, lines] = [[], []];
	for (const separator of "\t;|,") {
		const found = readLines(text, separator);
		const filled = found.filter(({ isBlank }) => !isBlank);
		if (filled[0]?.length > (lines[0]?.length ?? 0)) [all, lines] = [found, filled];
		if (lines[0]?.length > 1 && lines.every(({ length }) => length === lines[0].length)) break;
	}
	const [line] = lines;
	if (!line) throw Error(words("row.none"));
	if (all.fault) throw Error(all.fault);
	const first = line.map(insideOf);
	if (first.length === 1) lines = all;
	const odd = lines.find(({ length }) => length !== first.length);
	if (odd) throw Error(words("row.odd", { n: odd.begin, found: odd.length, wanted: first.length }));
	const trimmed = first.map((cell) => cell.trim());
	const isValue = (cell) =>
		plainOf(cell) !== null || [DATE, SIMILAR].some((pattern) => pattern.test(cell)) || booleanOf(cell) >= 0;
	const places = names?.map((name) => (first.indexOf(name) + 1 || trimmed.indexOf(name.trim()) + 1) - 1);
	const hasNames = places?.every((at) => at >= 0) || (lines.length > 1 && !trimmed.some(isValue));
	const rows = hasNames ? lines.slice(lines.indexOf(line) + 1) : lines;
	if (!hasNames || !names) {
		if (first.length === columns.length) return { rows, places: range(first.length), others: [] };
		throw Error(words("row.count", { found: first.length, wanted: columns.length }));
	}
	const absent = names.filter((_, i) => places[i] < 0);
	if (absent.length) throw Error(words("row.absent", { names: listed(absent.map(quoted), words("and")) }));
	if (new Set(first).size < first.length) throw Error(words("row.twice"));
	if (!rows.length) throw Error(words("row.below"));
	return { rows, places, others: first.map((name, at) => [name, at]).filter(([, at]) => !places.includes(at)) };
}

/** The values of a row of a table; an error names each cell that is none. */
function readRow({ places }, cells) {
	const faults = [];
	const values = columns.map((column, i) => {
		const value = readCell(cells[places[i]], column);
		const text = quoted(cells[places[i]]);
		if (typeof value === "string") faults.push(words("cell", { name: column.name, wanted: value, text }));
		return value;
	});
	if (faults.length) throw Error(words("row.faults", { n: cells.begin, faults: listed(faults, "; ") }));
	return values;
}

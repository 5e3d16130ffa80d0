// --- The input of a model of other numbers: a field for each.

const fields = [];
const isEmpty = () => false;
const zeros = () => model.inputs.map(() => 0);
const isShifted = Array.isArray(model.scale); // a shift and a factor for each input; otherwise one factor
const toInput = (x, i) => (isShifted ? (x - model.scale[0][i]) * model.scale[1][i] : x * model.scale);

/** Returns a function for the numbers of an example, as they are in the data, and as the network gets them. */
function inputReader(buffer) {
	const numbers = new (isShifted ? Float64Array : Float32Array)(buffer);
	return (n) => {
		const values = numbers.slice(n * sizes[0], (n + 1) * sizes[0]);
		return { values, input: Float32Array.from(values, toInput) };
	};
}

function buildFields() {
	model.inputs.forEach((name, i) => {
		const [row, text] = [make("label"), make("span", "", name)];
		text.title = name;
		fields[i] = Object.assign(make("input"), { type: "number", step: "any" });
		row.append(text, fields[i]);
		$("fields").append(row);
	});
}

/** The numbers in the fields; an unfinished one counts as 0. */
const fieldValues = () => fields.map(({ valueAsNumber }) => (finite(valueAsNumber) ? valueAsNumber : 0));

function valuesNow() {
	if (shown.example === undefined) return shown.values || zeros();
	return Array.from(examples.all[shown.example].values, (value) => Number(value.toPrecision(isShifted ? 15 : 7)));
}

const currentInput = () => Float64Array.from(valuesNow(), toInput);

function paintInput() {
	valuesNow().forEach((value, i) => {
		if (!isFocused(fields[i])) fields[i].value = value;
	});
}

const inputPoint = (at) => points[0][at];

/** A dot for each input, by size and sign. */
function paintInputs(pen) {
	const top = largest(input);
	points[0].forEach(([x, y], i) => {
		drawLine(pen, [[x, y]], colours.ring, dot[0]);
		drawLine(pen, [[x, y]], colours.off, dot[0] - 2);
		pen.globalAlpha = min(1, abs(input[i]) / top);
		drawLine(pen, [[x, y]], input[i] < 0 ? colours.negative : colours.on, dot[0] - 2);
		pen.globalAlpha = 1;
		if (sizes[0] <= 16 && $("stage").clientWidth > 480)
			label(pen, model.inputs[i].slice(0, 12), x + dot[0] / 2 + 6, y + 4, "left");
	});
}

function listenToInput() {
	listen($("fields"), "input", () => show({ values: fieldValues() }));
}

/** Numbers between the smallest and the largest of the examples, or between -1 and 1. */
function randomValues() {
	return model.inputs.map((_, i) => {
		const seen = examples.all.map((one) => one.values[i]);
		const [low, high] = seen.length ? [min(...seen), max(...seen)] : [-1, 1];
		const digits = 4 + ceil(log(max(abs(low), abs(high)) / (high - low || 1)) / Math.LN10);
		return Number((low + (high - low) * Math.random()).toPrecision(max(4, min(15, digits))));
	});
}

const INPUT_ACTIONS = { clear: () => show({}), noise: () => show({ values: randomValues() }) };

const inputParts = () => (shown.values ? { values: shown.values.join("_") } : {});

function readInput({ values = "" }) {
	const given = values.split("_").map(Number);
	return given.length === sizes[0] && given.every(finite) ? { values: given } : {};
}

// --- The input of a model of other numbers: a field for each.

const fields = [];
const isEmpty = () => false;
const zeros = () => model.inputs.map(() => 0);

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
	return Array.from(examples.all[shown.example].input, (value) => Number((value / model.scale).toPrecision(7)));
}

const currentInput = () => Float64Array.from(valuesNow(), (value) => value * model.scale);

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
		const seen = examples.all.map((one) => one.input[i] / model.scale);
		const [low, high] = seen.length ? [min(...seen), max(...seen)] : [-1, 1];
		return Number((low + (high - low) * Math.random()).toPrecision(4));
	});
}

const INPUT_ACTIONS = { clear: () => show({}), noise: () => show({ values: randomValues() }) };

const inputParts = () => (shown.values ? { values: shown.values.join("_") } : {});

function readInput({ values = "" }) {
	const given = values.split("_").map(Number);
	return given.length === sizes[0] && given.every(finite) ? { values: given } : {};
}

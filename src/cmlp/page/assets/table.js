// --- The page of a table's model: a field and a curve for each column, and the prediction.

const N_POINTS = 33; // of a curve
const [WIDTH, HEIGHT] = [100, 40]; // of a curve, in its own units (table.html)
const hasUse = ({ kind }) => kind !== "unused";
const typical = columns.map(({ kind, centre }) => (kind === "number" ? Number(centre.toPrecision(6)) : 0));
const row = [...typical]; // numbers, NaN if missing, and codes of categories
const cards = columns.map(() => null); // the elements of each column in use
let result = []; // the prediction
let frame, resting;
let curves = []; // for each column in use the predictions at its points
let waiting = []; // columns whose curves must be computed again
let limits = [0, 1]; // of the curves

function plain(value) {
	const usual = value === 0 || (abs(value) >= 1e-5 && abs(value) < 1e15);
	const digits = { maximumSignificantDigits: 6, useGrouping: abs(value) >= 1e4 };
	return (usual ? value.toLocaleString("en", digits) : value.toExponential(4)).replace("-", "−");
}

const shownValue = (value) => (target ? plain(value) : `${(100 * value).toFixed(1)} %`);
const best = () => result.indexOf(max(...result));
const answer = () => (target ? result.map(plain).join(", ") : outputs[best()]);
const isNumber = (i) => columns[i].kind === "number";

/** The smallest and the largest number in training; none for a column without bins. */
const ends = ({ edges }) => (edges.length ? [edges[0], edges.at(-1)] : null);

/** The values at which a curve is computed. */
function pointsOf(i) {
	if (!isNumber(i)) return range(columns[i].n);
	const [low, high] = ends(columns[i]) || [];
	return low === undefined ? [] : range(N_POINTS).map((k) => low + ((high - low) * k) / (N_POINTS - 1));
}

// Where a value is on its curve, from 0 to WIDTH. A category has a part of the width.
function placeOf(i, value) {
	if (!isNumber(i)) return ((value + 0.5) / columns[i].n) * WIDTH;
	const [low, high] = ends(columns[i]);
	return clip((value - low) / (high - low), 0, 1) * WIDTH;
}

const heightOf = (value) => HEIGHT - clip((value - limits[0]) / (limits[1] - limits[0] || 1), 0, 1) * HEIGHT;

// --- The elements

function makeNumber(i, card) {
	const field = Object.assign(make("input"), { type: "number", step: "any", placeholder: "missing" });
	listen(field, "input", () => change(i, field.valueAsNumber));
	const between = ends(columns[i]);
	card.hint.textContent = between
		? `${plain(between[0])} to ${plain(between[1])}`
		: `median ${plain(columns[i].centre)}`;
	if (!between) return field;
	const [low, high] = between;
	const slider = Object.assign(make("input"), { type: "range", min: low, max: high, step: "any" });
	slider.ariaLabel = columns[i].name + ", slider";
	const step = 10 ** floor(Math.log10((high - low) / 100));
	listen(slider, "input", () => {
		const rounded = Number((Math.round(slider.value / step) * step).toPrecision(12));
		field.value = clip(rounded, low, high);
		change(i, field.valueAsNumber);
	});
	card.slider = slider;
	return field;
}

function makeChoice(i, card) {
	const { choices, missing } = columns[i];
	const field = make("select");
	const add = (text, code) => field.append(Object.assign(make("option", "", text), { value: code }));
	choices.forEach((choice, code) => choice !== null && add(choice, code));
	if (missing >= 0) add("(missing)", missing);
	add(missing < 0 ? "(other or missing)" : "(other)", -1);
	listen(field, "change", () => change(i, Number(field.value)));
	card.hint.textContent = `${choices.length} categories`;
	return field;
}

/** A curve with a dot, from the template. */
function makeGraph() {
	const graph = $("graph").content.firstElementChild.cloneNode(true);
	const [line, dot] = graph.children;
	return { graph, line, dot };
}

function buildColumn(i) {
	const [box, text] = [make("div", "column"), make("label", "", columns[i].name)];
	const card = (cards[i] = { ...makeGraph(), hint: make("span", "quiet") });
	card.field = isNumber(i) ? makeNumber(i, card) : makeChoice(i, card);
	card.field.id = text.htmlFor = `column-${i}`;
	card.hint.id = `hint-${i}`;
	card.field.setAttribute("aria-describedby", card.hint.id);
	text.title = columns[i].name;
	box.append(text, card.field, card.hint);
	if (pointsOf(i).length) box.append(card.graph);
	if (card.slider) box.append(card.slider);
	$("columns").append(box);
}

function buildOutputs() {
	outputs.forEach((name, j) => {
		const item = Object.assign(make("li"), { title: name });
		item.append(make("span", "", name), make("i", "bar"), make("b"));
		$("outputs").append(item);
		$("shown").append(Object.assign(make("option", "", name), { value: j }));
	});
	if (outputs.length > 8) $("outputs").tabIndex = 0; // it scrolls
	$("headline").hidden = target && outputs.length > 1; // the list has these numbers
	if (target && outputs.length === 1) $("outputs").className = "single";
	$("shown-row").hidden = outputs.length === 1;
	if (target) $("shown-row").firstChild.textContent = "Curves: ";
	$("unused").textContent = columns.some((one) => !hasUse(one))
		? `Without effect, because constant in training: ${columns
				.filter((one) => !hasUse(one))
				.map(({ name }) => name)
				.join(", ")}.`
		: "";
	const [centre, scale, low, high] = target || [];
	if (target) write("limits", `In training: ${plain(centre + scale * low)} to ${plain(centre + scale * high)}`);
}

// --- Painting

function paintOutputs() {
	const [centre, scale, low, high] = target || [];
	const part = (value) => (target ? ((value - centre) / scale - low) / (high - low || 1) : value);
	[...$("outputs").children].forEach((item, j) => {
		item.children[1].style.setProperty("--a", clip(part(result[j]), 0, 1));
		item.children[2].textContent = shownValue(result[j]);
		item.className = !target && j === best() ? "winner" : "";
	});
	write("headline", answer());
}

/** The dot of each column: where the row is on its curve. */
function paintDots() {
	cards.forEach((card, i) => {
		if (!card) return;
		const isOn = isNumber(i) ? finite(row[i]) && ends(columns[i]) : row[i] >= 0;
		card.dot.setAttribute("d", isOn ? `M${placeOf(i, row[i])} ${heightOf(result[shownOutput()])}h0` : "");
	});
}

function paintCurves() {
	const values = curves.flat();
	if (target) limits = [min(...values), max(...values)];
	if (values.length) write("scale", `All curves go from ${limits.map(shownValue).join(" (bottom) to ")} (top).`);
	cards.forEach((card, i) => {
		if (!card) return;
		const half = isNumber(i) ? 0 : (0.4 * WIDTH) / columns[i].n;
		const at = pointsOf(i).map((value) => placeOf(i, value));
		const parts = curves[i].map((value, k) =>
			half ? `M${at[k] - half} ${heightOf(value)}h${2 * half}` : `${k ? "L" : "M"}${at[k]} ${heightOf(value)}`,
		);
		card.line.setAttribute("d", parts.join(""));
	});
	paintDots();
}

const shownOutput = () => Number($("shown").value);

function computeCurve(i) {
	curves[i] = pointsOf(i).map((value) => predict(Object.assign([...row], { [i]: value }))[shownOutput()]);
}

/** Computes some curves in each frame, and paints them when all are complete. */
function paint() {
	frame = 0;
	const end = performance.now() + 12;
	while (waiting.length && performance.now() < end) computeCurve(waiting.pop());
	if (waiting.length) requestPaint();
	else paintCurves();
}

function requestPaint() {
	frame = frame || requestAnimationFrame(paint);
}

/** Shows the row; the curve of the column that has changed stays as it is. */
function show(changed) {
	result = predict(row);
	paintOutputs();
	paintDots();
	waiting = range(columns.length).filter((i) => cards[i] && (i !== changed || waiting.includes(i)));
	requestPaint();
	clearTimeout(resting);
	resting = setTimeout(rest, 400);
}

/** Once nothing has changed for a while: words for screen readers. */
function rest() {
	write("spoken", target ? answer() : `${answer()}, ${shownValue(result[best()])}`);
}

function change(i, value) {
	row[i] = value;
	if (cards[i].slider && finite(value)) cards[i].slider.value = value;
	show(i);
}

function reset() {
	row.splice(0, row.length, ...typical);
	cards.forEach((card, i) => {
		if (card) card.field.value = row[i];
		if (card?.slider) card.slider.value = row[i];
	});
	show();
}

async function start() {
	columns.forEach((column, i) => hasUse(column) && buildColumn(i));
	buildOutputs();
	result = predict(row);
	$("shown").value = outputs.length === 2 ? 1 : target ? 0 : best();
	reset();
	listen($("reset"), "click", reset);
	listen($("shown"), "change", () => show());
	const useTheme = (isDark) => (root.dataset.theme = isDark ? "dark" : "light");
	listen($("theme"), "click", () => useTheme(root.dataset.theme !== "dark"));
	listen(matchMedia("(prefers-color-scheme: dark)"), "change", ({ matches }) => useTheme(matches));
}

const ready = start();

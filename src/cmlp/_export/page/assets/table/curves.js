// --- The curves: the answer if only one column changes, with the interval around it, and where rows are.

const N_POINTS = 33; // of a curve
const [WIDTH, HEIGHT] = [100, 40]; // of a curve, in its own units (table.html)
const LONG = 10; // interquartile ranges; places on a longer axis follow the rows
const LEAST_RANGE = 0.05; // of the largest one: curves without an effect stay flat
let curves = []; // for each column in use the shown output at its points
let outcomes = []; // and all outputs there
let waiting = []; // columns whose curves must be computed again
let isPainted = true; // the curves

const shownChoices = (i) => min(columns[i].choices.length, MOST_CHOICES);

/** The values of a column in the rows of the background, in ascending order, without missing ones. */
const knownValues = (i) =>
	(background?.rows ?? [])
		.map((one) => one[i])
		.filter(finite)
		.sort((p, q) => p - q);

/** Numbers at equal distances on an axis of a long tail, so that it has space where the rows are; null for other axes. */
const knots = columns.map((column, i) => {
	const known = knownValues(i);
	if (!isNumber(i) || isDate(i) || !ends(column) || known.length < 8) return null;
	const [low, high] = ends(column);
	const [first, third] = [0.25, 0.75].map((share) => known[floor(share * (known.length - 1))]);
	if (high - low <= LONG * (third - first)) return null;
	return [...new Set([low, ...known.filter((value) => value > low && value < high), high])];
});

/** The number at a place of an axis, from 0 to 1. */
function valueAt(i, place) {
	const [low, high] = ends(columns[i]);
	if (!knots[i]) return low + place * (high - low);
	const at = clip(place, 0, 1) * (knots[i].length - 1);
	const from = min(floor(at), knots[i].length - 2);
	const [first, second] = knots[i].slice(from);
	return at - from < 1 ? first + (at - from) * (second - first) : second;
}

/** The values at which a curve is computed: of a date at the row's time and weekday, if the answers depend on them. */
function pointsOf(i) {
	if (!isNumber(i)) return range(shownChoices(i));
	if (!ends(columns[i])) return [];
	const [[low, high], periods] = [ends(columns[i]), columns[i].parts.map(({ period }) => period)];
	const step = (high - low) / (N_POINTS - 1);
	const all = range(N_POINTS).map((k) => (knots[i] ? valueAt(i, k / (N_POINTS - 1)) : low + step * k));
	if (!periods.length) return columns[i].whole ? [...new Set(all.map(Math.round))] : all;
	const whole = max(0, ...periods.filter((period) => period < 9)) || min(step, 1);
	const size = whole * max(1, floor(min(step, max(...periods) < 9 ? step : 30) / whole));
	const from = finite(row[i]) ? row[i] - size * floor((row[i] - low) / size) : low;
	return range(floor((high - from) / size) + 1).map((k) => from + size * k);
}

// Where a value is on its curve, from 0 to WIDTH. A category has a part of the width.
function placeOf(i, value) {
	if (!isNumber(i)) return ((value + 0.5) / shownChoices(i)) * WIDTH;
	const [low, high] = ends(columns[i]);
	if (!knots[i]) return clip((value - low) / (high - low), 0, 1) * WIDTH;
	const last = knots[i].length - 1;
	const from = clip(
		knots[i].findLastIndex((knot) => knot <= value),
		0,
		last - 1,
	);
	const share = (value - knots[i][from]) / (knots[i][from + 1] - knots[i][from]);
	return (clip(from + share, 0, last) / last) * WIDTH;
}

/** Values with their texts, to be written below a curve. */
function ticksOf(i) {
	if (!isNumber(i)) {
		const { choices } = columns[i];
		return choices.length > 6 ? [] : choices.map((choice, code) => [code, choice ?? words("missing")]);
	}
	const [low, high] = ends(columns[i]);
	const least = columns[i].whole ? 1 : 0;
	if (isDate(i)) return [low, high].map((day) => [day, dateOf(day).slice(0, 10)]);
	if (knots[i]) {
		const short = (place) => clip(Number(valueAt(i, place).toPrecision(2)), low, high);
		const found = [0, 0.5, 1].map((place) => (least ? Math.round(short(place)) : short(place)));
		return [...new Set(found)].map((value) => [value, plain(value)]);
	}
	const power = 10 ** floor(Math.log10((high - low) / 3));
	const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= least && (high - low) / size <= 4);
	const first = ceil(low / step);
	return range(max(0, floor(high / step) - first + 1)).map((k) => [(first + k) * step, plain((first + k) * step)]);
}

/** A curve with its band, its marks, a dot and the ends of its scale, from the template. */
function makeGraph(i) {
	const graph = $("graph").content.firstElementChild.cloneNode(true);
	const [[band, rug, line, dot], top, bottom] = [graph.firstElementChild.children, ...[...graph.children].slice(1)];
	rug.setAttribute("d", rugOf(i));
	return { graph, band, line, dot, top, bottom, limits: [0, 1] };
}

function makeTicks(i) {
	const ticks = Object.assign(make("div", "ticks"), { ariaHidden: "true" });
	ticksOf(i).forEach(([value, text]) => {
		const tick = make("span", "", text);
		tick.style.left = `${placeOf(i, value)}%`;
		if (isDate(i) || knots[i]) tick.style.transform = `translateX(-${placeOf(i, value)}%)`; // no wider than the curve
		if (!isNumber(i)) tick.style.maxWidth = `${100 / columns[i].choices.length}%`;
		ticks.append(tick);
	});
	return ticks;
}

/** Marks where rows are; those of a category side by side. */
function rugOf(i) {
	const known = pointsOf(i).length ? knownValues(i) : []; // one number has no curve
	const width = isNumber(i) ? 0 : (0.8 * WIDTH) / shownChoices(i);
	const count = (value) => known.filter((other) => other === value).length;
	const marks = known.map((value, k) => {
		const share = (k - known.indexOf(value) + 0.5) / count(value) - 0.5;
		return `M${placeOf(i, value) + share * width} ${HEIGHT + 3}v-4`;
	});
	return marks.join("");
}

const heightOf = (i, value) => {
	const [low, high] = cards[i].limits;
	return HEIGHT - clip((value - low) / (high - low || 1), 0, 1) * HEIGHT;
};

/** The dot of each column: where the row is on its curve. */
function paintDots() {
	cards.forEach((card, i) => {
		if (!card) return;
		const isOn = isNumber(i) ? finite(row[i]) && ends(columns[i]) : row[i] >= 0 && row[i] < shownChoices(i);
		card.dot.setAttribute("d", isOn ? `M${placeOf(i, row[i])} ${heightOf(i, result[shownOutput()])}h0` : "");
	});
}

/** The scale of a curve: its range, and as much of its band above and below as the range is high. */
function limitsOf(values, reach, least) {
	const [low, high] = [min(...values), max(...values)];
	const range = max(high - low, least) || abs(low) / 10 || 1;
	const [bottom, top] = [(low + high - range) / 2, (low + high + range) / 2];
	const [lowest, highest] = [min(low, ...reach.map(([end]) => end)), max(high, ...reach.map(([, end]) => end))];
	const limits = [max(min(lowest, bottom), bottom - range), min(max(highest, top), top + range)];
	return target ? limits : limits.map((share) => clip(share, 0, 1));
}

function paintCurves() {
	const widest = max(...curves.filter(Boolean).map((values) => (values.length ? max(...values) - min(...values) : 0)));
	isPainted = true;
	cards.forEach((card, i) => {
		if (!card || !curves[i].length) return;
		const half = isNumber(i) ? 0 : (0.4 * WIDTH) / shownChoices(i);
		const at = pointsOf(i).map((value) => placeOf(i, value));
		const isCovered = far.every((k) => k === i);
		const reach = isCovered ? outcomes[i].map((one) => intervalOf(one)).filter(Boolean) : [];
		card.limits = limitsOf(curves[i], reach, LEAST_RANGE * widest);
		const [low, high] = card.limits;
		[card.bottom.textContent, card.top.textContent] = card.limits.map((one) =>
			target ? rounded(one, high - low) : percent(one, high - low < 0.1 ? 1 : 0),
		);
		const point = (value, k) => `${at[k]} ${heightOf(i, value)}`;
		const level = (value, k) => `M${at[k] - half} ${heightOf(i, value)}h${2 * half}`;
		const box = ([low, high], k) => `${level(high, k)}V${heightOf(i, low)}h${-2 * half}z`;
		const outline = [1, 0].flatMap((end) => {
			const side = reach.map((one, k) => point(one[end], k));
			return end ? side : side.reverse();
		});
		const band = half ? reach.map(box).join("") : reach.length ? `M${outline.join("L")}z` : "";
		card.band.setAttribute("d", band);
		card.line.setAttribute("d", half ? curves[i].map(level).join("") : `M${curves[i].map(point).join("L")}`);
	});
	paintDots();
}

function computeCurve(i) {
	outcomes[i] = pointsOf(i).map((value) => predict(Object.assign([...row], { [i]: value })));
	curves[i] = outcomes[i].map((one) => one[shownOutput()]);
}

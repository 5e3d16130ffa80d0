// --- The page of a table's model: a field and a curve for each column, and the prediction.

const MOST_CHOICES = 200; // the most frequent categories, which a list or a curve shows
const N_REASONS = 8; // columns whose effects are shown one by one
const N_FIRST = 10; // columns that are shown at first
const MOST_OF_PAPER = 60; // columns in usual letters on a printed page
const MS_OF_A_DAY = 864e5;
nameParts();
const hasUse = ({ kind }) => kind !== "unused";
const typical = columns.map(typicalOf);
const row = [...typical]; // numbers, NaN if missing, and codes of categories
const cards = columns.map(() => null); // the elements of each column in use
let result = []; // the prediction
let frame, resting;
let far = []; // columns so far outside of the training that no coverage holds
let explaining = []; // computations of reasons, with what paints them
let loaded = null; // the rows of a file or of pasted text

function typicalOf({ kind, centre, field, whole }) {
	if (kind !== "number") return 0;
	if (whole) return Math.round(centre);
	if (field === "number") return Number(centre.toPrecision(6));
	const steps = field === "datetime-local" ? 1440 : 1; // of a day
	return Math.round(centre * steps) / steps;
}

/** Writes in the visitor's language what cmlp has named: columns without names, answers and outputs. */
function nameParts() {
	columns.forEach((column, i) => {
		if (!names) column.name = words("column", { name: i });
		if (column.isBit) column.choices = ["no", "yes"].map((key, k) => `${words(key)} (${k})`);
	});
	if (!model.word) return;
	outputs.forEach((text, j) => {
		const name = text.replace(/^\w+ /, "");
		outputs[j] = words(model.word, { name: model.word === "quantile" ? plain(Number(name)) : name });
	});
}

const withUnit = (text, j = shownOutput()) => (model.units[j] ? `${text}\u00a0${model.units[j]}` : text);
const shownValue = (value, j = shownOutput()) => (target ? withUnit(rounded(value, narrowest(j)), j) : percent(value));
const best = () => result.indexOf(max(...result));
/** The median of ordered classes: the last one that has, with those above it, more than half. */
function median() {
	let [k, total] = [result.length - 1, result.at(-1)];
	while (k > 0 && total <= 0.5) total += result[--k];
	return k;
}
/** The class that sets always have. */
const middle = () => (model.ordered ? median() : best());
/** The predicted class: this one, or with a threshold the second one from this probability on. */
const chosen = () => (model.threshold === null ? middle() : Number(result[1] >= model.threshold));
/** Whether an output is highlighted: the predicted class, a probable label, or the shown target. */
const isMarked = (j) => (!several ? !target && j === chosen() : target ? j === shownOutput() : result[j] > 0.5);
const coverages = model.intervals; // with the margins of each answer, and those by class or null
// The probabilities of the page differ by less from those of the scores, whose networks compute in float32.
const MOST_DIFFERENCE = 1e-5;
const MARGIN = 0.1; // part of a range by which a number may be outside

/** The first names of a list, and how many others there are. */
function listed(names, between) {
	const more = names.length > 6 ? between + words("others", { n: names.length - 6 }) : "";
	return names.slice(0, 6).join(between) + more;
}

/** Whether the outputs are several numbers for one target: its quantiles. */
const hasQuantiles = Boolean(target) && !several && outputs.length > 1;

function answer() {
	const marked = listed(
		outputs.filter((_, j) => isMarked(j)),
		", ",
	);
	if (several) return target ? `${marked}: ${shownValue(result[shownOutput()])}` : marked || words("none");
	const { name } = model;
	if (!target) return name ? `${name}: ${marked}` : marked;
	return (name ? `${name} ` : "") + result.map((value) => shownValue(value)).join(", ");
}

const isNumber = (i) => !columns[i].choices; // in training, numbers with choices were 0 and 1

/** How many digits of a number matter beside a width. */
const digitsOf = (value, width) => clip(width > 0 && value ? ceil(Math.log10(abs(value) / width)) + 2 : 6, 1, 6);

const rounded = (value, width) => plain(Number(value.toPrecision(digitsOf(value, width))));

/** The width of the narrowest interval: digits that are small beside it are not shown. 0 if there is none. */
const narrowest = (j) =>
	coverages.length && (several ? 2 * marginOf(j, 0) : result.at(-1) - result[0] + 2 * marginOf(0, 0));

/** The lower (side -1) or upper (side 1) end of an interval. It is rounded outwards, except by 1 % of its last digit. */
function roundedEnd(value, width, side) {
	const digits = digitsOf(value, width);
	const [near, step] = [Number(value.toPrecision(digits)), 10 ** (floor(Math.log10(abs(value) || 1)) + 1 - digits)];
	return plain(side * (value - near) > step / 100 ? near + side * step : near);
}

/** Whether a column had only integers in training, or only days. */
const isWhole = (i) => Boolean(columns[i].whole) || columns[i].field === "date";

const isDate = (i) => isNumber(i) && columns[i].field !== "number";
const dateOf = (days) => new Date(Math.round(days * MS_OF_A_DAY)).toISOString();

/** A number, a date or the name of a category as text. */
function textOf(i, value) {
	const { choices, missing, field } = columns[i];
	if (Number.isNaN(value)) return words("missing");
	if (!isNumber(i)) return choices[value] ?? words(value >= 0 ? "missing" : missing < 0 ? "other_missing" : "other");
	if (columns[i].whole && Number.isInteger(value) && abs(value) < 1e15) return written(value);
	if (!isDate(i)) return plain(value);
	return dateOf(value)
		.slice(0, field === "date" ? 10 : 16)
		.replace("T", " ");
}

/** The smallest and the largest number in training; none for a column without bins. */
const ends = ({ edges }) => (edges.length ? [edges[0], edges.at(-1)] : null);

const rangeText = (i, [low, high]) => words("to", { low: textOf(i, low), high: textOf(i, high) });

/** What is unusual about a value: the training rows have had no such value. Nothing if they have. */
function outsideOf(i, value) {
	const { unlisted, missing, centre } = columns[i];
	if (Number.isNaN(value)) return missing ? "" : words("outside.missing");
	if (!isNumber(i)) return value < 0 && !unlisted ? words("outside.category") : "";
	const [low, high] = ends(columns[i]) || [centre, centre];
	return value < low || value > (columns[i].until ?? high)
		? words("outside.range", { range: rangeText(i, [low, high]) })
		: "";
}

/** Whether no coverage holds for a value that is outside: the rule of `warn_outside` for one row. */
function isFar(i, value) {
	if (Number.isNaN(value) || !isNumber(i) || value > columns[i].until) return true;
	const [low, high] = ends(columns[i]) || [columns[i].centre, columns[i].centre];
	return max(low - value, value - high) > MARGIN * (high - low);
}

// --- The elements

function makeNumber(i, card) {
	const { field: type, name, centre } = columns[i];
	const between = ends(columns[i]);
	card.usual = between ? rangeText(i, between) : words("median", { value: textOf(i, centre) });
	const field = isDate(i) ? makeDate(i, type) : makeTyped(i, card);
	field.placeholder = words("missing");
	if (!between) return field;
	const [low, high] = between;
	const step = stepOf(i);
	const of = isWhole(i) ? step : "any"; // a smaller step of an arrow key would be rounded away
	const size = knots[i] ? { min: 0, max: WIDTH, step: "any" } : { min: low, max: high, step: of };
	const slider = Object.assign(make("input"), { type: "range", ...size });
	slider.ariaLabel = words("slider", { name });
	const go = (value) => {
		fill(field, i, clip(value, low, high));
		change(i, clip(value, low, high));
	};
	/** The number at a place of a long axis, without digits that do not matter. */
	const near = (place) => {
		const value = valueAt(i, place / WIDTH);
		if (place <= 0 || place >= WIDTH) return value;
		return columns[i].whole ? Math.round(value.toPrecision(3)) : Number(value.toPrecision(3));
	};
	listen(slider, "input", () => {
		if (knots[i]) go(near(slider.value));
		else go(Number((Math.round(slider.value / step) * step).toPrecision(12)));
	});
	listen(slider, "keydown", (event) => {
		const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
		if (!sign || !knots[i]) return;
		event.preventDefault();
		const places = range(WIDTH + 1).map((k) => Number(slider.value) + sign * k);
		const found = places.find((place) => sign * (near(place) - row[i]) > 0);
		if (found !== undefined) go(near(found));
	});
	card.slider = slider;
	return field;
}

/** Moves the slider of a number to it. */
function moveSlider(i, value) {
	const { slider } = cards[i];
	if (!slider || !finite(value)) return;
	slider.value = knots[i] ? placeOf(i, value) : value;
	slider.ariaValueText = textOf(i, value);
}

/** The step of a slider and of arrow keys: about a hundredth of the range. */
function stepOf(i) {
	const [low, high] = ends(columns[i]) ?? [0, 100];
	return max(10 ** floor(Math.log10((high - low) / 100)), isWhole(i) ? 1 : 0);
}

function makeDate(i, type) {
	const field = Object.assign(make("input"), { type, step: "any" });
	listen(field, "input", () => change(i, field.valueAsNumber / MS_OF_A_DAY));
	return field;
}

/** A field for a number that is typed. What cannot be read, or in two ways, changes nothing, and is said. */
function makeTyped(i, card) {
	const { whole, edges } = columns[i];
	const inputMode = edges[0] < 0 ? "text" : "decimal"; // many keyboards of decimals have no minus
	const field = Object.assign(make("input"), { type: "text", inputMode, autocomplete: "off" });
	listen(field, "input", () => {
		const { value: text } = field;
		const found = text.trim() ? readingsOf(text, whole) : [NaN];
		card.fault = "";
		if (found.length === 1) return change(i, found[0]);
		const [one, other] = found.map(typed);
		const values = { text, one, other, example: typed(1234.5), value: textOf(i, row[i]) };
		card.fault = words(found.length ? "form.two" : "form.none", values);
		paintOutside();
	});
	listen(field, "keydown", (event) => {
		const steps = { ArrowUp: 1, ArrowDown: -1 }[event.key];
		if (!steps || !finite(row[i])) return;
		event.preventDefault();
		const value = Number((row[i] + steps * (whole ? 1 : stepOf(i))).toPrecision(12));
		fill(field, i, value);
		change(i, value);
	});
	return field;
}

/** Writes a value into a field. */
function fill(field, i, value) {
	if (field.list) field.value = value >= 0 ? (columns[i].choices[value] ?? "") : "";
	else if (Number.isNaN(value)) field.value = isNumber(i) ? "" : NaN;
	else if (isDate(i)) field.valueAsNumber = Math.round(value * 1440) * 60_000;
	else field.value = isNumber(i) ? typed(value) : value;
}

/** A field for the text of a category, with the most frequent ones as suggestions: a list of all would be too long. */
function makeSearch(i, card) {
	const { choices, missing } = columns[i];
	const list = Object.assign(make("datalist"), { id: `categories-${i}` });
	choices.slice(0, MOST_CHOICES).forEach((choice) => choice !== null && list.append(make("option", "", choice)));
	const field = Object.assign(make("input"), { placeholder: words("missing") });
	field.setAttribute("list", list.id);
	listen(field, "input", () => change(i, field.value ? choices.indexOf(field.value) : missing));
	card.usual = words("categories", { n: choices.length });
	card.box.append(list);
	return field;
}

function makeChoice(i, card) {
	const { choices, missing, kind } = columns[i];
	const field = make("select");
	const add = (text, code) => field.append(Object.assign(make("option", "", text), { value: code }));
	choices.forEach((choice, code) => choice !== null && add(choice, code));
	if (kind === "number") add(`(${words("missing")})`, NaN);
	else {
		if (missing >= 0) add(`(${words("missing")})`, missing);
		add(`(${words(missing < 0 ? "other_missing" : "other")})`, -1);
	}
	listen(field, "change", () => change(i, Number(field.value)));
	card.usual =
		kind === "number"
			? choices.join(choices.length > 2 ? " < " : words("or"))
			: words("categories", { n: choices.length });
	return field;
}

function buildColumn(i) {
	const [box, text] = [
		make("div", isDate(i) ? `column ${columns[i].field}` : "column"),
		make("label", "", columns[i].name),
	];
	const card = (cards[i] = { ...makeGraph(i), box, hint: make("span", "quiet") });
	if (isNumber(i)) card.field = makeNumber(i, card);
	else if (columns[i].kind === "category" && columns[i].choices.length > MOST_CHOICES) card.field = makeSearch(i, card);
	else card.field = makeChoice(i, card);
	card.field.id = text.htmlFor = `column-${i}`;
	card.hint.id = `hint-${i}`;
	card.field.setAttribute("aria-describedby", card.hint.id);
	text.title = columns[i].name;
	box.append(text, card.field, card.hint);
	if (pointsOf(i).length) box.append(card.graph, makeTicks(i));
	if (card.slider) box.append(card.slider);
	$("columns").append(box);
}

function buildOutputs() {
	outputs.forEach((name, j) => {
		const item = Object.assign(make("li"), { title: name });
		const text = outputs.length === 1 && model.name ? model.name : name;
		item.append(make("span", "", text), make("i", "bar"), make("b"));
		if (j && model.threshold !== null) {
			item.children[1].classList.add("cut");
			item.children[1].style.setProperty("--cut", model.threshold);
		}
		$("outputs").append(item);
		$("shown").append(Object.assign(make("option", "", name), { value: j }));
	});
	if (outputs.length > 8) $("outputs").tabIndex = 0; // it scrolls
	$("headline").hidden = hasQuantiles && !model.name; // the list has these numbers
	if (target && outputs.length === 1) $("outputs").className = "single";
	$("shown-row").hidden = outputs.length === 1;
	write("what-shown", words(several ? "shown.several" : target ? "shown.number" : "shown.probability"));
	const unused = columns.filter((one) => !hasUse(one)).map(({ name }) => name);
	if (unused.length) write("unused", words("unused", { names: unused.join(", ") }));
	buildMore();
	coverages.forEach(([coverage]) => $("coverage").append(make("option", "", percent(coverage, 0))));
	$("coverage").selectedIndex = coverages.findIndex(([coverage]) => coverage >= 0.9);
	if ($("coverage").selectedIndex < 0) $("coverage").selectedIndex = coverages.length - 1;
	$("classes").hidden = !coverages[0]?.[2];
	const about = ["scale", ...(target && coverages.length ? ["scale.band"] : []), ...(background ? ["scale.rug"] : [])];
	write("scale", about.map((key) => words(key)).join(" "));
	if (!background) return;
	write("sorting", words("sorting"));
	const { kept } = model.background;
	write("compared", words(kept ? "compared.kept" : "compared.made", { n: background.rows.length }));
}

/** The button that shows the columns behind the first ten, and hides them again. */
function buildMore() {
	const boxes = [...$("columns").children];
	const useAll = (isAll) => {
		boxes.forEach((box, n) => (box.hidden = !isAll && n >= N_FIRST));
		write("more", isAll ? words("more.first", { n: N_FIRST }) : words("more.all", { n: boxes.length }));
	};
	$("more").hidden = boxes.length <= N_FIRST;
	$("columns").classList.toggle("many", boxes.length > MOST_OF_PAPER);
	listen($("more"), "click", () => useAll(boxes.at(-1).hidden));
	useAll(false);
}

// --- Rows of a file or of pasted text

/** Says what is wrong with a row. */
function attempt(action) {
	try {
		action();
	} catch (error) {
		write("loaded", `${words("row.unchanged")} ${error.message}`);
	}
}

/** Reads a table and shows its first row, or says what is wrong with it. */
function load(text) {
	loaded = null;
	attempt(() => {
		loaded = readTable(text.replace(/^\ufeff/, ""));
		showLoaded(1);
	});
	$("nth").hidden = !(loaded?.rows.length > 1);
}

function showLoaded(n) {
	const { rows, places, others } = loaded;
	const k = clip(Math.round(n) || 1, 1, rows.length);
	const cells = rows[k - 1];
	Object.assign($("row-number"), { value: k, max: rows.length });
	use(readRow(loaded, cells));
	const isUnknown = (i) => cards[i] && !isNumber(i) && !(row[i] >= 0) && !isMark(cells[places[i]]);
	const unknown = range(columns.length).filter(isUnknown);
	const named = (key, pairs) => {
		const texts = pairs.map(([name, at]) => `${name} ${quoted(cells[at])}`);
		return texts.length ? ` ${words(key, { names: listed(texts, ", ") })}` : "";
	};
	const asPair = (i) => [columns[i].name, places[i]];
	const more = named("row.unknown", unknown.map(asPair)) + named("row.unused", others);
	write("loaded", words("row.shown", { k, n: rows.length }) + more);
}

// --- The address of a case

/** A row in an address: each value, nothing for a missing one, and codes of categories. */
const rowText = (values) => values.map((value) => (Number.isNaN(value) ? "" : value)).join(",");

/** The address of the row and of the kept one. None for the typical row alone. */
function addressOf() {
	const isTypical = row.every((value, i) => Object.is(value, typical[i]));
	const parts = [...(isTypical ? [] : [`row=${rowText(row)}`]), ...(kept ? [`kept=${rowText(kept)}`] : [])];
	return parts.length ? `#${parts.join("&")}` : "";
}

function writeAddress() {
	if (addressOf() === location.hash) return;
	try {
		history.replaceState(null, "", addressOf() || "#");
	} catch {
		// A page that embeds this one may forbid it.
	}
}

/** A row of the page's address; null if it has none of this model. */
function rowOfAddress(name) {
	const parts = location.hash.slice(1).split("&");
	const texts =
		parts
			.find((part) => part.startsWith(`${name}=`))
			?.slice(name.length + 1)
			.split(",") ?? [];
	const values = texts.map((text, i) => (text === "" ? NaN : present(Number(text), columns[i] ?? {})));
	const fits = (value, i) => {
		const { kind, choices } = columns[i];
		if (!choices) return texts[i] === "" || finite(Number(texts[i]));
		if (Number.isNaN(value)) return kind === "number" && texts[i] === "";
		return Number.isInteger(value) && value >= (kind === "number" ? 0 : -1) && value < choices.length;
	};
	return values.length === columns.length && values.every(fits) ? values : null;
}

// --- Painting

/** Where a number is on the bar of its output, from 0 to 1. */
function placeOnBar(value, j) {
	const [centre, scale, low, high] = target[j];
	return clip(((value - centre) / scale - low) / (high - low || 1), 0, 1);
}

/** The interval on the bar of each number. */
function paintReach() {
	[...$("outputs").children].forEach(({ children: [, bar] }, j) => {
		const reach = far.length ? null : intervalOf(result, j);
		bar.classList.toggle("reach", Boolean(reach));
		if (!reach) return;
		const [low, high] = reach.map((end) => placeOnBar(end, j));
		bar.style.setProperty("--low", low);
		bar.style.setProperty("--high", high);
	});
}

function paintOutputs() {
	[...$("outputs").children].forEach((item, j) => {
		item.children[1].style.setProperty("--a", target ? placeOnBar(result[j], j) : result[j]);
		item.children[2].textContent = shownValue(result[j], j);
		item.className = isMarked(j) ? "winner" : "";
	});
	write("headline", hasQuantiles ? model.name : answer());
	write("facts", textsOf(model.facts[several ? shownOutput() : 0]));
	if (target) {
		const [centre, scale, ...ends] = target[shownOutput()];
		const [low, high] = ends.map((end) => plain(centre + scale * end));
		const whose = several ? words("bars.whose", { name: outputs[shownOutput()] }) : "";
		const text = words("bars.range", { whose, range: words("to", { low, high: withUnit(high) }) });
		write("bars", coverages.length && !far.length ? `${text} ${words("bars.reach")}` : text);
	} else write("bars", words(model.threshold === null ? "bars.percent" : "bars.threshold"));
	$("limits").hidden = model.threshold === null;
	if (model.threshold !== null) {
		const { positive, threshold } = model;
		const cut = 100 * (positive ? threshold : max(0, 1 - threshold));
		const shown = `${plain(Number(cut.toPrecision(cut < 10 ? 2 : 3)))} %`;
		write("limits", words("limit", { name: outputs[positive], value: shownValue(result[positive]), cut: shown }));
	}
	paintInterval();
}

/** By which factor the interval of an answer is wider than usual, if its width follows the row: as `factors_of` has it. */
function factorOf(answer, output = result) {
	if (!model.widths) return 1;
	const [ends, factors] = model.widths[answer];
	const last = ends.length - 1;
	const value = clip(output[answer], ends[0], ends[last]);
	const from = ends.findLastIndex((end) => end <= value);
	if (from === last) return factors[last];
	const share = (value - ends[from]) / (ends[from + 1] - ends[from]);
	return factors[from] + share * (factors[from + 1] - factors[from]);
}

const marginOf = (answer, k, output) => coverages[k][1][answer] * factorOf(answer, output);

/** The ends of an answer's interval between two outputs, before the margin is added: as `Calibration.intervals` has them. */
function endsOf(answer, first, last, margin) {
	let [low, high] = [first - margin, last + margin];
	const [[lowest, nearLowest], [highest, nearHighest]] = model.limits?.[answer] ?? [[], []];
	if (hasQuantiles) {
		if (first <= nearLowest) [low, high] = [min(low, lowest), max(high, lowest)];
		if (last >= nearHighest) [low, high] = [min(low, highest), max(high, highest)];
	} else {
		[low, high] = [low, high].map((end) => clip(end, lowest ?? -Infinity, highest ?? Infinity));
	}
	if (low > high) low = high = (low + high) / 2;
	return [max(low, model.lowest ?? low), high];
}

/** The ends of the interval of the shown answer, or of another one, for some outputs; null if there is none. */
function intervalOf(output, j = shownOutput()) {
	if (!target || !coverages.length) return null;
	const answer = several ? j : 0;
	const margin = marginOf(answer, $("coverage").selectedIndex, output);
	return endsOf(answer, ...(several ? [output[j], output[j]] : [output[0], output.at(-1)]), margin);
}

/** The interval or the set of classes that contains the truth as often as chosen. */
function paintInterval() {
	if (!coverages.length) return;
	const j = shownOutput();
	const margin = marginOf(several ? j : 0, $("coverage").selectedIndex);
	if (!target) {
		const [names, p] = several
			? [["no", "yes"].map((key) => words(key)), [1 - result[j], result[j]]]
			: [outputs, result];
		const centre = several ? p.indexOf(max(...p)) : middle();
		// Of ordered classes, the largest probability among a class and those beyond it counts.
		const counted = (k) => (model.ordered ? max(...(k < centre ? p.slice(0, k + 1) : p.slice(k))) : p[k]);
		const byClass = $("by-class").checked && coverages[$("coverage").selectedIndex][2].slice(several ? 2 * j : 0);
		const isSure = (k) => k === centre || 1 - counted(k) <= (byClass ? byClass[k] : margin) + MOST_DIFFERENCE;
		const sure = range(names.length).filter(isSure);
		const isBetween = (k) => k >= sure[0] && k <= sure.at(-1);
		const found = names.filter((_, k) => (model.ordered ? isBetween(k) : isSure(k)));
		const whose = several ? words("whose", { name: outputs[j] }) : "";
		const text = words(found.length === 2 ? "close" : "set", { whose, names: listed(found, words("or")) });
		return write("ends", `${text} ${words("sets")}`);
	}
	const [low, high] = intervalOf(result);
	const shown = [roundedEnd(low, high - low, -1), roundedEnd(high, high - low, 1)];
	const name = several ? outputs[j] : (model.name ?? words("number"));
	write("ends", words("between", { name, low: shown[0], high: withUnit(shown[1], j) }));
}

/** Names the values that the training rows did not have. Far outside, no interval is shown, because no coverage holds. */
function paintOutside() {
	const found = [];
	cards.forEach((card, i) => {
		if (!card) return;
		const usual = outsideOf(i, row[i]);
		card.box.classList.toggle("outside", Boolean(usual));
		card.box.classList.toggle("fault", Boolean(card.fault));
		card.field.ariaInvalid = Boolean(card.fault);
		write(card.hint.id, card.fault || (usual ? words("outside.hint", { usual }) : card.usual));
		if (!usual) return;
		found.push(`${columns[i].name} ${textOf(i, row[i])} (${usual})`);
	});
	$("outside").hidden = !found.length;
	const isAnyFar = far.length > 0;
	$("interval").hidden = !coverages.length || isAnyFar;
	if (!found.length) return;
	const advice = isAnyFar ? ` ${words(coverages.length ? "outside.coverage" : "outside.advice")}` : "";
	write("outside", words(isAnyFar ? "outside.far" : "outside.near", { values: found.join(", ") }) + advice);
}

const signed = (value, text) => (value < 0 ? "" : "+") + text;

/** An effect on the shown output: of probabilities, in percentage points. */
function effectText(value, width) {
	return target ? signed(value, rounded(value, width)) : signed(value, percent(value).slice(0, -2));
}

/** Lists texts with a bar and a number for their effect. */
function listEffects(id, shown) {
	const width = max(...shown.map(([, value]) => abs(value))) || 1;
	const items = shown.map(([text, value]) => {
		const [item, bar] = [Object.assign(make("li"), { title: text }), make("i", value < 0 ? "effect less" : "effect")];
		bar.style.setProperty("--a", abs(value) / width);
		item.append(make("span", "", text), bar, make("b", "", effectText(value, width)));
		return item;
	});
	$(id).replaceChildren(...items);
}

function paintReasons({ mean, values }) {
	const order = range(values.length).sort((i, k) => abs(values[k]) - abs(values[i]));
	const [first, others] = [order.slice(0, N_REASONS), order.slice(N_REASONS).filter((i) => cards[i])];
	if (others.length === 1) first.push(others.pop());
	const shown = first.filter((i) => cards[i]).map((i) => [`${columns[i].name}: ${textOf(i, row[i])}`, values[i]]);
	if (others.length) shown.push([words("other_columns", { n: others.length }), sum(others.map((i) => values[i]))]);
	listEffects("reasons", shown);
	const [name, value] = [outputs[shownOutput()], result[shownOutput()]];
	const [start, end] = [mean, value].map((one) => shownValue(one));
	const unit = target ? model.units[shownOutput()] : words("points");
	write("question", outputs.length === 1 ? words("why", { value: end }) : words("why.for", { value: end, name }));
	const moved = { n: background.rows.length, value: start, unit: unit && words("unit", { unit }) };
	write("mean", words(model.background.kept ? "mean.kept" : "mean.made", moved));
	$("why").hidden = false;
}

const shownOutput = () => Number($("shown").value);

/** Computes some curves in each frame, and paints them when all are complete; then the reasons. */
function paint() {
	frame = 0;
	const end = performance.now() + 12;
	const hasTime = () => performance.now() < end;
	while (waiting.length && hasTime()) computeCurve(waiting.pop());
	if (!waiting.length && !isPainted) paintCurves();
	while (!waiting.length && explaining.length && hasTime()) {
		const [[steps, paintFound]] = explaining;
		const { done, value } = steps.next();
		if (value) paintFound(value);
		if (done) explaining.shift();
	}
	if (waiting.length || explaining.length) requestPaint();
}

function requestPaint() {
	frame = frame || requestAnimationFrame(paint);
}

/** Shows the row; the curve of the column that has changed stays as it is. */
function show(changed) {
	result = predict(row);
	far = range(columns.length).filter((i) => cards[i] && outsideOf(i, row[i]) && isFar(i, row[i]));
	paintOutputs();
	paintReach();
	paintOutside();
	paintDots();
	isPainted = false;
	explaining = background ? [[explain([...row], shownOutput()), paintReasons]] : [];
	if (kept) explaining.unshift([explain([...row], shownOutput(), alone(kept)), paintVersus]);
	waiting = range(columns.length).filter((i) => cards[i] && (i !== changed || isDate(i) || waiting.includes(i)));
	requestPaint();
	clearTimeout(resting);
	resting = setTimeout(rest, 400);
}

/** Once nothing has changed for a while: the address, and words for screen readers. */
function rest() {
	writeAddress();
	write("spoken", target || several ? answer() : `${answer()}, ${shownValue(result[chosen()])}`);
}

function change(i, given) {
	const value = present(given, columns[i]);
	row[i] = value;
	moveSlider(i, value);
	show(i);
}

/** Shows other values in all fields. */
function use(values) {
	row.splice(0, row.length, ...values);
	cards.forEach((card, i) => {
		if (!card) return;
		card.fault = "";
		fill(card.field, i, row[i]);
		moveSlider(i, row[i]);
	});
	show();
}

async function start() {
	if (model.title) document.title = document.querySelector("h1").textContent = textsOf(model.title);
	write("about", textsOf(model.about));
	model.order.forEach((i) => hasUse(columns[i]) && buildColumn(i));
	buildOutputs();
	result = predict(row);
	const half = floor((outputs.length - 1) / 2);
	$("shown").value = several ? 0 : target ? half : model.threshold === null ? middle() : model.positive;
	const readAddress = () => {
		keep(rowOfAddress("kept"));
		use(rowOfAddress("row") ?? typical);
	};
	readAddress();
	listen(window, "hashchange", readAddress);
	listenToKept();
	listen($("reset"), "click", () => use(typical));
	listen($("load"), "click", () => load($("pasted").value));
	listen($("file"), "change", async () => load((await $("file").files[0]?.text()) ?? ""));
	listen($("row-number"), "change", () => attempt(() => showLoaded(Number($("row-number").value))));
	listen($("shown"), "change", () => show());
	listen($("by-class"), "change", paintInterval);
	listen($("coverage"), "change", () => {
		paintInterval();
		paintReach();
		paintCurves();
	});
	const useTheme = (isDark) => (root.dataset.theme = isDark ? "dark" : "light");
	listen($("theme"), "click", () => useTheme(root.dataset.theme !== "dark"));
	listen(matchMedia("(prefers-color-scheme: dark)"), "change", ({ matches }) => useTheme(matches));
}

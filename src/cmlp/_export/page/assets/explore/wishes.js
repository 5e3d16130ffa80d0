// --- Backpropagation: what one example asks of every neuron, and what a batch asks on average.

let wishing = false;
// The targets that the visitor has named; null for those of the example.
let wanted = null;

/** The targets: named by the visitor, or those of the example. Undefined for a drawing that nobody has named yet. */
const targetsNow = () => wanted ?? examples.all[shown.example]?.targets;
const isAsking = () => wishing && !isEmpty() && !targetsNow();

const wish = (layer, index) => -back.slopes[layer][index] || 0;

/** The size of arrows and wires, from 0 to 1: the largest wish of an output. Without targets there are no wishes. */
const force = () => (!wishing ? 1 : back ? min(1, largest(back.slopes[last])) : 0);

// How many layers the wishes have travelled back; all of them but for a moment after the view was opened.
let travelled = Infinity;
const TRAVEL = 700; // milliseconds for a layer

/** How far the wishes have come from a layer to the one before it, from 0 to 1. */
const arrived = (layer) => (back ? max(0, min(1, travelled - (last - 1 - layer))) : 1);

/** Lets the wishes travel from the outputs to the front. */
function travel() {
	if (isCalm()) return;
	const start = performance.now();
	const go = () => {
		travelled = (performance.now() - start) / TRAVEL;
		if (travelled < last && wishing) requestAnimationFrame(go);
		else travelled = Infinity;
		requestPaint();
	};
	go();
}

/** The three ways to change one neuron's activation, each in its proportions. */
function wishesOf(layer, index) {
	const { slope, p } = layerOf(layer);
	const [delta, z, a] = [back.deltas[layer][index], result.z[layer - 1][index], result.a[layer][index]];
	return {
		rows: [
			["wish for its activation", fine(wish(layer, index))],
			["× slope of the curve at z", slope ? fine(slope(z, a, p)) : "softmax"],
			["= wish for z", fine(-delta)],
			["1. bias: change by", fine(-delta)],
		],
		pictures: [
			["2. weights, in proportion to the activations", result.a[layer - 1].map((value) => -delta * value)],
			[
				layer > 1 ? "3. activations before, in proportion to the weights" : "3. inputs: given, they stay",
				weightsInto(layer, index).map((weight) => -delta * weight),
			],
		],
	};
}

function buildWanted() {
	if (!isClassifier) return;
	labels.forEach((name, label) => {
		const button = make("button", "", name);
		listen(button, "click", () => want(targetsOf(label)));
		$("guesses").append(button);
		$("wanted").append(make("option", "", name));
	});
}

function want(targets) {
	wanted = targets;
	requestPaint();
}

/** A number key: the answer to the question, otherwise a test example. */
function pressNumber(label) {
	if (isAsking() && label >= 0) want(targetsOf(label));
	else pickTest(label);
}

function readWanted() {
	const { value, selectedIndex } = $("wanted");
	const numbers = (value.match(/[-\d.e]+/g) || []).map(Number).filter(finite);
	want(isClassifier ? targetsOf(selectedIndex) : numbers.length === sizes[last] ? numbers : null);
}

function paintWanted() {
	const targets = targetsNow() ?? [];
	$("wanted-row").hidden = !wishing || !(targets.length || isAsking());
	$("guesses").hidden = !isAsking() || !isClassifier;
	write("question", !isAsking() ? "It should be" : shown.strokes ? "What did you draw?" : "What should it be?");
	$("use-activations").ariaPressed = !wishing;
	$("use-wishes").ariaPressed = wishing;
	if (isClassifier) $("wanted").selectedIndex = isBinary ? (targets[0] ?? -1) : targets.indexOf(1);
	else if (!isFocused($("wanted"))) $("wanted").value = targets.map((y) => Number(y.toPrecision(3))).join(" ");
}

// The mistake that stands for what was shown before, and after how many steps it was made.
let standIn = null;
const isStandIn = () => wishing && shown === standIn?.mistake;

/**
 * A network that has learned nothing here learns a little first, and the wishes are those of a mistake. Without them,
 * what was shown before comes back, unless more was learned.
 */
function showWishes(on) {
	const untouched = learner && !record.length && shown.example !== undefined && !wanted;
	if (on && isClassifier && (untouched || (standIn && shown === standIn.before))) {
		const before = shown;
		findMistake();
		standIn = { before, mistake: shown, steps: costs.length };
	} else if (!on && isStandIn() && costs.length === standIn.steps) {
		use(trained);
		show(standIn.before);
	}
	const opens = on && !wishing;
	wishing = on;
	if (opens) travel();
	requestPaint();
}

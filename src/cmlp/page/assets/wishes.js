// --- Backpropagation: what one example asks of every neuron, and what a batch asks on average.

let wishing = false;
let wanted = null; // the targets that were chosen by hand; null for those of the example

/** The targets: chosen, or the label of the example, or what the network says now. */
function targetsNow() {
	if (wanted) return wanted;
	if (shown.example !== undefined) return examples.all[shown.example].targets;
	if (isClassifier) return targetsOf(winner(answers));
	return [...answers].map((a) => (isRegression ? a : Number(a > 0.5)));
}

const wish = (layer, index) => -back.slopes[layer][index] || 0;

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
	if (isClassifier) $("wanted").append(...labels.map((name) => make("option", "", name)));
}

function readWanted() {
	const { value, selectedIndex } = $("wanted");
	const numbers = (value.match(/[-\d.e]+/g) || []).map(Number).filter(finite);
	wanted = isClassifier ? targetsOf(selectedIndex) : numbers.length === sizes[last] ? numbers : null;
	requestPaint();
}

function paintWanted() {
	$("wanted-row").hidden = !wishing;
	$("use-activations").ariaPressed = !wishing;
	$("use-wishes").ariaPressed = wishing;
	const targets = targetsNow();
	if (isClassifier) $("wanted").selectedIndex = isBinary ? targets[0] : targets.indexOf(1);
	else if (!isFocused($("wanted"))) $("wanted").value = targets.map((y) => Number(y.toPrecision(3))).join(" ");
}

/** A network that has learned nothing here learns a little first, and the wishes are those of a mistake. */
function showWishes(on) {
	wishing = on;
	const untouched = learner && !record.length && shown.example !== undefined && !wanted;
	if (on && untouched && isClassifier) findMistake();
	requestPaint();
}

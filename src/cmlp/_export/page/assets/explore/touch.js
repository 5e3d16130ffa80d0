// --- A neuron changed by hand: its bias with a slider, its weights with a brush.

const original = trained.params.slice();
// What the brushes make of a weight, for pixels from 0 to 1.
const BRUSHES = { plus: 1, minus: -1, zero: 0 };
let brush = "plus";
// The weights are shown large, and the brush changes them.
let painting = false;
// Edits of the trained network: [name of the neuron, what, points].
let edits = [];

/** Changes the trained weights into a neuron, and as the last number its bias. */
function alter([layer, index], change) {
	const { inputs, outputs, w } = trained.layers[layer - 1];
	for (let i = 0; i <= inputs; i++) {
		const at = w + i * outputs + index;
		trained.params[at] = change(trained.params[at], i, at);
	}
	changes++;
}

/** The brush goes from one point to the next. */
function paintWeights(neuron, brush, points) {
	const ink = rasterize([points], SIDE / UNITS, [0, 0], BRUSH);
	alter(neuron, (weight, i) => weight + (ink[i] || 0) * (BRUSHES[brush] / white - weight));
}

function edit(name, what, text) {
	const neuron = neuronNamed(name);
	if (!neuron) return;
	let points = [];
	const bias = sizes[neuron[0] - 1];
	if (what === "bias") alter(neuron, (old, i) => (i < bias ? old : Number(text) || 0));
	else if (what === "empty") alter(neuron, (old, i) => (i < bias ? 0 : old));
	else if (white && neuron[0] === 1 && what in BRUSHES) {
		points = pointsIn(text);
		points.forEach((_, k) => paintWeights(neuron, what, points.slice(max(0, k - 1), k + 1)));
	} else return;
	edits.push([name, what, points.length ? points : [text]]);
}

/** Gives a neuron what it has learned. */
function putBack(neuron) {
	alter(neuron, (_, i, at) => original[at]);
	edits = edits.filter(([name]) => name !== linkName(neuron));
}

const editsText = () => edits.map(([name, what, points]) => `${name}*${what}*${points.flat().join("-")}`).join("_");

// --- How many test examples activate it.

let counted = {};
// Test examples that the network answers correctly as it was trained.
let rightBefore;

/** Over the test examples: how many activate a neuron, in each class and in all, and how many are answered correctly. */
function countActive(layer, index) {
	const key = [network === trained, changes, layer, index].join();
	if (counted.key === key) return counted;
	counted = { key, shares: labels.map(() => 0), active: 0, right: 0 };
	for (const { input, targets, label } of examples.test) {
		const { z, a } = network.forward(input);
		counted.right += isCorrect(a[last], targets, label);
		const active = layerOf(layer).f ? z[layer - 1][index] > 0 : a[layer][index] > 0.5;
		if (!active) continue;
		counted.active++;
		if (isClassifier) counted.shares[label] += 1 / examples.test.filter((one) => one.label === label).length;
	}
	return counted;
}

function paintActive(layer, index) {
	$("active").hidden = wishing || !examples.test.length;
	if ($("active").hidden) return;
	const { active, right, shares } = countActive(layer, index);
	const texts = ["Active for ", active, ` of ${examples.test.length} test ${noun}s.`];
	if (edits.length && network === trained && !isRegression) {
		rightBefore ??= examples.test.filter((one) => isRight(new Network(model, original), one)).length;
		texts.push("", " The network reads ", right, ` of them, before ${rightBefore}.`);
	}
	say($("active-text"), texts);
	const canvas = $("active-classes");
	canvas.hidden = !isClassifier || labels.length > 16;
	if (!canvas.hidden) paintColumns(canvas, "Share active", labels, [[colours.text, shares]]);
}

// --- The controls.

let weightsPen; // of the weights' picture
const weightsCanvas = () => $("pictures").firstElementChild.firstChild;

function paintTouch(layer, index) {
	const paintable = white && layer === 1;
	$("touch").hidden = network !== trained || wishing;
	painting &&= paintable && !$("touch").hidden;
	$("details").classList.toggle("painting", painting);
	$("paint").hidden = !paintable;
	write("paint", painting ? "✓ Done" : "✎ Paint weights");
	$("brushes").hidden = $("empty").hidden = !painting;
	for (const name in BRUSHES) $(name).ariaPressed = brush === name;
	$("put-back").disabled = !edits.some(([name]) => name === linkName([layer, index]));
	const bias = network.params[layerOf(layer).b + index];
	const most = max(20, ceil(abs(bias)));
	Object.assign($("bias"), { min: -most, max: most, value: bias });
	const canvas = weightsCanvas();
	Object.assign(canvas, { tabIndex: painting ? 0 : -1, role: painting ? "application" : "img" });
	if (painting) canvas.ariaLabel += ". Arrow keys move the brush, Enter lowers and lifts it.";
	weightsPen?.paint(canvas.getContext("2d"), canvas.clientWidth);
}

function listenToTouch() {
	const extend = (stroke) => {
		paintWeights(selected, brush, stroke.slice(-2));
		requestPaint();
	};
	const begin = (point) => {
		if (!painting) return null;
		const stroke = [point];
		edits.push([linkName(selected), brush, stroke]);
		extend(stroke);
		return stroke;
	};
	if (white) weightsPen = new Pen(weightsCanvas(), begin, extend, (stroke) => edits.some((one) => one[2] === stroke));
	listen($("bias"), "input", () => {
		const chosen = linkName(selected);
		edits = edits.filter(([name, what]) => name !== chosen || what !== "bias");
		edit(chosen, "bias", $("bias").value);
		requestPaint();
	});
}

const TOUCH_ACTIONS = {
	paint: () => (painting = !painting),
	empty: () => edit(linkName(selected), "empty", ""),
	"put-back": () => putBack(selected),
	...Object.fromEntries(Object.keys(BRUSHES).map((name) => [name, () => (brush = name)])),
};

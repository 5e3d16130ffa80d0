// --- The model, the embedded examples, and what is shown.

const SIDE = 28;
const PIXELS = SIDE * SIDE;

const model = JSON.parse($("model").textContent);
// `white` is the input of a white pixel, 0 if the inputs are no image.
const { sizes, white, labels, noun } = model;
const last = sizes.length - 1;
const Params = model.dtype === "float64" ? Float64Array : Float32Array;
const trained = new Network(model, new Params(bytes(model.params).buffer));
// The network that learns in the page, and the one that is shown.
let learner = null;
let network = trained;
let examples = { train: [], test: [], all: [] };
// What is shown: strokes, values, example (a position among all examples) or noise (a seed).
let shown = {};
// The input of the network; null if it must be computed.
let input = null;
// The results of the forward pass, its outputs, and the results of backpropagation.
let result, answers, back;
// Neurons as [layer, index].
let selected = null;
let pointed = null;
// Changes of any network's weights and biases so far.
let changes = 0;

// One output for two classes.
const isBinary = model.kind === "binary";
const isRegression = model.kind === "numbers";
const isClassifier = isBinary || model.kind === "classes";
const targetsOf = (label) => (isBinary ? [label] : range(sizes[last]).map((j) => Number(j === label)));
const winner = (outputs) => (isBinary ? Number(outputs[0] > 0.5) : outputs.indexOf(max(...outputs)));

async function unpackExamples({ train, targets, data, drawn }) {
	const read = inputReader((await inflate(data)).buffer);
	const all = targets.map((target, n) => ({
		label: isClassifier ? target : null,
		targets: isClassifier ? targetsOf(target) : target,
		...read(n),
	}));
	const more = drawn ? await readDrawn(drawn) : [];
	const [first, test] = [[...all.slice(0, train), ...more], all.slice(train)];
	return { train: first, test, all: [...first, ...test] };
}

/** The weights, biases and activation that lead to a layer. */
const layerOf = (layer) => network.layers[layer - 1];

const isRight = (asked, { input, label, targets }) => isCorrect(asked.forward(input).a.at(-1), targets, label);

function isCorrect(outputs, targets, label) {
	if (isClassifier) return winner(outputs) === label;
	return outputs.every((a, j) => a > 0.5 === targets[j] > 0.5);
}

/** What is shown, without the change that fools the network. */
const unchanged = () => ({ example: shown.example, noise: shown.noise, strokes: shown.strokes, values: shown.values });

function show(what, targets = null) {
	shown = what;
	input = null;
	wanted = targets;
	requestPaint();
}

const showTest = (n) => show({ example: examples.train.length + n });

function pickTest(label) {
	const found = range(examples.test.length).filter((n) => label === undefined || examples.test[n].label === label);
	if (found.length) showTest(found[floor(Math.random() * found.length)]);
}

/** The first test example, of a class, that the trained network answers correctly. */
const findRight = (label) =>
	examples.test.findIndex((one) => (label ?? one.label) === one.label && isRight(trained, one));

function nextMistake() {
	const { train, test } = examples;
	const after = max(0, (shown.example ?? 0) - train.length + 1);
	const found = test.map((_, k) => (after + k) % test.length).find((n) => !isRight(network, test[n]));
	if (found >= 0) showTest(found);
}

/** Fills an element with texts; the second, fourth, ... is bold. */
function say(element, texts) {
	element.replaceChildren(...texts.map((text, n) => make(n % 2 ? "b" : "span", "", text)));
}

/** Whether one output is bright enough for an answer: at least half of what it would be if all were equal. */
const hasAnswer = () => !isClassifier || isBinary || max(...answers) >= 0.5 / sizes[last];

function answer() {
	if (isClassifier) return labels[winner(answers)];
	if (!isRegression) return labels.filter((_, j) => answers[j] > 0.5).join(", ") || "none";
	return [...answers.slice(0, 5)].map((a) => number(a)).join(", ") + (answers.length > 5 ? ", …" : "");
}

function describe() {
	const { train, test, all } = examples;
	const says = (before, ...after) =>
		hasAnswer()
			? [before + "The network says ", answer(), ". ", ...after]
			: [before + "The network gives ", "no answer", ": all outputs are almost 0."];
	if (isEmpty()) return [noun === "digit" && test.length ? "Or press 0 to 9 for a test digit." : ""];
	if (shown.noise >= 0) return says("This is noise. ");
	if (shown.example === undefined) return says(white ? doubt() : "");
	const { label, targets } = all[shown.example];
	const n = shown.example - train.length;
	let place = `Test ${noun} ${n + 1} of ${test.length}. `;
	if (n < 0) place = `Training ${noun} ${n + 1 + train.length} of ${train.length}. `;
	if (isStandIn()) place = `A right answer hardly wishes: here is a mistake. ${place}`;
	if (!isClassifier) return says(`${place}The target is ${targets.map((y) => Number(y.toPrecision(3))).join(", ")}. `);
	if (label === winner(answers)) return says(place, "", "Right.");
	return says(place, "Wrong:", " it is labelled ", labels[label], ".");
}

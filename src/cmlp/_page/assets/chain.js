// --- The chain rule: four neurons in a row, and the last weight to pull.

const CHAIN = { sizes: [1, 1, 1, 1], activations: Array(3).fill("logistic"), parameters: [] };
// w1, b1, w2, b2, w3, b3; the terminal's story has the same.
const CHAIN_PARAMS = [1.5, -0.5, -1, 0.6, 1.2, 0.1];
const [CHAIN_INPUT, CHAIN_TARGET] = [0.8, 1];
// What is asked, in turn.
const PREDICTIONS = [0.2, -0.3, 0.05, 1, -0.8];
let prediction = 0;

/** The activations, and the last weight, its sum, the output and the cost, with this weight changed by `nudge`. */
function chainAt(nudge) {
	const params = Float64Array.from(CHAIN_PARAMS);
	params[4] += nudge;
	const { z, a } = new Network(CHAIN, params).forward([CHAIN_INPUT]);
	return { a: a.map(([value]) => value), numbers: [params[4], z[2][0], a[3][0], (a[3][0] - CHAIN_TARGET) ** 2] };
}

/** What a change of the last weight changes, one after the other, and the slopes that the ratios approach. */
function ripple(nudge) {
	const [before, after] = [chainAt(0), chainAt(nudge)];
	const [, , behind, output] = before.a;
	const changes = after.numbers.map((value, n) => (n ? value - before.numbers[n] : nudge));
	const slopes = [behind, output * (1 - output), 2 * (output - CHAIN_TARGET)];
	const ratios = slopes.map((slope, n) => (nudge ? changes[n + 1] / changes[n] : slope));
	return { before, after, changes, slopes, ratios };
}

const chainSlope = ({ slopes }) => slopes.reduce((p, q) => p * q);

function paintChain() {
	const nudge = Number($("nudge").value);
	const now = ripple(nudge);
	const four = (value) => (value < 0 ? "" : "+") + number(value, 4);
	write("nudge-value", signed(nudge, 2));
	paintChainPicture(now);
	const names = ["w3", "sum z3", "a3", "cost"];
	const what = ["= a2", "= slope of σ", "= 2 (a3 − 1)"];
	now.changes.forEach((change, n) => {
		const [value, link] = [$("ripple").children[2 * n], $("ripple").children[2 * n + 1]];
		say(value, [names[n], four(change)]);
		value.className = change < 0 ? "falls" : "";
		if (link) say(link, ["→ ", `× ${number(now.ratios[n])}`, n < 3 && abs(nudge) < 0.015 ? what[n] : ""]);
	});
	const product = now.ratios.map((ratio) => number(ratio)).join(" × ");
	say($("product"), [
		`${product} = `,
		number(
			now.ratios.reduce((p, q) => p * q),
			4,
		),
		". Times the change of w3: ",
		four(now.changes[3]),
		nudge ? ", what is measured." : ". These are the slopes: the derivative of the cost.",
	]);
	write(
		"asked",
		`Now predict: w3 changed by ${signed(PREDICTIONS[prediction], 2)}. The cost was ${number(now.before.numbers[3], 4)}. It will be`,
	);
}

function paintChainPicture({ after }) {
	const { pen, width } = prepare($("chain-picture"));
	const [at, y, texts] = [(n) => 42 + (n * (width - 84)) / 3, 52, []];
	after.a.forEach((value, n) => {
		if (n < 3) {
			const weight = n === 2 ? after.numbers[0] : CHAIN_PARAMS[2 * n];
			const colour = weight < 0 ? colours.negative : colours.positive;
			drawLine(pen, segment(at(n) + 22, y, at(n + 1) - 22, y), colour, 1 + 2 * abs(weight));
			texts.push([`w${n + 1} ${number(weight, 2)}`, (at(n) + at(n + 1)) / 2, y - 28]);
		}
		drawLine(pen, [[at(n), y]], colours.ring, 41);
		drawLine(pen, [[at(n), y]], colours.off, 38);
		pen.globalAlpha = value;
		drawLine(pen, [[at(n), y]], colours.on, 38);
		pen.globalAlpha = 1;
		texts.push([`${n ? `a${n}` : "input"} ${number(value)}`, at(n), y + 42]);
	});
	for (const [text, x, top] of texts) label(pen, text, x, top, "center");
	$("chain-picture").ariaLabel = texts.map(([text]) => text).join(", ");
}

/** Shows the changes one after the other. */
function runRipple() {
	if (isCalm()) return;
	[...$("ripple").children].forEach((one, n) =>
		one.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 300, delay: 200 * n, fill: "backwards" }),
	);
}

function checkPrediction(event) {
	event.preventDefault();
	const guess = parseFloat($("guess").value.replace("−", "-").replace(",", "."));
	if (!finite(guess)) return write("checked", "A number such as 0.11, please.");
	const nudge = PREDICTIONS[prediction];
	const { before, after } = ripple(nudge);
	const slopes = before.numbers[3] + nudge * chainSlope(ripple(0));
	$("nudge").value = nudge;
	prediction = (prediction + 1) % PREDICTIONS.length;
	say($("checked"), [
		"Measured: ",
		number(after.numbers[3], 4),
		`. You said ${number(guess, 4)}. With the slopes alone: ${number(slopes, 4)}.`,
	]);
	$("guess").value = "";
	requestPaint();
	runRipple();
}

function showChain() {
	$("nudge").value = 0.1;
	prediction = 0;
	write("checked", "");
	runRipple();
}

function setUpChain() {
	for (const n of range(7)) $("ripple").append(make("p", n % 2 ? "link" : ""));
	listen($("nudge"), "input", requestPaint);
	listen($("nudge"), "change", runRipple);
	listen($("predict"), "submit", checkPrediction);
}

// --- The picture of the network.

// The buttons per layer (`buttons[0]` stays empty), and where the neurons are.
const buttons = [];
const points = [];
const names = [];
// The image of the inputs, and the diameter of a circle per layer.
let grid;
let dot = [];

const outputName = (index) => labels[isBinary ? 1 : index];
// The letter of a hidden layer: A, B, ...
const letter = (layer) => String.fromCharCode(64 + layer);
const neuronName = (layer, index) => (layer === last ? `Output ${outputName(index)}` : letter(layer) + (index + 1));

/** The names in links: A13, or out3 for the fourth output. */
const linkName = ([layer, index]) => (layer === last ? `out${index}` : neuronName(layer, index));
function neuronNamed(name) {
	const [, layer, number] = /^([A-Z]|out)(\d+)$/.exec(name) || [];
	const place = layer === "out" ? [last, +number] : layer ? [layer.charCodeAt(0) - 64, number - 1] : [0, 0];
	return place[0] <= last && (place[0] < last || layer === "out") && buttons[place[0]][place[1]] ? place : null;
}

function makeButton(layer, index) {
	const button = make("button", layer === last ? "neuron output" : "neuron");
	button.append(make("span", "circle"));
	if (layer === last) {
		button.append(make("span", "unseen", "Output "), make("b", "", outputName(index)), make("span", "bar"));
		button.append(make("span", "unseen"), make("span", "value"));
	} else button.dataset.name = neuronName(layer, index);
	button.tabIndex = layer === 1 && index === 0 ? 0 : -1;
	listen(button, "click", () => {
		select([layer, index]);
		if (selected) button.scrollIntoView({ block: "nearest" }); // a sheet may cover it
	});
	listen(button, "keydown", (event) => moveFocus(event, layer));
	listen(button, "pointerenter", () => point([layer, index]));
	listen(button, "pointerleave", () => point(null));
	return button;
}

function buildStage() {
	sizes.forEach((size, layer) => {
		names[layer] = make("span", "column-name");
		buttons[layer] = range(layer ? size : 0).map((index) => makeButton(layer, index));
		$("stage").append(names[layer], ...buttons[layer]);
	});
	$("stage").style.minHeight = sizes[last] * 26 + 32 + "px";
}

function point(neuron) {
	pointed = neuron;
	requestPaint();
}

/** Arrow keys: up and down in a layer, left and right between layers. */
function moveFocus(event, layer) {
	const by = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -sizes[layer - 1], ArrowRight: sizes[layer] }[event.key];
	const all = buttons.flat();
	const next = by && all[all.indexOf(event.currentTarget) + by];
	if (!next) return;
	event.preventDefault();
	event.currentTarget.tabIndex = -1;
	next.tabIndex = 0;
	next.focus();
}

/** The places of a layer's neurons around x: one column, or several narrow ones for a wide layer. */
function placeLayer(layer, x, room, height) {
	const size = sizes[layer];
	const middle = 24 + (height - 24) / 2;
	const isOutput = layer === last;
	let gap = min((height - 24) / size, isOutput ? 44 : 34);
	let rows = size;
	if (!isOutput && gap < 24) {
		gap = 34;
		do {
			gap -= 0.5;
			rows = floor((height - 24) / gap);
		} while (ceil(size / rows) * gap > room && gap > 4);
	}
	const columns = ceil(size / rows);
	rows = ceil(size / columns);
	dot[layer] = min(22, gap - (gap < 24 ? 2 : 6));
	return {
		gap,
		tight: gap < 24 || columns > 1,
		places: range(size).map((index) => [
			x + (floor(index / rows) - (columns - 1) / 2) * gap,
			middle + ((index % rows) - (rows - 1) / 2) * gap,
		]),
	};
}

function layoutStage() {
	const { clientWidth: width, clientHeight: height } = $("stage");
	const narrow = width < 480;
	$("stage").classList.toggle("narrow", narrow);
	const side = white ? SIDE * max(1, floor(min(width * 0.33, 224) / SIDE)) : narrow ? 70 : 110;
	const outputWidth = narrow ? model.outputWidth * 0.52 : min(model.outputWidth, width * 0.3);
	const outputX = width - outputWidth + 16;
	grid = { y: 24 + (height - 24) / 2 - side / 2, side };
	const room = outputX - 16 - side;
	const share = room / max(1, last - 1);
	sizes.forEach((size, layer) => {
		const inside = last === 3 ? [0, 0.4, 0.78][layer] : layer / last;
		const x = layer === last ? outputX : layer ? side + room * inside : side / 2;
		const { gap, tight, places } = placeLayer(layer, x, layer ? share * 0.62 : side - 8, height);
		points[layer] = places;
		buttons[layer].forEach((button, index) => {
			const [w, h] = [layer === last ? outputWidth : max(min(28, gap), min(gap, 34)), min(gap, 34)];
			const [left, top] = places[index];
			button.style.cssText = `left:${left}px;top:${top}px;width:${w}px;height:${h}px;--d:${dot[layer]}px`;
			button.classList.toggle("tight", tight);
		});
		nameColumn(layer, layer === last ? outputX - 16 + outputWidth / 2 : x, narrow || share < 130);
	});
}

function nameColumn(layer, x, narrow) {
	const kind = layer === 0 ? "input" : layer === last ? "output" : narrow ? "" : "neuron";
	const top = layer || !white ? min(...points[layer].map((place) => place[1])) - 40 : grid.y - 24;
	const before = layer > 0 && layer < last ? letter(layer) + ": " : "";
	names[layer].textContent = `${before}${sizes[layer]} ${kind}${kind && sizes[layer] > 1 ? "s" : ""}`;
	Object.assign(names[layer].style, { left: x + "px", top: max(0, top) + "px" });
}

/** The strongest connections into a layer, or into one neuron of it: [strength, from, to], weakest first. */
function strongest(layer, count, only) {
	const { inputs, outputs, w } = network.layers[layer];
	const a = result.a[layer];
	const delta = back?.deltas[layer + 1];
	const all = new Float64Array(inputs * outputs);
	for (let i = 0; i < inputs; i++) {
		if (a[i] === 0) continue;
		for (let j = 0; j < outputs; j++) {
			if (only === undefined || j === only)
				all[i * outputs + j] = a[i] * (delta ? -delta[j] : network.params[w + i * outputs + j]);
		}
	}
	const least = all.filter(Boolean).map(abs).sort().at(-count) ?? 0;
	const found = [];
	all.forEach((strength, at) => {
		if (strength && abs(strength) >= least) found.push([strength, floor(at / outputs), at % outputs]);
	});
	return found.sort((p, q) => abs(p[0]) - abs(q[0])).slice(-count);
}

function paintWires() {
	const { pen } = prepare($("wires"));
	const focus = pointed || selected;
	const full = force();
	if (white) paintInputs(pen);
	for (let layer = 0; layer < last; layer++) {
		if (!arrived(layer)) continue;
		const only = focus && focus[0] === layer + 1 ? focus[1] : undefined;
		const wires = strongest(layer, layer || only === undefined ? 100 : 60, only);
		const top = max(wishing ? 1e-9 : 0.05, abs(wires.at(-1)?.[0] ?? 0));
		for (const [strength, from, to] of wires) {
			const share = abs(strength) / top;
			const faded = (focus && only === undefined ? 0.2 : 1) * full;
			pen.globalAlpha = faded * (layer ? 0.9 * share ** 0.8 : 0.2 + 0.45 * share);
			const [[x, y], end] = [layer ? points[layer][from] : inputPoint(from), points[layer + 1][to]];
			const come = arrived(layer);
			const line = [[end[0] + (x - end[0]) * come, end[1] + (y - end[1]) * come], end];
			const width = full * (layer ? 0.5 + 2.5 * share : 0.6 + 0.7 * share);
			drawLine(pen, line, strength > 0 ? colours.positive : colours.negative, width);
		}
	}
	pen.globalAlpha = 1;
	if (!white) paintInputs(pen);
}

// Activations of these lie between 0 and 1; circles show others relative to the largest of the layer.
const BOUNDED = ["logistic", "softmax", "tanh", "softsign"];

function paintNeurons() {
	const best = isClassifier && sizes[last] > 1 && hasAnswer() ? winner(answers) : -1;
	buttons.forEach((column, layer) => {
		if (!layer) return;
		const top = BOUNDED.includes(layerOf(layer).name) ? 1 : largest(result.a[layer]);
		const most = back ? largest(back.slopes[layer]) : 1;
		column.forEach((button, index) => {
			const a = result.a[layer][index];
			button.ariaPressed = String(selected) === `${layer},${index}`;
			button.style.setProperty("--a", min(1, abs(a) / top).toFixed(3));
			button.classList.toggle("below", a < 0);
			const wished = back ? wish(layer, index) : 0;
			const share = layer === last || arrived(layer) === 1 ? (force() * abs(wished)) / most : 0;
			button.dataset.wish = share < 0.03 ? "" : wished > 0 ? "▲" : "▼";
			button.style.setProperty("--wish", share);
			if (layer < last) return;
			button.lastChild.textContent = back ? signed(wished, 2) : number(a, 2);
			button.classList.toggle("winner", !isEmpty() && index === best);
		});
	});
}

// --- What the figures of the side doors share. Each figure has, in the same form:
// seconds: how long its motion takes; stops: moments, whose sentences are in the captions; paint(view, t): the picture at
// a moment from 0 to 1; net: the key of what is said of its network;
// set(): at its opening; work(t) computes towards a moment, and returns the one that is reached; says(t): words instead of
// those of a stop; and what it listens to: press, drag, keys.

const FIGURES = {};
/** The text of a key of the captions, with values in it. A list of texts belongs to one key. */
const said = (key, values) => film.text(key, values);
let doorData; // what the page brings for them
const pictures = {}; // images in all of their levels

/** Computes towards a moment for some milliseconds, so that the page never stands still. */
function steadily(t, reached, more) {
	const end = performance.now() + 25;
	while (reached() < t && performance.now() < end) more();
	return min(t, reached());
}

const clamp = (value, low = 0, high = 1) => max(low, min(high, value));
const ease = (t) => t * t * (3 - 2 * t);
const part = (t, from, to) => clamp((t - from) / (to - from));
const blend = (p, q, t) => p + (q - p) * t;
const blendAll = (p, q, t) => p.map((value, k) => blend(value, q[k], t));
const tint = (value) => (value < 0 ? colours.negative : colours.positive);
/** Which of some numbers is nearest to another. */
const nearest = (options, value) =>
	range(options.length).sort((p, q) => abs(options[p] - value) - abs(options[q] - value))[0];
const percent = (share, places = 0) => `${number(100 * share, places)} %`;

function note(pen, text, x, y, align = "center", { colour = colours.muted, size = 12, bold = false, halo } = {}) {
	pen.font = `${bold ? "bold " : ""}${size}px system-ui, sans-serif`;
	if (halo) Object.assign(pen, { strokeStyle: colours.ground, lineWidth: 4 });
	pen.fillStyle = colour;
	pen.textAlign = align;
	if (halo) pen.strokeText(text, x, y);
	pen.fillText(text, x, y);
}

/** A text in the colour of the foreground. */
const headline = (pen, text, x, y, align, size = 13, bold = true) =>
	note(pen, text, x, y, align, { colour: colours.text, size, bold });

function box(pen, x, y, width, height, colour, alpha = 1) {
	pen.globalAlpha = alpha;
	pen.fillStyle = colour;
	pen.fillRect(x, y, width, height);
	if (isEdged(colour)) outline(pen, colours.edge, 1, x, y, width, height);
	pen.globalAlpha = 1;
}

function outline(pen, colour, lineWidth, ...place) {
	Object.assign(pen, { strokeStyle: colour, lineWidth });
	pen.setLineDash([]);
	pen.strokeRect(...place);
}

/** A yellow frame around the one thing to look at. */
function frameOf(pen, ...place) {
	if (isEdged(colours.mark)) outline(pen, colours.edge, 3.5, ...place);
	outline(pen, colours.mark, 2, ...place);
}

/** A neuron: the fuller the circle's light, the larger its activation. */
function disc(pen, x, y, radius, value, ring = colours.ring, width = 1.5) {
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.fillStyle = colours.off;
	pen.fill();
	pen.globalAlpha = clamp(value);
	pen.fillStyle = colours.on;
	pen.fill();
	pen.globalAlpha = 1;
	pen.strokeStyle = ring;
	pen.lineWidth = width;
	pen.setLineDash([]);
	pen.stroke();
}

/** What a column of neurons stands on: as dark as an image in both themes, so that bright always means on. */
function stand(pen, x, top, bottom, radius) {
	const [line, width] = [segment(x, top + radius + 3, x, bottom - radius - 3), 2 * radius + 6];
	drawLine(pen, line, colours.ring, width + 2);
	drawLine(pen, line, colours.off, width);
}

/** A digit in its frame. */
function picture(pen, input, x, y, side, top = 1) {
	paintImage(pen, input, x, y, side, top);
	pen.strokeStyle = colours.ring;
	pen.lineWidth = 1;
	pen.setLineDash([]);
	pen.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
}

/** Where everything of the network is, in an area. */
function placesOf(x, y, width, height, side = min(width * 0.3, height * 0.6, 200)) {
	const room = width - side;
	const outputs = width < 420 ? 62 : 130;
	const columns = [0, side + room * 0.24, side + room * 0.56, width - outputs].map((column) => x + column);
	const top = y + 22;
	const at = (layer, k) => [columns[layer], top + ((height - 22) * (k + 0.5)) / sizes[layer]];
	const image = [x, y + 22 + (height - 22 - side) / 2, side];
	const pixel = (k) => [
		image[0] + ((k % SIDE) + 0.5) * (side / SIDE),
		image[1] + (floor(k / SIDE) + 0.5) * (side / SIDE),
	];
	return { at, image, pixel, columns, top: y, radius: min(10, ((height - 22) / 16) * 0.4), outputs };
}

const strongWires = new WeakMap();

/** The wires that carry most into a layer: [weight x activation, from, to], strongest first. */
function wiresOf(net, result, layer, count = 110) {
	const found = strongWires.get(result) ?? [];
	strongWires.set(result, found);
	if (!found[layer]) {
		const { inputs, outputs, w } = net.layers[layer];
		const all = [];
		for (let i = 0; i < inputs; i++) {
			const a = result.a[layer][i];
			if (a > 0.02) for (let j = 0; j < outputs; j++) all.push([a * net.params[w + i * outputs + j], i, j]);
		}
		found[layer] = all.sort((p, q) => abs(q[0]) - abs(p[0])).slice(0, count);
	}
	return found[layer];
}

/**
 * The network at work. `wave` is how far the activations have come, from 0 to 3: pulses run along the wires, and a layer
 * fills when they have arrived.
 */
function paintNet(pen, places, net, result, wave = 3, { bars = true } = {}) {
	const { at, image, pixel, columns, radius } = places;
	const ends = (l) => [0, sizes[l] - 1].map((k, n) => at(l, k)[1] + (n ? 1 : -1) * (radius + 3));
	for (let l = 1; l <= 3; l++) stand(pen, columns[l], ...ends(l), radius);
	for (let layer = 0; layer < 3; layer++) {
		const come = clamp(wave - layer);
		if (!come) break;
		const wires = wiresOf(net, result, layer).slice(0, places.outputs < 100 ? 40 : 110); // fewer on a phone
		const top = abs(wires[0]?.[0] ?? 1);
		for (const [strength, from, to] of wires) {
			const share = abs(strength) / top;
			const [start, end] = [layer ? at(layer, from) : pixel(from), at(layer + 1, to)];
			const front = blendAll(start, end, come);
			pen.globalAlpha = (layer ? 0.15 + 0.6 * share : 0.1 + 0.35 * share) * (come < 1 ? 1 : 0.7);
			drawLine(pen, [start, front], tint(strength), 0.4 + 1.8 * share);
			pen.globalAlpha = 1;
			if (come < 1) drawLine(pen, [front], tint(strength), 2 + 4 * share);
		}
	}
	picture(pen, result.a[0], ...image, white);
	for (let layer = 1; layer <= 3; layer++) {
		const fill = part(wave, layer - 0.08, layer);
		for (let k = 0; k < sizes[layer]; k++) {
			const [x, y] = at(layer, k);
			disc(pen, x, y, radius, fill * result.a[layer][k]);
			if (layer < 3 && radius > 6)
				note(pen, letter(layer) + (k + 1), x - radius - 3, y + 4, "right", { size: 11, halo: true });
		}
	}
	const titles = said("net.titles");
	const centers = [image[0] + image[2] / 2, columns[1], columns[2], columns[3] + places.outputs / 2 - 8];
	titles.forEach((title, n) => note(pen, title, centers[n], n ? places.top + 12 : image[1] - 8));
	if (bars) paintOutputs(pen, places, result.a[3], part(wave, 2.92, 3.2));
}

/** The ten outputs with bars beside their circles; the largest is yellow. */
function paintOutputs(pen, { at, radius, outputs }, values, grown = 1, numbers = true) {
	const best = winner(values);
	values.forEach((value, k) => {
		const [x, y] = at(3, k);
		const isBest = k === best && grown === 1;
		headline(pen, k, x + radius + 10, y + 5, "center", 14, isBest);
		const [left, room] = [x + radius + 20, outputs - radius - 20];
		box(pen, left, y - 5, room, 10, colours.line);
		box(pen, left, y - 5, room * value * grown, 10, isBest ? colours.mark : colours.ring);
	});
}

/** What a network gives for a picture; computed once. */
const forwards = new WeakMap();
function resultOf(net, input) {
	if (!forwards.has(input)) forwards.set(input, new Map());
	const known = forwards.get(input);
	if (!known.has(net)) known.set(net, net.forward(input));
	return known.get(net);
}

const rightShare = (net, list = examples.test) => list.filter((one) => isRight(net, one)).length / list.length;

/** A pixel of an image that is drawn at [x, y, side], or -1. */
function pixelAt(x, y, [left, top, side]) {
	const [column, row] = [floor(((x - left) / side) * SIDE), floor(((y - top) / side) * SIDE)];
	return column >= 0 && row >= 0 && column < SIDE && row < SIDE ? row * SIDE + column : -1;
}
/** The pixels on the way that a pointer has come to a place. */
function pixelsOn(area, x, y, across, down) {
	const steps = ceil(hypot(across, down) / 3);
	const places = range(steps + 1).map((n) =>
		pixelAt(x - (n / (steps || 1)) * across, y - (n / (steps || 1)) * down, area),
	);
	return places.filter((k) => k >= 0);
}
const placeName = (k) => said("net.place", { row: floor(k / SIDE), column: k % SIDE });

/** As many digits as fit into an area; those that are marked in a yellow frame. */
function crowd(pen, list, [x, y, width, height], size, isMarked) {
	const columns = floor(width / (size + 4));
	list.slice(0, columns * floor(height / (size + 4))).forEach((one, n) => {
		const place = [x + (n % columns) * (size + 4), y + floor(n / columns) * (size + 4), size];
		picture(pen, one.input, ...place);
		if (isMarked?.(one)) frameOf(pen, ...place, size);
	});
}

/** A plain axis for a curve: [left, top, right, bottom]. */
function axes(pen, [left, top, right, bottom]) {
	drawLine(
		pen,
		[
			[left, top],
			[left, bottom],
			[right, bottom],
		],
		colours.line,
	);
}

/** Values as options that are called as they are. */
const same = (values) => values.map((value) => [value, value]);

// --- Painters of the film. They are told what to show, never when. Lengths are of the world, sizes of texts of the screen.

const FILM_FONT = 'system-ui, "Segoe UI", Roboto, Arial, sans-serif';

/**
 * The world as the camera sees it, on an empty canvas. `unit` enlarges texts on large screens; at a higher
 * `level` less is painted, for slow machines.
 */
function filmView(canvas, places, camera, level = 0) {
	const ratio = min(2, window.devicePixelRatio || 1) * (level > 1 ? 0.75 : 1);
	const [width, height] = [canvas.clientWidth, canvas.clientHeight];
	const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
	// Setting a size clears a canvas anew, which is slow.
	if (canvas.width !== pixels[0]) canvas.width = pixels[0];
	if (canvas.height !== pixels[1]) canvas.height = pixels[1];
	const pen = canvas.getContext("2d", { alpha: false });
	pen.setTransform(1, 0, 0, 1, 0, 0);
	pen.globalAlpha = 1;
	pen.setLineDash([]);
	pen.fillStyle = colours.ground;
	pen.fillRect(0, 0, ...pixels);
	const [x, y, scale] = camera;
	const zoom = ratio * scale;
	pen.setTransform(zoom, 0, 0, zoom, pixels[0] / 2 - zoom * x, pixels[1] / 2 - zoom * y);
	pen.lineCap = "butt";
	pen.lineJoin = "round";
	const fit = min(width / places.size[0], height / places.size[1]);
	const unit = clamp(fit * places.text, places.upright ? 0.8 : 0, 1.7);
	const wires = [420, 260, 180][level]; // of the first layer
	return { pen, places, ratio, scale, unit, least: fit * places.least, width, height, wires, upright: places.upright };
}

/** Text at a place of the world, with a size of the screen: it can be read from the back of a room, unless it has a `most`. */
function letters(view, text, x, y, size, { colour = colours.text, alpha = 1, align = "center", bold = false } = {}) {
	if (alpha <= 0.01) return;
	const { pen, ratio, unit } = view;
	const m = pen.getTransform();
	const height = min(max(size * unit, view.least), (view.most ?? Infinity) * (m.a / ratio));
	pen.save();
	pen.setTransform(ratio, 0, 0, ratio, m.a * x + m.e, m.d * y + m.f);
	pen.globalAlpha = alpha;
	pen.fillStyle = colour;
	pen.font = `${bold ? 600 : 400} ${height}px ${FILM_FONT}`;
	pen.textAlign = align;
	pen.textBaseline = "middle";
	pen.fillText(text, 0, height * 0.05);
	pen.restore();
}

/** Lines of text around a place of the world: as far apart as their size on the screen asks for. */
function paintLines(view, lines, x, y, size, style) {
	const step = (1.25 * max(size * view.unit, view.least)) / view.scale;
	lines.forEach((line, n) => letters(view, line, x, y + (n - (lines.length - 1) / 2) * step, size, style));
}

/** Paints a figure of its own size into a rectangle of the world. Seen from afar its texts are small, too. */
function paintInside(view, [x, y, width], designWidth, paintFigure) {
	const { pen } = view;
	pen.save();
	pen.translate(x, y);
	pen.scale(width / designWidth, width / designWidth);
	paintFigure({ ...view, most: designWidth / 30 });
	pen.restore();
}

/** The strokes of a drawing, or the first part of them, in a square of side 1. */
function strokesPath(pen, lines, share) {
	let left = share * sum(lines.map((line) => line.length));
	pen.beginPath();
	for (const line of lines) {
		if (left <= 0) break;
		pen.moveTo(...line[0]);
		for (const point of line.slice(0, ceil(left))) pen.lineTo(...point);
		if (line.length === 1) pen.lineTo(line[0][0] + 0.01, line[0][1]); // a dot
		left -= line.length;
	}
	pen.stroke();
}

/**
 * The pad: the strokes as they were drawn, or on the way to their place among the pixels (`centred`), and the pixels that
 * they become (`sharp`).
 */
function paintPad(view, { lines, digit = null, drawn = 1, centred = 0, sharp = 0, grid = 0, frame = 1 }) {
	const { pen, places, scale } = view;
	const [x, y, side] = places.image;
	pen.globalAlpha = frame;
	pen.strokeStyle = colours.ring;
	pen.lineWidth = 1 / scale;
	pen.beginPath();
	pen.roundRect(x, y, side, side, side * 0.02);
	pen.stroke();
	pen.save();
	pen.translate(x, y);
	pen.scale(side / SIDE, side / SIDE);
	if (grid > 0) {
		pen.globalAlpha = 0.16 * grid;
		pen.strokeStyle = colours.muted;
		pen.lineWidth = 0.05;
		pen.beginPath();
		for (let k = 1; k < SIDE; k++) {
			pen.moveTo(k, 0);
			pen.lineTo(k, SIDE);
			pen.moveTo(0, k);
			pen.lineTo(SIDE, k);
		}
		pen.stroke();
	}
	if (sharp < 1 && lines.length) {
		const start = SIDE / UNITS;
		const scaled = digit ? blend(start, digit.scale, centred) : start;
		const shift = digit ? digit.shift.map((value) => value * centred) : [0, 0];
		pen.save();
		pen.globalAlpha = 1 - sharp;
		pen.translate(...shift);
		pen.scale(scaled, scaled);
		pen.strokeStyle = colours.on;
		pen.lineWidth = (2 * PEN) / scaled;
		pen.lineCap = "round";
		strokesPath(pen, lines, drawn);
		pen.restore();
	}
	if (sharp > 0) {
		pen.globalAlpha = sharp;
		pen.imageSmoothingEnabled = false;
		pen.drawImage(digit.picture, 0, 0, SIDE, SIDE);
	}
	pen.restore();
	pen.globalAlpha = 1;
}

const HEAP_COLUMNS = 40;

/** Brightnesses as a picture of white with their alpha. */
function brightPicture(image) {
	const canvas = Object.assign(make("canvas"), { width: SIDE, height: SIDE });
	const pen = canvas.getContext("2d");
	const pixels = pen.createImageData(SIDE, SIDE);
	image.forEach((value, k) => pixels.data.set([255, 255, 255, 255 * value], 4 * k));
	pen.putImageData(pixels, 0, 0);
	return canvas;
}

/** All heaps in one picture, in rows. */
class HeapWall {
	constructor() {
		this.canvas = Object.assign(make("canvas"), { width: HEAP_COLUMNS * SIDE, height: (HEAPS / HEAP_COLUMNS) * SIDE });
		this.pen = this.canvas.getContext("2d");
		this.pixels = this.pen.createImageData(SIDE, SIDE);
		this.pixels.data.fill(255);
	}

	add(n, image) {
		for (let k = 0; k < PIXELS; k++) this.pixels.data[4 * k + 3] = 255 * Math.sqrt(image[k]); // dim pixels are seen, too
		this.pen.putImageData(this.pixels, (n % HEAP_COLUMNS) * SIDE, floor(n / HEAP_COLUMNS) * SIDE);
	}
}

/** Signed values as a picture in blue and orange; their alpha is |value| / most, with a power that shows small ones. */
function signedPicture(values, width, most, power = 1) {
	const height = values.length / width;
	const canvas = Object.assign(make("canvas"), { width, height });
	const pen = canvas.getContext("2d");
	const pixels = pen.createImageData(width, height);
	const { data } = pixels;
	const [low, high] = [rgb("negative"), rgb("positive")];
	// Without arrays for each pixel: all knobs are painted anew in each frame while they tremble.
	for (let k = 0; k < values.length; k++) {
		const colour = values[k] < 0 ? low : high;
		for (let c = 0; c < 3; c++) data[4 * k + c] = colour[c];
		data[4 * k + 3] = 255 * min(1, abs(values[k]) / most) ** power;
	}
	pen.putImageData(pixels, 0, 0);
	return canvas;
}

function paintPicture(view, image, x, y, width, height = width, alpha = 1) {
	if (alpha <= 0) return;
	view.pen.globalAlpha = alpha;
	view.pen.imageSmoothingEnabled = false;
	view.pen.drawImage(image, x, y, width, height);
	view.pen.globalAlpha = 1;
}

/** The 784 inputs, and the pixels on their way to them; `flown(row, column)` is how far, from 0 to 1. */
function paintInputs(view, image, flown, alpha) {
	const { pen, places, upright } = view;
	const size = places.ribbon[2] * 0.84;
	pen.globalAlpha = 0.55 * alpha;
	pen.fillStyle = colours.line;
	pen.beginPath();
	for (let k = 0; k < PIXELS; k++) {
		const [x, y] = places.input(k);
		pen.rect(x - size / 2, y - size / 2, size, size);
	}
	pen.fill();
	const levels = range(6).map(() => []);
	const large = (0.92 * places.image[2]) / SIDE;
	for (let k = 0; k < PIXELS; k++) {
		if (image[k] < 0.04) continue;
		const [row, column] = [floor(k / SIDE), k % SIDE];
		const u = flown(row, column);
		if (u <= 0) continue;
		const [start, end] = [places.pixel(k), places.input(k)];
		const bend = Math.sin(Math.PI * u);
		const x = blend(start[0], end[0], u) + (upright ? bend * (column - 14) * 1.2 : 0);
		const y = blend(start[1], end[1], u) + (upright ? 0 : bend * (row - 14) * 2.2);
		levels[min(5, floor(image[k] * 6))].push([x, y, blend(large, size, u)]);
	}
	pen.fillStyle = colours.on;
	levels.forEach((squares, n) => {
		pen.globalAlpha = alpha * (0.25 + (0.75 * (n + 0.5)) / 6);
		pen.beginPath();
		for (const [x, y, side] of squares) pen.rect(x - side / 2, y - side / 2, side, side);
		pen.fill();
	});
	pen.globalAlpha = 1;
}

/** A straight line. */
function paintLine({ pen }, from, to, colour, width, alpha = 1) {
	if (alpha <= 0) return;
	pen.globalAlpha = alpha;
	pen.strokeStyle = colour;
	pen.lineWidth = width;
	pen.beginPath();
	pen.moveTo(...from);
	pen.lineTo(...to);
	pen.stroke();
	pen.globalAlpha = 1;
}

const WIRE_LEVELS = 16;

/**
 * Wires, each with a value from -1 to 1 for colour, width and strength, from a share of its length to another. They are
 * drawn in levels of equal strength, because each stroke call is slow.
 */
function paintWires(view, wires, layer, valueOf, { from = 0, to = 1, alpha = 1, width = 1, least = 0.02 } = {}) {
	if (alpha <= 0.01 || to <= from) return;
	const { pen, places, upright } = view;
	const levels = range(2 * WIRE_LEVELS).map(() => []);
	for (const [i, j] of wires) {
		const value = valueOf(i, j);
		const size = abs(value);
		if (size < least) continue;
		const [start, end] = [layer ? places.at(layer, i) : places.input(i), places.at(layer + 1, j)];
		const level = min(WIRE_LEVELS - 1, floor(size * WIRE_LEVELS));
		levels[2 * level + (value < 0 ? 1 : 0)].push([...blendAll(start, end, from), ...blendAll(start, end, to)]);
	}
	const thin = width * (upright ? 0.62 : 1);
	levels.forEach((lines, n) => {
		if (!lines.length) return;
		const size = (floor(n / 2) + 0.5) / WIRE_LEVELS;
		pen.globalAlpha = min(1, alpha * (0.05 + 0.9 * size));
		pen.lineWidth = thin * (0.45 + 3.1 * size);
		pen.strokeStyle = n % 2 ? colours.negative : colours.positive;
		pen.beginPath();
		for (const [x0, y0, x1, y1] of lines) {
			pen.moveTo(x0, y0);
			pen.lineTo(x1, y1);
		}
		pen.stroke();
	});
	pen.globalAlpha = 1;
}

/** Dots on wires: `placeOf` is how far each has come from the end of its wire back to its start. */
function paintDots(view, wires, layer, valueOf, placeOf, radius, alpha = 1) {
	const { pen, places } = view;
	pen.globalAlpha = alpha;
	for (const colour of ["positive", "negative"]) {
		pen.fillStyle = colours[colour];
		pen.beginPath();
		for (const [i, j] of wires) {
			const value = valueOf(i, j);
			const u = placeOf(i, j);
			if (u <= 0 || u >= 1 || value < 0 === (colour === "positive")) continue;
			const [x, y] = blendAll(places.at(layer + 1, j), layer ? places.at(layer, i) : places.input(i), u);
			const size = radius * (0.25 + Math.sqrt(min(1, abs(value))));
			pen.moveTo(x + size, y);
			pen.arc(x, y, size, 0, 7);
		}
		pen.fill();
	}
	pen.globalAlpha = 1;
}

/** A neuron: the fuller its light, the larger its activation. What is behind it is hidden. */
function paintNeuron(view, x, y, radius, activation, alpha = 1) {
	const { pen } = view;
	pen.globalAlpha = 1;
	pen.fillStyle = colours.ground;
	pen.beginPath();
	pen.arc(x, y, radius + 1, 0, 7);
	pen.fill();
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.globalAlpha = alpha * activation;
	pen.fillStyle = colours.on;
	pen.fill();
	pen.globalAlpha = alpha * (0.45 + 0.5 * activation);
	pen.strokeStyle = colours.ring;
	pen.lineWidth = radius * 0.11;
	pen.stroke();
	pen.globalAlpha = 1;
}

/**
 * Test digits, each with the network's answer below it, as bright as its output: [digit, [x, y, side], answer, alpha, alpha
 * of the answer].
 */
function paintAnswers(view, cells, size, colour = colours.on) {
	const { pen, ratio, unit } = view;
	const m = pen.getTransform();
	for (const [one, [x, y, side], , alpha] of cells) paintPicture(view, pictureOf(one), x, y, side, side, alpha);
	pen.save();
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	Object.assign(pen, { fillStyle: colour, font: `600 ${size * unit}px ${FILM_FONT}`, textAlign: "center" });
	pen.textBaseline = "top";
	for (const [, [x, y, side], { says, activation }, , alpha] of cells) {
		pen.globalAlpha = alpha * activation;
		pen.fillText(says, (m.a * (x + side / 2) + m.e) / ratio, (m.d * (y + side * 1.06) + m.f) / ratio);
	}
	pen.restore();
}

/** A yellow ring around the one thing to look at. */
function paintRing(view, x, y, radius, alpha) {
	if (alpha <= 0) return;
	const { pen } = view;
	pen.globalAlpha = alpha;
	pen.strokeStyle = colours.mark;
	pen.lineWidth = radius * 0.14;
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.stroke();
	pen.globalAlpha = 1;
}

/** A triangle up in blue or down in orange: a wish, as high as it is strong. */
function paintWish(view, x, y, height, width, alpha = 1) {
	const size = abs(height);
	if (size < 0.3 || alpha <= 0) return;
	const { pen } = view;
	const half = min(width / 2, size * 0.7);
	pen.globalAlpha = alpha;
	pen.fillStyle = tint(height);
	pen.beginPath();
	pen.moveTo(x - half, y);
	pen.lineTo(x + half, y);
	pen.lineTo(x, y - height);
	pen.fill();
	pen.globalAlpha = 1;
}

/** A rectangle in the colour of the one thing to look at, filled or as an outline. */
function paintSquare(view, x, y, side, { colour = colours.mark, filled = 1, outline = 0 } = {}) {
	const { pen } = view;
	pen.fillStyle = pen.strokeStyle = colour;
	pen.globalAlpha = filled;
	pen.fillRect(x - side / 2, y - side / 2, side, side);
	pen.globalAlpha = outline;
	pen.lineWidth = 1.4;
	pen.strokeRect(x - side / 2, y - side / 2, side, side);
	pen.globalAlpha = 1;
}

/** A closed veil over everything that has been painted. */
function paintVeil(view, alpha) {
	if (alpha <= 0) return;
	const { pen } = view;
	pen.save();
	pen.setTransform(1, 0, 0, 1, 0, 0);
	pen.globalAlpha = alpha;
	pen.fillStyle = colours.ground;
	pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
	pen.restore();
}

const ALL_ARRIVED = () => 1;

const REST_WIRES = 60; // into each layer: all of them are a mat that says nothing

/**
 * The whole network at work.
 *
 * `shown`: alpha of everything but the pad. `wave`: how far the activations have come, from 0 to 3. `flown`: of the pixels.
 * `dim(layer, k)`: alpha of a neuron. `params`: the knobs, if not those of the start. `wires`: alpha of what the wires carry,
 * `all`: whether these are all, as while the wave runs, or at rest the strongest alone; `waiting`: of the wires that carry
 * nothing yet. `says`: alpha of the ring around the brightest output. `names`: of A and B.
 */
function paintWorking(view, facts, options = {}) {
	const { shown = 1, wave = 3, flown = ALL_ARRIVED, result = facts.result, image = facts.digit.image } = options;
	const { dim = () => 1, wires = 1, waiting = 0.3, says = 0, inputs = 1, names = 1 } = options;
	const { params = facts.start.params, all = 0 } = options;
	if (shown <= 0) return;
	const { places, upright } = view;
	const { layers } = facts.start;
	layers.forEach(({ outputs, w }, layer) => {
		const list = facts.wires(layer);
		const come = clamp(wave - layer);
		const moving = come > 0 && come < 1;
		const most = facts.mostCarried(layer);
		const carried = (i, j) => {
			const value = params[w + i * outputs + j] * result.a[layer][i];
			return Math.sign(value) * min(1, abs(value) / most) ** 0.85;
		};
		const some = layer ? list : list.slice(0, view.wires);
		const isStart = result === facts.result;
		const strongest = isStart ? some : some.toSorted((p, q) => abs(carried(q[0], q[1])) - abs(carried(p[0], p[1])));
		const alpha = shown * wires * (layer ? 0.75 : 0.5);
		if (come < 1) paintWires(view, some.slice(0, 170), layer, carried, { alpha: waiting * shown, least: 0 });
		paintWires(view, strongest.slice(0, REST_WIRES), layer, carried, { to: come, alpha });
		paintWires(view, strongest.slice(REST_WIRES), layer, carried, { to: come, alpha: all * alpha });
		if (moving)
			paintWires(view, some, layer, carried, { from: max(0, come - 0.16), to: come, alpha: shown, width: 1.5 });
	});
	paintInputs(view, image, flown, shown * inputs);
	for (let layer = 1; layer <= 3; layer++) {
		const lit = part(wave, layer - 0.2, layer);
		for (let k = 0; k < sizes[layer]; k++) {
			const [x, y] = places.at(layer, k);
			paintNeuron(view, x, y, places.radius[layer], lit * result.a[layer][k], shown * dim(layer, k));
		}
	}
	["A", "B"].forEach((name, n) => {
		const [x, y] = places.at(n + 1, 0);
		const [across, down] = places.layerName;
		letters(view, name, x + across, y + down, upright ? 16 : 19, { alpha: names * shown * dim(n + 1, 0), bold: true });
	});
	const best = winner(result.a[3]);
	for (let k = 0; k < 10; k++) {
		const [x, y] = places.at(3, k);
		const marked = k === best ? says : 0;
		letters(view, k, x + places.name[0], y + places.name[1], (upright ? 15 : 19) * (1 + 0.35 * marked), {
			alpha: shown * dim(3, k) * blend(0.55, 1, marked),
			bold: marked > 0.5,
		});
	}
	paintRing(view, ...places.at(3, best), places.radius[3] * 1.35, shown * says);
}

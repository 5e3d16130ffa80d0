// --- The input of an image model: from strokes to 28 x 28 pixels.

const PEN = 1.15; // radius of a stroke in pixels
const UNITS = 1024; // the drawing field's side: points are whole numbers below it

/** A stroke rounded off: quadratic curves through the midpoints, four pieces each. */
function smooth(stroke) {
	const ends = stroke.length - 1;
	const middle = (k) => [0, 1].map((c) => (stroke[k][c] + stroke[k + 1][c]) / 2);
	const path = [stroke[0]];
	for (let k = 1; k < ends; k++) {
		const [from, to] = [k === 1 ? stroke[0] : middle(k - 1), k === ends - 1 ? stroke[ends] : middle(k)];
		for (let t = 0.25; t <= 1; t += 0.25) {
			const [u, v, w] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
			path.push([0, 1].map((c) => u * from[c] + v * stroke[k][c] + w * to[c]));
		}
	}
	return ends === 1 ? stroke : path;
}

/** The ink of lines, with each point p at p * scale + shift. Computed: browsers may falsify what is read from a canvas. */
function rasterize(lines, scale, shift) {
	const ink = new Float32Array(PIXELS);
	const reach = PEN + 0.5;
	for (const line of lines) {
		const path = line.map((p) => [p[0] * scale + shift[0], p[1] * scale + shift[1]]);
		path.forEach(([x, y], k) => {
			const [x0, y0] = path[max(0, k - 1)];
			const [dx, dy] = [x - x0, y - y0];
			const [right, bottom] = [max(x, x0) + reach, max(y, y0) + reach];
			for (let row = max(0, floor(min(y, y0) - reach)); row < min(SIDE, bottom); row++) {
				for (let col = max(0, floor(min(x, x0) - reach)); col < min(SIDE, right); col++) {
					const [px, py] = [col + 0.5 - x0, row + 0.5 - y0];
					const t = min(1, max(0, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
					const covered = min(1, reach - hypot(px - t * dx, py - t * dy));
					const at = row * SIDE + col;
					ink[at] = max(ink[at], covered);
				}
			}
		});
	}
	return ink;
}

/** As MNIST was made: fitted into 20 x 20, then the centre of mass moved to the middle of 28 x 28. */
function toImage(strokes) {
	const lines = strokes.map(smooth);
	const ranges = [0, 1].map((c) => {
		const values = lines.flat().map((p) => p[c]);
		return [min(...values), max(...values)];
	});
	// The first dot must not fill the image: what is smaller than a third of the field stays small.
	const extent = max(UNITS / 3, ...ranges.map(([low, high]) => high - low));
	const scale = (20 - 2 * PEN) / extent;
	const shift = ranges.map(([low, high]) => SIDE / 2 - ((low + high) / 2) * scale);
	let [mass, x, y] = [0, 0, 0];
	rasterize(lines, scale, shift).forEach((ink, at) => {
		mass += ink;
		x += ink * ((at % SIDE) + 0.5);
		y += ink * (floor(at / SIDE) + 0.5);
	});
	return rasterize(lines, scale, [shift[0] + SIDE / 2 - x / mass, shift[1] + SIDE / 2 - y / mass]);
}

const inside = (value) => min(UNITS - 1, max(0, value));
const strokesNow = () => shown.strokes || [];
const isEmpty = () => !strokesNow().length && shown.example === undefined && shown.noise === undefined;

function currentInput() {
	if (shown.example !== undefined) return examples.all[shown.example].input;
	const image = strokesNow().length ? toImage(strokesNow()) : new Float32Array(PIXELS);
	const values = shown.noise === undefined ? image : image.map(randomNumbers(shown.noise));
	return values.map((value) => value * white);
}

/** The middle of a pixel. */
function inputPoint(at) {
	const step = grid.side / SIDE;
	return [((at % SIDE) + 0.5) * step, grid.y + (floor(at / SIDE) + 0.5) * step];
}

function paintInputs(pen) {
	paintImage(pen, input, 0, grid.y, grid.side, white);
	pen.strokeStyle = colours.ring;
	pen.strokeRect(0.5, grid.y, grid.side, grid.side);
}

let keyPen = null; // the place of the keyboard's pen
let keyStroke = null; // the stroke that it draws, unless the stroke was taken back
const isLowered = () => strokesNow().includes(keyStroke);

function paintInput() {
	const { pen, width } = prepare($("pad"));
	if (!strokesNow().length) paintImage(pen, input, 0, 0, width, white);
	for (const stroke of strokesNow()) {
		const line = smooth(stroke).map((p) => p.map((value) => (value * width) / UNITS));
		drawLine(pen, line, colours.on, width * 0.075);
	}
	if (keyPen && isFocused($("pad"))) {
		const place = keyPen.map((value) => (value * width) / UNITS);
		drawLine(pen, [place], colours.ring, 16);
		drawLine(pen, [place], isLowered() ? colours.accent : colours.surface, 12);
	}
	$("hint").hidden = strokesNow().length > 0 || shown.noise !== undefined;
}

/** Draws with the arrow keys: Enter lowers and lifts the pen. */
function drawByKey(event) {
	const { key, shiftKey } = event;
	if (key === "Enter") {
		keyPen = keyPen || [UNITS / 2, UNITS / 4];
		keyStroke = isLowered() ? null : [[...keyPen]];
		if (keyStroke) show({ strokes: [...strokesNow(), keyStroke] });
	} else if (key.startsWith("Arrow")) {
		const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
		const by = shiftKey ? 16 : 48;
		keyPen = keyPen || [UNITS / 2, UNITS / 4];
		keyPen = [inside(keyPen[0] + x * by), inside(keyPen[1] + y * by)];
		if (isLowered()) keyStroke.push([...keyPen]);
		if (isLowered()) input = null;
	} else return;
	requestPaint();
	event.preventDefault();
}

function listenToInput() {
	const pad = $("pad");
	let stroke = null;
	let finger; // the pointer that draws; others are ignored
	const place = (event) => {
		const { left, top, width } = pad.getBoundingClientRect();
		return [event.clientX - left, event.clientY - top].map((distance) =>
			inside(Math.round((distance / width) * UNITS)),
		);
	};
	const move = (event) => {
		if (!stroke || event.pointerId !== finger) return;
		const all = event.getCoalescedEvents?.() || [];
		for (const next of [...all, event].map(place)) {
			const [x, y] = stroke.at(-1);
			if (hypot(next[0] - x, next[1] - y) >= 12) stroke.push(next);
		}
		input = null; // computed once a frame, however many events come
		requestPaint();
	};
	const end = ({ pointerId }) => {
		if (pointerId === finger) stroke = null;
	};
	listen(pad, "pointerdown", (event) => {
		if (event.button !== 0 || stroke) return;
		finger = event.pointerId;
		pad.setPointerCapture(finger);
		stroke = [place(event)];
		show({ strokes: [...strokesNow(), stroke] });
	});
	listen(pad, "pointermove", move);
	listen(pad, "pointerup", end);
	listen(pad, "pointercancel", end);
	listen(pad, "keydown", drawByKey);
	listen(pad, "focus", requestPaint);
	listen(pad, "blur", () => {
		keyStroke = null;
		requestPaint();
	});
}

const INPUT_ACTIONS = {
	clear: () => show({}),
	undo: () => show({ strokes: strokesNow().slice(0, -1) }),
	noise: () => show({ noise: floor(Math.random() * 1e6) }),
};

const inputParts = () =>
	strokesNow().length
		? {
				draw: strokesNow()
					.map((stroke) => stroke.flat().join("-"))
					.join("."),
			}
		: {};

function readInput({ draw = "" }) {
	const pairs = (text) => (text.match(/\d+-\d+/g) || []).map((pair) => pair.split("-").map(Number));
	const strokes = draw
		.split(".")
		.map(pairs)
		.filter((stroke) => stroke.length);
	const outside = strokes.flat(2).some((value) => value >= UNITS);
	return strokes.length && !outside ? { strokes } : {};
}

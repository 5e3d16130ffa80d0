// --- The input of an image model: from strokes to 28 x 28 pixels.

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

const BOX = 19.25; // pixels that a digit fills, from half of its ink at one side to half at the other

/**
 * Nearly as MNIST was made, whose digits fill 20 x 20: fitted into a box, then the centre of mass moved to the middle of
 * 28 x 28. Returns the strokes rounded off, and the scale and the shift that bring them there.
 */
function placeInImage(strokes) {
	const lines = strokes.map(smooth);
	const ranges = [0, 1].map((c) => {
		const values = lines.flat().map((p) => p[c]);
		return [min(...values), max(...values)];
	});
	// The first dot must not fill the image: what is smaller than a third of the field stays small.
	const extent = max(UNITS / 3, ...ranges.map(([low, high]) => high - low));
	const scale = (BOX - 2 * PEN) / extent;
	const shift = ranges.map(([low, high]) => SIDE / 2 - ((low + high) / 2) * scale);
	let [mass, x, y] = [0, 0, 0];
	rasterize(lines, scale, shift).forEach((ink, at) => {
		mass += ink;
		x += ink * ((at % SIDE) + 0.5);
		y += ink * (floor(at / SIDE) + 0.5);
	});
	return [lines, scale, [shift[0] + SIDE / 2 - x / mass, shift[1] + SIDE / 2 - y / mass]];
}

const toImage = (strokes) => rasterize(...placeInImage(strokes));

/** The training digits that a program has drawn: lines with a class and its strokes. */
async function readDrawn(packed) {
	const lines = new TextDecoder()
		.decode(await inflate(packed))
		.trim()
		.split("\n");
	return lines.map((line) => {
		const [label, draw] = [Number(line[0]), line.slice(2)];
		const input = toImage(strokesOf(draw)).map((value) => value * white);
		return { label, targets: targetsOf(label), input };
	});
}

/** Returns a function for the pixels of an example; two of them are a byte. */
function inputReader(buffer) {
	const pairs = new Uint8Array(buffer);
	const pixel = (at) => ((at % 2 ? pairs[at >> 1] & 15 : pairs[at >> 1] >> 4) / 15) * white;
	return (n) => ({ input: Float32Array.from({ length: PIXELS }, (_, at) => pixel(n * PIXELS + at)) });
}

// Fainter pixels are ground. No digit of MNIST's first 5,000 covers more of its image than MOST_INK; a part of a drawing
// counts as a digit from these shares of its ink and height on.
const [INK, MOST_INK, INK_SHARE, HEIGHT_SHARE] = [50 / 255, 0.36, 0.2, 0.6];

/** Why a drawing is hardly one digit; empty for most digits. */
function doubt() {
	const on = (at) => input[at] > INK * white;
	const inked = range(PIXELS).filter(on);
	if (noun !== "digit" || !inked.length) return "";
	if (inked.length > MOST_INK * PIXELS)
		return "This looks like no digit: there is more ink than in any digit it has seen. ";
	const columns = range(SIDE + 1).map((x) => inked.filter((at) => at % SIDE === x));
	const total = sum(inked.map((at) => input[at]));
	const isDigit = (part) =>
		sum(part.map((at) => input[at])) > INK_SHARE * total && tall(part) > HEIGHT_SHARE * tall(inked);
	let [part, found] = [[], 0];
	for (const column of columns) {
		if (!column.length && part.length) found += isDigit(part);
		part = column.length ? [...part, ...column] : [];
	}
	return found > 1 ? "Are these two digits? It reads one at a time. " : "";
}

/** The number of rows from the first to the last of some pixels. */
function tall(pixels) {
	const rows = pixels.map((at) => floor(at / SIDE));
	return max(...rows) - min(...rows) + 1;
}

const strokesNow = () => shown.strokes || [];
const isEmpty = () => !strokesNow().length && shown.example === undefined && shown.noise === undefined;

/** The image before it was changed to fool the network. */
function plainInput() {
	if (shown.example !== undefined) return examples.all[shown.example].input;
	const image = strokesNow().length ? toImage(strokesNow()) : new Float32Array(PIXELS);
	const values = shown.noise === undefined ? image : image.map(randomNumbers(shown.noise));
	return values.map((value) => value * white);
}

function currentInput() {
	const { change, share } = shown;
	return change ? plainInput().map((value, at) => value + share * change[at]) : plainInput();
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

let fieldPen; // of the drawing field

function paintInput() {
	const { pen, width } = prepare($("pad"));
	const strokes = shown.change ? [] : strokesNow();
	if (!strokes.length) paintImage(pen, input, 0, 0, width, white);
	for (const stroke of strokes) {
		const line = smooth(stroke).map((p) => p.map((value) => (value * width) / UNITS));
		drawLine(pen, line, colours.on, width * 0.075);
	}
	fieldPen.paint(pen, width);
	$("hint").hidden = strokesNow().length > 0 || shown.noise !== undefined;
}

function listenToInput() {
	const begin = (point) => {
		const stroke = [point];
		// A further stroke belongs to the same drawing, which may have been named.
		show({ strokes: [...strokesNow(), stroke] }, strokesNow().length ? wanted : null);
		return stroke;
	};
	const extend = () => {
		// Computed once a frame, however many events come.
		input = null;
		requestPaint();
	};
	fieldPen = new Pen($("pad"), begin, extend, (stroke) => strokesNow().includes(stroke));
}

const INPUT_ACTIONS = {
	clear: () => show({}),
	undo: () => show({ strokes: strokesNow().slice(0, -1) }),
	noise: () => show({ noise: floor(Math.random() * 1e6) }),
};

const inputParts = () => (strokesNow().length || isEmpty() ? { draw: strokesNow().map(pointsText).join(".") } : {});

function readInput({ draw = "" }) {
	const strokes = strokesOf(draw);
	return strokes.length && !isOutside(strokes) ? { strokes } : {};
}

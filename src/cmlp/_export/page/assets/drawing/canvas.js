// --- Drawing on canvases.

let colours;

/** Reads the colours of the theme. The canvas turns system colours (forced colours) into numbers. */
function readColours() {
	const style = getComputedStyle(root);
	const names = [
		"positive",
		"negative",
		"surface",
		"on",
		"off",
		"line",
		"ring",
		"text",
		"muted",
		"accent",
		"mark",
		"edge",
		"ink",
		"ground",
	];
	const pen = small.getContext("2d");
	colours = {};
	for (const name of names) {
		pen.fillStyle = style.getPropertyValue("--" + name).trim();
		colours[name] = pen.fillStyle;
	}
}

/** A cleared canvas at the screen's resolution; sizes in CSS pixels. */
function prepare(canvas) {
	const ratio = window.devicePixelRatio || 1;
	const [width, height] = [canvas.clientWidth, canvas.clientHeight];
	canvas.width = width * ratio; // also clears it
	canvas.height = height * ratio;
	const pen = canvas.getContext("2d");
	pen.scale(ratio, ratio);
	pen.font = "11px system-ui, sans-serif";
	pen.lineCap = pen.lineJoin = "round";
	return { pen, width, height };
}

/** In the light theme yellow has a dark edge, without which it would be too pale. */
const isEdged = (colour) => colour === colours.mark && colours.edge !== colour;

function drawLine(pen, points, colour, width = 1, dash = []) {
	if (isEdged(colour)) drawLine(pen, points, colours.edge, width + 1.5, dash);
	pen.strokeStyle = colour;
	pen.lineWidth = width;
	pen.setLineDash(dash);
	pen.beginPath();
	for (const [x, y] of points) pen.lineTo(x, y);
	if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]); // a dot
	pen.stroke();
}

/** A line from one point to another. */
const segment = (...ends) => [ends.slice(0, 2), ends.slice(2)];

function label(pen, text, x, y, align) {
	pen.fillStyle = colours.muted;
	pen.textAlign = align;
	pen.fillText(text, x, y);
}

let decimalPoint = "."; // as the language of what is shown writes it

/** A number with a minus sign instead of a hyphen; no sign if it rounds to 0. */
function number(value, places = 3) {
	if (!finite(value)) return "–";
	const text = value.toFixed(places);
	return text.replace("-", Number(text) ? "−" : "").replace(".", decimalPoint);
}

const twoDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, useGrouping: false });

/** Two digits that count, never with an exponent. */
function plainNumber(value) {
	if (!finite(value)) return "–";
	return value && abs(value) < 1e-4 ? "≈ 0" : twoDigits.format(value).replace("-", "−");
}

const fine = (value) => (value >= 1e-4 ? "+" : "") + plainNumber(value);

const signed = (value, places) => (Number(value.toFixed(places ?? 3)) > 0 ? "+" : "") + number(value, places);
const largest = (values) => values.reduce((top, value) => max(top, abs(value)), 0) || 1;

const small = make("canvas");
small.width = small.height = SIDE;

/** A colour of the theme as numbers. */
const rgb = (name) => [1, 3, 5].map((at) => parseInt(colours[name].slice(at, at + 2), 16));

/** 784 values as pixels: 0 to `top` from off to on, or with signs from negative to positive. */
function paintImage(pen, values, x, y, side, top, most = top || largest(values)) {
	const target = small.getContext("2d");
	const pixels = target.createImageData(SIDE, SIDE);
	const [from, low, high] = (top ? ["off", "off", "on"] : ["surface", "negative", "positive"]).map(rgb);
	values.forEach((value, at) => {
		const to = value < 0 ? low : high;
		for (let c = 0; c < 3; c++) pixels.data[at * 4 + c] = from[c] + ((to[c] - from[c]) * abs(value)) / most;
		pixels.data[at * 4 + 3] = 255;
	});
	target.putImageData(pixels, 0, 0);
	pen.imageSmoothingEnabled = false;
	pen.drawImage(small, x, y, side, side);
}

/** Values as bars from the middle: negative to the left, positive to the right. */
function paintBars(pen, values, x, y, width, height) {
	const [top, gap, middle] = [largest(values), height / values.length, x + width / 2];
	values.forEach((value, i) => {
		const length = (value / top) * (width / 2);
		pen.fillStyle = value < 0 ? colours.negative : colours.positive;
		pen.fillRect(middle + min(0, length), y + i * gap, abs(length), max(0.5, gap * 0.8));
	});
	drawLine(pen, segment(middle, y, middle, y + height), colours.ring);
}

/** Columns with names. For each name a bar of each series [colour, values], and a line where it should end. */
function paintColumns(canvas, title, names, series, goals) {
	const { pen, width, height } = prepare(canvas);
	const all = [goals || [], ...series.map(([, values]) => [...values])].flat();
	const [low, high] = [min(0, ...all), max(1, ...all)];
	const at = (value) => ((high - value) / (high - low)) * (height - 18) + 1;
	const pitch = width / names.length;
	const thick = (pitch * 0.8) / series.length;
	const words = names.map((name, n) => {
		const x = (n + 0.1) * pitch;
		[[colours.line, names.map(() => high)], ...series].forEach(([colour, values], k) => {
			const wide = k ? thick : pitch * 0.8;
			pen.fillStyle = colour;
			pen.fillRect(x + max(0, k - 1) * thick, min(at(0), at(values[n])), wide, abs(at(values[n]) - at(0)));
		});
		const rises = goals && goals[n] > series.at(-1)[1][n];
		const goal = goals && segment(x, at(goals[n]), x + pitch * 0.8, at(goals[n]));
		if (goals) drawLine(pen, goal, rises ? colours.positive : colours.negative, 2);
		label(pen, name.slice(0, pitch / 8), x + pitch * 0.4, height - 3, "center");
		return `${name}: ${series.map(([, values]) => number(values[n], 2)).join(", ")}`;
	});
	canvas.ariaLabel = `${title}: ${words.join("; ")}`;
}

/** Values of the inputs (layer 0) or of another layer: as an image where they are pixels, otherwise as bars. */
function paintValues(pen, layer, values, x, y, side, top) {
	if (white && layer === 0) paintImage(pen, values, x, y, side, top);
	else paintBars(pen, values, x + 3, y + 3, side - 6, side - 6);
}

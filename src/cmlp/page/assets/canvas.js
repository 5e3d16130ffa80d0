// --- Drawing on canvases.

let colours;

/** Reads the colours of the theme. The canvas turns system colours (forced colours) into numbers. */
function readColours() {
	const style = getComputedStyle(root);
	const names = ["positive", "negative", "surface", "on", "off", "line", "ring", "text", "muted", "accent"];
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

function drawLine(pen, points, colour, width = 1, dash = []) {
	pen.strokeStyle = colour;
	pen.lineWidth = width;
	pen.setLineDash(dash);
	pen.beginPath();
	for (const [x, y] of points) pen.lineTo(x, y);
	if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]); // a dot
	pen.stroke();
}

function label(pen, text, x, y, align) {
	pen.fillStyle = colours.muted;
	pen.textAlign = align;
	pen.fillText(text, x, y);
}

/** A number with a minus sign instead of a hyphen; no sign if it rounds to 0. */
function number(value, places = 3) {
	if (!finite(value)) return "–";
	const text = value.toFixed(places);
	return Number(text) ? text.replace("-", "−") : text.replace("-", "");
}

/** Two digits that count, with a sign. */
function fine(value) {
	const text = abs(value) < 1e-3 && value ? value.toExponential(1) : Number(value.toPrecision(2));
	return (value > 0 ? "+" : "") + (finite(value) ? String(text).replace(/-/g, "−") : "–");
}

const signed = (value, places) => (number(value, places) > 0 ? "+" : "") + number(value, places);
const largest = (values) => values.reduce((top, value) => max(top, abs(value)), 0) || 1;

const small = make("canvas");
small.width = small.height = SIDE;

/** 784 values as pixels: 0 to `top` from off to on, or with signs from negative to positive. */
function paintImage(pen, values, x, y, side, top) {
	const target = small.getContext("2d");
	const pixels = target.createImageData(SIDE, SIDE);
	const rgb = (name) => [1, 3, 5].map((at) => parseInt(colours[name].slice(at, at + 2), 16));
	const [from, low, high] = (top ? ["off", "off", "on"] : ["surface", "negative", "positive"]).map(rgb);
	const most = top || largest(values);
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
	drawLine(
		pen,
		[
			[middle, y],
			[middle, y + height],
		],
		colours.ring,
	);
}

/** Values of the inputs (layer 0) or of another layer: as an image where they are pixels, otherwise as bars. */
function paintValues(pen, layer, values, x, y, side, top) {
	if (white && layer === 0) paintImage(pen, values, x, y, side, top);
	else paintBars(pen, values, x + 3, y + 3, side - 6, side - 6);
}

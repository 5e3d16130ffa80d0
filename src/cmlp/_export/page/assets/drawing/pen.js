// --- A pen for mouse, finger and keys, on the drawing field and on the weights of a neuron.

// The radius of a stroke in pixels at half of its ink, and over how many pixels its edge fades. So the trained network reads
// 95 % of drawn digits; with a sharper edge (1.15 and 1) it reads 94 %.
const [PEN, EDGE] = [1, 2];
const BRUSH = [1.15, 1]; // the same of what paints weights
// A canvas's side: points are whole numbers below it.
const UNITS = 1024;
const inside = (value) => min(UNITS - 1, max(0, value));

/**
 * `begin(point)` returns a new stroke, or null if nothing may be drawn. `extend(stroke)` is told that a stroke has a new
 * point. `isDrawn(stroke)` tells whether a stroke is still there: it may be taken back while the keyboard's pen is down.
 */
class Pen {
	// The place of the keyboard's pen, the stroke that is being drawn, and the only pointer that draws it.
	place = null;
	stroke = null;
	finger = null;

	constructor(canvas, begin, extend, isDrawn) {
		Object.assign(this, { canvas, begin, extend, isDrawn });
		listen(canvas, "pointerdown", (event) => this.press(event));
		listen(canvas, "pointermove", (event) => this.move(event));
		for (const type of ["pointerup", "pointercancel"]) listen(canvas, type, (event) => this.lift(event));
		listen(canvas, "keydown", (event) => this.pressKey(event));
		listen(canvas, "focus", requestPaint);
		listen(canvas, "blur", () => this.leave());
	}

	isLowered() {
		return this.stroke !== null && this.isDrawn(this.stroke);
	}

	placeOf(event) {
		const { left, top, width } = this.canvas.getBoundingClientRect();
		const distances = [event.clientX - left, event.clientY - top];
		return distances.map((distance) => inside(Math.round((distance / width) * UNITS)));
	}

	press(event) {
		if (event.button !== 0 || this.finger !== null) return;
		this.stroke = this.begin(this.placeOf(event));
		if (!this.stroke) return;
		this.finger = event.pointerId;
		this.canvas.setPointerCapture(this.finger);
	}

	move(event) {
		if (event.pointerId !== this.finger) return;
		for (const next of [...(event.getCoalescedEvents?.() || []), event]) this.go(this.placeOf(next), 12);
	}

	/** Goes on to a point if it is far enough away. */
	go(point, least) {
		const [x, y] = this.stroke.at(-1);
		if (hypot(point[0] - x, point[1] - y) < least) return;
		this.stroke.push(point);
		this.extend(this.stroke);
	}

	lift({ pointerId }) {
		if (pointerId !== this.finger) return;
		this.finger = this.stroke = null;
		requestPaint();
	}

	/** Arrow keys move the pen, Enter lowers and lifts it. */
	pressKey(event) {
		const { key, shiftKey } = event;
		const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
		if (!step && key !== "Enter") return;
		event.preventDefault();
		this.place = this.place || [UNITS / 2, UNITS / 4];
		if (key === "Enter") this.stroke = this.isLowered() ? null : this.begin([...this.place]);
		else {
			this.place = this.place.map((value, c) => inside(value + step[c] * (shiftKey ? 16 : 48)));
			if (this.isLowered()) this.go([...this.place], 1);
		}
		requestPaint();
	}

	leave() {
		this.stroke = null;
		requestPaint();
	}

	/** Shows where the keyboard's pen is. */
	paint(pen, width) {
		if (!this.place || !isFocused(this.canvas)) return;
		const place = this.place.map((value) => (value * width) / UNITS);
		drawLine(pen, [place], colours.ring, 16);
		drawLine(pen, [place], this.isLowered() ? colours.mark : colours.surface, 12);
	}
}

/** The ink of lines, with each point p at p * scale + shift. Computed: browsers may falsify what is read from a canvas. */
function rasterize(lines, scale, shift, [radius, edge] = [PEN, EDGE]) {
	const ink = new Float32Array(PIXELS);
	const reach = radius + edge / 2;
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
					const covered = min(1, (reach - hypot(px - t * dx, py - t * dy)) / edge);
					const at = row * SIDE + col;
					ink[at] = max(ink[at], covered);
				}
			}
		});
	}
	return ink;
}

/** A stroke as text for the link, and back, and all strokes of a digit. */
const pointsText = (stroke) => stroke.flat().join("-");
const pointsIn = (text) => (text.match(/\d+-\d+/g) || []).map((pair) => pair.split("-").map(Number));
const strokesOf = (draw) =>
	draw
		.split(".")
		.map(pointsIn)
		.filter((stroke) => stroke.length);
const isOutside = (strokes) => strokes.flat(2).some((value) => value >= UNITS);

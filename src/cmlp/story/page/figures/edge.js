// --- Side door of scene 2: weights made by hand.

const [BAR_TOP, BORDER] = [8, -0.75];

/** Weights of 1 in 3 rows of 8 pixels, and a border in 2 rows above and below. */
function barWeights(top, border) {
	const weights = new Float64Array(PIXELS);
	for (let row = max(0, top - 2); row < min(SIDE, top + 5); row++)
		for (let column = 10; column < 18; column++)
			weights[row * SIDE + column] = row >= top && row < top + 3 ? 1 : border;
	return weights;
}
const filledBlock = Float32Array.from({ length: PIXELS }, (_, k) => {
	const [row, column] = [floor(k / SIDE), k % SIDE];
	return Number(row > 5 && row < 13 && column > 7 && column < 20);
});
const sumOver = (weights, image) => weights.reduce((total, weight, k) => total + weight * image[k], 0);

FIGURES.edge = {
	seconds: 7,
	net: "edge.net",
	stops: [0, 0.04, 0.5, 0.52, 1],
	set() {
		this.made = null;
		this.brush = 1;
		choices(
			said("edge.paint"),
			[
				[1, "+1"],
				[BORDER, number(BORDER, 2)],
				[0, "0"],
			],
			(value) => value === this.brush,
			(value) => (this.brush = value),
		);
		action(said("edge.again"), () => (this.made = null));
	},
	says() {
		if (!this.made) return;
		return said("edge.made", this.sums(this.made));
	},
	/** What weights give for the 7 and for the block. */
	sums(weights) {
		const [seven, block] = [pictures.seven.input, filledBlock].map((image) => number(sumOver(weights, image), 2));
		return { seven, block };
	},
	now(t) {
		const border = BORDER * ease(part(t, 0.55, 0.85));
		const top = t < 0.5 ? Math.round(blend(3, 20, part(t, 0.05, 0.42))) : BAR_TOP;
		return { border, top: t < 0.02 ? BAR_TOP : t >= 0.46 && t < 0.5 ? BAR_TOP : top };
	},
	paint({ pen, width, height, narrow }, t) {
		const { border, top } = this.now(t);
		const weights = this.made ?? barWeights(top, border);
		const side = min((width - 40) / 3, height * 0.45, 250);
		const gap = (width - 3 * side) / 2 - 1;
		const images = [pictures.seven.input, filledBlock];
		note(pen, said("edge.weights"), side / 2, 14);
		picture(pen, weights, 0, 20, side, 0);
		this.area = [0, 20, side];
		images.forEach((image, n) => {
			const x = (n + 1) * (side + gap);
			picture(pen, image, x, 20, side);
			const step = side / SIDE;
			pen.globalAlpha = 0.55;
			weights.forEach((weight, k) => {
				if (weight)
					box(pen, x + (k % SIDE) * step, 20 + floor(k / SIDE) * step, step, step, tint(weight), 0.55 * abs(weight));
			});
			pen.globalAlpha = 1;
			headline(
				pen,
				`${said("edge.names")[n]}: ${number(sumOver(weights, image), 2)}`,
				x + side / 2,
				14,
				"center",
				narrow ? 11 : 13,
			);
		});
		if (this.made) return this.paintFound({ pen, width, height, narrow, side });
		const frame = [40, side + 44, width - 8, height - 30];
		axes(pen, frame);
		const [left, upper, right, lower] = frame;
		const at = (place, value) => [
			left + ((place - 2) / 18) * (right - left),
			lower - (max(0, value) / 26) * (lower - upper),
		];
		note(pen, said("edge.axis")[narrow ? 1 : 0], left + 6, upper - 6, "left");
		for (const value of [0, 10, 20]) note(pen, value, left - 6, at(2, value)[1] + 4, "right");
		for (const row of [5, 10, 15, 20]) note(pen, row, at(row, 0)[0], lower + 14);
		const lastRow = t < 0.5 ? (t < 0.05 ? 2 : t < 0.44 ? top : 20) : 20;
		images.forEach((image, n) => {
			const rows = range(19)
				.map((k) => k + 2)
				.filter((row) => row <= lastRow);
			const curve = rows.map((row) => at(row, sumOver(barWeights(row, border), image)));
			const colour = n ? colours.mark : colours.text;
			drawLine(pen, curve, colour, 2.5, n ? [] : [6, 4]);
			const [x, y] = at(top, sumOver(barWeights(top, border), image));
			if (rows.length) drawLine(pen, [[x, y]], colour, 9);
		});
		const [seven, , block] = said("edge.names");
		const keys = [
			[seven, colours.text, [6, 4]],
			[block, colours.mark, []],
		];
		keys.forEach(([name, colour, dash], n) => {
			drawLine(pen, segment(right - 190 + n * 95, upper - 10, right - 166 + n * 95, upper - 10), colour, 2.5, dash);
			note(pen, name, right - 160 + n * 95, upper - 6, "left");
		});
	},
	/** The test digits that the painted weights find; sevens in a yellow frame. */
	paintFound({ pen, width, height, side, narrow }) {
		const active = examples.test.filter((one) => sumOver(this.made, one.input) > 10);
		const sevens = active.filter((one) => one.label === 7).length;
		const counts = { count: active.length, all: examples.test.length, sevens };
		headline(pen, said("edge.found", counts)[narrow ? 1 : 0], 0, side + 44, "left");
		const size = narrow ? 34 : 44;
		crowd(pen, active, [0, side + 56, width, height - side - 56], size, ({ label }) => label === 7);
	},
	put(k) {
		if (!isOpen()) return false;
		this.made ??= barWeights(BAR_TOP, BORDER);
		for (const n of [k, k + 1, k + SIDE, k + SIDE + 1]) if (n < PIXELS) this.made[n] = this.brush;
	},
	press(x, y) {
		this.drag(x, y, 0, 0);
	},
	drag(x, y, across, down) {
		pixelsOn(this.area, x, y, across, down).forEach((k) => this.put(k));
	},
	keys(across, down) {
		this.place ??= [8, 10];
		this.place = [clamp(this.place[0] + down, 0, SIDE - 1), clamp(this.place[1] + across, 0, SIDE - 1)];
		if (!across && !down) return this.put(this.place[0] * SIDE + this.place[1]);
	},
	label() {
		const sums = this.sums(this.made ?? barWeights(BAR_TOP, this.now(moment).border));
		const [row, column] = this.place ?? [];
		const brush = this.place ? said("edge.brush", { place: placeName(row * SIDE + column) }) : "";
		return `${stopWords(moment)} ${said("edge.label", sums)} ${brush}`.trim();
	},
};

// --- Chapter 2: an image as numbers, and ten numbers as the answer.

FIGURES.numbers = {
	seconds: 4,
	draws: true,
	stops: [
		[0, "A 9. Each pixel is a number; point at the image, or draw one of your own."],
		[0.5, "48 of its 784 numbers. The ten outputs are numbers as well; here 9 is by far the brightest."],
		[1, "An 8 that is almost a 9: two outputs compete. The numbers are activations, not probabilities."],
	],
	bet: {
		question: "Next comes an 8 that is almost a 9. Do its ten outputs add up to 1?",
		options: ["yes", "no, to less", "no, to more"],
		at: 0.5,
		total: () => sum([...resultOf(trained, pictures.rival.input).a[3]]),
		measure() {
			const total = this.total();
			return abs(total - 1) < 0.005 ? 0 : total < 1 ? 1 : 2;
		},
		verdict() {
			const outputs = resultOf(trained, pictures.rival.input).a[3];
			return `They add up to ${number(this.total())}: 8 holds ${number(outputs[8])}, 9 holds ${number(outputs[9])}. Each output is a number of its own; nothing makes them share.`;
		},
	},
	says: () =>
		strokesNow().length ? "Your drawing: 784 numbers, and ten outputs that need not add up to 1." : undefined,
	set() {
		this.cut = [6, 9]; // row and column of the corner
	},
	paint({ pen, width, height, narrow }, t) {
		const shown = drawnOr(t <= 0.5 ? pictures.nine.input : pictures.rival.input);
		const result = trained.forward(shown);
		const side = narrow ? 132 : min(width * 0.4, height * 0.62, 300);
		this.image = [0, 22, side];
		note(pen, "28 × 28 pixels", side / 2, 14);
		picture(pen, shown, ...this.image);
		const [row, column] = this.cut;
		const step = side / SIDE;
		frameOf(pen, column * step, 22 + row * step, 8 * step, 6 * step);
		const [left, cell] = narrow
			? [142, [(width - 144) / 8, 24]]
			: [side + 40, [min(56, (width - side - 44) / 8), side / 6.5]];
		note(pen, `rows ${row} to ${row + 5}, columns ${column} to ${column + 7}`, left + cell[0] * 4, 14);
		range(48).forEach((k) => {
			const [r, c] = [floor(k / 8), k % 8];
			const value = shown[(row + r) * SIDE + column + c];
			const go = ease(part(t * 14 - r, 0, 1.2));
			const from = [(column + c) * step, 22 + (row + r) * step, step, step];
			const [x, y, w, h] = blendAll(from, [left + c * cell[0], 22 + r * cell[1], cell[0] - 2, cell[1] - 2], go);
			if (!go) return;
			box(pen, x, y, w, h, colours.off);
			box(pen, x, y, w, h, colours.on, value);
			if (go > 0.9)
				note(pen, narrow ? number(value, 2).replace("0.", ".") : number(value, 2), x + w / 2, y + h / 2 + 4, "center", {
					colour: value > 0.5 ? colours.off : colours.on,
					size: narrow ? 11 : 13,
				});
		});
		const grown = t <= 0.5 ? part(t, 0.4, 0.5) : part(t, 0.55, 0.8);
		const y = (narrow ? 22 + 6 * 24 : 22 + side) + 20;
		const isTold = t > 0.95 || strokesNow().length > 0;
		paintColumnBars(pen, [0, y, width, height - y], result.a[3], strokesNow().length ? 1 : grown, isTold);
		if (isTold) note(pen, `ten outputs, together ${number(sum([...result.a[3]]))}`, width, y - 6, "right");
	},
	hover(x, y) {
		const k = pixelAt(x, y, this.image);
		if (k >= 0) this.cut = [clamp(floor(k / SIDE) - 3, 0, SIDE - 6), clamp((k % SIDE) - 4, 0, SIDE - 8)];
	},
	keys(across, down) {
		this.cut = [clamp(this.cut[0] + down, 0, SIDE - 6), clamp(this.cut[1] + across, 0, SIDE - 8)];
	},
	label() {
		const [row, column] = this.cut;
		return `${stopsAt(moment)[1]} Arrow keys move the cut-out, now at row ${row}, column ${column}.`;
	},
};

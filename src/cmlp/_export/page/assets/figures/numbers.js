// --- Chapter 2: an image as numbers, and ten numbers as the answer.

FIGURES.numbers = {
	seconds: 5,
	stops: [
		[0, "A 9. Each pixel is a number. Point at the image: the numbers under the frame stand beside it."],
		[0.5, "48 of its 784 numbers. The ten outputs are numbers as well; here 9 is by far the brightest."],
		[0.51, "You read a 9? It is labelled 8: the pen has filled its lower loop. How bright are its ten outputs?"],
		[1, "Two outputs compete, as they do in your eye. Draw on the image: can you make it a 9?"],
	],
	bet: {
		question: "Next: an 8 that looks like a 9. Do its ten outputs add up to 1?",
		options: ["no, to less", "no, to more", "yes"],
		at: 0.5,
		total: () => sum([...resultOf(trained, pictures.rival.input).a[3]]),
		measure() {
			const total = this.total();
			return abs(total - 1) < 0.005 ? 2 : Number(total > 1);
		},
		/** The sums of the outputs, squashed together. */
		softmax: ({ z }) => z[2].map((value) => exp(value - logSumExp(z[2]))),
		verdict() {
			const outputs = resultOf(trained, pictures.rival.input).a[3];
			return `They add up to ${number(this.total())}: ${number(outputs[8])} for 8, ${number(outputs[9])} for 9. Each is a number of its own. Another curve, softmax, would make them share: ${[8, 9].map((k) => number(this.softmax(trained.forward(pictures.rival.input))[k])).join(" and ")}, all ten together 1.`;
		},
	},
	/** The outputs by the curve that is chosen. */
	answers(result) {
		return this.isSoft ? this.bet.softmax(result) : result.a[3];
	},
	says() {
		const soft = "Softmax squashes the ten sums together, so that they add up to 1. The order stays.";
		if (!this.drawn) return this.isSoft ? soft : undefined;
		const outputs = this.answers(trained.forward(this.drawn));
		const best = winner(outputs);
		return `Drawn by you: it reads ${best}, at ${number(outputs[best])}. Each number you change moves all ten outputs a little.`;
	},
	set() {
		this.cut = [6, 9]; // row and column of the corner
		[this.drawn, this.ink, this.isSoft] = [null, 1, false];
		choices(
			"Pen",
			[
				[1, "white"],
				[0, "black"],
			],
			(ink) => ink === this.ink,
			(ink) => (this.ink = ink),
		);
		choices(
			"Curve",
			[
				[false, "sigmoid"],
				[true, "softmax"],
			],
			(isSoft) => isSoft === this.isSoft,
			(isSoft) => {
				this.isSoft = isSoft;
				moveTo(1);
			},
		);
		action("The 8 as it was", () => (this.drawn = null));
	},
	paint({ pen, width, height, narrow }, t) {
		if (t < 1) this.drawn = null;
		const shown = this.drawn ?? pictures[t <= 0.5 ? "nine" : "rival"].input;
		const result = trained.forward(shown);
		const side = narrow ? 170 : min(width * 0.4, height * 0.62);
		this.image = [0, 22, side];
		note(pen, "28 × 28 pixels", side / 2, 14);
		picture(pen, shown, ...this.image);
		const [row, column] = this.cut;
		const step = side / SIDE;
		frameOf(pen, column * step, 22 + row * step, 8 * step, 6 * step);
		const [left, cell] = narrow
			? [side + 8, [(width - side - 8) / 8, 28]]
			: [side + 30, [(width - side - 30) / 8, side / 6]];
		note(pen, `rows ${row}–${row + 5}, columns ${column}–${column + 7}`, left + cell[0] * 4, 14);
		range(48).forEach((k) => {
			const [r, c] = [floor(k / 8), k % 8];
			const value = shown[(row + r) * SIDE + column + c];
			const go = ease(part(t * 40 - r, -1.5, 0.5));
			const from = [(column + c) * step, 22 + (row + r) * step, step, step];
			const [x, y, w, h] = blendAll(from, [left + c * cell[0], 22 + r * cell[1], cell[0] - 2, cell[1] - 2], go);
			if (!go) return;
			box(pen, x, y, w, h, colours.off);
			box(pen, x, y, w, h, colours.on, value);
			const short = value > 0.995 ? 1 : value < 0.005 ? 0 : number(value, 2).slice(1);
			if (go > 0.9)
				note(pen, narrow ? short : number(value, 2), x + w / 2, y + h / 2 + 4, "center", {
					colour: value > 0.5 ? colours.off : colours.on,
					size: narrow ? 11 : 13,
				});
		});
		const grown = t <= 0.5 ? part(t, -0.02, 0.1) : part(t, 0.55, 0.8);
		const y = side + 48;
		const isTold = t > 0.95;
		const outputs = t === 1 ? this.answers(result) : result.a[3];
		paintColumnBars(pen, [0, y, width, height - y], outputs, grown, isTold);
		headline(
			pen,
			`ten outputs${isTold ? `: together ${number(sum([...outputs]))}` : ""}`,
			narrow ? 0 : side + 30,
			y - 8,
			"left",
		);
	},
	hover(x, y) {
		const k = pixelAt(x, y, this.image);
		if (k >= 0) this.cut = [clamp(floor(k / SIDE) - 3, 0, SIDE - 6), clamp((k % SIDE) - 4, 0, SIDE - 8)];
	},
	press(x, y) {
		this.hover(x, y);
		if (pixelAt(x, y, this.image) >= 0 && isOpen()) this.drag(x, y, 0, 0);
	},
	drag(x, y, across, down) {
		if (moment < 1) return;
		this.hover(x, y);
		pixelsOn(this.image, x, y, across, down).forEach((k) => this.draw(k));
	},
	/** A pen about two pixels wide. */
	draw(k) {
		this.drawn ??= pictures.rival.input.slice();
		for (const by of [0, 1, SIDE, SIDE + 1]) if (k + by < PIXELS) this.drawn[k + by] = this.ink;
	},
	keys(across, down) {
		const [row, column] = this.cut;
		if (!across && !down) return isOpen() ? this.draw((row + 3) * SIDE + column + 4) : false;
		this.cut = [clamp(this.cut[0] + down, 0, SIDE - 6), clamp(this.cut[1] + across, 0, SIDE - 8)];
	},
	label() {
		const [row, column] = this.cut;
		return `${$("stop").textContent} Arrow keys move the cut-out, now at row ${row}, column ${column}; Enter draws in its middle.`;
	},
};

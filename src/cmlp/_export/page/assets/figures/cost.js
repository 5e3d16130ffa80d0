// --- Chapter 8: a random network, and the cost of its answers.

FIGURES.cost = {
	seconds: 12,
	net: "A new network with random weights",
	stops: [
		[0, "Its ten outputs, and what they should be (blue lines). Each difference is the side of a yellow square."],
		[0.28, "One after the other they are poured into one: its area is the cost of this image."],
		[0.52, "The cost of the network is the average over many digits, here the 500 for training in this page."],
		[0.8, "Now let all ten say the same: 0.5, then 0, then 0.1. Watch the square."],
		[1, "All ten say 0.1: the small square is all that it costs. Can any other number cost less?"],
	],
	bet: {
		question: "Suppose all ten outputs say the same number, for every image. Which number costs least?",
		options: ["0.5", "0.1", "0"],
		at: 0.5,
		costs: () => [0.5, 0.1, 0].map((c) => (1 - c) ** 2 + 9 * c * c),
		measure() {
			return this.costs().indexOf(min(...this.costs()));
		},
		verdict() {
			const { mean } = FIGURES.cost;
			const [half, tenth, none] = this.costs().map((cost) => number(cost, 2));
			return `0.1 costs ${tenth}, 0.5 costs ${half}, 0 costs ${none}. The random network costs ${number(mean.at(-1), 2)}: its 13,002 knobs lose to a single number.`;
		},
	},
	says(t) {
		if (t < 1 || !this.isTurned) return;
		if (this.same === null) {
			if (this.one === pictures.nine) return "These are the random network’s own outputs.";
			return "Another digit, and nearly the same ten outputs: a random network hardly looks at the image.";
		}
		const cost = number((1 - this.same) ** 2 + 9 * this.same ** 2, 2);
		if (abs(this.same - 0.1) < 0.01)
			return `0.10, found: ${cost} is the lowest. Each digit is wanted one time in ten, so a tenth is the best blind guess.`;
		return `All say ${number(this.same, 2)}, which costs ${cost}. It can be lower.`;
	},
	set() {
		this.one = pictures.nine;
		let total = 0;
		this.mean = examples.train.map((one, n) => (total += meanCost([one])) / (n + 1));
		[this.same, this.isTurned] = [0.1, false];
		const words = (value) => (value < 0 ? "what the network says" : number(value, 2));
		this.showSame = slider("All ten outputs say", { min: -0.05, max: 1, step: 0.05, value: -0.05, words }, (value) => {
			[this.same, this.isTurned] = [value < 0 ? null : value, true];
			moveTo(1);
		});
		action("Another digit", () => {
			[this.same, this.isTurned] = [null, true];
			this.one = examples.test[(examples.test.indexOf(this.one) + 1) % examples.test.length];
		});
	},
	/** What all ten say: the numbers of the bet, and at the end what is chosen. Before, the network's own outputs (null). */
	shown(t) {
		if (t === 1) return this.same;
		return t < 0.82 ? null : blend(0.5, 0, ease(part(t, 0.86, 0.9))) + 0.1 * ease(part(t, 0.94, 0.97));
	},
	paint({ pen, width, height, narrow }, t) {
		const same = this.shown(t);
		this.showSame(same ?? -0.05);
		const outputs = same === null ? learner.forward(this.one.input).a[3] : Array(10).fill(same);
		const side = narrow ? 80 : 130;
		picture(pen, this.one.input, 0, 22, side);
		const left = side + (narrow ? 12 : 30);
		const pitch = (width - left) / 10;
		// A difference is as long at the bars as the side of its square.
		const [top, side1] = [26, min(height * 0.31, (width - left) * 0.35)];
		const bottom = top + side1;
		const rowsAt = (row) => bottom + 30 + row * ((height - bottom - 30) / 2);
		const total = sum([...outputs].map((a, j) => (a - this.one.targets[j]) ** 2));
		const unit = min(side1, min(height * 0.5, width * 0.45) / Math.sqrt(total));
		const big = [narrow ? 12 : width * 0.24, height - 34, unit * Math.sqrt(total)];
		let filled = 0;
		[...outputs].forEach((a, j) => {
			const wanted = this.one.targets[j];
			const [x, y] = [left + (j + 0.5) * pitch, (value) => bottom - value * (bottom - top)];
			box(pen, x - pitch * 0.3, top, pitch * 0.6, bottom - top, colours.line, 0.5);
			box(pen, x - pitch * 0.3, y(a), pitch * 0.6, bottom - y(a), colours.ring);
			drawLine(pen, segment(x - pitch * 0.36, y(wanted), x + pitch * 0.36, y(wanted)), colours.positive, 3);
			headline(pen, j, x, bottom + 16, "center");
			if (!narrow) note(pen, number(a, 2), x, top - 8, "center", { size: 11 });
			const gap = abs(a - wanted);
			box(pen, x - 2, min(y(a), y(wanted)), 4, gap * (bottom - top), colours.mark);
			const square = [(((j % 5) + 0.5) * width) / 5 - (gap * unit) / 2, rowsAt(floor(j / 5)), gap * unit, gap * unit];
			const share = gap ** 2 / total;
			const pour = ease(part(t, 0.29 + 0.014 * j, 0.32 + 0.014 * j));
			const strip = [big[0], big[1] - big[2] * (filled + share), big[2], big[2] * share];
			filled += share;
			const [across, down, wide, tall] = blendAll(square, strip, pour);
			box(pen, across, down, wide, tall - min(1, tall / 4), colours.mark);
			if (!pour)
				note(
					pen,
					`${narrow ? "" : `${j}: `}${number(gap ** 2, 2)}`,
					square[0] + square[2] / 2,
					square[1] + square[3] / 2 + 4,
					"center",
					{
						colour: colours.ground,
						bold: true,
					},
				);
		});
		if (t > 0.47)
			headline(
				pen,
				`cost of this ${labels[this.one.label]}: ${number(total)}`,
				big[0],
				height - 12,
				"left",
				narrow ? 12 : 14,
			);
		const seen = floor(part(t, 0.55, 0.78) * this.mean.length);
		if (!seen) return;
		const mean = same === null ? this.mean[seen - 1] : total;
		const edge = unit * Math.sqrt(mean);
		const x = narrow ? width * 0.52 : width * 0.6;
		box(pen, x, height - 34 - edge, edge, edge, colours.mark);
		headline(
			pen,
			`average of ${seen}${narrow ? "" : " digits"}: ${number(mean)}`,
			min(x, width - (narrow ? 145 : 250)),
			height - 12,
			"left",
			narrow ? 12 : 14,
		);
		if (same !== null) {
			const most = unit * Math.sqrt(this.mean.at(-1));
			outline(pen, colours.text, 1.5, x, height - 34 - most, most, most);
			const words = `${narrow ? "" : "the "}random network: ${number(this.mean.at(-1), 2)}`;
			note(pen, words, x + most / 2, height - 40 - most, "center", { colour: colours.text });
		}
		if (seen < this.mean.length)
			picture(pen, examples.train[seen].input, x + edge / 2 - 28, height - 62 - edge / 2, 56);
	},
};

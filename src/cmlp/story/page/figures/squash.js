// --- Side door of scene 2: the sigmoid, and the bias as a threshold.

FIGURES.squash = {
	seconds: 6,
	net: "edge.net",
	stops: [0, 0.02, 0.5, 0.52, 1],
	says(t) {
		const { bias } = this;
		if (t === 1 && bias !== null) return said("squash.says", { bias: number(bias, 0), sum: number(-bias, 0) });
	},
	set() {
		const weights = barWeights(BAR_TOP, BORDER);
		this.sums = examples.test.map((one) => [sumOver(weights, one.input), one.label, one]);
		this.bias = null;
		this.showBias = slider(said("squash.bias"), { min: -20, max: 10, step: 1, value: 0 }, (value) => {
			this.bias = value;
			moveTo(1);
		});
	},
	paint({ pen, width, height, narrow }, t) {
		const fall = ease(part(t, 0.02, 0.45));
		const bias = this.bias !== null && t === 1 ? this.bias : -10 * ease(part(t, 0.55, 0.95));
		this.showBias(bias);
		const frame = [44, 30, width - 12, height - 40];
		const [left, top, right, bottom] = frame;
		const at = (z, a) => [left + ((clamp(z, -24, 24) + 24) / 48) * (right - left), bottom - a * (bottom - top)];
		// Before it is squashed, a sum has no height.
		for (const a of [0, 0.5, 1]) {
			pen.globalAlpha = a ? fall : 1;
			drawLine(pen, [at(-24, a), at(24, a)], colours.line, 1, a === 0.5 ? [4, 4] : []);
			note(pen, number(a, a % 1 ? 1 : 0), left - 8, at(0, a)[1] + 4, "right");
		}
		const [activation, sumAndBias] = said("squash.axes");
		note(pen, activation, left, 16, "left");
		drawLine(
			pen,
			range(121).map((k) => at(-24 + 0.4 * k, logistic(-24 + 0.4 * k))),
			colours.ring,
			1.5,
		);
		pen.globalAlpha = 1;
		for (const z of [-20, -10, 0, 10, 20]) note(pen, number(z, 0), at(z, 0)[0], bottom + 18);
		note(pen, sumAndBias, right, bottom + 34, "right");
		const ordered = [...this.sums].sort((p, q) => (p[1] === 7) - (q[1] === 7));
		ordered.forEach(([sum7, label], n) => {
			const z = sum7 + bias;
			const line = 0.02 + ((n * 7) % 10) * 0.01;
			const [x, y] = at(z, blend(line, logistic(z), fall));
			const shake = (((n * 37) % 11) - 5) * 0.7;
			drawLine(pen, [[x, y + shake]], label === 7 ? colours.mark : colours.muted, label === 7 ? 7 : 5);
		});
		if (t > 0.45) {
			// The digits that light up: the fewer, the larger.
			const passing = this.sums.filter(([z]) => z + bias > 0);
			const counts = [passing.length, passing.filter((one) => one[1] === 7).length];
			counts.forEach((count, n) => {
				const words = said("squash.above", { bias: number(bias, 0), count })[n];
				headline(pen, words, left + (narrow ? 0 : 8), top + 24 + 20 * n, "left", narrow ? 11 : 14);
			});
			const area = [left + 8, top + 56, at(-5, 0)[0] - left - 8, bottom - top - 80];
			const fits = (size) => floor(area[2] / (size + 4)) * floor(area[3] / (size + 4)) >= passing.length;
			const side = 64 - (range(60).find((n) => fits(64 - n)) ?? 60);
			crowd(
				pen,
				passing.map((one) => one[2]),
				area,
				side,
				({ label }) => label === 7,
			);
		}
	},
};

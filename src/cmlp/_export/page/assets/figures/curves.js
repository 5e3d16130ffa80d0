// --- Chapter 16: two ways to squash, and what they leave of a wish on its way to the front.

const [CURVE_SIZES, CURVE_START] = [[784, 16, 16, 16, 16, 10], 0.55];
const [CURVE_STEPS, CURVE_KEPT] = [1500, 75]; // how far both learn, and after how many steps something is kept to be shown

FIGURES.curves = {
	seconds: 14,
	net: "Two new networks, learning here",
	stops: [
		[0, "Two curves, each with its slope (dashed). ReLU turns a negative sum into 0, and keeps a positive one."],
		[
			0.18,
			"A wish goes back from the outputs to A. Each layer multiplies it by weights, and by the slope of its curve.",
		],
		[
			CURVE_START,
			"Each bar: how much of the outputs’ wishes is left at a layer. Each layer further back multiplies again. Now both networks learn.",
		],
		[
			1,
			`${CURVE_STEPS.toLocaleString("en")} steps later, ReLU has won. Is it the curve, or the fading? Start the sigmoids with weights 3 times as large.`,
		],
	],
	bet: {
		question: "Wishes go back through four layers of sigmoids. How much of them is left at A?",
		options: ["1 in 2,000", "1 in 100", "1 in 10"],
		at: 0.3,
		arrived: () => FIGURES.curves.nets.map((one) => one.wishes[0][0]),
		measure() {
			return nearest([0.0005, 0.01, 0.1], this.arrived()[0]);
		},
		verdict() {
			const [first, second] = FIGURES.curves.until(CURVE_STEPS).map((one) => percent(one.shares.at(-1)));
			const [low, high] = this.arrived().map((share) => percent(share, share < 0.01 ? 2 : 0));
			const why =
				FIGURES.curves.scale > 1
					? "So it was the fading that held the sigmoids back. ReLU hardly fades, so ordinary weights will do: it is easier to train."
					: "Each slope is at most a quarter, so the front hardly learns. With two hidden layers it is a draw (Python: 88.4 and 87.2 %).";
			return `At the start ${low} is left at A with sigmoids, ${high} with ReLU. ${why} After ${CURVE_STEPS.toLocaleString("en")} steps: Sigmoid ${first}, ReLU ${second}.`;
		},
	},
	set() {
		this.start(1);
		choices(
			"Sigmoid weights",
			[
				[1, "× 1"],
				[3, "× 3"],
			],
			(scale) => scale === this.scale,
			(scale) => {
				this.start(scale);
				again();
				if (moment < 1) moment = 0.2;
			},
		);
		action("Spiral, 4 layers", () => goTo("playground", { preset: "fading" }));
	},
	work(t) {
		const done = () => min(...this.nets.map((one) => one.done));
		if (t <= CURVE_START) return t;
		return steadily(
			t,
			() => blend(CURVE_START, 1, done() / CURVE_STEPS),
			() => this.until(done() + 1),
		);
	},
	start(scale) {
		this.scale = scale;
		const kinds = [
			["logistic", 1.5, 2, scale],
			["relu", 0.3, 6, 1],
		];
		this.nets = kinds.map(([name, rate, factor, times]) => {
			const activations = [...Array(4).fill(name), "logistic"];
			const random = randomNumbers(1);
			const params = new Float32Array(13546);
			const net = new Network({ ...model, sizes: CURVE_SIZES, activations, parameters: Array(5).fill(0) }, params);
			net.layers.forEach(({ inputs, outputs, w, b }, l) => {
				const bound = times * Math.sqrt((l < 4 ? factor : 2) / (inputs + outputs));
				for (let k = w; k < b + outputs; k++) params[k] = bound * (2 * random() - 1);
			});
			const one = { net, rate, shares: [], wishes: [], done: 0 };
			this.keep(one);
			return one;
		});
	},
	/** Trains both as far as is asked for. */
	until(step) {
		for (const one of this.nets) {
			while (one.done < step) {
				const from = (one.done++ * 10) % examples.train.length;
				const { gradient } = one.net.gradient(examples.train.slice(from, from + 10));
				one.net.params.set(one.net.params.map((value, k) => value - one.rate * gradient[k]));
				if (one.done % CURVE_KEPT === 0) this.keep(one);
			}
		}
		return this.nets;
	},
	/** Keeps the share of right answers, and how large the wishes for each layer are beside those for the outputs. */
	keep({ net, shares, wishes }) {
		shares.push(rightShare(net));
		const all = examples.train.slice(0, 20).map((one) => net.backward(net.forward(one.input), one.targets).deltas);
		const sizes = range(5).map((l) => sum(all.map((deltas) => hypot2(deltas[l + 1]))));
		wishes.push(sizes.map((size) => size / sizes[4]));
	},
	paint({ pen, width, height, narrow }, t) {
		const step = floor(part(t, CURVE_START, 1) * CURVE_STEPS);
		this.until(step);
		const glide = ease(part(t, 0.05, 0.15));
		const size = narrow ? 11 : 14;
		const half1 = (width - 24) / 2;
		const tall = height / 2 - 14; // of a row
		const wide = width * (narrow ? 0.17 : 0.22);
		// Once the curves are explained they leave, and the right answers get their place.
		const leave = ease(part(t, 0.5, CURVE_START));
		this.nets.forEach((one, n) => {
			const y = n * (height / 2 + 6);
			const place = [n * (half1 + 24), 20, half1, height - 70];
			const [left, top, across, down] = blendAll(place, [0, y + 20, wide, tall - 50], glide);
			const f = (z) => (n ? max(0, z) / 4 : logistic(z));
			const slope = (z) => (n ? Number(z > 0) : f(z) * (1 - f(z)));
			const at = (z, value) => [left + ((z + 4) / 8) * across, top + down * (1 - value)];
			const start = width * blend(0.78, narrow ? 0.6 : 0.48, leave);
			headline(pen, ["sigmoid", "ReLU"][n], ...blendAll([left, top - 6], [start, y + 22], leave), "left", size);
			if (leave < 1) {
				pen.globalAlpha = 1 - leave;
				drawLine(pen, [at(-4, 0), at(4, 0)], colours.line);
				for (const [curve, ...style] of [
					[f, colours.text, 2.5],
					[slope, colours.muted, 1.5, [5, 4]],
				])
					drawLine(
						pen,
						range(81).map((k) => at(k / 10 - 4, curve(k / 10 - 4))),
						...style,
					);
				note(pen, `slope ${n ? 1 : narrow ? "≤ ¼" : "at most ¼"}`, left, top + down + 18, "left", { size });
				pen.globalAlpha = 1;
			}
			const from = blend(width * (narrow ? 0.2 : 0.28), 0, leave);
			if (glide === 1) this.paintRow(pen, [from, y, width, tall], start, n, step, t, narrow);
		});
	},
	/** What is left of the wishes, from the outputs at the right to A at the left, and the right answers so far of both. */
	paintRow(pen, [left, y, width, tall], start, n, step, t, narrow) {
		const { wishes, shares } = this.nets[n];
		const [low, pitch, size] = [y + tall - 34, (width * (narrow ? 0.55 : 0.42)) / 5, narrow ? 11 : 14];
		const now = wishes[floor(step / CURVE_KEPT)];
		const most = max(1, ...now); // more may arrive than was sent
		now.forEach((share, l) => {
			const come = ease(part(t, 0.42 - 0.06 * l, 0.48 - 0.06 * l));
			const x = left + l * pitch;
			const room = low - y - 24;
			box(pen, x + 2, low - room, pitch - 4, room, colours.line, 0.6);
			const grown = (room * share * come) / most;
			box(pen, x + 2, low - grown, pitch - 4, grown, n ? colours.mark : colours.positive);
			note(pen, l < 4 ? letter(l + 1) : "out", x + pitch / 2, low + 14, "center", { size });
			if (come < 1) return;
			const words = percent(share, share < 0.001 ? 2 : share < 0.01 ? 1 : 0);
			headline(pen, words, x + pitch / 2, low - room - 6, "center", size, !narrow);
			if (l < 4)
				note(pen, `${narrow ? "" : "← "}×${number(share / now[l + 1], 2)}`, x + pitch, low + 32, "center", { size });
		});
		const top = y + 50;
		headline(pen, percent(shares[floor(step / CURVE_KEPT)]), width, y + 22, "right", narrow ? 18 : 28);
		note(
			pen,
			step ? `${narrow ? "" : "right after "}${step.toLocaleString("en")} steps` : "untrained",
			width,
			y + 42,
			"right",
			{ size },
		);
		axes(pen, [start, top, width, low]);
		const place = (share, k) => [start + ((k * CURVE_KEPT) / CURVE_STEPS) * (width - start), low - share * (low - top)];
		this.nets.forEach((one, m) => {
			pen.globalAlpha = m === n ? 1 : 0.25; // the other one, to compare
			const line = one.shares.slice(0, floor(step / CURVE_KEPT) + 1).map(place);
			drawLine(pen, line, m ? colours.mark : colours.positive, m === n ? 3 : 2);
			pen.globalAlpha = 1;
		});
	},
	says(t) {
		if (this.scale === 1 || t < CURVE_START) return;
		return `With weights 3 times as large at the start, ${percent(this.nets[0].wishes[0][0])} of the wishes arrived at A, and the sigmoids learn.`;
	},
};

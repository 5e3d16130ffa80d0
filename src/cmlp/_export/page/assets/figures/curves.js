// --- Chapter 16: sigmoid and ReLU side by side, and softmax.

const [CURVE_SIZES, CURVE_STEPS] = [[784, 16, 16, 16, 16, 10], 600];

FIGURES.curves = {
	seconds: 14,
	net: "Two new networks, learning here",
	stops: [
		[0, "Dashed: the slope of each curve. The bars: how long the gradient of each layer is, from A to the outputs."],
		[0.05, "Both train here, with the same digits in the same order."],
		[1, "Below: softmax, another curve, squashes all ten outputs together, so that they add up to 1."],
	],
	bet: {
		question: `After ${CURVE_STEPS} steps of ten digits, which network reads more test digits?`,
		options: ["sigmoid", "ReLU", "a draw"],
		gap: () => FIGURES.curves.until(CURVE_STEPS).map((one) => one.shares.at(-1)),
		measure() {
			const [first, second] = this.gap();
			return abs(first - second) < 0.05 ? 2 : Number(second > first);
		},
		verdict() {
			const [first, second] = this.gap();
			const why =
				FIGURES.curves.scale > 1
					? "With larger weights at the start, more of each wish arrives at the front, and the sigmoids learn as well."
					: "Each sigmoid multiplies a wish by its slope, at most a quarter; behind four of them little is left. With two hidden layers it is a draw (Python: 88.4 and 87.2 %). ReLU has its own trouble: it needs a smaller rate.";
			return `Sigmoid ${percent(first)}, ReLU ${percent(second)}. ${why}`;
		},
	},
	set() {
		this.start(1);
		action("Playground", () => goTo("playground", { preset: "fading" }));
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
			},
		);
	},
	work(t) {
		const behind = () => this.nets[Number(this.nets[1].shares.length < this.nets[0].shares.length)];
		return steadily(
			t,
			() => ((behind().shares.length - 1) * 30) / CURVE_STEPS,
			() => this.advance(behind()),
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
			return { net, rate, shares: [], lengths: [], done: 0 };
		});
		this.until(0);
	},
	/** Trains both as far as is asked for. */
	until(step) {
		for (const one of this.nets) while (one.shares.length <= step / 30) this.advance(one);
		return this.nets;
	},
	/** Takes a step; before the first and after each 30 keeps the share of right answers and the gradients' lengths. */
	advance(one) {
		if (one.done === one.shares.length * 30) {
			one.shares.push(rightShare(one.net));
			const { gradient } = one.net.gradient(examples.train.slice(0, 20));
			one.lengths.push(one.net.layers.map(({ w, b, outputs }) => hypot2(gradient.subarray(w, b + outputs))));
			return;
		}
		const from = (one.done++ * 10) % examples.train.length;
		const { gradient } = one.net.gradient(examples.train.slice(from, from + 10));
		one.net.params.set(one.net.params.map((value, k) => value - one.rate * gradient[k]));
	},
	paint({ pen, width, height, narrow }, t) {
		const step = floor((t * CURVE_STEPS) / 30) * 30;
		this.until(step);
		const now = this.nets.map((one) => one.shares[step / 30]);
		const wide = narrow ? width * 0.38 : width * 0.34;
		const graph = height * (narrow ? 0.26 : 0.34);
		const size = narrow ? 11 : 13;
		this.nets.forEach((one, n) => {
			const x = n ? width - wide : 0;
			headline(pen, ["sigmoid", "ReLU"][n], x, 14, "left");
			const f = (z) => (n ? max(0, z) / 4 : logistic(z));
			const slope = (z) => (n ? Number(z > 0) : f(z) * (1 - f(z)));
			const at = (z, value) => [x + ((z + 4) / 8) * wide, 20 + graph * (1 - value)];
			drawLine(pen, [at(-4, 0), at(4, 0)], colours.line);
			drawLine(
				pen,
				range(81).map((k) => at(k / 10 - 4, f(k / 10 - 4))),
				colours.text,
				2.5,
			);
			drawLine(
				pen,
				range(81).map((k) => at(k / 10 - 4, slope(k / 10 - 4))),
				colours.muted,
				1.5,
				[5, 4],
			);
			note(pen, n ? "slope 1" : "slope ≤ 0.25", n ? at(0.2, 0)[0] : x, at(0, 0.84)[1], "left", {
				size,
			});
			const [top, room] = [graph + 56, height * (narrow ? 0.2 : 0.23)];
			note(pen, narrow ? "its gradient" : "length of the gradient, front layer to outputs", x, top - 12, "left", {
				size,
			});
			const lengths = one.lengths[step / 30];
			const longest = max(...lengths, 1e-9);
			lengths.forEach((length, l) => {
				const pitch = wide / 5;
				box(pen, x + l * pitch + 2, top, pitch - 4, room, colours.line, 0.6);
				const high = (length / longest) * room;
				box(pen, x + l * pitch + 2, top + room - high, pitch - 4, high, colours.ring);
				note(pen, l < 4 ? letter(l + 1) : "out", x + l * pitch + pitch / 2, top + room + 14, "center", { size });
			});
			headline(pen, percent(now[n]), x + wide / 2, top + room + 40, "center", narrow ? 16 : 22);
		});
		const middle = width / 2;
		const gap = abs(Math.round(100 * now[1]) - Math.round(100 * now[0]));
		headline(pen, gap, middle, height * 0.34, "center", narrow ? 30 : 56);
		note(pen, `point${gap === 1 ? "" : "s"} apart`, middle, height * 0.34 + 22);
		note(pen, `step ${step}`, middle, height * 0.34 + 42);
		// Right answers over the steps.
		const margin = narrow ? 10 : 40;
		const [left, high, right, low] = [wide + margin, height * 0.34 + 66, width - wide - margin, height - 84];
		axes(pen, [left, high, right, low]);
		this.nets.forEach(({ shares }, n) => {
			const place = (share, k) => [left + ((k * 30) / CURVE_STEPS) * (right - left), low - share * (low - high)];
			const line = shares.slice(0, step / 30 + 1).map(place);
			drawLine(pen, line, n ? colours.mark : colours.text, 2.5, n ? [] : [5, 4]);
			if (narrow) note(pen, ["- - sigmoid", "— ReLU"][n], middle, low + 16 + 14 * n);
			else note(pen, ["- - sigmoid", "— ReLU"][n], n ? right : left, low + 16, n ? "right" : "left");
		});
		note(pen, narrow ? "right" : "test digits right", left + 6, high + 4, "left");
		if (t < 0.99) return;
		const { z, a } = resultOf(trained, pictures.rival.input);
		const total = logSumExp(z[2]);
		const both = [[...a[3]], [...z[2]].map((value) => exp(value - total))];
		const [top, row] = [height - 44, 18];
		note(pen, "the 8 that is almost a 9:", 0, top, "left", { colour: colours.text, size: narrow ? 11 : 12 });
		both.forEach((values, n) => {
			const words = `${["sigmoid", "softmax"][n]}: 8 holds ${number(values[8])}, 9 holds ${number(values[9])}, all ten ${number(sum(values))}`;
			note(pen, words, narrow ? 0 : 170, top + row * (narrow ? n + 1 : n), "left", {
				colour: colours.text,
				size: narrow ? 11 : 12,
			});
		});
	},
};

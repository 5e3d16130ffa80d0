// --- Chapter 11: a network learns in the page.

const LEARN_STEPS = 500;

FIGURES.learn = {
	seconds: 12,
	net: "A new network, learning here",
	stops: [
		[0, "The weights of A1 to A16 are random, and so are the ten outputs for this 9."],
		[0.04, "It learns here, from this page’s 500 training digits, ten at a time."],
		[0.16, "For a while the cost stays at 0.9: all ten say 0.1, the answer of chapter 8."],
		[1, "The cost has fallen, and more digits are right. Does it learn better at another rate?"],
	],
	bet: {
		question: "After 500 steps of ten digits: how many test digits, never seen, will it read correctly?",
		options: ["50 %", "80 %", "95 %"],
		measure() {
			const share = FIGURES.learn.until(LEARN_STEPS).at(-1).share;
			return nearest([0.5, 0.8, 0.95], share);
		},
		verdict() {
			const [first, last] = [FIGURES.learn.known[0], FIGURES.learn.until(LEARN_STEPS).at(-1)];
			const end = tale.history.at(-1);
			return `From ${percent(first.share)} to ${percent(last.share)}, while the cost fell from ${number(first.cost, 2)} to ${number(last.cost, 2)}. With 5,000 digits and 30 passes: ${end[1]} %. There the cost goes on falling; the digits do not: it learns the 5,000 by heart.`;
		},
	},
	set() {
		this.before = null; // what it read with the first rate
		const begin = (rate) => {
			restart(1);
			Object.assign(this, { rate, known: [], steps: 0 });
			this.until(0);
		};
		begin(2);
		choices(
			"Learning rate",
			[0.1, 2, 10].map((rate) => [rate, rate]),
			(rate) => rate === this.rate,
			(rate) => {
				if (!$("verdict").textContent && !isOpen()) return;
				this.before ??= this.known.at(-1).share;
				begin(rate);
				replay(0);
			},
		);
	},
	/** The answer to another rate; the verdict is about the bet. */
	says(t) {
		if (this.before === null) return;
		const { rate } = this;
		if (t < 1) return `Learning rate ${rate}, from the same random weights.`;
		const [share, most] = [this.until(LEARN_STEPS).at(-1).share, this.before].map((value) => percent(value));
		if (rate === 2) return `Rate 2: ${share} right.`;
		return rate < 2
			? `Rate ${rate} is too slow: after 500 steps ${share} are right, with rate 2 ${most}.`
			: `Rate ${rate} leaps too far: the cost hardly falls below 0.9, and ${share} are right, with rate 2 ${most}.`;
	},
	work(t) {
		return steadily(
			t,
			() => ((this.known.length - 1) * 10) / LEARN_STEPS,
			() => this.advance(),
		);
	},
	/** Trains as far as is asked for, and keeps a state every 10 steps: so the slider can go back. */
	until(step) {
		while (this.known.length <= step / 10) this.advance();
		return this.known;
	},
	advance() {
		if (this.steps < this.known.length * 10) {
			this.steps++;
			return learn(this.rate, 10);
		}
		this.known.push({
			weights: learner.params.slice(0, learner.layers[0].b),
			outputs: learner.forward(pictures.nine.input).a[3],
			share: rightShare(learner),
			cost: meanCost(examples.train.slice(0, 100)),
		});
	},
	paint({ pen, width, height, narrow }, t) {
		const step = floor((t * LEARN_STEPS) / 10) * 10;
		const now = this.until(step)[step / 10];
		const [left, columns] = [34, 8];
		const pitch = min((width - (narrow ? 4 : 190)) / columns, (height * 0.5) / 2);
		const low = pitch * 2 + (narrow ? 86 : 0);
		range(16).forEach((j) => {
			const values = Float32Array.from({ length: PIXELS }, (_, i) => now.weights[i * 16 + j]);
			paintImage(pen, values, (j % columns) * pitch, floor(j / columns) * pitch, pitch - 6, 0);
		});
		// A digit that it has never seen, and its ten outputs.
		if (narrow) {
			picture(pen, pictures.nine.input, 0, pitch * 2 + 10, 50);
			paintColumnBars(pen, [60, pitch * 2 - 4, width - 60, 82], now.outputs, 1);
		} else {
			const [x, row] = [pitch * 8 + 60, (pitch * 2) / 10];
			picture(pen, pictures.nine.input, x - 52, pitch - 27, 54);
			paintOutputs(pen, { at: (_, k) => [x, row * (k + 0.45)], radius: 6, outputs: width - x }, now.outputs);
		}
		const isDone = t === 1;
		const wide = narrow || !isDone ? width : width * 0.55;
		const frame = [left, low + 30, wide - 44, height - 24];
		const points = this.known.slice(0, step / 10 + 1);
		chartOf(
			pen,
			frame,
			points.map(({ cost }) => cost),
			points.map(({ share }) => share),
			51,
			"500 steps here",
			narrow,
		);
		if (!isDone || narrow) return;
		const other = [wide + 34, frame[1], width - 44, frame[3]];
		chartOf(
			pen,
			other,
			tale.history.map(([cost]) => cost),
			tale.history.map(([, right]) => right / 100),
			31,
			"30 passes over 5,000, recorded",
		);
	},
};

/** Cost (a line, scale at the left) and share of right answers (dashed, at the right) over time. */
function chartOf(pen, frame, costs, shares, count, name, narrow) {
	const [left, top, right, bottom] = frame;
	const at = (n, share) => [left + (n / (count - 1)) * (right - left), bottom - clamp(share) * (bottom - top)];
	for (const share of [0, 0.5, 1]) {
		drawLine(pen, [at(0, share), at(count - 1, share)], colours.line);
		note(pen, number(3.2 * share, 1), left - 6, at(0, share)[1] + 4, "right");
		note(pen, percent(share), right + 6, at(0, share)[1] + 4, "left");
	}
	drawLine(pen, [at(0, 0.9 / 3.2), at(count - 1, 0.9 / 3.2)], colours.ring, 1, [2, 4]);
	note(pen, "··· 0.9: all say 0.1", left, bottom + 16, "left");
	drawLine(
		pen,
		costs.map((cost, n) => at(n, cost / 3.2)),
		colours.text,
		2.5,
	);
	drawLine(
		pen,
		shares.map((share, n) => at(n, share)),
		colours.positive,
		2.5,
		[6, 5],
	);
	note(pen, name, right, bottom + 16, "right");
	note(pen, `— cost ${number(costs.at(-1), 2)}`, left, top - 10, "left", { colour: colours.text });
	note(pen, `- - right ${percent(shares.at(-1))}`, left + (narrow ? 92 : 110), top - 10, "left", {
		colour: colours.positive,
	});
}

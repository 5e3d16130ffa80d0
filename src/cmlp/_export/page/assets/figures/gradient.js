// --- Chapter 9: random directions against the gradient.

const [STEP_LENGTH, TRIES] = [0.1, 200];

FIGURES.gradient = {
	seconds: 9,
	net: "half",
	stops: [
		[0, "The half-trained network. Each bar: how the cost of 100 training digits changes with a step 0.1 long."],
		[0.55, "200 random directions: some up, some down, all of them nearly nothing."],
		[0.62, "The same step along the gradient, and against it: the bars leave the frame."],
		[0.76, "From further away: now they fit, and the 200 random steps are dust."],
		[1, "Below, the numbers of the gradient, sorted. Most knobs hardly matter; those of dark pixels not at all."],
	],
	bet: {
		question:
			"A step against the gradient lowers the cost. How much of that does the best of 200 random steps achieve?",
		options: ["a half", "a tenth", "below 1/20"],
		at: 0.55,
		ratio() {
			const one = FIGURES.gradient;
			one.try(TRIES);
			return min(...one.changes.slice(0, TRIES)) / one.down;
		},
		measure() {
			return this.ratio() > 0.25 ? 0 : this.ratio() > 0.05 ? 1 : 2;
		},
		verdict() {
			return `By 1/${number(1 / this.ratio(), 0)} of it. In 13,002 directions a random step is nearly at right angles to the slope; the gradient points straight up it, and its negative down.`;
		},
	},
	set() {
		this.digits = examples.train.slice(0, 100);
		this.start = Float64Array.from(half.params);
		this.base = this.costAt(this.start, 0, this.start);
		const { gradient } = half.gradient(this.digits);
		const length = hypot2(gradient);
		Object.assign(this, { gradient, length, changes: [], random: randomNumbers(5), more: 0 });
		[this.up, this.down] = [1, -1].map((way) => this.costAt(gradient, (way * STEP_LENGTH) / length) - this.base);
		this.sorted = gradient.slice().sort();
		action("Try 200 more", () => isOpen() && this.try(this.changes.length + TRIES));
	},
	costAt(direction, by) {
		const net = new Network(model, by ? this.start.map((value, k) => value + by * direction[k]) : this.start);
		return sum(this.digits.map((one) => net.compare(net.forward(one.input), one.targets).cost)) / this.digits.length;
	},
	try(count) {
		while (this.changes.length < count) {
			const direction = this.start.map(() => this.random() + this.random() + this.random() - 1.5);
			this.changes.push(this.costAt(direction, STEP_LENGTH / hypot2(direction)) - this.base);
		}
	},
	paint({ pen, width, height, narrow }, t) {
		const shown = t < 0.55 ? ceil(part(t, 0, 0.53) * TRIES) : max(TRIES, this.changes.length);
		this.try(shown);
		const middle = height * 0.3;
		const [left, right, reach] = [8, width * 0.78, height * 0.24];
		const far = ease(part(t, 0.63, 0.76));
		const unit = (reach / 0.0008) * (0.0008 / max(this.up, -this.down)) ** far;
		drawLine(pen, segment(left, middle, width, middle), colours.ring);
		note(pen, "cost rises", left, 14, "left");
		note(pen, "cost falls", left, middle + reach + 4, "left");
		const seen = this.changes.slice(-TRIES);
		seen.forEach((change, n) => {
			const x = left + ((n + 0.5) * (right - left)) / TRIES;
			box(
				pen,
				x - 1,
				middle - max(0, change) * unit,
				max(1, (right - left) / TRIES - 1),
				abs(change) * unit,
				change > 0 ? colours.negative : colours.positive,
			);
		});
		const best = min(...this.changes);
		if (t >= 0.55)
			note(pen, `best of ${this.changes.length}: ${number(best, 5)}`, right, middle + reach + 4, "right", {
				colour: colours.text,
			});
		const grown = part(t, 0.58, 0.61);
		[this.up, this.down].forEach((change, n) => {
			if (!grown) return;
			const x = width * (0.84 + 0.1 * n);
			const size = min(reach + 4, abs(change) * unit * grown);
			box(pen, x - 12, n ? middle : middle - size, 24, size, n ? colours.positive : colours.negative);
			if (grown < 1) return;
			note(pen, `${n ? "▼" : "▲"} ${signed(change, 4)}`, min(x, width - 32), n ? middle + reach + 28 : 12, "center", {
				colour: colours.text,
				size: narrow ? 11 : 12,
				bold: true,
			});
		});
		if (far === 1) {
			const words = `${number(this.down / best, 0)} times the best of ${this.changes.length}`;
			headline(pen, words, right, middle + reach - 14, "right", narrow ? 12 : 16);
		}
		const rise = part(t, 0.78, 0.97);
		if (!rise) return;
		const [top, bottom] = [height * 0.62, height - 24];
		const zero = (top + bottom) / 2;
		const most = largest(this.gradient);
		note(
			pen,
			narrow ? "the gradient, sorted" : "13,002 numbers of the gradient, sorted by size",
			left,
			top - 6,
			"left",
		);
		drawLine(pen, segment(left, zero, width - 8, zero), colours.line);
		const count = this.sorted.length;
		range(400).forEach((n) => {
			const value = this.sorted[floor(((n + 0.5) / 400) * count)];
			if (n / 400 > rise) return;
			const x = left + (n / 400) * (width - 16);
			const extreme = n === 0 ? this.sorted[0] : n === 399 ? this.sorted[count - 1] : value;
			const size = (abs(extreme) / most) * (zero - top);
			box(pen, x, extreme > 0 ? zero - size : zero, (width - 16) / 400, size, tint(-extreme));
		});
		if (rise < 1) return;
		const k = this.gradient.findIndex((value) => abs(value) === most);
		const zeros = this.gradient.filter((value) => value === 0).length;
		note(pen, `largest: ${knobName(k)}, ${signed(this.gradient[k], 4)}`, width - 8, height - 6, "right");
		note(pen, `exactly 0: ${zeros.toLocaleString("en")}`, left, height - 6, "left");
	},
};

const hypot2 = (values) => Math.sqrt(values.reduce((total, value) => total + value * value, 0));

/** Which weight or bias the k-th parameter is. */
function knobName(k) {
	const l = trained.layers.findIndex(({ b, outputs }) => k < b + outputs);
	const { w, b, outputs } = trained.layers[l];
	const to = neuronName(l + 1, k < b ? (k - w) % outputs : k - b).replace("Output", "output");
	if (k >= b) return `bias of ${to}`;
	const from = floor((k - w) / outputs);
	return `weight from ${l ? neuronName(l, from) : placeName(from)} to ${to}`;
}

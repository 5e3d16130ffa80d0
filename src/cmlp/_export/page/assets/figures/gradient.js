// --- Chapter 9: random directions against the gradient.

const [STEP_LENGTH, TRIES] = [0.1, 200];

FIGURES.gradient = {
	seconds: 10,
	net: "half",
	stops: [
		[
			0,
			"The half-trained network. Each bar is one step of length 0.1: how does the cost of 100 training digits change?",
		],
		[0.5, "200 random directions: some raise the cost, some lower it, all of them by almost nothing."],
		[0.58, "The same step along the gradient, and against it: the bars leave the frame."],
		[0.78, "Now sorted by the angle to the gradient. Chance always ends at 90 degrees: it walks along the slope."],
		[1, "Turn a step from the gradient’s direction to its opposite. Below: the gradient, one number for each knob."],
	],
	bet: {
		question:
			"A step against the gradient lowers the cost. By what part of that does the best of 200 random steps lower it?",
		options: ["a half", "a tenth", "below 1/20"],
		at: 0.5,
		ratio() {
			const one = FIGURES.gradient;
			one.try(TRIES);
			return min(...one.tries.slice(0, TRIES).map(([change]) => change)) / one.down;
		},
		measure() {
			return this.ratio() > 0.25 ? 0 : this.ratio() > 0.05 ? 1 : 2;
		},
		verdict() {
			return `Only 1/${number(1 / this.ratio(), 0)} of it. Among 13,002 directions a random one is nearly at right angles to the slope. The gradient points straight uphill, and its negative straight downhill.`;
		},
	},
	set() {
		this.digits = examples.train.slice(0, 100);
		this.start = Float64Array.from(half.params);
		this.base = this.costAt(this.start, 0);
		const { gradient } = half.gradient(this.digits);
		Object.assign(this, { gradient, length: hypot2(gradient), tries: [], random: randomNumbers(5), angle: 135 });
		this.sorted = gradient.slice().sort();
		// A step in the plane of the gradient and the first random direction.
		const straight = gradient.map((value) => value / this.length);
		const first = this.direction();
		const along = dot2(first, straight);
		const aside = first.map((value, k) => value - along * straight[k]);
		const size = hypot2(aside);
		this.curve = range(37).map((n) => {
			const [c, s] = [Math.cos((n * Math.PI) / 36), Math.sin((n * Math.PI) / 36) / size];
			return (
				this.costAt(
					straight.map((value, k) => c * value + s * aside[k]),
					STEP_LENGTH,
				) - this.base
			);
		});
		[this.up, this.down] = [this.curve[0], this.curve[36]];
		slider("Angle to the gradient, in degrees", { min: 0, max: 180, step: 5, value: 135 }, (value) => {
			this.angle = value;
			moveTo(1);
		});
		action("Try 200 more", () => isOpen() && this.try(this.tries.length + TRIES));
	},
	costAt(direction, by) {
		const net = new Network(
			model,
			this.start.map((value, k) => value + by * direction[k]),
		);
		return sum(this.digits.map((one) => net.compare(net.forward(one.input), one.targets).cost)) / this.digits.length;
	},
	direction() {
		const direction = this.start.map(() => this.random() + this.random() + this.random() - 1.5);
		const length = hypot2(direction);
		return direction.map((value) => value / length);
	},
	/** Random directions: [change of the cost, angle to the gradient in degrees]. */
	try(count) {
		while (this.tries.length < count) {
			const direction = this.direction();
			const angle = Math.acos(dot2(direction, this.gradient) / this.length);
			this.tries.push([this.costAt(direction, STEP_LENGTH) - this.base, (angle * 180) / Math.PI]);
		}
	},
	paint({ pen, width, height, narrow }, t) {
		const shown = t < 0.5 ? ceil(part(t, 0, 0.48) * TRIES) : max(TRIES, this.tries.length);
		this.try(shown);
		const [left, right, top, bottom] = [8, width - 8, 26, height * 0.66];
		const middle = (top + bottom) / 2;
		const reach = middle - top;
		const [far, turned] = [ease(part(t, 0.6, 0.68)), ease(part(t, 0.69, 0.77))];
		const unit = (reach / 0.0008) * (0.0008 / max(this.up, -this.down)) ** far;
		const at = (angle, change) => [left + 16 + (angle / 180) * (right - left - 32), middle - change * unit];
		drawLine(pen, segment(left, middle, right, middle), colours.ring);
		note(pen, "▲ cost rises", left, 14, "left");
		note(pen, "▼ cost falls", left, bottom + 4, "left");
		if (turned === 1) {
			drawLine(
				pen,
				this.curve.map((change, n) => at(5 * n, change)),
				colours.muted,
				1.5,
			);
			for (const angle of [0, 45, 90, 135, 180])
				note(pen, `${angle}°`, at(angle, 0)[0], middle + (angle > 90 ? -8 : 18));
		}
		const seen = this.tries.slice(-TRIES);
		seen.forEach(([change, angle], n) => {
			const x = blend(left + ((n + 0.5) * width * 0.76) / TRIES, at(angle, 0)[0], turned);
			const wide = max(1.5, (width * 0.76) / TRIES - 1);
			box(pen, x - wide / 2, middle - max(0, change) * unit, wide, abs(change) * unit, tint(-change));
			if (turned) drawLine(pen, [[x, middle - change * unit]], colours.text, 4 * turned);
		});
		const best = min(...this.tries.map(([change]) => change));
		const grown = part(t, 0.54, 0.57);
		[this.up, this.down].forEach((change, n) => {
			if (!grown) return;
			const x = blend(width * (0.84 + 0.1 * n), at(180 * n, 0)[0], turned);
			const size = min(reach - 12 * n, abs(change) * unit * grown);
			box(pen, x - 12, n ? middle : middle - size, 24, size, tint(-change));
			if (grown < 1) return;
			const across = turned ? (n ? right : left + 110) : min(x, width - 34);
			const side = turned ? (n ? "right" : "left") : "center";
			headline(pen, `${n ? "▼" : "▲"} ${signed(change, 4)}`, across, n ? bottom + 4 : 14, side, 12);
		});
		if (t >= 0.5 && (turned === 0 || turned === 1)) {
			const words = `best of ${this.tries.length}: ${number(best, 5)}`;
			headline(
				pen,
				words,
				width * (turned ? 0.25 : 0.5),
				turned ? middle + 50 : bottom + 4,
				"center",
				narrow ? 12 : 14,
			);
			const times = `${narrow ? "gradient" : "against the gradient"}: ${number(this.down / best, 0)} times as much`;
			if (turned) note(pen, times, width * 0.25, middle + 70);
		}
		if (t === 1) {
			const change = this.curve[this.angle / 5];
			const place = at(this.angle, change);
			drawLine(pen, [at(this.angle, 0), place], colours.mark, 3);
			drawLine(pen, [place], colours.mark, 13);
			if (this.angle % 180)
				headline(
					pen,
					signed(change, 4),
					clamp(place[0] - (change < 0) * 36, 40, width - 40),
					place[1] + (change > 0 ? -12 : 14),
					"center",
				);
		}
		const rise = part(t, 0.8, 0.97);
		if (!rise) return;
		const [high, low] = [bottom + 36, height - 22];
		const zero = (high + low) / 2;
		const most = largest(this.gradient);
		const zeros = this.gradient.filter((value) => value === 0).length.toLocaleString("en");
		const sorted = narrow ? "the gradient, sorted" : "the 13,002 numbers of the gradient, sorted";
		note(pen, `${sorted}; ${zeros} are 0 (dark pixels)`, width / 2, high - 6);
		drawLine(pen, segment(left, zero, right, zero), colours.line);
		const count = this.sorted.length;
		range(400).forEach((n) => {
			if (n / 400 > rise) return;
			const value = this.sorted[n === 399 ? count - 1 : floor((n / 400) * count)];
			const size = (abs(value) / most) * (zero - high);
			const x = left + (n / 400) * (right - left);
			box(pen, x, value > 0 ? zero - size : zero, (right - left) / 400, size, tint(-value));
		});
		if (rise < 1) return;
		// Names at the ends, and of the zeros in the middle.
		const nameOf = (value) => `${knobName(this.gradient.indexOf(value))}, ${signed(value, 4)}`;
		const [least, top2] = [this.sorted[0], this.sorted[count - 1]];
		note(pen, `${abs(least) === most ? "largest: " : ""}${nameOf(least)}`, left, height - 6, "left");
		if (!narrow) note(pen, `${top2 === most ? "largest: " : ""}${nameOf(top2)}`, right, height - 6, "right");
	},
};

const dot2 = (p, q) => p.reduce((total, value, k) => total + value * q[k], 0);
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

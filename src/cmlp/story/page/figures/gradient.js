// --- Side door of scene 5: random directions against the gradient.

const [STEP_LENGTH, TRIES] = [0.1, 200];

FIGURES.gradient = {
	seconds: 10,
	net: "gradient.net",
	stops: [0, 0.3, 0.4, 0.78, 1],
	set() {
		this.facts = film.factsNow();
		this.start = this.facts.start.params;
		this.base = this.facts.cost;
		const gradient = this.facts.turns.map((value) => -value);
		Object.assign(this, {
			gradient,
			length: hypot2(gradient),
			tries: [],
			random: randomNumbers(5),
			angle: 90,
			more: false,
			goal: TRIES,
		});
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
		this.seen = range(37).map((n) => n === 18); // the angles that were tried, in steps of 5 degrees
		slider(said("gradient.turn"), { min: 0, max: 180, step: 5, value: 90, words: (angle) => `${angle}°` }, (angle) => {
			range(37).forEach((n) => (this.seen[n] ||= (5 * n - angle) * (5 * n - this.angle) <= 0));
			[this.angle, this.more] = [angle, false];
		});
		action(said("gradient.more"), () => {
			if (!isOpen()) return;
			this.more = true;
			this.goal += TRIES;
		});
	},
	costAt(direction, by) {
		const net = new Network(
			model,
			this.start.map((value, k) => value + by * direction[k]),
		);
		return net.compare(net.forward(this.facts.input), this.facts.targets).cost;
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
	says(t) {
		if (t === 1 && this.more) {
			if (this.tries.length < this.goal) return said("gradient.coming");
			const best = min(...this.tries.map(([change]) => change));
			return said("gradient.best", { count: this.tries.length, times: number(this.down / best, 0) });
		}
		if (t % 1 || this.angle === 90) return;
		const words = said("gradient.says", { angle: this.angle, change: signed(this.curve[this.angle / 5], 4) });
		return t ? words : `${words} ${said("gradient.find")}`;
	},
	paint({ pen, width, height, narrow }, t) {
		if (t === 1 && this.tries.length < this.goal)
			requestPaint(
				steadily(
					this.goal,
					() => this.tries.length,
					() => this.try(this.tries.length + 1),
				),
			);
		const shown = t === 1 ? max(TRIES, this.tries.length) : ceil(part(t, 0.4, 0.72) * TRIES);
		this.try(shown);
		const [left, right, top] = [8, width - 8, 48];
		const bottom = blend(height - 32, height * 0.6, ease(part(t, 0.8, 0.86)));
		const unit = (bottom - top) / (this.up - this.down);
		const middle = top + this.up * unit;
		const at = (angle, change) => [left + 16 + (angle / 180) * (right - left - 32), middle - change * unit];
		const along = (n) => at(5 * n, blend(this.curve[floor(n)], this.curve[ceil(n)], n % 1));
		const turned = 36 * ease(part(t, 0.03, 0.28));
		const angle = t % 1 ? 5 * turned : this.angle;
		const [rises, falls] = said("gradient.rises");
		if (t < 0.3) note(pen, rises, left, 14, "left");
		if (t < 0.8) note(pen, falls, left + 24, bottom - 10, "left");
		for (const change of [-0.1, 0, 0.1]) drawLine(pen, [at(0, change), at(180, change)], colours.line);
		for (const mark of [0, 45, 90, 135, 180]) {
			drawLine(pen, [at(mark, this.up), at(mark, this.down)], colours.line);
			note(pen, `${mark}°`, at(mark, 0)[0], bottom + 20);
		}
		if (!narrow) note(pen, said("gradient.angle"), at(112, 0)[0], bottom + 20);
		range(36).forEach((n) => {
			if (n + 1 <= turned || (this.seen[n] && this.seen[n + 1]))
				drawLine(pen, [along(n), along(n + 1)], colours.text, 2);
		});
		if (t >= 0.3) {
			const [along2, against] = said("gradient.ends").map((words) => (narrow ? "" : ` ${words}`));
			headline(pen, `▲ ${signed(this.up, 4)}${along2}`, left, at(0, this.up)[1] - 12, "left");
			headline(
				pen,
				`▼ ${signed(this.down, 4)}${against}`,
				at(180, 0)[0] - 10,
				at(180, this.down)[1] - (narrow ? 34 : 48),
				"right",
			);
		}
		if (t >= 0.76) {
			const best = min(...this.tries.map(([change]) => change));
			const [x, y] = [at(90, 0)[0] + (narrow ? 8 : 40), top + (narrow ? 0 : 14)];
			const long = (right - x) * (narrow ? 1 : 0.8);
			box(pen, x, y, (long * best) / this.down, 12, colours.text);
			headline(
				pen,
				said("gradient.tries", { count: this.tries.length, change: number(best, 5) }),
				narrow ? width : x + long / 12,
				y + 11,
				narrow ? "right" : "left",
				narrow ? 11 : 13,
			);
			box(pen, x, y + 20, long, 12, colours.ring);
			const words = said("gradient.times", { times: number(this.down / best, 0) })[narrow ? 1 : 0];
			note(pen, words, x, y + 47, "left", { size: narrow ? 11 : 12 });
		}
		if (t % 1 === 0 || t < 0.3) {
			const place = along(angle / 5);
			drawLine(pen, [at(angle, 0), place], colours.mark, 3);
			drawLine(pen, [place], colours.mark, 16);
			const change = (middle - place[1]) / unit;
			// On the other side of the axis, where the curve is not.
			const across = clamp(place[0], 34, width - 34);
			if (angle % 180 || t < 0.3)
				headline(pen, signed(change, 4), across, middle + (angle > 90 ? -10 : 24), "center", 16);
			if (t < 0.3)
				headline(
					pen,
					said("gradient.cost", { from: number(this.base), to: number(this.base + change) }),
					right,
					30,
					"right",
					narrow ? 16 : 24,
				);
		}
		// The random steps come down the curve, each to its own angle.
		this.tries.slice(0, shown).forEach(([change, where], n) => {
			const come = t === 1 ? 1 : ease(part(t, 0.4 + 0.0015 * n, 0.46 + 0.0015 * n));
			const [[x, y], [, end]] = [along((come * where) / 5), along(where / 5)];
			drawLine(pen, [[x, y + come * (at(where, change)[1] - end)]], colours.text, 6);
		});
		const rise = part(t, 0.86, 0.98);
		if (!rise) return;
		const [high, low] = [bottom + 50, height - 22];
		const zero = (high + low) / 2;
		const most = largest(this.gradient);
		const zeros = film.number(this.gradient.filter((value) => value === 0).length, 0);
		note(pen, said("gradient.sorted", { zeros })[narrow ? 1 : 0], width / 2, high - 6);
		drawLine(pen, segment(left, zero, right, zero), colours.line);
		const count = this.sorted.length;
		range(400).forEach((n) => {
			if (n / 400 > rise) return;
			const value = this.sorted[n === 399 ? count - 1 : floor((n / 400) * count)];
			const size = (abs(value) / most) * (zero - high);
			const x = left + (n / 400) * (right - left);
			box(pen, x, value > 0 ? zero - size : zero, (right - left) / 400, size, tint(value));
		});
		if (rise < 1) return;
		// Names at the ends, and of the zeros in the middle.
		const nameOf = (value) => `${knobName(this.gradient.indexOf(value))}, ${signed(value, 4)}`;
		const [least, top2] = [this.sorted[0], this.sorted[count - 1]];
		const inFull = (value) => (abs(value) === most ? said("gradient.largest", { knob: nameOf(value) }) : nameOf(value));
		note(pen, inFull(least), left, height - 6, "left");
		if (!narrow) note(pen, inFull(top2), right, height - 6, "right");
	},
};

const dot2 = (p, q) => p.reduce((total, value, k) => total + value * q[k], 0);
const hypot2 = (values) => Math.sqrt(values.reduce((total, value) => total + value * value, 0));

/** Which weight or bias the k-th parameter is. */
function knobName(k) {
	const l = trained.layers.findIndex(({ b, outputs }) => k < b + outputs);
	const { w, b, outputs } = trained.layers[l];
	const end = k < b ? (k - w) % outputs : k - b;
	const to = l < 2 ? neuronName(l + 1, end) : said("net.output", { digit: end });
	if (k >= b) return said("net.bias", { to });
	const start = floor((k - w) / outputs);
	return said("net.weight", { from: l ? neuronName(l, start) : placeName(start), to });
}

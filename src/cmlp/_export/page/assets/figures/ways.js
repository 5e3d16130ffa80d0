// --- Chapter 12: three ways to change one output. The picture is the one of the next chapter: B, and the outputs.

/** Backpropagation of a picture in the half-trained network: wishes for activations, and for weighted sums. */
function wishesIn(net, picture) {
	const result = resultOf(net, picture.input);
	const { slopes, deltas } = net.backward(result, picture.targets);
	const turned = (values) => values.map((one) => one && [...one].map((value) => -value));
	return { a: result.a, z: result.z, wish: turned(slopes), push: turned(deltas) };
}

/** An arrow beside a neuron, up or down; the longer (at most 18 pixels, times `scale`), the more. */
function arrow(pen, x, y, share, scale = 1) {
	const size = clamp(share, -1, 1) * scale;
	const [half, wide] = [9 * size, 3 + 3 * abs(size)];
	if (abs(half) < 0.4) return;
	pen.fillStyle = tint(share);
	pen.beginPath();
	for (const place of [
		[x - wide, y + half],
		[x, y - half],
		[x + wide, y + half],
	])
		pen.lineTo(...place);
	pen.fill();
}

/** The places of `count` neurons, one below the other. */
const rowsBetween = (top, bottom, count) => (k) => top + ((bottom - top) * (k + 0.5)) / count;

/** The outputs: circles, names, and what they wish: arrows, and numbers where they are not nearly content. */
function paintWishing(pen, { a, wish }, x, y, grown, mark) {
	const top = largest(wish[3]);
	wish[3].forEach((value, k) => {
		disc(pen, x, y(k), 10, a[3][k], k === mark ? colours.mark : colours.ring, k === mark ? 3 : 1.5);
		headline(pen, k, x + 20, y(k) + 5, "center", 14, k === mark);
		arrow(pen, x + 36, y(k), (grown * value) / top);
		if (grown === 1 && abs(value) > 0.1) note(pen, signed(value, 2), x + 46, y(k) + 4, "left", { colour: tint(value) });
	});
}

FIGURES.ways = {
	seconds: 9,
	net: "half",
	stops: [
		[0, "The half-trained network reads this 9 as a 4. An arrow is a wish: output 9 to rise, output 4 to fall."],
		[0.3, "Wish × slope of its curve = wish for its sum. A wire is a weight: blue above 0, orange below."],
		[0.36, "First way: a larger bias. What it adds to the sum flies to the bar below."],
		[0.51, "Second way: the weights. The brighter the neuron before it, the more a weight can do."],
		[0.7, "Third way: the activations. The larger the weight, the more they can do. Only B itself can change them."],
		[1, "Measured. Switch a way off, or press another output."],
	],
	bet: {
		question: "Which weight into output 9 should change most?",
		options: ["from the brightest neuron", "from the darkest", "the largest"],
		at: 0.3,
		brightest: () => [...FIGURES.ways.a[2]].indexOf(max(...FIGURES.ways.a[2])),
		measure() {
			const { weights } = FIGURES.ways;
			return weights.map(abs).indexOf(largest(weights)) === this.brightest() ? 2 : 0;
		},
		verdict() {
			return `From ${neuronName(2, this.brightest())}: a weight multiplies the activation before it, so there it has most effect. Bias, weights and activations achieve ${FIGURES.ways.shares.map((one) => percent(one)).join(", ")}.`;
		},
	},
	set() {
		Object.assign(this, wishesIn(half, pictures.train4), { on: [true, true, true] });
		this.choose(9);
		choices(
			"Change",
			["bias", "weights", "activations"].map((name, n) => [n, name]),
			(n) => this.on[n],
			(n) => {
				this.on[n] = !this.on[n];
				this.choose(this.one);
			},
		);
	},
	/** What the three ways predict for an output's sum, and what a tenth of each that is switched on achieves. */
	choose(k) {
		const { w, outputs } = half.layers[2];
		const a = [...this.a[2]];
		const weights = range(16).map((i) => half.params[w + i * outputs + k]);
		const squares = [[1], a, weights].map((values) => sum(values.map((value) => value * value)));
		const [bias, second, third] = this.on.map((on) => 0.1 * this.push[3][k] * on);
		const changed = weights.map((weight, i) => (weight + second * a[i]) * (a[i] + third * weight) - weight * a[i]);
		const total = sum(squares);
		const pieces = [[1], a, weights].map((values) => values.map((value) => (value * value) / total));
		Object.assign(this, { one: k, weights, pieces, shares: squares.map((one) => one / total) });
		this.predicted = 0.1 * this.push[3][k] * sum(squares.filter((_, n) => this.on[n]));
		this.measured = bias + sum(changed);
		this.after = logistic(this.z[2][k] + this.measured);
	},
	paint({ pen, width, height, narrow }, t) {
		const { a, one, weights } = this;
		const [wish, push] = [this.wish[3][one], this.push[3][one]];
		const bottom = height - 92;
		const [yB, yOut] = [rowsBetween(20, bottom, 16), (this.yOut = rowsBetween(20, bottom, 10))];
		const [x, out, radius] = [narrow ? 62 : 250, width - 100, min(11, bottom / 42)];
		if (!narrow) {
			picture(pen, pictures.train4.input, 0, 30, 170);
			note(pen, "should be a 9, is read as a 4", 85, 22);
		}
		const end = [out - 12, yOut(one)];
		const come = ease(part(t, 0.12, 0.26));
		const top = largest(weights);
		note(pen, "B", x, 12);
		const between = (k, share) => blendAll([x + radius, yB(k)], end, share);
		range(16).forEach((k) => {
			const wide = abs(weights[k]) / top;
			pen.globalAlpha = 0.25 + 0.5 * wide;
			if (come) drawLine(pen, [end, between(k, 1 - come)], tint(weights[k]), 0.5 + 4 * wide);
			pen.globalAlpha = 1;
			disc(pen, x, yB(k), radius, a[2][k]);
			note(pen, neuronName(2, k), x - radius - 24, yB(k) + 4, "right", { size: 11 });
		});
		paintWishing(pen, this, out, yOut, ease(part(t, 0.02, 0.12)), one);
		if (t > 0.14) {
			const words = `${signed(wish, 3)} × ${number(push / wish)} = ${signed(push, 3)}`;
			headline(pen, narrow ? words : `output ${one}, wish × slope: ${words}`, 0, height - 74, "left");
		}
		// The arrows of each way: first they go to their place, then what each adds flies to the bar.
		const ways = [
			{ from: 0.33, arrows: [[...blendAll(end, [x, end[1]], 0.03), 1]], name: "bias" },
			{
				from: 0.47,
				arrows: weights.map((_, k) => [...between(k, 0.42 * ease(part(t, 0.47, 0.54))), a[2][k] / largest(a[2])]),
				name: "weights",
			},
			{
				from: 0.65,
				arrows: weights.map((weight, k) => {
					const back = ease(part(t, 0.65, 0.72));
					return [...blendAll(end, [x - radius - 12, yB(k)], back), weight / top];
				}),
				name: "activations",
			},
		];
		let left = 0;
		let words = 0; // where the last name ends
		ways.forEach(({ from, arrows, name }, n) => {
			const isOn = t > from && this.on[n];
			const fly = ease(part(t, from + (n ? 0.08 : 0.03), from + (n ? 0.15 : 0.1)));
			const start = left;
			arrows.forEach(([across, down, size], k) => {
				const wide = width * this.pieces[n][k];
				if (t > 0.33) box(pen, left, height - 50, max(0.5, wide - 1), 26, colours.line);
				if (isOn) {
					arrow(pen, across, down, size * Math.sign(push), n ? 1 : 1.4);
					if (fly)
						box(
							pen,
							...blendAll([across - 3, down - 3, 6, 6], [left, height - 50, max(0.5, wide - 1), 26], fly),
							tint(push),
						);
				}
				left += wide;
			});
			if (isOn && !n) note(pen, "bias", arrows[0][0] - 12, arrows[0][1] - 12, "right", { colour: colours.text });
			if (fly < 1 || !isOn) return;
			const text = `${n + 1}. ${name} ${percent(this.shares[n])}`;
			note(pen, text, max(start, words), height - 56, "left", { colour: colours.text });
			words = max(start, words) + pen.measureText(text).width + 12;
		});
		if (t < 0.93) return;
		disc(pen, out, end[1], 10, this.after, colours.mark, 3);
		const sums = `${narrow ? "Sum p" : "With a tenth of these changes: sum p"}redicted ${signed(this.predicted, 4)}, measured ${signed(this.measured, 4)}; ${narrow ? "" : `output ${one}: `}${number(a[3][one])} → ${number(this.after)}`;
		note(pen, sums, 0, height - 6, "left", { colour: colours.text, size: narrow ? 11 : 13 });
	},
	press(x, y) {
		const k = range(10).sort((p, q) => abs(this.yOut(p) - y) - abs(this.yOut(q) - y))[0];
		if (isOpen()) this.choose(k);
	},
	keys(across, down) {
		if (isOpen()) this.choose((this.one + across + down + 10) % 10);
	},
	label(t) {
		return `${stopsAt(t)[1]} Arrow keys choose an output; output ${this.one}: wish ${signed(this.wish[3][this.one], 3)}${t < 1 ? "" : `, after the change ${number(this.after)}`}.`;
	},
};

// --- Chapter 12: three ways to change one output. The picture is the one of the next chapter: B, and the outputs.

/** Backpropagation of a picture in the half-trained network: wishes for activations, and for weighted sums. */
function wishesIn(net, picture) {
	const result = resultOf(net, picture.input);
	const { slopes, deltas } = net.backward(result, picture.targets);
	const turned = (values) => values.map((one) => one && [...one].map((value) => -value));
	return { a: result.a, z: result.z, wish: turned(slopes), push: turned(deltas) };
}

/** An arrow beside a neuron, up or down; the longer (at most 18 pixels), the more. */
function arrow(pen, x, y, share) {
	const [half, wide] = [9 * clamp(share, -1, 1), 3 + 3 * min(1, abs(share))];
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
		[0, "The half-trained network takes this 9 for a 4. Arrows: output 9 wishes to rise, 4 to fall."],
		[0.3, "Wish × slope of its curve = wish for its sum. The wires are its weights: blue above 0, orange below."],
		[0.45, "First way: the bias."],
		[0.6, "Second: each weight, in proportion to the activation before it. Wires now show how much it should change."],
		[0.8, "Third: each activation before it, in proportion to its weight. It cannot be set; B must compute it."],
		[1, "A tenth of each, predicted and measured. Switch a way off, or press another output."],
	],
	bet: {
		question: "Which of the 16 weights into output 9 should change most?",
		options: ["that of the brightest B", "that of the darkest B", "the largest"],
		at: 0.3,
		brightest: () => [...FIGURES.ways.a[2]].indexOf(max(...FIGURES.ways.a[2])),
		measure() {
			const { weights } = FIGURES.ways;
			return weights.map(abs).indexOf(largest(weights)) === this.brightest() ? 2 : 0;
		},
		verdict() {
			return `That of ${neuronName(2, this.brightest())}, the brightest. A weight acts through the activation before it; where that is dark, it changes nothing. Bias, weights, activations achieve ${FIGURES.ways.shares.map((one) => percent(one)).join(", ")}.`;
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
		Object.assign(this, { one: k, weights, shares: squares.map((one) => one / sum(squares)) });
		this.predicted = 0.1 * this.push[3][k] * sum(squares.filter((_, n) => this.on[n]));
		this.measured = bias + sum(changed);
		this.after = logistic(this.z[2][k] + this.measured);
	},
	paint({ pen, width, height, narrow }, t) {
		const { a, one, weights } = this;
		const [wish, push] = [this.wish[3][one], this.push[3][one]];
		if (!narrow) {
			picture(pen, pictures.train4.input, 0, 30, 150);
			note(pen, "should be a 9", 75, 22);
		}
		const bottom = height - 84;
		const [yB, yOut] = [rowsBetween(20, bottom, 16), (this.yOut = rowsBetween(20, bottom, 10))];
		const [x, out, radius] = [narrow ? 62 : 240, width - 100, min(10, bottom / 42)];
		const [bias, second, third] = [0.34, 0.48, 0.64].map((from, n) => ease(part(t, from, from + 0.1)) * this.on[n]);
		const come = ease(part(t, 0.12, 0.26));
		note(pen, "B", x, 12);
		range(16).forEach((k) => {
			const [start, end] = [
				[x + radius, yB(k)],
				[out - 12, yOut(one)],
			];
			const wide = blend(abs(weights[k]) / largest(weights), a[2][k], second);
			pen.globalAlpha = 0.3 + 0.6 * wide;
			if (come)
				drawLine(pen, [end, blendAll(end, start, come)], tint(second > 0.5 ? push : weights[k]), 0.5 + 5 * wide);
			pen.globalAlpha = 1;
			disc(pen, x, yB(k), radius, a[2][k]);
			note(pen, neuronName(2, k), x - radius - 20, yB(k) + 4, "right", { size: 11 });
			arrow(pen, x - radius - 9, yB(k), ((third * weights[k]) / largest(weights)) * Math.sign(push));
		});
		paintWishing(pen, this, out, yOut, ease(part(t, 0.02, 0.12)), one);
		if (t > 0.14) {
			const words = `${signed(wish, 3)} × ${number(push / wish)} = ${signed(push, 3)}`;
			headline(pen, narrow ? words : `output ${one}, wish × slope: ${words}`, 0, height - 62, "left");
		}
		// One bar for the sum: how much of its rise each way achieves.
		let left = 0;
		[bias, second, third].forEach((grown, n) => {
			const size = width * this.shares[n];
			const name = narrow ? "" : ["1. bias ", "2. weights ", "3. activations "][n];
			if (t > 0.34) box(pen, left, height - 52, size - 2, 24, colours.line);
			box(pen, left, height - 52, (size - 2) * grown, 24, tint(push));
			if (grown === 1)
				note(pen, `${name}${percent(this.shares[n])}`, left + size / 2, height - 35, "center", {
					colour: colours.ground,
				});
			left += size;
		});
		if (t < 0.93) return;
		const words = `${narrow ? "Sum p" : "A tenth of what is switched on: sum p"}redicted ${signed(this.predicted, 4)}, measured ${signed(this.measured, 4)}; ${narrow ? "" : `output ${one}: `}${number(a[3][one])} → ${number(this.after)}`;
		note(pen, words, 0, height - 6, "left", { colour: colours.text, size: narrow ? 11 : 13 });
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

// --- Chapter 12: three ways to change one output. The picture is the one of the next chapter: B, and the outputs.

const [WAYS, WAY_RATE] = [["bias", "weights", "activations"], 0.1];

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

/** The outputs: circles, names, and what they wish. The largest wishes in words, or as numbers if none is marked. */
function paintWishing(pen, { a, wish }, x, y, grown, mark) {
	const top = largest(wish[3]);
	stand(pen, x, y(0) - 13, y(9) + 13, 10);
	wish[3].forEach((value, k) => {
		disc(pen, x, y(k), 10, a[3][k], k === mark ? colours.mark : colours.ring, k === mark ? 3 : 1.5);
		headline(pen, k, x + 20, y(k) + 5, "center", 14, k === mark);
		arrow(pen, x + 36, y(k), (grown * value) / top);
		if (grown === 1 && abs(value) > 0.5)
			note(pen, mark < 0 ? signed(value, 2) : value < 0 ? "darker" : "brighter", x + 46, y(k) + 4, "left", {
				colour: tint(value),
			});
	});
}

FIGURES.ways = {
	seconds: 10,
	net: "half",
	stops: [
		[0, "Blue: should be brighter. Orange: darker. The longer the arrow, the more."],
		[0.25, "Take output 9. It is a weighted sum of B, squashed. Three things can raise this sum."],
		[0.26, "First, its bias: turn it up a little, and the sum rises as much."],
		[0.46, "Second, its weights: the brighter the neuron in front, the more it helps to turn its weight."],
		[
			0.66,
			"Third, B itself: the larger the weight, the more. Where it is negative (dashed), the neuron should be darker.",
		],
		[1, "All three together. Switch a way off, or press another output. And if only this 9 were heard?"],
	],
	bet: {
		question: "Which of the three ways raises the sum of output 9 most?",
		options: WAYS,
		at: 0.25,
		measure() {
			return FIGURES.ways.first.indexOf(max(...FIGURES.ways.first));
		},
		verdict() {
			const [bias, weights, activations] = FIGURES.ways.first.map((one) => percent(one));
			return `The activations give ${activations}, the weights ${weights}, the bias ${bias}: one bias, but 16 weights and 16 activations. Yet nobody can set activations: output 9 must ask B for them.`;
		},
	},
	set() {
		Object.assign(this, { on: [true, true, true], one: 9 });
		this.hear(0);
		this.first = this.shares;
		// The steps use all ways: either the one or the other.
		const showWays = choices(
			"Change",
			WAYS.map((name, n) => [n, name]),
			(n) => this.on[n],
			(n) => {
				this.on[n] = !this.on[n];
				this.hear(0);
				this.showSteps();
				moveTo(1);
			},
		);
		this.showSteps = choices(
			"Steps for this 9 alone",
			[0, 10, 20, 40].map((steps) => [steps, steps]),
			(steps) => steps === this.steps,
			(steps) => {
				this.on.fill(true);
				showWays();
				this.hear(steps);
				moveTo(1);
			},
		);
	},
	nets: {},
	/** Shows the network after some learning steps in which only this digit had wishes. */
	hear(steps) {
		this.nets[steps] ??= this.learn(steps);
		const net = this.nets[steps];
		Object.assign(this, wishesIn(net, pictures.train4), { heard: net, steps });
		this.nines = steps ? examples.test.filter((one) => winner(resultOf(net, one.input).a[3]) === 9) : [];
		this.choose(this.one);
	},
	learn(steps) {
		const net = new Network(model, half.params.slice());
		range(steps).forEach(() => {
			const { gradient } = net.gradient([pictures.train4]);
			net.params.set(net.params.map((value, k) => value - WAY_RATE * gradient[k]));
		});
		return net;
	},
	/** For an output's sum: what the ways that are switched on add to it, by the neurons of B. */
	choose(k) {
		const { w, outputs } = this.heard.layers[2];
		const [a, step] = [[...this.a[2]], WAY_RATE * this.push[3][k]];
		const weights = range(16).map((i) => this.heard.params[w + i * outputs + k]);
		const squares = [[1], a, weights].map((values) => values.map((value) => value * value));
		this.adds = squares.map((values, n) => values.map((value) => value * step * this.on[n]));
		const sums = squares.map((values) => sum(values));
		Object.assign(this, { one: k, weights, shares: sums.map((one) => one / sum(sums)), most: step * sum(sums) });
	},
	paint({ pen, width, height, narrow }, t) {
		if (t < 1 && this.steps) {
			this.hear(0);
			this.showSteps();
		}
		const { a, one, weights, adds } = this;
		const [wish, push] = [this.wish[3][one], this.push[3][one]];
		const shown = ease(part(t, 0.14, 0.22)); // B, after the wishes
		const low = height - (narrow ? 106 : 140); // where the bars begin
		const bottom = low - (narrow ? 22 : 12);
		const [yB, yOut] = [rowsBetween(20, bottom, 16), (this.yOut = rowsBetween(8, bottom, 10))];
		const [x, out, radius] = [narrow ? 62 : 330, width - (narrow ? 100 : 150), min(11, bottom / 42)];
		const size = narrow ? 12 : 15;
		const isWished = t > 0.255 && `wish: 2 × (${one === 9 ? 1 : 0} − ${number(a[3][one])}) = ${signed(wish, 3)}`;
		pen.globalAlpha = narrow ? 1 - shown : 1;
		const found = this.steps ? `after ${this.steps} steps, read as a 9:` : "a 9, read as a 4";
		if (!narrow || shown < 1) {
			note(pen, found, 0, 12, "left");
			if (this.steps) crowd(pen, examples.test, [0, 20, 184, 184], 22, (one) => this.nines.includes(one));
			else picture(pen, pictures.train4.input, 0, 20, narrow ? 150 : blend(340, 180, shown));
		}
		pen.globalAlpha = 1;
		if (narrow) {
			if (isWished) headline(pen, `output ${one}, ${isWished}`, 0, low - 10, "left", size);
		} else if (isWished) {
			headline(
				pen,
				`output ${one} is ${number(a[3][one])}, should be ${one === 9 ? 1 : 0}`,
				0,
				232,
				"left",
				size,
				false,
			);
			headline(pen, isWished, 0, 257, "left", size);
		}
		const end = [out - 12, yOut(one)];
		const top = largest(weights);
		paintWishing(pen, this, out, yOut, ease(part(t, 0.02, 0.12)), shown ? one : 10);
		if (!shown) return;
		note(pen, "B", x, 12);
		stand(pen, x, yB(0) - radius - 3, yB(15) + radius + 3, radius);
		const between = (k, share) => blendAll([x + radius, yB(k)], end, share);
		weights.forEach((weight, k) => {
			const wide = abs(weight) / top;
			pen.globalAlpha = shown * (0.25 + 0.5 * wide);
			// Blue and orange are wishes here: a wire only says how large its weight is, and whether it is negative.
			drawLine(pen, [end, between(k, 0)], colours.muted, 0.5 + 4 * wide, weight < 0 ? [7, 5] : []);
			pen.globalAlpha = 1;
			disc(pen, x, yB(k), radius, a[2][k]);
			note(pen, neuronName(2, k), x - radius - 24, yB(k) + 4, "right", { size: 11 });
		});
		// The arrows of each way, and what each adds, which flies to the bar of this way.
		const brightest = largest(a[2]);
		const arrows = [
			[[...blendAll(end, [x, end[1]], 0.03), 1.4]],
			weights.map((_, k) => [...between(k, 0.42), a[2][k] / brightest]),
			weights.map((weight, k) => [x - radius - 12, yB(k), weight / top]),
		];
		const [left, pitch] = [narrow ? 104 : 130, narrow ? 26 : 36];
		const room = width - left - (narrow ? 56 : 236);
		let total = 0;
		arrows.forEach((list, n) => {
			const begin = 0.27 + 0.2 * n;
			const y = low + n * pitch;
			const isOn = this.on[n];
			const [come, fly] = [ease(part(t, begin, begin + 0.07)), isOn * ease(part(t, begin + 0.09, begin + 0.17))];
			box(pen, left, y, room, pitch - 10, colours.line);
			headline(pen, `${n + 1}. ${WAYS[n]}`, 0, y + pitch / 2, "left", size, come > 0 && isOn);
			let start = left;
			list.forEach(([across, down, share], k) => {
				const wide = (room * adds[n][k]) / this.most;
				// One way at a time, all of them at the end.
				pen.globalAlpha = 1 - 0.75 * part(t, begin + 0.19, begin + 0.25) * part(t, 0.97, 0.93);
				if (come && isOn) arrow(pen, across, down, share * Math.sign(push) * come);
				pen.globalAlpha = 1;
				// On a phone they would fly over B and its names: there they grow in their bar.
				const from = narrow ? [start, y, 0, pitch - 10] : [across - 3, down - 3, 6, 6];
				if (fly) box(pen, ...blendAll(from, [start, y, wide + 0.5, pitch - 10], fly), tint(push));
				start += wide;
			});
			total += fly * sum(adds[n]);
			if (fly === 1 || !isOn)
				headline(
					pen,
					isOn ? (narrow ? "" : "sum ") + signed(sum(adds[n]), 3) : "off",
					left + room + 8,
					y + pitch / 2,
					"left",
					size,
				);
		});
		const after = logistic(this.z[2][one] + total);
		if (!narrow) {
			disc(pen, width - 66, low + 44, 40, after, colours.mark, 4);
			headline(pen, `output ${one}: ${number(after)}`, width - 66, low + 108, "center", size);
		}
		if (t < 0.93) return;
		const sums = `The sum ${signed(total, 3)}, so output ${one}: ${number(a[3][one])} → ${number(after)}`;
		disc(pen, out, end[1], 10, after, colours.mark, 3);
		note(pen, sums, 0, height - 8, "left", { colour: colours.text, size: narrow ? 12 : 15 });
	},
	says(t) {
		if (t === 1 && this.steps)
			return `After ${this.steps} steps of all weights and biases for this 9 alone, output 9 is ${number(this.a[3][9], 2)}. But it reads ${this.nines.length} of ${examples.test.length} test digits as a 9: all must be heard.`;
		const names = WAYS.filter((_, n) => !this.on[n]);
		if (t === 1 && names.length) return `Switched off: ${names.join(", ")}. Only the rest changes the sum.`;
	},
	press(x, y) {
		if (isOpen()) this.choose(nearest(range(10).map(this.yOut), y));
	},
	keys(across, down) {
		if (isOpen()) this.choose((this.one + across + down + 10) % 10);
	},
	label(t) {
		return `${stopsAt(t)[1]} Arrow keys choose an output; output ${this.one}: wish ${signed(this.wish[3][this.one], 3)}${t < 1 ? "" : `, after the change ${number(logistic(this.z[2][this.one] + sum(this.adds.flat())))}`}.`;
	},
};

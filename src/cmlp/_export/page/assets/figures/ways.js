// --- Chapter 12: three ways to change one output. The picture is the one of the next chapter: B, and the outputs.

/** Backpropagation of a picture in the half-trained network: wishes for activations, and for weighted sums. */
function wishesIn(net, picture) {
	const result = resultOf(net, picture.input);
	const { slopes, deltas } = net.backward(result, picture.targets);
	const turned = (values) => values.map((one) => one && [...one].map((value) => -value));
	return { a: result.a, z: result.z, wish: turned(slopes), push: turned(deltas) };
}

/** A column of outputs: circles, names, and bars of their wishes to the right (rise) or left (fall). */
function paintWishing(pen, { a, wish }, x, y, room, grown, radius, mark) {
	const top = largest(wish[3]);
	wish[3].forEach((value, k) => {
		disc(pen, x, y(k), radius, a[3][k], k === mark ? colours.mark : colours.ring, k === mark ? 3 : 1.5);
		headline(pen, k, x + radius + 9, y(k) + 5, "center", 14, k === mark);
		const middle = x + radius + 20 + room / 2;
		drawLine(pen, segment(middle, y(k) - 8, middle, y(k) + 8), colours.line);
		const size = ((abs(value) * room) / 2 / top) * grown;
		box(pen, value < 0 ? middle - size : middle, y(k) - 6, size, 12, tint(value));
	});
}

FIGURES.ways = {
	seconds: 8,
	net: "half",
	stops: [
		[0, "The half-trained network takes this 9 for a 4. Its outputs wish: 9 up, 4 down, by twice what is missing."],
		[0.3, "The wish of output 9, times the slope of its curve, is its wish for its sum."],
		[0.55, "First way: the bias. Second: each weight, in proportion to the activation before it."],
		[0.8, "Third: each activation before it, in proportion to its weight. It cannot be set; B must compute it."],
		[1, "A tenth of each, all at once: predicted and measured."],
	],
	bet: {
		question: "Which weight into output 9 should change most?",
		options: ["brightest B’s", "darkest B’s", "largest"],
		at: 0.3,
		measure() {
			const { a, weights } = FIGURES.ways;
			const most = [...a[2]].indexOf(max(...a[2]));
			return weights.map(abs).indexOf(largest(weights)) === most ? 2 : 0;
		},
		verdict() {
			const { a, shares } = FIGURES.ways;
			const most = [...a[2]].indexOf(max(...a[2]));
			return `That of ${neuronName(2, most)}, the brightest. A weight acts through the activation before it; where that is dark, it changes nothing. Bias, weights, activations achieve ${shares.map((one) => percent(one)).join(", ")}.`;
		},
	},
	set() {
		Object.assign(this, wishesIn(half, pictures.train4));
		const { w, outputs } = half.layers[2];
		this.weights = range(16).map((i) => half.params[w + i * outputs + 9]);
		const squares = [1, ...[this.a[2], this.weights].map((values) => sum([...values].map((value) => value * value)))];
		this.shares = squares.map((one) => one / sum(squares));
		const push = this.push[3][9];
		this.predicted = 0.1 * push * sum(squares);
		const before = this.z[2][9];
		const after = sum(
			range(16).map(
				(i) => (this.weights[i] + 0.1 * push * this.a[2][i]) * (this.a[2][i] + 0.1 * push * this.weights[i]),
			),
		);
		const bias = before - sum(range(16).map((i) => this.weights[i] * this.a[2][i]));
		this.measured = after + bias + 0.1 * push - before;
		this.after = logistic(before + this.measured);
	},
	paint({ pen, width, height, narrow }, t) {
		const push = this.push[3][9];
		const side = narrow ? 0 : 120;
		if (!narrow) {
			picture(pen, pictures.train4.input, 0, 30, side);
			note(pen, "should be a 9", side / 2, 22);
		}
		const [top, bottom] = [34, height - 46];
		const row = (bottom - top) / 16;
		const yB = (k) => top + row * (k + 0.5);
		const yOut = (k) => top + ((bottom - top) * (k + 0.5)) / 10;
		const radius = min(9, row * 0.38);
		const x = narrow ? 42 : side + 70;
		const out = width - (narrow ? 84 : 180);
		const room = out - x - 40;
		const unit = (room * 0.26) / max(largest(this.weights), 1);
		const [bias, second, third] = [part(t, 0.34, 0.42), part(t, 0.44, 0.55), part(t, 0.62, 0.8)].map(ease);
		range(16).forEach((k) => {
			pen.globalAlpha = second ? 0.7 : 0.25;
			const change = second * this.a[2][k];
			drawLine(
				pen,
				segment(x + radius, yB(k), out - radius, yOut(9)),
				change > 0.05 ? tint(push) : colours.line,
				0.7 + 3 * change,
			);
			pen.globalAlpha = 1;
			disc(
				pen,
				x,
				yB(k),
				radius,
				this.a[2][k],
				third ? tint(this.weights[k] * push) : colours.ring,
				1 + 2 * third * min(1, abs(this.weights[k])),
			);
			note(pen, neuronName(2, k), x - radius - 4, yB(k) + 4, "right", { size: 11 });
		});
		const columns = [
			[x + room * 0.28, third, this.weights, narrow ? "3. B" : "3. wishes for B, like weights"],
			[x + room * 0.66, second, [...this.a[2]], narrow ? "2. weights" : "2. wishes for weights, like B"],
		];
		for (const [middle, grown, values, name] of columns) {
			if (!grown) continue;
			note(pen, name, middle, 16, "center", { colour: colours.text });
			box(pen, middle - room * 0.14, top, room * 0.28, bottom - top, colours.ground, 0.75);
			drawLine(pen, segment(middle, top, middle, bottom), colours.line);
			values.forEach((value, k) => {
				const size = value * unit * grown;
				box(pen, middle + min(0, size), yB(k) - row * 0.3, abs(size), row * 0.6, tint(value * push));
			});
		}
		paintWishing(pen, this, out, yOut, narrow ? 44 : 130, ease(part(t, 0.02, 0.12)), radius + 2, 9);
		note(pen, "wishes", out + (narrow ? 50 : 90), 16);
		if (t > 0.14) {
			const words = `${signed(this.wish[3][9], 3)} × ${number(this.push[3][9] / this.wish[3][9])} = ${signed(push, 3)}`;
			note(pen, narrow ? words : `output 9: wish × slope: ${words}`, width - 2, height - 28, "right", {
				colour: colours.text,
				bold: true,
			});
		}
		if (bias)
			note(pen, `1. bias ${signed(push * bias, 3)}`, 0, height - 28, "left", { colour: colours.positive, bold: true });
		if (t < 0.93) return;
		const words = `A tenth of all three: sum predicted ${signed(this.predicted, 4)}, measured ${signed(this.measured, 4)}; output ${number(this.a[3][9])} → ${number(this.after)}`;
		note(
			pen,
			narrow ? words.replace("A tenth of all three: sum p", "P").replace("; output", ",") : words,
			0,
			height - 6,
			"left",
			{ colour: colours.text, size: narrow ? 11 : 13 },
		);
	},
};

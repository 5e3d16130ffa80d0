// --- Chapter 13: the wishes of a layer travel along its wires, stack into one for each neuron before it, and go on.

// Start of the first neuron's wishes, their end, the end of the second's, of all; when they cancel, and the end. Of B, one
// neuron comes first.
const FIRST_OF_B = 9;
const WISH_TIMES = {
	first: [0.1, 0.2, 0.25, 0.34, 0.35, 0.4],
	B: [0.41, 0.43, 0.45, 0.51, 0.52, 0.56],
	A: [0.6, 0.7, 0.74, 0.9, 0.92, 1],
};
const wishTimes = (n, j) => WISH_TIMES[n ? "A" : j === FIRST_OF_B ? "first" : "B"];

FIGURES.wishes = {
	seconds: 11,
	net: "half",
	stops: [
		[0, "The same 9. Each output sends its wish back to B, along its wires."],
		[0.1, "First one wire, from output 4 to B10."],
		[0.2, "One wish for B10. The nine other outputs send theirs as well."],
		[0.4, "Both sides cancel: the rest is B10’s own wish. Now all others."],
		[0.56, "All of B has wishes now, so it sends them on to A."],
		[1, "Now A has wishes, too. Pixels cannot change, so here it ends. Press any neuron, or choose it below."],
	],
	bet: {
		question: "Output 4 should fall. Its wire from B10 has a negative weight. So what should B10 do?",
		options: ["rise", "fall", "nothing"],
		at: 0.1,
		shown: 0.2,
		value: () => FIGURES.wishes.hops[0].values[9][4],
		measure() {
			return abs(this.value()) < 0.01 ? 2 : Number(this.value() < 0);
		},
		verdict() {
			return `Rise (${signed(this.value(), 3)}): a brighter B10 darkens output 4, because the weight is negative.`;
		},
	},
	set() {
		Object.assign(this, wishesIn(half, pictures.train4), { rows: [FIRST_OF_B, 11] });
		this.hops = [3, 2].map((layer) => {
			const { w, inputs, outputs } = half.layers[layer - 1];
			const weights = range(inputs).map((j) => [...half.params.subarray(w + j * outputs, w + (j + 1) * outputs)]);
			const values = weights.map((row) => row.map((weight, k) => this.push[layer][k] * weight));
			const sides = values.flatMap((row) => [1, -1].map((sign) => sum(row.map((value) => max(0, value * sign)))));
			return { weights, values, wish: this.wish[layer - 1], layer, longest: max(...sides) };
		});
		const hop = () => Number(moment > 0.575);
		const words = (n) => neuronName(2 - hop(), n - 1);
		const show = slider("Pile of", { min: 1, max: 16, step: 1, value: 10, words }, (n) => (this.rows[hop()] = n - 1));
		this.showRow = () => show(this.rows[hop()] + 1);
	},
	keys(across, down) {
		this.rows = this.rows.map((row) => (row + down + across + 16) % 16);
	},
	press(x, y) {
		this.rows[Number(moment > 0.575)] = range(16).sort((p, q) => abs(this.y(p) - y) - abs(this.y(q) - y))[0];
	},
	/** How far the wishes for a neuron have come from each neuron behind it, in the order in which they start. */
	comings(n, t, j) {
		const { values } = this.hops[n];
		const [first, second] = n ? [this.rows[0]] : [4, 9];
		const order = range(values[0].length).sort(
			(p, q) => (q === first) - (p === first) || (q === second) - (p === second),
		);
		const [a, b, c, d] = wishTimes(n, j);
		const step = (d - c) / (order.length - 2);
		return order.map((k, i) => [
			k,
			i < 2 ? part(t, [a, b][i], [b, c][i]) : part(t, c + step * (i - 2), c + step * (i - 1)),
		]);
	},
	paint({ pen, width, height, narrow }, t) {
		const bottom = height - 78;
		const y = (this.y = rowsBetween(16, bottom, 16));
		const [yOut, radius] = [rowsBetween(16, bottom, 10), min(10, bottom / 44)];
		// The camera shows B and the outputs, then goes back along the wires to A and B.
		const pan = ease(part(t, 0.565, 0.6));
		const second = t > 0.575;
		const reach = narrow ? 32 : 105;
		const room = 2 * reach + (narrow ? 62 : 104);
		const shift = width - 62 - room;
		const [xA, xB, xOut] = [room - (1 - pan) * shift, room + pan * shift, width - (narrow ? 84 : 92) + pan * shift];
		this.columns = [xB, xA];
		[0, 1].forEach((n) => {
			const shown = n ? pan : 1 - pan;
			if (!shown) return;
			const { weights, values, wish, layer, longest } = this.hops[n];
			const [x, from] = n ? [xA, xB - radius] : [xB, xOut - 12];
			const [yFrom, top, zero] = [n ? y : yOut, largest(values.flat()), x - radius - 26 - reach];
			const all = range(16).map((j) => this.comings(n, t, j));
			const line = (k, j, come = 1) => [[from, yFrom(k)], blendAll([from, yFrom(k)], [x + radius, y(j)], come)];
			const heaviest = largest(weights.flat());
			const isFirst = !n && t > 0.03 && t < 0.4; // one neuron, before the others
			all.forEach((comings, j) => {
				for (const [k, come] of comings) {
					const sends = (come && come < 1) || (isFirst && j === FIRST_OF_B);
					if (narrow && !sends && j !== this.rows[n]) continue;
					const size = abs(weights[j][k]) / heaviest;
					pen.globalAlpha = shown * (sends || narrow ? 0.35 + 0.6 * size : (isFirst ? 0.25 : 1) * (0.12 + 0.45 * size));
					drawLine(pen, line(k, j), tint(weights[j][k]), 0.4 + 3 * size);
				}
			});
			pen.globalAlpha = shown;
			box(pen, x - room, y(this.rows[n]) - radius - 2, room + radius + 4, 2 * radius + 4, colours.line, 0.8 * shown);
			drawLine(pen, segment(zero, 16, zero, bottom), colours.line);
			note(pen, "fall | rise", zero, 12);
			stand(pen, x, y(0) - radius - 3, y(15) + radius + 3, radius);
			all.forEach((comings, j) => {
				const cancel = this.cancelled(n, t, j);
				this.pile(pen, zero, y(j) - radius * 0.8, radius * 1.6, reach / longest, values[j], comings, cancel, shown);
				arrow(pen, x - radius - 12, y(j), (cancel * wish[j]) / largest(wish));
				if (n) disc(pen, x, y(j), radius, this.a[1][j]);
				note(pen, neuronName(layer - 1, j), x - room + 30, y(j) + 4, "right", { size: 11 });
				if (!narrow && cancel === 1)
					note(pen, signed(wish[j], 2), x - room + 72, y(j) + 4, "right", { size: 11, colour: tint(wish[j]) });
			});
			// Each wish is an arrow that goes along its wire.
			all.forEach((comings, j) => {
				for (const [k, come] of comings) {
					if (!come || come === 1) continue;
					const [, place] = line(k, j, min(1, 1.7 * come));
					const share = values[j][k] / top;
					arrow(pen, ...place, Math.sign(share) * (0.25 + 0.9 * abs(share)), 1.3);
				}
			});
			pen.globalAlpha = 1;
			if (n || t > 0.2 || t < 0.03) return;
			drawLine(pen, line(4, FIRST_OF_B), colours.mark, 3);
			const [across, down] = blendAll(...line(4, FIRST_OF_B), 0.54);
			box(pen, across - 62, down + 12, 124, 22, colours.ground);
			headline(pen, `weight ${number(weights[9][4])}`, across, down + 28, "center", 14);
		});
		if (pan) stand(pen, xB, y(0) - radius - 3, y(15) + radius + 3, radius);
		range(16).forEach((k) => {
			disc(pen, xB, y(k), radius, this.a[2][k]);
			if (pan < 1) return;
			note(pen, neuronName(2, k), xB + radius + 4, y(k) + 4, "left", { size: 11 });
			const { wish } = this.hops[0];
			arrow(pen, xB + 46, y(k), wish[k] / largest(wish));
		});
		if (pan < 1) paintWishing(pen, this, xOut, yOut, ease(part(t, -0.02, 0.08)), -1);
		this.showRow();
		this.paintRow(pen, Number(second), [width, height - 66], t);
	},
	/** How far the two sides of a neuron's pile have cancelled each other. */
	cancelled: (n, t, j) => ease(part(t, ...wishTimes(n, j).slice(4))),
	/** Wishes on top of each other: ups to the right, downs to the left, until they cancel. Returns where each lies. */
	pile(pen, zero, y, height, unit, values, comings, cancel, alpha = 1) {
		const ends = [0, 0];
		const places = comings.map(([k, come]) => {
			const side = Number(values[k] < 0);
			const size = abs(values[k]) * unit * ease(part(come, 0.55, 1));
			const left = side ? zero - ends[1] - size : zero + ends[0];
			ends[side] += size;
			box(pen, left, y, max(0, size - 0.5), height, tint(values[k]), alpha * (1 - 0.75 * cancel));
			return [k, left, size];
		});
		const [up, down] = ends.map((end) => end - cancel * min(...ends));
		if (cancel) {
			box(pen, zero, y, up, height, colours.positive, alpha);
			box(pen, zero - down, y, down, height, colours.negative, alpha);
		}
		return places;
	},
	/** The pile of one neuron, enlarged. */
	paintRow(pen, n, [width, y], t) {
		const [hop, j, comings] = [this.hops[n], this.rows[n], this.comings(n, t, this.rows[n])];
		const [ups, downs] = [1, -1].map((sign) => sum(hop.values[j].map((value) => max(0, value * sign))));
		const cancel = this.cancelled(n, t, j);
		const left = width < 560 ? 56 : 70;
		const unit = (width - left - 62) / (ups + downs);
		const zero = left + downs * unit;
		headline(pen, `for ${neuronName(2 - n, j)}`, 0, y + 30, "left");
		// How the first wish comes about.
		const k = comings[0][0];
		const own = this.wish[hop.layer][k];
		const steep = number(this.push[hop.layer][k] / own, 4);
		const product = t < 0.2 ? "?" : signed(hop.values[j][k], 3);
		const from = width < 560 ? "" : n ? `${neuronName(2, k)}: ` : `output ${k}: `;
		const words = `${from}wish ${signed(own, 3)} × steepness ${steep} × weight ${number(hop.weights[j][k], 3)} = ${product}`;
		if (t > 0.03) headline(pen, words, 0, y + 5, "left", width < 560 ? 11 : 14, width > 560);
		const places = this.pile(pen, zero, y + 14, 24, unit, hop.values[j], comings, cancel);
		drawLine(pen, segment(zero, y + 11, zero, y + 46), colours.text);
		places.forEach(([k, start, size], i) => {
			const name = n ? neuronName(2, k) : k;
			const words = `${name}: ${signed(hop.values[j][k], 3)}`;
			if (comings[i][1] === 1 && size > (n ? 24 : 14))
				note(pen, size > 70 ? words : name, start + size / 2, y + 58, "center", { size: 11 });
		});
		if (cancel < 1) return;
		if (width > 560) note(pen, `${number(ups, 3)} − ${number(downs, 3)} =`, width, y + 8, "right");
		headline(pen, signed(hop.wish[j], 3), width, y + 30, "right");
	},
	label() {
		const n = Number(moment > 0.575);
		const [hop, j] = [this.hops[n], this.rows[n]];
		const words =
			moment < 0.34
				? ""
				: ` Wishes for ${neuronName(2 - n, j)}: ${hop.values[j].map((value, k) => `${signed(value, 3)} from ${n ? neuronName(2, k) : k}`).join(", ")}; together ${signed(hop.wish[j], 3)}.`;
		return `${stopsAt(moment)[1]}${words} Arrow keys choose a neuron.`;
	},
};

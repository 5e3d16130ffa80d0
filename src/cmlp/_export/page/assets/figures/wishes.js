// --- Chapter 13: the wishes of a layer stack into one wish for each neuron before it, and travel on.

// For the way to B, and from B to A: when columns open, stack and cancel.
const WISH_PARTS = [
	[
		[0.1, 0.34],
		[0.34, 0.47],
		[0.48, 0.56],
	],
	[
		[0.58, 0.8],
		[0.8, 0.92],
		[0.93, 1],
	],
];

FIGURES.wishes = {
	seconds: 14,
	net: "half",
	stops: [
		[0, "The same 9. Output 9 wishes to rise and 4 to fall; the others are nearly content."],
		[0.1, "Each output wishes something of all 16 neurons of B: its own wish × the weight."],
		[0.34, "Two columns are loud, eight whisper. The bars below are one row of it."],
		[0.47, "Each row moves together: ups to the right, downs to the left."],
		[0.56, "Up against down: what is left is the wish for each neuron of B."],
		[0.8, "Now B stands where the outputs stood: sixteen columns of wishes for A."],
		[0.92, "Again each row moves together."],
		[1, "The wishes for A. The pixels stay as they are, so they end here, in the weights and biases of A."],
	],
	bet: {
		question: "Output 4 wishes to fall. What does it wish of B10?",
		options: ["to rise", "to fall", "nothing"],
		at: 0.1,
		value: () => FIGURES.wishes.hops[0].values[9][4],
		measure() {
			return abs(this.value()) < 0.01 ? 2 : Number(this.value() < 0);
		},
		verdict() {
			const { hops } = FIGURES.wishes;
			return `${signed(this.value(), 3)}: to rise, for B10 holds output 4 down (weight ${number(hops[0].weight(9, 4))}). With all ten together the wish for B10 is ${signed(hops[0].wish[9], 3)}. Output 9 wishes the opposite (${signed(hops[0].values[9][9], 3)}).`;
		},
	},
	set() {
		Object.assign(this, wishesIn(half, pictures.train4));
		this.hops = [3, 2].map((layer) => {
			const { w, inputs, outputs } = half.layers[layer - 1];
			const weight = (j, k) => half.params[w + j * outputs + k];
			const values = range(inputs).map((j) => range(outputs).map((k) => this.push[layer][k] * weight(j, k)));
			return { weight, values, top: largest(values.flat()), wish: this.wish[layer - 1], count: outputs };
		});
		this.rows = [9, 11];
		action("The next row", () => (this.rows = this.rows.map((row) => (row + 1) % 16)));
		action("The row before", () => (this.rows = this.rows.map((row) => (row + 15) % 16)));
	},
	keys(across, down) {
		this.rows = this.rows.map((row) => (row + down + across + 16) % 16);
	},
	name: (n, k) => (n ? neuronName(2, k) : String(k)),
	paint({ pen, width, height, narrow }, t) {
		const tall = height * 0.68;
		const [top, row] = [30, (tall - 34) / 16];
		const y = (k) => top + row * (k + 0.5);
		const yOut = (k) => top + ((tall - 34) / 10) * (k + 0.5);
		const radius = min(8, row * 0.38);
		// From left to right: A, its columns, B, its columns, the outputs. A phone shows one half at a time.
		const reach = narrow ? 26 : 44;
		const cell = narrow ? [14, 11] : Array(2).fill(min(24, (width - 500) / 26));
		const wide = [10 * cell[0], 16 * cell[1]].map((columns) => 34 + 2 * reach + 12 + columns + 26);
		const xA = 14;
		const xB = narrow ? 14 : xA + wide[1];
		const xOut = xB + wide[0];
		const isSecond = t > 0.575;
		this.hops.forEach((hop, n) => {
			if (narrow && n !== Number(isSecond)) return;
			const x = narrow ? 14 : [xB, xA][n];
			const behind = x + wide[n];
			const [open, stack, cancel] = WISH_PARTS[n].map(([from, to]) => part(t, from, to));
			if (!open) return;
			const zero = x + 34 + reach;
			const first = zero + reach + 12;
			box(pen, x - 12, y(this.rows[n]) - row / 2, behind - x, row, colours.line, 0.7);
			drawLine(pen, segment(zero, top, zero, tall - 4), colours.line);
			const unit = reach / (1.3 * largest(hop.wish));
			const yBehind = n ? y : yOut;
			const gone = (k) => ease(clamp(open * 2.2 - (k / hop.count) * 1.2));
			range(hop.count).forEach((k) => {
				const column = first + cell[n] * (k + 0.5);
				if (gone(k) && (cell[n] > 17 || k % 2 === 0)) note(pen, n ? k + 1 : k, column, top - 6, "center", { size: 11 });
				if (gone(k) === 0 || gone(k) === 1) return;
				range(16).forEach((j) => {
					const size = abs(hop.values[j][k]) / hop.top;
					if (size < 0.02) return;
					pen.globalAlpha = 0.5 * Math.sin(Math.PI * gone(k));
					drawLine(pen, segment(behind, yBehind(k), column, y(j)), tint(hop.values[j][k]), 0.5 + 2.5 * size);
					pen.globalAlpha = 1;
				});
			});
			range(16).forEach((j) => {
				let [up, down] = [0, 0];
				const moved = ease(clamp(stack * 1.5 - (j / 16) * 0.5));
				hop.values[j].forEach((value, k) => {
					const length = abs(value) * unit;
					const offset = value < 0 ? -(down += length) : (up += length) - length;
					if (!gone(k)) return;
					const size = max(1.2, Math.sqrt(abs(value) / hop.top) * (min(cell[n], row) - 2));
					const column = first + cell[n] * (k + 0.5);
					const square = blendAll(
						[behind, yBehind(k), 0, 0],
						[column - size / 2, y(j) - size / 2, size, size],
						gone(k),
					);
					if (moved) box(pen, ...square, tint(value), 0.18);
					if (!cancel)
						box(pen, ...blendAll(square, [zero + offset, y(j) - row * 0.3, length, row * 0.6], moved), tint(value));
				});
				if (!cancel) return;
				const eaten = ease(cancel) * min(up, down);
				box(pen, zero, y(j) - row * 0.3, up - eaten, row * 0.6, colours.positive);
				box(pen, zero - down + eaten, y(j) - row * 0.3, down - eaten, row * 0.6, colours.negative);
			});
			note(pen, n ? "wishes of 16 for A" : "wishes of ten for B", first + (cell[n] * hop.count) / 2, 12, "center", {
				colour: colours.text,
			});
		});
		const column = (layer, x, come) => {
			const wish = this.wish[layer];
			range(16).forEach((k) => {
				const share = come * clamp(abs(wish[k]) / largest(wish));
				disc(pen, x, y(k), radius, this.a[layer][k], share > 0.05 ? tint(wish[k]) : colours.ring, 1 + 3 * share);
				note(pen, neuronName(layer, k), x + radius + 4, y(k) + 4, "left", { size: 11 });
			});
		};
		if (!narrow || isSecond) column(1, xA, part(t, 0.95, 1));
		if (!narrow || !isSecond) column(2, xB, part(t, 0.53, 0.57));
		if (narrow && isSecond) column(2, 14 + wide[1], 1);
		else paintWishing(pen, this, xOut, yOut, narrow ? 40 : 90, ease(part(t, -0.02, 0.08)), radius + 2);
		this.paintRow(pen, Number(isSecond), [0, tall + 8, width, height - tall - 8], t);
	},
	/** One row, enlarged: its bars stand at their places, then stack and cancel at the left. */
	paintRow(pen, n, [x, y, width, height], t) {
		const [hop, j] = [this.hops[n], this.rows[n]];
		const row = hop.values[j];
		const [open, stack, cancel] = WISH_PARTS[n].map(([from, to]) => part(t, from, to));
		if (!open) return;
		const [ups, downs] = [1, -1].map((sign) => sum(row.map((value) => max(0, value * sign))));
		const unit = (height - 52) / (ups + downs || 1);
		const zero = y + 24 + ups * unit;
		const left = width < 560 ? 84 : 150;
		const step = (width - left - 8) / row.length;
		const wide = min(40, step * 0.66);
		drawLine(pen, segment(x, zero, x + width, zero), colours.line);
		headline(pen, `for ${neuronName(2 - n, j)}`, x, y + 12, "left");
		let [up, down] = [0, 0];
		row.forEach((value, k) => {
			const size = abs(value) * unit;
			const offset = value < 0 ? down : (up += size);
			if (value < 0) down += size;
			const grown = ease(clamp(open * 2.2 - (k / row.length) * 1.2));
			const moved = ease(clamp(stack * 2 - k / row.length));
			const middle = left + step * (k + 0.5);
			const stand = [middle - wide / 2, value < 0 ? zero : zero - size * grown, wide, size * grown];
			const piled = [left / 2 + (value < 0 ? 0 : -wide), value < 0 ? zero + offset : zero - offset, wide, size];
			box(pen, ...stand, tint(value), moved ? 0.22 : 1);
			if (moved && !cancel) box(pen, ...blendAll(stand, piled, moved), tint(value));
			if (grown === 1 && abs(value) * unit > 9 && step > 34)
				note(pen, signed(value, 3), middle, value < 0 ? zero - 5 : zero + 14, "center", {
					colour: colours.text,
					size: 11,
				});
			if (step > 22 || k % 2 === 0) note(pen, n ? `B${k + 1}` : k, middle, y + height - 4, "center", { size: 11 });
		});
		note(pen, "from", left - 8, y + height - 4, "right", { size: 11 });
		if (!cancel) return;
		const eaten = ease(cancel) * min(up, down);
		box(pen, left / 2 - wide, zero - up + eaten, wide, up - eaten, colours.positive);
		box(pen, left / 2, zero, wide, down - eaten, colours.negative);
		if (cancel === 1) headline(pen, signed(hop.wish[j], 3), left / 2, hop.wish[j] < 0 ? zero - 6 : zero + 16, "center");
	},
	label() {
		const n = Number(moment > 0.575);
		const [hop, j] = [this.hops[n], this.rows[n]];
		const words =
			moment < 0.34
				? ""
				: ` Wishes for ${neuronName(2 - n, j)}: ${hop.values[j].map((value, k) => `${signed(value, 3)} from ${this.name(n, k)}`).join(", ")}.`;
		return `${stopsAt(moment)[1]}${words}`;
	},
};

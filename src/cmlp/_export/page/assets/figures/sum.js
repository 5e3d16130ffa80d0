// --- Chapter 4: the weighted sum of one neuron.

const A13 = 12;

FIGURES.sum = {
	seconds: 6,
	stops: [
		[0, "A 9 and the weights of A13. Blue pixels push it on, orange ones hold it off."],
		[
			0.55,
			"The five largest products, one after the other. Each moves the end of the bar to the right or to the left.",
		],
		[0.72, "All other products, as one block."],
		[1, "And the bias: that is the sum z. Now draw on the 9, and watch the bars."],
	],
	bet: {
		question: "It adds up all products and its bias. Where does the bar end?",
		options: ["above 0: A13 is on", "below 0: A13 is off"],
		measure: () => Number(resultOf(trained, pictures.nine.input).z[0][A13] < 0),
		verdict: () =>
			`At ${signed(resultOf(trained, pictures.nine.input).z[0][A13], 3)}. The largest product is positive, but many small ones and the bias pull the other way. No single pixel decides.`,
	},
	set() {
		this.image = pictures.nine.input.slice();
		this.cursor = 13 * SIDE + 7;
		this.touched = null;
		action("The 9 as it was", () => this.reset());
	},
	reset() {
		this.image = pictures.nine.input.slice();
		this.touched = null;
	},
	terms() {
		const { w, outputs, b } = trained.layers[0];
		const products = [...this.image]
			.map((a, i) => [a * trained.params[w + i * outputs + A13], i])
			.filter((one) => one[0]);
		products.sort((p, q) => abs(q[0]) - abs(p[0]));
		const five = products.slice(0, 5);
		const rest = sum(products.slice(5).map(([p]) => p));
		return { five, rest, count: products.length - five.length, bias: trained.params[b + A13] };
	},
	paint({ pen, width, height, narrow }, t) {
		const { five, rest, count, bias } = this.terms();
		const side = min((width - 36) / 3, height * 0.45, 250);
		const gap = (width - 3 * side) / 2 - 1;
		const { w, outputs } = trained.layers[0];
		const weights = Float64Array.from({ length: PIXELS }, (_, i) => trained.params[w + i * outputs + A13]);
		const products = weights.map((weight, i) => weight * this.image[i]);
		["the image", "A13’s weights", "image × weights"].forEach((name, n) => {
			const x = n * (side + gap);
			note(pen, name, x + side / 2, 14, "center", { size: narrow ? 11 : 12 });
			picture(pen, [this.image, weights, products][n], x, 20, side, n ? 0 : 1);
		});
		this.area = [0, 20, side];
		const rows = [
			...five.map(([value, i]) => [
				`${narrow ? "" : `${placeName(i)}: `}${number(this.image[i], 2)} × ${number(weights[i], 2)}`,
				value,
				i,
			]),
			[`${count} other products`, rest],
			["bias", bias],
		];
		const starts = [0.04, 0.14, 0.24, 0.34, 0.44, 0.57, 0.77];
		const [from, pitch] = [30 + side, min(30, (height - side - 56) / 8)];
		let reach = 0;
		rows.reduce((total, [, value]) => ((reach = max(reach, abs(total + value))), total + value), 0);
		const names = narrow ? 122 : 230;
		const middle = names + (width - names - 60) / 2 + 26;
		const unit = (width - names - 90) / 2 / reach;
		drawLine(pen, segment(middle, from, middle, from + pitch * 8), colours.ring);
		let total = 0;
		rows.forEach(([name, value, pixel], n) => {
			const grown = ease(part(t, starts[n], starts[n] + (n > 4 ? 0.15 : 0.08)));
			if (!grown) return;
			const y = from + pitch * (n + 0.5);
			note(pen, name, names - 8, y + 4, "right", { size: narrow ? 11 : 13 });
			const end = total + value * grown;
			box(pen, middle + min(total, end) * unit, y - pitch * 0.32, abs(end - total) * unit, pitch * 0.64, tint(value));
			if (grown === 1)
				drawLine(
					pen,
					segment(middle + end * unit, y + pitch * 0.3, middle + end * unit, y + pitch * 0.7),
					colours.ring,
				);
			if (grown === 1) note(pen, signed(value, 3), width - 2, y + 4, "right", { colour: colours.text });
			if (pixel !== undefined && grown < 1) {
				const spot = [
					2 * (side + gap) + ((pixel % SIDE) + 0.5) * (side / SIDE),
					20 + (floor(pixel / SIDE) + 0.5) * (side / SIDE),
				];
				drawLine(pen, [spot, [middle + end * unit, y]], colours.mark, 1.5);
			}
			total = end;
		});
		if (t < 0.93) return;
		const y = from + pitch * 7.5;
		headline(pen, `sum z = ${signed(total, 3)}`, names - 8, y + 4, "right", narrow ? 12 : 13);
		box(pen, middle + min(0, total) * unit, y - pitch * 0.3, abs(total) * unit, pitch * 0.6, colours.mark);
		if (this.touched) {
			const before = number(resultOf(trained, pictures.nine.input).a[1][A13]);
			const after = number(logistic(total));
			note(pen, `activation ${before} → ${after}`, width - 2, y + pitch * 0.5 + 12, "right", { colour: colours.text });
			const step = side / SIDE;
			frameOf(pen, (this.cursor % SIDE) * step - 1, 20 + floor(this.cursor / SIDE) * step - 1, step + 2, step + 2);
		}
	},
	light(k, value = Number(this.image[k] <= 0.5)) {
		if (!isOpen()) return false;
		this.image[k] = this.ink = value;
		this.cursor = k;
		this.touched = true;
	},
	press(x, y) {
		const k = pixelAt(x, y, this.area);
		if (k >= 0) this.light(k);
	},
	/** Lights all pixels on the way from the last place. */
	drag(x, y, across, down) {
		const steps = ceil(hypot(across, down) / 3);
		for (let n = 0; n <= steps && moment === 1; n++) {
			const k = pixelAt(x - (n / (steps || 1)) * across, y - (n / (steps || 1)) * down, this.area);
			if (k >= 0) this.light(k, this.ink);
		}
	},
	keys(across, down) {
		this.touched = true;
		if (!across && !down) return this.light(this.cursor);
		const [row, column] = [floor(this.cursor / SIDE) + down, (this.cursor % SIDE) + across];
		this.cursor = clamp(row, 0, SIDE - 1) * SIDE + clamp(column, 0, SIDE - 1);
	},
	label() {
		const z = trained.forward(this.image).z[0][A13];
		const place = `${placeName(this.cursor)} holds ${number(this.image[this.cursor], 2)}`;
		return `${stopsAt(moment)[1]} Arrow keys choose a pixel, Enter switches it: ${place}${moment === 1 ? `; sum ${number(z)}` : ""}.`;
	},
};

// --- Chapter 4: the weighted sum of one neuron.

const A13 = 12;

FIGURES.sum = {
	seconds: 8,
	stops: [
		[0, "A 9 and the weights of A13. Blue pixels push it on, orange ones hold it off."],
		[
			0.02,
			"The five largest products, one after the other. Each moves the end of the bar to the right or to the left.",
		],
		[0.47, "All other products, as one block."],
		[0.62, "And the bias: that is the sum z."],
		[0.84, "One pixel goes dark: its product is gone, so the sum is lower by just that."],
		[1, "Now you: switch pixels of the 9 on and off, and watch the bars."],
	],
	bet: {
		question: "It adds up all products and its bias. Where does the bar end?",
		options: ["below 0: A13 is off", "above 0: A13 is on"],
		measure: () => Number(resultOf(trained, pictures.nine.input).z[0][A13] > 0),
		verdict: () =>
			`At ${signed(resultOf(trained, pictures.nine.input).z[0][A13], 3)}. The largest product is positive, but many small ones and the bias pull the other way. No single pixel decides.`,
	},
	says(t) {
		if (t < 1 || this.lit === null) return;
		const [{ w, outputs }, isBright] = [trained.layers[0], this.image[this.lit] > 0];
		const weight = trained.params[w + this.lit * outputs + A13];
		const words = `Now ${placeName(this.lit)} is ${isBright ? "bright" : "dark"}`;
		return `${words}. Its weight is ${number(weight, 2)}, so the sum ${isBright === weight > 0 ? "rises" : "falls"}.`;
	},
	set() {
		this.cursor = 13 * SIDE + 7;
		this.reset();
		action("The 9 as it was", () => this.reset());
	},
	reset() {
		this.image = pictures.nine.input.slice();
		this.touched = this.lit = null;
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
		// At the end, the pixel of the largest product goes dark for a moment.
		const gone = part(t, 0.85, 0.88) - part(t, 0.96, 0.99);
		const image = this.image.slice();
		if (gone) image[five[0][1]] *= 1 - gone;
		const products = weights.map((weight, i) => weight * image[i]);
		["the image", "A13’s weights", "image × weights"].forEach((name, n) => {
			const x = n * (side + gap);
			note(pen, name, x + side / 2, 14, "center", { size: narrow ? 11 : 12 });
			picture(pen, [image, weights, products][n], x, 20, side, n ? 0 : 1);
		});
		this.area = [0, 20, side];
		const spotOf = (k) => {
			const step = side / SIDE;
			return [(k % SIDE) * step - 1, 20 + floor(k / SIDE) * step - 1, step + 2, step + 2];
		};
		const rows = [
			...five.map(([value, i]) => [
				`${narrow ? "" : `${placeName(i)}: `}${number(image[i], 2)} × ${number(weights[i], 2)}`,
				products[i],
				i,
			]),
			[`${count} other products`, rest],
			["bias", bias],
		];
		const starts = [0.03, 0.11, 0.19, 0.27, 0.35, 0.48, 0.63];
		const [from, pitch] = [30 + side, min(30, (height - side - 56) / 8)];
		let reach = 0;
		for (const first of [0, five[0][0]])
			rows
				.slice(1)
				.reduce((total, [, value]) => ((reach = max(reach, abs(total), abs(total + value))), total + value), first);
		const names = narrow ? 122 : 230;
		const middle = names + (width - names - 60) / 2 + 26;
		const unit = (width - names - 90) / 2 / reach;
		drawLine(pen, segment(middle, from, middle, from + pitch * 8), colours.ring);
		if (!this.touched) note(pen, "◀ off | on ▶", middle, from + pitch * 8 + 14);
		let total = 0;
		rows.forEach(([name, value, pixel], n) => {
			const grown = ease(part(t, starts[n], starts[n] + (n > 4 ? 0.12 : 0.07)));
			const y = from + pitch * (n + 0.5);
			note(pen, name, names - 8, y + 4, "right", { size: narrow ? 11 : 13 });
			if (!grown) return;
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
				const [left, ...place] = spotOf(pixel);
				for (const n of [0, 1, 2]) frameOf(pen, left + n * (side + gap), ...place);
			}
			total = end;
		});
		if (t < 0.76) return;
		const y = from + pitch * 7.5;
		headline(pen, `sum z = ${signed(total, 3)}`, names - 8, y + 4, "right", narrow ? 12 : 13);
		box(pen, middle + min(0, total) * unit, y - pitch * 0.3, abs(total) * unit, pitch * 0.6, colours.mark);
		if (gone) frameOf(pen, ...spotOf(five[0][1]));
		if (this.touched) {
			const before = number(resultOf(trained, pictures.nine.input).a[1][A13]);
			const after = number(logistic(total));
			note(pen, `activation ${before} → ${after}`, width - 2, y + pitch * 0.5 + 12, "right", { colour: colours.text });
			frameOf(pen, ...spotOf(this.cursor));
		}
	},
	light(k, value = Number(this.image[k] <= 0.5)) {
		if (!isOpen()) return false;
		this.image[k] = this.ink = value;
		this.cursor = this.lit = k;
		this.touched = true;
	},
	press(x, y) {
		const k = pixelAt(x, y, this.area);
		if (k >= 0) this.light(k);
	},
	/** Lights all pixels on the way from the last place. */
	drag(x, y, across, down) {
		if (moment === 1) pixelsOn(this.area, x, y, across, down).forEach((k) => this.light(k, this.ink));
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

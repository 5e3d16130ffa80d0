// --- Chapter 7: all weights and biases at once, and the network as a function.

FIGURES.knobs = {
	seconds: 7,
	stops: [
		[0, "Each wire is a number."],
		[0.6, "Three matrices, each with a column of biases: one dot for each knob."],
		[
			1,
			"784 numbers go in, ten come out. Turn all knobs, or press a dot to turn one. Yellow frames: digits it now misreads.",
		],
	],
	bet: {
		question:
			"How far must all knobs be turned, at random, until it reads less than half of the digits? Most stand within ±0.7.",
		options: ["±0.05", "±0.25", "±1"],
		shares: () => [0.05, 0.25, 1].map((by) => rightShare(FIGURES.knobs.turned(by))),
		measure() {
			return this.shares().findIndex((share) => share < 0.5);
		},
		verdict() {
			const [little, more, most] = this.shares().map((share) => percent(share));
			return `Still right: ${little} after ±0.05, ${more} after ±0.25, ${most} after ±1. Thousands of small errors cancel in the sums. No single knob holds what it knows.`;
		},
	},
	set() {
		[this.by, this.knob, this.added] = [0, null, 0];
		this.turn();
		const turning = (name) => (value) => {
			this[name] = value;
			this.turn();
			moveTo(1);
		};
		slider("Each at random, by about ±", { min: 0, max: 2, step: 0.05, value: 0, places: 2 }, turning("by"));
		this.showAdded = slider(
			"One knob (press a dot), by",
			{ min: -20, max: 20, step: 0.5, value: 0, places: 1 },
			turning("added"),
		);
	},
	press(x, y) {
		const l = this.areas.findIndex(([left, top, w, h]) => x >= left && y >= top && x < left + w && y < top + h);
		if (l < 0 || !isOpen()) return;
		const { inputs, outputs, w } = trained.layers[l];
		const [left, top, wide, tall] = this.areas[l];
		const [i, j] = [floor(((x - left) / wide) * (inputs + 1)), floor(((y - top) / tall) * outputs)];
		Object.assign(this, { knob: w + i * outputs + j, added: 0, spot: [l, i, j] });
		this.showAdded(0);
		this.turn();
	},
	/** The network with a random number, as large as `by` on average (as squares), added to each knob. */
	turned(by) {
		const random = randomNumbers(3);
		const shake = () => 2 * (random() + random() + random() - 1.5);
		return new Network(
			model,
			trained.params.map((value) => value + by * shake()),
		);
	},
	turn() {
		this.shaken = this.turned(this.by);
		if (this.knob !== null) this.shaken.params[this.knob] += this.added;
		this.result = this.shaken.forward(pictures.nine.input);
		this.right = new Set(examples.test.filter((one) => isRight(this.shaken, one)));
		this.share = this.right.size / examples.test.length;
		this.images = this.shaken.layers.map(({ inputs, outputs, w }) => {
			const picture = Object.assign(make("canvas"), { width: inputs + 1, height: outputs });
			const target = picture.getContext("2d");
			const pixels = target.createImageData(inputs + 1, outputs);
			const [from, low, high] = ["surface", "negative", "positive"].map(rgb);
			const values = this.shaken.params.slice(w, w + (inputs + 1) * outputs);
			const top = largest(trained.params.subarray(w, w + values.length)) / 2.5;
			values.forEach((value, k) => {
				const at = ((k % outputs) * (inputs + 1) + floor(k / outputs)) * 4;
				const share = min(1, abs(value) / top);
				for (let c = 0; c < 3; c++) pixels.data[at + c] = blend(from[c], (value < 0 ? low : high)[c], share);
				pixels.data[at + 3] = 255;
			});
			target.putImageData(pixels, 0, 0);
			return picture;
		});
	},
	paint({ pen, width, height, narrow }, t) {
		if (this.theme !== root.dataset.theme) {
			this.theme = root.dataset.theme;
			this.turn();
		}
		const open = ease(part(t, 0.05, 0.5));
		const fade = 1 - part(t, 0.2, 0.5);
		if (fade) {
			pen.globalAlpha = 1;
			paintNet(pen, placesOf(0, 0, width, height - 30), trained, resultOf(trained, pictures.nine.input), 3, {
				bars: false,
			});
			box(pen, 0, 0, width, height - 24, colours.ground, 1 - fade);
		}
		const flow = part(t, 0.62, 0.98);
		const cell = narrow ? 9 : min(16, (width * 0.3) / 18, (height * 0.6 - 84) / 16);
		const tall = (height - 100) * (narrow ? 0.22 : 0.4);
		const areas = (this.areas = [
			[0, 30, width - 4, tall],
			[0, 84 + tall, cell * 17, cell * 16],
			[cell * (narrow ? 19 : 21), 84 + tall, cell * 17, cell * 10],
		]);
		const names = ["A: 784 × 16 weights, 16 biases", "B: 16 × 16, 16", "outputs: 16 × 10, 10"];
		const places = placesOf(0, 0, width, height - 30);
		const { result } = this;
		areas.forEach((area, l) => {
			if (!open) return;
			const from = [
				places.columns[l] ?? 0,
				height * 0.2,
				max(40, (places.columns[l + 1] ?? width) - (l ? places.columns[l] : 0)),
				height * 0.6,
			];
			const [x, y, w, h] = blendAll(from, area, open);
			pen.imageSmoothingEnabled = false;
			pen.globalAlpha = open;
			pen.drawImage(this.images[l], x, y, w, h);
			pen.globalAlpha = 1;
			if (open === 1) note(pen, names[l], x, y - 8, "left", { size: narrow ? 11 : 12 });
			// The activations that have come to this matrix, above it, and those that leave it, at its right.
			const come = clamp(flow * 3 - l);
			if (!come) return;
			const inputs = result.a[l];
			box(pen, x, y - 4, come * w, 4, colours.off);
			inputs.forEach((a, i) => {
				if (i / inputs.length < come)
					box(pen, x + (i * w) / (inputs.length + 1), y - 4, w / (inputs.length + 1), 4, colours.on, a);
			});
			if (come < 1) box(pen, x + come * w - 2, y - 4, 3, h + 8, colours.mark);
			else
				result.a[l + 1].forEach((a, j) => {
					const down = y + ((j + 0.5) * h) / result.a[l + 1].length;
					disc(pen, min(width - 6, x + w + 10), down, min(5, h / 36), a);
					if (l === 2) headline(pen, j, x + w + 24, down + 4, "center", 11, j === winner(result.a[3]));
				});
		});
		const counts = [12560, 272, 170];
		const shown = counts.slice(0, ceil(part(t, 0.1, 0.6) * 3));
		if (t > 0.08)
			headline(
				pen,
				`${shown.map((n) => n.toLocaleString("en")).join(" + ")}${t > 0.58 ? " = 13,002" : ""}`,
				0,
				height - 8,
				"left",
				16,
			);
		if (flow < 1) return;
		const [x, y, w, h] = areas[0];
		if (this.knob === null) {
			frameOf(pen, x, y + (A13 * h) / 16, w, h / 16);
			const [z, a] = [result.z[0][A13], result.a[1][A13]];
			const words = `A13: Σ = ${number(z)} → σ = ${number(a)}`;
			note(pen, words, width, narrow ? y + h + 16 : y - 8, "right", { colour: colours.text });
		} else {
			const [l, i, j] = this.spot;
			const [left, top, wide, tall] = areas[l];
			const [columns, rows] = [sizes[l] + 1, sizes[l + 1]];
			frameOf(pen, left + (i * wide) / columns - 2, top + (j * tall) / rows - 2, wide / columns + 4, tall / rows + 4);
			const words = `${knobName(this.knob)}: ${number(this.shaken.params[this.knob], 2)}`;
			note(pen, words, width, narrow ? y + h + 16 : y - 8, "right", { colour: colours.text });
		}
		// Some test digits; those that it now misreads are framed.
		const [across, down] = narrow ? [cell * 19, areas[2][1] + cell * 10 + 6] : [cell * 42, areas[2][1] - 6];
		const place = [across, down, width - across, height - down - (narrow ? 62 : 56)];
		crowd(pen, examples.test, place, narrow ? 20 : 36, (one) => !this.right.has(one));
		headline(pen, `right: ${percent(this.share)} of 300`, width, height - (narrow ? 48 : 34), "right");
		const words = `${narrow ? "" : "next "}a = σ(a W + b), three times: ${winner(result.a[3])}`;
		note(pen, words, width, narrow ? height - 30 : height - 8, "right", {
			colour: colours.text,
			size: narrow ? 11 : 14,
		});
	},
};

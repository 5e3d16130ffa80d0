// --- Chapter 7: all weights and biases at once, the network as a function, and what it withstands.

const TURNED_BY = 0.25;

FIGURES.knobs = {
	seconds: 8,
	stops: [
		[0, "Each wire is a number, each neuron has one more."],
		[0.3, "Each layer’s weights as a table: a row for each neuron, a column for each input; blue is above 0."],
		[0.42, "784 numbers go in, ten come out: a 9."],
		[0.7, "All knobs turn. Yellow: digits that it now misreads, and what it reads instead."],
		[1, "Turn the knobs further: how far, until it reads less than half?"],
	],
	bet: {
		question: `Now each knob is turned at random, by about ±${TURNED_BY}. How many digits does it still read?`,
		options: ["1 in 10", "half", "9 in 10"],
		at: 0.65,
		measure: () => nearest([0.1, 0.5, 0.9], FIGURES.knobs.shareAt(TURNED_BY)),
		verdict() {
			const [none, some, most] = [0, TURNED_BY, 1].map((by) => percent(FIGURES.knobs.shareAt(by)));
			return `It reads ${some}, before ${none}: some knobs push a sum up, others down, so most of the errors cancel. At ±1 they are too large for that: ${most}.`;
		},
	},
	set() {
		this.by = null;
		const options = { min: 0, max: 2, step: 0.01, value: 0, places: 2 };
		this.showBy = slider("Each knob turned at random, by about ±", options, (by) => {
			this.by = by;
			moveTo(1);
		});
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
	shareAt: (by) => rightShare(FIGURES.knobs.turned(by)),
	/** Turns all knobs, unless they stand so already, and keeps the answers and a picture of each matrix. */
	turn(by) {
		const state = by + root.dataset.theme;
		if (this.state === state) return;
		this.state = state;
		const net = this.turned(by);
		this.answers = examples.test.map(({ input }) => winner(net.forward(input).a[3]));
		this.images = net.layers.map(({ inputs, outputs, w }) => {
			const picture = Object.assign(make("canvas"), { width: inputs + 1, height: outputs });
			const target = picture.getContext("2d");
			const pixels = target.createImageData(inputs + 1, outputs);
			const [from, low, high] = ["surface", "negative", "positive"].map(rgb);
			const values = net.params.slice(w, w + (inputs + 1) * outputs);
			const top = largest(trained.params.subarray(w, w + values.length)) / 2.5;
			values.forEach((value, k) => {
				const at = ((k % outputs) * (inputs + 1) + floor(k / outputs)) * 4;
				const share = min(1, abs(value) / top);
				pixels.data.set([...blendAll(from, value < 0 ? low : high, share), 255], at);
			});
			target.putImageData(pixels, 0, 0);
			return picture;
		});
	},
	says(t) {
		if (t < 1 || this.by === null) return;
		this.turn(this.by);
		const share = this.share();
		const words = share < 0.5 ? "Less than half" : share < 0.85 ? "It begins to fail" : "It hardly notices";
		return `${words}: at ±${number(this.by, 2)} it reads ${percent(share)} of these 300 test digits.`;
	},
	/** How many of the digits the turned knobs still read. */
	share() {
		return this.answers.filter((answer, n) => answer === examples.test[n].label).length / this.answers.length;
	},
	paint({ pen, width, height, narrow }, t) {
		const by = t < 1 ? Math.round(part(t, 0.75, 0.97) * 100 * TURNED_BY) / 100 : (this.by ?? TURNED_BY);
		this.turn(by);
		this.showBy(by);
		const [open, shrink] = [ease(part(t, 0.05, 0.3)), ease(part(t, 0.66, 0.75))];
		const result = resultOf(trained, pictures.nine.input);
		const places = placesOf(0, 0, width, height);
		if (open < 1) {
			paintNet(pen, places, trained, result, 3, { bars: false });
			box(pen, 0, 0, width, height, colours.ground, open);
		}
		const [middle, size, gap] = [width / 2, narrow ? 11 : 13, narrow ? 26 : 40];
		const tall = (height - 104) / 2;
		const low = 66 + tall;
		const strip = narrow ? 34 : 52;
		const all = [
			[0, 26, width - gap, tall],
			[0, low, middle - gap, tall],
			[middle, low, middle - gap, tall],
		];
		const small = [
			[0, 0, middle - 4, strip],
			[middle, 0, middle / 2 - 4, strip],
			[middle * 1.5, 0, middle / 2, strip],
		];
		if (shrink) {
			// Test digits; at those that it now misreads stands what it reads.
			const top = strip + (narrow ? 30 : 44);
			const words = `Turned by ±${number(by, 2)}, it reads ${percent(this.share())} of 300`;
			headline(pen, words, 0, top - 12, "left", narrow ? 15 : 24);
			const columns = narrow ? 8 : 12;
			const pitch = width / columns;
			const side = pitch - 4;
			examples.test.slice(0, columns * floor((height - top) / pitch)).forEach(({ input, label }, n) => {
				const place = [(n % columns) * pitch, top + floor(n / columns) * pitch, side];
				picture(pen, input, ...place);
				const answer = this.answers[n];
				if (answer === label) return;
				frameOf(pen, place[0] + 1, place[1] + 1, side - 2, side - 2);
				const [x, y] = [place[0] + side - 10, place[1] + side];
				box(pen, x - 8, y - 22, 17, 21, colours.mark);
				note(pen, answer, x, y - 6, "center", { colour: colours.ink, size: 15, bold: true });
			});
			box(pen, 0, 0, width, height, colours.ground, 1 - shrink);
		}
		const counts = ["784 × 16 + 16 = 12,560", "16 × 16 + 16 = 272", "16 × 10 + 10 = 170"];
		const flow = part(t, 0.4, 0.63);
		all.forEach((area, l) => {
			if (!open) return;
			const from = places.columns[l];
			const start = [from, height * 0.2, places.columns[l + 1] - from, height * 0.6];
			const [x, y, w, h] = blendAll(blendAll(start, area, open), small[l], shrink);
			pen.imageSmoothingEnabled = false;
			pen.globalAlpha = open;
			pen.drawImage(this.images[l], x, y, w, h);
			pen.globalAlpha = 1;
			if (open < 1 || shrink) return;
			headline(pen, `${["A", "B", "outputs"][l]}: ${counts[l]}`, x, y - 10, "left", size);
			// The activations that have come to this matrix, above it, and those that leave it, at its right.
			const come = clamp(flow * 3 - l);
			if (!come) return;
			const inputs = result.a[l];
			const wide = w / (inputs.length + 1);
			inputs.forEach((a, i) => {
				if (i / inputs.length < come) box(pen, x + i * wide, y - 5, wide, 4, colours.on, a);
			});
			if (come < 1) return box(pen, x + come * w - 2, y - 6, 3, h + 10, colours.mark);
			const outputs = result.a[l + 1];
			outputs.forEach((a, j) => {
				const down = y + ((j + 0.5) * h) / outputs.length;
				disc(pen, x + w + 8, down, min(6, h / 40), a);
				if (l === 2) headline(pen, j, width - 4, down + 4, "right", size, j === winner(outputs));
			});
		});
		if (open === 1 && !shrink)
			headline(pen, "12,560 + 272 + 170 = 13,002 knobs", 0, height - 6, "left", narrow ? 14 : 20);
	},
	label(t) {
		return this.says(t) ?? stopsAt(t)[1] + (t < 1 ? "" : ` It reads ${percent(this.shareAt(TURNED_BY))}.`);
	},
};

// --- Side door of scene 3: activations travel through the layers.

const ON = 0.5;
const THREES = ["three1", "three2", "three3"];

FIGURES.layers = {
	net: "net.trained",
	seconds: 10,
	draws: true,
	stops: [0, 1 / 3, 0.34, 2 / 3, 1],
	/** The neurons of A that are on for all three. */
	shared: () => range(16).filter((k) => THREES.every((name) => resultOf(trained, pictures[name].input).a[1][k] > ON)),
	/** On how many of the test digits that are no 3 a neuron of A is on. */
	elsewhere(k) {
		const others = examples.test.filter(({ label }) => label !== 3);
		return others.filter((one) => resultOf(trained, one.input).a[1][k] > ON).length / others.length;
	},
	/** What is said of all three: neurons that they share are on for many other digits as well. */
	summary() {
		const shared = this.shared();
		const names = shared.map((k) => neuronName(1, k)).join(", ");
		const shares = shared.map((k) => percent(this.elsewhere(k))).join(", ");
		return said("layers.summary", { names, shares });
	},
	/** What a network gives, its outputs by the curve that is chosen. */
	withCurve(result) {
		if (!this.isSoft) return result;
		const sums = result.z[2];
		const outputs = sums.map((value) => exp(value - logSumExp(sums)));
		return { ...result, a: [...result.a.slice(0, 3), outputs] };
	},
	says(t) {
		if (this.isSoft) return said("layers.soft");
		if (!strokesNow().length) return t === 1 ? this.summary() : undefined;
		const { a } = trained.forward(input ?? currentInput());
		const on = range(16).filter((k) => a[1][k] > ON);
		const best = winner(a[3]);
		const names = on.map((k) => neuronName(1, k)).join(", ") || said("layers.none");
		return said("layers.drawn", { count: on.length, names, digit: best, activation: number(a[3][best], 2) });
	},
	set() {
		Object.assign(this, { pulses: [], drawn: null, seen: null, isSoft: false });
		const [outputs, sigmoid, softmax] = said("layers.curve");
		choices(
			outputs,
			[
				[false, sigmoid],
				[true, softmax],
			],
			(isSoft) => isSoft === this.isSoft,
			(isSoft) => (this.isSoft = isSoft),
		);
		action(said("layers.why"), () => goTo("playground", { preset: "circles" }));
	},
	paint({ pen, width, height, narrow }, t) {
		const n = min(2, floor(t * 3 - 1e-6 < 0 ? 0 : t * 3 - 1e-6));
		const isDrawn = strokesNow().length > 0;
		if (isDrawn) this.follow();
		const result = this.withCurve(isDrawn ? this.drawn : resultOf(trained, pictures[THREES[n]].input));
		const wave = isDrawn ? 3.2 : part(t, n / 3, (n + 0.97) / 3) * 3.3;
		const places = placesOf(narrow ? 0 : 8, 0, width - (narrow ? 0 : 56), height - (narrow ? 40 : 56));
		paintNet(pen, places, trained, result, wave);
		if (isDrawn) this.paintPulses(pen, places);
		if (wave > 3.1)
			result.a[3].forEach((value, k) => {
				const style = { colour: colours.text, size: narrow ? 11 : 12, bold: !narrow };
				if (narrow) box(pen, width - 26, places.at(3, k)[1] - 6, 26, 12, colours.ground);
				note(pen, number(value, 2), width, places.at(3, k)[1] + 4, "right", style);
			});
		if (t > 0.99 && !isDrawn) {
			const [none, two, one] = doorData.hidden.map((share) => number(share, 1));
			const size = narrow ? 12 : 15;
			headline(pen, said("layers.help")[narrow ? 1 : 0], 0, height - 8 - 1.5 * size, "left", size);
			const rest = said("layers.shares", { none, two, one })[narrow ? 1 : 0];
			headline(pen, rest, 0, height - 6, "left", size, false);
		} else if (!isDrawn) this.paintHope(pen, places, height, narrow);
		const shown = THREES.slice(0, n + 1);
		range(16).forEach((k) => {
			const [x, y] = places.at(1, k);
			const size = narrow ? 6 : 9;
			shown.forEach((name, m) => {
				if (m === n && wave < 1) return;
				const left = x + places.radius + 4 + m * (size + 2);
				box(pen, left - 2, y - size / 2 - 2, size + 4, size + 4, colours.off);
				const isOn = resultOf(trained, pictures[name].input).a[1][k] > ON;
				box(pen, left, y - size / 2, size, size, isOn ? colours.on : colours.muted, isOn ? 1 : 0.4);
			});
		});
	},
	/** Beneath each layer: what it was hoped to find. An edge, a loop, a digit. */
	paintHope(pen, { columns, image }, height, narrow) {
		const [size, y] = narrow ? [20, height - 28] : [38, height - 44];
		const [hope, ...hoped] = said("layers.hope");
		note(pen, hope, image[0], y + size / 2 + 4, "left", { size: narrow ? 12 : 15 });
		hoped.forEach((name, n) => {
			const x = columns[n + 1] - size * (narrow && n < 2 ? 1.1 : 0.5);
			box(pen, x, y, size, size, colours.off);
			const at = (right, down) => [x + right * size, y + down * size];
			const loop = range(31).map((k) => at(0.5 + 0.2 * Math.cos(k / 4.8), 0.38 + 0.22 * Math.sin(k / 4.8)));
			const parts = [[at(0.2, 0.5), at(0.8, 0.5)], loop, [...loop, at(0.7, 0.38), at(0.6, 0.85)]];
			drawLine(pen, parts[n], colours.on, size / 8);
			if (!n) [0.3, 0.7].map((down) => drawLine(pen, [at(0.2, down), at(0.8, down)], colours.negative, size / 8));
			note(pen, name, x + size + (narrow ? 2 : 5), y + size / 2 + 4, "left", { size: narrow ? 11 : 15 });
		});
	},
	/** What a stroke has changed since the last picture runs along the wires, layer by layer. */
	follow() {
		if (this.seen === input) return;
		const [old, drawn] = [this.drawn, trained.forward(input)];
		Object.assign(this, { seen: input, drawn });
		if (!old || isCalm()) return;
		const wires = trained.layers.map(({ inputs, outputs, w }, l) => {
			const all = range(inputs).flatMap((i) => {
				const change = drawn.a[l][i] - old.a[l][i];
				return abs(change) < 0.05
					? []
					: range(outputs).map((j) => [change * trained.params[w + i * outputs + j], i, j]);
			});
			return all.sort((p, q) => abs(q[0]) - abs(p[0])).slice(0, 16);
		});
		this.pulses.push({ born: performance.now(), wires });
	},
	paintPulses(pen, { at, pixel }) {
		this.pulses = this.pulses.filter(({ born }) => performance.now() - born < 750);
		for (const { born, wires } of this.pulses) {
			const age = (performance.now() - born) / 250;
			const l = min(2, floor(age));
			for (const [strength, from, to] of wires[l]) {
				const place = blendAll(l ? at(l, from) : pixel(from), at(l + 1, to), age - l);
				drawLine(pen, [place], tint(strength), 3 + 2 * min(1, abs(strength)));
			}
		}
		if (this.pulses.length) requestPaint();
	},
	label() {
		const n = min(2, floor(moment * 3 - 1e-6));
		const value = number(resultOf(trained, pictures[THREES[max(0, n)]].input).a[3][3]);
		return `${this.says(moment) ?? stopWords(moment)} ${said("layers.label", { value })}`;
	},
};

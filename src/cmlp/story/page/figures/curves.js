// --- Side door of scene 6: two ways to squash, and what they leave of a wish on its way to the front.

const [CURVE_SIZES, CURVE_START] = [[784, 16, 16, 16, 16, 10], 0.55];
const [CURVE_STEPS, CURVE_KEPT] = [1500, 75]; // how far both learn, and after how many steps something is kept to be shown

FIGURES.curves = {
	seconds: 14,
	net: "curves.net",
	stops: [0, 0.18, CURVE_START, 1],
	set() {
		this.start(1);
		choices(
			said("curves.scale"),
			[
				[1, "× 1"],
				[3, "× 3"],
			],
			(scale) => scale === this.scale,
			(scale) => {
				this.start(scale);
				playFrom(0.2);
			},
		);
		action(said("curves.spiral"), () => goTo("playground", { preset: "fading" }));
	},
	work(t) {
		const done = () => min(...this.nets.map((one) => one.done));
		if (t <= CURVE_START) return t;
		return steadily(
			t,
			() => blend(CURVE_START, 1, done() / CURVE_STEPS),
			() => this.until(done() + 1),
		);
	},
	start(scale) {
		this.scale = scale;
		const kinds = [
			["logistic", 1.5, 2, scale],
			["relu", 0.3, 6, 1],
		];
		this.nets = kinds.map(([name, rate, factor, times]) => {
			const activations = [...Array(4).fill(name), "logistic"];
			const random = randomNumbers(1);
			const params = new Float32Array(13546);
			const net = new Network({ ...model, sizes: CURVE_SIZES, activations, parameters: Array(5).fill(0) }, params);
			net.layers.forEach(({ inputs, outputs, w, b }, l) => {
				const bound = times * Math.sqrt((l < 4 ? factor : 2) / (inputs + outputs));
				for (let k = w; k < b + outputs; k++) params[k] = bound * (2 * random() - 1);
			});
			return { net, rate, shares: [rightShare(net)], wishes: this.wishesOf(net), done: 0 };
		});
	},
	/** Trains both as far as is asked for. */
	until(step) {
		for (const one of this.nets) {
			while (one.done < step) {
				const from = (one.done++ * 10) % examples.train.length;
				const { gradient } = one.net.gradient(examples.train.slice(from, from + 10));
				one.net.params.set(one.net.params.map((value, k) => value - one.rate * gradient[k]));
				if (one.done % CURVE_KEPT === 0) one.shares.push(rightShare(one.net));
			}
		}
		return this.nets;
	},
	/** How large the wishes for each layer are beside those for the outputs. */
	wishesOf(net) {
		const all = examples.train.slice(0, 20).map((one) => net.backward(net.forward(one.input), one.targets).deltas);
		const sizes = range(5).map((l) => sum(all.map((deltas) => hypot2(deltas[l + 1]))));
		return sizes.map((size) => size / sizes[4]);
	},
	paint({ pen, width, height, narrow }, t) {
		const step = floor(part(t, CURVE_START, 1) * CURVE_STEPS);
		this.until(step);
		const glide = ease(part(t, 0.05, 0.15));
		const size = narrow ? 11 : 14;
		const half1 = (width - 24) / 2;
		const tall = height / 2 - 14; // of a row
		const wide = width * (narrow ? 0.17 : 0.22);
		// Once the curves are explained they leave, and the right answers get their place.
		const leave = ease(part(t, 0.5, CURVE_START));
		this.nets.forEach((one, n) => {
			const y = n * (height / 2 + 6);
			const place = [n * (half1 + 24), 20, half1, height - 70];
			const [left, top, across, down] = blendAll(place, [0, y + 20, wide, tall - 50], glide);
			const f = (z) => (n ? max(0, z) : logistic(z));
			const slope = (z) => (n ? Number(z > 0) : f(z) * (1 - f(z)));
			// Both on the same axes, with the same scale for the sum and the activation.
			const unit = min(across / 8, down / 4);
			const at = (z, value) => [left + (z + 4) * unit, top + down - unit * value];
			headline(pen, said("curves.names")[n], left, blend(top - 6, y + 14, leave), "left", size + 1);
			if (leave < 1) {
				pen.globalAlpha = 1 - leave;
				drawLine(pen, [at(-4, 0), at(4, 0)], colours.line);
				for (const [curve, ...style] of [
					[f, colours.text, 2.5],
					[slope, colours.muted, 1.5, [5, 4]],
				])
					drawLine(
						pen,
						range(81).map((k) => at(k / 10 - 4, curve(k / 10 - 4))),
						...style,
					);
				note(pen, said("curves.slope")[n ? 2 : Number(narrow)], left, top + down + 18, "left", { size });
				pen.globalAlpha = 1;
			}
			const from = blend(width * (narrow ? 0.2 : 0.28), 0, leave);
			if (glide === 1) this.paintWishes(pen, [from, y, width, tall], n, t, narrow);
		});
		if (t >= CURVE_START) this.paintRace(pen, [width * (narrow ? 0.62 : 0.5), width, height], step, narrow);
	},
	/** What is left of the wishes, from the outputs at the right to A at the left. */
	paintWishes(pen, [left, y, width, tall], n, t, narrow) {
		const [low, pitch, size] = [y + tall - 34, (width * (narrow ? 0.55 : 0.42)) / 5, narrow ? 11 : 14];
		const { wishes } = this.nets[n];
		wishes.forEach((share, l) => {
			const come = ease(part(t, 0.42 - 0.06 * l, 0.48 - 0.06 * l));
			const [x, room] = [left + l * pitch, low - y - 44];
			box(pen, x + 2, low - room, pitch - 4, room, colours.line, 0.6);
			const grown = room * min(1, share) * come;
			box(pen, x + 2, low - grown, pitch - 4, grown, n ? colours.mark : colours.text);
			note(pen, l < 4 ? letter(l + 1) : said("curves.out"), x + pitch / 2, low + 14, "center", { size });
			if (come < 1) return;
			const words = percent(share, share < 0.001 ? 2 : share < 0.01 ? 1 : 0);
			headline(pen, words, x + pitch / 2, low - room - 6, "center", size, !narrow);
			const factor = `${narrow ? "" : "← "}×${number(share / wishes[l + 1], 2)}`;
			if (l < 4) note(pen, factor, x + pitch, low + 32, "center", { size });
		});
	},
	/** The right answers of both so far, and the gap between them. */
	paintRace(pen, [left, width, height], step, narrow) {
		const [top, low, size] = [70, height - 40, narrow ? 11 : 14];
		const right = width - 8;
		const now = floor(step / CURVE_KEPT);
		const shares = this.nets.map((one) => one.shares[now]);
		const gap = abs(Math.round(100 * shares[1]) - Math.round(100 * shares[0]));
		axes(pen, [left, top, right, low]);
		const place = (share, k) => [left + ((k * CURVE_KEPT) / CURVE_STEPS) * (right - left), low - share * (low - top)];
		const ends = shares.map((share) => place(share, now));
		if (gap) drawLine(pen, ends, colours.ring, narrow ? 5 : 8);
		this.nets.forEach((one, m) => {
			const colour = m ? colours.mark : colours.text;
			drawLine(pen, one.shares.slice(0, now + 1).map(place), colour, 3);
			drawLine(pen, [ends[m]], colour, 9);
			const words = `${said("curves.names")[m]} ${percent(shares[m])}`;
			// The names stand above the higher line and below the lower one.
			const isHigh = shares[m] > shares[1 - m] || (m && !gap);
			const x = max(ends[m][0] - 6, left + (narrow ? 78 : 100));
			note(pen, words, x, ends[m][1] + (isHigh ? -12 : narrow ? 26 : 36), "right", {
				colour,
				size: size + 1,
				bold: true,
			});
		});
		headline(pen, said("curves.gap", { count: gap }), right, 26, "right", narrow ? 18 : 32);
		const after = said("curves.ahead", { steps: film.number(step, 0) })[step ? 0 : 1];
		note(pen, after, right, 46, "right", { size });
		note(pen, said("curves.right")[narrow ? 1 : 0], left + 2, low + 20, "left", { size });
	},
	says(t) {
		if (t < 1) return;
		const gap = this.nets.map((one) => Math.round(100 * one.shares.at(-1)));
		if (this.scale > 1) return said("curves.larger", { arrive: percent(this.nets[0].wishes[0]), share: gap[0] });
		return said("curves.says", { steps: film.number(CURVE_STEPS, 0), first: gap[0], second: gap[1] });
	},
	label(t) {
		const step = floor(part(t, CURVE_START, 1) * CURVE_STEPS);
		const [first, second] = this.nets.map((one) => percent(one.shares[floor(step / CURVE_KEPT)] ?? one.shares.at(-1)));
		return `${this.says(t) ?? stopWords(t)} ${said("curves.label", { steps: step, first, second })}`;
	},
};

// --- Chapter 15: the wishes of ten images averaged, and a race of batches in seconds.

const RACE_TIMES = [0.0003, 4]; // seconds, on a scale where each step to the right is ten times as long

FIGURES.batches = {
	seconds: 11,
	net: "half",
	stops: [
		[0, "Ten training digits. A needle to the right: output 9’s bias should grow, to the left: shrink."],
		[0.3, "Ten needles, and their average: minus the gradient of these ten."],
		[0.5, "How far do the averages of 1, 10 and 100 digits point away from that of all 500? Now four runners start."],
		[
			1,
			"The race to 80 %, recorded by Python on one processor core, each runner with its best rate. Try other digits.",
		],
	],
	bet: {
		question:
			"One network averages 10 digits for each step, another all 5,000. How long does the second one take to read 80 %?",
		options: ["less", "10 times as much", "over 100 times"],
		at: 0.5,
		ratio: () => tale.race[3][3] / tale.race[1][3],
		measure() {
			return this.ratio() < 1 ? 0 : this.ratio() < 50 ? 1 : 2;
		},
		verdict() {
			const [, ten, , all] = tale.race;
			return `Ten a step: ${ten[2]} steps, ${ten[3]} s. All 5,000: only ${all[2]} steps, but ${number(all[3], 1)} s, ${number(this.ratio(), 0)} times as long, for each step must look at every digit. Many hasty steps win.`;
		},
	},
	set() {
		this.from = 0;
		this.ask(9);
		choices(
			"Output",
			range(10).map((k) => [k, k]),
			(k) => k === this.output,
			(k) => this.ask(k),
		);
		action("Next ten digits", () => {
			this.from = (this.from + 10) % 400;
			this.ask(this.output);
		});
	},
	/** What ten digits wish of an output's bias, and how far their gradients point away from that of all. */
	ask(k) {
		const { train } = examples;
		const rest = train.slice(this.from, this.from + 100);
		this.all ??= half.gradient(train).gradient;
		this.ten = this.from ? rest.slice(0, 10) : range(10).map((n) => pictures[`train${n}`]);
		this.output = k;
		this.each = this.ten.map((one) => wishesIn(half, one).push[3][k]);
		this.mean = -half.gradient(this.ten).gradient[half.layers[2].b + k];
		this.angles = [1, 10, 100].map((n) => {
			const { gradient } = half.gradient(rest.slice(0, n));
			return (Math.acos(dot2(gradient, this.all) / hypot2(gradient) / hypot2(this.all)) * 180) / Math.PI;
		});
	},
	needle(pen, x, y, size, angle, colour, width) {
		const [dx, dy] = [Math.sin(angle) * size, -Math.cos(angle) * size];
		drawLine(pen, segment(x, y, x + dx, y + dy), colour, width);
		drawLine(pen, [[x, y]], colour, 5);
	},
	paint({ pen, width, height, narrow }, t) {
		const pitch = narrow ? width / 10 : (width - 150) / 10;
		const side = min(pitch - (narrow ? 5 : 12), 62);
		const length = narrow ? 16 : 40;
		const top = largest(this.each);
		const swing = ease(part(t, 0.03, 0.18));
		this.each.forEach((value, n) => {
			const x = n * pitch + pitch / 2;
			picture(pen, this.ten[n].input, x - side / 2, 2, side);
			this.needle(pen, x, side + length + 8, length, swing * (value / top) * 1.4, tint(value), 3);
			if (swing === 1) note(pen, signed(value, 2), x, side + length + 24, "center", { size: narrow ? 10 : 11 });
		});
		const low = side + length + (narrow ? 50 : 56);
		const settle = ease(part(t, 0.2, 0.3));
		const [x, y, size] = narrow ? [width - 44, low + 30, 36] : [width - 64, side + 30, 58];
		if (settle) {
			this.needle(pen, x, y, size, (this.mean / top) * 1.4, colours.line, 14);
			this.needle(pen, x, y, size, (settle * this.mean * 1.4) / top, colours.mark, 5);
			headline(pen, `average ${signed(this.mean, 3)}`, narrow ? width : x, y + 20, narrow ? "right" : "center", 12);
			note(pen, "= −gradient", narrow ? width : x, y + 36, narrow ? "right" : "center");
		}
		if (t > 0.36) this.paintAngles(pen, low, part(t, 0.36, 0.48), narrow);
		if (t > 0.5)
			this.paintRace(pen, [34, low + (narrow ? 94 : 122), width - 8, height - 20], part(t, 0.52, 0.98), narrow);
	},
	/** Half circles: blue is downhill for all, orange uphill. */
	paintAngles(pen, top, come, narrow) {
		const radius = narrow ? 28 : 44;
		this.angles.forEach((angle, n) => {
			const [x, y] = [4 + n * (narrow ? 82 : 140), top + radius];
			for (const k of [0, 1]) {
				pen.beginPath();
				pen.moveTo(x, y);
				pen.arc(x, y, radius, ((k - 1) * Math.PI) / 2, (k * Math.PI) / 2);
				pen.fillStyle = k ? colours.negative : colours.positive;
				pen.globalAlpha = 0.25;
				pen.fill();
				pen.globalAlpha = 1;
			}
			this.needle(pen, x, y, radius, (come * angle * Math.PI) / 180, colours.text, 3);
			const count = [1, 10, 100][n];
			headline(pen, `${count}: ${number(angle, 0)}°`, x + radius + 4, y - radius / 2, "left", narrow ? 11 : 14);
		});
		if (narrow) return;
		const bad = this.angles[0] > 90;
		headline(pen, "The angle to the gradient of all 500 digits", 420, top + 14, "left", 13);
		note(pen, "Blue: such a step also helps all 500. Orange, over 90°: it harms them.", 420, top + 34, "left");
		const words = `The first digit alone ${bad ? "points uphill" : "points downhill"} for all; ten are better, a hundred better still.`;
		note(pen, words, 420, top + 54, "left");
	},
	/** Right answers over time: each tick is ten times as late as the one before it. */
	paintRace(pen, frame, come, narrow) {
		const [left, top, right, bottom] = frame;
		const [first, end] = RACE_TIMES.map(Math.log);
		const now = exp(blend(first, end, come));
		const at = (time, share) => [
			left + ((Math.log(time) - first) / (end - first)) * (right - left),
			bottom - (share / 100) * (bottom - top),
		];
		axes(pen, frame);
		for (const time of [0.001, 0.01, 0.1, 1]) note(pen, `${time} s`, at(time, 0)[0], bottom + 15);
		for (const share of [0, 80]) note(pen, share ? "80 %" : "0", left - 5, at(1, share)[1] + 4, "right", { size: 11 });
		drawLine(pen, [at(RACE_TIMES[0], 80), at(RACE_TIMES[1], 80)], colours.line, 1, [4, 4]);
		note(pen, "test digits right", left + 8, top + 4, "left");
		tale.race.forEach(([count, , , seconds, curve], n) => {
			const seen = curve.filter(([time]) => time <= now);
			if (!seen.length) return;
			const colour = n === 1 ? colours.mark : n ? colours.text : colours.positive;
			drawLine(
				pen,
				seen.map((point) => at(...point)),
				colour,
				2.5,
				n === 2 ? [6, 4] : [],
			);
			const [x, y] = at(...seen.at(-1));
			drawLine(pen, [[x, y]], colour, 8);
			const words = `${count.toLocaleString("en")}${narrow ? "" : " a step"}${now >= seconds ? `: ${seconds} s` : ""}`;
			// The first two end at nearly the same time: one name stands at the left, one at the right.
			const side = n === 1 ? -10 : n ? 0 : 10;
			const place = n > 1 ? clamp(x, 40, right - 56) : x + side;
			note(
				pen,
				words,
				place,
				n ? y - (narrow && n === 2 ? 24 : 10) : y + 20,
				["left", "right", "center", "center"][n],
				{
					colour: colours.text,
					bold: n === 1,
				},
			);
		});
	},
};

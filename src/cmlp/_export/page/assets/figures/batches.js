// --- Chapter 15: a race of batches in seconds, and the directions of ten digits averaged.

const RACE_START = 0.0003; // seconds: the clock runs the faster, the later it is
const TEN_START = 0.6; // the race has left

/** An arrow from one place to another. */
function pointer(pen, from, to, colour, wide) {
	const long = hypot(to[0] - from[0], to[1] - from[1]);
	if (long < 1) return;
	const [dx, dy] = [(to[0] - from[0]) / long, (to[1] - from[1]) / long];
	const head = min(long, 4 * wide);
	const [x, y] = [to[0] - dx * head, to[1] - dy * head];
	drawLine(pen, [from, [x, y]], colour, wide);
	pen.fillStyle = colour;
	pen.beginPath();
	for (const side of [-0.5, 0.5]) pen.lineTo(x - dy * head * side, y + dx * head * side);
	pen.lineTo(...to);
	pen.fill();
}

FIGURES.batches = {
	seconds: 12,
	net: "half",
	stops: [
		[
			0,
			"Four networks start alike. They differ in how many digits they average for each step. The clock runs ever faster.",
		],
		[
			0.55,
			"Each bar: the test digits it reads, up to 80 %. The thin bar below: its time. Recorded on one processor core, each at its best rate.",
		],
		[
			TEN_START,
			"Why are ten enough? Each of these digits asks for a step of its own. How far is it off the direction that is downhill for all?",
		],
		[0.82, "0° is straight downhill, 90° is no gain at all, and more is uphill. Now lay the ten arrows head to tail."],
		[1, ""],
	],
	bet: {
		question: "A step averages 10 digits, or all 5,000. Which network is the first to read 80 % of the test digits?",
		options: ["5,000", "10: ten times sooner", "10: over 100 times sooner"],
		shown: 0.55,
		ratio: () => tale.race[3][3] / tale.race[1][3],
		measure() {
			return this.ratio() < 1 ? 0 : this.ratio() < 50 ? 1 : 2;
		},
		verdict() {
			const [, ten, , all] = tale.race;
			return `Ten a step: ${ten[2]} steps, ${ten[3]} s. All 5,000: only ${all[2]} steps, but ${number(all[3], 1)} s, ${number(this.ratio(), 0)} times as long, because each step must look at every digit. Many rough steps win.`;
		},
	},
	set() {
		[this.from, this.ten] = [0, null];
		action("Next ten digits", () => {
			this.from = (this.from + 10) % 400;
			this.ten = null;
			moveTo(1);
		});
	},
	/** The ten steps need the direction that is downhill for all digits. */
	work(t) {
		return t < TEN_START
			? t
			: steadily(
					t,
					() => (this.down ? 1 : 0.55),
					() => this.compute(),
				);
	},
	/** Adds ten digits to the gradient of all, until it is complete. */
	compute() {
		const { train } = examples;
		const { gradient } = half.gradient(train.slice(this.heard, this.heard + 10));
		this.heard += 10;
		this.all = gradient.map((value, k) => value + (this.all?.[k] ?? 0));
		if (this.heard < train.length) return;
		const length = hypot2(this.all);
		this.down = this.all.map((value) => value / length);
	},
	heard: 0,
	/** For each of ten digits: how far its step goes downhill for all, and sideways. And how far they have come together. */
	ask() {
		const { down } = this;
		this.ten = examples.train.slice(this.from, this.from + 10);
		const partsOf = (step) => [dot2(step, down), Math.sqrt(dot2(step, step) - dot2(step, down) ** 2)];
		let total = down.map(() => 0);
		this.steps = this.ten.map((one) => {
			const { gradient } = half.gradient([one]);
			total = total.map((value, k) => value + gradient[k]);
			return { own: partsOf(gradient), sums: partsOf(total) };
		});
		const steps = [...this.steps.map(({ own }) => own), this.steps[9].sums];
		this.angles = steps.map(([along, aside]) => (Math.atan2(aside, along) * 180) / Math.PI);
		this.alone = number(sum(this.angles.slice(0, 10)) / 10, 0);
	},
	paint({ pen, width, height, narrow }, t) {
		const leave = ease(part(t, 0.56, TEN_START));
		if (leave < 1) {
			pen.translate(0, -height * leave);
			this.paintRace(pen, width, height, part(t, 0.02, 0.53), narrow);
			pen.translate(0, height * leave);
		}
		if (!this.down) {
			this.work(TEN_START); // ahead of time
			return requestPaint();
		}
		if (leave < 1) return;
		if (!this.ten) this.ask();
		const { steps } = this;
		const [top, pitch] = [26, width / 10];
		const side = min(pitch - 4, 60);
		const unit = (0.9 * pitch) / max(...steps.map(({ own }) => own[1]));
		note(pen, "↓ downhill for all digits, → off to a side", 0, 12, "left", { size: narrow ? 11 : 14 });
		const come = ease(part(t, 0.66, 0.74));
		const done = ease(part(t, 0.96, 0.99));
		const [ups, downs] = [-1, 1].map((sign) => unit * max(0, ...steps.map(({ own }) => sign * own[0])));
		const origin = top + side + (narrow ? 14 : 26) + ups;
		const high = origin + downs + 14;
		const words = narrow ? 0 : 250;
		// Each joint lies as far downhill, and as far off, as all steps up to it together.
		const joints = [[0, 0], ...steps.map(({ sums }) => sums)];
		const [up, low, far] = [
			max(...joints.map((one) => -one[0])),
			...[0, 1].map((k) => max(...joints.map((one) => one[k]))),
		];
		const [x, bottom] = [16, height - (narrow ? 62 : 12)];
		const scale = min((width - x - words - 20) / far, (bottom - high) / (up + low));
		const y = high + up * scale;
		const at = ([along, aside]) => [x + aside * scale, y + along * scale];
		const end = at(steps[9].sums);
		if (t > 0.83) {
			pointer(pen, [x, y], [x, bottom], colours.positive, 4);
			note(pen, "downhill", x + 12, bottom, "left", { size: 14 });
			drawLine(pen, [[x, y]], colours.text, 9);
		}
		steps.forEach(({ own: [along, aside] }, n) => {
			const left = n * pitch;
			picture(pen, this.ten[n].input, left, top, side);
			if (come === 1 && !narrow)
				note(pen, `${number(this.angles[n], 0)}°`, left + side / 2, top + side + 15, "center", { size: 14 });
			const from = [left, origin];
			const here = [from, [from[0] + aside * unit * come, from[1] + along * unit * come]];
			const fly = ease(part(t, 0.83 + 0.012 * n, 0.85 + 0.012 * n));
			pen.globalAlpha = fly ? 0.4 : 1;
			if (come) pointer(pen, ...here, colours.mark, 2);
			pen.globalAlpha = 1 - 0.5 * done;
			if (fly) pointer(pen, ...[0, 1].map((k) => blendAll(here[k], at(joints[n + k]), fly)), colours.mark, 2.5);
			pen.globalAlpha = 1;
		});
		if (!done) return;
		const size = narrow ? 12 : 15;
		pointer(pen, [x, y], blendAll([x, y], end, done), colours.text, 4);
		const lines = [`the average of ten: ${number(this.angles[10], 0)}°`, `one digit alone: ${this.alone}° on average`];
		const [start, line] = narrow ? [x, bottom + 26] : [width - words + 10, bottom - 60];
		lines.forEach((one, n) => headline(pen, one, start, line + 24 * n, "left", size, !n));
	},
	/** A lane for each network: how many test digits it reads, up to 80 %, and below it the seconds it took. */
	paintRace(pen, width, height, come, narrow) {
		const now = come && RACE_START * (tale.race[3][3] / RACE_START) ** come;
		const pitch = (height - 30) / 4;
		const [left, size] = [narrow ? 80 : 175, narrow ? 11 : 15];
		const room = (width - left - (narrow ? 84 : 190)) / 80;
		const goal = left + 80 * room;
		headline(pen, `${number(now, now < 0.1 ? 4 : 3)} s`, 0, 16, "left", narrow ? 14 : 20);
		note(pen, "80 % of the test digits", goal, 14, "right", { size });
		drawLine(pen, segment(goal, 22, goal, height - 8), colours.text, 1.5, [4, 4]);
		tale.race.forEach(([count, , steps, seconds, curve], n) => {
			const y = 30 + n * pitch;
			const tall = pitch * 0.46;
			const right = curve.findLast(([time]) => time <= now)?.[1] ?? curve[0][1];
			const isThere = now >= seconds;
			const name = count.toLocaleString("en");
			headline(pen, `${name}${narrow ? "" : n ? " digits" : " digit"} a step`, 0, y + tall / 2 + 5, "left", size);
			box(pen, left, y, 80 * room, tall, colours.line);
			box(pen, left, y, min(80, right) * room, tall, n === 1 ? colours.mark : colours.positive);
			box(pen, left, y + tall + 4, (80 * room * min(now, seconds)) / tale.race[3][3], pitch * 0.2, colours.ring);
			const done = floor(steps * min(1, now / seconds)).toLocaleString("en");
			headline(pen, `${done} step${done === "1" ? "" : "s"}`, goal + 10, y + tall / 2 + 5, "left", size, false);
			if (isThere) headline(pen, `${seconds} s`, goal + 10, y + tall + pitch * 0.2 + 4, "left", size);
		});
	},
	label(t) {
		return this.says(t) ?? stopsAt(t)[1];
	},
	says(t) {
		if (t < 1 || !this.down) return;
		if (!this.ten) this.ask();
		return `One digit alone is ${this.alone}° off on average, ten together only ${number(this.angles[10], 0)}°: downhill adds up, but to the sides they differ and mostly cancel.`;
	},
};

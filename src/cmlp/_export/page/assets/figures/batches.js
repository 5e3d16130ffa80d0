// --- Chapter 15: a race of batches in seconds, and the directions of ten digits averaged.

const RACE_START = 0.0003; // seconds: the clock runs the faster, the later it is
const TEN_START = 0.6; // the race has left

FIGURES.batches = {
	seconds: 12,
	net: "half",
	stops: [
		[
			0,
			"Four networks start alike. They differ in how many digits they average for each step. The clock runs ever faster.",
		],
		[0.55, "Recorded by Python on one processor core, each with its best learning rate. Below each bar: its time."],
		[
			TEN_START,
			"Why are ten enough? Each of these ten digits asks for a step of its own. How far does it lead downhill for all, and how far to a side?",
		],
		[
			0.82,
			"Blue is downhill, orange uphill, gray to a side; 0° is straight downhill, and 90° is no gain at all. Now add the ten.",
		],
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
		// Each place has its distance from the start; the path turns to the left and to the right in turn.
		let [angle, reach] = [0, 0];
		this.steps = this.ten.map((one, n) => {
			const { gradient } = half.gradient([one]);
			total = total.map((value, k) => value + gradient[k]);
			const [own, sums] = [partsOf(gradient), partsOf(total)];
			if (n) angle += (n % 2 ? 1 : -1) * Math.acos((reach ** 2 + sums[1] ** 2 - own[1] ** 2) / 2 / reach / sums[1]);
			reach = sums[1];
			return { own, sums, angle };
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
		note(pen, "↓ downhill for all digits, → to a side", 0, 12, "left", { size: narrow ? 11 : 14 });
		const [come, fly, bend, done] = [
			[0.66, 0.74],
			[0.83, 0.88],
			[0.9, 0.96],
			[0.96, 0.99],
		].map((times) => ease(part(t, ...times)));
		const turn = steps[9].angle;
		const total = steps[9].sums;
		// Where the ten are added: first as large as they are, then as large as there is room for their sum.
		const across = steps.map(({ sums, angle }) => sums[1] * Math.cos(angle - turn));
		const heights = steps.flatMap(({ sums, angle }) => [sums[0], sums[1] * Math.sin(angle - turn)]);
		const [x, high, words] = [40, top + side + 40 + unit * max(...steps.map(({ own }) => own[0])), narrow ? 160 : 270];
		const [up, down] = [-min(0, ...heights), max(0, ...heights)];
		const zoom = min((width - x - words) / max(...across), (height - high - 8) / (up + down));
		const scale = blend(unit, zoom, bend);
		const y = blend(height * (narrow ? 0.6 : 0.5), high + up * zoom, bend);
		let [low, far, lastPlace] = [0, 0, [x, y]];
		steps.forEach(({ own: [along, aside], sums, angle }, n) => {
			const left = n * pitch;
			picture(pen, this.ten[n].input, left, top, side);
			if (come === 1 && !narrow)
				note(pen, `${number(this.angles[n], 0)}°`, left + side / 2, top + side + 15, "center", { size: 14 });
			const from = [left, top + side + 30];
			const place = blendAll(
				[x + (far + aside) * scale, y],
				[x + sums[1] * scale * Math.cos(angle - turn), y + sums[1] * scale * Math.sin(angle - turn)],
				bend,
			);
			// Each part as it lies below its digit, and where it lies when all are added.
			const line = (start, end, across, down, colour) => {
				const here = [from, [from[0] + across * unit * come, from[1] + down * unit * come]];
				pen.globalAlpha = fly ? 0.35 : 1;
				drawLine(pen, here, colour, 3);
				pen.globalAlpha = 1 - 0.5 * done;
				if (fly) drawLine(pen, [blendAll(from, start, fly), blendAll(here[1], end, fly)], colour, 3);
				pen.globalAlpha = 1;
			};
			if (come === 1 && !fly)
				drawLine(pen, [from, [from[0] + aside * unit, from[1] + along * unit]], colours.mark, 2.5);
			line(lastPlace, place, aside, 0, colours.muted);
			const stack = x - 34 + 3 * n;
			line([stack, y + low * scale], [stack, y + (low + along) * scale], 0, along, tint(along));
			low += along;
			far += aside;
			lastPlace = place;
		});
		if (fly < 1) return;
		const size = narrow ? 12 : 15;
		const [start, align] = narrow ? [width, "right"] : [width - 250, "left"];
		if (bend) drawLine(pen, segment(x, y, min(x + far * scale, width - words), y), colours.ring, 1, [3, 4]);
		const was = bend < 1 || narrow ? "" : `, not ${number(far, 2)}`;
		note(pen, `sideways ${number(bend < 1 ? far : total[1], 2)}${was}`, start, y + 5, align, { size });
		note(pen, `downhill ${number(low, 2)}`, start, y + 27, align, { size });
		if (!done) return;
		const corner = [x + total[1] * scale, y + low * scale];
		drawLine(pen, segment(x, y, x, corner[1]), colours.positive, 5);
		drawLine(pen, segment(x, y, corner[0], y), colours.muted, 5);
		drawLine(pen, [[x, y], blendAll([x, y], corner, done)], colours.mark, 4);
		headline(pen, `the average of ten: ${number(this.angles[10], 0)}°`, start, y + 53, align, size);
		if (!narrow) note(pen, `one digit alone: ${this.alone}° on average`, start, y + 75, align, { size });
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
		const far = sum(this.steps.map(({ own }) => own[1]));
		return `One digit alone is ${this.alone}° off on average, ten together ${number(this.angles[10], 0)}°: of ${number(far, 2)} sideways only ${number(this.steps[9].sums[1], 2)} are left, the rest cancels.`;
	},
};

// --- Chapter 15: a race of batches in seconds, and the directions of ten digits averaged.

const RACE_START = 0.0003; // seconds: the clock runs the faster, the later it is

FIGURES.batches = {
	seconds: 12,
	net: "half",
	stops: [
		[
			0,
			"Four networks start alike. They differ in how many digits they average for each step. The clock runs ever faster.",
		],
		[0.55, "Recorded by Python on one processor core, each with its best learning rate. Below each bar: its time."],
		[0.6, "Why are ten enough? Each needle is the step of one digit: up is downhill for all digits, orange is uphill."],
		[0.82, "Their average is the step: what only one digit wishes for cancels."],
		[1, "It is nearer to downhill than most of the ten: steps are averaged, not angles."],
	],
	bet: {
		question: "A step averages 10 digits, or all 5,000. Which network is the first to read 80 % of the test digits?",
		options: ["10, over 100 times as fast", "5,000", "10, ten times as fast"],
		shown: 0.55,
		ratio: () => tale.race[3][3] / tale.race[1][3],
		measure() {
			return this.ratio() < 1 ? 1 : this.ratio() < 50 ? 2 : 0;
		},
		verdict() {
			const [, ten, , all] = tale.race;
			return `Ten a step: ${ten[2]} steps, ${ten[3]} s. All 5,000: only ${all[2]} steps, but ${number(all[3], 1)} s, ${number(this.ratio(), 0)} times as long, because each step must look at every digit. Many rough steps win.`;
		},
	},
	set() {
		this.from = 0;
		this.ask();
		action("Next ten digits", () => {
			this.from = (this.from + 10) % 400;
			this.ask();
			moveTo(1);
		});
	},
	/** How far the gradients of ten digits, and their average, point away from that of all. */
	ask() {
		const { train } = examples;
		this.all ??= half.gradient(train).gradient;
		this.ten = train.slice(this.from, this.from + 10);
		this.angles = [...this.ten.map((one) => [one]), this.ten].map((list) => {
			const { gradient } = half.gradient(list);
			return (Math.acos(dot2(gradient, this.all) / hypot2(gradient) / hypot2(this.all)) * 180) / Math.PI;
		});
	},
	paint({ pen, width, height, narrow }, t) {
		const rise = ease(part(t, 0.58, 0.66)); // the race makes room for the directions
		this.paintRace(pen, width, height * blend(1, narrow ? 0.48 : 0.56, rise), part(t, 0.02, 0.53), narrow);
		if (rise < 1) return;
		const top = height * (narrow ? 0.52 : 0.6);
		const pitch = (width - (narrow ? 0 : 190)) / 10;
		const radius = min(pitch - 4, 60);
		const [come, settle] = [ease(part(t, 0.68, 0.8)), ease(part(t, 0.84, 0.96))];
		this.ten.forEach(({ input }, n) => {
			const x = n * pitch;
			picture(pen, input, x, top, radius);
			this.dial(pen, x + radius / 2, top + radius * 1.55 + 6, radius / 2, this.angles[n], come);
			if (come === 1)
				note(pen, `${number(this.angles[n], 0)}°`, x + radius / 2, top + radius * 2.1 + 20, "center", {
					size: narrow ? 11 : 13,
				});
		});
		if (!settle) return;
		const size = narrow ? 26 : 62;
		const [x, y] = narrow ? [30, height - 30] : [width - 84, top + 74];
		this.dial(pen, x, y, size, this.angles[10], settle, colours.mark);
		const words = `the average of ten${settle < 1 ? "" : `: ${number(this.angles[10], 0)}°`}`;
		const alone = this.angles.slice(0, 10);
		if (narrow) {
			headline(pen, words, 64, y - 4, "left", 14);
			note(pen, `alone: ${number(min(...alone), 0)}° to ${number(max(...alone), 0)}°`, 64, y + 14, "left");
		} else headline(pen, words, width, y + size + 26, "right", 14);
	},
	/** A circle: blue is downhill for all digits, orange uphill. */
	dial(pen, x, y, radius, angle, come, colour = colours.text) {
		for (const k of [0, 1]) {
			pen.beginPath();
			pen.arc(x, y, radius, (k - 1) * Math.PI, k * Math.PI);
			pen.fillStyle = k ? colours.negative : colours.positive;
			pen.globalAlpha = 0.25;
			pen.fill();
			pen.globalAlpha = 1;
		}
		const turn = (come * angle * Math.PI) / 180;
		drawLine(pen, segment(x, y, x + Math.sin(turn) * radius, y - Math.cos(turn) * radius), colour, 3);
		drawLine(pen, [[x, y]], colour, 6);
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
		return stopsAt(t)[1] + (t < 1 ? "" : ` It is ${number(this.angles[10], 0)}°.`);
	},
};

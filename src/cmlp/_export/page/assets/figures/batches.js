// --- Chapter 15: which way the steps of 1, 10, all digits point, and their race in seconds.

const RACE_START = 0.0003; // seconds: the clock runs the faster, the later it is
const FAN = [0.16, 0.48]; // from one digit a step to all
const ARROWS = 24;

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

/** When the fan shows steps of so many digits, and the other way round. */
const fanMoment = (n) => blend(...FAN, log(n) / log(examples.train.length));
const fanCount = (t) => examples.train.length ** part(t, ...FAN);

FIGURES.batches = {
	seconds: 13,
	net: "half",
	unlocked: true,
	stops: [
		[0, "Straight down: the step that all digits together wish for. Where does one digit alone point?"],
		[FAN[0], "24 arrows of one digit each; then each averages more. The angles are true, left or right is chance."],
		[0.2786, "Averages of ten digits: nearly all go downhill. And with more?"],
		[0.397, "Averages of a hundred digits: a narrow bundle."],
		[FAN[1], "All 500 digits of this page: one arrow, straight down. But each step must look at every digit. Bet."],
		[0.52, "A race: four networks start alike. The clock starts slowly and speeds up."],
		[1, "Recorded on one processor core, each network at its best learning rate."],
	],
	bet: {
		question: "A step of 10 digits, or of all 5,000: which network is the first to read 80 % of the test digits?",
		options: ["5,000", "10: ten times sooner", "10: over 100 times sooner"],
		at: FAN[1],
		ratio: () => tale.race[3][3] / tale.race[1][3],
		measure() {
			return this.ratio() < 1 ? 0 : this.ratio() < 50 ? 1 : 2;
		},
		verdict() {
			const [, ten, , all] = tale.race;
			return `Ten a step: ${ten[2]} steps, ${ten[3]} s. All 5,000: only ${all[2]} steps, but ${number(all[3], 1)} s, ${number(this.ratio(), 0)} times as long. Many rough steps beat few sure ones.`;
		},
	},
	set() {
		this.seed = 4; // as on average over many: 83°, 64° and 30° for 1, 10 and 100 digits
		const most = examples.train.length;
		const count = slider(
			"Digits a step",
			{ min: 0, max: 1, step: 0.001, value: 0, words: (share) => number(most ** share, 0) },
			(share) => moveTo(blend(...FAN, share)),
		);
		this.showCount = () => count(part(moment, ...FAN));
		action("24 other batches", () => {
			this.seed++;
			this.fan = null;
			if (moment < FAN[0] || moment > FAN[1]) moveTo(fanMoment(10));
		});
	},
	/** The arrows need the wishes of all digits. */
	work(t) {
		if (t < FAN[0] || t >= FAN[1]) return t;
		const known = () => Number(this.isKnown());
		return steadily(t, known, () => this.hear());
	},
	known: [], // of each digit: its activations and deltas
	products: [], // of the gradients of each two digits
	isKnown() {
		return this.known.length === examples.train.length;
	},
	/** One digit more. A layer's part of its gradient is activations × deltas, so a product of two gradients is short. */
	hear() {
		const i = this.known.length;
		const { input, targets } = examples.train[i];
		const result = half.forward(input);
		const [{ a }, { deltas }] = [result, half.backward(result, targets)];
		const lit = [...input.keys()].filter((k) => input[k]);
		this.known.push({ a, deltas });
		this.products.push(new Float64Array(examples.train.length));
		this.known.forEach((one, j) => {
			const pixels = lit.reduce((total, k) => total + input[k] * one.a[0][k], 0);
			const alike = [pixels, dot2(a[1], one.a[1]), dot2(a[2], one.a[2])];
			const product = sum(alike.map((value, l) => (value + 1) * dot2(deltas[l + 1], one.deltas[l + 1])));
			this.products[i][j] = this.products[j][i] = product;
		});
	},
	/** Angles to downhill of the average of the first 1, 2, 3, ... digits, in random orders that begin with other digits. */
	spread() {
		const random = randomNumbers(this.seed);
		const all = range(examples.train.length);
		const downhill = this.products.map(sum);
		const whole = sum(downhill);
		this.fan = range(ARROWS).map((k) => {
			const first = (20 * k + this.seed) % all.length;
			const order = all
				.map((i) => [i === first ? -1 : random(), i])
				.sort((p, q) => p[0] - q[0])
				.map(([, i]) => i);
			let [along, square] = [0, 0];
			const angles = order.map((i, n) => {
				along += downhill[i];
				const row = this.products[i];
				square += row[i];
				for (let m = 0; m < n; m++) square += 2 * row[order[m]];
				return Math.acos(clamp(along / Math.sqrt(square * whole), -1));
			});
			return { order, angles, side: random() < 0.5 ? -1 : 1 };
		});
	},
	/** How far the arrows are off downhill, on average, in degrees. */
	off(n) {
		return ((sum(this.fan.map(({ angles }) => angles[n - 1])) / ARROWS) * 180) / Math.PI;
	},
	paint({ pen, width, height, narrow }, t) {
		this.showCount();
		const leave = ease(part(t, FAN[1], 0.52));
		if (leave) {
			pen.translate(0, height * (1 - leave));
			this.paintRace(pen, width, height, part(t, 0.53, 0.98), narrow);
			pen.translate(0, -height * (1 - leave));
		}
		if (leave === 1) return;
		pen.translate(0, -height * leave);
		this.paintFan(pen, width, height, t, narrow);
		pen.translate(0, height * leave);
	},
	paintFan(pen, width, height, t, narrow) {
		const count = fanCount(t);
		const n = Math.round(count);
		const size = narrow ? 13 : 16;
		const long = min(width / 2 - (narrow ? 36 : 90), 0.62 * height);
		const [x, y, small] = [width / 2, height - long - 24, { size: narrow ? 11 : 13 }];
		const at = (angle, far = long) => [x + far * Math.sin(angle), y + far * Math.cos(angle)];
		drawLine(pen, segment(x - long, y, x + long, y), colours.ring, 1, [4, 6]);
		for (const side of [-1, 1])
			note(pen, narrow ? "90°" : "sideways", x + side * (long + (narrow ? 18 : 62)), y + 4, "center", small);
		note(pen, "uphill", x, y - 0.4 * long, "center", small);
		if (!this.isKnown()) {
			if (moment === aim) this.work(FAN[0]); // ahead of time
			requestPaint();
		} else if (!this.fan) this.spread();
		const grown = ease(part(t, 0.02, 0.13));
		const few = part(count, 4, 1);
		if (this.fan && grown)
			for (const { order, angles, side } of this.fan) {
				const low = floor(count);
				const angle = side * blend(angles[low - 1], angles[min(low, angles.length - 1)], count - low);
				pen.globalAlpha = 0.75;
				pointer(pen, [x, y], at(angle, long * grown), colours.mark, 2);
				pen.globalAlpha = few;
				if (few && grown === 1 && !narrow) {
					const [across, down] = at(angle, long + 20);
					picture(pen, examples.train[order[0]].input, across - 11, down - 11, 22);
				}
				pen.globalAlpha = 1;
			}
		pointer(pen, [x, y], at(0), colours.positive, narrow ? 4 : 6);
		note(pen, "downhill for all", x, height - 6, "center", small);
		if (!this.fan || grown < 1) return;
		// Each dot is a digit that the step must look at. On a phone they have their place above.
		const [low, dot] = narrow ? [82, 3] : [height, 5];
		const words = [`${n} digit${n > 1 ? "s" : ""} a step`, `${number(this.off(n), 0)}° off on average`];
		words.forEach((one, k) => headline(pen, one, 0, low - 28 + 22 * k, "left", size, !k));
		range(examples.train.length).forEach((k) => {
			const place = [width - dot * (25 - (k % 25)), low - 20 - dot * (20 - floor(k / 25)), dot - 1, dot - 1];
			box(pen, ...place, k < n ? colours.mark : colours.line);
		});
		note(pen, `it looks at ${n} of ${examples.train.length}`, width, low - 6, "right", small);
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
			const name = count.toLocaleString("en");
			headline(pen, `${name}${narrow ? "" : n ? " digits" : " digit"} a step`, 0, y + tall / 2 + 5, "left", size);
			note(pen, "time", left - 8, y + tall + pitch * 0.2 + 4, "right");
			box(pen, left, y, 80 * room, tall, colours.line);
			box(pen, left, y, min(80, right) * room, tall, n === 1 ? colours.mark : colours.positive);
			box(pen, left, y + tall + 4, (80 * room * min(now, seconds)) / tale.race[3][3], pitch * 0.2, colours.ring);
			const done = floor(steps * min(1, now / seconds)).toLocaleString("en");
			headline(pen, `${done} step${done === "1" ? "" : "s"}`, goal + 10, y + tall / 2 + 5, "left", size, false);
			if (now >= seconds) headline(pen, `${seconds} s`, goal + 10, y + tall + pitch * 0.2 + 4, "left", size);
		});
	},
	label(t) {
		const n = Math.round(fanCount(t));
		const words =
			this.fan && t >= FAN[0] && t <= FAN[1]
				? ` ${n} digits a step: ${number(this.off(n), 0)}° off downhill on average.`
				: "";
		return stopsAt(t)[1] + words;
	},
};

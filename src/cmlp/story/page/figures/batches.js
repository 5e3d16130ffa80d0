// --- Side door of scene 8: which way the steps of 1, 10, all digits point.

const FAN = [0.2, 0.94]; // from one digit a step to all
const ARROWS = 24;
const FAN_STEPS = 500; // how far the film's network has learned

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

const FAN_DIGITS = 500; // that are averaged at most: the first training digits
/** When the fan shows steps of so many digits, and the other way round. */
const fanMoment = (n) => FAN[0] + ((FAN[1] - FAN[0]) * Math.log(n)) / Math.log(FAN_DIGITS);
const fanCount = (t) => FAN_DIGITS ** part(t, ...FAN);

FIGURES.batches = {
	seconds: 9,
	net: "batches.net",
	stops: [0, FAN[0], fanMoment(10), fanMoment(100), FAN[1], 1],
	set() {
		this.seed = 4;
		const most = FAN_DIGITS;
		const count = slider(
			said("batches.count"),
			{ min: 0, max: 1, step: 0.001, value: 0, words: (share) => number(most ** share, 0) },
			(share) => moveTo(blend(...FAN, share)),
		);
		this.showCount = () => count(part(moment, ...FAN));
		action(said("batches.other"), () => {
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
		return this.known.length === FAN_DIGITS;
	},
	/** The network must have learned first. */
	isReady() {
		const { training } = film.factsNow();
		if (training.steps < FAN_STEPS) training.advance(5, FAN_STEPS);
		else this.network ??= new Network(model, training.kept.get(FAN_STEPS));
		return Boolean(this.network);
	},
	/** One digit more. A layer's part of its gradient is activations × deltas, so a product of two gradients is short. */
	hear() {
		if (!this.isReady()) return;
		const i = this.known.length;
		const { input, targets } = examples.train[i];
		const result = this.network.forward(input);
		const [{ a }, { deltas }] = [result, this.network.backward(result, targets)];
		const lit = [...input.keys()].filter((k) => input[k]);
		this.known.push({ a, deltas });
		this.products.push(new Float64Array(FAN_DIGITS));
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
		const all = range(FAN_DIGITS);
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
		const count = fanCount(t);
		const n = Math.round(count);
		const size = narrow ? 13 : 16;
		const long = min(width / 2 - (narrow ? 36 : 90), 0.62 * height);
		const [x, y, small] = [width / 2, height - long - 24, { size: narrow ? 11 : 13 }];
		const at = (angle, far = long) => [x + far * Math.sin(angle), y + far * Math.cos(angle)];
		drawLine(pen, segment(x - long, y, x + long, y), colours.ring, 1, [4, 6]);
		const [sideways, uphill, downhill] = said("batches.sides");
		for (const side of [-1, 1])
			note(pen, narrow ? "90°" : sideways, x + side * (long + (narrow ? 18 : 62)), y + 4, "center", small);
		note(pen, uphill, x, y - 0.4 * long, "center", small);
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
		note(pen, downhill, x, height - 6, "center", small);
		if (!this.fan || grown < 1) return;
		// Each dot is a digit that the step must look at. On a phone they have their place above.
		const [low, dot] = narrow ? [82, 3] : [height, 5];
		const [many, single, off] = said("batches.words", { count: n, angle: number(this.off(n), 0) });
		[n > 1 ? many : single, off].forEach((one, k) => headline(pen, one, 0, low - 28 + 22 * k, "left", size, !k));
		range(FAN_DIGITS).forEach((k) => {
			const place = [width - dot * (25 - (k % 25)), low - 20 - dot * (20 - floor(k / 25)), dot - 1, dot - 1];
			box(pen, ...place, k < n ? colours.mark : colours.line);
		});
		note(pen, said("batches.looks", { count: n, all: FAN_DIGITS }), width, low - 6, "right", small);
	},
	says(t) {
		if (t < 1 || !this.fan) return;
		const [one, ten, hundred] = [1, 10, 100].map((n) => `${number(this.off(n), 0)}°`);
		const share = percent(Math.cos((this.off(10) * Math.PI) / 180));
		return said("batches.says", { one, ten, hundred, share, all: FAN_DIGITS, part: FAN_DIGITS / 10 });
	},
	label(t) {
		const n = Math.round(fanCount(t));
		const isSeen = this.fan && t >= FAN[0] && t < 1;
		const words = isSeen ? ` ${said("batches.label", { count: n, angle: number(this.off(n), 0) })}` : "";
		return (this.says(t) ?? stopWords(t)) + words;
	},
};

// --- Chapter 17: how much of a neuron's weights the best edge or bar explains.

const [GABOR_REACH, GABOR_MARGIN] = [25, 3];
const gaborKinds = range(32).map((k) => [((k >> 2) * Math.PI) / 8, k & 2 ? 2.5 : 1.5, k & 1 ? Math.PI / 2 : 0]);
const gaborSheets = [];

/** An edge or bar on a sheet twice as large as an image, to be laid at any place: Gabor's functions. */
function gaborSheet(kind) {
	const [angle, size, phase] = gaborKinds[kind];
	const count = 2 * GABOR_REACH + 1;
	return (gaborSheets[kind] ??= Float32Array.from({ length: count * count }, (_, k) => {
		const [row, column] = [floor(k / count) - GABOR_REACH, (k % count) - GABOR_REACH];
		const across = column * Math.cos(angle) + row * Math.sin(angle);
		const along = row * Math.cos(angle) - column * Math.sin(angle);
		const bell = exp(-(across ** 2 + (along / 2) ** 2) / 2 / size ** 2);
		return bell * Math.cos((2 * Math.PI * across) / (4 * size) + phase);
	}));
}

const sheetPlaces = Int32Array.from({ length: PIXELS }, (_, k) => floor(k / SIDE) * (2 * GABOR_REACH + 1) + (k % SIDE));
const sheetStart = (top, left) => (GABOR_REACH - top) * (2 * GABOR_REACH + 1) + GABOR_REACH - left;

/** An edge as an image. */
function edgeAt(kind, top, left) {
	const [sheet, start] = [gaborSheet(kind), sheetStart(top, left)];
	return Float32Array.from(sheetPlaces, (place) => sheet[start + place]);
}

/** The share of the weights' squares that an edge explains, and the factor with which it fits them best. */
function explainedBy(weights, kind, top, left) {
	const [sheet, start] = [gaborSheet(kind), sheetStart(top, left)];
	let [product, length, total] = [0, 0, 0];
	for (const k of usedPixels()) {
		const value = sheet[start + sheetPlaces[k]];
		product += value * weights[k];
		length += value * value;
		total += weights[k] * weights[k];
	}
	return [(product * product) / length / total, product / length];
}

let used;
function usedPixels() {
	const bits = used || bytes(tale.used);
	return (used ??= range(PIXELS).filter((k) => (bits[k >> 3] >> (7 - (k & 7))) & 1));
}

const bestEdges = new Map();
function bestEdge(weights, name) {
	if (bestEdges.has(name)) return bestEdges.get(name);
	let best = { share: 0 };
	for (let kind = 0; kind < 32; kind++) {
		for (let top = GABOR_MARGIN; top < SIDE - GABOR_MARGIN; top++) {
			for (let left = GABOR_MARGIN; left < SIDE - GABOR_MARGIN; left++) {
				const [share] = explainedBy(weights, kind, top, left);
				if (share > best.share) best = { share, kind, top, left };
			}
		}
	}
	bestEdges.set(name, best);
	return best;
}

// Where an edge begins its search, before it goes to the best place.
const GABOR_TOUR = [
	[4, 4],
	[4, 23],
	[10, 23],
	[10, 4],
	[16, 4],
	[16, 23],
	[22, 23],
	[22, 4],
];

FIGURES.inside = {
	seconds: 9,
	stops: [
		[
			0,
			"The weights of A15. A bar glides over them. Everywhere it gets the brightness that fits best, and is subtracted.",
		],
		[0.4, "What is left is nearly all, so here the bar explains nearly nothing. Where is the best place?"],
		[1, "Here it explains most. Below, the best of every neuron. Drag the bar, turn it, or press another neuron."],
	],
	bet: {
		question: "A15 comes closest to an edge or bar. How much of its weights does the best one explain?",
		options: ["60 %", "30 %", "10 %"],
		at: 0.4,
		share: (n) => FIGURES.inside.best(n).share,
		measure() {
			return nearest([0.6, 0.3, 0.1], this.share(14));
		},
		verdict() {
			const [own, random, made] = [14, 16, 17].map((n) => percent(this.share(n)));
			return `The best explains ${own} of A15; of random weights ${random}, of the bar made by hand ${made}. The weights look more like blobs: a little edge in each. The network found a way of its own, and that way reads ${tale.right[0]} % of new digits.`;
		},
	},
	set() {
		const column = (net, j) => {
			const weights = new Float32Array(PIXELS);
			for (const k of usedPixels()) weights[k] = net.params[k * 16 + j];
			return weights;
		};
		this.weights = [...range(16).map((j) => column(trained, j)), column(learner, 3), barWeights(BAR_TOP, BORDER)];
		[this.neuron, this.hand] = [14, null];
		this.showAngle = slider(
			"Turn the bar, in steps of 22.5 degrees",
			{ min: 0, max: 7, step: 1, value: 0, words: (n) => `${22.5 * n}°` },
			(n) => isOpen() && this.lay({ kind: (this.now().kind % 4) + 4 * n }),
		);
		action("The best place", () => (this.hand = null));
	},
	best(n) {
		return bestEdge(this.weights[n], n);
	},
	name: (n) => (n < 16 ? neuronName(1, n) : n === 16 ? "random" : "by hand"),
	choose(n) {
		if (!isOpen()) return false;
		[this.neuron, this.hand, moment] = [n, null, 0.4];
		delete $("stop").dataset.bet; // it was about A15
		play(1);
	},
	keys(across, down) {
		return this.choose((this.neuron + across + down + 18) % 18);
	},
	/** The edge or bar that is laid by hand, or the best one. */
	now() {
		return this.hand ?? this.best(this.neuron);
	},
	says(t) {
		const name = this.name(this.neuron);
		if (t < 1) return t > 0.4 || this.neuron !== 14 ? `The bar goes to where it explains most of ${name}.` : undefined;
		if (!this.hand && this.neuron === 14) return;
		if (!this.hand) return `The best place explains ${percent(this.best(this.neuron).share)} of ${name}.`;
		const { kind, top, left } = this.hand;
		const [share] = explainedBy(this.weights[this.neuron], kind, top, left);
		return `Laid by you: ${percent(share)}. The best place explains ${percent(this.best(this.neuron).share)}.`;
	},
	lay(change) {
		this.hand = { ...this.now(), ...change };
	},
	drag(x, y) {
		if (y < 22 || y > 22 + this.side || moment < 1) return;
		const place = (at) => clamp(floor((at / this.side) * SIDE), GABOR_MARGIN, SIDE - 1 - GABOR_MARGIN);
		this.lay({ top: place(y - 22), left: place(x % (this.side + this.gap)) });
	},
	press(x, y) {
		this.drag(x, y);
		const n = this.thumbs.findIndex(
			([left, top, side]) => x >= left && y >= top && x < left + side && y < top + side + 14,
		);
		if (n >= 0) this.choose(n);
	},
	paint({ pen, width, height, narrow }, t) {
		const weights = this.weights[this.neuron];
		const best = this.best(this.neuron);
		const tour = [...GABOR_TOUR, [best.top, best.left]];
		const at = part(t, 0.02, 0.94) * (tour.length - 1);
		const [from, to] = [tour[floor(at)], tour[min(tour.length - 1, floor(at) + 1)]];
		const { kind } = t === 1 ? this.now() : best;
		const [top, left] =
			this.hand && t === 1 ? [this.hand.top, this.hand.left] : blendAll(from, to, ease(at % 1)).map(Math.round);
		this.showAngle(kind >> 2);
		const [share, factor] = explainedBy(weights, kind, top, left);
		const edge = edgeAt(kind, top, left).map((value) => factor * value);
		const gap = narrow ? 8 : 30;
		const thumb = min((width + 4) / 9, 82);
		const low = height - 2 * (thumb + 16);
		const side = min((width - 2 * gap) / 3, low - 84);
		Object.assign(this, { side, gap });
		const images = [
			[`weights of ${this.name(this.neuron)}`, weights, 0],
			["− the bar", edge, narrow ? 0 : largest(edge)],
			["= what is left", weights.map((value, k) => value - edge[k]), largest(weights)],
		];
		images.forEach(([name, values, most], n) => {
			const x = n * (side + gap);
			headline(pen, name, x + side / 2, 14, "center", narrow ? 11 : 13, false);
			paintImage(pen, values, x, 22, side, 0, most || undefined);
		});
		const [y, wide] = [side + 34, 3 * side + 2 * gap];
		box(pen, 0, y, wide, 14, colours.line);
		box(pen, 0, y, wide * share, 14, colours.mark);
		if (t === 1) {
			// One more neuron is measured for each picture.
			const next = range(18).find((n) => !bestEdges.has(n));
			if (next !== undefined) requestPaint(this.best(next));
		}
		for (const n of [16, 17]) {
			// To compare: what is explained of random weights, and of those made by hand.
			if (t < 1 || n === this.neuron || !bestEdges.has(n)) continue;
			const x = wide * this.best(n).share;
			drawLine(pen, segment(x, y, x, y + 20), colours.text, 2);
			note(pen, `${this.name(n)} ${percent(this.best(n).share)}`, x + 5, y + 24, "left", { size: narrow ? 11 : 12 });
		}
		headline(pen, `it explains ${percent(share)}`, narrow ? 0 : 110, y + 40, "left", narrow ? 14 : 20);
		this.thumbs = this.weights.map((_, n) => {
			const row = floor(n / 9);
			return [(n - 9 * row) * thumb, low + row * (thumb + 16), thumb - 4];
		});
		this.thumbs.forEach(([x, down, size], n) => {
			paintImage(pen, this.weights[n], x, down, size, 0);
			const isKnown = t === 1 && bestEdges.has(n);
			if (isKnown) box(pen, x, down + size - 5, size * this.best(n).share, 5, colours.text);
			const words = isKnown ? percent(this.best(n).share) : n < 16 ? this.name(n) : ["random", "hand"][n - 16];
			const colour = n === this.neuron ? colours.text : colours.muted;
			note(pen, words, x + size / 2, down + size + 13, "center", {
				size: narrow ? 11 : 12,
				colour,
				bold: n === this.neuron,
			});
			if (n !== this.neuron) return;
			frameOf(pen, x, down, size, size);
		});
	},
	label(t) {
		const share = t < 1 || this.hand ? "" : `: ${percent(this.best(this.neuron).share)}`;
		return `${this.says(t) ?? stopsAt(t)[1]} Arrow keys choose; ${this.name(this.neuron)}${share}.`;
	},
};

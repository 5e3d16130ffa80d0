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

/** The share of the weights (as squares) that an edge explains, and its sign. */
function explainedBy(weights, kind, top, left) {
	const [sheet, start] = [gaborSheet(kind), sheetStart(top, left)];
	let [product, length, total] = [0, 0, 0];
	for (const k of usedPixels()) {
		const value = sheet[start + sheetPlaces[k]];
		product += value * weights[k];
		length += value * value;
		total += weights[k] * weights[k];
	}
	return [(product * product) / length / total, Math.sign(product)];
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
				const [share, sign] = explainedBy(weights, kind, top, left);
				if (share > best.share) best = { share, sign, kind, top, left };
			}
		}
	}
	bestEdges.set(name, best);
	return best;
}

FIGURES.inside = {
	seconds: 9,
	stops: [
		[0, "Weights of two neurons that have learned, and random ones. Below, A15 and an edge on its search."],
		[0.25, "The share that the best edge or bar explains: little of A7 and A9, next to nothing of random weights."],
		[1, "The edge stops where it explains most. Choose another neuron: none of them is a clean edge."],
	],
	bet: {
		question: "A15 comes closest to an edge. How much of its weights does the best edge or bar explain?",
		options: ["90 %", "60 %", "30 %"],
		share: () => bestEdge(FIGURES.inside.weights[14], 14).share,
		measure() {
			return [0.9, 0.6, 0.3].map((one, n) => [abs(one - this.share()), n]).sort((p, q) => p[0] - q[0])[0][1];
		},
		verdict() {
			return `${percent(this.share())}. The weights look more like blobs: a little edge in each, far from a detector. The network found a way of its own, and that way reads ${tale.right[0]} % of new digits.`;
		},
	},
	set() {
		const column = (net, j) => {
			const weights = new Float32Array(PIXELS);
			for (const k of usedPixels()) weights[k] = net.params[k * 16 + j];
			return weights;
		};
		this.weights = range(16).map((j) => column(trained, j));
		this.patches = [
			["A7", this.weights[6]],
			["random", column(learner, 3)],
			["A9", this.weights[8]],
		];
		this.choose(14);
		action("The next neuron", () => this.turn(1));
		action("The one before", () => this.turn(15));
	},
	turn(by) {
		if (decided) this.choose((this.neuron + by) % 16);
		if (moment === 1) {
			moment = 0.3;
			play(1);
		}
	},
	choose(j) {
		this.neuron = j;
	},
	keys(across, down) {
		this.turn((across + down + 16) % 16);
	},
	paint({ pen, width, height, narrow }, t) {
		const size = min(narrow ? (width - 16) / 3 : 180, height * 0.36);
		this.patches.forEach(([name, weights], n) => {
			const x = n * (size + 8);
			paintImage(pen, weights, x, 22, size, 0);
			headline(pen, name, x + size / 2, 14, "center");
			const grown = part(t, 0.08, 0.22);
			if (!grown) return;
			const { share } = bestEdge(weights, name);
			box(pen, x, 28 + size, size, 10, colours.line);
			box(pen, x, 28 + size, size * share * grown, 10, colours.ring);
			if (grown === 1)
				note(pen, percent(share), x + size / 2, 54 + size, "center", { colour: colours.text, bold: true });
		});
		if (!decided) return;
		const weights = this.weights[this.neuron];
		const best = bestEdge(weights, this.neuron);
		const come = part(t, 0.28, 0.96);
		const stops = [
			[4, 4],
			[4, 23],
			[10, 23],
			[10, 4],
			[16, 4],
			[16, 23],
			[22, 23],
			[22, 4],
			[best.top, best.left],
		];
		const at = come * (stops.length - 1);
		const [from, to] = [stops[floor(at)], stops[min(stops.length - 1, floor(at) + 1)]];
		const [top, left] = blendAll(from, to, ease(at % 1)).map(Math.round);
		const [share, sign] = explainedBy(weights, best.kind, top, left);
		const big = min(height - size - 118, narrow ? (width - 12) / 2 : 230);
		const y = size + 88;
		paintImage(pen, weights, 0, y, big, 0);
		const edge = edgeAt(best.kind, top, left).map((value) => sign * value);
		paintImage(pen, edge, big + 10, y, big, 0);
		note(pen, `weights of ${neuronName(1, this.neuron)}`, big / 2, y - 8);
		note(pen, narrow ? "an edge" : "an edge, moved over them", big * 1.5 + 10, y - 8);
		const bar = narrow ? [0, y + big + 8, width] : [2 * big + 40, y + 60, width - 2 * big - 56];
		if (!narrow) headline(pen, `it explains ${percent(share)}`, bar[0], y + 36, "left", 20);
		box(pen, ...bar, 12, colours.line);
		box(pen, bar[0], bar[1], bar[2] * share, 12, colours.mark);
		if (narrow) return headline(pen, `explains ${percent(share)}`, width, y + big + 34, "right");
		if (t < 0.97) return;
		this.handMade ??= bestEdge(barWeights(BAR_TOP, BORDER), "by hand").share;
		const marks = [
			["random", bestEdge(this.patches[1][1], "random").share],
			["the bar made by hand", this.handMade],
		];
		marks.forEach(([name, value]) => {
			const x = bar[0] + bar[2] * value;
			drawLine(pen, segment(x, bar[1] - 2, x, bar[1] + 22), colours.text);
			note(pen, `${name} ${percent(value)}`, clamp(x, bar[0] + 44, bar[0] + bar[2] - 90), bar[1] + 36);
		});
		note(pen, "15,488 edges and bars: every place, 8 directions, 2 sizes.", bar[0], bar[1] + 66, "left");
		note(
			pen,
			`${PIXELS - usedPixels().length} pixels that are dark in every digit are left out.`,
			bar[0],
			bar[1] + 84,
			"left",
		);
	},
};

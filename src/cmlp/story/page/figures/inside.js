// --- Side door of scene 8: does layer A look for edges? An edge detector is laid over the weights of each neuron.

const [STRIP_REACH, STRIP_MARGIN] = [5, 3];
const [RANDOM, BY_HAND] = [16, 17]; // beside the 16 neurons of A
/** For each of 8 directions: the pixels of three strips side by side, as [row, column, strip], seen from a place. */
const strips = range(8).map((n) => {
	const [cosine, sine] = [Math.cos((n * Math.PI) / 8), Math.sin((n * Math.PI) / 8)];
	const near = range(2 * STRIP_REACH + 1).map((k) => k - STRIP_REACH);
	return near.flatMap((row) =>
		near.flatMap((column) => {
			const [along, across] = [column * cosine + row * sine, row * cosine - column * sine];
			const isIn = along > -4.001 && along < 3.999 && abs(across) < 3.499;
			return isIn ? [[row, column, abs(across) < 1.499 ? 0 : across > 0 ? 1 : 2]] : [];
		}),
	);
});

let used; // whether a pixel has ink in any digit: the others have no weight that was learned

/** The used pixels under each of the three strips. */
function underStrips([direction, top, left]) {
	const found = [[], [], []];
	for (const [row, column, strip] of strips[direction]) {
		const [y, x] = [top + row, left + column];
		if (y >= 0 && x >= 0 && y < SIDE && x < SIDE && used[y * SIDE + x]) found[strip].push(y * SIDE + x);
	}
	return found;
}

const meanOf = (weights, pixels) => pixels.reduce((total, k) => total + weights[k], 0) / max(1, pixels.length);

/** How much of the weights' squares an edge explains: each strip has the value that fits best, all together have 0. */
function explainedBy(weights, under, squares = hypot2(weights) ** 2) {
	let [explained, whole, count] = [0, 0, 0];
	for (const pixels of under) {
		let total = 0;
		for (const k of pixels) total += weights[k];
		explained += total ** 2 / max(1, pixels.length);
		[whole, count] = [whole + total, count + pixels.length];
	}
	return (explained - whole ** 2 / max(1, count)) / squares;
}

/** The edge that fits best at a place, as an image. */
function edgeAt(weights, place) {
	const [edge, under] = [new Float32Array(PIXELS), underStrips(place)];
	for (const pixels of under) for (const k of pixels) edge[k] = meanOf(weights, pixels) - meanOf(weights, under.flat());
	return edge;
}

/** Random weights whose neighbours are as much alike as those of A. */
function smoothWeights(isUsed) {
	const random = randomNumbers(3);
	const noise = range(PIXELS).map(() => 2 * random() - 1);
	const blurred = (values, step) => {
		const near = (k) => values[clamp(k, 0, PIXELS - 1)];
		return values.map((value, k) => (near(k - step) + 2 * value + near(k + step)) / 4);
	};
	return Float32Array.from(blurred(blurred(noise, 1), SIDE), (value, k) => isUsed[k] * value);
}

/** For each neuron's weights: the share that the best direction explains at each place, and the best place of all. */
function searchEdges(all) {
	const squares = all.map((weights) => hypot2(weights) ** 2);
	const found = all.map((weights) => ({ weights, map: new Float32Array(PIXELS), share: 0 }));
	const isIn = (at) => abs(at - 13.5) < 14 - STRIP_MARGIN;
	for (const k of range(PIXELS).filter((pixel) => isIn(pixel % SIDE) && isIn(floor(pixel / SIDE)))) {
		for (const direction of range(8)) {
			const place = [direction, floor(k / SIDE), k % SIDE];
			const under = underStrips(place);
			found.forEach((one, n) => {
				one.map[k] = max(one.map[k], explainedBy(one.weights, under, squares[n]));
				if (one.map[k] > one.share) Object.assign(one, { share: one.map[k], place });
			});
		}
	}
	for (const one of found) one.edge = edgeAt(one.weights, one.place);
	return found;
}

FIGURES.inside = {
	net: "net.trained",
	seconds: 9,
	stops: [0, 0.3, 0.31, 0.75, 1],
	name: (n) => (n < RANDOM ? neuronName(1, n) : said("inside.names")[n - RANDOM]),
	set() {
		const bits = bytes(doorData.used);
		used = range(PIXELS).map((k) => (bits[k >> 3] >> (7 - (k & 7))) & 1);
		const column = (net, j) => Float32Array.from(used, (isUsed, k) => isUsed * net.params[k * 16 + j]);
		const all = [...range(16).map((j) => column(trained, j)), smoothWeights(used), barWeights(BAR_TOP, BORDER)];
		this.found ??= searchEdges(all);
		this.top = range(16).reduce((best, n) => (this.found[n].share > this.found[best].share ? n : best));
		Object.assign(this, { neuron: this.top, hand: null, kept: 2, right: [], whole: rightShare(trained) });
		this.showAngle = slider(
			said("inside.turn"),
			{ min: 0, max: 7, step: 1, value: 0, words: (n) => `${number(22.5 * n, n % 2)}°` },
			(n) => isOpen() && this.lay([n, ...this.now().slice(1)]),
		);
		const [keep, ...kinds] = said("inside.keep");
		choices(
			keep,
			kinds.map((name, n) => [n, name]),
			(kept) => kept === this.kept,
			(kept) => isOpen() && Object.assign(this, { kept, hand: null }),
		);
	},
	/** What is kept of a neuron's weights, when a share of its best edge is taken out. */
	weightsOf({ weights, edge }, out) {
		return moment === 1 && this.kept === 1 ? edge : weights.map((value, k) => value - out * edge[k]);
	},
	/** The share of the test digits that are read with what is kept of layer A. */
	rightNow() {
		if (this.right[this.kept]) return this.right[this.kept];
		const params = trained.params.slice();
		for (const j of range(16)) {
			const weights = this.weightsOf(this.found[j], this.kept / 2);
			for (const k of range(PIXELS)) if (used[k]) params[k * 16 + j] = weights[k];
		}
		return (this.right[this.kept] = rightShare(new Network(model, params)));
	},
	choose(n) {
		if (!isOpen()) return false;
		Object.assign(this, { neuron: n, hand: null, kept: 2 });
		moment = 0.31;
		play(1);
	},
	keys(across, down) {
		return this.choose((this.neuron + across + 9 * down + 18) % 18);
	},
	/** The place that is laid by hand, or the best one. */
	now() {
		return this.hand ?? this.found[this.neuron].place;
	},
	says(t) {
		const [{ share, weights }, name] = [this.found[this.neuron], this.name(this.neuron)];
		if (t < 1) return;
		const best = said("inside.best", { share: percent(share), name });
		const laid = () => percent(explainedBy(weights, underStrips(this.hand)));
		if (this.hand) return `${said("inside.laid", { share: laid() })} ${best}`;
		const right = said("inside.right", { share: percent(this.rightNow()) });
		if (!this.kept) return `${said("inside.all", { right })} ${best}`;
		if (this.kept === 1) return said("inside.edges", { right });
		const random = percent(this.found[RANDOM].share);
		return `${best} ${said("inside.says", { random, right, whole: percent(this.whole) })}`;
	},
	lay(place) {
		this.hand = place;
		labelScene();
	},
	drag(x, y) {
		if (y < 22 || y > 22 + this.side || x > 2 * this.side + this.gap || !isOpen()) return;
		const place = (at) => clamp(floor((at / this.side) * SIDE), STRIP_MARGIN, SIDE - 1 - STRIP_MARGIN);
		this.lay([this.now()[0], place(y - 22), place(x % (this.side + this.gap))]);
	},
	press(x, y) {
		const n = this.thumbs.findIndex(
			([left, top, side]) => x >= left && y >= top && x < left + side && y < top + side + 14,
		);
		if (n >= 0) this.choose(n);
		else this.drag(x, y);
	},
	paint({ pen, width, height, narrow }, t) {
		const isYardstick = t <= 0.3;
		const n = isYardstick ? BY_HAND : this.neuron;
		const one = this.found[n];
		// The search goes down row by row, and then to the best place.
		const [start, end] = isYardstick ? [0.03, 0.22] : [0.33, 0.66];
		const share = part(t, start, end); // of the rows
		const row = STRIP_MARGIN - 1 + floor(share * (SIDE - 2 * STRIP_MARGIN));
		const [direction, top, left] = t === 1 ? this.now() : one.place;
		const down = blend(max(row, STRIP_MARGIN), top, t === 1 ? 1 : ease(part(t, end + 0.01, end + 0.07)));
		const place = [direction, Math.round(down), left];
		this.showAngle(direction);
		const fits = explainedBy(one.weights, underStrips(place));
		const seen = (map) => map.map((value, k) => (k < (row + 1) * SIDE ? value : 0));
		const out = t === 1 ? this.kept / 2 : ease(part(t, 0.84, 0.96));
		const gap = narrow ? 8 : 30;
		const thumb = min((width + 4) / 9, 92);
		const low = height - 2 * (thumb + 16);
		const side = min((width - gap) / (narrow ? 2 : 3), low - (narrow ? 104 : 40));
		Object.assign(this, { side, gap });
		const size = narrow ? 11 : 13;
		const [byHand, ofNeuron, fit] = said("inside.titles", { name: this.name(n) });
		headline(pen, isYardstick ? byHand : ofNeuron, side / 2, 14, "center", size, false);
		paintImage(pen, this.weightsOf(one, out), 0, 22, side, 0, largest(one.weights));
		headline(pen, fit, side * 1.5 + gap, 14, "center", size, false);
		paintImage(pen, seen(one.map), side + gap, 22, side, 1);
		this.paintStrips(pen, side, place);
		const step = side / SIDE;
		frameOf(pen, side + gap + (left - 1) * step, 22 + (place[1] - 1) * step, 3 * step, 3 * step);
		const bars = [[n, fits]];
		if (n !== BY_HAND) bars.unshift([BY_HAND, 1]);
		if (t > 0.73 && n !== RANDOM) bars.push([RANDOM, this.found[RANDOM].share]);
		const [x, y, pitch, thick] = narrow ? [58, side + 32, 22, 13] : [2 * (side + gap), 48, 66, 22];
		bars.forEach(([k, value], m) => {
			const [line, room] = [y + m * pitch, width - x - (narrow ? 54 : 70)];
			headline(pen, this.name(k), narrow ? 0 : x, line + (narrow ? 11 : -7), "left", narrow ? 12 : 15, k === n);
			box(pen, x, line, room, thick, colours.line);
			box(pen, x, line, room * value, thick, k === n ? colours.mark : colours.ring);
			const words = percent(value);
			headline(pen, words, x + room * value + 6, line + thick - 2 - narrow, "left", narrow ? 13 : 20, k === n);
		});
		if (t === 1 && !narrow) {
			headline(pen, percent(this.rightNow()), x, y + 3 * pitch + 24, "left", 36);
			note(pen, said("inside.kept")[this.kept], x + 102, y + 3 * pitch + 8, "left", { size: 14 });
			note(pen, said("inside.whole", { share: percent(this.whole) }), x + 102, y + 3 * pitch + 26, "left", {
				size: 14,
			});
		}
		this.thumbs = range(18).map((k) => [(k % 9) * thumb, low + floor(k / 9) * (thumb + 16), thumb - 4]);
		this.thumbs.forEach(([x1, y1, wide], k) => {
			const { weights, map } = this.found[k];
			paintImage(pen, this.weightsOf(this.found[k], out), x1, y1, wide, 0, largest(weights));
			if (!isYardstick && t < 0.84) {
				// As far as the search has come, its map instead of the weights.
				pen.save();
				pen.globalAlpha = 1 - part(t, 0.78, 0.84);
				pen.beginPath();
				pen.rect(x1, y1, wide, wide * share);
				pen.clip();
				paintImage(pen, seen(map), x1, y1, wide, 1);
				pen.restore();
			}
			const isNow = k === n;
			const words =
				t > 0.73
					? percent(this.found[k].share)
					: k >= RANDOM && narrow
						? said("inside.short")[k - RANDOM]
						: this.name(k);
			const colour = isNow ? colours.text : colours.muted;
			note(pen, words, x1 + wide / 2, y1 + wide + 13, "center", { size: narrow ? 11 : 12, colour, bold: isNow });
			if (isNow) frameOf(pen, x1, y1, wide, wide);
		});
	},
	/** The outlines of the three strips. */
	paintStrips(pen, side, [direction, top, left]) {
		const step = side / SIDE;
		pen.save();
		pen.beginPath();
		pen.rect(0, 22, side, side);
		pen.clip();
		pen.translate((left + 0.5) * step, 22 + (top + 0.5) * step);
		pen.rotate((direction * Math.PI) / 8);
		for (const reach of [1.5, 3.5]) frameOf(pen, -4.5 * step, -reach * step, 8 * step, 2 * reach * step);
		pen.restore();
	},
	label(t) {
		const name = this.name(t > 0.3 ? this.neuron : BY_HAND);
		return `${this.says(t) ?? stopWords(t)} ${said("inside.label", { name })}`;
	},
};

// --- Side door of scene 7: four neurons in a row, and a weight to pull.

const CHAIN = { sizes: [1, 1, 1, 1], activations: Array(3).fill("logistic"), parameters: [] };
const CHAIN_PARAMS = [1.5, -0.5, -1, 0.6, 1.2, 0.1]; // w1, b1, w2, b2, w3, b3
const [CHAIN_INPUT, CHAIN_TARGET, ASKED] = [0.8, 1, 0.2];

/** The activations, and the k-th weight, its sum, its activation and the cost, with this weight changed by `nudge`. */
function chainAt(nudge, k = 3) {
	const params = Float64Array.from(CHAIN_PARAMS);
	params[2 * k - 2] += nudge;
	const { z, a } = new Network(CHAIN, params).forward([CHAIN_INPUT]);
	return {
		a: a.map(([value]) => value),
		numbers: [params[2 * k - 2], z[k - 1][0], a[k][0], (a[3][0] - CHAIN_TARGET) ** 2],
	};
}

/** The derivatives of each of these numbers by the one before it, with the weights as they were. */
function chainSlopes(k = 3) {
	const { a } = chainAt(0);
	let slope = 2 * (a[3] - CHAIN_TARGET);
	for (let n = 3; n > k; n--) slope *= a[n] * (1 - a[n]) * CHAIN_PARAMS[2 * n - 2];
	return [a[k - 1], a[k] * (1 - a[k]), slope];
}
const QUARTERS = [0.5, 0.3, 0.08, 0.05]; // how much a number changes in a quarter of its wheel's turn
const chainSlope = (k) => chainSlopes(k).reduce((p, q) => p * q);

FIGURES.chain = {
	seconds: 6,
	net: "chain.net",
	stops: [0, 0.5, 1],
	set() {
		[this.pulled, this.weight] = [ASKED, 3];
		choices(
			said("chain.weight"),
			[3, 2, 1].map((k) => [k, `w${k}`]),
			(k) => k === this.weight,
			(k) => {
				this.weight = k;
				moveTo(1);
			},
		);
		this.showChange = slider(said("chain.change"), { min: -1, max: 1, step: 0.01, value: 0, places: 2 }, (value) => {
			this.pulled = value;
			moveTo(1);
		});
	},
	drag(x, y, across) {
		if (isOpen()) this.pulled = clamp(this.pulled + across / 300, -1, 1);
	},
	paint({ pen, width, height, narrow }, t) {
		const nudges = range(4).map((n) =>
			t === 1
				? this.pulled
				: t <= 0.5
					? 0.05 * ease(part(t, 0.04 + 0.11 * n, 0.13 + 0.11 * n)) // each wheel after the one before it
					: blend(0.05, ASKED, ease(part(t, 0.55, 0.9))),
		);
		const nudge = nudges[t > 0.5 ? 0 : 3];
		this.showChange(nudges[0]);
		const k = t === 1 ? this.weight : 3;
		const [first, slopes] = [chainAt(0, k), chainSlopes(k)];
		const now = chainAt(nudges[0], k);
		now.numbers = nudges.map((by, n) => chainAt(by, k).numbers[n]);
		now.a[3] = chainAt(nudges[2], k).a[3];
		const [size, radius] = narrow ? [13, 19] : [18, 44];
		const x = (n) => radius + 6 + (n * (width - 2 * radius - 12)) / 3;
		const y = 24;
		range(4).forEach((n) => {
			if (n < 3) {
				const weight = n === k - 1 ? now.numbers[0] : CHAIN_PARAMS[2 * n];
				const colour = n === k - 1 ? colours.mark : tint(weight);
				drawLine(pen, segment(x(n) + size + 2, y, x(n + 1) - size - 2, y), colour, 1 + 2.5 * abs(weight));
				headline(pen, `w${n + 1} ${number(weight, 2)}`, (x(n) + x(n + 1)) / 2, y - 9, "center", 12, n === k - 1);
			}
			disc(pen, x(n), y, size, now.a[n]);
			note(pen, `${n ? `a${n}` : said("chain.input")} ${number(now.a[n])}`, clamp(x(n), 42, width - 36), y + size + 16);
		});
		// Four wheels: a hand turns with its number, by the same angle for the same change whatever was pulled.
		const middle = y + size + 48 + radius;
		const marks = [
			`∂z${k}/∂w${k} = ${k > 1 ? `a${k - 1}` : said("chain.input")}`,
			`∂a${k}/∂z${k} = σ′(z${k})`,
			`∂C/∂a${k}${k < 3 ? "" : " = 2 (a3 − 1)"}`,
		];
		[`w${k}`, `z${k}`, `a${k}`, said("chain.cost")].forEach((name, n) => {
			const change = now.numbers[n] - first.numbers[n];
			const turned = ((change / QUARTERS[n]) * Math.PI) / 2;
			const angle = turned - Math.PI / 2;
			const colour = abs(change) < 1e-9 ? colours.ring : tint(change);
			drawLine(pen, [[x(n), middle]], colours.line, 2 * radius);
			pen.beginPath();
			pen.arc(x(n), middle, radius, -Math.PI / 2, angle, turned < 0);
			pen.strokeStyle = colour;
			pen.lineWidth = 5;
			pen.stroke();
			drawLine(
				pen,
				segment(x(n), middle, x(n) + radius * Math.cos(angle), middle + radius * Math.sin(angle)),
				colour,
				4,
			);
			headline(pen, name, x(n), middle - radius - 10, "center");
			const words = `${change >= 0 ? "+" : ""}${number(change, n === 3 ? 5 : 4)}`;
			note(pen, words, clamp(x(n), 30, width - 34), middle + radius + 18, "center", { colour, bold: true });
			if (!narrow)
				note(pen, said("chain.quarter", { value: number(QUARTERS[n], 2) }), x(n), middle + radius + 34, "center", {
					size: 11,
				});
			if (n === 3) return;
			const [left, right] = [x(n) + radius + 8, x(n + 1) - radius - 8];
			const tip = [right, middle];
			drawLine(pen, [[left, middle], tip, [right - 7, middle - 5]], colours.muted, 1.5);
			const run = part(t, 0.1 + 0.11 * n, 0.17 + 0.11 * n);
			if (run % 1) drawLine(pen, [[blend(left, right, run), middle]], colours.mark, 12);
			headline(pen, `× ${number(slopes[n])}`, (left + right) / 2, middle - 8, "center", narrow ? 11 : 16, !narrow);
			note(pen, narrow ? marks[n].split(" ")[0] : marks[n], (left + right) / 2, middle + 18, "center", {
				size: narrow ? 11 : 12,
			});
			if (n === 2 && k < 3 && !narrow)
				note(pen, `= w${k + 1} σ′(z${k + 1}) × ∂C/∂a${k + 1}`, (left + right) / 2, middle + 34, "center", { size: 11 });
		});
		const slope = chainSlope(k);
		const low = middle + radius + (narrow ? 44 : 66);
		const known = slopes.slice(0, t < 0.5 ? floor(max(0, t - 0.06) / 0.11) : 3).map((one) => number(one));
		const words = `∂C/∂w${k} = ${known.join(" × ")}${t < 0.5 ? " …" : ` = ${number(slope, 4)}`}`;
		headline(pen, words, 0, low, "left", narrow ? 12 : 18);
		// The cost over the weight: measured, and by the slope at the place where it stood.
		const frame = [44, low + (narrow ? 24 : 20), width - 8, height - 20];
		const [left, top, right, bottom] = frame;
		const cost = (by) => chainAt(by, k).numbers[3];
		const straight = (by) => first.numbers[3] + by * slope;
		const all = [-1, 1].flatMap((by) => [cost(by), straight(by)]);
		const [least, most] = [min(...all), max(...all)];
		const at = (by, value) => [
			blend(left, right, (by + 1) / 2),
			blend(bottom - 4, top + 4, (value - least) / (most - least)),
		];
		axes(pen, frame);
		drawLine(pen, [at(0, least), at(0, most)], colours.line);
		for (const value of [least, most]) note(pen, number(value, 2), left - 6, at(0, value)[1] + 4, "right");
		for (const by of [-1, 0, 1]) note(pen, by ? signed(by, 0) : `w${k}`, clamp(at(by, 0)[0], 0, right - 8), height - 4);
		drawLine(pen, [at(-1, straight(-1)), at(1, straight(1))], colours.muted, 1.5, [5, 4]);
		// Until the end only as far as it was pulled.
		const curve = range(41).map((n) => (t === 1 ? n / 20 - 1 : (n * nudge) / 40));
		drawLine(
			pen,
			curve.map((by) => at(by, cost(by))),
			colours.text,
			2.5,
		);
		drawLine(pen, [at(nudge, straight(nudge))], colours.muted, 9);
		drawLine(pen, [at(nudge, cost(nudge))], colours.mark, 11);
		const change = cost(nudge) - cost(0);
		const promised = said("chain.promised", { by: signed(nudge, 2), change: signed(nudge * slope, 5) });
		headline(pen, promised, narrow ? 190 : width, narrow ? low + 16 : low - 10, "right", 12, false);
		headline(pen, said("chain.measured", { change: signed(change, 5) }), width, low + (narrow ? 16 : 8), "right", 12);
		const empty = slope < 0 ? [left + 8, bottom - 8, "left"] : [right - 8, bottom - 8, "right"]; // below the curve
		note(pen, said("chain.wish", { weight: `w${k}`, value: signed(-slope, 4) }), ...empty, {
			colour: colours.positive,
			halo: true,
		});
	},
	says(t) {
		if (t < 1 || (this.weight === 3 && this.pulled === ASKED)) return;
		const [k, by] = [this.weight, this.pulled];
		const [promised, measured] = [by * chainSlope(k), chainAt(by, k).numbers[3] - chainAt(0).numbers[3]];
		const verdict = said("chain.verdicts")[abs(promised - measured) < 0.1 * abs(measured) ? 0 : 1];
		const numbers = { by: signed(by, 2), promised: signed(promised, 4), measured: signed(measured, 4) };
		return said("chain.says", { weight: `w${k}`, ...numbers, verdict });
	},
	label() {
		const k = moment === 1 ? this.weight : 3;
		const change = chainAt(this.pulled, k).numbers[3] - chainAt(0).numbers[3];
		const slopes = chainSlopes(k).map((one) => number(one));
		const numbers = { slopes: slopes.join(", "), product: number(chainSlope(k), 4), change: number(change, 5) };
		return `${stopWords(moment)} ${said("chain.label", numbers)[moment === 1 ? 1 : 0]}`;
	},
};

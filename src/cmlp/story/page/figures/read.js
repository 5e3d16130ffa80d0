// --- Side door of scene 1: a rule, as a person would write it, beside the network.

// What counts as dark, and where a loop is high up.
const RULE = { dark: 100, high: 0.42 };
// What each leaf of the rule answers; the captions say when.
const LEAVES = [8, 9, 6, 0, 1, 5, 4, 2, 7, 3];

/** The image with a pen one pixel thicker: each pixel is as bright as the brightest beside it. */
const thicker = (image) =>
	image.map((value, k) =>
		max(value, ...[-SIDE, SIDE, k % SIDE && -1, (k + 1) % SIDE && 1].map((by) => image[k + by] ?? 0)),
	);

/** The mean rows of the regions of ground that ink encloses. Regions of up to 3 pixels are gaps. */
function loopsOf(image, dark) {
	const ground = image.map((value) => Number(value * 255 < dark));
	const flood = (starts) => {
		const wet = [];
		const queue = starts.filter((k) => ground[k]);
		queue.forEach((k) => (ground[k] = 0));
		while (queue.length) {
			const k = queue.pop();
			wet.push(k);
			for (const n of [k - SIDE, k + SIDE, ...(k % SIDE ? [k - 1] : []), ...((k + 1) % SIDE ? [k + 1] : [])]) {
				if (!ground[n]) continue;
				ground[n] = 0;
				queue.push(n);
			}
		}
		return wet;
	};
	flood(range(SIDE));
	return range(PIXELS)
		.map((k) => (ground[k] ? flood([k]) : []))
		.filter((wet) => wet.length > 3)
		.map((wet) => sum(wet.map((k) => floor(k / SIDE))) / wet.length);
}

/** The leaf of the rule that an image reaches. */
function leafOf(original, { dark, high, thick }) {
	const image = thick ? thicker(original) : original;
	const ink = range(PIXELS).filter((k) => 255 * image[k] > 102.5);
	if (!ink.length) return 4;
	const [rows, columns] = [ink.map((k) => floor(k / SIDE)), ink.map((k) => k % SIDE)];
	const [top, bottom] = [min(...rows), max(...rows)];
	const loops = loopsOf(image, dark);
	if (loops.length > 1) return 0;
	if (loops.length) {
		const height = (loops[0] - top) / max(bottom - top, 1);
		return height < high ? 1 : height > 1 - high ? 2 : 3;
	}
	if (max(...columns) - min(...columns) < 8) return 4;
	const third = (bottom - top) / 3;
	const count = (from, to) =>
		ink.filter((_, n) => columns[n] < 14 && rows[n] >= floor(from) && rows[n] < floor(to)).length;
	const width = (from, to) => max(...range(to - from).map((n) => rows.filter((row) => row === from + n).length));
	const [upper, lower] = [
		count(top + third * 0.5, top + third * 1.5),
		count(bottom - third * 1.5, bottom - third * 0.5),
	];
	const wide = width(top, top + 4);
	if (upper > 8 && lower < 8) return wide > 7 ? 5 : 6;
	if (width(bottom - 3, bottom + 1) > 8) return 7;
	return wide > 8 && lower < 8 ? 8 : 9;
}

const ruleHits = new Map();

/** For each test digit whether a rule reads it. */
function hitsOf(rule) {
	const key = `${rule.thick} ${rule.high}`;
	const hits = () => examples.test.map((one) => LEAVES[leafOf(one.input, rule)] === one.label);
	if (!ruleHits.has(key)) ruleHits.set(key, hits());
	return ruleHits.get(key);
}
const ruleShare = (rule) => hitsOf(rule).filter(Boolean).length / examples.test.length;

FIGURES.read = {
	net: "net.trained",
	seconds: 5,
	stops: [0, 0.02, 0.5, 1],
	set() {
		this.rule = { ...RULE };
		this.one = pictures.gap;
		const [pen, thin, thick] = said("read.pen");
		choices(
			pen,
			[
				[false, thin],
				[true, thick],
			],
			(value) => value === Boolean(this.rule.thick),
			(value) => (this.rule.thick = value),
		);
		slider(
			said("read.high"),
			{ min: 0.3, max: 0.5, step: 0.02, value: RULE.high, words: (value) => percent(value) },
			(value) => (this.rule.high = value),
		);
		action(said("read.another"), () => {
			const n = examples.test.indexOf(this.one);
			this.one = examples.test[(n + 1) % examples.test.length];
		});
	},
	paint({ pen, width, height, narrow }, t) {
		const leaf = leafOf(this.one.input, this.rule);
		const [left, row] = [narrow ? 12 : 20, narrow ? 20 : min(48, (height - 60) / 10)];
		const treeWidth = narrow ? width - 144 : width * 0.36;
		const at = part(t, 0.03, 0.48) * (leaf + 1);
		const [rule, network] = said("read.titles");
		headline(pen, rule, left, 16, "left");
		const no = said("read.if").at(-1);
		LEAVES.forEach((digit, n) => {
			const y = (narrow ? 42 : 58) + n * row;
			const isHere = t > 0.03 && min(leaf, floor(at)) === n;
			if (isHere) box(pen, left - 6, y - row * 0.62, treeWidth + 6, row * 0.9, colours.accent);
			const colour = isHere ? colours.ink : n < at ? colours.text : colours.muted;
			const words = said("read.if", { rule: said("read.leaves")[n] })[n ? 1 : 0];
			note(pen, words, left, y, "left", { colour, size: narrow ? 11 : 15, bold: isHere });
			note(pen, digit, left + treeWidth - 12, y, "right", { colour, size: narrow ? 13 : 20, bold: true });
			if (n < min(at, leaf) - 0.5) note(pen, no, left + treeWidth - 34, y, "right", { size: 11 });
		});
		const result = resultOf(trained, this.one.input);
		const seen = this.rule.thick ? thicker(this.one.input) : this.one.input;
		if (narrow) picture(pen, seen, width - 130, 24, 118);
		else picture(pen, seen, width * 0.41, 26, min(200, width * 0.22));
		const [x, y, w, h] = narrow
			? [8, 62 + 10 * row, width - 16, height - 70 - 10 * row]
			: [width * 0.66, 20, width * 0.33, height - 60];
		if (narrow) paintColumnBars(pen, [x, y, w, h], result.a[3], 1);
		else {
			headline(pen, network, x, 16, "left");
			const places = { at: (_, k) => [x + 14, 24 + (h * (k + 0.5)) / 10], radius: 10, outputs: w - 10 };
			result.a[3].forEach((value, k) => disc(pen, ...places.at(3, k), 10, value));
			paintOutputs(pen, places, result.a[3]);
		}
		const [before, after] = [RULE, this.rule].map(hitsOf);
		const [won, lost] = [after, before].map((one, n) =>
			examples.test.filter((_, k) => one[k] && ![before, after][n][k]),
		);
		const test = examples.test;
		const missed = test.filter((_, n) => !after[n]);
		const [left2, top2, wide] = narrow ? [width - 130, 152, 124] : [width * 0.41, 250, width * 0.23];
		const low = narrow ? 44 + 10 * row : height;
		const size = narrow ? 20 : 34;
		if (t >= 0.99 && won.length + lost.length) {
			// What a change wins, and what it loses.
			const half2 = (low - top2) / 2;
			[won, lost].forEach((list, n) => {
				const y2 = top2 + n * half2;
				headline(pen, said("read.change", { count: list.length })[n], left2, y2 + 12, "left", 12);
				crowd(pen, list, [left2, y2 + 18, wide, half2 - 20], size);
			});
		} else {
			const misread = said("read.misread", { count: missed.length })[narrow ? 1 : 0];
			headline(pen, t < 0.55 ? said("read.tests", { count: test.length }) : misread, left2, top2 + 12, "left", 12);
			const run = part(t, 0.55, 0.95) * 40;
			const isMarked = (one) => test.indexOf(one) < run && missed.includes(one);
			const [list, isFramed] = t < 0.99 ? [test, isMarked] : [missed, () => true];
			crowd(pen, list, [left2, top2 + 18, wide, low - top2 - 20], size, isFramed);
		}
		if (t < 0.99) return;
		const shares = { rule: percent(ruleShare(this.rule)), network: percent(rightShare(trained)) };
		headline(
			pen,
			said("read.right", { count: test.length, ...shares }),
			narrow ? 12 : width,
			narrow ? 60 + 10 * row : height - 8,
			narrow ? "left" : "right",
			14,
		);
	},
	says(t) {
		const { one, rule } = this;
		const answers = { rule: LEAVES[leafOf(one.input, rule)], network: winner(resultOf(trained, one.input).a[3]) };
		if (one !== pictures.gap) return said("read.says", { digit: one.label, ...answers });
		if (t === 1 && ruleShare(rule) !== ruleShare(RULE))
			return said("read.harm", { now: percent(ruleShare(rule)), before: percent(ruleShare(RULE)) });
	},
};

/** Ten outputs as columns. */
function paintColumnBars(pen, [x, y, w, h], values, grown, numbers = false) {
	const pitch = w / values.length;
	const best = winner(values);
	values.forEach((value, k) => {
		const left = x + k * pitch + pitch * 0.15;
		box(pen, left, y + 14, pitch * 0.7, h - 34, colours.line);
		const size = (h - 34) * value * grown;
		box(pen, left, y + h - 20 - size, pitch * 0.7, size, k === best && grown === 1 ? colours.mark : colours.ring);
		headline(pen, k, left + pitch * 0.35, y + h - 4, "center", 13);
		if (numbers) note(pen, number(value, pitch > 44 ? 3 : 2), left + pitch * 0.35, y + 10, "center", { size: 11 });
	});
}

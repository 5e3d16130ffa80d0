// --- Scene 4: ten gaps become ten squares, and these become one, which stays until the end.

const GAPS_AT = 3;
const SQUARES_AT = 9;
const POUR_AT = 19;
const POUR_SECONDS = 1.2;
const pourAt = (n) => POUR_AT + 0.4 + n * 0.42;
const POURED_AT = pourAt(9) + POUR_SECONDS;
const COST_BET_AT = 26;
const POUR_THREE_AT = COST_BET_AT + 2.4; // the gaps of the three answers become a square each
const THREE_END = 34.7;
const ALL_AT_VALUES = [0.5, 0.1, 0]; // what the bet asks for, and which of them costs least
const LEAST = 1;

const costScene = {
	id: "cost",
	doors: [],
	handles: (facts) =>
		twoOutputs(facts).map((digit) => ({
			key: "handle.output",
			words: { digit },
			from: 0,
			to: 1,
			step: 0.01,
			value: facts.result.a[3][digit],
		})),
	/** The end of a bar can be dragged, as long as the bars are seen. */
	grab(facts, t, places, [x, y], values) {
		const n = twoOutputs(facts).findIndex((k, which) => {
			const [barX, barY] = barPlace(places, k, values[which]);
			return abs(x - barX) < places.unit / 2 && abs(y - barY) < places.unit / 2;
		});
		if (n < 0 || t < GAPS_AT || t > POUR_AT) return null;
		const zero = barPlace(places, twoOutputs(facts)[n], 0);
		return (to) => values.with(n, clamp((places.upright ? zero[1] - to[1] : to[0] - zero[0]) / places.unit));
	},
	change: (facts, values) => facts.withOutputs(Object.fromEntries(twoOutputs(facts).map((k, n) => [k, values[n]]))),
	seconds: 36,
	captions: () => [
		[0, "cost.1"],
		[SQUARES_AT - 1, "cost.2"],
		[POUR_AT, "cost.3", POURED_AT + 0.6],
		[POURED_AT - 1.2, "cost.learn", POURED_AT + 0.4],
		[COST_BET_AT - 0.5, "cost.bet"],
		[COST_BET_AT + 0.5, "cost.verdict", THREE_END - 0.95],
	],
	words: ({ cost }) => ({ cost: filmNumber(cost, 2) }),
	pauses: [{ at: COST_BET_AT, kind: "bet", right: () => LEAST }],
	shots: [
		[0.4, 2.4, (places) => places.pour],
		[COST_BET_AT - 1, 0.9, (places) => places.bet],
		[THREE_END - 0.9, 2.1, (places) => places.whole],
	],
	paint(view, facts, t) {
		const quiet = within(t, 0.4, costScene.seconds, 2);
		paintNumbersEnd(view, facts, {
			says: 0,
			wires: 1 - 0.9 * quiet,
			shown: 1 - within(t, COST_BET_AT - 1.4, THREE_END + 0.5, 0.7),
		});
		const gone = POURED_AT + 0.5;
		paintGapColumns(view, facts, {
			columns: within(t, 1.4, gone, 1),
			wanted: within(t, GAPS_AT, gone, 1),
			gaps: within(t, SQUARES_AT - 2.4, gone, 1),
			grown: (k) => rise(t, SQUARES_AT + k * 0.3, 1.2),
			poured: (n) => part(t, pourAt(n), pourAt(n) + POUR_SECONDS),
			sealed: rise(t, POURED_AT, 0.5),
			named: 1 - rise(t, THREE_END - 0.4, 0.6),
		});
		paintThree(view, facts, t, within(t, COST_BET_AT - 0.7, THREE_END, 0.7));
		const framed = rise(t, THREE_END - 0.6, 1);
		if (framed > 0) paintCostOutline(view, facts.cost, framed, rise(t, THREE_END + 0.2, 1));
	},
};

/**
 * Three answers beside the square of the network: all ten outputs at 0.5, 0.1 or 0. When the bet is over, the gaps of each
 * become squares, and these one.
 */
function paintThree(view, facts, t, alpha) {
	if (alpha <= 0) return;
	const { places, upright } = view;
	const { unit } = places;
	const [x, y, step, left, top, pitch, radius] = places.three;
	ALL_AT_VALUES.forEach((value, n) => {
		const cost = costOfAll(value);
		const [gap, poured] = [rise(t, COST_BET_AT + 0.4, 1), rise(t, POUR_THREE_AT + 0.7 * n, 1.2)];
		const colour = n === LEAST ? colours.mark : colours.on;
		const [column, middle] = [x + n * step - left, x + n * step];
		const name = filmWords("label.all", { value: filmNumber(value, value ? 1 : 0) });
		letters(view, name, column, top - 2.2 * radius - (upright ? 10 : 14), upright ? 15.5 : 17, { alpha });
		range(10).forEach((k) => {
			const row = top + k * pitch;
			const isWanted = k === facts.label;
			paintNeuron(view, column, row, radius, value, alpha);
			const named = { alpha, colour: isWanted ? colours.text : colours.muted, bold: isWanted };
			letters(view, k, column - 2.4 * radius, row, upright ? 15.5 : 17, named);
			const side = abs(value - facts.targets[k]) * unit * gap;
			const from = [column + 1.4 * radius + side / 2, row];
			paintSquare(view, ...blendAll(from, [middle, y], poured), side, { filled: 0.9 * alpha * (1 - poured) });
		});
		const [seen, below] = [alpha * poured, y + (Math.sqrt(2.5) * unit) / 2 + (upright ? 12 : 24)];
		paintSquare(view, middle, y, Math.sqrt(cost) * unit * poured, { colour, filled: 0, outline: seen });
		letters(view, filmNumber(cost, 2), middle, below, upright ? 17 : 26, { colour, alpha: seen });
	});
}

/** The wanted output and the answer: these a handle changes, and their biases make the hill. */
const twoOutputs = ({ label, way: [says] }) => [label, says];

/** Where a value from 0 to 1 of an output lies on its bar. */
function barPlace(places, k, value) {
	const [x, y] = places.at(3, k);
	return places.upright ? [x, places.size[1] - 14 - value * places.unit] : [x + 48 + value * places.unit, y];
}

/** The ten outputs in the order in which their squares are poured: first those beside the foot of the square of all. */
function pourOrder({ at, upright, square, unit }) {
	const foot = upright ? square[0] : square[1] + 0.8 * unit;
	const far = (k) => abs(at(3, k)[upright ? 0 : 1] - foot);
	return range(10).sort((p, q) => far(p) - far(q));
}

/**
 * The ten outputs as bars, with a mark where each was wanted; the gaps between, the squares of the gaps, and their way into
 * one square: each becomes a strip of it. All areas are true at every moment.
 */
function paintGapColumns(view, facts, { columns, wanted, gaps, grown, poured, sealed, named }) {
	const { pen, places, upright } = view;
	const { unit } = places;
	const thick = upright ? 5 : 9;
	const whole = Math.sqrt(facts.cost) * unit; // the side of the square of all
	let filled = 0; // area in the square of all
	pourOrder(places).forEach((k, n) => {
		const [value, target] = [facts.result.a[3][k], facts.targets[k]];
		const [zero, end, goal] = [0, value, target].map((one) => barPlace(places, k, one));
		const u = poured(n);
		// The track goes as the square grows: it would lie behind its number.
		paintLine(view, zero, barPlace(places, k, 1), colours.line, thick, columns * (1 - grown(k)));
		paintLine(view, zero, blendAll(zero, end, columns), colours.on, thick, columns);
		paintLine(view, end, goal, colours.mark, thick * 0.8, gaps * (u > 0 ? 0 : 1));
		const half = thick * 1.4;
		const ends = [-half, half].map((by) => (upright ? [goal[0] + by, goal[1]] : [goal[0], goal[1] + by]));
		paintLine(view, ...ends, colours.on, unit * 0.04, wanted);
		const side = abs(value - target) * unit * grown(k);
		if (side <= 0) return;
		const height = side ** 2 / whole;
		const slot = places.square[1] + whole / 2 - (filled * unit ** 2) / whole - height / 2;
		const middle = blendAll(end, goal, 0.5);
		// First up or down, then into the square, while it becomes as wide as that.
		const [climbed, entered] = [rise(u, 0, 0.5), rise(u, 0.5, 0.5)];
		const width = blend(side, whole, entered);
		const x = blend(middle[0], places.square[0], entered);
		const y = blend(middle[1], slot, climbed);
		const tall = side ** 2 / width;
		box(pen, x - width / 2, y - tall / 2, width, tall, colours.mark, 0.9 * (u < 1 ? 1 : 1 - sealed));
		if (entered > 0.99)
			paintLine(view, [x - width / 2, y - tall / 2], [x + width / 2, y - tall / 2], colours.ground, 1, 1 - sealed);
		paintArea(view, k, value - target, middle, side, grown(k) * (1 - rise(u, 0, 0.15)));
		filled += (side / unit) ** 2 * (u > 0 ? 1 : 0);
	});
	if (sealed > 0) paintSquare(view, ...places.square, whole, { filled: 0.9 * sealed });
	const arrived = sum(
		pourOrder(places).map((k, n) => rise(poured(n), 0.7, 0.3) * (facts.result.a[3][k] - facts.targets[k]) ** 2),
	);
	paintCostNumber(view, arrived, named * min(1, 20 * arrived), facts.cost);
}

/** The area of the square of an output, beside it. */
function paintArea(view, k, gap, [x, y], side, alpha) {
	const text = filmNumber(gap ** 2, 2);
	if (view.upright) {
		letters(view, text, x, view.places.at(3, k)[1] - 20, 15.5, { colour: colours.mark, alpha });
		return;
	}
	letters(view, text, x + side / 2 + 7, y, 18, {
		colour: colours.mark,
		align: "left",
		alpha,
		bold: true,
	});
}

/** The number of the cost, below its square. */
function paintCostNumber(view, cost, alpha, most = cost) {
	const { places, upright } = view;
	const y = places.square[1] + (Math.sqrt(max(cost, most)) * places.unit) / 2 + (upright ? 14 : 26);
	letters(view, costText(cost), places.square[0], y, upright ? 17 : 26, { colour: colours.mark, alpha });
}

/** The square as it stays beside the network while something else is the point: a white outline, and the cost in it. */
function paintCostOutline(view, cost, alpha, named = 0) {
	const side = Math.sqrt(cost) * view.places.unit;
	box(
		view.pen,
		view.places.square[0] - side / 2 - 1,
		view.places.square[1] - side / 2 - 1,
		side + 2,
		side + 2,
		colours.ground,
		alpha,
	);
	paintSquare(view, ...view.places.square, side, { colour: colours.on, filled: 0, outline: 0.8 * alpha });
	letters(view, costText(cost), ...view.places.square, view.upright ? 15.5 : 17, {
		colour: colours.muted,
		alpha: alpha * named,
	});
}

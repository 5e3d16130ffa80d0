// --- Scene 4: ten gaps become ten squares, and these become one, which stays until the end.

const GAPS_AT = 3;
const SQUARES_AT = 9;
const POUR_AT = 19;
const COST_BET_AT = 27;
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
	seconds: 38,
	captions: () => [
		[0, "cost.1"],
		[SQUARES_AT - 1, "cost.2"],
		[POUR_AT, "cost.3"],
		[COST_BET_AT - 0.5, "cost.bet"],
		[COST_BET_AT + 0.5, "cost.verdict"],
	],
	words: ({ cost }) => ({ cost: filmNumber(cost, 2), tenth: filmNumber(costOfAll(0.1), 2) }),
	pauses: [{ at: COST_BET_AT, kind: "bet", right: () => LEAST }],
	shots: [
		[0.4, 2.4, (places) => places.outputs],
		[POUR_AT - 1, 1.6, (places) => places.pour],
		[32.5, 2.5, (places) => places.whole],
	],
	paint(view, facts, t) {
		const quiet = within(t, 0.4, 36, 2);
		const others = within(t, COST_BET_AT - 0.6, 33, 0.8); // squares
		paintNumbersEnd(view, facts, { says: 0, wires: 1 - 0.8 * quiet, shown: 1 - 0.93 * others });
		paintGapColumns(view, facts, facts.result.a[3], {
			columns: within(t, 1.4, POUR_AT + 4, 1.2),
			wanted: within(t, GAPS_AT, POUR_AT + 4, 1),
			gaps: within(t, SQUARES_AT - 2.4, POUR_AT + 2, 1),
			grown: (k) => rise(t, SQUARES_AT + k * 0.3, 1.2),
			poured: (k) => rise(t, POUR_AT + 0.6 + k * 0.28, 1.6),
		});
		const all = rise(t, POUR_AT + 4.4, 0.8);
		paintThree(view, t, others);
		paintCostNumber(view, facts.cost, all * (1 - rise(t, 35, 1)));
		if (t > 32) paintCostOutline(view, facts.cost, rise(t, 32, 2), rise(t, 36, 1));
	},
};

/** What it would cost if all ten outputs were 0.5, 0.1 or 0, beside the square of the network. */
function paintThree(view, t, alpha) {
	const { places, upright } = view;
	const [x, y, step] = places.three;
	const unit = places.unitOfAll;
	const high = Math.sqrt(2.5) * unit;
	ALL_AT_VALUES.forEach((value, n) => {
		const middle = x + n * step;
		const cost = costOfAll(value);
		const grown = rise(t, COST_BET_AT + 0.4 + 0.5 * n, 1);
		const isLeast = n === LEAST;
		const colour = isLeast ? colours.mark : colours.on;
		const name = filmWords("label.all", { value: filmNumber(value, value ? 1 : 0) });
		letters(view, name, middle, y - 0.5 * high - (upright ? 12 : 24), upright ? 15.5 : 17, { alpha });
		paintSquare(view, middle, y, Math.sqrt(cost) * unit * grown, { colour, filled: 0, outline: alpha * grown });
		letters(view, filmNumber(cost, 2), middle, y + 0.5 * high + (upright ? 12 : 24), upright ? 17 : 26, {
			colour,
			alpha: alpha * grown,
		});
	});
}

/** The wanted output and the answer: these a handle changes, and their biases make the hill. */
const twoOutputs = ({ label, way: [says] }) => [label, says];

/** Where a value from 0 to 1 of an output lies on its bar. */
function barPlace(places, k, value) {
	const [x, y] = places.at(3, k);
	return places.upright ? [x, places.size[1] - 14 - value * places.unit] : [x + 60 + value * places.unit, y];
}

/**
 * The ten outputs as bars, with a mark where each was wanted; the gaps between, the squares of the gaps, and their way into
 * one square whose area is their sum.
 */
function paintGapColumns(view, facts, outputs, { columns, wanted, gaps, grown, poured }) {
	const { pen, places, upright } = view;
	const thick = places.unit * 0.14;
	let area = 0;
	outputs.forEach((value, k) => {
		const target = facts.targets[k];
		const [zero, end, goal] = [0, value, target].map((one) => barPlace(places, k, one));
		const line = (from, to, colour, width, alpha) => {
			if (alpha <= 0) return;
			pen.globalAlpha = alpha;
			pen.strokeStyle = colour;
			pen.lineWidth = width;
			pen.beginPath();
			pen.moveTo(...from);
			pen.lineTo(...to);
			pen.stroke();
			pen.globalAlpha = 1;
		};
		line(zero, barPlace(places, k, 1), colours.line, thick, columns);
		line(zero, blendAll(zero, end, columns), colours.on, thick, columns);
		line(end, goal, colours.mark, thick * 0.8, gaps * (1 - poured(k)));
		const half = thick * 1.5;
		const [from, to] = upright
			? [
					[goal[0] - half, goal[1]],
					[goal[0] + half, goal[1]],
				]
			: [
					[goal[0], goal[1] - half],
					[goal[0], goal[1] + half],
				];
		line(from, to, colours.on, places.unit * 0.05, wanted);
		const side = abs(value - target);
		const u = poured(k);
		const middle = blendAll(end, goal, 0.5);
		const full = u >= 1;
		area += full ? side ** 2 : 0;
		if (grown(k) <= 0 || full) return;
		const [x, y] = blendAll(middle, places.square, u);
		const unit = blend(places.unit, places.unitOfAll, u);
		paintSquare(view, x, y, side * unit * grown(k), { filled: 0.85 });
	});
	if (area > 0) paintSquare(view, ...places.square, Math.sqrt(area) * places.unitOfAll, { filled: 0.9 });
}

/** The number of the cost, below its square. */
function paintCostNumber(view, cost, alpha, most = cost) {
	const { places, upright } = view;
	const y = places.square[1] + (Math.sqrt(max(cost, most)) * places.unitOfAll) / 2 + (upright ? 14 : 26);
	letters(view, filmNumber(cost, 2), places.square[0], y, upright ? 17 : 26, { colour: colours.mark, alpha });
}

/** The square as it stays beside the network while something else is the point: a white outline, and the cost in it. */
function paintCostOutline(view, cost, alpha, named = 0) {
	const side = Math.sqrt(cost) * view.places.unitOfAll;
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
	letters(view, filmNumber(cost, 2), ...view.places.square, view.upright ? 15.5 : 17, {
		colour: colours.muted,
		alpha: alpha * named,
	});
}

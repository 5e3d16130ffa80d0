// --- Scene 7: wishes, from the outputs back to A. Every wish is a triangle, up or down, that runs back along its wires.

const GAPS_SEEN_AT = 0.8; // each output: how far it is from what was wanted, and the wish that this becomes
const ASKS_AT = 6.6; // one output asks one neuron of B
const WISH_BET_AT = 9.1; // before its wish meets the weight
const ASK_TOO_AT = 13; // a second one
const ALL_ASK_AT = 17.2;
const ALL_ASK_STEP = 0.24;
const RUN_SECONDS = [1.3, 1.3, 1.4]; // to the weight, through it, and on
const RUN = sum(RUN_SECONDS);
const SUMMED_AT = ALL_ASK_AT + 7 * ALL_ASK_STEP + RUN + 0.4;
const STREAM_AT = SUMMED_AT + 0.8; // the curve of the neuron lets much or little through
const FLATTER_AT = STREAM_AT + 4.2;
const THROUGH_AT = FLATTER_AT + 2.6; // back to where the neuron stands
const LAND_AT = THROUGH_AT + 1;
const ALL_AT = LAND_AT + 2.2;
const TO_A_AT = ALL_AT + 3.8;
const WAVE_SECONDS = 2.4;
const QUIET_WIRES = 0.12; // alpha while something else is the point
const FLAT = 4.4; // a sum on the flat end of the curve
const STEEPEST = 0.25;
// Where requests are added: the right end of the bars, the step to the left, the zero line, how high they can be; where the
// curve narrows the stream, and where that ends; and the place of the curve.
const ADDING = {
	lying: { right: 436, step: 21, zero: 340, high: 170, lens: 132, left: 44, curve: [132, 120, 92, 62] },
	upright: { right: 352, step: 14, zero: 74, high: 44, lens: 124, left: 44, curve: [84, 140, 60, 24] },
};

/** When the request of an output starts: first those of two, then the others. */
function requestAt({ askers }, j) {
	if (askers.includes(j)) return j === askers[0] ? ASKS_AT : ASK_TOO_AT;
	const others = range(10).filter((k) => !askers.includes(k));
	return ALL_ASK_AT + ALL_ASK_STEP * others.indexOf(j);
}

/** The outputs in the order in which they ask. */
const askOrder = (facts) => range(10).sort((p, q) => requestAt(facts, p) - requestAt(facts, q));

/**
 * How far a request has come on its wire, from 0 to 1, and how far it has been turned over by its weight. It waits in front
 * of the first weight while the bet is open.
 */
function runOf(facts, j, t) {
	const at = requestAt(facts, j);
	const late = j === facts.askers[0] ? WISH_BET_AT + 0.3 - (at + RUN_SECONDS[0]) : 0;
	const [there, through, on] = RUN_SECONDS;
	const come = 0.42 * rise(t, at, there) + 0.16 * rise(t, at + there + late, through);
	return {
		at: come + 0.42 * rise(t, at + there + through + late, on),
		turned: rise(t, at + there + late, through),
		shown: t > at && t < at + RUN + late + 0.1,
		arrives: at + RUN + late,
	};
}

/** Whether the first that asks wants to fall: its weight is negative, so it asks the neuron to rise. */
const asksToRise = ({ askers, label }) => askers[0] !== label;

/** A number with its sign, which may be a plus; what is rounded to 0 has none. */
const signedNumber = (value) => (value >= 0.005 ? "+" : "") + filmNumber(value, 2);

const wishesScene = {
	id: "wishes",
	doors: ["ways", "curves"],
	// While all ten ask: before that, the words are true of the film's own neuron alone.
	handles: ({ asked }, t) =>
		t > ALL_ASK_AT && t < ALL_AT - 0.6 ? [{ key: "handle.neuron", from: 1, to: 16, step: 1, value: asked + 1 }] : [],
	change: (facts, [number]) => facts.asking(number - 1),
	seconds: TO_A_AT + 5.2,
	captions: (facts) => {
		const weight = facts.start.params[facts.start.layers[2].w + facts.asked * 10 + facts.askers[1]];
		return [
			[0, "wishes.1"],
			[GAPS_SEEN_AT + 1.4, "wishes.others"],
			[ASKS_AT - 1.2, "wishes.wire"],
			[WISH_BET_AT - 0.5, "wishes.bet"],
			[WISH_BET_AT + 0.3, "wishes.verdict"],
			[ASK_TOO_AT - 0.2, weight < 0 ? "wishes.turned" : "wishes.kept", ASK_TOO_AT + 3.7],
			[ALL_ASK_AT - 0.2, "wishes.part"],
			[SUMMED_AT - 0.2, "wishes.all", STREAM_AT],
			[STREAM_AT + 1, "wishes.2"],
			[FLATTER_AT, "wishes.flat"],
			[THROUGH_AT + 0.2, "wishes.own"],
			[ALL_AT - 0.6, "wishes.3", TO_A_AT - 0.02],
			[TO_A_AT - 0.4, "wishes.4"],
		];
	},
	words: (facts) => ({
		first: facts.askers[0],
		second: facts.askers[1],
		wanted: captions["wishes.moves"][asksToRise(facts) ? 1 : 0],
		asked: captions["wishes.moves"][asksToRise(facts) ? 0 : 1],
		B: `B${facts.asked + 1}`,
		direction: captions["wishes.directions"][facts.wishes[2][facts.asked] > 0 ? 0 : 1],
	}),
	pauses: [{ at: WISH_BET_AT, kind: "bet", right: (facts) => (asksToRise(facts) ? 0 : 1) }],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const whole = rise(t, ALL_AT - 0.4, 1.8); // the other neurons, A and the pixels are seen again
		const u = 1 - rise(t, ALL_AT - 0.6, 1.8);
		const { digit, asked } = facts;
		const pad = max(1 - rise(t, ASKS_AT + 2.4, 1.2), whole);
		paintPad(view, { lines: pad < 1 ? [] : digit.lines, digit, centred: 1, sharp: pad, frame: 0.5 * pad });
		paintWorking(view, facts, {
			wires: 0.34 * whole,
			waiting: 0,
			inputs: whole,
			names: whole,
			dim: (layer) => (layer === 3 ? 1 : whole),
		});
		paintCostOutline(view, facts.cost, max(1 - rise(t, 0.2, 1), whole), max(1 - rise(t, 0.2, 1), whole));
		paintGapsSeen(view, facts, t);
		const left = 1 - rise(t, wishesScene.seconds - 1.4, 1.3); // of what has been asked
		paintAskWave(view, facts, 2, part(t, ALL_AT + 1, ALL_AT + 1 + WAVE_SECONDS), left);
		paintAskWave(view, facts, 1, part(t, TO_A_AT, TO_A_AT + WAVE_SECONDS), left);
		const { w } = facts.start.layers[2];
		const weights = range(10).map((j) => facts.start.params[w + asked * 10 + j]);
		const all = rise(t, ALL_ASK_AT - 0.6, 0.8);
		const seen = rise(t, ASKS_AT - 0.8, 0.8); // before that all wires of the neuron are seen
		paintFan(view, facts, {
			u,
			bent: 0,
			most: blend(DIALLED, 0.8 * largest(weights), rise(t, 0, 1.4)),
			alpha: 1 - whole,
			a: facts.result.a[2][asked],
			weights,
			outputs: facts.result.a[3],
			only(j) {
				if (j === facts.askers[0]) return 1;
				const own = j === facts.askers[1] ? max(all, rise(t, ASK_TOO_AT - 0.6, 0.8)) : all;
				return max(own, blend(1, 0.12, seen));
			},
		});
		paintRing(view, ...mainPlace(view, facts, u), view.upright ? 20 : 32, within(t, ASKS_AT - 0.6, ASKS_AT + 1.4, 0.5));
		letters(view, `B${asked + 1}`, ...besideMain(view, facts, u), view.upright ? 16 : 22, {
			alpha: within(t, 2, ALL_AT, 0.8),
			bold: true,
		});
		paintGates(view, facts, weights, t, u);
		paintWishesOf(view, facts, 3, (k) => rise(t, GAPS_SEEN_AT + 2.4 + (k === facts.label ? 0 : 1 + k * 0.08), 0.8));
		paintRunning(view, facts, weights, t);
		paintAdding(view, facts, t);
		paintStream(view, facts, t);
		paintMainWish(view, facts, t, u);
		paintWishesOf(view, facts, 2, (k) => (k === asked ? 0 : rise(t, ALL_AT + WAVE_SECONDS + 0.6, 0.8)));
		paintWishesOf(view, facts, 1, () => rise(t, TO_A_AT + WAVE_SECONDS - 0.2, 0.8));
		paintEnd(view, rise(t, TO_A_AT + WAVE_SECONDS + 0.6, 0.8));
	},
};

/** The name of the neuron that is asked: above it. */
function besideMain(view, facts, u) {
	const [x, y] = mainPlace(view, facts, u);
	return view.upright ? [x - 34, y] : [x, y - 46];
}

/** Each output: what it gave, what was wanted, and the gap, in the colour of the wish. */
function paintGapsSeen(view, facts, t) {
	const { places, upright } = view;
	const thick = upright ? 5 : 9;
	for (let k = 0; k < 10; k++) {
		const from = GAPS_SEEN_AT + (k === facts.label ? 0 : 1 + k * 0.08);
		const alpha = rise(t, from - 0.3, 0.6) * (1 - rise(t, from + 2.2, 0.9));
		if (alpha <= 0) continue;
		const [value, target] = [facts.result.a[3][k], facts.targets[k]];
		const [zero, end, goal] = [0, value, target].map((one) => barPlace(places, k, one));
		const grown = rise(t, from + 0.5, 1);
		paintLine(view, zero, barPlace(places, k, 1), colours.line, thick, alpha);
		paintLine(view, zero, end, colours.on, thick, alpha);
		paintLine(view, end, blendAll(end, goal, grown), tint(target - value), thick * 1.3, alpha);
		const half = thick * 1.2;
		const ends = [-half, half].map((by) => (upright ? [goal[0] + by, goal[1]] : [goal[0], goal[1] + by]));
		paintLine(view, ...ends, colours.on, places.unit * 0.04, alpha);
	}
	const [x, y] = places.at(3, facts.label);
	paintRing(view, x, y, places.radius[3] * 1.35, within(t, GAPS_SEEN_AT - 0.2, GAPS_SEEN_AT + 2.6, 0.5));
}

/** The sign of each weight, in the middle of its wire: what is negative turns wishes over. */
function paintGates(view, facts, weights, t, u) {
	const { pen, upright, places } = view;
	const main = mainPlace(view, facts, u);
	weights.forEach((weight, j) => {
		const isFirst = facts.askers.includes(j);
		const { arrives } = runOf(facts, j, t);
		const alpha = rise(t, requestAt(facts, j) - 0.4, 0.7) * (1 - rise(t, max(arrives + 0.4, SUMMED_AT), 0.8));
		if (alpha <= 0) return;
		const [x, y] = blendAll(places.at(3, j), main, 0.5);
		const early = isFirst ? 1 - rise(t, ALL_ASK_AT - 0.4, 0.8) : 0;
		const radius = upright ? blend(7, 13, early) : blend(11.5, 22, early);
		pen.globalAlpha = alpha;
		pen.fillStyle = colours.ground;
		pen.strokeStyle = tint(weight);
		pen.lineWidth = radius * 0.14;
		pen.beginPath();
		pen.arc(x, y, radius, 0, 7);
		pen.fill();
		pen.stroke();
		pen.lineWidth = radius * 0.2;
		pen.beginPath();
		pen.moveTo(x - radius * 0.5, y);
		pen.lineTo(x + radius * 0.5, y);
		if (weight > 0) {
			pen.moveTo(x, y - radius * 0.5);
			pen.lineTo(x, y + radius * 0.5);
		}
		pen.stroke();
		pen.globalAlpha = 1;
	});
}

/** A triangle of a wish, turned over by a share: at half of it, it lies on its side and has both colours. */
function paintTurned(view, [x, y], size, up, turned, alpha = 1) {
	if (alpha <= 0 || size < 0.5) return;
	const { pen } = view;
	pen.save();
	pen.translate(x, y);
	pen.rotate((up ? 0 : Math.PI) + turned * Math.PI);
	const [high, half] = [size / 2, size * 0.5];
	const shape = (share, colour) => {
		pen.globalAlpha = alpha * share;
		pen.fillStyle = colour;
		pen.beginPath();
		pen.moveTo(-half, high);
		pen.lineTo(half, high);
		pen.lineTo(0, -high);
		pen.fill();
	};
	pen.globalAlpha = 1;
	shape(1, tint(up ? 1 : -1));
	if (turned > 0) shape(rise(turned, 0.25, 0.5), tint(up ? -1 : 1));
	pen.restore();
	pen.globalAlpha = 1;
}

/** The wishes of the outputs on their way to the asked neuron. */
function paintRunning(view, facts, weights, t) {
	const { places, upright } = view;
	const main = mainPlace(view, facts, 1);
	const requests = facts.requests(2, facts.asked);
	const [high] = places.wish[3];
	const [mostWish, mostPart] = [largest(facts.wishes[3]), largest(requests)];
	weights.forEach((weight, j) => {
		const { at, turned, shown } = runOf(facts, j, t);
		if (!shown) return;
		const wish = facts.wishes[3][j];
		const isFirst = facts.askers.includes(j);
		const swell = isFirst ? blend(1.5, 1.9, Math.sin(Math.PI * clamp(at))) : 1;
		// Its size: first of the wish, then of what the weight makes of it, each against the largest.
		const before = high * Math.sqrt(abs(wish) / mostWish);
		const after = high * Math.sqrt(abs(requests[j]) / mostPart);
		const size = max(upright ? 5 : 7, blend(before, after, turned) * swell);
		const start = wishPlace(view, 3, j);
		const wire = places.at(3, j);
		const place = at < 0.06 ? blendAll(start, wire, at / 0.06) : blendAll(wire, main, (at - 0.06) / 0.94);
		paintTurned(view, place, size, wish > 0, weight < 0 ? turned : 0, 1 - rise(at, 0.94, 0.06));
	});
}

const addingOf = ({ upright }) => ADDING[upright ? "upright" : "lying"];

/** How long a bar is for a request of 1, and the height of the stream of all. */
function addingScale(view, facts) {
	const { high } = addingOf(view);
	const requests = facts.requests(2, facts.asked);
	let [run, most] = [0, 0];
	for (const j of askOrder(facts)) {
		run += requests[j];
		most = max(most, abs(run));
	}
	const scale = high / most;
	return { requests, scale, stream: max(abs(sum(requests)) * scale, view.upright ? 16 : 34) };
}

/** What has arrived is added: each bar begins where the one before ended, upwards in blue and downwards in orange. */
function paintAdding(view, facts, t) {
	const alpha = rise(t, ASKS_AT + RUN, 0.6) * (1 - rise(t, LAND_AT + 0.2, 0.8));
	if (alpha <= 0) return;
	const { pen, upright } = view;
	const { right, step, zero } = addingOf(view);
	const { requests, scale } = addingScale(view, facts);
	const left = right - 10 * step;
	const gone = rise(t, STREAM_AT, 0.8);
	paintLine(view, [right + step * 0.3, zero], [left, zero], colours.ring, upright ? 0.8 : 1.4, alpha);
	let run = 0;
	askOrder(facts).forEach((j, n) => {
		const { arrives } = runOf(facts, j, t);
		const grown = rise(t, arrives - 0.1, 0.5);
		const value = requests[j] * grown;
		const x = right - (n + 1) * step;
		const [from, to] = [zero - run * scale, zero - (run + value) * scale];
		const isFirst = n < 2 && t < ALL_ASK_AT;
		box(pen, x + step * 0.1, min(from, to), step * 0.8, abs(to - from), tint(value), alpha * blend(1, 0.25, gone));
		if (grown > 0)
			paintLine(view, [x, to], [x + step, to], colours.on, upright ? 0.8 : 1.4, alpha * blend(0.9, 0.3, gone));
		letters(view, j, x + step / 2, max(from, to) + (upright ? 8 : 13), upright ? 15.5 : 15, {
			alpha: alpha * grown * (isFirst || n < 2 ? 1 : 0.7) * (1 - gone),
			colour: j === facts.label ? colours.mark : colours.muted,
		});
		run += value;
	});
	// What is left, as an arrow from zero.
	const total = sum(requests);
	const shown = rise(t, SUMMED_AT, 0.6) * (1 - gone);
	if (shown <= 0) return;
	const x = left - step * 0.8;
	pen.globalAlpha = alpha * shown;
	box(pen, x - step * 0.3, min(zero, zero - total * scale), step * 0.6, abs(total * scale), tint(total), alpha * shown);
	paintTurned(view, [x, zero - total * scale - Math.sign(total) * step * 0.3], step * 1.5, total > 0, 0, alpha * shown);
}

/** The sum on the curve at a moment: the neuron's own, or one on the flat end. */
function streamSum(facts, t) {
	const own = facts.result.z[1][facts.asked];
	return blend(own, own < 0 ? -FLAT : FLAT, rise(t, FLATTER_AT, 1) - rise(t, THROUGH_AT, 0.8));
}

/** All that was asked flows through the curve of the neuron: the steeper, the wider. */
function paintStream(view, facts, t) {
	const alpha = rise(t, STREAM_AT, 0.8) * (1 - rise(t, LAND_AT + 0.4, 0.6));
	if (alpha <= 0) return;
	const { pen, upright } = view;
	const { right, step, zero, lens, left, curve } = addingOf(view);
	const { requests, stream } = addingScale(view, facts);
	const z = streamSum(facts, t);
	const share = slopeOf(z) / STEEPEST;
	const narrow = max(1, stream * share);
	const begin = right - 10 * step;
	const gap = upright ? 16 : 30; // half of the length of the narrowing
	const colour = tint(sum(requests));
	const edge = (side, more) => {
		const [wide, small] = [stream / 2 + more, narrow / 2 + more].map((half) => zero + side * half);
		return [
			[begin, wide],
			[lens + gap, wide],
			[lens - gap, small],
			[left, small],
		];
	};
	const flown = rise(t, STREAM_AT + 0.2, 1.6);
	pen.save();
	pen.beginPath();
	pen.rect(blend(begin, left, flown), 0, begin - blend(begin, left, flown), view.places.size[1]);
	pen.clip();
	pen.globalAlpha = 0.85 * alpha;
	pen.fillStyle = colour;
	pen.beginPath();
	for (const point of [...edge(-1, 0), ...edge(1, 0).reverse()]) pen.lineTo(...point);
	pen.fill();
	// Ripples, so that it is seen to flow.
	pen.globalAlpha = 0.3 * alpha;
	pen.strokeStyle = colours.ground;
	pen.lineWidth = upright ? 1.5 : 3;
	for (let k = 0; k < 12; k++) {
		const x = begin - ((((t * 0.45 + k / 12) % 1) + 1) % 1) * (begin - left);
		const v = clamp((lens + gap - x) / (2 * gap));
		const half = blend(stream, narrow, v) / 2;
		pen.beginPath();
		pen.moveTo(x, zero - half);
		pen.lineTo(x, zero + half);
		pen.stroke();
	}
	pen.restore();
	pen.globalAlpha = 0.9 * alpha;
	pen.strokeStyle = colours.muted;
	pen.lineWidth = upright ? 1 : 2;
	for (const side of [-1, 1]) {
		pen.beginPath();
		for (const point of edge(side, upright ? 2 : 4)) pen.lineTo(...point);
		pen.stroke();
	}
	pen.globalAlpha = 1;
	paintCurve(view, curve, 6.5, z, alpha);
}

/** The wish of the asked neuron: what has come through its curve. */
function paintMainWish(view, facts, t, u) {
	const grown = rise(t, LAND_AT, 0.6);
	if (grown <= 0) return;
	const wish = facts.wishes[2][facts.asked];
	const [height, width] = view.places.wish[2];
	const { left, zero } = addingOf(view);
	const [x, y] = mainPlace(view, facts, u);
	const mark = blendAll(view.places.mark, view.upright ? [30, 0] : [-44, 0], u);
	const flown = rise(t, LAND_AT + 0.3, 1.1);
	// It begins as high as the stream, and ends as large as its wish beside those of all of B.
	const { stream } = addingScale(view, facts);
	const share = slopeOf(facts.result.z[1][facts.asked]) / STEEPEST;
	const begin = Math.sign(wish) * stream * share;
	const strength = abs(wish) / largest(facts.wishes[2]);
	const end = Math.sign(wish) * height * blend(strength, 1.8 * Math.sqrt(strength), u); // alone, a small one is seen, too
	const size = blend(begin, end, flown) * grown;
	const [px, py] = blendAll([left, zero], [x + mark[0], y + mark[1]], flown);
	paintWish(view, px, py + size / 2, size, blend(min(abs(begin), view.upright ? 40 : 70), width * 1.8, flown));
}

/** What a layer asks of the layer before runs back along all wires. Half way each weight takes part: what is negative turns. */
function paintAskWave(view, facts, layer, front, left) {
	if (front <= 0 || left <= 0) return;
	const list = facts.wires(layer);
	const after = facts.requestShares(layer);
	const wishes = facts.wishes[layer + 1];
	const most = largest(wishes);
	const before = (_, j) => wishes[j] / most;
	const from = 1 - front;
	const width = layer === 2 ? 1.6 : 1.2;
	const halves = (low, high, alpha) => {
		paintWires(view, list, layer, before, { from: max(0.5, low), to: high, alpha: 0.8 * alpha, width });
		paintWires(view, list, layer, after, { from: low, to: min(0.5, high), alpha, width });
	};
	halves(from, 1, 0.3 * left);
	if (front < 1) halves(from, min(1, from + 0.22), 1);
}

/** Where the wish of a neuron is shown. */
function wishPlace({ places, upright }, layer, k) {
	const [x, y] = places.at(layer, k);
	if (layer < 3) return [x + places.mark[0], y + places.mark[1]];
	return upright ? [x, places.size[1] - 34] : [x + 84, y];
}

/** The wishes of a layer as triangles. `grown(k)` is how far each has appeared. */
function paintWishesOf(view, facts, layer, grown) {
	const wishes = facts.wishes[layer];
	const [height, width] = view.places.wish[layer];
	const scale = height / largest(wishes);
	for (let k = 0; k < sizes[layer]; k++) {
		const shown = grown(k);
		if (shown <= 0) continue;
		const [x, y] = wishPlace(view, layer, k);
		const size = wishes[k] * scale * shown;
		paintWish(view, x, y + size / 2, size, width, min(1, shown));
	}
}

/** The slope of the curve at a sum. */
const slopeOf = (z) => logistic(z) * (1 - logistic(z));

/** The curve of a neuron around its middle, with a dot at a sum and the slope there. */
function paintCurve(view, [x, y, wide, high], reach, z, alpha) {
	const { pen, upright } = view;
	const at = (value, a = logistic(value)) => [x + (value / reach) * wide, y + high * (1 - 2 * a)];
	pen.globalAlpha = alpha;
	pen.lineWidth = (upright ? 0.9 : 1.6) * (high > 60 ? 1.5 : 1);
	pen.strokeStyle = colours.text;
	pen.beginPath();
	for (let k = -30; k <= 30; k++) pen.lineTo(...at((k / 30) * reach));
	pen.stroke();
	pen.strokeStyle = pen.fillStyle = colours.mark;
	pen.beginPath();
	for (const by of [-1.5, 1.5]) pen.lineTo(...at(z + by, logistic(z) + slopeOf(z) * by));
	pen.stroke();
	pen.beginPath();
	pen.arc(...at(z), pen.lineWidth * 2.6, 0, 7);
	pen.fill();
	pen.globalAlpha = 1;
	return at;
}

/** Pixels have no wishes: a line at the inputs. */
function paintEnd(view, alpha) {
	const { pen, places, upright } = view;
	if (alpha <= 0) return;
	const [x, y, cell] = places.ribbon;
	const [length, thick] = [112 * cell, 7 * cell];
	pen.globalAlpha = alpha;
	outline(pen, colours.on, 1.5, x - 2, y - 2, (upright ? length : thick) + 4, (upright ? thick : length) + 4);
	pen.globalAlpha = 1;
}

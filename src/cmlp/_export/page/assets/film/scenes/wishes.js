// --- Scene 6: wishes, from the outputs back to A.

const CAUSE_AT = 5; // the asked neuron is turned up, and the wrong answer goes down
const WISH_BET_AT = 10;
const FIRST_REQUEST_AT = 10.8; // the wrong answer asks one neuron of B, later all ten do
const OTHERS_ASK_AT = 16;
const REQUEST_SECONDS = 1.6;
const ADDED_AT = OTHERS_ASK_AT + 9 * 0.5 + REQUEST_SECONDS + 0.4;
const WEAKENED_AT = ADDED_AT + 4;
const ALL_AT = WEAKENED_AT + 5;
const TO_A_AT = ALL_AT + 7;
const ofAllAt = (j) => ALL_AT + j * 0.25;
const toAAt = (j) => TO_A_AT + 0.6 + j * 0.16;

/** When the request of an output starts: first that of the wrong answer, then the others. */
function requestAt({ says }, j) {
	if (j === says) return FIRST_REQUEST_AT;
	return OTHERS_ASK_AT + 0.5 * (j < says ? j : j - 1);
}

const wishesScene = {
	id: "wishes",
	doors: ["ways", "curves"],
	handles: ({ asked }) => [{ key: "handle.neuron", from: 1, to: 16, step: 1, value: asked + 1 }],
	/** A neuron of B can be pressed. */
	grab(facts, t, places, [x, y]) {
		const isNear = (k) => hypot(x - places.at(2, k)[0], y - places.at(2, k)[1]) < 1.3 * places.radius[2];
		const k = range(16).find(isNear);
		return k === undefined ? null : () => [k + 1];
	},
	change: (facts, [number]) => facts.asking(number - 1),
	seconds: TO_A_AT + 10.6,
	captions: () => [
		[0, "wishes.1"],
		[CAUSE_AT, "wishes.cause"],
		[WISH_BET_AT - 0.6, "wishes.bet"],
		[WISH_BET_AT + 0.3, "wishes.verdict"],
		[OTHERS_ASK_AT, "wishes.2"],
		[ADDED_AT, "wishes.all"],
		[WEAKENED_AT - 0.4, "wishes.3"],
		[ALL_AT - 0.6, "wishes.4"],
		[TO_A_AT - 0.4, "wishes.5"],
	],
	words: (facts) => ({
		says: facts.says,
		B: `B${facts.asked + 1}`,
		direction: captions["wishes.directions"][facts.wishes[2][facts.asked] > 0 ? 0 : 1],
		slope: filmNumber(slopeOfAsked(facts), 2),
	}),
	pauses: [{ at: WISH_BET_AT, kind: "bet", right: () => 0 }],
	shots: [
		[0.4, 2.4, (places) => places.outputs],
		[CAUSE_AT - 1.2, 1.8, (places) => places.lastLayers],
		[ALL_AT - 1, 2, (places) => places.whole],
	],
	paint(view, facts, t) {
		const quiet = rise(t, 0.2, 1.5);
		const one = within(t, CAUSE_AT - 0.6, ALL_AT, 1.2);
		const result = raisedResult(facts, within(t, CAUSE_AT + 0.8, WISH_BET_AT - 0.8, 1.4));
		paintNumbersEnd(view, facts, {
			result,
			says: 0,
			wires: 1 - 0.88 * quiet,
			dim(layer, k) {
				if (layer === 3 || (layer === 2 && k === facts.asked)) return 1;
				return 1 - (layer === 1 ? 0.95 : 0.65) * one;
			},
		});
		paintCostOutline(view, facts.cost, 1, 1);
		paintAskedWires(view, facts, t, one, result);
		const back = facts.wires(2);
		const last = facts.requestShares(2);
		paintDots(
			view,
			back,
			2,
			last,
			(i, j) => (i === facts.asked ? part(t, requestAt(facts, j), requestAt(facts, j) + REQUEST_SECONDS) : 0),
			view.upright ? 4 : 7,
		);
		paintDots(
			view,
			back,
			2,
			last,
			(i, j) => (i === facts.asked ? 0 : part(t, ofAllAt(j), ofAllAt(j) + 1.6)),
			view.upright ? 2.6 : 4.2,
			0.9,
		);
		paintDots(
			view,
			facts.wires(1),
			1,
			facts.requestShares(1),
			(i, j) => part(t, toAAt(j), toAAt(j) + 1.8),
			view.upright ? 2.6 : 4.2,
			0.9,
		);
		const isFirst = (k) => k === facts.label || k === facts.says; // the two numbers of the hill
		paintWishesOf(view, facts, 3, (k) => (isFirst(k) ? 1 : rise(t, 0.6 + k * 0.12, 0.8)));
		paintStack(view, facts, t);
		paintWishesOf(view, facts, 2, (k) => (k === facts.asked ? rise(t, ALL_AT - 1.6, 0.8) : rise(t, ALL_AT + 3.4, 1)));
		paintWishesOf(view, facts, 1, () => rise(t, TO_A_AT + 4, 1.2));
		paintEnd(view, rise(t, TO_A_AT + 8.6, 0.8));
		letters(view, filmWords("label.scale"), ...(view.upright ? [195, 192] : scalePlace(view)), 15, {
			colour: colours.muted,
			alpha: within(t, ALL_AT + 3.4, wishesScene.seconds - 0.6),
		});
	},
};

/** What the network gives while the asked neuron is turned up by a share of what it lacks to 1. */
function raisedResult({ result: { z, a }, start, asked }, share) {
	const { w, outputs } = start.layers[2];
	const more = share * (1 - a[2][asked]);
	const raised = z[2].map((value, j) => logistic(value + more * start.params[w + asked * outputs + j]));
	return { z, a: [a[0], a[1], a[2].with(asked, a[2][asked] + more), raised] };
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

/** The wires between the asked neuron of B and the outputs, in the colours of their weights. */
function paintAskedWires(view, facts, t, alpha, result) {
	const { w, outputs } = facts.start.layers[2];
	const own = facts.wires(2).filter(([i]) => i === facts.asked);
	const early = within(t, 0, OTHERS_ASK_AT, 0.6);
	paintWires(
		view,
		own,
		2,
		(i, j) => (early > 0.5 && j !== facts.says ? 0 : facts.start.params[w + i * outputs + j] / facts.mostKnob[2]),
		{ alpha: 0.9 * alpha },
	);
	const [x, y] = view.places.at(2, facts.asked);
	paintNeuron(view, x, y, view.places.radius[2], result.a[2][facts.asked], alpha || 1);
	paintRing(view, x, y, view.places.radius[2] * 1.4, within(t, CAUSE_AT, ALL_AT - 0.6, 0.6));
	letters(view, `B${facts.asked + 1}`, x - view.places.radius[2] * 3.2, y, 16, { alpha });
}

/** The slope of the asked neuron's curve, which weakens the sum of all requests. */
const slopeOfAsked = (facts) => facts.wishes[2][facts.asked] / sum(facts.requests(2, facts.asked));

/** Large beside the asked neuron: the ten requests, those up above a line and those down below it; then their sum. */
function paintStack(view, facts, t) {
	const alpha = within(t, FIRST_REQUEST_AT - 0.4, ALL_AT - 0.4, 0.8);
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const requests = facts.requests(2, facts.asked);
	const most = max(sum(requests.filter((value) => value > 0)), -sum(requests.filter((value) => value < 0)));
	const [x, y, width, tall] = places.stack;
	const added = rise(t, ADDED_AT, 1.2);
	paintShade(view, [x - 1.2 * width, y - 1.3 * tall, 4.2 * width, 2.6 * tall], 0.6 * width, 0.92 * alpha);
	const block = (from, size, colour, shown) =>
		box(pen, x - width / 2, min(from, from - size), width, max(0, abs(size) - 0.8), colour, alpha * shown);
	const order = range(10).sort((p, q) => requestAt(facts, p) - requestAt(facts, q));
	let [up, down] = [0, 0];
	for (const j of order) {
		const value = requests[j];
		const size = (value / most) * tall * rise(t, requestAt(facts, j) + REQUEST_SECONDS - 0.3, 0.5);
		const from = value > 0 ? y - up : y + down;
		block(from, size, tint(value), 1 - added);
		if (abs(size) > (upright ? 12 : 15))
			letters(view, j, x, from - size / 2, upright ? 15 : 15, {
				colour: colours.ground,
				alpha: alpha * (1 - added),
				bold: true,
			});
		if (value > 0) up += size;
		else down -= size;
	}
	const total = sum(requests);
	const weakened = rise(t, WEAKENED_AT + 1, 1.6);
	const size = (total / most) * tall * blend(1, slopeOfAsked(facts), weakened);
	block(y, size, tint(total), added);
	pen.globalAlpha = alpha;
	pen.strokeStyle = colours.text;
	pen.lineWidth = upright ? 0.8 : 1.4;
	pen.beginPath();
	pen.moveTo(x - width, y);
	pen.lineTo(x + width, y);
	pen.stroke();
	pen.globalAlpha = 1;
	paintOwnCurve(view, facts, alpha * rise(t, WEAKENED_AT, 0.8));
}

/** The curve of the asked neuron, with the slope where its sum lies. */
function paintOwnCurve(view, facts, alpha) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const [stackX, y, width, tall] = places.stack;
	const [x, wide, high] = [stackX + 1.85 * width, 0.95 * width, tall * 0.42];
	const z = facts.result.z[1][facts.asked];
	const reach = max(4, 1.2 * abs(z));
	const at = (value, a) => [x + (value / reach) * wide, y + high * (1 - 2 * a)];
	const slope = slopeOfAsked(facts);
	pen.globalAlpha = alpha;
	pen.lineWidth = upright ? 1 : 1.6;
	pen.strokeStyle = colours.text;
	pen.beginPath();
	for (let k = -30; k <= 30; k++) pen.lineTo(...at((k / 30) * reach, logistic((k / 30) * reach)));
	pen.stroke();
	pen.strokeStyle = colours.mark;
	pen.lineWidth *= 1.6;
	pen.beginPath();
	for (const by of [-1.4, 1.4]) pen.lineTo(...at(z + by, logistic(z) + slope * by));
	pen.stroke();
	pen.globalAlpha = 1;
	const size = upright ? 15.5 : 16;
	letters(view, filmWords("label.curve"), x, y - high - (upright ? 12 : 18), size, {
		alpha,
	});
	letters(view, filmWords("label.slope", { slope: filmNumber(slope, 2) }), x, y + high + (upright ? 12 : 18), size, {
		colour: colours.mark,
		alpha,
	});
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

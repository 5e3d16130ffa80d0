// --- Scene 6: wishes, from the outputs back to A. One number is followed from an output into a neuron of B.

const GAP_AT = 3.3; // how a wish comes about, at the wrong answer and at the wanted output
const GAP_SECONDS = 2.6;
const CAUSE_AT = 10.8; // the asked neuron is turned up, and the wrong answer goes down
const WISH_BET_AT = 15.6;
const FIRST_REQUEST_AT = 16.4; // the wrong answer asks one neuron of B, later all ten do
const REQUEST_SECONDS = 1.8;
const OTHERS_ASK_AT = 22;
const ADDED_AT = OTHERS_ASK_AT + 9 * 0.4 + REQUEST_SECONDS + 0.2;
const SLOPE_AT = ADDED_AT + 2.8;
const NUDGES_AT = [SLOPE_AT + 1.2, SLOPE_AT + 4.2]; // at the neuron's own sum, and on the flat end
const WEAKENED_AT = SLOPE_AT + 7.2; // the slope scales what all ten ask together
const FLIES_AT = WEAKENED_AT + 4.2; // the product becomes the neuron's wish
const FLIGHT_SECONDS = 1.1;
const ALL_AT = FLIES_AT + FLIGHT_SECONDS + 0.3;
const TO_A_AT = ALL_AT + 5;
const NUDGE_SECONDS = 2.2;
const QUIET_WIRES = 0.12; // alpha while something else is the point
const BARS_AT = 500; // where the bars of requests begin, to the right and to the left
const FLAT = 4.4; // a sum on the flat end of the curve
const ofAllAt = (j) => ALL_AT + 0.4 + j * 0.14;
const toAAt = (j) => TO_A_AT + 0.6 + j * 0.1;

/** When the request of an output starts: first that of the wrong answer, then the others. */
function requestAt({ says }, j) {
	if (j === says) return FIRST_REQUEST_AT;
	return OTHERS_ASK_AT + 0.4 * (j < says ? j : j - 1);
}

/** A number with its sign, which may be a plus; what is rounded to 0 has none. */
const signedNumber = (value) => (value >= 0.005 ? "+" : "") + filmNumber(value, 2);

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
	seconds: TO_A_AT + 8.4,
	captions: () => [
		[0, "wishes.1"],
		[GAP_AT + 0.9, "wishes.gap"],
		[CAUSE_AT - 0.6, "wishes.cause"],
		[WISH_BET_AT - 0.6, "wishes.bet"],
		[WISH_BET_AT + 0.3, "wishes.verdict"],
		[OTHERS_ASK_AT - 1.8, "wishes.part"],
		[ADDED_AT - 0.2, "wishes.all"],
		[SLOPE_AT - 0.2, "wishes.2"],
		[WEAKENED_AT - 0.3, "wishes.scaled"],
		[ALL_AT - 1, "wishes.3"],
		[TO_A_AT - 0.6, "wishes.4"],
	],
	words: (facts) => ({
		says: facts.says,
		B: `B${facts.asked + 1}`,
		direction: captions["wishes.directions"][facts.wishes[2][facts.asked] > 0 ? 0 : 1],
		slope: filmNumber(slopeOf(facts.result.z[1][facts.asked]), 2),
	}),
	pauses: [{ at: WISH_BET_AT, kind: "bet", right: () => 0 }],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const all = rise(t, ALL_AT - 1.2, 1.2);
		const hidden = min(rise(t, 0.6, 1.4), 1 - rise(t, ALL_AT - 1, 1)); // all but the outputs
		const one = within(t, CAUSE_AT - 1, ALL_AT - 0.2, 1);
		const result = raisedResult(facts, within(t, CAUSE_AT + 0.6, WISH_BET_AT - 0.8, 1.4));
		paintNumbersEnd(view, facts, {
			result,
			says: 0,
			wires: blend(QUIET_WIRES, 0.34, all) * (1 - hidden),
			inputs: 1 - hidden,
			dim(layer, k) {
				if (layer === 3) return 1;
				if (layer === 2) return max(1 - hidden, k === facts.asked ? one : 0.3 * one);
				return 1 - hidden;
			},
		});
		paintCostOutline(view, facts.cost, 1, 1);
		paintGapProducts(view, facts, t);
		paintAskedWires(view, facts, t, one, result);
		paintRequests(view, facts, t);
		const back = facts.wires(2);
		const last = facts.requestShares(2);
		const { upright } = view;
		const runs = (j) => part(t, requestAt(facts, j), requestAt(facts, j) + REQUEST_SECONDS);
		paintDots(view, back, 2, last, (i, j) => (i === facts.asked && j !== facts.says ? runs(j) : 0), upright ? 4 : 7);
		paintDots(
			view,
			back,
			2,
			last,
			(i, j) => (i === facts.asked ? 0 : part(t, ofAllAt(j), ofAllAt(j) + 1.6)),
			upright ? 3 : 5,
		);
		const before = [facts.wires(1), 1, facts.requestShares(1)];
		paintDots(view, ...before, (_, j) => part(t, toAAt(j), toAAt(j) + 1.8), upright ? 3 : 5);
		const isFirst = (k) => k === facts.label || k === facts.says; // the two numbers of the hill
		paintWishesOf(view, facts, 3, (k) => (isFirst(k) ? 1 : rise(t, CAUSE_AT - 2.4 + k * 0.1, 0.6)));
		paintAskedCurve(view, facts, t);
		paintScaledRequest(view, facts, t);
		paintWishesOf(view, facts, 2, (k) =>
			k === facts.asked ? rise(t, FLIES_AT + FLIGHT_SECONDS - 0.2, 0.3) : rise(t, ALL_AT + 2.6, 1),
		);
		paintWishesOf(view, facts, 1, () => rise(t, TO_A_AT + 3, 1.2));
		paintEnd(view, rise(t, TO_A_AT + 6.4, 0.8));
		letters(view, filmWords("label.scale"), ...(upright ? [195, 510] : [142, 470]), 17, {
			colour: colours.muted,
			alpha: within(t, ALL_AT + 2.6, wishesScene.seconds - 0.6),
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

/** The slope of the curve at a sum. */
const slopeOf = (z) => logistic(z) * (1 - logistic(z));

/** How the wishes of the wrong answer and of the wanted output come about: in the line of each, its curve and its product. */
function paintGapProducts(view, facts, t) {
	const { places, upright } = view;
	[facts.says, facts.label].forEach((k, n) => {
		const from = GAP_AT + n * GAP_SECONDS;
		const alpha = within(t, from, CAUSE_AT - 0.8, 0.7);
		if (alpha <= 0) return;
		const z = facts.result.z[2][k];
		const gap = facts.targets[k] - facts.result.a[3][k];
		const wish = facts.wishes[3][k];
		const y = upright ? 170 + 66 * n : places.at(3, k)[1];
		paintCurve(view, [upright ? 46 : 372, y, upright ? 24 : 40, upright ? 17 : 23], 4, z, alpha);
		const [slope, gapText] = [filmNumber(slopeOf(z), 2), signedNumber(gap)];
		const text = filmWords("label.wish", { gap: gapText, slope, wish: signedNumber(wish) });
		const size = upright ? 15.5 : 21;
		letters(view, k, upright ? 10 : 312, y, size, { alpha, bold: true });
		paintProduct(view, text, upright ? 78 : 424, y, size, { colour: tint(wish), alpha, align: "left" });
		paintRing(view, ...places.at(3, k), places.radius[3] * 1.35, within(t, from, from + GAP_SECONDS, 0.5));
	});
}

/** A product, and in a line of its own what it gives. */
function paintProduct(view, text, x, y, size, style) {
	const pitch = size * (view.upright ? 1.05 : 1.3);
	text.split(/ (?==)/).forEach((line, n) => letters(view, line, x, y + (n - 0.5) * pitch, size, style));
}

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

/** The wires between the asked neuron of B and the outputs, in the colours of their weights. */
function paintAskedWires(view, facts, t, alpha, result) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const { w, outputs } = facts.start.layers[2];
	const { asked, says } = facts;
	const own = facts.wires(2).filter(([i]) => i === asked);
	const weight = (j) => facts.start.params[w + asked * outputs + j];
	const others = rise(t, OTHERS_ASK_AT - 0.4, 0.8);
	const first = own.filter(([, j]) => j === says);
	const rest = own.filter(([, j]) => j !== says);
	const valueOf = (_, j) => weight(j) / facts.mostKnob[2];
	const fade = alpha * (1 - within(t, SLOPE_AT, ALL_AT, 0.8) * 0.6);
	paintWires(view, rest, 2, valueOf, { alpha: fade * others, width: 1.7, least: 0 });
	paintWires(view, first, 2, (_, j) => Math.sign(valueOf(asked, j)) * max(0.6, abs(valueOf(asked, j))), {
		alpha: fade,
		width: 1.7,
	});
	for (let k = 0; k < 10; k++) paintNeuron(view, ...places.at(3, k), places.radius[3], result.a[3][k]);
	const [x, y] = places.at(2, asked);
	const radius = places.radius[2];
	paintNeuron(view, x, y, radius, result.a[2][asked], alpha);
	paintRing(view, x, y, radius * 1.4, within(t, CAUSE_AT - 0.4, ALL_AT - 0.6, 0.6));
	const name = upright ? [x, y - 2.4 * radius] : [x - 3.4 * radius, y];
	letters(view, `B${asked + 1}`, ...name, upright ? 17 : 20, { alpha, bold: true });
	// On the wire of the wrong answer: its weight, and the number that passes it.
	const end = places.at(3, says);
	const middle = blendAll([x, y], end, 0.3);
	const side = end[1] > y || upright ? 1 : -1;
	const beside = upright ? [14, 0] : [12, -14 * side];
	letters(view, `× ${filmNumber(weight(says), 2)}`, middle[0] + beside[0], middle[1] + beside[1], upright ? 16 : 20, {
		colour: tint(weight(says)),
		align: "left",
		alpha: within(t, CAUSE_AT, OTHERS_ASK_AT - 0.4, 0.6),
	});
	const u = part(t, FIRST_REQUEST_AT, FIRST_REQUEST_AT + REQUEST_SECONDS);
	if (u <= 0 || u >= 1) return;
	const number = facts.wishes[3][says] * (u < 0.5 ? 1 : weight(says));
	const [dotX, dotY] = blendAll(end, [x, y], u);
	pen.fillStyle = tint(number);
	pen.beginPath();
	pen.arc(dotX, dotY, upright ? 3.5 : 6, 0, 7);
	pen.fill();
	letters(view, signedNumber(number), dotX - (upright ? 10 : 14), dotY + (upright ? 0 : 16 * side), upright ? 16 : 20, {
		colour: tint(number),
		align: "right",
		bold: true,
		alpha: 1 - clamp((u - 0.54) / 0.1),
	});
}

/** How long a bar of a lying picture is for a request of 1. */
const requestScale = (requests) => min(110 / largest(requests), 170 / max(abs(sum(requests)), largest(requests)));

/** The rectangle of the bar of all ten requests, to the right or to the left. */
const requestBar = (length) => [min(BARS_AT, BARS_AT + length), 606, abs(length), 22];

/** What the ten outputs ask of the neuron: first one product, then a bar in the line of each output, and their sum. */
function paintRequests(view, facts, t) {
	const { pen, places, upright } = view;
	const requests = facts.requests(2, facts.asked);
	const { says, label } = facts;
	const arrived = (j) => rise(t, requestAt(facts, j) + REQUEST_SECONDS - 0.2, 0.5);
	const [wish, weight, product] = [facts.wishes[3][says], requests[says] / facts.wishes[3][says], requests[says]].map(
		signedNumber,
	);
	const [textX, textY] = upright ? [195, 225] : [712, places.at(3, says)[1]];
	letters(view, filmWords("label.part", { wish, weight, part: product }), textX, textY, upright ? 17 : 22, {
		colour: tint(requests[says]),
		align: upright ? "center" : "right",
		alpha: min(arrived(says), 1 - rise(t, OTHERS_ASK_AT - 0.6, 0.5)),
	});
	const scale = upright ? 38 / largest(requests) : requestScale(requests);
	const left = (j) => 1 - rise(t, ADDED_AT + j * 0.12, 0.4);
	const size = upright ? 15.5 : 20;
	requests.forEach((value, j) => {
		const shown = min(arrived(j), j === says ? rise(t, OTHERS_ASK_AT - 0.2, 0.6) : 1);
		const alpha = shown * left(j);
		if (alpha <= 0) return;
		const [along, y] = upright ? [places.at(3, j)[0], 222] : [BARS_AT, places.at(3, j)[1]];
		const length = value * scale * shown;
		const end = upright ? 8 : 10;
		const style = { alpha, colour: tint(value) };
		const name = { alpha, bold: true, colour: j === label ? colours.mark : colours.text };
		if (upright) {
			box(pen, along - 9, min(y, y - length), 18, abs(length), tint(value), alpha);
			letters(view, filmNumber(abs(value), 2), along, y - length - Math.sign(value) * end, size, style);
			letters(view, j, along, 152, size, name);
			return;
		}
		box(pen, min(along, along + length), y - 12, abs(length), 24, tint(value), alpha);
		letters(view, signedNumber(value), along + length + Math.sign(value) * end, y, size, {
			...style,
			align: value > 0 ? "left" : "right",
		});
		letters(view, j, 296, y, size, name);
	});
	const seen = within(t, OTHERS_ASK_AT + 0.6, WEAKENED_AT + 0.3, 0.3);
	if (seen <= 0) return;
	const axis = seen * (1 - rise(t, ADDED_AT + 1.2, 0.6));
	pen.globalAlpha = 0.7 * axis;
	pen.strokeStyle = colours.text;
	pen.lineWidth = upright ? 0.8 : 1.4;
	pen.beginPath();
	if (upright) {
		pen.moveTo(18, 222);
		pen.lineTo(372, 222);
	} else {
		pen.moveTo(BARS_AT, places.at(3, 0)[1] - 22);
		pen.lineTo(BARS_AT, places.at(3, 9)[1] + 22);
	}
	pen.stroke();
	pen.globalAlpha = 1;
	const added = sum(requests.map((value, j) => value * (1 - left(j))));
	const summed = seen * rise(t, ADDED_AT, 0.4);
	const text = `${filmWords("label.together")} ${signedNumber(added)}`;
	if (!upright) box(pen, ...requestBar(added * scale), tint(added), t < WEAKENED_AT ? summed : 0);
	const place = upright ? [195, 289] : [BARS_AT + (added < 0 ? 14 : -14), 617];
	let align = added < 0 ? "left" : "right";
	if (upright) align = "center";
	letters(view, text, ...place, upright ? 17 : 22, { alpha: summed, colour: tint(added), bold: true, align });
}

/** How far the sum is nudged from its middle: to and fro, once at each place. */
function nudgeAt(t) {
	const from = NUDGES_AT.findLast((at) => at <= t) ?? Infinity;
	return 0.5 * Math.sin(4 * Math.PI * part(t, from, from + NUDGE_SECONDS));
}

/** The curve of the asked neuron, large: a nudge of the sum moves it much on the steep part, and hardly on the flat end. */
function paintAskedCurve(view, facts, t) {
	const alpha = within(t, SLOPE_AT + 0.2, FLIES_AT + 0.3, 0.6);
	if (alpha <= 0) return;
	const { pen, upright } = view;
	const [x, y, wide, high] = upright ? [195, 208, 130, 46] : [520, 296, 195, 170];
	const own = facts.result.z[1][facts.asked];
	const reach = max(6.5, 1.2 * abs(own));
	const base = blend(own, FLAT, rise(t, NUDGES_AT[1] - 0.8, 0.7) - rise(t, WEAKENED_AT - 0.8, 0.7));
	const at = paintCurve(view, [x, y, wide, high], reach, base + nudgeAt(t), alpha);
	const foot = y + high + (upright ? 6 : 16);
	const edge = x - wide - (upright ? 6 : 16);
	pen.globalAlpha = 0.7 * alpha;
	pen.strokeStyle = colours.muted;
	pen.lineWidth = upright ? 0.6 : 1.2;
	pen.beginPath();
	pen.moveTo(edge, y - high);
	pen.lineTo(edge, foot);
	pen.lineTo(x + wide, foot);
	pen.stroke();
	pen.globalAlpha = 1;
	const size = upright ? 16 : 20;
	letters(view, `B${facts.asked + 1}`, edge, y - high - (upright ? 10 : 20), size, { alpha });
	const weakened = rise(t, WEAKENED_AT, 0.3);
	letters(view, filmWords("label.sum"), x + wide, foot + (upright ? 11 : 20), size, { alpha: alpha * (1 - weakened) });
	const slope = filmWords("label.slope", { slope: filmNumber(slopeOf(base), 2) });
	letters(view, slope, x - wide * 0.45, y - high * 0.45, upright ? 17 : 22, { colour: colours.mark, alpha });
	// A nudge of 1 below the curve, and beside it how far the neuron moves: as far as the tangent does.
	const nudged = alpha * max(...NUDGES_AT.map((from) => within(t, from - 0.1, from + NUDGE_SECONDS + 0.6, 0.3)));
	if (nudged <= 0) return;
	const [start, end] = [-0.5, 0.5].map((by) => at(base + by, logistic(base) + slopeOf(base) * by));
	const thick = upright ? 3 : 6;
	paintLine(view, [start[0], foot], [end[0], foot], colours.on, thick, nudged);
	paintLine(view, [edge, start[1]], [edge, end[1]], colours.mark, thick, nudged);
	const [nudgeX, movedY] = blendAll(start, end, 0.5);
	letters(view, filmNumber(1, 2), nudgeX, foot + (upright ? 11 : 20), size, { alpha: nudged });
	letters(view, filmNumber(slopeOf(base), 2), edge - (upright ? 5 : 10), movedY, size, {
		colour: colours.mark,
		alpha: nudged,
		align: "right",
	});
}

/** The slope scales what all ten ask together: the product stands, then it flies to the neuron as its wish. */
function paintScaledRequest(view, facts, t) {
	const alpha = within(t, WEAKENED_AT, FLIES_AT, 0.4);
	const { pen, upright } = view;
	const requests = facts.requests(2, facts.asked);
	const total = sum(requests);
	const wish = facts.wishes[2][facts.asked];
	const colour = tint(wish);
	const flown = rise(t, FLIES_AT, FLIGHT_SECONDS);
	const isFlying = t >= FLIES_AT && flown < 1;
	const goal = wishPlace(view, 2, facts.asked);
	const numbers = { total: signedNumber(total), wish: signedNumber(wish), B: `B${facts.asked + 1}` };
	const text = filmWords("label.asked", {
		...numbers,
		slope: filmNumber(slopeOf(facts.result.z[1][facts.asked]), 2),
	});
	const place = upright ? [195, 287] : [520, 550];
	paintProduct(view, text, ...place, upright ? 19 : 27, { colour, alpha, bold: true });
	if (isFlying) {
		const begin = upright ? [195, 295] : [520, 568]; // the line of the product
		letters(view, signedNumber(wish), ...blendAll(begin, goal, flown), upright ? 19 : 27, {
			colour,
			bold: true,
			alpha: 1 - rise(t, FLIES_AT + FLIGHT_SECONDS - 0.3, 0.3),
		});
	}
	if (upright || t < WEAKENED_AT || t >= FLIES_AT + 0.3) return;
	const gone = 1 - rise(t, FLIES_AT, 0.3);
	const whole = total * requestScale(requests);
	pen.globalAlpha = gone;
	outline(pen, colour, 1.4, ...requestBar(whole));
	box(pen, ...requestBar(blend(whole, wish * requestScale(requests), rise(t, WEAKENED_AT + 0.6, 1.4))), colour, gone);
	pen.globalAlpha = 1;
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

// --- Scene 6: the visitor turns six knobs by hand, and is overtaken by the slopes.

const TRY_AT = 3.6; // here the film waits for the hand
const TRY_WAITS = 15; // seconds in which nobody turns a knob, while a ghost does
const BEST_AT = TRY_AT + 0.05;
const TOLD_AT = BEST_AT + 4.2; // each knob is told which way
const TURNED_AT = TOLD_AT + 3.2; // all six turn
const TURNED_SECONDS = 3.6;
const WHO_AT = TURNED_AT + TURNED_SECONDS + 1.4;
const LET_GO_AT = WHO_AT + 3; // they go back
const DIAL_TURN = 2.3; // radians from the middle to a stop
const DIAL_REACH = 1.35; // radii of a dial within which it is caught
const TRACE_LENGTH = 240;
const DIALLED = 1.8; // a weight whose wire is drawn at its widest
const NEARLY = 0.02; // of cost: so close is as good
const SIX_ZEROS = Array(6).fill(0);

/** What the visitor has done: how the knobs stand, the best so far, and the cost over time. */
class Hand {
	isLive = false; // the film stands, and waits for it
	isTouched = false;
	ghost = 0; // seconds for which a ghost has turned knobs, if nobody has
	known = null; // the best for which the way down is known

	constructor(six) {
		this.six = six;
		this.restart();
	}

	restart() {
		this.values = this.best = SIX_ZEROS;
		this.cost = this.six.at(SIX_ZEROS).cost;
		this.trace = [this.cost];
	}

	turn(values) {
		this.values = values;
		const { cost } = this.six.at(values);
		this.trace.push(cost);
		// The line becomes coarser, not longer.
		if (this.trace.length > TRACE_LENGTH) this.trace = this.trace.filter((_, n) => n % 2 === 0);
		if (cost < this.cost) Object.assign(this, { cost, best: values });
	}

	touch(values) {
		if (!this.isTouched) this.restart();
		this.isTouched = true;
		this.turn(values);
	}

	/** Nobody has touched a knob: a ghost turns two, each first the wrong way. */
	haunt(seconds) {
		this.ghost = seconds;
		this.restart();
		for (let k = 0; k <= 120; k++) this.turn(ghostAt(this.six, (seconds * k) / 120).values);
	}

	/** From the best to the bottom that the slopes find. */
	get path() {
		if (this.known !== this.best) Object.assign(this, { known: this.best, way: this.six.downhill(this.best) });
		return this.way;
	}

	/** What the slopes get it down to. */
	get reached() {
		return this.six.at(this.path.at(-1)).cost;
	}

	get isBottom() {
		return this.cost - this.reached < NEARLY;
	}
}

/** What is said of the best that was found by trial. */
function keyOfBest({ isTouched, best }) {
	if (!isTouched) return "try.ghost";
	return best === SIX_ZEROS ? "try.none" : "try.best";
}

/** How the ghost has turned the knobs after some seconds, and which of them it holds. */
function ghostAt(six, seconds) {
	const slopes = six.slopes(SIX_ZEROS);
	const [first, second] = range(5)
		.map((n) => n + 1)
		.sort((p, q) => abs(slopes[q]) - abs(slopes[p]));
	const down = (n) => -Math.sign(slopes[n]);
	const values = SIX_ZEROS.slice();
	values[first] = down(first) * (-1.5 * rise(seconds, 2, 1.6) + 3.4 * rise(seconds, 4.4, 2.4));
	values[second] = down(second) * (-1.1 * rise(seconds, 8.8, 1.2) + 2.9 * rise(seconds, 10.6, 2.2));
	return {
		values,
		from: first,
		to: second,
		moved: rise(seconds, 7.2, 1.2),
		shown: within(seconds, 0.8, TRY_WAITS, 0.6),
	};
}

/** The hand, which the ghost lends if nobody was there. */
function handOf(facts) {
	if (!facts.hand) {
		facts.hand = new Hand(facts.six);
		facts.hand.haunt(TRY_WAITS);
	}
	return facts.hand;
}

/** How the knobs stand at a moment. */
function sixAt(facts, t) {
	const hand = handOf(facts);
	if (t <= TRY_AT) return t < TRY_AT || !hand.isLive ? SIX_ZEROS : hand.values;
	if (t < TURNED_AT) return blendAll(hand.values, hand.best, rise(t, BEST_AT, 1));
	const { path } = hand;
	// Evenly along the way, not by steps: they become short at the bottom.
	const u = rise(t, TURNED_AT, TURNED_SECONDS) ** 2 * (path.length - 1);
	const n = min(path.length - 2, floor(u));
	return blendAll(blendAll(path[n], path[n + 1], u - n), SIX_ZEROS, rise(t, LET_GO_AT, 1.6));
}

/** The place of the neuron whose knobs are turned: its own, or in the middle of the picture. */
function mainPlace({ places }, facts, u) {
	return blendAll(places.at(2, facts.asked), places.main, u);
}

/** Where the knobs are: the first at its neuron, the others on their wires, which they `bend`. */
function dialPlace(view, facts, n, bent = 1, u = 1) {
	const main = mainPlace(view, facts, u);
	const { upright, places } = view;
	if (n === 0) return [...main, upright ? 44 : 74];
	const straight = blendAll(main, places.at(3, facts.six.ends[n - 1]), 0.5);
	const [middle, step] = places.dials;
	const own = middle.with(upright ? 0 : 1, middle[upright ? 0 : 1] + (n - 3) * step);
	return [...blendAll(straight, own, bent), (upright ? 26 : 38) * bent];
}

/** How a knob is turned from a place on: as a share of its reach. At its rim it follows the angle, else right and up is more. */
function turnerOf([x, y, radius], start) {
	const angleOf = (place) => Math.atan2(place[1] - y, place[0] - x);
	const isRim = hypot(start[0] - x, start[1] - y) > 0.5 * radius;
	let last = start;
	return (to) => {
		const turned = angleOf(to) - angleOf(last);
		const slid = (to[0] - last[0] - (to[1] - last[1])) / (2.6 * radius);
		last = to;
		// The way round is short: half a turn at most.
		return isRim ? Math.atan2(Math.sin(turned), Math.cos(turned)) / DIAL_TURN : slid;
	};
}

const tryScene = {
	id: "try",
	doors: ["gradient"],
	seconds: LET_GO_AT + 3.4,
	captions: (facts) => [
		[0, "try.1"],
		[BEST_AT, keyOfBest(handOf(facts))],
		[TOLD_AT, handOf(facts).isBottom ? "try.bottom" : "try.told", TURNED_AT - 0.05],
		[TURNED_AT + 0.8, handOf(facts).isBottom ? "try.bottom" : "try.turned"],
		[WHO_AT, "try.who"],
	],
	words: (facts) => ({
		from: filmNumber(facts.cost, 2),
		best: filmNumber(handOf(facts).cost, 2),
		reached: filmNumber(handOf(facts).reached, 2),
	}),
	pauses: [{ at: TRY_AT, kind: "try" }],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, moment) {
		const t = abs(moment - TRY_AT) < 1e-6 ? TRY_AT : moment; // the film's time is rounded
		const { digit } = facts;
		const u = rise(t, 0.5, 2);
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintWorking(view, facts, {
			wires: QUIET_WIRES * (1 - rise(t, 0.2, 1)),
			waiting: 0,
			inputs: 1 - u,
			dim: (layer) => (layer === 3 ? 1 : 1 - u),
		});
		paintWishesOf(view, facts, 3, (k) => (k === facts.label || k === facts.says ? 1 - rise(t, 0.2, 1) : 0));
		const values = sixAt(facts, t);
		const dials = rise(t, 1.2, 1.2);
		const bent = u;
		paintFan(view, facts, { u, bent, alpha: rise(t, 0.2, 0.8), ...facts.six.at(values) });
		paintTrySquares(view, facts, t, values);
		const { outputs } = facts.six.at(values);
		const answer = winner(outputs);
		paintRing(view, ...view.places.at(3, answer), view.places.radius[3] * 1.35, within(t, 2, LET_GO_AT + 0.4, 0.8));
		paintSixDials(view, facts, t, values, bent, dials);
		for (let n = 0; n < 6; n++) paintStartArrow(view, facts, n, bent, rise(t, LET_GO_AT + 1.7, 0.9), 1);
		const { isLive, isTouched, ghost } = facts.hand;
		if (t === TRY_AT && isLive && !isTouched) paintGhost(view, facts, ghost);
	},
};

/**
 * One neuron of B with its wires to the outputs, as bright and in such colours as the knobs tell. `only(j)`: alpha of a wire;
 * `bent`: whether the wires go by way of their knobs.
 */
function paintFan(view, facts, { u, alpha, a, weights, outputs, bent = u, most = DIALLED, only = () => 1 }) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const main = mainPlace(view, facts, u);
	weights.forEach((weight, j) => {
		const n = facts.six.ends.indexOf(j) + 1;
		const size = min(1, abs(weight) / most);
		const end = places.at(3, j);
		const [x, y] = n ? dialPlace(view, facts, n, bent, u) : blendAll(main, end, 0.5);
		pen.globalAlpha = alpha * only(j) * (0.4 + 0.6 * size) * (0.55 + 0.45 * a);
		pen.strokeStyle = tint(weight);
		pen.lineWidth = (upright ? 0.6 : 1) * (1 + 6 * size);
		pen.beginPath();
		pen.moveTo(...main);
		pen.lineTo(x, y);
		pen.lineTo(...end);
		pen.stroke();
	});
	pen.globalAlpha = 1;
	outputs.forEach((value, j) => paintNeuron(view, ...places.at(3, j), places.radius[3], value));
	paintNeuron(view, ...main, blend(places.radius[2], upright ? 25 : 44, u), a, alpha);
}

/** The squares of the ten gaps beside their outputs, and the square of all, with the outlines of the start and of the best. */
function paintTrySquares(view, facts, t, values) {
	const { places, upright } = view;
	const { unit, square } = places;
	const { outputs, cost } = facts.six.at(values);
	const small = within(t, 0.8, tryScene.seconds - 0.4, 1);
	outputs.forEach((value, j) => {
		const [x, y] = places.at(3, j);
		const middle = upright ? [x, places.size[1] - 30] : [x + 92, y];
		const [side, first] = [value, facts.result.a[3][j]].map((one) => abs(one - facts.targets[j]) * unit);
		paintSquare(view, ...middle, side, { filled: 0.85 * small });
		paintSquare(view, ...middle, first, { colour: colours.ring, filled: 0, outline: small });
	});
	const lit = within(t, 0.4, tryScene.seconds - 0.2, 1);
	const hand = handOf(facts);
	paintCostOutline(view, facts.cost, 1, 1 - lit);
	paintSquare(view, ...square, Math.sqrt(cost) * unit, { filled: 0.85 * lit });
	paintCostRim(view, facts.cost, lit, colours.ring);
	const best =
		lit *
		(t === TRY_AT ? min(1, hand.isLive ? 20 * (facts.cost - hand.cost) : 0) : within(t, TRY_AT, LET_GO_AT + 1, 0.5));
	paintCostRim(view, hand.cost, best, colours.on);
	for (const rival of facts.rivals) paintCostRim(view, rival, lit, cost > rival ? colours.ground : colours.on);
	paintCostNumber(view, cost, lit, facts.cost);
	if (t < TRY_AT || (t === TRY_AT && !hand.isLive)) return;
	// The cost over time: as the hand went, and then the slopes.
	const shown = rise(t, TRY_AT - 0.1, 0.1) * (1 - rise(t, LET_GO_AT, 0.8));
	const [left, top, wide, high] = upright ? [124, 20, 128, 76] : [1112, 396, 156, 132];
	letters(view, filmWords("label.cost"), left + 4, top - (upright ? 7 : 10), upright ? 15.5 : 15, {
		colour: colours.muted,
		align: "left",
		alpha: shown,
	});
	const costs = hand.trace;
	const { pen } = view;
	const at = (share, value) => [left + share * wide, top + high * (1 - value / (1.25 * facts.cost))];
	const told = t > TURNED_AT ? rise(t, TURNED_AT, TURNED_SECONDS) : 0;
	const part1 = blend(1, 0.55, rise(t, TOLD_AT, 1.2));
	pen.globalAlpha = 0.6 * shown;
	pen.strokeStyle = colours.line;
	pen.lineWidth = upright ? 0.8 : 1.4;
	pen.beginPath();
	pen.moveTo(left, top);
	pen.lineTo(left, top + high);
	pen.lineTo(left + wide, top + high);
	pen.stroke();
	pen.setLineDash([4, 4]);
	pen.strokeStyle = colours.on;
	for (const rival of facts.rivals) {
		pen.beginPath();
		pen.moveTo(...at(0, rival));
		pen.lineTo(...at(1, rival));
		pen.stroke();
	}
	pen.setLineDash([]);
	pen.globalAlpha = shown;
	pen.strokeStyle = colours.on;
	pen.lineWidth = upright ? 1.2 : 2;
	pen.beginPath();
	costs.forEach((value, k) => pen.lineTo(...at((part1 * k) / max(40, costs.length - 1), value)));
	pen.stroke();
	if (told <= 0) return;
	pen.strokeStyle = colours.mark;
	pen.beginPath();
	const begin = (part1 * (costs.length - 1)) / max(40, costs.length - 1);
	for (let k = 0; k <= 30; k++) {
		const moment = TURNED_AT + (TURNED_SECONDS * told * k) / 30;
		pen.lineTo(
			...at(begin + ((0.97 - begin) * told * k) / 30, facts.six.at(sixAt(facts, min(moment, LET_GO_AT))).cost),
		);
	}
	pen.stroke();
	pen.globalAlpha = 1;
}

/** An outline of the size of a cost, around the middle of the square. */
function paintCostRim(view, cost, alpha, colour) {
	if (alpha <= 0) return;
	paintSquare(view, ...view.places.square, Math.sqrt(cost) * view.places.unit, { colour, filled: 0, outline: alpha });
}

/** The knobs: a hand from stop to stop, how far it was turned, and when it is told, an arrow. */
function paintSixDials(view, facts, t, values, bent, opacity, only = () => 1) {
	if (opacity <= 0) return;
	const { pen } = view;
	const { six, hand } = facts;
	const told = within(t, TOLD_AT, LET_GO_AT - 0.4, 0.8) * (1 - rise(t, TURNED_AT + 0.4, TURNED_SECONDS));
	const goal = hand ? hand.path.at(-1) : values;
	const slopes = six.slopes(hand?.best ?? values);
	const most = largest(slopes);
	values.forEach((value, n) => {
		const [x, y, radius] = dialPlace(view, facts, n, bent);
		if (radius < 2 || (t < TRY_AT && bent < 0.97)) return;
		const alpha = opacity * only(n);
		const angle = (one) => -Math.PI / 2 + (one / six.reach[n]) * DIAL_TURN;
		const arc = (from, to, size) => {
			pen.beginPath();
			pen.arc(x, y, size, min(from, to), max(from, to));
			pen.stroke();
		};
		if (n > 0) {
			pen.globalAlpha = 1;
			pen.fillStyle = colours.ground;
			pen.beginPath();
			pen.arc(x, y, radius * 0.88, 0, 7);
			pen.fill();
		}
		pen.lineCap = "round";
		pen.lineWidth = radius * 0.13;
		pen.globalAlpha = alpha;
		pen.strokeStyle = colours.line;
		arc(angle(-six.reach[n]), angle(six.reach[n]), radius);
		// Yellow as long as it can be turned by hand.
		pen.globalAlpha = alpha * rise(t, TRY_AT - 0.7, 0.6) * (1 - rise(t, TRY_AT, 0.6));
		pen.strokeStyle = colours.mark;
		arc(angle(-six.reach[n]), angle(six.reach[n]), radius);
		pen.globalAlpha = alpha;
		pen.strokeStyle = tint(value);
		if (abs(value) > 0.01) arc(angle(0), angle(value), radius);
		// The hand begins outside the neuron of the first knob.
		const spoke = (share) => [x + share * radius * Math.cos(angle(value)), y + share * radius * Math.sin(angle(value))];
		pen.strokeStyle = colours.on;
		pen.lineWidth = radius * 0.11;
		pen.beginPath();
		pen.moveTo(...spoke(n ? 0.1 : 0.62));
		pen.lineTo(...spoke(1.1));
		pen.stroke();
		pen.lineCap = "butt";
		if (t === TRY_AT && n === focusedDial()) {
			pen.strokeStyle = colours.positive;
			pen.lineWidth = radius * 0.09;
			arc(0, 2 * Math.PI, radius * 1.36);
		}
		// Told: an arrow from where it stands, as long as its slope, as far as it can turn.
		const size = abs(slopes[n]) / most;
		if (told <= 0 || abs(goal[n] - (hand?.best[n] ?? 0)) < 0.02) return;
		const by = -Math.sign(slopes[n]) * max(0.12, ARROW_MOST * size) * rise(t, TOLD_AT + 0.15 * n, 0.7);
		paintArrowOf(view, [x, y, radius], angle(hand.best[n]), by, alpha * told);
	});
	pen.globalAlpha = 1;
}

/** The knob whose slider has the focus. */
function focusedDial() {
	return [...$("film-options").querySelectorAll("input")].indexOf(document.activeElement);
}

/** A hand that nobody has: a ring at the knob that it turns. */
function paintGhost(view, facts, seconds) {
	const { values, from, to, moved, shown } = ghostAt(facts.six, seconds);
	if (shown <= 0) return;
	const tip = (n) => {
		const [x, y, radius] = dialPlace(view, facts, n);
		const angle = -Math.PI / 2 + (values[n] / facts.six.reach[n]) * DIAL_TURN;
		return [x + 1.1 * radius * Math.cos(angle), y + 1.1 * radius * Math.sin(angle)];
	};
	const come = rise(seconds, 0.8, 1.2);
	const [x, y] = blendAll(tip(from), tip(to), moved);
	paintPointer(view, [x + (1 - come) * 60, y + (1 - come) * 60], shown);
}

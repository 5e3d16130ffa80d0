// --- Scene 7: each of the six arrows is made of two numbers, the brightness before its wire and the wish after it.

const GAPS_SEEN_AT = 0.6; // each output: how far it is from what was wanted, and the wish that this becomes
const PAIR_AT = 5.6; // one wire: its two numbers
const AREA_AT = 11.2; // their area, which becomes the arrow
const FOUR_AT = 15.4; // the other four wires
const SHINE_AT = FOUR_AT + 3; // here the film waits: the neuron can be made brighter and darker
const [SHINES_BY_ITSELF, SHINE_LEFT] = [6.4, 2.4]; // seconds: a ghost turns it; a hand has let go of it
const SIXTH_ASKED_AT = SHINE_AT + 0.8; // the bias has no wish yet
const ASK_AT_ALL = SIXTH_ASKED_AT + 5.4; // all ten ask
const GATE_AT = ASK_AT_ALL + 4; // here the film waits: wishes in front of a minus
const GATE_SECONDS = 2.3;
const SUMMED_AT = GATE_AT + 0.4;
const CURVED_AT = SUMMED_AT + 2.2; // its own curve lets a part through
const SIXTH_AT = SUMMED_AT + 5.2;
const ALL_AT = SIXTH_AT + 4.4;
const TO_A_AT = ALL_AT + 4.8;
const WAVE_SECONDS = 2.4;
const QUIET_WIRES = 0.12; // alpha while something else is the point
const ARROW_MOST = 1.5; // radians of the longest arrow around a knob
// How wide a brightness of 1 is, and how high the largest wish; where what ten ask is added.
const AREA_FORM = {
	lying: { wide: 130, high: 84, swell: 1.6, adding: { right: 426, step: 30, zero: 330, high: 170 } },
	upright: { wide: 84, high: 52, swell: 1.4, adding: { right: 352, step: 26, zero: 84, high: 52 } },
};
const areaForm = ({ upright }) => AREA_FORM[upright ? "upright" : "lying"];

/** A number with its sign, which may be a plus; what is rounded to 0 has none. */
const signedNumber = (value) => (value >= 0.005 ? "+" : "") + filmNumber(value, 2);

/** The knob whose pair is shown first: of the wanted output. */
const firstKnob = ({ six, label }) => 1 + six.ends.indexOf(label);

/** The bias of the neuron is turned, so that it becomes brighter and darker. */
class Brighten extends Touch {
	by = 0;
	ghost = 0;
	turner = null; // while a hand holds it

	press(place, view, facts) {
		const dial = dialPlace(view, facts, 0);
		if (hypot(place[0] - dial[0], place[1] - dial[1]) > DIAL_REACH * dial[2]) return;
		this.touch();
		this.turner = turnerOf(dial, place);
	}

	drag(place) {
		if (!this.turner) return;
		this.touch();
		this.by = clampTo(this.by + this.turner(place) * BIAS_REACH, BIAS_REACH);
	}

	release() {
		this.turner = null;
	}

	pass(seconds) {
		if (!this.turner) this.wait(seconds);
		if (!this.isAlone || this.isTouched) return;
		this.ghost += seconds;
		const u = this.ghost;
		this.by = BIAS_REACH * (-0.9 * rise(u, 0.6, 1.3) + 1.8 * rise(u, 2.3, 1.8) - 0.9 * rise(u, 4.8, 1.2));
	}

	get isDone() {
		return this.ghost > SHINES_BY_ITSELF || (this.isTouched && this.idle > SHINE_LEFT);
	}
}

/** By how much the bias of the neuron is turned at a moment. */
function brightenedBy(facts, t) {
	const by = facts.touches.bright?.by ?? 0;
	if (isNow(t, SHINE_AT)) return by;
	return t < SHINE_AT ? 0 : by * (1 - rise(t, SHINE_AT, 0.7));
}

/** The outputs whose weight from the asked neuron is negative: their wishes turn over. */
const minusOutputs = (facts) =>
	facts.six
		.at(SIX_ZEROS)
		.weights.map((weight, j) => (weight < 0 ? j : -1))
		.filter((j) => j >= 0);

/** How bright what an arrow is made of is, at a moment: seconds since its two numbers set out. */
function pairSeconds(facts, n, t) {
	if (n === 0) return t - SIXTH_AT - 0.2;
	if (n !== firstKnob(facts)) return 0;
	if (t < AREA_AT) return 0.9 * part(t, PAIR_AT + 0.8, PAIR_AT + 4.6);
	return 0.9 + 1.3 * part(t, AREA_AT, AREA_AT + 2.9);
}

const wishesScene = {
	id: "wishes",
	doors: ["ways", "curves"],
	seconds: TO_A_AT + 5,
	captions: () => [
		[0, "wishes.1"],
		[PAIR_AT, "wishes.pair"],
		[AREA_AT - 0.2, "wishes.area", AREA_AT + 0.9],
		[FOUR_AT - 0.2, "wishes.four"],
		[SHINE_AT, "bright.ask", SHINE_AT + 0.02],
		[SIXTH_ASKED_AT, "wishes.sixth", ASK_AT_ALL - 1.2],
		[ASK_AT_ALL - 0.2, "wishes.ten"],
		[GATE_AT, "gates.ask", GATE_AT + 0.2],
		[GATE_AT + 0.1, "wishes.sum"],
		[CURVED_AT - 0.2, "wishes.curve", SIXTH_AT - 1.1],
		[SIXTH_AT - 0.2, "wishes.arrow", ALL_AT - 1],
		[ALL_AT - 0.4, "wishes.3", TO_A_AT - 0.02],
		[TO_A_AT - 0.2, "wishes.4"],
	],
	words: (facts) => ({
		B: `B${facts.asked + 1}`,
		direction: captions["wishes.moves"][facts.wishes[2][facts.asked] > 0 ? 0 : 1],
		share: filmPercent(slopeOf(facts.result.z[1][facts.asked])),
	}),
	pauses: [
		{ at: SHINE_AT, kind: "touch", id: "bright", touch: () => new Brighten() },
		{
			at: GATE_AT,
			kind: "touch",
			id: "gates",
			touch: (facts) =>
				new Spots(
					(view) => minusOutputs(facts).map((j) => [...gatePlace(view, facts, j), view.upright ? 24 : 30]),
					minusOutputs(facts).length,
					GATE_SECONDS,
				),
		},
	],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const whole = rise(t, ALL_AT - 0.2, 1.6); // the other neurons, A and the pixels are seen again
		const u = 1 - rise(t, ALL_AT - 0.4, 1.6);
		const { digit, asked } = facts;
		const pad = max(1 - rise(t, FOUR_AT + 3.4, 1.2), whole);
		paintPad(view, { lines: pad < 1 ? [] : digit.lines, digit, centred: 1, sharp: pad, frame: 0.5 * pad });
		paintWorking(view, facts, {
			wires: 0.34 * whole,
			waiting: 0,
			inputs: whole,
			names: whole,
			dim: (layer) => (layer === 3 ? 1 : whole),
		});
		// Where it is narrow, its place is needed for what is added.
		const outlined = view.upright ? max(1 - rise(t, 0.2, 1), whole) : 1;
		paintCostOutline(view, facts.cost, outlined, outlined);
		paintGapsSeen(view, facts, t);
		const left = 1 - rise(t, wishesScene.seconds - 1.4, 1.3); // of what has been asked
		paintAskWave(view, facts, 2, part(t, ALL_AT + 0.9, ALL_AT + 0.9 + WAVE_SECONDS), left);
		paintAskWave(view, facts, 1, part(t, TO_A_AT, TO_A_AT + WAVE_SECONDS), left);
		const bent = 1 - rise(t, ASK_AT_ALL - 1, 1) + rise(t, SIXTH_AT - 1, 0.9) - rise(t, ALL_AT - 0.9, 0.8);
		const lone = within(t, PAIR_AT, FOUR_AT - 0.3, 0.8); // one wire alone
		const { weights } = facts.six.at(SIX_ZEROS);
		const first = firstKnob(facts);
		const by = brightenedBy(facts, t);
		const live = facts.sixPairs(by);
		paintFan(view, facts, {
			u,
			bent,
			alpha: (1 - whole) * (1 - 0.3 * within(t, ASK_AT_ALL, SIXTH_AT, 0.6)),
			a: live.a,
			weights,
			outputs: live.outputs,
			only: (j) => (j === facts.label ? 1 : 1 - 0.85 * lone),
		});
		letters(view, `B${asked + 1}`, ...besideMain(view, facts, u), view.upright ? 16 : 22, {
			alpha: within(t, ASK_AT_ALL - 0.6, SIXTH_AT, 0.8),
			bold: true,
		});
		paintWishesOf(
			view,
			facts,
			3,
			(k) => rise(t, GAPS_SEEN_AT + 2.1 + (k === facts.label ? 0 : 1.6 + k * 0.08), 0.8),
			blend(1, view.upright ? 1.4 : 1.9, 1 - whole),
			live.wishes,
		);
		const dials = bent * (1 - whole);
		const dimOf = (n) => (n === first ? 1 : 1 - 0.8 * lone);
		if (dials > 0.02) paintSixDials(view, facts, LET_GO_AT + 2, SIX_ZEROS.with(0, by), bent, dials, dimOf);
		// The arrows as they were seen; each goes, and comes again from its two numbers.
		for (let n = 0; n < 6; n++) {
			const seconds = pairSeconds(facts, n, t);
			const goes = n === first ? rise(t, PAIR_AT, 0.8) : n ? rise(t, FOUR_AT - 0.9, 0.7) : rise(t, SHINE_AT - 0.8, 0.7);
			const isOther = n > 0 && n !== first;
			const poured = isOther ? part(t, FOUR_AT + 1, FOUR_AT + 2) : part(seconds, 1.25, 2.1);
			const shown = dials * dimOf(n) * (poured > 0 ? 1 : 1 - goes);
			if (n)
				paintStanding(
					view,
					facts,
					n,
					live.pairs[n],
					rise(t, FOUR_AT - 0.1, 1),
					within(t, FOUR_AT - 0.2, SHINE_AT + 1, 0.6),
				);
			paintStartArrow(view, facts, n, bent, shown, poured || 1, live.pairs[n].turn);
			paintPair(view, facts, n, seconds, bent, dials);
		}
		paintBrightening(view, facts, t);
		const unknown = within(t, SIXTH_ASKED_AT + 1.2, ASK_AT_ALL - 0.4, 0.6);
		if (unknown > 0) {
			const [x, y, radius] = dialPlace(view, facts, 0, 1);
			letters(view, "?", x + radius * 1.0, y - radius * 1.45, view.upright ? 26 : 44, {
				alpha: unknown,
				colour: colours.mark,
				bold: true,
			});
			paintRing(view, x, y, radius * 1.32, unknown);
		}
		paintGates(view, facts, weights, t);
		paintTenAsking(view, facts, weights, t);
		paintTenAdded(view, facts, t);
		paintSixthWish(view, facts, t);
		paintWishesOf(view, facts, 2, () => rise(t, ALL_AT + WAVE_SECONDS + 0.6, 0.8));
		paintWishesOf(view, facts, 1, () => rise(t, TO_A_AT + WAVE_SECONDS - 0.2, 0.8));
		paintEnd(view, rise(t, TO_A_AT + WAVE_SECONDS + 0.6, 0.8));
	},
};

/** The name of the neuron that is asked: above it. */
function besideMain(view, facts, u) {
	const [x, y] = mainPlace(view, facts, u);
	return view.upright ? [x - 44, y] : [x, y - 66];
}

/** The arrow of a knob where it stands at the start: as long as the slope, so as large as the area. */
function paintStartArrow(view, facts, n, bent, alpha, share, turn = facts.sixPairs().pairs[n].turn) {
	if (alpha <= 0.01 || share <= 0) return;
	const by = (ARROW_MOST * turn) / largest(facts.sixPairs().pairs.map((pair) => pair.turn));
	paintArrowOf(view, dialPlace(view, facts, n, bent), -Math.PI / 2, by * share, alpha);
}

/** The neuron can be turned: a ring calls, and a hand does it where nobody does. */
function paintBrightening(view, facts, t) {
	const { bright } = facts.touches;
	if (!isNow(t, SHINE_AT) || !bright || bright.isTouched) return;
	const [x, y, radius] = dialPlace(view, facts, 0);
	if (!bright.isAlone) return paintCall(view, [x, y], radius * 1.3);
	const angle = -Math.PI / 2 + (bright.by / BIAS_REACH) * DIAL_TURN;
	const tip = [x + 1.1 * radius * Math.cos(angle), y + 1.1 * radius * Math.sin(angle)];
	paintPointer(view, tip, within(bright.ghost, 0, SHINES_BY_ITSELF, 0.5));
}

/** The rectangle of a wire: as wide as the neuron before it is bright, as high as the wish after it is strong. */
function paintStanding(view, facts, n, { before, wish }, grown, alpha) {
	if (alpha <= 0.01) return;
	const { wide, high } = areaForm(view);
	const [x, y] = dialPlace(view, facts, n);
	const most = largest(facts.sixPairs().pairs.map((pair) => pair.wish));
	const [w, h] = [before * wide * grown, (abs(wish) / most) * high];
	box(view.pen, x - w / 2, y - h / 2, w, h, tint(wish), 0.55 * alpha);
	paintLine(view, [x - w / 2, y + h / 2], [x + w / 2, y + h / 2], colours.on, view.upright ? 3 : 5, alpha);
	paintLine(view, [x + w / 2, y - h / 2], [x + w / 2, y + h / 2], tint(wish), view.upright ? 3 : 5, alpha);
}

/** An arrow around a knob, from an angle on. */
function paintArrowOf(view, [x, y, radius], from, by, alpha) {
	const { pen, upright } = view;
	if (radius < 4) return;
	const out = radius * 1.32;
	const tip = from + by;
	pen.globalAlpha = alpha;
	pen.strokeStyle = pen.fillStyle = colours.mark;
	pen.lineWidth = upright ? 2.2 : 4.2;
	pen.beginPath();
	pen.arc(x, y, out, min(from, tip), max(from, tip));
	pen.stroke();
	const head = (upright ? 7.5 : 13) * min(1, 0.45 + abs(by) * 2);
	const [tx, ty] = [x + out * Math.cos(tip), y + out * Math.sin(tip)];
	const way = tip + (Math.sign(by) * Math.PI) / 2;
	pen.beginPath();
	for (const turn of [0, 2.4, -2.4]) pen.lineTo(tx + head * Math.cos(way + turn), ty + head * Math.sin(way + turn));
	pen.fill();
	pen.globalAlpha = 1;
}

/**
 * The two numbers of a knob: the brightness comes as a width, the wish as a height, and their area becomes the arrow.
 * 0 to 0.9 s: they come; to 1.25: the area fills; to 2.1: it becomes the arrow.
 */
function paintPair(view, facts, n, seconds, bent, alpha) {
	if (seconds <= 0 || seconds > 2.2 || alpha <= 0.02) return;
	const { wide, high, swell } = areaForm(view);
	const { pen, upright } = view;
	const { pairs } = facts.sixPairs();
	const { before, wish, turn } = pairs[n];
	const isFirst = n === firstKnob(facts);
	const size = isFirst ? swell : 1;
	const [x, y] = dialPlace(view, facts, n, bent);
	const w = before * wide * size;
	const h = (abs(wish) / largest(pairs.map((one) => one.wish))) * high * size;
	const main = mainPlace(view, facts, 1);
	const [wideCome, highCome] = isFirst
		? [rise(seconds, 0, 0.4), rise(seconds, 0.45, 0.4)]
		: [rise(seconds, 0, 0.8), rise(seconds, 0.1, 0.8)];
	const filled = part(seconds, 0.9, 1.25);
	const poured = part(seconds, 1.25, 2.1);
	const thick = upright ? 3 : 5;
	const gone = 1 - poured;
	const lift = n ? 0 : upright ? -84 : -140; // the neuron itself is not covered
	const middle = [x, y + lift];
	const colour = tint(wish);
	if (filled > 0) {
		const kept = h * gone;
		box(pen, middle[0] - w / 2, middle[1] + h / 2 - kept, w * filled, kept, colour, 0.85 * alpha);
	}
	const edge = alpha * (poured < 0.98 ? 1 : 0);
	if (seconds > 0.01) {
		const place = blendAll(main, [middle[0], middle[1] + h / 2], wideCome);
		paintLine(view, [place[0] - w / 2, place[1]], [place[0] + w / 2, place[1]], colours.on, thick, edge);
		if (isFirst && poured === 0)
			letters(view, filmNumber(before, 2), place[0], place[1] + (upright ? 11 : 17), upright ? 15.5 : 18, {
				alpha: edge,
			});
	}
	if (highCome > 0) {
		const start = n ? wishPlace(view, 3, facts.six.ends[n - 1]) : main;
		const place = blendAll(start, [middle[0] + w / 2, middle[1]], highCome);
		const kept = h * gone;
		paintLine(view, [place[0], place[1] + h / 2 - kept], [place[0], place[1] + h / 2], colour, thick, edge);
		if (isFirst && poured === 0)
			letters(view, filmNumber(abs(wish), 2), place[0] + (upright ? 18 : 28), place[1], upright ? 15.5 : 18, {
				alpha: edge,
				colour,
			});
	}
	if (isFirst)
		letters(view, filmNumber(abs(turn), 2), middle[0], middle[1], upright ? 17 : 22, {
			alpha: filled * gone * alpha,
			colour: colours.ground,
			bold: true,
		});
}

/** Where a wire has its gate: near its output, where the wires are apart. */
const gatePlace = (view, facts, j) =>
	blendAll(view.places.at(3, j), mainPlace(view, facts, 1), view.upright ? 0.24 + 0.16 * (j % 2) : 0.26);

/** Where the wish of an output is on its way to the asked neuron: how far, and how far turned over. */
function askingOf(facts, weights, j, t) {
	const set = part(t, ASK_AT_ALL + 0.12 * j, ASK_AT_ALL + 0.12 * j + 1.3);
	if (weights[j] > 0) {
		const through = part(t, ASK_AT_ALL + 0.12 * j + 1.3, ASK_AT_ALL + 0.12 * j + 2.6);
		return { at: 0.46 * ease(set) + 0.54 * ease(through), turned: 0, come: through };
	}
	const seconds = touchedFor(facts, "gates", GATE_AT, minusOutputs(facts).indexOf(j), t);
	const on = part(seconds, 0.9, 2);
	return { at: 0.46 * ease(set) + 0.54 * ease(on), turned: rise(seconds, 0, 0.9), come: on };
}

const ease = (u) => rise(u, 0, 1);

/** The sign of each weight, in the middle of its wire: what is negative turns wishes over. */
function paintGates(view, facts, weights, t) {
	const { pen, upright } = view;
	const alpha = within(t, ASK_AT_ALL - 0.6, SUMMED_AT + 1, 0.7);
	if (alpha <= 0) return;
	const minus = minusOutputs(facts);
	weights.forEach((weight, j) => {
		const [x, y] = gatePlace(view, facts, j);
		const isOpen = weight < 0 && canTouch(facts, "gates", GATE_AT, minus.indexOf(j), t);
		const radius = upright ? 10 : 15;
		pen.globalAlpha = alpha;
		pen.fillStyle = colours.ground;
		pen.strokeStyle = tint(weight);
		pen.lineWidth = radius * 0.16;
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
		if (isOpen) paintCall(view, [x, y], radius * 1.35);
	});
}

/** How high the triangle of a request is: of the wish, and of what the weight makes of it, each against the largest. */
function askingSize(view, facts, j, turned) {
	const [high] = view.places.wish[3];
	const requests = facts.requests(2, facts.asked);
	const before = high * Math.sqrt(abs(facts.wishes[3][j]) / largest(facts.wishes[3]));
	const after = high * Math.sqrt(abs(requests[j]) / largest(requests));
	return max(view.upright ? 7 : 10, 1.25 * blend(before, after, turned));
}

/** The wishes of the outputs on their way to the asked neuron. */
function paintTenAsking(view, facts, weights, t) {
	if (t < ASK_AT_ALL || t > SUMMED_AT + 1) return;
	const main = mainPlace(view, facts, 1);
	weights.forEach((weight, j) => {
		const { at, turned, come } = askingOf(facts, weights, j, t);
		if (at <= 0 || come >= 1) return;
		const start = wishPlace(view, 3, j);
		const gate = gatePlace(view, facts, j);
		const place =
			at < 0.46
				? blendAll(start, gate, at / 0.52)
				: blendAll(blendAll(start, gate, 0.46 / 0.52), main, (at - 0.46) / 0.54);
		const size = askingSize(view, facts, j, max(turned, weight > 0 ? at : 0));
		paintTurned(view, place, size, facts.wishes[3][j] > 0, weight < 0 ? turned : 0, 1 - rise(at, 0.94, 0.06));
	});
}

/** The order in which requests are added: first those that a plus lets through, then as they were touched. */
function addOrder(facts, weights) {
	const minus = minusOutputs(facts);
	const clocks = facts.touches.gates?.clocks ?? [];
	const touched = (j) => clocks[minus.indexOf(j)] ?? 0;
	return range(10).sort((p, q) => (weights[p] < 0) - (weights[q] < 0) || touched(q) - touched(p) || p - q);
}

/** What has arrived is added: each bar begins where the one before ended, upwards in blue and downwards in orange. */
function paintTenAdded(view, facts, t) {
	const alpha = rise(t, ASK_AT_ALL + 1.4, 0.6) * (1 - rise(t, CURVED_AT + 0.2, 0.8));
	if (alpha <= 0) return;
	const { pen, upright } = view;
	const { weights } = facts.six.at(SIX_ZEROS);
	const { right, step, zero, high } = areaForm(view).adding;
	const requests = facts.requests(2, facts.asked);
	const order = addOrder(facts, weights);
	let [run, most] = [0, 0];
	for (const j of order) {
		run += requests[j];
		most = max(most, abs(run));
	}
	const scale = high / most;
	const left = right - 10 * step;
	const total = sum(requests);
	const shown = rise(t, SUMMED_AT, 0.7);
	paintLine(view, [right + step * 0.3, zero], [left - step, zero], colours.ring, upright ? 0.8 : 1.4, alpha);
	run = 0;
	order.forEach((j, n) => {
		const { come } = askingOf(facts, weights, j, t);
		const grown = rise(come, 0.85, 0.15);
		const value = requests[j] * grown;
		const x = right - (n + 1) * step;
		const [from, to] = [zero - run * scale, zero - (run + value) * scale];
		box(pen, x + step * 0.08, min(from, to), step * 0.84, abs(to - from), tint(value), alpha * blend(1, 0.3, shown));
		letters(view, j, x + step / 2, max(from, to) + (upright ? 9 : 14), 15.5, {
			alpha: alpha * grown * (1 - shown),
			colour: j === facts.label ? colours.mark : colours.muted,
		});
		run += value;
	});
	if (shown <= 0) return;
	// What is left, as one triangle.
	const height = max(abs(total * scale), upright ? 14 : 24) * shown;
	const flown = rise(t, CURVED_AT - 0.4, 0.9);
	if (flown > 0) return;
	paintWish(view, left - step * 0.5, zero, Math.sign(total) * height, step * 1.3, alpha);
}

/** The sum of what was asked flies to the neuron, whose curve lets a part of it through: its wish. */
function paintSixthWish(view, facts, t) {
	const flown = rise(t, CURVED_AT - 0.4, 0.9);
	if (flown <= 0 || t > ALL_AT + 1.4) return;
	const alpha = 1 - rise(t, ALL_AT - 0.6, 1);
	const { upright } = view;
	const { right, step, zero, high } = areaForm(view).adding;
	const requests = facts.requests(2, facts.asked);
	const total = sum(requests);
	let [run, most] = [0, 0];
	for (const j of addOrder(facts, facts.six.at(SIX_ZEROS).weights)) {
		run += requests[j];
		most = max(most, abs(run));
	}
	const whole = max((abs(total) * high) / most, upright ? 14 : 24);
	const slope = slopeOf(facts.result.z[1][facts.asked]);
	const main = mainPlace(view, facts, 1);
	const place = blendAll([right - 10.5 * step, zero], [main[0] + (upright ? 52 : -92), main[1] + 8], flown);
	const through = rise(t, CURVED_AT + 0.8, 0.9);
	const size = whole * blend(1, slope, through);
	const { pen } = view;
	// The outline of what was asked stays.
	if (through > 0) {
		const half = min(step * 0.65, whole * 0.7);
		pen.globalAlpha = 0.5 * alpha;
		pen.strokeStyle = tint(total);
		pen.lineWidth = upright ? 1 : 1.6;
		pen.beginPath();
		pen.moveTo(place[0] - half, place[1]);
		pen.lineTo(place[0] + half, place[1]);
		pen.lineTo(place[0], place[1] - Math.sign(total) * whole);
		pen.closePath();
		pen.stroke();
		pen.globalAlpha = 1;
	}
	paintWish(view, ...place, Math.sign(total) * size, step * 1.3, alpha);
}

/** Each output: what it gave, what was wanted, and the gap, in the colour of the wish. */
function paintGapsSeen(view, facts, t) {
	const { places, upright } = view;
	const thick = upright ? 5 : 9;
	for (let k = 0; k < 10; k++) {
		const from = GAPS_SEEN_AT + (k === facts.label ? 0 : 1.6 + k * 0.08);
		const alpha = rise(t, from - 0.3, 0.6) * (1 - rise(t, from + 1.9, 0.8));
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
function paintWishesOf(view, facts, layer, grown, swell = 1, wishes = facts.wishes[layer]) {
	const [height, width] = view.places.wish[layer].map((one) => one * swell);
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

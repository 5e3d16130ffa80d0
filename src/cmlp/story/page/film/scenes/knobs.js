// --- Scene 3: out of the neuron, and all 13,002 knobs: a few as dials, then all as dots.

const NAMED_AT = 2.6; // A and B
const LOOKS_BET_AT = 7.8; // what will they look for? It is told when they have learned
const NOTHING_NAMED = 2; // the number of the right answer: the door "inside" measures it
const DIALS_AT = 8.2; // on the wires of the neuron that the film comes from
const DOTS_AT = 11.4; // the dials shrink to dots
const FIELD_AT = [DOTS_AT + 0.6, DOTS_AT + 2, DOTS_AT + 3]; // when the wires of each layer become dots
const SETTING_AT = 18;
const SETTING_SECONDS = 2.2; // for each setting of all knobs
const SETTING_TURNS = 1.4; // seconds of these in which they turn
const SET_BACK = SETTING_AT + SETTINGS * SETTING_SECONDS;
const FIELDS_GO = SET_BACK + 1.6;

const knobsScene = {
	id: "knobs",
	doors: ["layers"],
	inkFrom: 0,
	handles: () => [{ key: "handle.shake", from: 0, to: 1, step: 0.01, value: 0 }],
	change: (facts, [by]) => facts.shaken(by),
	seconds: 29.4,
	captions: () => [
		[0, "knobs.out", 2.65],
		[NAMED_AT, "knobs.1", LOOKS_BET_AT - 0.7],
		[LOOKS_BET_AT - 0.6, "knobs.bet", LOOKS_BET_AT],
		[DIALS_AT, "knobs.2", DOTS_AT - 0.5],
		[DOTS_AT + 2.6, "knobs.function", SETTING_AT - 1],
		[SETTING_AT - 0.6, "knobs.3"],
	],
	words: () => ({}),
	pauses: [{ at: LOOKS_BET_AT, kind: "bet", right: () => NOTHING_NAMED, told: "learn.found" }],
	shots: [[0.3, 2.3, (places) => places.whole]],
	paint(view, facts, t) {
		const { digit } = facts;
		const quiet = within(t, DIALS_AT - 0.4, 28.8, 0.8);
		const fields = within(t, DOTS_AT, FIELDS_GO + 0.8, 0.6);
		const { result, params } = setAt(facts, t);
		const watched = within(t, SETTING_AT - 1, 28.4, 0.8);
		const named = within(t, SETTING_AT, SET_BACK + 1.4, 0.6);
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintWorking(view, facts, {
			result,
			wave: 1 + part(t, 3.8, 5.2) + part(t, 5.2, 6.6),
			all: within(t, 2.6, 8.2, 1.2),
			names: rise(t, 1.4, 1.2),
			says: named,
			wires: 1 - blend(0.9 * quiet, 1, fields),
			inputs: 1 - 0.9 * fields,
			waiting: 0.3 * rise(t, 1, 1.4) * (1 - fields),
			dim(layer, k) {
				if (layer === 3) return 1 - max(0.6 * quiet, fields) * (1 - watched);
				const isOpen = layer === 1 && k === facts.addition.to;
				return 1 - max(isOpen ? 0 : 0.6 * quiet, fields);
			},
		});
		paintFields(
			view,
			facts.pictures(params === facts.start.params ? "knobs" : null, () =>
				fieldPictures(facts.start, params, facts.mostKnob),
			),
			{
				patch: () => [rise(t, FIELD_AT[0], 1.2) * (1 - rise(t, FIELDS_GO, 0.8)), 1],
				field: (n) => rise(t, FIELD_AT[n], 1.2) * (1 - rise(t, FIELDS_GO, 0.8)),
			},
		);
		paintDials(view, facts, t);
		paintTurningDials(view, facts, params, within(t, SETTING_AT - 0.8, FIELDS_GO, 0.6));
		const counted = FIELD_COUNTS.map((size, n) => Math.round(size * rise(t, FIELD_AT[n] + 0.2, 1.2)));
		paintCount(view, counted, within(t, FIELD_AT[0] + 0.2, SETTING_AT - 0.4));
		nameFields(view, within(t, FIELD_AT[1], SETTING_AT - 0.4));
		paintVerdictOf(view, winner(result.a[3]), named);
		paintVeil(view, 1 - rise(t, 0.2, 1.6));
		paintOpenNeuron(view, facts, sumScene.seconds, rise(t, 0.8, 1.4));
	},
};

/** All knobs turn from one setting to the next, stand still for a moment, and return to exactly where they were. */
function setAt(facts, t) {
	const { start, input, result } = facts;
	if (t <= SETTING_AT || t >= SET_BACK + SETTING_TURNS) return { params: start.params, result };
	const n = floor((t - SETTING_AT) / SETTING_SECONDS);
	const sets = [start.params, ...facts.settings, start.params];
	const u = rise(t, SETTING_AT + n * SETTING_SECONDS, SETTING_TURNS);
	const params = start.params.map((_, k) => blend(sets[n][k], sets[n + 1][k], u));
	return { params, result: new Network(model, params).forward(input) };
}

/** A knob: a dial whose hand shows its value against the most that is shown, and the value beside it. */
function paintDial(view, [x, y], radius, value, most, alpha, { number = 1, isBeside = false } = {}) {
	if (alpha <= 0) return;
	const { pen, upright } = view;
	const angle = -Math.PI / 2 + clamp(value / most, -1, 1) * 2.3;
	pen.globalAlpha = alpha;
	pen.fillStyle = colours.ground;
	pen.strokeStyle = colours.ring;
	pen.lineWidth = radius * 0.13;
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.fill();
	pen.stroke();
	pen.strokeStyle = tint(value);
	pen.lineWidth = radius * 0.2;
	pen.beginPath();
	pen.moveTo(x, y);
	pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
	pen.stroke();
	pen.globalAlpha = 1;
	const apart = radius + (upright ? 10 : 15);
	const place = isBeside ? [x + radius + 6, y] : [x, y + apart];
	letters(view, filmNumber(value, 2), ...place, upright ? 15.5 : 18.2, {
		alpha: alpha * number,
		align: isBeside ? "left" : "center",
	});
}

/** Dials on some wires of the neuron that the film comes from; then they shrink to dots in the places of their knobs. */
function paintDials(view, facts, t) {
	const alpha = within(t, DIALS_AT, FIELD_AT[0] + 1, 0.5);
	if (alpha <= 0) return;
	const { places, upright } = view;
	const { to } = facts.addition;
	const { dot, patch } = fieldPlaces(places);
	const [left, top] = patch(to);
	const end = places.at(1, to);
	const wires = 1 - rise(t, DOTS_AT - 0.4, 0.5);
	facts.someWeights.forEach(({ pixel, index }, n) => {
		const value = facts.start.params[index];
		const start = places.input(pixel);
		paintLine(view, start, end, tint(value), upright ? 1.2 : 2.4, alpha * wires);
		const grown = rise(t, DIALS_AT + 0.2 + n * 0.22, 0.9);
		const shrunk = rise(t, DOTS_AT + n * 0.06, 1);
		const place = [left + ((pixel % SIDE) + 0.5) * dot, top + (floor(pixel / SIDE) + 0.5) * dot];
		const middle = blendAll(blendAll(start, end, upright ? 0.18 : 0.3), place, shrunk);
		const radius = blend(upright ? 12 : 22, dot / 2, shrunk);
		paintDial(view, middle, radius, value * grown, facts.mostKnob[0], alpha * min(1, 3 * grown), {
			number: 1 - min(1, 4 * shrunk),
			isBeside: !upright,
		});
	});
	paintNeuron(view, ...end, places.radius[1], facts.result.a[1][to], alpha * wires);
}

/** The same knobs as dials beside the dots, while all are turned. */
function paintTurningDials(view, facts, params, alpha) {
	if (alpha <= 0) return;
	const { places, upright } = view;
	const [x, y, side] = places.image;
	facts.someWeights.forEach(({ index }, n) => {
		const place = upright
			? [x + side + 32 + (n % 3) * 62, y + 16 + floor(n / 3) * 50]
			: [x + 20 + (n % 3) * 78, y + side + 60 + floor(n / 3) * 82];
		paintDial(view, place, upright ? 14 : 24, params[index], 2 * facts.mostKnob[0], alpha);
	});
}

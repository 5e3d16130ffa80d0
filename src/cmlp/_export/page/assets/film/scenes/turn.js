// --- Scene 7: every wire turns by the wish after it times the activation before it.

const BRIGHT_AT = 1; // one wire from a bright pixel, then one from a dark one
const DARK_AT = 5;
const PATCHES_AT = 8.5;
const GRID_AT = 12.5;
const REST_AT = 18; // the other layers join
const TURN_AT = 25;
const TURN_SECONDS = 5;
const TURN_BET_AT = 34;

const turnScene = {
	id: "turn",
	doors: ["chain"],
	seconds: 43,
	captions: () => [
		[0, "turn.1"],
		[PATCHES_AT - 0.5, "turn.2"],
		[REST_AT - 0.6, "turn.3"],
		[TURN_AT - 0.8, "turn.4"],
		[TURN_BET_AT - 0.6, "turn.bet"],
		[TURN_BET_AT + 0.5, "turn.verdict"],
	],
	words: ({ cost, after, label }) => ({
		cost: filmNumber(cost, 2),
		cost_after: filmNumber(after.cost, 2),
		after: after.says,
		own: filmNumber(after.own, 0),
		others: filmNumber(examples.test.length, 0),
		digit: label,
	}),
	pauses: [
		{
			at: TURN_BET_AT,
			kind: "bet",
			right: ({ after }) => nearest([0.1, 0.5, 1], after.own / examples.test.length),
		},
	],
	shots: [
		[0.2, 1.6, (places, facts) => places.near(1, facts.hands.neuron, 7)],
		[PATCHES_AT - 1.6, 1.8, (places) => places.whole],
	],
	paint(view, facts, t) {
		const turned = facts.turned(rise(t, TURN_AT + 0.6, TURN_SECONDS));
		const open = within(t, GRID_AT - 0.5, TURN_AT + 0.4, 1.2);
		const dim = 1 - 0.97 * open;
		const { digit } = facts;
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintWorking(view, facts, {
			result: turned.result,
			params: turned.net.params,
			wires: dim * (0.12 - 0.08 * within(t, 0.4, PATCHES_AT, 1.2) + 0.7 * rise(t, TURN_AT - 0.4, 1.5)),
			inputs: dim,
			dim: () => dim,
			says: rise(t, TURN_AT + TURN_SECONDS + 0.6, 0.6),
		});
		paintEnd(view, 1 - rise(t, 0, 0.8));
		paintTurningWires(view, facts, t);
		const wishes = (1 - open) * (1 - rise(t, TURN_AT - 1, 0.8));
		if (wishes > 0) for (const layer of [1, 2, 3]) paintWishesOf(view, facts, layer, () => wishes);
		paintHands(view, facts, t);
		paintTurns(view, facts, t);
		paintShrinking(view, facts, t, turned);
	},
};

/** All wires in the colours of their turns, when the knobs turn. */
function paintTurningWires(view, facts, t) {
	const alpha = within(t, TURN_AT, TURN_AT + TURN_SECONDS + 0.6, 1);
	if (alpha <= 0) return;
	facts.start.layers.forEach(({ outputs, w }, layer) => {
		const wires = layer ? facts.wires(layer) : facts.wires(0).slice(0, view.wires);
		const most = facts.mostTurned[layer];
		paintWires(view, wires, layer, (i, j) => clamp(facts.turns[w + i * outputs + j] / most, -1, 1), {
			alpha: alpha * (layer ? 0.9 : 0.4),
			width: 1.4,
		});
	});
}

/** Two wires into one neuron of A: brightness at the left end, a wish at the right one, and the turn that both give. */
function paintHands(view, facts, t) {
	const { neuron, bright, dark } = facts.hands;
	[
		[bright, BRIGHT_AT, within(t, BRIGHT_AT, PATCHES_AT - 1.2, 0.8)],
		[dark, DARK_AT, within(t, DARK_AT, PATCHES_AT - 1.2, 0.8)],
	].forEach(([pixel, from, alpha], n) => {
		if (alpha <= 0) return;
		const { pen, places } = view;
		const end = places.at(1, neuron);
		const input = places.input(pixel);
		// Only the last part of the wire is seen from near.
		const seen = (5 * places.radius[1]) / hypot(input[0] - end[0], input[1] - end[1]);
		const start = blendAll(end, input, seen);
		const value = facts.input[pixel];
		const wish = facts.wishes[1][neuron];
		const met = rise(t, from + 1.2, 1.4);
		pen.globalAlpha = alpha;
		pen.strokeStyle = colours.ring;
		pen.lineWidth = 0.6;
		pen.beginPath();
		pen.moveTo(...start);
		pen.lineTo(...end);
		pen.stroke();
		const turn = value * met;
		if (turn > 0) {
			pen.strokeStyle = tint(wish);
			pen.lineWidth = 0.6 + 4.4 * turn;
			pen.beginPath();
			pen.moveTo(...blendAll(start, end, 0.5 - 0.5 * met));
			pen.lineTo(...blendAll(start, end, 0.5 + 0.5 * met));
			pen.stroke();
		}
		pen.globalAlpha = 1;
		const size = places.radius[1] * 0.62;
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.ground);
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.on, alpha * value);
		pen.globalAlpha = alpha;
		outline(pen, colours.ring, 0.5, start[0] - size, start[1] - size, 2 * size, 2 * size);
		pen.globalAlpha = 1;
		paintNeuron(view, ...end, places.radius[1], facts.result.a[1][neuron]);
		const x = blend(start[0], end[0], 0.5);
		const y = n ? max(start[1], end[1]) + places.radius[1] * 1.7 : min(start[1], end[1]) - places.radius[1] * 1.7;
		const product = `${filmNumber(wish, 3)} × ${filmNumber(value, 2)} = ${filmNumber(wish * value, 3)}`;
		letters(view, product, x, y, 19, {
			alpha: alpha * met,
			colour: value ? tint(wish) : colours.muted,
		});
	});
}

/** The turns of all wires, first at the neurons of A, then in the places of all knobs. */
function paintTurns(view, facts, t) {
	if (t < PATCHES_AT) return;
	const pictures = facts.pictures("turns", () => fieldPictures(facts.start, facts.turns, facts.mostTurned));
	const [back, gone] = [rise(t, TURN_AT - 0.6, 1.6), rise(t, TURN_AT + TURN_SECONDS, 1)];
	paintFields(view, pictures, {
		patch: (k) => [rise(t, PATCHES_AT + k * 0.14, 0.7) * (1 - gone), rise(t, GRID_AT + k * 0.08, 1.6) * (1 - back)],
		field: (n) => rise(t, REST_AT + n * 1.2, 1.2) * (1 - back),
	});
	paintCount(view, N_KNOBS, within(t, REST_AT + 3, TURN_AT - 0.2));
	letters(view, filmWords("ui.scale"), ...scalePlace(view), 15, {
		colour: colours.muted,
		alpha: within(t, REST_AT + 1, TURN_AT - 0.2),
	});
	letters(view, "−∇C", ...countPlace(view, -1), view.upright ? 22 : 32, {
		alpha: within(t, REST_AT + 3.6, TURN_AT - 0.2),
		align: "left",
	});
}

/** The square: an outline where it began, and yellow while it shrinks. */
function paintShrinking(view, facts, t, turned) {
	const lit = rise(t, TURN_AT - 0.4, 1);
	paintCostOutline(view, facts.cost, 1);
	paintSquare(view, ...view.places.square, Math.sqrt(turned.cost) * view.places.unitOfAll, { filled: 0.9 * lit });
	paintCostNumber(view, turned.cost, lit, facts.cost);
}

// --- Scene 7: every wire turns by the wish after it times the activation before it.

const BRIGHT_AT = 1.2; // one wire from a bright pixel, and one from a dark one
const DARK_AT = 3.6;
const BIAS_AT = 7;
const PATCHES_AT = 11.5;
const GRID_AT = 15;
const REST_AT = 19.5; // the other layers join
const TURN_AT = 27;
const TURN_SECONDS = 5;
const TURN_BET_AT = 36.5;
const RAIN_AT = 37; // test digits fall into view, each with its answer
const RAIN_SECONDS = 5;

const turnScene = {
	id: "turn",
	doors: ["chain"],
	seconds: 46.5,
	captions: () => [
		[0, "turn.1"],
		[PATCHES_AT - 0.5, "turn.2"],
		[REST_AT - 0.6, "turn.3"],
		[TURN_AT - 1, "turn.4"],
		[TURN_AT + TURN_SECONDS + 0.6, "turn.5"],
		[TURN_BET_AT - 0.6, "turn.bet"],
		[RAIN_AT + RAIN_SECONDS - 0.5, "turn.verdict"],
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
		[0.2, 1.6, (places, facts) => places.near(1, facts.hands.neuron, 8)],
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
		paintLastAnswer(view, facts.after.says, within(t, TURN_AT + TURN_SECONDS + 0.6, RAIN_AT, 0.6));
		paintRain(view, facts, t);
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

/** Two wires into one neuron of A: a pixel at one end, a wish at the other one, and the turn that both give. */
function paintHands(view, facts, t) {
	const { neuron, bright, dark } = facts.hands;
	const { pen, places, upright } = view;
	const radius = places.radius[1];
	const end = places.at(1, neuron);
	const wish = facts.wishes[1][neuron];
	[
		[bright, BRIGHT_AT, -1],
		[dark, DARK_AT, 1],
	].forEach(([pixel, from, side]) => {
		const alpha = within(t, from, PATCHES_AT - 1.2, 0.8);
		if (alpha <= 0) return;
		const start = upright
			? [end[0] + 2.6 * side * radius, end[1] - 3.6 * radius]
			: [end[0] - 6 * radius, end[1] + 2.4 * side * radius];
		const value = facts.input[pixel];
		const met = rise(t, from + 1, 1.4);
		pen.globalAlpha = alpha;
		pen.strokeStyle = colours.ring;
		pen.lineWidth = 0.6;
		pen.beginPath();
		pen.moveTo(...start);
		pen.lineTo(...end);
		pen.stroke();
		if (value * met > 0) {
			pen.strokeStyle = tint(wish);
			pen.lineWidth = 0.6 + 4.4 * value * met;
			pen.beginPath();
			pen.moveTo(...blendAll(start, end, 0.5 - 0.5 * met));
			pen.lineTo(...blendAll(start, end, 0.5 + 0.5 * met));
			pen.stroke();
		}
		pen.globalAlpha = 1;
		const size = radius * 0.7;
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.ground);
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.on, alpha * value);
		pen.globalAlpha = alpha;
		outline(pen, colours.ring, 0.5, start[0] - size, start[1] - size, 2 * size, 2 * size);
		pen.globalAlpha = 1;
		paintNeuron(view, ...end, radius, facts.result.a[1][neuron]);
		const numbers = [wish, wish * value].map((one) => filmNumber(one, 3));
		const product = filmWords("label.product", { wish: numbers[0], pixel: filmNumber(value, 2), turn: numbers[1] });
		const place = upright
			? [end[0], end[1] + (4.2 + 0.8 * side) * radius]
			: [start[0] - 1.5 * radius, start[1] + 1.7 * side * radius];
		letters(view, product, ...place, upright ? 17 : 19, {
			alpha: alpha * met,
			colour: value ? tint(wish) : colours.text,
		});
	});
	const ofBias = filmWords("label.bias_turn", { wish: filmNumber(wish, 3) });
	const place = upright ? [end[0], end[1] + 6.6 * radius] : [end[0] - 7.5 * radius, end[1] + 5.8 * radius];
	letters(view, ofBias, ...place, upright ? 17 : 19, {
		alpha: within(t, BIAS_AT, PATCHES_AT - 1.2, 0.8),
		colour: tint(wish),
	});
}

/** How much of the picture is left to the falling digits. */
const rainAt = (t) => within(t, RAIN_AT - 0.4, turnScene.seconds - 0.6, 0.9);

/** Where one of the falling digits comes to rest, and how many there is room for. */
function rainPlaces({ upright }) {
	const [columns, rows, left, top, across, down, side] = upright
		? [10, 8, 6, 10, 38.2, 62, 34]
		: [28, 11, 46, 34, 42.8, 54, 31];
	return { room: columns * rows, at: (n) => [left + (n % columns) * across, top + floor(n / columns) * down, side] };
}

/** Test digits fall into view, each with what the network says of it after the step. */
function paintRain(view, facts, t) {
	const alpha = rainAt(t);
	if (alpha <= 0) return;
	const { room, at } = rainPlaces(view);
	paintVeil(view, 0.94 * alpha);
	const cells = examples.test.slice(0, room).map((one, n) => {
		const from = RAIN_AT + (((n * 61) % 97) / 97) * (RAIN_SECONDS - 2);
		const [x, y, side] = at(n);
		const fallen = rise(t, from, 1.2);
		return [
			one,
			[x, y - (1 - fallen) * 240, side],
			facts.after.answers[n],
			alpha * min(1, 2 * fallen),
			alpha * rise(t, from + 1.1, 0.5),
		];
	});
	paintAnswers(view, cells, view.upright ? 16 : 15, colours.mark);
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
	paintCount(view, N_KNOBS, within(t, REST_AT + 3, TURN_AT - 1));
	letters(view, filmWords("ui.scale"), ...scalePlace(view), 15, {
		colour: colours.muted,
		alpha: within(t, REST_AT + 1, TURN_AT - 1),
	});
	letters(view, "−∇C", ...countPlace(view, -1), view.upright ? 22 : 32, {
		alpha: within(t, REST_AT + 3.6, TURN_AT - 1),
		align: "left",
	});
}

/** The square: an outline where it began, and yellow while it shrinks. */
function paintShrinking(view, facts, t, turned) {
	const lit = rise(t, TURN_AT - 0.4, 1);
	paintCostOutline(view, facts.cost, 1, 1 - lit);
	paintSquare(view, ...view.places.square, Math.sqrt(turned.cost) * view.places.unitOfAll, { filled: 0.9 * lit });
	paintCostNumber(view, turned.cost, lit * (1 - rainAt(t)), facts.cost);
}

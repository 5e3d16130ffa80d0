// --- Scene 8: every wire turns by the wish after it times the activation before it.

const BRIGHT_AT = 1.2; // one wire from a bright pixel, and one from a dark one
const DARK_AT = 3.4;
const BIAS_AT = 5.6;
const PATCHES_AT = 9.6;
const GRID_AT = 12.6;
const REST_AT = 17.4; // the other layers join
const TURN_AT = 25.6;
const TURN_SECONDS = 4.4;
const TURN_BET_AT = 34.2;
const RAIN_AT = 34.7; // test digits fall into view, each with its answer
const RAIN_SECONDS = 3.2;
const WHY_AT = 41.6;

const turnScene = {
	id: "turn",
	doors: ["chain"],
	seconds: 47.4,
	captions: () => [
		[0, "turn.1", PATCHES_AT - 2.1],
		[PATCHES_AT - 0.5, "turn.2"],
		[REST_AT - 0.6, "turn.3", TURN_AT - 1.45],
		[TURN_AT - 0.8, "turn.5"],
		[TURN_BET_AT - 0.6, "turn.bet"],
		[RAIN_AT + RAIN_SECONDS - 0.4, "turn.verdict"],
		[WHY_AT, "turn.why", turnScene.seconds - 1.3],
	],
	words: ({ cost, after, label }) => ({
		cost: filmNumber(cost, 2),
		cost_after: costText(after.cost),
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
		[GRID_AT, 1.8, (places) => places.knobs],
		[TURN_AT - 1.4, 1.8, (places) => places.whole],
	],
	paint(view, facts, t) {
		const turned = facts.turned(rise(t, TURN_AT + 0.6, TURN_SECONDS));
		const open = within(t, GRID_AT - 1, TURN_AT + 0.6, 1);
		const dim = 1 - open;
		const quiet = within(t, 0.4, TURN_AT, 1.2);
		const { digit } = facts;
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintWorking(view, facts, {
			result: turned.result,
			params: turned.net.params,
			wires: dim * (0.34 * (1 - quiet) + 0.5 * rise(t, TURN_AT, 1.2)),
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
		paintOneWeight(view, facts, within(t, TURN_AT - 0.2, TURN_AT + TURN_SECONDS + 0.4, 0.6));
		if (open < 1) paintShrinking(view, facts, t, turned, dim);
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
		paintLine(view, start, end, colours.ring, 0.6, alpha);
		if (value * met > 0) {
			const lit = [-0.5, 0.5].map((half) => blendAll(start, end, 0.5 + half * met));
			paintLine(view, ...lit, tint(wish), 0.6 + 4.4 * value * met, alpha);
		}
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
			? [end[0], end[1] + (4.7 + 0.8 * side) * radius]
			: [start[0] - 0.6 * radius, start[1] + 2.1 * side * radius];
		paintLines(view, product, ...place, upright ? 17 : 19, {
			alpha: alpha * met,
			colour: value ? tint(wish) : colours.text,
		});
	});
	const carried = filmWords("label.carried", { neuron: `A${neuron + 1}`, wish: filmNumber(wish, 3) });
	const beside = upright ? [end[0], end[1] - 5.4 * radius] : [end[0] + 3.5 * radius, end[1]];
	paintLines(view, carried, ...beside, upright ? 17 : 19, {
		alpha: within(t, BRIGHT_AT, PATCHES_AT - 1.2, 0.8),
		colour: tint(wish),
		align: upright ? "center" : "left",
	});
	const ofBias = filmWords("label.bias_turn", { wish: filmNumber(wish, 3) });
	const place = upright ? [end[0], end[1] + 7.2 * radius] : [end[0] - 7.5 * radius, end[1] + 5.8 * radius];
	letters(view, ofBias, ...place, upright ? 17 : 19, {
		alpha: within(t, BIAS_AT, PATCHES_AT - 1.2, 0.8),
		colour: tint(wish),
	});
}

/** One of the two weights in numbers: before and after the step. */
function paintOneWeight(view, facts, alpha) {
	if (alpha <= 0) return;
	const { neuron, bright } = facts.hands;
	const before = facts.start.params[16 * bright + neuron];
	const turn = facts.turns[16 * bright + neuron];
	const [x, y] = view.upright ? [199, 40] : [8, 538];
	const values = {
		before: filmNumber(before, 3),
		turn: `${turn < 0 ? "−" : "+"} ${filmNumber(abs(turn), 3)}`,
		after: filmNumber(before + turn, 3),
	};
	filmWords("label.weight", values).forEach((line, n) =>
		letters(view, line, x, y + n * (view.upright ? 18 : 28), view.upright ? 15.5 : 18, {
			alpha,
			align: view.upright ? "center" : "left",
		}),
	);
}

/** How much the falling digits hide of the picture. */
const rainAt = (t) => within(t, RAIN_AT - 0.4, turnScene.seconds - 0.05, 0.8);

/** Where one of the falling digits comes to rest, and how many there is room for. */
function rainPlaces({ upright, size }) {
	const [columns, rows, left, top, across, down, side] = upright
		? [10, floor((size[1] - 20) / 62), 6, 10, 38.2, 62, 34]
		: [28, 11, 46, 34, 42.8, 54, 31];
	return { room: columns * rows, at: (n) => [left + (n % columns) * across, top + floor(n / columns) * down, side] };
}

/** Test digits fall into view, each with what the network says of it after the step. */
function paintRain(view, facts, t) {
	paintVeil(view, rainAt(t));
	const alpha = within(t, RAIN_AT - 0.2, turnScene.seconds - 0.8, 0.5);
	if (alpha <= 0) return;
	const { room, at } = rainPlaces(view.places);
	const cells = examples.test.slice(0, room).map((one, n) => {
		const from = RAIN_AT - 0.3 + (((n * 61) % 97) / 97) * (RAIN_SECONDS - 1.6);
		const [x, y, side] = at(n);
		const fallen = rise(t, from, 1);
		return [
			one,
			[x, y - (1 - fallen) * 240, side],
			facts.after.answers[n],
			alpha * min(1, 2 * fallen),
			alpha * rise(t, from + 0.9, 0.4),
		];
	});
	paintAnswers(view, cells, 16, colours.mark);
}

/** The turns of all knobs, first at the neurons of A, then in their places; and how large they are in each layer. */
function paintTurns(view, facts, t) {
	const { places, upright, pen } = view;
	const shown = 1 - rise(t, TURN_AT - 1.4, 0.9);
	if (t < PATCHES_AT || shown <= 0) return;
	const pictures = facts.pictures("turns", () => fieldPictures(facts.start, facts.turns, facts.mostTurned, true));
	paintFields(view, pictures, {
		patch: (k) => [rise(t, PATCHES_AT + k * 0.1, 0.6) * shown, rise(t, GRID_AT + k * 0.06, 1.6)],
		field: (n) => rise(t, REST_AT + n * 0.8, 1) * shown,
	});
	nameFields(view, rise(t, REST_AT + 1, 0.8) * shown);
	const seen = rise(t, REST_AT + 2.4, 0.8) * shown;
	const size = upright ? 15.5 : 16;
	const left = upright ? 70 : fieldPlaces(places).second[0];
	const [top, pitch, begin, wide] = upright ? [places.size[1] - 84, 15, 150, 130] : [312, 34, 952, 110];
	const style = { colour: colours.muted, alpha: seen, align: "left" };
	letters(view, filmWords("label.loudest"), left, top, size, style);
	const most = largest(facts.mostTurned);
	facts.mostTurned.forEach((value, layer) => {
		const y = top + (layer + 1) * pitch;
		const length = (value / most) * wide * rise(t, REST_AT + 2.6 + 0.5 * layer, 0.8);
		const bold = upright ? 10 : 18;
		letters(view, filmWords("label.layers")[layer], begin - 10, y, size, { alpha: seen, align: "right" });
		box(pen, begin, y - bold / 2, length, bold, colours.on, seen);
		letters(view, filmNumber(value, value < 0.1 ? 3 : 2), begin + length + 8, y, size, { alpha: seen, align: "left" });
	});
	const counted = rise(t, REST_AT + 4, 0.8) * shown;
	paintTwoPlaces(view, facts, counted);
	letters(view, filmNumber(N_KNOBS, 0), ...(upright ? [300, places.size[1] - 120] : [left, 482]), upright ? 22 : 34, {
		colour: colours.mark,
		alpha: counted,
		align: "left",
	});
}

/** The two numbers of the hill, at their places among those of all knobs. */
function paintTwoPlaces(view, facts, alpha) {
	if (alpha <= 0) return;
	const { pen, upright } = view;
	for (const k of [facts.label, facts.says]) {
		const [x, y, dot] = biasDot(view, k);
		const side = upright ? 1.5 : 2.5;
		const line = k === min(facts.label, facts.says) ? -1 : 1;
		pen.globalAlpha = alpha;
		outline(pen, colours.mark, upright ? 0.8 : 1.6, x - side, y - side, dot + 2 * side, dot + 2 * side);
		pen.globalAlpha = 1;
		const beside = upright ? y + dot / 2 + line * 6 : fieldPlaces(view.places).third[1] + 26 + line * 13;
		const place = [x + dot + (upright ? 7 : 16), beside];
		letters(view, `${k}: ${signedNumber(facts.wishes[3][k])}`, ...place, upright ? 15.5 : 18, {
			colour: tint(facts.wishes[3][k]),
			alpha,
			align: "left",
			bold: true,
		});
	}
}

/** The square: an outline where it began, and yellow while it shrinks. */
function paintShrinking(view, facts, t, turned, shown) {
	const lit = rise(t, TURN_AT - 0.4, 1) * shown;
	paintCostOutline(view, facts.cost, shown, 1 - rise(t, TURN_AT - 0.4, 1));
	paintSquare(view, ...view.places.square, Math.sqrt(turned.cost) * view.places.unit, { filled: 0.9 * lit });
	paintCostNumber(view, turned.cost, lit * (1 - rainAt(t)), facts.cost);
}

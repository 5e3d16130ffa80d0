// --- Scene 8: every wire turns by the wish after it times the activation before it.

const BRIGHT_AT = 0.8; // one wire from a bright pixel, and one from a dark one
const DARK_AT = 2.6;
const PATCHES_AT = 6.2;
const GRID_AT = 9.2;
const REST_AT = 13.2; // the other layers join
const TURN_AT = 22;
const TURN_SECONDS = 4.4;
const TURN_BET_AT = 30.4;
const RAIN_AT = 30.8; // the wall of test digits, each with what was said of it
const FLIP_AT = RAIN_AT + 3.2; // one after the other is said anew
const FLIP_SECONDS = 6;
const WHY_AT = FLIP_AT + FLIP_SECONDS + 3.6;

const turnScene = {
	id: "turn",
	doors: ["chain"],
	seconds: WHY_AT + 5.6,
	captions: () => [
		[0, "turn.1", PATCHES_AT - 1.6],
		[PATCHES_AT - 0.5, "turn.2"],
		[REST_AT - 0.2, "turn.3"],
		[REST_AT + 4.2, "turn.name", TURN_AT - 1.45],
		[TURN_AT - 0.6, "turn.5"],
		[TURN_BET_AT - 0.6, "turn.bet", TURN_BET_AT],
		[RAIN_AT - 0.1, "turn.wall", FLIP_AT - 0.4],
		[FLIP_AT - 0.1, "turn.quiet", FLIP_AT + FLIP_SECONDS - 0.65],
		[FLIP_AT + FLIP_SECONDS - 0.6, "turn.verdict"],
		[WHY_AT, "turn.why", turnScene.seconds - 1.3],
	],
	words: ({ cost, after, before, label, says, turns }) => ({
		says,
		walled: saidTo(before, says),
		length: filmNumber(hypot(...turns), 2),
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
		if (rainAt(t) === 1) return paintRain(view, facts, t);
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
			all: within(t, TURN_AT, TURN_AT + TURN_SECONDS + 1.8, 1.2),
			inputs: dim,
			dim: () => dim,
			says: rise(t, TURN_AT + TURN_SECONDS + 0.6, 0.6),
		});
		paintEnd(view, 1 - rise(t, 0, 0.8));
		paintTurningWires(view, facts, t);
		const wishes = (1 - open) * (1 - rise(t, TURN_AT - 1, 0.8));
		// The wish of the neuron with the two wires is drawn larger, by paintHands.
		const small = (k) => (k === facts.hands.neuron ? 1 - handsAt(t) : 1);
		if (wishes > 0)
			for (const layer of [1, 2, 3]) paintWishesOf(view, facts, layer, (k) => wishes * (layer > 1 || small(k)));
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

const handsAt = (t) => within(t, 0.4, PATCHES_AT - 0.6, 0.7);

/** Two wires into one neuron of A: how bright a pixel is is a width, the wish a height, and the turn their area. */
function paintHands(view, facts, t) {
	const { neuron, bright, dark } = facts.hands;
	const { pen, places, upright } = view;
	const radius = places.radius[1];
	const end = places.at(1, neuron);
	const wish = facts.wishes[1][neuron];
	const gone = handsAt(t);
	if (gone <= 0) return;
	const high = 2.6 * radius;
	[
		[bright, BRIGHT_AT, -1],
		[dark, DARK_AT, 1],
	].forEach(([pixel, from, side]) => {
		const alpha = rise(t, from, 0.6) * gone;
		if (alpha <= 0) return;
		const start = upright
			? [end[0] + 3 * side * radius, end[1] - 5 * radius]
			: [end[0] - 6.4 * radius, end[1] + 2.5 * side * radius];
		const value = facts.input[pixel];
		paintLine(view, start, end, colours.ring, 0.6, alpha);
		const size = radius * 0.8;
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.ground);
		box(pen, start[0] - size, start[1] - size, 2 * size, 2 * size, colours.on, alpha * value);
		pen.globalAlpha = alpha;
		outline(pen, colours.ring, 0.5, start[0] - size, start[1] - size, 2 * size, 2 * size);
		pen.globalAlpha = 1;
		const come = rise(t, from + 0.6, 1.1);
		const filled = part(t, from + 1.7, from + 2.3);
		const middle = blendAll(start, end, 0.5);
		const w = value * 4 * radius;
		const bottom = blendAll([start[0], start[1]], [middle[0], middle[1] + high / 2], come);
		const edge = blendAll([end[0], end[1]], [middle[0] + w / 2, middle[1]], come);
		if (filled > 0) box(pen, middle[0] - w / 2, middle[1] - high / 2, w * filled, high, tint(wish), 0.9 * alpha);
		if (come > 0 && w > 0)
			paintLine(view, [bottom[0] - w / 2, bottom[1]], [bottom[0] + w / 2, bottom[1]], colours.on, radius * 0.18, alpha);
		if (come > 0)
			paintLine(view, [edge[0], edge[1] - high / 2], [edge[0], edge[1] + high / 2], tint(wish), radius * 0.18, alpha);
		const [beside, align] = upright ? [[1.4 * side, 0], side < 0 ? "right" : "left"] : [[0, 1.9], "center"];
		const place = [start[0] + size * beside[0], start[1] + size * beside[1]];
		letters(view, filmNumber(value, value ? 2 : 0), ...place, upright ? 15.5 : 18, { alpha, align });
		if (!w)
			letters(view, 0, middle[0] - radius, middle[1], upright ? 17 : 22, { alpha: alpha * rise(filled, 0.4, 0.4) });
	});
	paintNeuron(view, ...end, radius, facts.result.a[1][neuron], gone);
	const place = upright ? [end[0] + 2.2 * radius, end[1]] : [end[0] + 2.3 * radius, end[1]];
	paintWish(view, place[0], place[1] + (Math.sign(wish) * high) / 2, Math.sign(wish) * high, 2 * radius, gone);
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

/** How much the wall hides of the picture. */
const rainAt = (t) => within(t, RAIN_AT - 0.4, turnScene.seconds - 0.05, 0.8);

/** When a digit of the wall is said anew: a ripple from its middle, first slowly. */
function flipOf(n, places) {
	const { at } = wallPlaces(places);
	const [[x, y], [mx, my]] = [at(n), at(152)];
	const far = min(1, hypot(x - mx, y - my) / (0.56 * places.size[places.upright ? 1 : 0]));
	const own = (((n * 61) % 97) / 97) * 0.1;
	return FLIP_AT + FLIP_SECONDS * min(1, 0.9 * far ** 0.8 + own) - 0.4;
}

/** The wall of all test digits: where one of them is, [x, y, side], the size of its answer, and where the count is. */
function wallPlaces({ upright, size }, half = false) {
	if (half) {
		const [columns, left, top, across, down, side] = upright
			? [25, 7, size[1] - 258, 15.2, 19.5, 14]
			: [20, 566, 28, 26.2, 37, 24];
		const at = (n) => [left + (n % columns) * across, top + floor(n / columns) * down, side];
		return { at, text: 0, count: upright ? [195, size[1] - 274] : [828, 606] };
	}
	const [columns, left, top, across, down, side, text] = upright
		? [15, 8, 30, 25, (size[1] - 40) / 20, 14, 15]
		: [28, 46, 34, 42.8, 54, 31, 16];
	const at = (n) => [left + (n % columns) * across, top + floor(n / columns) * down, side];
	return { at, text, count: upright ? [195, 14] : [1066, 600] };
}

/** The wall of test digits, each with what the network said of it before the step, and then with what it says now. */
function paintRain(view, facts, t) {
	paintVeil(view, rainAt(t));
	const alpha = within(t, RAIN_AT - 0.2, turnScene.seconds - 0.8, 0.5);
	if (alpha <= 0) return;
	const { at, text, count } = wallPlaces(view.places);
	const flipped = examples.test.map((_, n) => part(t, flipOf(n, view.places), flipOf(n, view.places) + 0.35));
	const old = [];
	const now = [];
	examples.test.forEach((one, n) => {
		const u = flipped[n];
		const [x, y, side] = at(n);
		const shown = alpha * rise(t, RAIN_AT - 0.2 + 0.9 * (n / 300), 0.5);
		const hop = 5 * Math.sin(Math.PI * u);
		(u < 0.5 ? old : now).push([
			one,
			[x, y - hop, side],
			(u < 0.5 ? facts.before : facts.after.answers)[n],
			shown,
			shown,
		]);
	});
	const loud = (cells) => cells.map(([one, place, { says }, p, q]) => [one, place, { says, activation: 1 }, p, q]);
	paintAnswers(view, loud(old), text, colours.on);
	paintAnswers(view, loud(now), text, colours.mark);
	const changed = flipped.filter((u, n) => u >= 0.5 && facts.after.answers[n].says === facts.label).length;
	const still = examples.test.filter((_, n) => flipped[n] < 0.5 && facts.before[n].says === facts.says).length;
	const isFlipping = t > FLIP_AT - 0.3;
	letters(
		view,
		isFlipping ? `${facts.label}: ${changed}` : `${facts.says}: ${still}`,
		...count,
		view.upright ? 19 : 34,
		{ colour: isFlipping ? colours.mark : colours.on, alpha: alpha * rise(t, RAIN_AT + 0.6, 0.5), bold: true },
	);
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

// --- Scene 10: heaps of pixels that it calls a digit, and the own digit changed until it reads another.

const DIM = 0.2;
const FIRST_HEAP_AT = 3.2; // it is read, whatever it is called
const HEAP_BET_AT = 8.4;
const WALL_AT = 8.8; // the network goes
const WALL_COMES = WALL_AT + 0.8; // a thousand heaps come into view
const SURE_AT = 11; // those that are called a digit for sure
const WALL_END = 19.2;
const RESTORE_AT = WALL_END + 0.2;
const OWN_AT = RESTORE_AT + 0.9; // from when on it is read
// From when on each is in the network, and when it is read: the digit of the last scene has been.
const READ_AT = [
	[0, -9],
	[FIRST_HEAP_AT, FIRST_HEAP_AT],
	[RESTORE_AT, OWN_AT],
];
const FOOL_WISHED_AT = RESTORE_AT + 2.2; // at the outputs
const FOOL_BACK_AT = [4, 3.4, 2.8].map((after) => RESTORE_AT + after); // when wishes start from A, B and the outputs
const FOOL_BACK_SECONDS = 1;
const INTO_PICTURE_AT = RESTORE_AT + 4.8; // the pixels' wishes go from the inputs to the picture
const FOOL_AT = RESTORE_AT + 6.7;
const FOOL_END = FOOL_AT + 4.6;
const COMPARED_AT = FOOL_END + 0.8;
const FOOL_RANDOM_AT = COMPARED_AT + 4.6;
const LAST_AT = FOOL_RANDOM_AT + 3.4;
const AT_REST = LAST_AT + 3.6; // the network at rest, for as long as one likes

const examScene = {
	id: "exam",
	doors: ["playground"],
	inkFrom: AT_REST,
	/** At rest: a neuron of A is turned up and down, an output is pulled along its bar, and the pixels follow. */
	grab(facts, t, places, [x, y]) {
		if (!isAtRest(t)) return null;
		const patch = range(16).find((k) => {
			const [left, top, side] = fieldPlaces(places).patch(k);
			return x > left && x < left + side && y > top && y < top + side;
		});
		if (patch !== undefined) {
			const [, , side] = fieldPlaces(places).patch(patch);
			const start = facts.played.a[1][patch];
			return (to) => facts.holding(patch, clamp(start + (y - to[1]) / side));
		}
		const output = range(10).find((k) => {
			const ends = [places.at(3, k), barPlace(places, k, 1)];
			const half = abs(places.at(3, 1)[places.upright ? 0 : 1] - places.at(3, 0)[places.upright ? 0 : 1]) / 2;
			return [x, y].every((value, c) => {
				const [low, high] = [min(ends[0][c], ends[1][c]), max(ends[0][c], ends[1][c])];
				return value > low - half && value < high + half;
			});
		});
		if (output === undefined) return null;
		const zero = barPlace(places, output, 0);
		return (to) => facts.pulling(output, clamp((places.upright ? zero[1] - to[1] : to[0] - zero[0]) / places.unit));
	},
	handles: ({ scribble }, t) =>
		t > FIRST_HEAP_AT && t < HEAP_BET_AT && !scribble ? [{ key: "handle.shuffle", value: 0 }] : [],
	change: (facts, [presses]) => facts.reshuffled(presses),
	seconds: AT_REST + 16, // of play, before the card comes
	captions: (facts) => [
		[0, facts.scribble ? "other.scribble" : "exam.1", FIRST_HEAP_AT],
		[FIRST_HEAP_AT + 1.2, facts.isLearned && isSaid(facts.strange) ? "exam.first" : "exam.dark"],
		[HEAP_BET_AT - 0.5, "exam.bet"],
		[SURE_AT, "exam.verdict"],
		[SURE_AT + 3.9, "exam.why", WALL_END - 0.85],
		[WALL_END, "exam.own", FOOL_WISHED_AT],
		[FOOL_BACK_AT[2] + 0.1, "exam.wish", FOOL_AT - 0.15],
		[FOOL_AT - 0.4, "exam.steps"],
		[COMPARED_AT - 0.2, facts.isLearned ? fooledCaption(facts) : "exam.2"],
		[FOOL_RANDOM_AT, "exam.random", LAST_AT - 0.25],
		[LAST_AT, "exam.3"],
		[AT_REST, "exam.rest"],
	],
	words(facts, key) {
		if (key === "exam.rest") return {};
		if (key === "exam.first" || key === "exam.dark") {
			const { says, activation } = facts.strange;
			return { heap: says, heap_activation: filmNumber(activation, 2) };
		}
		const { heaps, fooled } = facts;
		return {
			sure: filmNumber(heaps.sure.length, 0),
			heaps: filmNumber(HEAPS, 0),
			real: filmPercent(facts.realSure),
			change: filmPercent(fooled.change, 1),
			wanted: fooled.target,
			fooled: fooled.says,
			fooled_activation: filmNumber(fooled.result.a[3][fooled.says], 2),
			random: fooled.random.says,
			random_activation: filmNumber(fooled.random.activation, 2),
		};
	},
	pauses: [
		{
			at: HEAP_BET_AT,
			kind: "bet",
			right: ({ heaps: { sure } }) => [0, 9, HEAPS].findIndex((most) => sure.length <= most),
		},
	],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const { final } = facts;
		if (isAtRest(t)) return paintAtRest(view, facts, 1);
		const isCompared = t > COMPARED_AT + 0.8 && t < LAST_AT;
		if (!isCompared) paintExamined(view, facts, t);
		paintCostOutline(view, facts.cost, 1 - rise(t, 0.4, 1));
		const lit = 1 - rise(t, 0.2, 1);
		paintSquare(view, ...view.places.square, Math.sqrt(final.cost) * view.places.unit, { filled: 0.9 * lit });
		paintCostNumber(view, final.cost, lit, facts.cost);
		paintFirstAndLast(view, facts, lit);
		// The network goes before the wall comes, and comes back after the wall has gone.
		paintVeil(view, within(t, WALL_AT, WALL_END + 0.9, 0.8));
		paintWall(view, facts, t);
		paintVeil(view, within(t, COMPARED_AT, LAST_AT + 0.8, 0.8));
		paintCompared(view, facts, t);
		if (t < AT_REST) return;
		paintVeil(view, rise(t, AT_REST, 0.8));
		paintAtRest(view, facts, rise(t, AT_REST + 0.4, 0.9));
	},
};

/** Whether the network is at rest, and all of the picture can be dragged. */
const isAtRest = (t) => t > AT_REST + 1.4;

const restPictures = new WeakMap(); // by network

/** The network at rest: the digit, the weights of A with a frame as bright as each neuron is, and the outputs. */
function paintAtRest(view, facts, alpha) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const { restNet: net, played, digit } = facts;
	if (!restPictures.has(net)) {
		const most = 0.6 * largest(net.params.subarray(0, net.layers[0].b));
		restPictures.set(net, fieldPictures(net, net.params, [most, most, most]));
	}
	paintPad(view, { lines: [], digit, centred: 1, sharp: 1, frame: 0.5 });
	paintFields(view, restPictures.get(net), { patch: () => [alpha, 1], field: () => 0 });
	const focused = focusedDial();
	const fields = fieldPlaces(places);
	played.a[1].forEach((value, k) => {
		const [x, y, side] = fields.patch(k);
		pen.globalAlpha = alpha * (0.12 + 0.88 * value);
		outline(pen, colours.on, side / 30, x, y, side, side);
		pen.globalAlpha = alpha;
		if (k === focused) outline(pen, colours.positive, side / 20, x, y, side, side);
		pen.globalAlpha = 1;
	});
	const outputs = played.a[3];
	const says = winner(outputs);
	const thick = upright ? 5 : 9;
	outputs.forEach((value, k) => {
		const [x, y] = places.at(3, k);
		const [zero, end, whole] = [0, value, 1].map((one) => barPlace(places, k, one));
		paintLine(view, zero, whole, colours.line, thick, alpha);
		paintLine(view, zero, end, k === says ? colours.mark : colours.on, thick, alpha);
		paintNeuron(view, x, y, places.radius[3], value, alpha);
		letters(view, k, x + places.name[0], y + places.name[1], upright ? 15.5 : 19, { alpha });
		paintRing(view, x, y, places.radius[3] * 1.35, k === says ? alpha : 0);
		if (k + 16 !== focused) return;
		pen.globalAlpha = alpha;
		pen.strokeStyle = colours.positive;
		pen.lineWidth = places.radius[3] / 5;
		pen.beginPath();
		pen.arc(x, y, places.radius[3] * 1.5, 0, 7);
		pen.stroke();
		pen.globalAlpha = 1;
	});
	paintVerdictOf(view, says, alpha, outputs[says]);
}

/** Whether an output is so bright that it counts as an answer: below, it says no to everything. */
const isSaid = ({ activation }) => activation > DIM;

/** The network and what it reads: heaps, then the own digit, whose pixels change at last. */
function paintExamined(view, facts, t) {
	const { digit, fooled, final } = facts;
	const heap = facts.strange;
	const restored = rise(t, RESTORE_AT, 0.9);
	const step = t < LAST_AT - 1 ? Math.round((fooled.path.length - 1) * part(t, FOOL_AT, FOOL_END)) : 0;
	const own = fooled.path[step];
	const isHeap = t >= FIRST_HEAP_AT && t < RESTORE_AT;
	const { image, result } = isHeap ? heap : own;
	const [, started] = READ_AT.findLast(([from]) => from <= t);
	paintPad(view, { lines: [], digit, centred: 1, sharp: 0, frame: 0.5 });
	const covered = facts.scribble ? within(t, 0.6, RESTORE_AT + 0.6, 0.6) : 0;
	if (covered < 1 && step === 0) paintSwirl(view, digit, heap, t, restored);
	if (covered > 0) {
		coverImage(view, covered);
		paintPicture(view, facts.scribble.picture, ...view.places.image, view.places.image[2], covered);
	}
	const wishing = within(t, FOOL_WISHED_AT, FOOL_AT, 0.6);
	const unread = within(t, 0.6, FIRST_HEAP_AT, 1.2) + within(t, RESTORE_AT - 0.5, OWN_AT, 0.5);
	paintWorking(view, facts, {
		shown: 1 - 0.9 * unread,
		result,
		image: t < FIRST_HEAP_AT ? facts.input : image,
		params: final.net.params,
		wave: 3 * part(t, started, started + 1.2),
		all: within(t, FIRST_HEAP_AT - 0.6, FIRST_HEAP_AT + 2.6, 0.6) + within(t, OWN_AT - 0.6, OWN_AT + 2.6, 0.6),
		wires: 0.85 * (1 - 0.9 * wishing),
		says: rise(t, started + 1.2, 0.3) * (isHeap && !isSaid(heap) ? 0 : 1),
	});
	paintActivations(
		view,
		{ result },
		within(t, FIRST_HEAP_AT + 1.2, WALL_AT, 0.4) +
			within(t, OWN_AT + 1, FOOL_WISHED_AT, 0.4) +
			within(t, FOOL_AT - 0.6, LAST_AT + 9, 0.4),
		t > FOOL_AT - 0.6 && t < LAST_AT - 1 ? [final.says, fooled.target] : [],
	);
	const says = winner(result.a[3]);
	const isTold = !isHeap || isSaid(heap);
	const told = within(t, FIRST_HEAP_AT + 1.4, WALL_AT, 0.4) + within(t, OWN_AT + 1.4, LAST_AT + 9, 0.5);
	paintVerdictOf(view, says, isTold ? told : 0, t > RESTORE_AT ? result.a[3][says] : undefined);
	paintPixelWishes(view, facts, t);
	if (step > 0) paintChange(view, facts, step, 1 - rise(t, COMPARED_AT, 0.6));
}

/** The wishes for another answer: from the outputs back to A as for the weights, and then into the pixels. */
function paintPixelWishes(view, facts, t) {
	const shown = within(t, FOOL_WISHED_AT, FOOL_AT + 0.4, 0.5);
	if (shown <= 0) return;
	const { places, upright } = view;
	const { wishes, wires } = facts.pixelWishes;
	const most = largest(wishes[3]);
	for (let k = 0; k < sizes[3]; k++) {
		const [x, y] = places.at(3, k);
		const size = (wishes[3][k] / most) * (upright ? 20 : 30) * rise(t, FOOL_WISHED_AT, 0.6);
		const alpha = 1 - rise(t, FOOL_AT - 1, 0.4);
		paintWish(view, x + places.value[0], y + places.value[1] + size / 2, size, upright ? 20 : 26, alpha);
	}
	wires.forEach((some, layer) => {
		const shares = new Map(some.map(([i, j, share]) => [i * 16 + j, share]));
		const share = (i, j) => shares.get(i * 16 + j);
		const run = part(t, FOOL_BACK_AT[layer], FOOL_BACK_AT[layer] + FOOL_BACK_SECONDS);
		const alpha = within(t, FOOL_BACK_AT[layer] - 0.2, FOOL_BACK_AT[layer] + FOOL_BACK_SECONDS + 0.6, 0.4);
		if (alpha <= 0) return;
		paintWires(view, some, layer, share, { alpha: 0.8 * alpha });
		// One after the other, so that a stream is seen.
		const place = (i, j) => part(run, 0.3 * ((i * 0.37 + j * 0.61) % 1), 0.7 + 0.3 * ((i * 0.37 + j * 0.61) % 1));
		const radius = layer ? 6 : 4.6;
		paintDots(view, some, layer, share, place, upright ? 0.6 * radius : radius, alpha);
	});
	paintPixelWishesFly(view, wishes[0], t);
}

/** The wishes of the pixels on their way from the inputs to the picture. */
function paintPixelWishesFly({ pen, places }, wishes, t) {
	const flown = rise(t, INTO_PICTURE_AT, 1.2);
	const alpha = within(t, INTO_PICTURE_AT - 0.6, FOOL_AT + 0.4, 0.4);
	if (alpha <= 0) return;
	const most = largest(wishes);
	const size = blend(places.ribbon[2], places.image[2] / SIDE, flown);
	wishes.forEach((wish, k) => {
		const strength = (abs(wish) / most) ** 0.7;
		if (strength < 0.08) return;
		const [x, y] = blendAll(places.input(k), places.pixel(k), flown);
		box(pen, x - size / 2, y - size / 2, size, size, tint(wish), alpha * strength);
	});
}

/** All heaps, with a frame around those that are called a digit for sure. */
function paintWall(view, facts, t) {
	const { wall, sure } = facts.heaps;
	const alpha = within(t, WALL_COMES, WALL_END + 0.4, 0.8);
	if (alpha <= 0) return;
	const { pen, places } = view;
	const [x, y, width, columns] = places.wall;
	const cell = width / columns;
	const rows = HEAPS / columns;
	const place = (n) => [x + (n % columns) * cell, y + floor(n / columns) * cell];
	const shown = ceil(HEAPS * rise(t, WALL_COMES, SURE_AT - WALL_COMES - 0.8));
	pen.globalAlpha = alpha;
	pen.imageSmoothingEnabled = true;
	const some = 5; // heaps that are neighbours, however many are in a row
	for (let n = 0; n < shown; n += some) {
		const from = [(n % HEAP_COLUMNS) * SIDE, floor(n / HEAP_COLUMNS) * SIDE];
		pen.drawImage(wall.canvas, ...from, some * SIDE, SIDE, ...place(n), some * cell, cell);
	}
	pen.strokeStyle = colours.ground;
	pen.lineWidth = cell * 0.12;
	pen.beginPath();
	for (let k = 0; k <= max(columns, rows); k++) {
		pen.moveTo(x + min(k, columns) * cell, y);
		pen.lineTo(x + min(k, columns) * cell, y + rows * cell);
		pen.moveTo(x, y + min(k, rows) * cell);
		pen.lineTo(x + width, y + min(k, rows) * cell);
	}
	pen.globalAlpha = 1;
	pen.stroke();
	sure.forEach((n, k) => {
		pen.globalAlpha = alpha * rise(t, SURE_AT - 0.6 + (k / sure.length) * 1.6, 0.4);
		outline(pen, colours.mark, cell * 0.1, ...place(n), cell, cell);
	});
	pen.globalAlpha = 1;
}

/** What the fooling came to. */
function fooledCaption({ fooled, final, label }) {
	if (fooled.holds) return "other.held";
	return final.says === label ? "exam.2" : "other.reverse";
}

/** The pixels on their way from the digit to the heap, and back. */
function paintSwirl(view, digit, heap, t, restored) {
	const { pen, places } = view;
	const out = heap.order ? rise(t, 0.6, 2.6) * (1 - restored) : 0; // a drawing is no heap
	const [x, y, side] = places.image;
	const size = side / SIDE;
	if (out === 0) return paintPicture(view, digit.picture, x, y, side);
	pen.fillStyle = colours.on;
	heap.order.forEach((from, to) => {
		const value = digit.image[from];
		if (value < 0.04) return;
		const start = [x + (from % SIDE) * size, y + floor(from / SIDE) * size];
		const end = [x + (to % SIDE) * size, y + floor(to / SIDE) * size];
		const middle = [x + side / 2, y + side / 2];
		const angle = Math.sin(Math.PI * out) * 1.4;
		const [px, py] = blendAll(start, end, out);
		const [dx, dy] = [px - middle[0], py - middle[1]];
		pen.globalAlpha = value;
		pen.fillRect(
			middle[0] + dx * Math.cos(angle) - dy * Math.sin(angle),
			middle[1] + dx * Math.sin(angle) + dy * Math.cos(angle),
			size * 1.02,
			size * 1.02,
		);
	});
	pen.globalAlpha = 1;
}

/** The digit after a step of the fooling, and what has changed so far, on the scale of the last step. */
const fooledPictures = (facts, step) =>
	facts.pictures(`fooled${step}`, () => {
		const { path, most } = facts.fooled;
		const { image } = path[step];
		const difference = image.map((value, k) => value - facts.input[k]);
		return [brightPicture(image), signedPicture(difference, SIDE, most, 0.7)];
	});

/** The digit as it is changed, and beside it the change so far in blue and orange. */
function paintChange(view, facts, step, alpha) {
	const { places, upright } = view;
	const [x, y, side] = places.image;
	const [picture, changes] = fooledPictures(facts, step);
	paintPicture(view, picture, x, y, side);
	const small = side * (upright ? 0.9 : 0.78);
	const place = upright ? [x + side + 22, y] : [x + (side - small) / 2, y + side + 14];
	paintPicture(view, changes, ...place, small, small, alpha);
	const [, strong] = filmWords("label.pictures");
	const [middle, below] = upright ? [place[0] + small / 2, 9] : [8, 16];
	letters(view, strong, middle, place[1] + small + below, upright ? 15.5 : 18.2, {
		alpha,
		align: upright ? "center" : "left",
	});
}

/** Where one of the four pictures is compared with the others, [x, y, side]. */
function comparedPlace({ upright, size }, n) {
	if (upright) return [32 + (n % 2) * 180, 8 + (floor(n / 2) * (size[1] + 4)) / 2, 146];
	return [48 + n * 304, 110, 272];
}

/** Before, the change, after, and as much change at random: large, each with what the network says of it. */
function paintCompared(view, facts, t) {
	const alpha = within(t, COMPARED_AT + 0.6, LAST_AT + 0.2, 0.4);
	if (alpha <= 0) return;
	const { fooled, final, digit } = facts;
	const [after, changes] = fooledPictures(facts, fooled.path.length - 1);
	const random = facts.pictures("random", () => brightPicture(fooled.random.image));
	const labels = filmWords("label.pictures");
	[
		[digit.picture, final.result, 0],
		[changes, null, 0.3],
		[after, fooled.result, 0.6],
		[random, fooled.random.result, FOOL_RANDOM_AT - COMPARED_AT - 0.4],
	].forEach(([picture, result, from], n) => {
		const { upright, pen } = view;
		const [x, y, side] = comparedPlace(view.places, n);
		const shown = alpha * rise(t, COMPARED_AT + 0.6 + from, 0.6);
		if (shown <= 0) return;
		paintPicture(view, picture, x, y, side, side, shown);
		pen.globalAlpha = shown;
		outline(pen, colours.ring, side / 200, x, y, side, side);
		pen.globalAlpha = 1;
		const middle = x + side / 2;
		letters(view, labels[n], middle, y + side + (upright ? 16 : 28), upright ? 15.5 : 20, { alpha: shown });
		const line = y + side + (upright ? 54 : 112);
		if (!result) {
			const scale = labels.slice(4);
			scale.forEach((text, k) =>
				letters(view, text, middle, y + side + (upright ? 36 + 18 * k : 64 + 28 * k), upright ? 15.5 : 18.2, {
					colour: colours.muted,
					alpha: shown,
				}),
			);
			return;
		}
		const says = winner(result.a[3]);
		const size = (upright ? 56 : 148) * view.scale;
		const style = { colour: says === final.says ? colours.text : colours.mark, alpha: shown };
		letters(view, says, middle - side * 0.16, line, size / view.unit, style);
		letters(view, filmNumber(result.a[3][says], 2), middle + side * 0.18, line, upright ? 17 : 24, style);
	});
}

/** What it says, as large as the digit, and how bright that output is. */
function paintVerdictOf(view, says, alpha, activation) {
	const { places, upright } = view;
	const [x, y] = upright ? places.square : [places.square[0], places.image[1] + places.image[2] / 2];
	const style = { colour: colours.mark, alpha };
	letters(view, says, x, y, (places.image[2] * view.scale * 0.9) / view.unit, style);
	if (activation === undefined) return;
	letters(view, filmNumber(activation, 2), x, y + places.image[2] * (upright ? 0.48 : 0.6), upright ? 16 : 26, style);
}

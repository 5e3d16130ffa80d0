// --- Scene 9: heaps of pixels that it calls a digit, and the own digit changed until it reads another.

const FIRST_HEAP_AT = 3.4; // it is read, whatever it is called
const HEAP_BET_AT = 7.6;
const WALL_AT = 8.2; // a thousand heaps come into view
const SURE_AT = 11.1; // those that are called a digit for sure
const WALL_END = 16.5; // one of them flies out
const RESTORE_AT = 22.5;
const [HEAP_AT, OWN_AT] = [WALL_END + 1.4, RESTORE_AT + 1]; // from when on each is read
// From when on each is in the network, and when it is read: the digit of the last scene has been.
const READ_AT = [
	[0, -9],
	[FIRST_HEAP_AT, FIRST_HEAP_AT],
	[WALL_AT + 1, HEAP_AT],
	[RESTORE_AT, OWN_AT],
];
const FOOL_AT = 25;
const FOOL_END = 30;
const LAST_AT = 36;

const examScene = {
	id: "exam",
	doors: ["playground"],
	handles: (_, t) => (t > WALL_END && t < RESTORE_AT ? [{ key: "handle.shuffle", value: 0 }] : []),
	change: (facts, [presses]) => facts.reshuffled(presses),
	seconds: 43.5,
	captions: (facts) => [
		[0, "exam.1"],
		[FIRST_HEAP_AT + 1.2, "exam.first"],
		[HEAP_BET_AT - 0.6, "exam.bet"],
		[SURE_AT, "exam.verdict"],
		[WALL_END, facts.scribble ? "other.scribble" : "exam.heap"],
		[RESTORE_AT, "exam.own"],
		[FOOL_END, facts.isLearned ? fooledCaption(facts) : "exam.2"],
		[LAST_AT, "exam.3"],
	],
	words(facts, key) {
		const { heaps, fooled } = facts;
		const heap =
			{ "other.scribble": facts.scribble && facts.scribbled, "exam.first": facts.firstHeap }[key] ?? facts.heap;
		return {
			heap: heap.says,
			heap_activation: filmNumber(heap.activation, 2),
			sure: filmNumber(heaps.sure.length, 0),
			heaps: filmNumber(HEAPS, 0),
			change: filmPercent(fooled.change, 1),
			most: filmPercent(fooled.most),
			fooled: fooled.says,
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
		const { digit, fooled, final } = facts;
		const isFirst = t < WALL_AT + 1;
		const found = facts.scribble ? facts.scribbled : facts.heap;
		const heap = isFirst ? facts.firstHeap : found;
		const restored = rise(t, RESTORE_AT, 1);
		const u = rise(t, FOOL_AT, FOOL_END - FOOL_AT) * (1 - rise(t, LAST_AT - 1, 1.2));
		const image = t < RESTORE_AT ? heap.image : facts.input.map((value, k) => blend(value, fooled.image[k], u));
		const isHeap = t >= FIRST_HEAP_AT && t < RESTORE_AT;
		const isFooled = t >= OWN_AT;
		const after = isFooled ? final.net.forward(image) : final.result;
		const result = isHeap ? heap.result : after;
		const [, started] = READ_AT.findLast(([from]) => from <= t);
		paintPad(view, { lines: [], digit, centred: 1, sharp: 0, frame: 0.5 });
		const covered = facts.scribble ? within(t, WALL_AT + 1, RESTORE_AT + 0.6, 0.6) : 0;
		if (covered < 1) paintSwirl(view, facts.digit, isFirst ? facts.firstHeap : facts.heap, t, restored);
		if (covered > 0) {
			coverImage(view, covered);
			paintPicture(view, facts.scribble.picture, ...view.places.image, view.places.image[2], covered);
		}
		if (isFooled) paintChange(view, facts, t, u);
		const unread = within(t, 0.6, FIRST_HEAP_AT, 1.2) + within(t, RESTORE_AT - 0.5, OWN_AT, 0.5);
		paintWorking(view, facts, {
			shown: 1 - 0.9 * unread,
			result,
			image: t < FIRST_HEAP_AT ? facts.input : image,
			params: final.net.params,
			wave: 3 * part(t, started, started + 1.2),
			wires: 0.85,
			says: rise(t, started + 1.2, 0.3),
		});
		paintCostOutline(view, facts.cost, 1 - rise(t, 0.4, 1));
		const lit = 1 - rise(t, 0.2, 1);
		paintSquare(view, ...view.places.square, Math.sqrt(final.cost) * view.places.unit, { filled: 0.9 * lit });
		paintCostNumber(view, final.cost, lit, facts.cost);
		paintLastAnswer(view, final.says, 1 - rise(t, 0.2, 1));
		paintVerdictOf(
			view,
			winner(result.a[3]),
			within(t, FIRST_HEAP_AT + 1.4, WALL_AT + 0.4, 0.5) +
				within(t, HEAP_AT + 1.4, RESTORE_AT, 0.5) +
				within(t, OWN_AT + 1.4, LAST_AT, 0.5),
		);
		paintActivations(view, { result }, within(t, FOOL_AT - 1, LAST_AT, 0.8));
		paintWall(view, facts, t);
	},
};

/** All heaps, with a frame around those that are called a digit for sure. */
function paintWall(view, facts, t) {
	const { wall, sure } = facts.heaps;
	const alpha = within(t, WALL_AT, WALL_END + 0.4, 1);
	// The network comes back after the wall has gone.
	paintVeil(view, 0.96 * within(t, WALL_AT, WALL_END + 1.3, 1));
	if (!facts.scribble) paintFlying(view, facts, t);
	if (alpha <= 0) return;
	const { pen, places } = view;
	const [x, y, width] = places.wall;
	const cell = width / HEAP_COLUMNS;
	const rows = HEAPS / HEAP_COLUMNS;
	const shown = ceil(HEAPS * rise(t, WALL_AT + 0.4, SURE_AT - WALL_AT - 1));
	pen.globalAlpha = alpha;
	pen.imageSmoothingEnabled = true;
	const height = (wall.canvas.height * shown) / HEAPS;
	if (height >= 1)
		pen.drawImage(wall.canvas, 0, 0, wall.canvas.width, height, x, y, width, (rows * cell * shown) / HEAPS);
	pen.strokeStyle = colours.ground;
	pen.lineWidth = cell * 0.12;
	pen.beginPath();
	for (let k = 0; k <= HEAP_COLUMNS; k++) {
		pen.moveTo(x + k * cell, y);
		pen.lineTo(x + k * cell, y + rows * cell);
		pen.moveTo(x, y + min(k, rows) * cell);
		pen.lineTo(x + width, y + min(k, rows) * cell);
	}
	pen.globalAlpha = 1;
	pen.stroke();
	sure.forEach((n, k) => {
		pen.globalAlpha = alpha * rise(t, SURE_AT - 0.6 + (k / sure.length) * 1.6, 0.4);
		const place = [x + (n % HEAP_COLUMNS) * cell, y + floor(n / HEAP_COLUMNS) * cell];
		outline(pen, colours.mark, cell * 0.1, ...place, cell, cell);
	});
	pen.globalAlpha = 1;
}

/** The heap that is read: out of the wall to the place of the digit. */
function paintFlying({ pen, places }, { heaps: { wall, place } }, t) {
	const alpha = within(t, WALL_END - 1, WALL_END + 1.4, 0.4);
	if (alpha <= 0) return;
	const [x, y, width] = places.wall;
	const cell = width / HEAP_COLUMNS;
	const [column, row] = [place % HEAP_COLUMNS, floor(place / HEAP_COLUMNS)];
	const start = [x + column * cell, y + row * cell, cell];
	const [left, top, side] = blendAll(start, places.image, rise(t, WALL_END - 0.6, 1.6));
	box(pen, left, top, side, side, colours.ground, alpha);
	pen.globalAlpha = alpha;
	pen.drawImage(wall.canvas, column * SIDE, row * SIDE, SIDE, SIDE, left, top, side, side);
	outline(pen, colours.mark, side * 0.04, left, top, side, side);
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
	const out = rise(t, 0.6, 2.6) * (1 - restored);
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

/** The digit as it is changed, and beside it the change in blue and orange. */
function paintChange(view, { digit, fooled }, t, u) {
	const { places, upright } = view;
	const [x, y, side] = places.image;
	paintPicture(view, fooled.picture, x, y, side, side, u);
	const shown = within(t, FOOL_AT - 0.4, LAST_AT, 0.8);
	const small = side * (upright ? 0.9 : 0.66);
	const place = upright ? [x + side + 14, y] : [x + (side - small) / 2, y + side + 34];
	paintPicture(view, fooled.changes, ...place, small, small, shown * u);
	const size = upright ? 0.6 * side : small;
	const before = upright ? [x + side + 28 + small, y] : [place[0], y - small - 34];
	const later = shown * rise(t, FOOL_AT + 0.6, 0.8);
	paintPicture(view, digit.picture, ...before, size, size, later);
	const below = upright ? 8 : 17;
	const [own, read, ...change] = filmWords("label.pictures");
	const style = { colour: colours.muted, alpha: later };
	letters(view, own, before[0] + size / 2, before[1] + size + below, 15.5, style);
	letters(view, read, x + side / 2, y + side + below, 15.5, style);
	change
		.slice(0, upright ? 1 : 2)
		.forEach((line, n) => letters(view, line, place[0] + small / 2, place[1] + small + below + 20 * n, 15.5, style));
}

/** What it says, as large as the digit. */
function paintVerdictOf(view, says, alpha) {
	const { places, upright } = view;
	const place = upright ? places.square : [places.square[0], places.image[1] + places.image[2] / 2];
	letters(view, says, ...place, (places.image[2] * view.scale * 0.9) / view.unit, { colour: colours.mark, alpha });
}

// --- Scene 1: a digit becomes 784 numbers, and a network with random weights says something.

const OTHERS_AT = 18;
const OTHER_SECONDS = 0.95; // for each of nine
const OTHERS_END = OTHERS_AT + 9 * OTHER_SECONDS;
const FIRST_WALL_AT = OTHERS_END + 3.8; // and all test digits at once
const FIRST_WALL_SECONDS = 4.6;
const RUB_AT = FIRST_WALL_AT + FIRST_WALL_SECONDS + 1.2; // here the film waits: the digit can be rubbed out
const RUB_SAID = 4; // seconds in which it is told what it says of nothing
const HOW_AT = RUB_AT + RUB_SAID; // how is a digit recognized?
const RULE_AT = HOW_AT + 3.4; // here the film waits: a rule is chosen
const RULE_SECONDS = 6; // in which all test digits are told apart by it
const LUCK_AT = RULE_AT + RULE_SECONDS;
const SHUFFLE_AT = LUCK_AT + 1; // if the first answer was right by luck

/** What is seen before the knobs are shuffled: they are only if the first answer was right. */
const beforeLuck = (facts) => facts.lucky ?? facts;

const numbersScene = {
	id: "numbers",
	doors: ["read"],
	inkFrom: 3,
	seconds: LUCK_AT + 6.5,
	captions: (facts) => [
		[0, "numbers.1"],
		[2.6, "numbers.2", 2.75],
		[6.2, "numbers.in"],
		[12.6, "numbers.3"],
		[15.4, "numbers.4"],
		[16.4, "numbers.bet", 17.2],
		[OTHERS_END, "numbers.verdict", FIRST_WALL_AT - 0.4],
		[FIRST_WALL_AT, "numbers.wall", FIRST_WALL_AT + FIRST_WALL_SECONDS - 0.7],
		[RUB_AT, "rub.ask", RUB_AT],
		[RUB_AT + 0.1, "rub.nothing", HOW_AT - 0.8],
		[HOW_AT, "numbers.5"],
		[RULE_AT - 0.2, "rule.ask", RULE_AT],
		[RULE_AT + 0.1, "rule.fits", LUCK_AT - 0.8],
		...(facts.lucky ? [[LUCK_AT, "other.luck"]] : []),
		[LUCK_AT + (facts.lucky ? 3.4 : 0), "numbers.learn"],
	],
	words: (facts) => ({
		says: beforeLuck(facts).says,
		nothing: nothingLeft(beforeLuck(facts)).says,
		same: beforeLuck(facts).same,
		others: 9,
		all: examples.test.length,
		walled: saidTo(beforeLuck(facts).before, beforeLuck(facts).says),
		...fitsOf(facts),
	}),
	pauses: [
		{ at: 15.6, kind: "label" },
		{ at: 16.8, kind: "bet", right: (facts) => (beforeLuck(facts).same >= 5 ? 0 : 1) },
		{ at: RUB_AT, kind: "touch", id: "rub", touch: () => new Rub() },
		{ at: RULE_AT, kind: "choice", id: "rule" },
	],
	shots: [
		[0, 0, (places) => places.padShot],
		[2.8, 2.2, (places) => places.whole],
	],
	paint(view, seen, t) {
		const wall = max(firstWallAt(t), ruleAt(t));
		if (wall === 1) return paintWalls(view, seen, t);
		const facts = within(t, RUB_AT + 1e-6, RUB_AT + RUB_SAID - 0.4, 0) ? nothingLeft(seen) : seen;
		const { digit } = facts;
		const guest = (t - OTHERS_AT) / OTHER_SECONDS; // which of the other digits is on its way
		const away = within(t, OTHERS_AT - 0.7, OTHERS_END + 0.8, 0.5);
		const sharp = rise(t, 1.5, 0.6);
		paintPad(view, {
			lines: digit.lines,
			digit,
			drawn: t < 0 ? 1 + t / DRAWN_IN : 1,
			centred: rise(t, 0.3, 1.1),
			sharp,
			grid: within(t, 1, 4.6, 0.6),
			frame: 1 - 0.5 * rise(t, 2.8, 1.6),
		});
		if (away > 0) coverImage(view, away);
		const shown = rise(t, 3.2, 1.6);
		if (shown <= 0) return;
		const says = within(t, 12.7, OTHERS_AT, 0.5) + rise(t, OTHERS_END + 0.5, 0.6);
		const own = {
			shown,
			names: 0,
			wave: waveAt(t),
			all: max(1 - rise(t, 13, 1.6), within(t, OTHERS_AT - 0.7, OTHERS_END + 1.4, 0.7)),
			waiting: 0.3 * rise(t, 6.4, 0.8), // only when the pixels have come
			flown: (row, column) => rise(t, 4.4 + row * 0.05 + column * 0.006, 1.3),
			says,
		};
		if (away <= 0 || guest < 0 || guest >= 9) paintShuffled(view, facts, t, own);
		else paintGuest(view, facts, guest);
		paintTally(view, facts, t);
		const rubbing = within(t, RUB_AT - 0.8, RUB_AT + RUB_SAID, 0.6);
		paintActivations(view, beforeLuck(facts), within(t, 13.6, OTHERS_AT, 0.6) + rubbing);
		paintAnswer(view, beforeLuck(facts).says, within(t, 12.7, OTHERS_AT, 0.6) + rubbing, t);
		paintRubbing(view, facts, t);
		paintWalls(view, seen, t);
	},
};

const firstWallAt = (t) => within(t, FIRST_WALL_AT - 0.3, FIRST_WALL_AT + FIRST_WALL_SECONDS, 0.6);
const ruleAt = (t) => within(t, RULE_AT - 0.9, LUCK_AT, 0.7);

/** The walls of test digits, which hide the network. */
function paintWalls(view, facts, t) {
	paintVeil(view, max(firstWallAt(t), ruleAt(t)));
	paintFirstWall(view, beforeLuck(facts), t);
	paintRule(view, facts, t);
}

/** All test digits with what the network says of them: a look ahead at the wall that comes again after the step. */
function paintFirstWall(view, facts, t) {
	const alpha = firstWallAt(t);
	if (alpha <= 0) return;
	const { at, text, count } = wallPlaces(view.places);
	const { before, says } = facts;
	const shown = examples.test.map((_, n) => rise(t, FIRST_WALL_AT + 2.2 * (n / examples.test.length), 0.4));
	paintAnswers(
		view,
		examples.test.map((one, n) => [
			one,
			at(n),
			{ says: before[n].says, activation: 1 },
			alpha * shown[n],
			alpha * shown[n],
		]),
		text,
	);
	const same = before.filter((answer, n) => shown[n] > 0.5 && answer.says === says).length;
	letters(view, `${says}: ${same}`, ...count, view.upright ? 19 : 34, { colour: colours.mark, alpha, bold: true });
}

/** To how many digits a network gives one answer. */
const saidTo = (answers, digit) => answers.filter(({ says }) => says === digit).length;

/** The facts of an empty picture. */
const nothingLeft = (facts) => facts.pictures("nothing left", () => facts.rubbedOut(range(PIXELS)));

/** The digit can be rubbed out: its frame calls, and a hand does it where nobody does. */
function paintRubbing(view, facts, t) {
	const { rub } = facts.touches;
	if (!isNow(t, RUB_AT) || !rub || rub.isTouched) return;
	const [x, y, side] = view.places.image;
	if (rub.isAlone && !rub.empty) {
		const u = 0.5 + 0.36 * Math.sin(2.6 * rub.row);
		return paintPointer(view, [x + u * side, y + (min(rub.row, SIDE - 2) / SIDE) * side], 1);
	}
	view.pen.globalAlpha = rub.empty ? 0 : 1;
	outline(view.pen, colours.mark, side / 60, x - side / 30, y - side / 30, (side * 16) / 15, (side * 16) / 15);
	view.pen.globalAlpha = 1;
}

// What people say of a digit, as rules for pixels: it has a loop; its upper edge is a bar.
const RULES = [hasLoop, hasBar];

/** Whether some pixels without ink are enclosed by ink. */
function hasLoop(image) {
	const isInk = (k) => image[k] > 0.35;
	const reached = new Set([0]);
	for (const k of reached)
		for (const [by, isInside] of [
			[-1, k % SIDE > 0],
			[1, k % SIDE < SIDE - 1],
			[-SIDE, k >= SIDE],
			[SIDE, k < PIXELS - SIDE],
		])
			if (isInside && !isInk(k + by)) reached.add(k + by);
	return range(PIXELS).some((k) => !isInk(k) && !reached.has(k));
}

/** Whether ink goes along half of the digit's width in its upper quarter. */
function hasBar(image) {
	const inked = range(PIXELS).filter((k) => image[k] > 0.35);
	if (!inked.length) return false;
	const [columns, rows] = [inked.map((k) => k % SIDE), inked.map((k) => floor(k / SIDE))];
	const [left, right, top, bottom] = [min(...columns), max(...columns), min(...rows), max(...rows)];
	const upper = rows.map((row, n) => [row, columns[n]]).filter(([row]) => row <= top + (bottom - top) / 4);
	return range(SIDE).some((row) => upper.filter(([one]) => one === row).length > max(4, 0.55 * (right - left + 1)));
}

/** Of all test digits: which of them the chosen rule fits. */
const fitting = (facts) => {
	const n = facts.chosen.rule ?? 0;
	return facts.pictures(`rule ${n}`, () => examples.test.map(({ input }) => RULES[n](input)));
};

/** How many it fits, and how many of these are the visitor's digit. */
function fitsOf(facts) {
	const fits = fitting(facts);
	const own = examples.test.filter(({ label }, n) => fits[n] && label === facts.label).length;
	return { fits: fits.filter(Boolean).length, own };
}

/** All test digits: those that the rule fits are bright, and of these the visitor's digit is framed. */
function paintRule(view, facts, t) {
	const alpha = ruleAt(t);
	if (alpha <= 0) return;
	const { at } = wallPlaces(view.places);
	const fits = fitting(facts);
	const told = rise(t, RULE_AT + 0.1, 1);
	examples.test.forEach((one, n) => {
		const [x, y, side] = at(n);
		paintPicture(view, pictureOf(one), x, y, side, side, alpha * blend(0.6, fits[n] ? 1 : 0.16, told));
		if (!fits[n] || one.label !== facts.label) return;
		view.pen.globalAlpha = alpha * told;
		outline(view.pen, colours.mark, side / 14, x - 1, y - 1, side + 2, side + 2);
		view.pen.globalAlpha = 1;
	});
}

const waveAt = (t) => part(t, 7.2, 9.2) + part(t, 9.2, 10.8) + part(t, 10.8, 12.4);

/** Hides the own digit while others are on their way. */
function coverImage(view, alpha) {
	const [x, y, side] = view.places.image;
	box(view.pen, x + 1, y + 1, side - 2, side - 2, colours.ground, alpha);
}

/** The network; after lucky first answers its knobs change to those of the next start. */
function paintShuffled(view, facts, t, options) {
	const { lucky } = facts;
	const u = lucky ? rise(t, SHUFFLE_AT, 1.6) : 1;
	if (!lucky || u === 1) return paintWorking(view, facts, options);
	const a = lucky.result.a.map((values, layer) => values.map((value, k) => blend(value, facts.result.a[layer][k], u)));
	const wires = abs(1 - 2 * u);
	return paintWorking(view, u < 0.5 ? lucky : facts, { ...options, result: { a }, wires, says: options.says * wires });
}

function paintGuest(view, facts, guest) {
	const early = beforeLuck(facts);
	const one = early.others[floor(guest)];
	const u = guest % 1;
	const [x, y, side] = view.places.image;
	paintPicture(view, pictureOf(one), x, y, side, side, min(1, 8 * u, 8 * (1 - u)));
	const ring = part(u, 0.6, 0.7);
	const wave = 3 * part(u, 0, 0.65);
	paintWorking(view, early, { result: one.result, image: one.input, names: 0, wave, all: 1, says: ring });
}

/** What it says, as large as what was drawn. */
function paintAnswer(view, says, alpha, t) {
	const { places, upright } = view;
	const u = rise(t, 12.8, 1.1);
	const [x, y] = places.at(3, says);
	const start = [x + places.name[0], y + places.name[1]];
	const end = upright ? places.square : [places.square[0], places.image[1] + places.image[2] / 2];
	const size = blend(16, (places.image[2] * view.scale) / view.unit, u);
	letters(view, says, ...blendAll(start, end, u), size, {
		colour: colours.mark,
		alpha,
	});
}

/** The activations of the outputs as numbers, which show more than shades of gray; some larger than the others. */
function paintActivations(view, { result }, alpha, watched = []) {
	const { places, upright } = view;
	const best = winner(result.a[3]);
	for (let k = 0; k < 10; k++) {
		const [x, y] = places.at(3, k);
		const isWatched = watched.includes(k);
		const size = (upright ? 15 : 20) * (isWatched && !upright ? 1.35 : 1);
		const quiet = isWatched ? colours.text : colours.muted;
		letters(view, filmNumber(result.a[3][k], 2), x + places.value[0], y + places.value[1], size, {
			colour: k === best ? colours.mark : quiet,
			alpha,
		});
	}
}

const TALLY_ROW = 6;

/** Where one of the digits with the same answer goes: in rows of six beside the output, or of three below it. */
function tallyPlace(places, answer, place, size) {
	const [x, y] = places.at(3, answer);
	const [left, top] = [x + places.tally[0] - size / 2, y + places.tally[1] - size / 2];
	const step = size + (places.upright ? 1 : 2);
	const towardsMiddle = answer < 5 ? step : -step;
	if (!places.upright) return [left + (place % TALLY_ROW) * step, top + floor(place / TALLY_ROW) * towardsMiddle];
	const first = clamp(left - step, 0, places.size[0] - 3 * step);
	return [first + (place % 3) * step, top + floor(place / 3) * step];
}

/** Each of the other digits beside the output that it was read as. */
function paintTally(view, facts, t) {
	const early = beforeLuck(facts);
	const { places, upright } = view;
	const alpha = 1 - rise(t, FIRST_WALL_AT - 0.3, 0.6);
	if (t < OTHERS_AT || alpha <= 0) return;
	const answers = early.others.map(({ result }) => winner(result.a[3]));
	const size = upright ? 19 : 36;
	early.others.forEach((one, n) => {
		const u = rise(t, OTHERS_AT + (n + 0.62) * OTHER_SECONDS, 0.6);
		if (u <= 0) return;
		const answer = answers[n];
		const place = answers.slice(0, n).filter((other) => other === answer).length;
		const end = tallyPlace(places, answer, place, size);
		const [left, top, side] = places.image;
		// It comes from the side where nothing is written.
		const corner = upright ? end : [end[0] + 40, top];
		const [px, py] = blendAll(blendAll([left, top], corner, u), blendAll(corner, end, u), u);
		paintPicture(view, pictureOf(one), px, py, blend(side, size, u), undefined, alpha);
	});
}

/** A test digit as a picture, made once. */
const testPictures = new WeakMap();
function pictureOf({ input }) {
	if (!testPictures.has(input)) testPictures.set(input, brightPicture(input));
	return testPictures.get(input);
}

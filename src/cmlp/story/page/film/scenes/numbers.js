// --- Scene 1: a digit becomes 784 numbers, and a network with random weights says something.

const OTHERS_AT = 18;
const OTHER_SECONDS = 0.95; // for each of nine
const OTHERS_END = OTHERS_AT + 9 * OTHER_SECONDS;
const LUCK_AT = OTHERS_END + 6;
const SHUFFLE_AT = LUCK_AT + 1; // if the first answer was right by luck

/** What is seen before the knobs are shuffled: they are only if the first answer was right. */
const beforeLuck = (facts) => facts.lucky ?? facts;

const numbersScene = {
	id: "numbers",
	doors: ["read"],
	inkFrom: 3,
	seconds: 38.6,
	captions: (facts) => [
		[0, "numbers.1"],
		[2.6, "numbers.2", 2.75],
		[6.2, "numbers.in"],
		[12.6, "numbers.3"],
		[15.4, "numbers.4"],
		[16.4, "numbers.bet", 17.2],
		[OTHERS_END, "numbers.verdict"],
		facts.lucky ? [LUCK_AT, "other.luck"] : [LUCK_AT - 1.8, "numbers.5"],
		[LUCK_AT + (facts.lucky ? 3 : 1.6), "numbers.learn"],
	],
	words: (facts) => ({ says: beforeLuck(facts).says, same: beforeLuck(facts).same, others: 9 }),
	pauses: [
		{ at: 15.6, kind: "label" },
		{ at: 16.8, kind: "bet", right: (facts) => (beforeLuck(facts).same >= 5 ? 0 : 1) },
	],
	shots: [
		[0, 0, (places) => places.padShot],
		[2.8, 2.2, (places) => places.whole],
	],
	paint(view, facts, t) {
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
			waiting: 0.3 * rise(t, 6.4, 0.8), // only when the pixels have come
			flown: (row, column) => rise(t, 4.4 + row * 0.05 + column * 0.006, 1.3),
			says,
		};
		if (away <= 0 || guest < 0 || guest >= 9) paintShuffled(view, facts, t, own);
		else paintGuest(view, facts, guest);
		paintTally(view, facts, t);
		paintActivations(view, beforeLuck(facts), within(t, 13.6, OTHERS_AT, 0.6));
		paintAnswer(view, beforeLuck(facts).says, t);
	},
};

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
	paintWorking(view, early, { result: one.result, image: one.input, names: 0, wave, says: ring });
}

/** What it says, as large as what was drawn. */
function paintAnswer(view, says, t) {
	const { places, upright } = view;
	const u = rise(t, 12.8, 1.1);
	const [x, y] = places.at(3, says);
	const start = [x + places.name[0], y + places.name[1]];
	const end = upright ? places.square : [places.square[0], places.image[1] + places.image[2] / 2];
	const size = blend(16, (places.image[2] * view.scale) / view.unit, u);
	letters(view, says, ...blendAll(start, end, u), size, {
		colour: colours.mark,
		alpha: within(t, 12.7, OTHERS_AT, 0.6),
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
	const alpha = 1 - rise(t, LUCK_AT - 1, 0.8);
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

// --- Scene 8: the same with ten digits of other people, then two thousand steps, and the visitor's digit at last.

const SEAL_AT = 3.6;
const ASK_AT = 6.4; // ten other digits
const TEN_AT = 7;
const TEN_SECONDS = 0.75;
const FIRST_STEPS_AT = 15.5;
const LEARN_BET_AT = 22.5;
const MANY_AT = 23.5;
const MANY_END = 37;
const HALFWAY = 500; // the step that the bet asks for
const FOUND_SECONDS = 3.6; // for one picture of A, enlarged
const OPENED_AT = MANY_END + FOUND_SECONDS; // the result is told
const SEAL_OPENS_AT = OPENED_AT + 5;
const WRONG_AT = SEAL_OPENS_AT + 3.3;
const TAUGHT_AT = WRONG_AT + 3.4; // a digit that is misread is learned from

/** Whether the training is done and the digit is still misread. */
const isKnownMisread = (facts) => facts.training.steps >= FILM_STEPS && facts.isMisread;

/** The moment of a step after the first ten, which come one by one: the others come faster and faster. */
const momentOf = (step) => blend(MANY_AT + 0.5, MANY_END, Math.sqrt((step - FIRST_STEPS) / (FILM_STEPS - FIRST_STEPS)));

const learnScene = {
	id: "learn",
	doors: ["inside", "batches"],
	handles: (_, t) => [{ key: "handle.step", from: 0, to: FILM_STEPS, step: 1, value: stepAt(t) }],
	change: (facts, [step]) => facts.atStep(step),
	seconds: 58,
	captions: (facts) => [
		[0, "learn.back"],
		[SEAL_AT, "learn.seal"],
		[ASK_AT, "learn.1"],
		[FIRST_STEPS_AT, "learn.2"],
		[LEARN_BET_AT - 0.4, "learn.bet"],
		[MANY_AT, "learn.3"],
		[momentOf(HALFWAY), "learn.verdict"],
		[MANY_END, "learn.found"],
		[OPENED_AT, "learn.4"],
		[SEAL_OPENS_AT + 3.2, "learn.now"],
		...(isKnownMisread(facts)
			? [
					[WRONG_AT, "other.wrong"],
					[TAUGHT_AT + 1.6, "other.taught"],
				]
			: []),
	],
	words: (facts, key) => ({
		halfway: HALFWAY,
		steps: filmNumber(FILM_STEPS, 0),
		others: examples.test.length,
		share: filmPercent(facts.shareAfter(key === "learn.verdict" ? HALFWAY : FILM_STEPS)),
		now: facts.trained.says,
		more: MORE_STEPS,
		...(key === "other.taught" && { taught: facts.taught.says, share_after: filmPercent(facts.taught.share) }),
	}),
	pauses: [
		{
			at: LEARN_BET_AT,
			kind: "bet",
			right: (facts) => nearest([0.2, 0.4, 0.7], facts.shareAfter(HALFWAY)),
		},
	],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const { digit } = facts;
		const back = 1 - rise(t, 0.4, 2.4);
		const now = learningAt(facts, t, back);
		const sheets = within(t, TEN_AT - 0.8, FIRST_STEPS_AT + 0.6, 0.9);
		// The network goes before the patches come, and comes after they have gone.
		const patches = within(t, MANY_AT, SEAL_OPENS_AT - 0.4, 0.9);
		const dim = 1 - 0.97 * max(sheets, within(t, MANY_AT - 0.9, SEAL_OPENS_AT + 0.5, 0.9));
		const sealed = within(t, SEAL_AT - 0.4, SEAL_OPENS_AT + 1.2, 1);
		const areNew = t > FIRST_STEPS_AT - 0.8 && t < SEAL_OPENS_AT; // the digits in the network
		const a = areNew ? facts.newAfter(facts.step ?? stepAt(t)).a : now.result.a;
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintSeal(view, sealed);
		const wave = t < MANY_AT ? 3 : 3 * part(t, SEAL_OPENS_AT + 0.8, SEAL_OPENS_AT + 3.2);
		paintWorking(view, facts, {
			result: { a },
			image: a[0],
			params: now.net.params,
			wires: dim * 0.85,
			waiting: dim * 0.3,
			inputs: dim,
			wave,
			dim: () => dim,
			says: rise(back, 0.5, 0.4) + rise(t, SEAL_OPENS_AT + 3.2, 0.6),
		});
		paintTen(view, facts, t, sheets);
		paintActivations(
			view,
			{ result: { a } },
			within(t, 0.2, SEAL_AT, 0.6) + within(t, FIRST_STEPS_AT - 0.2, MANY_AT - 0.4, 0.6),
		);
		paintGrowing(view, facts, t, patches);
		paintFound(view, facts, t);
		paintCostOutline(view, facts.cost, 1, within(t, SEAL_AT, FIRST_STEPS_AT, 1));
		paintLearningCost(view, facts, t, now.cost);
		paintFirstAndLast(view, facts, rise(t, SEAL_OPENS_AT + 3.2, 0.8));
	},
};

/** The square: of the visitor's digit at first and at last, and while steps run of the new digits, on average. */
function paintLearningCost(view, facts, t, own) {
	const { places, upright } = view;
	const ofNew = within(t, FIRST_STEPS_AT - 1, SEAL_OPENS_AT + 4.8, 1.4);
	const cost = ofNew > 0 ? blend(own, facts.newAfter(facts.step ?? stepAt(t)).cost, ofNew) : own;
	const lit = 1 - within(t, SEAL_AT, FIRST_STEPS_AT, 1);
	if (lit > 0.02) paintSquare(view, ...places.square, Math.sqrt(cost) * places.unitOfAll, { filled: 0.9 * lit });
	paintCostNumber(view, cost, lit, facts.cost);
	const [x, y] = places.square;
	const below = y + (Math.sqrt(facts.cost) * places.unitOfAll) / 2;
	filmWords("label.average").forEach((line, n) =>
		letters(view, line, ...(upright ? [284, below + 4 + 13 * n] : [x, below + 54 + 21 * n]), upright ? 15.5 : 15, {
			colour: colours.muted,
			align: upright ? "right" : "center",
			alpha: ofNew,
		}),
	);
	const [textX, textY] = upright ? [200, 32] : [x, below + 120];
	const step = filmWords("label.step", { step: filmNumber(facts.step ?? stepAt(t), 0) });
	letters(view, step, textX, textY, upright ? 20 : 26, { alpha: within(t, FIRST_STEPS_AT, SEAL_OPENS_AT, 0.6) });
	const share = within(t, MANY_AT + 0.4, SEAL_OPENS_AT, 0.6);
	if (share > 0)
		letters(
			view,
			filmPercent(facts.shareAfter(facts.step ?? stepAt(t))),
			textX,
			textY + (upright ? 50 : 34),
			upright ? 20 : 26,
			{
				colour: colours.mark,
				alpha: share,
			},
		);
}

/** What it says of the visitor's digit, as large as the digit. */
function paintLastAnswer(view, says, alpha) {
	const { places, upright } = view;
	const place = upright ? [214, places.square[1]] : [places.square[0], places.square[1] + 230];
	letters(view, says, ...place, (places.image[2] * view.scale * 0.9) / view.unit, { colour: colours.mark, alpha });
}

/** What it said of the visitor's digit first, and what it says at last, large. */
function paintFirstAndLast(view, facts, alpha, { grown = 1, first = 1 } = {}) {
	if (alpha <= 0) return;
	const { places, upright } = view;
	const early = beforeLuck(facts);
	const { says, result } = facts.final;
	const [left, arrow, right, y, below] = upright ? [138, 170, 222, 56, 98] : [1088, 1130, 1200, 470, 574];
	const quiet = { colour: colours.muted, alpha: alpha * first };
	const loud = { colour: colours.mark, alpha };
	const size = places.image[2] * view.scale;
	letters(view, early.says, left, y, (size * 0.4) / view.unit, quiet);
	letters(view, filmNumber(early.result.a[3][early.says], 2), left, below, upright ? 15.5 : 22, quiet);
	letters(view, "→", arrow, y, upright ? 20 : 30, quiet);
	letters(view, says, right, y, (size * 0.86 * grown) / view.unit, loud);
	letters(view, filmNumber(result.a[3][says], 2), right, below, upright ? 17 : 28, loud);
}

/** The network at a moment, with its result and cost: back to the start, then learning, then perhaps taught. */
function learningAt(facts, t, back) {
	if (facts.step !== undefined) return facts.learned(facts.step);
	if (t < FIRST_STEPS_AT) return facts.turned(back);
	if (t >= TAUGHT_AT && facts.isMisread) return blendedNet(facts, rise(t, TAUGHT_AT, 1.6));
	return facts.learned(stepAt(t));
}

/** Between the network that misreads the digit and the one that has learned from it. */
function blendedNet({ trained, taught, input, targets }, u) {
	const params = trained.net.params.map((value, k) => blend(value, taught.net.params[k], u));
	const net = new Network(model, params);
	const result = net.forward(input);
	return { net, result, cost: net.compare(result, targets).cost };
}

/** The step that is shown at a moment. */
function stepAt(t) {
	if (t < MANY_AT) return floor(FIRST_STEPS * part(t, FIRST_STEPS_AT + 1.8, FIRST_STEPS_AT + 6.6) ** 1.6);
	return Math.round(blend(FIRST_STEPS, FILM_STEPS, part(t, MANY_AT + 0.5, MANY_END) ** 2));
}

/** The visitor's digit is not used for learning: it waits behind a frame. */
function paintSeal(view, alpha) {
	if (alpha <= 0) return;
	const [x, y, side] = view.places.image;
	box(view.pen, x + 1, y + 1, side - 2, side - 2, colours.ground, 0.72 * alpha);
	view.pen.globalAlpha = alpha;
	outline(view.pen, colours.on, side / 90, x + side * 0.03, y + side * 0.03, side * 0.94, side * 0.94);
	outline(view.pen, colours.on, side / 90, x - side * 0.03, y - side * 0.03, side * 1.06, side * 1.06);
	view.pen.globalAlpha = 1;
}

/** Where one of the ten digits is shown. */
function tenPlace({ places: { image, upright } }, n) {
	const [x, y, side] = image;
	if (upright) return [x + side + 14 + (n % 5) * 31, y + 12 + floor(n / 5) * 36, 28];
	return [x + (n % 5) * (side / 5), y - 110 + floor(n / 5) * 44, side / 5 - 4];
}

/** Ten digits of other people, and the average of what those so far want of each knob. */
function paintTen(view, facts, t, alpha) {
	if (alpha <= 0) return;
	const n = clamp(floor((t - TEN_AT) / TEN_SECONDS), -1, FILM_BATCH - 1);
	facts.training.first.slice(0, n + 1).forEach((one, k) => {
		const [x, y, side] = tenPlace(view, k);
		paintPicture(view, pictureOf(one), x, y, side, side, alpha * rise(t, TEN_AT + k * TEN_SECONDS, 0.4));
	});
	paintEmptyFields(view, alpha);
	if (n < 0) return;
	const most = facts.start.layers.map(({ w, b, outputs }) => largest(facts.averages[0].subarray(w, b + outputs)));
	const pictures = facts.pictures(`average${n}`, () => fieldPictures(facts.start, facts.averages[n], most));
	paintFields(view, pictures, { patch: () => [alpha, 1], field: () => alpha });
}

/** Where one of the new digits is shown. */
function newPlace({ upright }, n) {
	if (upright) return [6 + (n % 10) * 38.2, 378 + floor(n / 10) * 70, 34];
	return [838 + (n % 4) * 64, 102 + floor(n / 4) * 98, 54];
}

/** The weights of A as patterns grow in them, and the new digits with their answers. */
function paintGrowing(view, facts, t, alpha) {
	if (alpha <= 0) return;
	const { upright, places } = view;
	const shown = facts.step ?? stepAt(t);
	const { step, net } = facts.learned(shown);
	const most = facts
		.learned(FILM_STEPS)
		.net.layers.map(({ w, b, outputs }) => 0.6 * largest(net.params.subarray(w, b + outputs)));
	const pictures = facts.pictures(`learned${step}`, () => fieldPictures(net, net.params, most));
	paintFields(view, pictures, { patch: () => [alpha, 1], field: (n) => (n ? 0 : alpha) });
	const { answers, right } = facts.newAfter(shown);
	const cells = facts.newDigits.map((one, n) => {
		const seen = alpha * rise(t, MANY_AT - 0.4 + n * 0.03, 0.6);
		const isRight = answers[n].says === one.label;
		return [one, newPlace(view, n), answers[n], seen * (isRight ? 1 : 0.35), seen];
	});
	paintAnswers(view, cells, upright ? 16 : 21);
	const place = upright ? [200, 58] : [places.square[0], places.square[1] + 270];
	letters(view, filmWords("label.right", { right, all: answers.length }), ...place, upright ? 17 : 19, { alpha });
}

/** What one neuron of A has found, enlarged: the one that the film looked into. */
function paintFound(view, facts, t) {
	const alpha = within(t, MANY_END, OPENED_AT, 0.6);
	if (alpha <= 0) return;
	const { places, pen } = view;
	const to = facts.way[2];
	const weights = facts.weightsInto(0, to, facts.trained.net.params);
	const picture = facts.pictures("found", () => signedPicture(weights, SIDE, 0.6 * largest(weights), 0.7));
	const fields = fieldPlaces(places);
	const [x, y] = fields.patch(0);
	const place = blendAll(fields.patch(to), [x, y, fields.side], rise(t, MANY_END, 0.9));
	box(pen, place[0], place[1], place[2], place[2], colours.ground, alpha);
	paintPicture(view, picture, ...place, place[2], alpha);
}

// --- Scene 9: the same with ten digits of other people, then two thousand steps, and the visitor's digit at last.

const SEAL_AT = 3;
const ASK_AT = 6; // ten other digits
const TEN_AT = 7;
const TEN_SECONDS = 0.72;
const FIRST_STEPS_AT = 15;
const FIRST_STEP_AT = FIRST_STEPS_AT + 1.6;
const LEARN_BET_AT = 22.3;
const MANY_AT = 23.1;
const HALFWAY = 500; // the step that the bet asks for
const HOLD_AT = MANY_AT + 3.6; // here the film waits: it learns while a button is held
const HOLD_SECONDS = 9; // of holding, for all steps
const HOLD_POWER = 2.4; // slowly at first
const HALFWAY_HELD = HOLD_SECONDS * (HALFWAY / FILM_STEPS) ** (1 / HOLD_POWER); // when the step of the bet is reached
const HALFWAY_RESTS = 1.2; // seconds in which its share can be read
const HOLD_IDLE = 5; // seconds in which nobody holds it, after which it learns by itself
const HALFWAY_AT = HOLD_AT + 0.1;
const FOUND_AT = HALFWAY_AT + 4.6; // what the neurons have found is told
const GRAY_AT = FOUND_AT + 5.2; // those that it still misreads
const MANY_END = GRAY_AT + 5.4;
const OPENED_AT = MANY_END; // the result is told
const SEAL_OPENS_AT = OPENED_AT + 2.4;
const NEW_COST_FROM = FIRST_STEPS_AT - 0.2; // the square is that of the new digits
const NEW_COST_TO = SEAL_OPENS_AT + 2.4;
const SAID_AT = SEAL_OPENS_AT + 3.2; // what it says of the visitor's digit
const TAUGHT_AT = SAID_AT + 3.4; // a digit that is misread is learned from

/** Whether the training is done and the digit is still misread. */
const isKnownMisread = (facts) => facts.training.steps >= FILM_STEPS && facts.isMisread;

const learnScene = {
	id: "learn",
	doors: ["inside", "batches"],
	handles: (_, t) => [{ key: "handle.step", from: 0, to: FILM_STEPS, step: 1, value: stepAt(t, null) }],
	change: (facts, [step]) => facts.atStep(step),
	seconds: TAUGHT_AT + 3.6,
	captions: (facts) => [
		[0, "learn.back", SEAL_AT - 0.5],
		[SEAL_AT, "learn.seal", ASK_AT - 0.4],
		[ASK_AT, "learn.1"],
		[ASK_AT + 4.4, "learn.average", FIRST_STEPS_AT - 0.55],
		[FIRST_STEPS_AT, "learn.2"],
		[LEARN_BET_AT - 0.4, "learn.bet", LEARN_BET_AT],
		[MANY_AT, "learn.3"],
		[HOLD_AT, "hold.ask", HOLD_AT + 0.05],
		[HALFWAY_AT, "learn.verdict"],
		[FOUND_AT, "learn.found", GRAY_AT - 0.3],
		[GRAY_AT, "learn.gray", MANY_END - 1],
		[OPENED_AT, "learn.4", SEAL_OPENS_AT - 1.2],
		...(isKnownMisread(facts)
			? [
					[SAID_AT, "other.wrong"],
					[TAUGHT_AT, "other.taught"],
				]
			: [[SAID_AT, "learn.now"]]),
	],
	words(facts, key) {
		return {
			halfway: HALFWAY,
			examples: filmNumber(examples.train.length, 0),
			gray: Math.round((1 - facts.shareAfter(FILM_STEPS)) * examples.test.length),
			steps: filmNumber(FILM_STEPS, 0),
			others: examples.test.length,
			rate: filmNumber(FILM_RATE, 0),
			share: filmPercent(facts.shareAfter(key === "learn.verdict" ? HALFWAY : FILM_STEPS)),
			now: facts.trained.says,
			more: MORE_STEPS,
			...(key === "other.taught" && { taught: facts.taught.says, share_after: filmPercent(facts.taught.share) }),
		};
	},
	pauses: [
		{
			at: LEARN_BET_AT,
			kind: "bet",
			right: (facts) => nearest([0.2, 0.4, 0.7], facts.shareAfter(HALFWAY)),
		},
		{ at: HOLD_AT, kind: "touch", id: "hold", touch: () => new Hold(), isHeld: true },
	],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const { digit } = facts;
		const back = 1 - rise(t, 0.4, 2.4);
		const now = learningAt(facts, t, back);
		// The network goes before the patches come, and comes back as they go.
		const sheets = within(t, ASK_AT + 0.5, FIRST_STEPS_AT + 0.2, 0.7);
		const patches = within(t, MANY_AT, SEAL_OPENS_AT - 0.4, 0.7);
		const away =
			within(t, ASK_AT - 0.2, FIRST_STEPS_AT + 0.7, 0.7) + within(t, MANY_AT - 0.7, SEAL_OPENS_AT + 0.4, 0.7);
		const dim = 1 - away;
		const sealed = within(t, SEAL_AT - 0.4, SEAL_OPENS_AT + 1.2, 1);
		const isGuest = t > FIRST_STEPS_AT - 0.2 && t < SEAL_OPENS_AT; // in the network
		const step = facts.step ?? stepAt(t, facts);
		const { a } = isGuest ? facts.guestAfter(step) : now.result;
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintSeal(view, sealed);
		const wave = t < MANY_AT ? 3 : 3 * part(t, SEAL_OPENS_AT + 0.8, SAID_AT);
		paintWorking(view, facts, {
			result: { a },
			image: a[0],
			params: now.net.params,
			wires: dim * 0.85,
			waiting: dim * 0.3,
			inputs: dim,
			wave,
			all: within(t, SEAL_OPENS_AT, SAID_AT + 1.6, 0.8),
			dim: () => dim,
			says: rise(back, 0.5, 0.4) + rise(t, SAID_AT, 0.6),
		});
		paintTen(view, facts, t, sheets);
		paintGuestPicture(view, facts, within(t, FIRST_STEPS_AT + 0.2, MANY_AT - 0.3, 0.5));
		paintActivations(
			view,
			{ result: { a } },
			within(t, 0.2, SEAL_AT, 0.6) + within(t, FIRST_STEPS_AT + 0.4, MANY_AT - 0.4, 0.4),
		);
		paintGrowing(view, facts, t, patches);
		const isOfNew = t > NEW_COST_FROM && t < NEW_COST_TO;
		if (!isOfNew) paintCostOutline(view, facts.cost, 1, within(t, SEAL_AT, FIRST_STEPS_AT, 0.8));
		else paintCostOutline(view, facts.newAfter(0).cost, 1);
		paintLearningCost(view, facts, t, now.cost);
		paintCheer(view, now.result, t);
		const grown = 1 + 0.15 * Math.sin(Math.PI * part(t, SAID_AT, SAID_AT + 0.9));
		paintFirstAndLast(view, facts, rise(t, SAID_AT, 0.5), { result: now.result, grown });
	},
};

/** Rings run from the output that is right at last. */
function paintCheer(view, { a }, t) {
	const { places } = view;
	for (const late of [0.2, 0.6, 1]) {
		const u = part(t, SAID_AT + late, SAID_AT + late + 1.1);
		if (u > 0 && u < 1) paintRing(view, ...places.at(3, winner(a[3])), places.radius[3] * (1.35 + 2.4 * u), 1 - u);
	}
}

/** The new digit whose outputs are shown, with its name. */
function paintGuestPicture(view, { guest }, alpha) {
	const { places, upright } = view;
	const [x, y, side] = places.image;
	const place = upright ? [x + side + 18, y, 0.5 * side] : [x + 0.14 * side, y - 0.98 * side, 0.72 * side];
	paintPicture(view, pictureOf(guest), ...place, place[2], alpha);
	const [middle, below] = [place[0] + place[2] / 2, place[1] + place[2] + (upright ? 10 : 20)];
	letters(view, filmWords("label.guest"), middle, below, upright ? 15.5 : 18.2, { alpha });
}

/** The square: of the visitor's digit at first and at last, and while steps run of the new digits, on average. */
function paintLearningCost(view, facts, t, own) {
	const { places, upright } = view;
	const shown = facts.step ?? stepAt(t, facts);
	const isNew = t > NEW_COST_FROM && t < NEW_COST_TO;
	const cost = isNew ? facts.newAfter(shown).cost : own;
	const ofNew = within(t, NEW_COST_FROM, NEW_COST_TO, 0.8);
	const lit = 1 - rise(t, SEAL_AT, 0.8) + ofNew + rise(t, NEW_COST_TO, 0.8);
	if (lit > 0.02) paintSquare(view, ...places.square, Math.sqrt(cost) * places.unit, { filled: 0.9 * lit });
	const untrained = isNew ? facts.newAfter(0).cost : facts.cost;
	paintCostNumber(view, cost, lit, untrained);
	const [x, y] = places.square;
	const half = (Math.sqrt(untrained) * places.unit) / 2;
	const below = y + half;
	const average = filmWords("label.average", { count: examples.test.length });
	paintLines(view, average, ...(upright ? [284, below] : [x, below + 74]), upright ? 15.5 : 16, {
		colour: colours.muted,
		align: upright ? "right" : "center",
		alpha: ofNew,
	});
	paintBetOutline(view, y - half, within(t, FIRST_STEP_AT + 0.4, MANY_AT - 0.2, 0.5));
	if (t > MANY_AT - 0.2) return;
	const [textX, textY] = upright ? [220, 26] : [x, below + 124];
	const step = filmWords("label.step", { step: filmNumber(shown, 0) });
	const large = upright ? 18 : 26;
	letters(view, step, textX, textY, large, { alpha: within(t, FIRST_STEPS_AT, SEAL_OPENS_AT, 0.6) });
	const share = within(t, MANY_AT + 0.2, SEAL_OPENS_AT, 0.6);
	if (share <= 0) return;
	const read = filmWords("label.share", { share: filmPercent(facts.shareAfter(shown)), others: examples.test.length });
	letters(view, read, textX, textY + (upright ? 26 : 34), large, { colour: colours.mark, alpha: share });
	if (!upright) paintCostCurve(view, facts, shown, [x - 66, below + 190, 132, 84], share);
}

/** What the bet of scene 4 was about: all outputs at 0.1, for whatever digit. */
function paintBetOutline(view, top, alpha) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const cost = costOfAll(0.1);
	pen.setLineDash([places.unit * 0.09, places.unit * 0.07]);
	paintSquare(view, ...places.square, Math.sqrt(cost) * places.unit, {
		colour: colours.on,
		filled: 0,
		outline: alpha,
	});
	pen.setLineDash([]);
	const lines = filmWords("label.tenth", { tenth: filmNumber(0.1, 1), cost: filmNumber(cost, 2) });
	// Beside the outputs it is narrow, and below the edge of a phone it is low.
	if (upright) letters(view, lines.join(" "), places.square[0], top - 12, 15.5, { alpha });
	else paintLines(view, lines, places.square[0], top - 34, 18.2, { alpha });
}

/** The mean cost of the new digits over the steps so far. */
function paintCostCurve({ pen, ...view }, facts, shown, [x, y, width, height], alpha) {
	const steps = [...facts.training.kept.keys()].filter((step) => step <= shown);
	const first = facts.newAfter(0).cost;
	const at = (step) => [x + (width * step) / FILM_STEPS, y + height * (1 - facts.newAfter(step).cost / first)];
	pen.globalAlpha = alpha;
	pen.strokeStyle = colours.ring;
	pen.lineWidth = 1;
	pen.beginPath();
	pen.moveTo(x, y);
	pen.lineTo(x, y + height);
	pen.lineTo(x + width, y + height);
	pen.stroke();
	pen.strokeStyle = colours.on;
	pen.lineWidth = 2;
	pen.beginPath();
	for (const step of steps) pen.lineTo(...at(step));
	pen.stroke();
	pen.fillStyle = colours.mark;
	pen.beginPath();
	pen.arc(...at(steps.at(-1)), 4.5, 0, 7);
	pen.fill();
	pen.globalAlpha = 1;
	letters({ pen, ...view }, filmWords("label.cost"), x + width, y + 6, 16, {
		colour: colours.muted,
		alpha,
		align: "right",
	});
	[0, FILM_STEPS].forEach((step, n) =>
		letters({ pen, ...view }, filmNumber(step, 0), x + n * width, y + height + 16, 16, {
			colour: colours.muted,
			alpha,
			align: n ? "right" : "left",
		}),
	);
}

/** What it says of the visitor's digit, as large as the digit. */
function paintLastAnswer(view, says, alpha) {
	const { places, upright } = view;
	const place = upright ? [214, places.square[1]] : [places.square[0], places.square[1] + 230];
	letters(view, says, ...place, (places.image[2] * view.scale * 0.9) / view.unit, { colour: colours.mark, alpha });
}

/** What it said of the visitor's digit first, and what it says at last, large. */
function paintFirstAndLast(view, facts, alpha, { result = facts.final.result, grown = 1 } = {}) {
	if (alpha <= 0) return;
	const { places, upright } = view;
	const early = beforeLuck(facts);
	const says = winner(result.a[3]);
	const [left, arrow, right, y, below] = upright ? [138, 170, 222, 52, 104] : [1086, 1127, 1212, 470, 578];
	const quiet = { colour: colours.muted, alpha };
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
	return facts.learned(stepAt(t, facts));
}

/** Between the network that misreads the digit and the one that has learned from it. */
function blendedNet({ trained, taught, input, targets }, u) {
	const params = trained.net.params.map((value, k) => blend(value, taught.net.params[k], u));
	const net = new Network(model, params);
	const result = net.forward(input);
	return { net, result, cost: net.compare(result, targets).cost };
}

/** The step that is shown at a moment: one, then as many as the visitor's hand has let it take, then all. */
function stepAt(t, facts) {
	if (t < FIRST_STEP_AT) return 0;
	if (t < HOLD_AT - 1e-6) return 1;
	if (t > HOLD_AT + 1e-6) return FILM_STEPS;
	return facts?.touches.hold?.step ?? 1;
}

/** The visitor lets the network learn by holding a button or the picture; where nobody does, it goes by itself. */
class Hold extends Touch {
	done = 0; // seconds for which it was held
	rest = 0; // seconds for which it has stood at the step of the bet
	isHeld = false;

	press() {
		this.touch();
		this.isHeld = true;
	}

	release() {
		this.isHeld = false;
	}

	pass(seconds) {
		if (!this.isHeld) this.wait(seconds, HOLD_IDLE);
		if (!this.isHeld && !this.isAlone) return;
		if (this.done >= HALFWAY_HELD && this.rest < HALFWAY_RESTS) this.rest += seconds;
		else this.done = this.rest ? this.done + seconds : min(this.done + seconds, HALFWAY_HELD);
	}

	/** Slowly at first: most is learned before step 500. */
	get step() {
		const u = clamp(this.done / HOLD_SECONDS);
		return max(1, Math.round(FILM_STEPS * u ** HOLD_POWER));
	}

	get isDone() {
		return this.done >= HOLD_SECONDS + 0.6;
	}
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

/** Where one of the ten digits is shown, with its answer beside or below it: in two columns, or in two rows. */
function tenPlace({ places: { image, upright } }, n) {
	const [x, y, side] = image;
	if (upright) return [x + side + 14 + (n % 5) * 31, y + floor(n / 5) * 46, 28];
	return [x - 22 + floor(n / 5) * 130, y - 210 + (n % 5) * 40, 37];
}

/** Ten digits of other people with their right answers, and the average of what those so far want of each knob. */
function paintTen(view, facts, t, alpha) {
	if (alpha <= 0) return;
	const n = clamp(floor((t - TEN_AT) / TEN_SECONDS), -1, FILM_BATCH - 1);
	facts.training.first.slice(0, n + 1).forEach((one, k) => {
		const [x, y, side] = tenPlace(view, k);
		const shown = alpha * rise(t, TEN_AT + k * TEN_SECONDS, 0.4);
		paintPicture(view, pictureOf(one), x, y, side, side, shown);
		const place = view.upright ? [x + side / 2, y + side + 8] : [x + side + 20, y + side / 2];
		letters(view, one.label, ...place, view.upright ? 15.5 : 30, { alpha: shown });
	});
	paintEmptyFields(view, alpha);
	nameFields(view, alpha);
	if (n < 0) return;
	const most = facts.start.layers.map(({ w, b, outputs }) => 0.6 * largest(facts.averages[0].subarray(w, b + outputs)));
	const pictures = facts.pictures(`average${n}`, () => fieldPictures(facts.start, facts.averages[n], most));
	paintFields(view, pictures, { patch: () => [alpha, 1], field: () => alpha });
}

/** The weights of all neurons of A as their patterns grow, and the wall: what is read is white, what is not is dim. */
function paintGrowing(view, facts, t, alpha) {
	if (alpha <= 0) return;
	const { upright, pen, places } = view;
	const shown = facts.step ?? stepAt(t, facts);
	const { step, net } = facts.learned(shown);
	const [{ w, b, outputs }] = net.layers;
	const most = 0.6 * largest(net.params.subarray(w, b + outputs)); // of the moment: noise is seen, too
	const pictures = facts.pictures(`learned${step}`, () => fieldPictures(net, net.params, [most, most, most]));
	const [left, top, pitch, side] = upright ? [122, 104, 39, 37] : [254, 176, 76, 72];
	for (let k = 0; k < 16; k++) {
		pen.globalAlpha = alpha;
		pen.imageSmoothingEnabled = false;
		pen.drawImage(
			pictures.patches,
			0,
			k * SIDE,
			SIDE,
			SIDE,
			left + (k % 4) * pitch,
			top + floor(k / 4) * pitch,
			side,
			side,
		);
		outline(pen, colours.line, 0.6, left + (k % 4) * pitch, top + floor(k / 4) * pitch, side, side);
	}
	pen.globalAlpha = 1;
	const answers = facts.newAfter(shown).answers;
	const { at, count } = wallPlaces(places, true);
	const last = within(t, GRAY_AT - 0.2, MANY_END, 0.9);
	const wrong = examples.test.map((_, n) => n).filter((n) => answers[n].says !== examples.test[n].label);
	const large = grayPlaces(places, wrong.length);
	const lit = answers.filter(({ says }, n) => says === examples.test[n].label).length;
	examples.test.forEach((one, n) => {
		const isRight = answers[n].says === one.label;
		const [x, y, size] = isRight || last <= 0 ? at(n) : blendAll(at(n), large(wrong.indexOf(n)), last);
		const come = rise(t, MANY_AT - 0.2 + n * 0.004, 0.5);
		const bright = isRight ? blend(1, 0.1, last) : blend(0.28, 1, last);
		paintPicture(view, pictureOf(one), x, y, size, size, alpha * come * bright);
		if (isRight && last < 0.5 && shown > 1 && !upright) {
			pen.globalAlpha = 0.5 * alpha;
			outline(pen, colours.mark, upright ? 0.4 : 0.8, x, y, size, size);
			pen.globalAlpha = 1;
		}
		if (!isRight && last > 0) {
			letters(view, answers[n].says, x + size / 2, y + size + (upright ? 8 : 15), upright ? 15.5 : 18.6, {
				colour: colours.negative,
				alpha: alpha * part(last, 0.9, 1), // they cross on their way
			});
		}
	});
	const { hold } = facts.touches;
	// A hand presses where nobody does.
	if (isNow(t, HOLD_AT) && hold && !hold.isTouched)
		paintPointer(view, upright ? [195, places.size[1] - 130] : [828, 330], hold.isAlone ? alpha : 0.5 * alpha);
	const text = filmWords("label.read", { count: lit, others: examples.test.length, step: filmNumber(shown, 0) });
	letters(view, text, ...count, upright ? 18 : 26, {
		colour: colours.mark,
		alpha: alpha * rise(t, MANY_AT + 0.6, 0.5),
		bold: true,
	});
}

/** Where those that are still misread are seen larger. */
function grayPlaces({ upright, size }, count) {
	const [columns, left, top, across, down, side] = upright
		? [11, 8, size[1] - 258, 34, 56, 30]
		: [count > 45 ? 12 : 9, 566, 34, count > 45 ? 43.5 : 58, count > 45 ? 82 : 112, count > 45 ? 40 : 54];
	return (n) => [left + (n % columns) * across, top + floor(n / columns) * down, side];
}

// --- Scene 5: two of the knobs make a hill. The ball is the square: its height is the cost.

const CURVE_SECONDS = 6;
const SURFACE_AT = 7;
const ROLL_AT = 15;
const ROLL_END = 22.5;
const BACK_AT = 26.5;
const PARTS_AT = 30.4;
const PLACES_AT = 32.4;
const HOME_AT = 36.9;
const HILL_REACH = 5; // how far each knob is turned, to both sides
const HILL_LINES = 22;

const hillScene = {
	id: "hill",
	doors: ["gradient"],
	handles: (facts, t) =>
		twoOutputs(facts).map((digit, n) => ({
			key: "handle.knob",
			words: { digit },
			from: -HILL_REACH,
			to: HILL_REACH,
			step: 0.05,
			value: ballAt(facts.hill, t)[n],
		})),
	/** The ball can be dragged: it goes to what is seen nearest to the pointer. */
	grab(facts, t, places, start, ball) {
		const far = ([x, y], knobs) => {
			const [ballX, ballY] = hillPlace(places, facts, ...knobs);
			return hypot(x - ballX, y - ballY);
		};
		if (far(start, ball) > places.hill[2] / 6 || t > PARTS_AT) return null;
		const knobs = range(2 * HILL_REACH * 10 + 1).map((k) => k / 10 - HILL_REACH);
		const all = knobs.flatMap((up) => knobs.map((turned) => [up, turned]));
		return (to) => all.reduce((best, one) => (far(to, one) < far(to, best) ? one : best), ball);
	},
	change: (facts, ball) => facts.withBall(ball),
	seconds: HOME_AT + 1.7,
	captions: () => [
		[0, "hill.1"],
		[SURFACE_AT, "hill.two"],
		[ROLL_AT - 0.8, "hill.2"],
		[ROLL_AT + 3, "hill.repeat"],
		[ROLL_END + 0.5, "hill.3"],
		[BACK_AT - 0.2, "hill.4", BACK_AT + 3.2],
		[PLACES_AT - 0.8, "hill.all", HOME_AT - 0.4],
	],
	words: (facts) => ({
		says: facts.says,
		floor: filmNumber(facts.hill.floor, 2),
		up: filmNumber(facts.wishes[3][facts.label], 2),
		down: filmNumber(-facts.wishes[3][facts.says], 2),
	}),
	pauses: [],
	shots: [[0, 0.1, (places) => places.whole]],
	paint(view, facts, t) {
		const shown = within(t, 0.6, PARTS_AT + 0.6, 1.4);
		const { digit, hill } = facts;
		const knobs = within(t, 0.3, PARTS_AT + 1.4, 1);
		const places = within(t, PLACES_AT - 0.8, HOME_AT + 0.6, 1);
		const hidden = within(t, 0.6, HOME_AT + 1.2, 1.4);
		const ball = ballAt(hill, t);
		const covered = view.upright ? 0 : shown; // the hill needs its place
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 * (1 - covered) });
		if (covered > 0) coverImage(view, covered);
		paintWorking(view, facts, {
			result: turnedResult(facts, ball),
			wires: 1 - rise(t, 0.6, 1.4) + QUIET_WIRES * rise(t, HOME_AT - 0.2, 1.4),
			inputs: 1 - hidden,
			dim: (layer, k) => (layer === 3 && (k === facts.label || k === facts.says) ? max(1 - hidden, knobs) : 1 - hidden),
		});
		paintAxes(view, facts, t, shown);
		paintHill(view, facts, t, shown, ball);
		paintArrowDown(view, facts, t, within(t, 0, PARTS_AT + 1.6, 0.8));
		paintCostOutline(view, facts.cost, 1, 1 - knobs);
		paintSquare(view, ...view.places.square, Math.sqrt(hill.cost(...ball)) * view.places.unit, {
			filled: 0.85 * knobs,
		});
		paintCostNumber(view, hill.cost(...ball), knobs, facts.cost);
		for (const [k, value] of [
			[facts.label, ball[0]],
			[facts.says, ball[1]],
		])
			paintKnob(view, facts, k, value, knobs);
		paintTwoParts(view, facts, t, places);
	},
};

/** How the two knobs are turned at a moment: first one alone, then down the hill in steps, and back. */
function ballAt({ path, ball }, t) {
	if (ball) return ball; // a handle has moved it
	if (t < SURFACE_AT) return [HILL_REACH * Math.sin(2 * Math.PI * part(t, 1, CURVE_SECONDS + 0.4)) * 0.96, 0];
	const steps = (path.length - 1) * part(t, ROLL_AT, ROLL_END) ** 1.7;
	const back = rise(t, BACK_AT, 2);
	const n = min(path.length - 2, floor(steps));
	const point = blendAll(path[n], path[n + 1], rise(steps - n, 0.1, 0.8));
	return point.map((value) => value * (1 - back));
}

/** What the network gives with the two knobs turned. */
function turnedResult({ label, says, result: { z, a } }, [up, down]) {
	const outputs = a[3].with(label, logistic(z[2][label] + up)).with(says, logistic(z[2][says] + down));
	return { z, a: [...a.slice(0, 3), outputs] };
}

/** A knob beside its output: a dial whose hand is turned as far as the bias, and what the output then is. */
function paintKnob(view, facts, k, value, alpha) {
	if (alpha <= 0) return;
	const { pen, places, upright } = view;
	const [x, y] = wishPlace(view, 3, k);
	const radius = upright ? 13 : 22;
	const angle = -Math.PI / 2 + (value / HILL_REACH) * 2.3;
	pen.globalAlpha = alpha;
	pen.strokeStyle = colours.ring;
	pen.lineWidth = radius * 0.12;
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.stroke();
	pen.strokeStyle = colours.on;
	pen.beginPath();
	pen.moveTo(x, y);
	pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
	pen.stroke();
	pen.globalAlpha = 1;
	const [middle, across] = places.at(3, k);
	const place = upright ? [middle, across - 21] : [middle - 26, across];
	letters(view, filmNumber(logistic(facts.result.z[2][k] + value), 2), ...place, upright ? 16 : 22, {
		alpha,
		bold: true,
		align: upright ? "center" : "right",
	});
}

/** Where a setting of the two knobs lies on the hill, as high as its cost. */
function hillPlace({ hill: [x, y, across, down, tall] }, facts, up, turned) {
	const [u, v] = [up / HILL_REACH, turned / HILL_REACH];
	const height = facts.hill.cost(up, turned) - facts.cost;
	return [x + (u - v) * across, y + (u + v) * down - height * tall];
}

function paintHill(view, facts, t, shown, ball) {
	if (shown <= 0) return;
	const { pen } = view;
	const knob = (n) => (n / HILL_LINES) * 2 * HILL_REACH - HILL_REACH;
	const wide = HILL_REACH * rise(t, SURFACE_AT, 6);
	const at = (up, turned) => hillPlace(view.places, facts, up, turned);
	pen.lineJoin = "round";
	// From the back to the front, so that what is in front covers.
	if (wide > 0) {
		for (let i = 0; i < HILL_LINES; i++) {
			for (let j = 0; j < HILL_LINES; j++) {
				const [low, high] = [clamp(knob(j), -wide, wide), clamp(knob(j + 1), -wide, wide)];
				if (high - low < 1e-6) continue;
				pen.beginPath();
				for (const corner of [
					[knob(i), low],
					[knob(i + 1), low],
					[knob(i + 1), high],
					[knob(i), high],
				])
					pen.lineTo(...at(...corner));
				pen.closePath();
				pen.globalAlpha = shown;
				pen.fillStyle = colours.ground;
				pen.fill();
				// The higher, the brighter.
				pen.globalAlpha = 0.4 * shown * clamp((facts.hill.cost(knob(i), low) - facts.hill.floor) / 2);
				pen.fillStyle = colours.ring;
				pen.fill();
				pen.globalAlpha = 0.8 * shown;
				pen.strokeStyle = colours.ring;
				pen.lineWidth = view.upright ? 0.5 : 0.9;
				pen.stroke();
			}
		}
	}
	// The curve that one knob alone leaves.
	const seen = part(t, 1, CURVE_SECONDS + 0.4);
	const reached = [clamp(seen, 0.5, 0.75), clamp(seen, 0, 0.25)].map(
		(turn) => HILL_REACH * 0.96 * Math.sin(2 * Math.PI * turn), // as far as the ball has been on either side
	);
	pen.globalAlpha = shown * (1 - 0.6 * rise(t, ROLL_AT, 2));
	pen.strokeStyle = colours.on;
	pen.lineWidth = view.upright ? 1.2 : 2.2;
	pen.beginPath();
	for (let k = 0; k <= 60; k++) pen.lineTo(...at(blend(reached[0], reached[1], k / 60), 0));
	pen.stroke();
	paintSteps(view, facts, t, shown, at);
	const [x, y] = at(...ball);
	const foot = y + (facts.hill.cost(...ball) - facts.hill.floor) * view.places.hill[4];
	pen.globalAlpha = 0.7 * shown * rise(t, SURFACE_AT + 5, 1);
	pen.strokeStyle = colours.mark;
	pen.lineWidth = view.upright ? 0.7 : 1.2;
	pen.setLineDash(view.upright ? [3, 3] : [5, 5]);
	pen.beginPath();
	pen.moveTo(x, y);
	pen.lineTo(x, foot);
	pen.stroke();
	pen.setLineDash([]);
	pen.globalAlpha = shown;
	pen.fillStyle = colours.mark;
	pen.beginPath();
	pen.arc(x, y - 2, view.upright ? 5 : 9, 0, 7);
	pen.fill();
	pen.globalAlpha = 1;
}

/** The names of the axes: two biases, the second when its knob turns, and the cost. */
function paintAxes(view, facts, t, shown) {
	const { pen, places, upright } = view;
	const [x, y, across, down, tall] = places.hill;
	const edge = HILL_REACH * 1.13;
	const low = facts.hill.floor - facts.cost; // below all of the hill
	const at = (up, turned, high = 0) => [
		x + ((up - turned) / HILL_REACH) * across,
		y + ((up + turned) / HILL_REACH) * down - (low + high) * tall,
	];
	const first = rise(t, 1, 1);
	const axis = (start, end, name, [textX, textY], align, alpha) => {
		if (alpha <= 0) return;
		pen.globalAlpha = 0.8 * alpha;
		pen.strokeStyle = colours.muted;
		pen.lineWidth = upright ? 0.7 : 1.2;
		paintArrow(pen, start, end, upright ? 5 : 8);
		pen.globalAlpha = 1;
		letters(view, name, textX, textY, upright ? 15.5 : 17, { colour: colours.muted, align, alpha });
	};
	const bias = (digit) => filmWords("label.bias_of", { digit });
	const below = upright ? 10 : 14;
	const [left, right] = [at(0, edge), at(edge, 0)];
	axis(at(-3, edge), at(3, edge), bias(facts.label), [left[0] - below, left[1] + below], "right", shown * first);
	const second = shown * rise(t, SURFACE_AT + 1, 1.5);
	axis(at(edge, -3), at(edge, 3), bias(facts.says), [right[0] + below, right[1] + below], "left", second);
	const [foot, top] = [0, 1].map((high) => at(-HILL_REACH, HILL_REACH, high));
	axis(foot, top, filmWords("label.cost"), [top[0], top[1] - below], upright ? "left" : "center", shown * first);
}

/** A line with a head. */
function paintArrow(pen, start, end, head) {
	const angle = Math.atan2(end[1] - start[1], end[0] - start[0]);
	pen.beginPath();
	pen.moveTo(...start);
	pen.lineTo(...end);
	for (const turn of [-2.6, 2.6]) {
		pen.moveTo(end[0] + head * Math.cos(angle + turn), end[1] + head * Math.sin(angle + turn));
		pen.lineTo(...end);
	}
	pen.stroke();
}

/** The steps that the ball has taken. */
function paintSteps(view, facts, t, shown, at) {
	const { pen } = view;
	const { path } = facts.hill;
	const steps = (path.length - 1) * part(t, ROLL_AT, ROLL_END) ** 1.7;
	pen.fillStyle = colours.on;
	pen.globalAlpha = shown * (1 - 0.8 * rise(t, BACK_AT, 1));
	for (const point of path.slice(0, ceil(steps))) {
		pen.beginPath();
		pen.arc(...at(...point), view.upright ? 1.6 : 2.6, 0, 7);
		pen.fill();
	}
	pen.globalAlpha = 1;
}

/** The arrow down from the start, along the surface, as long as the slope. */
function paintArrowDown(view, facts, t, shown) {
	const grown = rise(t, BACK_AT + 2, 1.4);
	if (grown <= 0) return;
	const { pen } = view;
	const [p, q] = facts.hill.slopes(0, 0);
	const points = range(25).map((n) => {
		const length = (6 * grown * n) / 24;
		return hillPlace(view.places, facts, -length * p, -length * q);
	});
	const [last, end] = points.slice(-2);
	const angle = Math.atan2(end[1] - last[1], end[0] - last[0]);
	const head = (view.upright ? 7 : 13) * grown;
	pen.globalAlpha = shown;
	pen.strokeStyle = pen.fillStyle = colours.mark;
	pen.lineWidth = view.upright ? 2 : 3.6;
	pen.beginPath();
	for (const point of points) pen.lineTo(...point);
	pen.stroke();
	pen.beginPath();
	pen.moveTo(end[0] + head * Math.cos(angle), end[1] + head * Math.sin(angle));
	for (const turn of [-2.4, 2.4])
		pen.lineTo(end[0] + head * Math.cos(angle + turn), end[1] + head * Math.sin(angle + turn));
	pen.fill();
	pen.globalAlpha = 1;
}

/** The arrow parts into two numbers. They go to their two places among those of all knobs, and to their outputs. */
function paintTwoParts(view, facts, t, places) {
	paintEmptyFields(view, places);
	letters(
		view,
		filmNumber(N_KNOBS, 0),
		...(view.upright ? [310, view.places.size[1] - 123] : [1104, 480]),
		view.upright ? 22 : 34,
		{
			colour: colours.mark,
			alpha: within(t, PLACES_AT + 0.4, HOME_AT + 0.6),
		},
	);
	const wishes = facts.wishes[3];
	const [p, q] = facts.hill.slopes(0, 0);
	const tip = hillPlace(view.places, facts, -6 * p, -6 * q);
	const home = rise(t, HOME_AT, 1.6);
	for (const k of [facts.label, facts.says]) {
		const alpha = rise(t, PARTS_AT, 0.8);
		if (alpha <= 0) continue;
		const [x, y, dot] = biasDot(view, k);
		const u = rise(t, PARTS_AT + 1.2, 1.8);
		const line = k === min(facts.label, facts.says) ? -1 : 1;
		const beside = [tip[0] + (view.upright ? 10 : 20), tip[1] + line * (view.upright ? 9 : 16)];
		const middle = [x + dot / 2, y + dot / 2];
		const place = blendAll(beside, middle, u);
		box(view.pen, place[0] - dot / 2, place[1] - dot / 2, dot, dot, tint(wishes[k]), alpha * places * (1 - home));
		// Beside the dots of neighbours there is no room for both numbers in one line.
		const text = [place[0] + (view.upright ? 12 : 22) * u, place[1] + line * (view.upright ? 9 : 15) * u];
		letters(view, `${k}: ${signedNumber(wishes[k])}`, ...text, view.upright ? 17 : 24, {
			colour: tint(wishes[k]),
			alpha: alpha * (1 - rise(t, HOME_AT - 0.4, 0.6)),
			align: "left",
		});
	}
	paintWishesOf(view, facts, 3, (k) => (k === facts.label || k === facts.says ? home : 0));
}

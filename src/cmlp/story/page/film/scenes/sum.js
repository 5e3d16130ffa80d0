// --- Scene 2: back along the strongest wires into one neuron of A, which multiplies, adds and squashes.

const TERM_AT = [12, 13.8, 15.4, 17, 18.4, 20.4, 23]; // when each term starts to its place
const CURVE_AT = 27;
const ENDS_AT = 33.8; // the sum is drawn to both ends of the curve, and back
const ENDS_SECONDS = 3.6;

/** The places of the figure inside a neuron, which is as wide as `width`. */
const INSIDE_LYING = {
	width: 1092,
	patch: [36, 106, 448],
	axis: [556, 880, 372],
	rows: [100, 38],
	curve: [600, 414],
	disc: [985, 36],
	number: 17,
	product: 20,
};
const INSIDE_UPRIGHT = {
	width: 576,
	patch: [163, 10, 250],
	axis: [44, 396, 500],
	rows: [282, 30],
	curve: [676, 536],
	disc: [490, 32],
	number: 18.5,
	product: 16.6,
};

const sumScene = {
	id: "sum",
	doors: ["edge", "squash"],
	inkFrom: 0,
	handles: () => [{ key: "handle.bias", from: -8, to: 8, step: 0.1, value: 0 }],
	/** The bars can be dragged sideways once the bias is there: it changes by as much as the sum. */
	grab(facts, t, places, [x, y], [bias]) {
		const form = places.upright ? INSIDE_UPRIGHT : INSIDE_LYING;
		const [left, top, wide] = places.inside(1, facts.addition.to);
		const unit = wide / form.width; // of the figure inside, in the world
		const [u, v] = [(x - left) / unit, (y - top) / unit];
		const [from, to, base] = form.axis;
		if (t < TERM_AT.at(-1) || u < from || u > to || v < form.rows[0] - form.rows[1] || v > base) return null;
		const { reach } = axisOf(facts, form, t);
		return ([now]) => [clamp(bias + (((now - x) / unit) * 2 * reach) / (to - from), -8, 8)];
	},
	change: (facts, [by]) => facts.withBias(by),
	seconds: 38,
	captions: () => [
		[0, "sum.way", 3.35],
		[3.8, "sum.1"],
		[11.4, "sum.2"],
		[TERM_AT.at(-1) - 0.4, "sum.bias"],
		[26, "sum.3"],
		[33.4, "sum.all"],
	],
	words: (facts) => ({ says: facts.says }),
	pauses: [],
	shots: [
		[0.2, 1.6, (places, { way }) => places.near(3, way[0], 3.8)],
		[1.9, 1.4, (places, { way }) => places.near(2, way[1], 3.4)],
		[3.4, 1.5, (places, { way }) => places.fromImage(way[2], 6)],
		[6.7, 1.6, (places, { way }) => places.inside(1, way[2])],
	],
	paint(view, facts, t) {
		const quiet = rise(t, 0.2, 1.4);
		paintNumbersEnd(view, facts, {
			names: 0,
			says: 1 - quiet,
			wires: 1 - 0.75 * quiet,
			dim: (layer, k) => (facts.way[3 - layer] === k ? 1 : 1 - 0.6 * quiet),
		});
		paintWay(view, facts, t);
		paintPixelWire(view, facts, t);
		paintVeil(view, rise(t, 7, 1));
		paintOpenNeuron(view, facts, t, 1 - rise(t, 6.6, 1.2));
	},
};

/** The picture that the first scene ended with: all has arrived. */
function paintNumbersEnd(view, facts, options = {}) {
	const { digit } = facts;
	paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
	paintWorking(view, facts, { says: 1, ...options });
}

/** The wires that the camera follows back into A, with a dot that runs ahead of it; and one that comes from a pixel. */
function paintWay(view, facts, t) {
	const { pen, places } = view;
	const [says, b, a] = facts.way;
	[
		[places.at(3, says), places.at(2, b), 1.3, [2, b, says]],
		[places.at(2, b), places.at(1, a), 2.8, [1, a, b]],
	].forEach(([start, end, from, [layer, i, j]]) => {
		const u = rise(t, from, 1.6);
		const alpha = rise(t, from - 0.6, 0.6);
		if (alpha <= 0) return;
		const { w, outputs } = facts.start.layers[layer];
		paintLine(view, start, end, tint(facts.start.params[w + i * outputs + j]), 3.4, alpha);
		if (u > 0 && u < 1) {
			pen.fillStyle = colours.mark;
			pen.beginPath();
			pen.arc(...blendAll(start, end, u), 3.4, 0, 7);
			pen.fill();
		}
		for (const [point, l, k] of [
			[start, layer + 1, j],
			[end, layer, i],
		])
			paintNeuron(view, ...point, places.radius[l], facts.result.a[l][k]);
	});
}

/** The wire of one bright pixel: from its place in the picture to the inputs, and on to the neuron. */
function paintPixelWire(view, facts, t) {
	const { pen, places, scale } = view;
	const { to, terms } = facts.addition;
	const { pixel, weight } = terms[0];
	const alpha = within(t, 4.2, 8, 0.6);
	if (alpha <= 0) return;
	const [start, middle, end] = [places.pixel(pixel), places.input(pixel), places.at(1, to)];
	const size = places.image[2] / SIDE;
	const [first, second] = [rise(t, 4.6, 0.8), rise(t, 5.4, 1)];
	pen.globalAlpha = alpha;
	outline(pen, colours.mark, size * 0.3, start[0] - size, start[1] - size, 2 * size, 2 * size);
	const thick = 3.4 / max(1, scale);
	if (first > 0) paintLine(view, start, blendAll(start, middle, first), colours.mark, thick, alpha);
	if (second > 0) paintLine(view, middle, blendAll(middle, end, second), tint(weight), thick, alpha);
	pen.globalAlpha = 1;
	paintNeuron(view, ...end, places.radius[1], facts.result.a[1][to]);
}

/** The neuron of A as a room: its circle, and the figure inside, at a second of this scene. At `closed` = 1 it only shines. */
function paintOpenNeuron(view, facts, t, closed) {
	if (closed === 1) return;
	const { pen, places, upright } = view;
	const { to, activation } = facts.addition;
	const form = upright ? INSIDE_UPRIGHT : INSIDE_LYING;
	const [x, y] = places.at(1, to);
	paintNeuron(view, x, y, places.radius[1], 0);
	paintInside(view, places.inside(1, to), form.width, (inner) => {
		paintWeightedDigit(inner, facts, form, t);
		paintAddition(inner, facts, form, t);
		paintSquash(inner, facts, form, t);
	});
	pen.globalAlpha = closed;
	pen.fillStyle = colours.ground;
	pen.beginPath();
	pen.arc(x, y, places.radius[1], 0, 7);
	pen.fill();
	pen.globalAlpha = closed * activation;
	pen.fillStyle = colours.on;
	pen.fill();
	pen.globalAlpha = 1;
}

/** First the digit, then the weights of all pixels over it, then only what both give: the products. */
function paintWeightedDigit(view, facts, { patch: [x, y, side] }, t) {
	const { to, products } = facts.addition;
	const weights = facts.weightsOfA(to);
	const [allWeights, onlyProducts] = facts.pictures(`neuron${to}`, () => [
		signedPicture(weights, SIDE, largest(weights), 0.8),
		signedPicture(products, SIDE, largest(products), 0.8),
	]);
	const [spread, multiplied] = [rise(t, 8.4, 1.4), rise(t, 11.4, 1.2)];
	paintPicture(view, facts.digit.picture, x, y, side, side, (1 - 0.65 * spread) * (1 - multiplied));
	paintPicture(view, allWeights, x, y, side, side, spread * (1 - multiplied));
	paintPicture(view, onlyProducts, x, y, side, side, multiplied);
	view.pen.globalAlpha = 0.8;
	outline(view.pen, colours.ring, side / 300, x, y, side, side);
	view.pen.globalAlpha = 1;
}

/** The axis of the sum: first as wide as the first terms, then as what all need, and then as the curve. */
function axisOf(facts, { axis: [left, right] }, t) {
	const ends = facts.addition.terms.map(({ to }) => to);
	const all = 1.25 * max(...ends.map(abs));
	const [low, high] = [min(0, ...ends.slice(0, 5)), max(0, ...ends.slice(0, 5))];
	const few = max(0.56 * (high - low), all / 20);
	const grown = rise(t, TERM_AT[5] - 0.5, 1.2);
	const reach = exp(blend(blend(log(few), log(all), grown), log(max(6, all)), rise(t, CURVE_AT - 1, 2.4)));
	const [middle, half] = [(left + right) / 2, (right - left) / 2];
	const shift = blend((low + high) / 2, 0, grown);
	return { reach, at: (z) => middle + ((z - shift) / reach) * half };
}

/** The sum as it is shown: for some seconds it is drawn from one end of its axis to the other. */
function sumAt(facts, form, t, z) {
	const u = 2 * Math.PI * rise(t, ENDS_AT, ENDS_SECONDS);
	const most = 0.94 * axisOf(facts, form, t).reach;
	return z + Math.sin(u) * (Math.sin(u) > 0 ? most - z : most + z);
}

function paintAddition(view, facts, form, t) {
	const { pen } = view;
	const [left, right, base] = form.axis;
	const [x, y, side] = form.patch;
	const [top, step] = form.rows;
	const shown = rise(t, TERM_AT[0] - 0.8, 0.8);
	if (shown <= 0) return;
	const { at, reach } = axisOf(facts, form, t);
	const faded = 1 - rise(t, CURVE_AT + 2.4, 1.4); // when the sum has dropped onto the curve
	pen.strokeStyle = colours.ring;
	pen.lineWidth = form.width / 700;
	for (const [alpha, ...ends] of [
		[shown, [left, base], [right, base]],
		[shown * faded, [at(0), top - step / 2], [at(0), base]],
	]) {
		pen.globalAlpha = alpha;
		pen.beginPath();
		for (const end of ends) pen.lineTo(...end);
		pen.stroke();
	}
	pen.globalAlpha = 1;
	let end = 0;
	let row = 0;
	facts.addition.terms.forEach((term, n) => {
		const u = rise(t, TERM_AT[n], 1.2);
		if (u <= 0) return;
		const grown = rise(t, TERM_AT[n] + 0.9, 0.6);
		end = blend(term.from, term.to, grown);
		row = n;
		const line = top + n * step;
		const size = side / SIDE;
		if (term.pixel !== undefined && u < 1) {
			const start = [x + (term.pixel % SIDE) * size, y + floor(term.pixel / SIDE) * size];
			const [px, py] = blendAll(start, [at(term.from), line - size / 2], u);
			box(pen, px, py, size, size, tint(term.value), min(1, 3 * (1 - u) + 0.3));
		}
		const height = step * 0.62;
		const [from, to] = [at(term.from), at(end)];
		paintTerm(pen, from, to, line, height, tint(term.value), faded);
		const name = term.label ? `${filmWords(term.label)} ${signedNumber(term.value)}` : productText(facts, term);
		letters(view, name, right + form.width / 90, line, form.product, {
			alpha: grown * faded,
			align: "left",
		});
	});
	end = sumAt(facts, form, t, end);
	// The end of the bar is the one thing to look at.
	if (t > TERM_AT[0] && t < CURVE_AT + 3) {
		const line = top + row * step;
		pen.strokeStyle = colours.mark;
		pen.lineWidth = form.width / 350;
		pen.beginPath();
		pen.moveTo(at(end), line - step * 0.4);
		pen.lineTo(at(end), blend(line + step * 0.4, base, rise(t, 24.6, 1)));
		pen.stroke();
	}
	// Where it drops onto the curve, its name rises above the axis and stays.
	const above = rise(t, CURVE_AT + 3, 0.8);
	letters(view, `z = ${filmNumber(end, 2)}`, at(end), base + (form.width / 50) * (1 - 2.2 * above), form.number, {
		colour: colours.mark,
		alpha: rise(t, 24.8, 0.5),
		bold: true,
	});
	const most = floor(reach);
	const marks = most >= 4 ? [-most, 0, most] : [0];
	const isCrossed = abs(at(end) - at(0)) < form.width / 12 && t > 24.5 && t < CURVE_AT + 3.2;
	for (const z of marks.filter((mark) => mark || !isCrossed))
		letters(view, filmNumber(z, 0), at(z), base + form.width / 50, form.number * 0.85, {
			colour: colours.muted,
			alpha: shown,
		});
}

/** A term of the sum: a bar that ends in a tip to the right or to the left. */
function paintTerm(pen, from, to, y, height, colour, alpha) {
	const tip = min(height / 2, abs(to - from)) * Math.sign(to - from);
	pen.globalAlpha = alpha;
	pen.fillStyle = colour;
	pen.beginPath();
	pen.moveTo(from, y - height / 2);
	pen.lineTo(to - tip, y - height / 2);
	pen.lineTo(to, y);
	pen.lineTo(to - tip, y + height / 2);
	pen.lineTo(from, y + height / 2);
	pen.fill();
	pen.globalAlpha = 1;
}

const productText = (facts, { pixel, weight }) => `${filmNumber(facts.input[pixel], 2)} × ${filmNumber(weight, 2)}`;

/** The end of the sum drops onto the curve, and the neuron takes that brightness. */
function paintSquash(view, facts, form, t) {
	const shown = rise(t, CURVE_AT, 1.6);
	if (shown <= 0) return;
	const { pen } = view;
	const z = sumAt(facts, form, t, facts.addition.z);
	const activation = logistic(z);
	const [left, right, base] = form.axis;
	const [bottom, top] = form.curve;
	const { at, reach } = axisOf(facts, form, t);
	const y = (a) => blend(bottom, top, a);
	pen.globalAlpha = shown;
	pen.strokeStyle = colours.text;
	pen.lineWidth = form.width / 420;
	pen.beginPath();
	for (let k = 0; k <= 80 * shown; k++) {
		const value = (k / 40 - 1) * reach;
		pen.lineTo(at(value), y(logistic(value)));
	}
	pen.stroke();
	pen.globalAlpha = 0.5 * shown;
	pen.strokeStyle = colours.ring;
	pen.lineWidth = form.width / 900;
	for (const a of [0, 1]) {
		pen.beginPath();
		pen.moveTo(left, y(a));
		pen.lineTo(right, y(a));
		pen.stroke();
		letters(view, a, left - form.width / 60, y(a), form.number * 0.85, { colour: colours.muted, alpha: shown });
	}
	pen.globalAlpha = 1;
	const [down, across] = [rise(t, CURVE_AT + 3, 1.8), rise(t, CURVE_AT + 5.4, 1.6)];
	const [discX, radius] = form.disc;
	const level = y(activation);
	const lit = rise(t, CURVE_AT + 6.6, 0.8);
	paintNeuron(view, discX, level, radius, activation * lit, shown);
	if (down <= 0) return;
	const point = [blend(at(z), discX - radius, across), blend(base, level, down)];
	pen.strokeStyle = colours.mark;
	pen.lineWidth = form.width / 500;
	pen.globalAlpha = 0.7;
	pen.beginPath();
	pen.moveTo(at(z), base);
	pen.lineTo(at(z), point[1]);
	pen.lineTo(...point);
	pen.stroke();
	pen.globalAlpha = 1;
	pen.fillStyle = colours.mark;
	pen.beginPath();
	pen.arc(...point, form.width / 150, 0, 7);
	pen.fill();
	letters(view, filmNumber(activation, 2), discX, level + radius * 1.5, form.number * 1.1, { alpha: lit, bold: true });
}

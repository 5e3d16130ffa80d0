// --- Side door of scene 6: three hands at one neuron, each with what its step changes, measured.

const HAND_AT = [0.04, 0.34, 0.64]; // of the bias, of the weights, of the activations before

/** An arrow beside a neuron, up or down; the longer (at most 18 pixels, times `scale`), the more. */
function arrow(pen, x, y, share, scale = 1) {
	const size = clamp(share, -1, 1) * scale;
	const [half, wide] = [9 * size, 3 + 3 * abs(size)];
	if (abs(half) < 0.4) return;
	pen.fillStyle = tint(share);
	pen.beginPath();
	for (const place of [
		[x - wide, y + half],
		[x, y - half],
		[x + wide, y + half],
	])
		pen.lineTo(...place);
	pen.fill();
}

/** The places of `count` neurons, one below the other. */
const rowsBetween = (top, bottom, count) => (k) => top + ((bottom - top) * (k + 0.5)) / count;

FIGURES.ways = {
	seconds: 10,
	net: "gradient.net",
	stops: [0, HAND_AT[0], HAND_AT[1], HAND_AT[2], 0.8, 1],
	set() {
		this.facts = film.factsNow();
		this.share = 1;
		this.choose(this.facts.label);
		choices(
			said("ways.output"),
			same([this.facts.label, this.facts.says]),
			(k) => k === this.one,
			(k) => {
				this.choose(k);
				moveTo(1);
			},
		);
		slider(said("ways.steps"), { min: 0, max: 2, step: 0.05, value: 1, places: 2 }, (share) => {
			this.share = share;
			moveTo(1);
		});
	},
	choose(k) {
		this.one = k;
		this.weights = this.facts.weightsInto(2, k);
		this.known = new Map();
	},
	/** How much the sum of the output changes if one hand turns its knobs by a share of the step, and the others rest. */
	effect(hand, share) {
		const key = `${hand} ${share}`;
		if (!this.known.has(key)) this.known.set(key, this.measure(hand, share));
		return this.known.get(key);
	},
	measure(hand, share) {
		const { start, turns, input, result } = this.facts;
		const { w, b, outputs } = start.layers[2];
		const isOwn = (k, first) => (k - first) % outputs === this.one;
		const belongs = [(k) => k >= b && isOwn(k, b), (k) => k >= w && k < b && isOwn(k, w), (k) => k < w][hand];
		const params = start.params.map((value, k) => (belongs(k) ? value + share * turns[k] : value));
		return new Network(model, params).forward(input).z[2][this.one] - result.z[2][this.one];
	},
	paint({ pen, width, height, narrow }, t) {
		const { facts, one, weights } = this;
		const { a } = facts.result;
		const wish = facts.wishes[3][one];
		const low = height - (narrow ? 112 : 140); // where the bars begin
		const bottom = low - 16;
		const top = 68; // below the numbers
		const y = rowsBetween(top, bottom, 16);
		const radius = min(10, (bottom - top) / 42);
		const [x, out] = [width * (narrow ? 0.3 : 0.4), [width * 0.76, (top + bottom) / 2]];
		const size = narrow ? 12 : 16;
		const wanted = one === facts.label ? 1 : 0;
		const gap = `2 × (${wanted} − ${number(a[3][one])})`;
		const steepness = number(a[3][one] * (1 - a[3][one]), 2);
		const words = said("ways.wish", { digit: one, value: number(a[3][one]), wanted })[narrow ? 1 : 0];
		headline(pen, `${words} ${gap} × ${steepness} = ${signed(wish, 3)}`, 0, 16, "left", size);
		// The third hand in numbers: what one output asks of one neuron of B, what all ten ask, and what its curve lets through.
		if (t >= HAND_AT[2]) {
			const { asked, says } = facts;
			const requests = facts.requests(2, asked);
			const values = [facts.wishes[3][says], requests[says] / facts.wishes[3][says], requests[says]];
			const [wish, weight, request] = values.map((value) => signed(value, 2));
			const slope = number(a[2][asked] * (1 - a[2][asked]), 2);
			const [total, result] = [sum(requests), facts.wishes[2][asked]].map((value) => signed(value, 2));
			const own = { says, B: neuronName(2, asked), wish, weight, part: request, total, slope, result };
			said("ways.asked", own).forEach((line, n) => headline(pen, line, 0, 36 + 18 * n, "left", narrow ? 11 : 13));
		}
		if (!narrow) picture(pen, facts.input, 0, top, min(150, bottom - top - 16));
		const most = largest(weights);
		weights.forEach((weight, k) => {
			const share = abs(weight) / most;
			pen.globalAlpha = 0.25 + 0.5 * share;
			drawLine(
				pen,
				[
					[x + radius, y(k)],
					[out[0] - 26, out[1]],
				],
				tint(weight),
				0.5 + 3 * share,
			);
			pen.globalAlpha = 1;
		});
		stand(pen, x, y(0) - radius - 3, y(15) + radius + 3, radius);
		weights.forEach((_, k) => {
			disc(pen, x, y(k), radius, a[2][k]);
			note(pen, neuronName(2, k), x - radius - 24, y(k) + 4, "right", { size: 11 });
		});
		disc(pen, ...out, 26, a[3][one], colours.mark, 3);
		headline(pen, one, out[0] + 38, out[1] + 6, "left", size + 2);
		this.paintArrows(pen, { x, y, out, radius }, t);
		this.paintEffects(pen, width, low, t, narrow);
	},
	/** What each hand wants to turn: one at a time, and all of them at the end. */
	paintArrows(pen, { x, y, out, radius }, t) {
		const { facts, one, weights } = this;
		const direction = Math.sign(facts.wishes[3][one]);
		const [a, asked] = [facts.result.a[2], facts.wishes[2]];
		const [brightest, heaviest, loudest] = [a, weights, asked].map(largest);
		const isShown = (n) => t >= HAND_AT[n] && (t > 0.95 || n === HAND_AT.findLastIndex((at) => t >= at));
		const grown = (n) => ease(part(t, HAND_AT[n] + 0.01, HAND_AT[n] + 0.1));
		if (isShown(0)) arrow(pen, out[0], out[1] - 42, direction * grown(0), 1.4);
		weights.forEach((weight, k) => {
			const place = blendAll([x + radius, y(k)], out, 0.4);
			if (isShown(1)) arrow(pen, ...place, (direction * grown(1) * a[k]) / brightest);
			if (!isShown(2)) return;
			const heard = ease(part(t, 0.8, 0.88));
			const share = blend((direction * weight) / heaviest, asked[k] / loudest, heard);
			arrow(pen, x - radius - 12, y(k), grown(2) * share);
		});
	},
	/** What a step of each hand adds to the sum, measured in the network. */
	paintEffects(pen, width, low, t, narrow) {
		const share = t < 1 ? 1 : this.share;
		const hands = said("ways.hands");
		const effects = hands.map((_, n) => this.effect(n, share));
		const most = max(...hands.map((_, n) => abs(this.effect(n, 2))), ...effects.map(abs));
		const [left, right, pitch] = [narrow ? 120 : 170, width - 70, narrow ? 32 : 40];
		const zero = (left + right) / 2;
		const size = narrow ? 12 : 15;
		drawLine(pen, segment(zero, low - 4, zero, low + 3 * pitch - 8), colours.ring);
		effects.forEach((effect, n) => {
			const come = ease(part(t, HAND_AT[n] + 0.1, HAND_AT[n] + 0.2));
			const top = low + n * pitch;
			const wide = (come * effect * (right - zero)) / most;
			headline(pen, `${n + 1}. ${hands[n]}`, 0, top + pitch / 2, "left", size, come > 0);
			box(pen, min(zero, zero + wide), top, abs(wide), pitch - 12, tint(effect));
			if (come === 1) headline(pen, signed(effect, 3), right + 8, top + pitch / 2, "left", size);
		});
	},
	says(t) {
		if (t < 1) return;
		const [bias, weights, before] = HAND_AT.map((_, n) => signed(this.effect(n, this.share), 3));
		return said("ways.says", { digit: this.one, bias, weights, before });
	},
};

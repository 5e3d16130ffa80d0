// --- Losses of probabilities and counts.

// The cost of an output with target y, and the slope by the weighted sum z.
// on is -ln(a), off is -ln(1 - a), and k the number of classes.
const LIKELIHOODS = {
	log_loss: ({ a, y, on, off }) => [y * on + (1 - y) * off, a - y],
	label_smoothing: (o, p) => LIKELIHOODS.log_loss({ ...o, y: (1 - p) * o.y + p / o.k }),
	focal: ({ a, b, y, on, off }, p) => [
		y * b ** p * on + (1 - y) * a ** p * off,
		(off && (1 - y) * a ** p * (p * b * off + a)) - y * b ** p * (off ? p * a * on + b : 1 + p * a * (b && on / b)),
	],
	poisson: ({ z, a, y }) => [(y > 0 ? y * (log(y) - z) : 0) - y + a, a - y],
	tweedie: ({ z, y }, p) => {
		const [q, r] = [1 - p, 2 - p];
		const ofOutput = exp(r * z);
		if (y === 0) return [ofOutput / r, ofOutput];
		const ofTarget = y ** r;
		const ofBoth = y * exp(q * z);
		// y^r * (expm1(r * t) / r - expm1(q * t) / q), without the exponential that could overflow
		const t = z - log(y);
		const [f, g] = [expm1(-abs(r * t)) / r, expm1(-abs(q * t)) / q];
		return [t > 0 ? -ofOutput * f - ofTarget * g : ofTarget * f + ofBoth * g, ofOutput - ofBoth];
	},
	gamma: ({ z, a, y }) => [y / a + z, 1 - y / a],
};

function compareOutputs({ f }, z, a, targets, loss, p) {
	const total = f ? 0 : logSumExp(z);
	const terms = [...z].map((value, j) => {
		const one = { z: value, a: a[j], y: targets[j] };
		if (f) Object.assign(one, { b: logistic(-value), on: softplus(-value), off: softplus(value), k: 2 });
		else Object.assign(one, { b: 1 - a[j], on: total - value, off: 0, k: z.length });
		return LIKELIHOODS[loss](one, p);
	});
	let delta = a.map((_, j) => terms[j][1]);
	if (!f && loss === "focal") {
		const all = sum(delta); // so far the slopes are those by -ln(a)
		delta = delta.map((slope, j) => slope - a[j] * all);
	}
	return { cost: sum(terms.map(([cost]) => cost)), slopes: delta, delta };
}

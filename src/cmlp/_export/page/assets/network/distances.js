// --- Losses of the difference d between output and target.

// The cost, and its slope; p is the parameter.
const DISTANCES = {
	squared_error: [(d) => d * d, (d) => 2 * d],
	absolute_error: [abs, Math.sign],
	huber: [(d, p) => (abs(d) <= p ? (d * d) / 2 : p * (abs(d) - p / 2)), (d, p) => max(-p, min(p, d))],
	quantile: [(d, p) => (d > 0 ? (1 - p) * d : -p * d), (d, p) => (d > 0 ? 1 - p : d < 0 ? -p : 0)],
};

function compareOutputs({ f, slope }, z, a, targets, loss, p) {
	const [distance, distanceSlope] = DISTANCES[loss];
	const off = a.map((value, j) => value - targets[j]);
	const slopes = off.map((d) => distanceSlope(d, p));
	const mean = f ? 0 : sum(slopes.map((g, j) => g * a[j])); // of softmax
	const delta = slopes.map((g, j) => (f ? g * slope(z[j], a[j]) : a[j] * (g - mean)));
	return { cost: sum(off.map((d) => distance(d, p))), slopes, delta };
}

// --- Activations that few models use.

const density = (z) => exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** The distribution function of the normal distribution, by its power series. */
function normal(z) {
	if (abs(z) > 8) return z > 0 ? 1 : 0;
	let [term, series] = [z, z];
	for (let k = 3; abs(term) > 1e-17 * abs(series); k += 2) series += term *= (z * z) / k;
	return 0.5 + series * density(z);
}

Object.assign(ACTIVATIONS, {
	leaky_relu: [(z, p) => (z < 0 ? p * z : z), (z, a, p) => (z > 0 ? 1 : p)],
	elu: [(z, p) => (z < 0 ? p * expm1(z) : z), (z, a, p) => (a < 0 ? a + p : 1)],
	silu: [(z) => z * logistic(z), (z) => logistic(z) * (1 + z * logistic(-z))],
	gelu: [(z) => z * normal(z), (z) => normal(z) + z * density(z)],
	softplus: [softplus, logistic],
	softsign: [(z) => z / (1 + abs(z)), (z, a) => (1 - abs(a)) ** 2],
});

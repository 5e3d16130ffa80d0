// --- Why this answer: the Shapley value of each column, from random orders of the columns in antithetic pairs.

const MOST_WALKS = 256; // pairs of orders for all rows of the background
const MOST_ROUNDS = 8; // pairs of orders for each row, if there are many
const ENOUGH = 0.02; // standard errors beside the sum of all effects at which no more pairs are needed

const background = readBackground();

/** The rows with which a row is compared, their weights, and their predictions. */
function readBackground() {
	if (!model.background) return null;
	const [cells, weights] = [model.background.rows, model.background.weights].map(
		(text) => new Float64Array(bytes(text).buffer),
	);
	const n = columns.length;
	const rows = [...weights].map((_, k) => [...cells.subarray(k * n, (k + 1) * n)]);
	return { rows, weights, total: sum([...weights]), base: rows.map(predict) };
}

const weightedMean = (values, { weights, total }) => sum(values.map((value, k) => value * weights[k])) / total;

function shuffled(items, random) {
	for (let i = items.length - 1; i > 0; i--) {
		const j = floor(random() * (i + 1));
		[items[i], items[j]] = [items[j], items[i]];
	}
	return items;
}

/** How an output changes from a row of the background to the explained one if one column after the other changes. */
function* walk(row, { rows, base }, k, order, j) {
	const [mixed, steps] = [[...rows[k]], columns.map(() => 0)];
	let before = base[k][j];
	for (const i of order) {
		if (Object.is(mixed[i], row[i])) continue;
		mixed[i] = row[i];
		const value = predict(mixed)[j];
		steps[i] = value - before;
		before = value;
		yield;
	}
	return steps;
}

/**
 * Computes the effects of all columns on an output, compared with the rows of a background; a generator that pauses after each prediction, and yields the mean
 * prediction of the background, the effects and their standard errors after each round. The effects add up to the
 * prediction minus the mean.
 */
function* explain(row, j, from = background) {
	const random = randomNumbers(1);
	const used = range(columns.length).filter((i) => columns[i].kind !== "unused");
	const [mean, n] = [
		weightedMean(
			from.base.map((output) => output[j]),
			from,
		),
		from.rows.length,
	];
	const sums = from.rows.map(() => columns.map(() => 0));
	const squares = from.rows.map(() => columns.map(() => 0));
	for (let round = 1; round <= max(MOST_ROUNDS, MOST_WALKS / n); round++) {
		for (let k = 0; k < n; k++) {
			const order = shuffled([...used], random);
			const forward = yield* walk(row, from, k, order, j);
			const backward = yield* walk(row, from, k, order.reverse(), j);
			for (const i of used) {
				const change = (forward[i] + backward[i]) / 2;
				sums[k][i] += change;
				squares[k][i] += change * change;
			}
		}
		const values = columns.map((_, i) =>
			weightedMean(
				sums.map((one) => one[i] / round),
				from,
			),
		);
		const errors = columns.map((_, i) => {
			const variance = (k) => max(0, squares[k][i] / round - (sums[k][i] / round) ** 2) / max(1, round - 1);
			const shares = from.rows.map((_, k) => variance(k) * (from.weights[k] / from.total) ** 2);
			return Math.sqrt(sum(shares));
		});
		yield { mean, values, errors };
		if (round > 1 && max(...errors) <= ENOUGH * sum(values.map(abs))) return;
	}
}

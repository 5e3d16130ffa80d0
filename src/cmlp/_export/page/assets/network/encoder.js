// --- The model of a table: the columns of a row become inputs, and the networks predict it.

const model = JSON.parse($("model").textContent);
// target: centre, scale, and limits of the scaled targets of each output; null for classes. several: outputs are answers.
const { columns, outputs, target, several } = model;

/** Networks with the most inputs have the bins; the others have none if there are any. */
function readNetworks() {
	const params = new Float32Array(bytes(model.params).buffer);
	let used = 0;
	return model.nets.map((net) => {
		const one = new Network(net, params.subarray(used));
		const { b, outputs } = one.layers.at(-1);
		used += b + outputs;
		return one;
	});
}

const networks = readNetworks();
for (const column of columns) {
	if (column.statistics) column.statistics = new Float32Array(bytes(column.statistics).buffer);
}
const clip = (x, low, high) => min(max(x, low), high);

function squeeze(x, { centre, scale }) {
	const z = clip((x - centre) / scale, -1e9, 1e9);
	const third = z / 3;
	return z / Math.sqrt(1 + third * third);
}

/** How far a number is in each bin, from -0.5 to 0.5. */
function placeInBins(x, { edges }) {
	return edges.slice(1).map((edge, k) => clip((x - edges[k]) / (edge - edges[k]), 0, 1) - 0.5);
}

/** From 0 to 1 and back to -1 and 0 for phases from 0 to 1: parabolas that resemble a sine. */
function wave(phase) {
	const u = 2 * phase - 1;
	return 4 * u * (abs(u) - 1);
}

/** A part of a date: two waves over its period, and the place of the day in bins. */
function encodePart(x, part, hasBins) {
	const since = (part.period === 1 ? x : floor(x)) - part.first;
	const day = since - floor(since / part.period) * part.period;
	const phase = clip(day / part.period, 0, 1);
	const waves = [wave(phase), wave(phase < 0.75 ? phase + 0.25 : phase - 0.75)];
	const inputs = hasBins ? [...waves, ...placeInBins(day, part)] : waves;
	return Number.isNaN(x) ? inputs.fill(0) : inputs;
}

/** A number, NaN if it means a missing value in its column. */
const present = (x, { codes }) => (codes?.includes(x) ? NaN : x);

function encodeNumber(value, column, hasBins) {
	const x = present(value, column);
	const isMissing = Number.isNaN(x);
	const inputs = [isMissing ? 0 : squeeze(x, column)];
	if (hasBins) inputs.push(...(isMissing ? column.edges.slice(1).fill(0) : placeInBins(x, column)));
	if (column.missing) inputs.push(Number(isMissing));
	return inputs.concat(column.parts.flatMap((part) => encodePart(x, part, hasBins)));
}

/** The first categories have an input each, and the statistics of the category follow; of an unknown one all are 0. */
function encodeCategory(code, { n, statistics = [], oneHot = n }) {
	if (n === 2 && !statistics.length) return [code === 0 ? 1 : code === 1 ? -1 : 0];
	const width = statistics.length / n;
	const found = range(width).map((k) => statistics[code * width + k] ?? 0);
	return [...range(oneHot).map((k) => Number(code === k)), ...found];
}

/** The inputs of a row of numbers (NaN if missing) and codes of categories, as docs/arithmetic.md defines them. */
function encode(row, hasBins) {
	const inputs = columns.map((column, i) => {
		if (column.kind === "number") return encodeNumber(row[i], column, hasBins);
		return column.kind === "category" ? encodeCategory(row[i], column) : [];
	});
	return Float32Array.from(inputs.flat().length ? inputs.flat() : [0]);
}

/** The prediction of a row: probabilities of all classes, or numbers. */
function predict(row) {
	const [narrow, wide] = [encode(row, false), encode(row, true)];
	const each = networks.map((net) => {
		const found = [...net.forward(net.sizes[0] === wide.length ? wide : narrow).a.at(-1)];
		if (!target) return found;
		const limited = found.map((value, j) => clip(value, target[j][2], target[j][3]));
		return several ? limited : limited.sort((p, q) => p - q); // quantiles never cross
	});
	const mean = each[0].map((_, j) => sum(each.map((found) => found[j])) / each.length);
	if (target) return mean.map((value, j) => value * target[j][1] + target[j][0]);
	if (mean.length < outputs.length) {
		// Each is the probability of the classes above one of them.
		const above = [1, ...mean.map((_, k) => min(...mean.slice(0, k + 1))), 0];
		return outputs.map((_, k) => above[k] - above[k + 1]);
	}
	const total = several ? 1 : sum(mean);
	return mean.map((value) => value / total);
}

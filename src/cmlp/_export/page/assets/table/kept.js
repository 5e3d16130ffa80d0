// --- Two cases: one that is kept, and the one in the fields.

let kept = null; // a row

/** A row as a background: reasons are those of the difference from it. */
const alone = (one) => ({ rows: [one], weights: [1], total: 1, base: [predict(one)] });

/** Keeps a row, or none. */
function keep(values) {
	kept = values;
	$("versus").hidden = !kept;
}

function paintVersus({ mean, values }) {
	const [j, now] = [shownOutput(), result];
	const answers = [predict(kept), now].map((output) => ((result = output), answer())); // the last one is shown
	const name = outputs.length === 1 ? (model.name ?? outputs[j]) : outputs[j];
	const [before, after] = [mean, now[j]].map((value) => shownValue(value));
	const change = target ? ` (${signed(now[j] - mean, shownValue(now[j] - mean))})` : "";
	const both = words("versus.change", { name, before, after: after + change });
	const isOther = !target && answers[0] !== answers[1];
	const text = isOther ? `${words("versus.answer", { before: answers[0], after: answers[1] })} ${both}` : both;
	const differing = range(row.length).filter((i) => cards[i] && !Object.is(row[i], kept[i]));
	write("versus-text", differing.length ? text : words("versus.same"));
	differing.sort((i, k) => abs(values[k]) - abs(values[i]));
	const changed = (i) => `${columns[i].name}: ${textOf(i, kept[i])} → ${textOf(i, row[i])}`;
	listEffects(
		"differences",
		differing.map((i) => [changed(i), values[i]]),
	);
}

function listenToKept() {
	const keepAnd = (values, then) => {
		keep(values);
		then();
	};
	listen($("keep"), "click", () => keepAnd([...row], show));
	listen($("forget"), "click", () => keepAnd(null, show));
	listen($("exchange"), "click", () => {
		const before = kept;
		keepAnd([...row], () => use(before));
	});
	listen($("print"), "click", () => print());
}

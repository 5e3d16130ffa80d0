// --- The next batch: what its examples wish, and what one step changes.

/** The wishes of each example of the next batch for one neuron's bias, and their mean. */
function batchWishes() {
	const label = max(0, (targetsNow() ?? []).indexOf(1));
	const [layer, index] = selected || [last, label];
	const batch = nextBatch(batchSize());
	const each = batch.map((one) => -network.backward(network.forward(one.input), one.targets).deltas[layer][index]);
	return { layer, index, batch, each, mean: sum(each) / each.length };
}

function paintBatch() {
	const { layer, index, batch, each, mean } = batchWishes();
	const list = $("batch-list");
	const few = batch.slice(0, 20);
	if (list.childElementCount !== few.length) list.replaceChildren(...few.map(makeThumb));
	few.forEach((one, n) => {
		const [canvas, name, value] = list.children[n].children;
		const { pen, width } = prepare(canvas);
		paintValues(pen, 0, one.input, 0, 0, width, white);
		name.textContent = `Training ${noun} ${examples.train.indexOf(one) + 1}: `;
		value.textContent = signed(each[n]);
	});
	say($("batch-text"), [
		`The next step averages the wishes of ${batch.length} ${noun}s. ${neuronName(layer, index)}, bias: `,
		fine(mean),
		` (minus the gradient). Times the learning rate: ${fine(rate() * mean)}.`,
	]);
	paintStep();
}

function makeThumb(_, n) {
	const thumb = make("button");
	thumb.append(make("canvas"), make("span", "unseen"), make("span"));
	listen(thumb, "click", () => show({ example: examples.train.indexOf(nextBatch(batchSize())[n]) }));
	return thumb;
}

/** Trains until half of the test examples are right and the next batch begins with a mistake, and shows the mistake. */
function findMistake() {
	// Steps that take about a second.
	const most = 1e7 / learner.params.length;
	const isHalf = () => measured.at(-1)[1] >= 0.5 && !isRight(learner, nextBatch(1)[0]);
	while (!isHalf() && costs.length < most && learn(rate(), batchSize())) if (costs.length % 25 === 0) measure();
	measure();
	use(learner);
	show({ example: examples.train.indexOf(nextBatch(1)[0]) });
}

// The latest step: the input shown, its targets, and outputs and costs before and after.
let taken = null;

function takeStep() {
	run(false);
	const [of, goals, batch] = [input, targetsNow(), nextBatch(batchSize())];
	const look = () => {
		const now = learner.forward(of);
		return { outputs: now.a[last], own: goals && learner.compare(now, goals).cost, mean: meanCost(batch) };
	};
	const before = look();
	if (!learn(rate(), batchSize())) return;
	measure();
	taken = { of, goals, size: batch.length, before, after: look() };
}

function paintStep() {
	const canvas = $("step-outputs");
	canvas.hidden = taken?.of !== input;
	if (canvas.hidden) return write("step-text", "Then see here what it changes.");
	const { before, after, goals, size } = taken;
	say($("step-text"), [
		`Cost of these ${size} ${noun}s: ${number(before.mean)} → `,
		number(after.mean),
		...(goals ? [`. Of the ${noun} shown: ${number(before.own)} → `, number(after.own)] : ["", ""]),
		". Grey: its outputs before.",
	]);
	const series = [
		[colours.ring, before.outputs],
		[colours.text, after.outputs],
	];
	paintColumns(canvas, "Outputs before and after", range(sizes[last]).map(outputName), series, goals);
}

// --- Training in the page.

const rate = () => Number((10 ** $("rate").value).toPrecision(2));
const batchSize = () => min(Number($("batch").value), examples.train.length);
let seed, random, queue, costs, measured;
// What it did, for the link: [steps, rate, batch], ...
let record;
let running = false;
let notice = "";

/** Starts over from random weights and biases. */
function restart(newSeed) {
	random = randomNumbers(newSeed);
	drawParameters(learner, random);
	[seed, queue, record, costs, measured, notice] = [newSeed, [], [], [], [], ""];
	taken = null;
	changes++;
	measure();
}

/** The examples of the next step. They come shuffled; once all were used they are shuffled anew. */
function nextBatch(size) {
	while (queue.length < size) {
		queue.push(
			...examples.train
				.map((one) => [random(), one])
				.sort((p, q) => p[0] - q[0])
				.map(([, one]) => one),
		);
	}
	return queue.slice(0, size);
}

/** One step down the gradient of the next batch. Returns false if training has diverged. */
function learn(stepRate, size) {
	const { gradient, cost } = learner.gradient(nextBatch(size));
	const next = learner.params.map((value, k) => value - stepRate * gradient[k]);
	if (!finite(cost) || !next.every(finite)) {
		notice = "Training diverged: the learning rate is too large. Start over with a smaller one.";
		return false;
	}
	queue.splice(0, size);
	learner.params.set(next);
	costs.push(cost);
	changes++;
	const entry = record.at(-1);
	if (entry && entry[1] === stepRate && entry[2] === size) entry[0]++;
	else record.push([1, stepRate, size]);
	return true;
}

const meanCost = (batch) =>
	sum(batch.map(({ input, targets }) => learner.compare(learner.forward(input), targets).cost)) / batch.length;

/** The share of test examples that it gets right, or their mean cost; it never learns from these. */
function measure() {
	const { test } = examples;
	const share = () => test.filter((one) => isRight(learner, one)).length / test.length;
	measured.push([costs.length, isRegression ? meanCost(test) : share()]);
}

function runFrame() {
	if (!running) return;
	const end = performance.now() + 8;
	let good = true;
	for (let k = 0; good && k < 8 && performance.now() < end; k++) good = learn(rate(), batchSize());
	if (costs.length >= measured.at(-1)[0] + 50) measure();
	requestPaint();
	if (good) requestAnimationFrame(runFrame);
	else run(false);
}

function run(on) {
	if (running && !on) measure();
	running = on;
	write("run", on ? "Pause" : "Run");
	if (on) requestAnimationFrame(runFrame);
	use(learner);
}

function use(which) {
	if (shown.change && which !== network) show(unchanged());
	network = which;
	$("use-trained").ariaPressed = network === trained;
	$("use-learner").ariaPressed = network === learner;
	requestPaint();
}

/** Repeats the training of a link, in pieces of 30 ms, so that the page stays usable. */
async function replay(text) {
	let end = performance.now() + 30;
	const started = record;
	for (const entry of text.split("_").slice(0, 1000)) {
		const [steps, stepRate, size] = entry.split("x").map(Number);
		if (!(stepRate >= 0 && size >= 1 && size <= examples.train.length && size % 1 === 0)) continue;
		for (let k = 0; k < min(steps, 20000); k++) {
			if (!learn(stepRate, size)) return;
			if (performance.now() < end) continue;
			requestPaint();
			await new Promise((resolve) => setTimeout(resolve));
			// It has been started over.
			if (record !== started) return;
			end = performance.now() + 30;
		}
	}
}

function paintHistory() {
	const { pen, width, height } = prepare($("history"));
	const [left, right, bottom] = [34, width - 44, height - 20];
	const steps = max(100, costs.length);
	let mean = 0; // of the latest steps
	const curve = costs.map((cost, step) => (mean += (cost - mean) * max(0.04, 1 / (step + 1))));
	const ends = !isRegression ? curve : [...curve, ...measured.map(([, cost]) => cost)];
	const [low, high] = [ends.reduce((p, q) => min(p, q), 0), ends.reduce((p, q) => max(p, q), isRegression ? 1e-3 : 1)];
	const at = (step, share) => [left + (step / steps) * (right - left), bottom - share * (bottom - 10)];
	const level = (cost) => (cost - low) / (high - low);
	for (const share of [0, 0.5, 1]) {
		const y = at(0, share)[1];
		drawLine(pen, segment(left, y, right, y), colours.line);
		label(pen, plainNumber(low + share * (high - low)), left - 8, y + 4, "right");
		if (!isRegression) label(pen, `${share * 100} %`, right + 8, y + 4, "left");
	}
	label(pen, `${steps} steps`, right, height - 4, "right");
	const every = ceil(curve.length / 500);
	const line = curve.map((cost, step) => at(step, level(cost))).filter((_, step) => step % every === 0);
	drawLine(pen, line, colours.text, 2);
	const tests = measured.map(([step, value]) => at(step, isRegression ? level(value) : value));
	drawLine(pen, tests, colours.positive, 2, [5, 5]);
	write("n-steps", costs.length);
	write("cost", number(costs.length ? mean : meanCost(nextBatch(batchSize())), 2));
	const now = measured.at(-1)[1];
	write("accuracy", isRegression ? number(now, 2) : `${Math.round(100 * now)} %`);
	write("start-here", notice || (costs.length ? "" : "A new network with random weights. Press Run."));
}

const FILTER_GAP = 8;
const FILTERS = min(sizes[1], 48);
/** The images in a row: fewer where they are the main view of a narrow screen. */
const filterColumns = () =>
	FILTERS > 16 ? 16 : min(FILTERS, document.body.classList.contains("learning") && innerWidth < 600 ? 4 : 8);

function paintFilters() {
	const columns = filterColumns();
	$("filters").style.aspectRatio = columns / ceil(FILTERS / columns);
	const { pen, width } = prepare($("filters"));
	const pitch = (width + FILTER_GAP) / columns;
	range(FILTERS).forEach((j) => {
		const [x, y] = [(j % columns) * pitch, floor(j / columns) * pitch];
		paintValues(pen, 0, weightsInto(1, j), x, y, pitch - FILTER_GAP);
	});
}

let painted = "";

function paintTraining() {
	document.body.classList.toggle("learning", running && !wishing);
	$("filters-panel").hidden = wishing;
	$("batch-panel").hidden = !wishing;
	if (wishing) paintBatch();
	const now = [network === trained, costs.length, measured.length, notice, seed, sized, wishing, batchSize()].join();
	if (now === painted) return;
	if (!wishing) paintFilters();
	paintHistory();
	painted = now;
}

function showSliders() {
	$("rate").ariaValueText = write("rate-value", rate());
	write("batch-value", batchSize());
	requestPaint();
}

/** Sets the learning rate and the batch size to where they begin. */
function setSliders() {
	$("rate").value = Math.log10(model.loss === "squared_error" && !isRegression ? 2 : 0.1);
	$("batch").value = 10;
	showSliders();
}

function startTraining() {
	learner = new Network(model, new Params(trained.params.length));
	$("batch").max = min(100, examples.train.length);
	for (const id of ["rate", "batch"]) listen($(id), "input", showSliders);
	listen($("filters"), "click", ({ offsetX, offsetY }) => {
		const pitch = ($("filters").clientWidth + FILTER_GAP) / filterColumns();
		const index = floor(offsetY / pitch) * filterColumns() + floor(offsetX / pitch);
		if (index < FILTERS) select([1, index]);
	});
}

const TRAINING_ACTIONS = {
	run: () => run(!running),
	step: takeStep,
	take: takeStep,
	restart: () => {
		run(false);
		restart(seed + 1);
	},
	"use-trained": () => {
		run(false);
		use(trained);
	},
	"use-learner": () => use(learner),
};

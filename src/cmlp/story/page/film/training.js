// --- The one training of the film: live, with other people's digits, a bit in each frame while the film plays.

const FILM_STEPS = 2000;
const FILM_BATCH = 10;
const FIRST_STEPS = 10; // each of these is kept, later ones less often
const MORE_STEPS = 100; // with the visitor's digit, if it is still misread

/** One step against the average gradient of some examples. */
function descend(net, batch) {
	const { gradient } = net.gradient(batch);
	for (let k = 0; k < N_KNOBS; k++) net.params[k] -= FILM_RATE * gradient[k];
}

/** Lets a training take steps for some milliseconds, or until it has taken so many. */
function takeSteps(training, until, milliseconds) {
	const end = performance.now() + milliseconds;
	while (training.steps < until && performance.now() < end) training.step();
}

class FilmTraining {
	steps = 0;
	kept = new Map();

	/** Begins with the parameters of a network, which are not changed. */
	constructor(start, seed) {
		this.net = new Network(model, start.params.slice());
		this.random = randomNumbers(seed);
		this.queue = [];
		this.keep();
	}

	keep() {
		this.kept.set(this.steps, this.net.params.slice());
	}

	nextBatch() {
		if (this.queue.length < FILM_BATCH) {
			const drawn = examples.train.map((one) => [this.random(), one]);
			const order = drawn.sort((p, q) => p[0] - q[0]).map(([, one]) => one);
			// The first step is shown: it asks one digit of each class.
			const first = this.steps ? [] : range(10).map((digit) => order.find(({ label }) => label === digit));
			this.queue.push(...first, ...order.filter((one) => !first.includes(one)));
		}
		return this.queue.splice(0, FILM_BATCH);
	}

	step() {
		const batch = this.nextBatch();
		this.first ??= batch;
		descend(this.net, batch);
		this.steps++;
		if (this.steps <= FIRST_STEPS || this.steps % this.rest() === 0) this.keep();
	}

	/** How many steps lie between those that are kept: most is learned before step 500. */
	rest() {
		if (this.steps < 100) return 10;
		return this.steps < 500 ? 25 : 50;
	}

	/** Learns for some milliseconds, or until a step is reached. */
	advance(milliseconds, until = FILM_STEPS) {
		takeSteps(this, until, milliseconds);
	}

	/** Which kept step comes at or before a step. */
	keptAt(step) {
		return max(...[...this.kept.keys()].filter((one) => one <= step));
	}
}

/** More steps after the training, each with one example added to the others. The training itself stays as it is. */
class Lesson {
	steps = 0;

	constructor(params, example) {
		this.net = new Network(model, params.slice());
		this.example = example;
	}

	step() {
		const { train } = examples;
		const others = range(FILM_BATCH).map((k) => train[(this.steps * FILM_BATCH + k) % train.length]);
		descend(this.net, [...others, this.example]);
		this.steps++;
	}

	advance(milliseconds) {
		takeSteps(this, MORE_STEPS, milliseconds);
	}
}

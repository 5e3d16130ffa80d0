// --- Every number of the film. It knows a digit, its label and a seed; it knows neither time nor canvas.

const FILM_RATE = 2; // the learning rate with other people's digits
const N_KNOBS = 13002;
const [HEAPS, SURE] = [1000, 0.9];
const [MOST_FOOLING, FOOLING_STEP] = [300, 0.02];
const MOST_PULLING = 60; // steps of the pixels for an output that is dragged
const [SETTINGS, SOME_WEIGHTS] = [3, 6]; // of all knobs at random; of one neuron, as dials
const CLEAR = 0.5; // from here on an output counts as an answer
const DOTS_OF_LAYER = [420, 160, 80]; // wires with the strongest requests, for the wishes of pixels
const trainings = new Map(); // by seed
const [BALL_STEPS, BALL_RATE] = [40, 2.5];
// The visitor's six knobs: how far the bias and the five weights can be turned, and the way down from where they stand.
const [BIAS_REACH, WEIGHT_REACH] = [4, 2.5];
const [SIX_STEPS, SIX_RATE] = [300, 0.8];
const [FEWEST_GATES, MOST_GATES] = [2, 5]; // negative weights of the neuron that is asked: each is touched

/** The wires into a layer that carry most: [from, to], strongest first, at most `count`. */
function strongWiresInto(layer, net, result, count) {
	const { inputs, outputs, w } = net.layers[layer];
	const found = [];
	for (let i = 0; i < inputs; i++) {
		const a = result.a[layer][i];
		if (layer === 0 && a < 0.04) continue;
		for (let j = 0; j < outputs; j++) found.push([i, j, abs(a * net.params[w + i * outputs + j])]);
	}
	return found.sort((p, q) => q[2] - p[2]).slice(0, count);
}

/** The numbers of all pixels in a random order. */
function shuffled(random) {
	const order = range(PIXELS);
	for (let k = PIXELS - 1; k > 0; k--) {
		const other = floor(random() * (k + 1));
		[order[k], order[other]] = [order[other], order[k]];
	}
	return order;
}

/** What a network gives for a test digit. */
function answerOf(net, { input, label }) {
	const result = net.forward(input);
	const says = winner(result.a[3]);
	return { says, activation: result.a[3][says], cost: net.compare(result, targetsOf(label)).cost };
}

/** Whether a number can be read with three decimals, and adds up with another one as they are rounded. */
function isClearSum(p, q) {
	const rounded = (value) => Math.round(1000 * value);
	return abs(p) > 0.02 && rounded(p) + rounded(q) === rounded(p + q);
}

/** An image changed as much as another, by the same amounts at other pixels, up or down at random where both are possible. */
function changedAtRandom(image, difference, random) {
	const order = shuffled(random);
	return image.map((value, k) => {
		const by = random() < 0.5 ? difference[order[k]] : -difference[order[k]];
		return clamp(value + by) === value + by ? value + by : clamp(value - by);
	});
}

/** A value between two stops. */
const clampTo = (value, reach) => clamp(value, -reach, reach);

/** What it would cost if all ten outputs had this value. */
const costOfAll = (value) => (1 - value) ** 2 + 9 * value ** 2;

class FilmFacts {
	lucky = null; // the facts of a network that was right by luck, if there was one before
	scribble = null; // a drawing that is no digit, if there was one before
	hand = null; // what the visitor has done with six knobs
	chosen = {}; // by the name of a pause: what the visitor has chosen, if a picture shows it
	rivals = []; // what others have reached by hand
	touches = {}; // by the name of a pause: what the visitor has done with the picture
	#known = {};
	#found = null; // among the heaps that were read so far
	#params; // of the start, if they are not those of the seed

	/** `label` may be a guess at first: with another label, there are other facts. */
	constructor(digit, label, seed, params = null) {
		Object.assign(this, { digit, label, seed });
		this.#params = params;
	}

	/** The facts of a changed image or of changed start weights, seen on the same way into the network. */
	changed({ image, params = this.#params, known = {} }) {
		const digit = image ? { ...this.digit, image, picture: brightPicture(image) } : this.digit;
		const facts = new FilmFacts(digit, this.label, this.seed, params);
		facts.scribble = this.scribble;
		facts.hand = this.hand;
		facts.touches = this.touches;
		facts.chosen = this.chosen;
		facts.rivals = this.rivals;
		const { held, restNet } = this.#known;
		Object.assign(
			facts.#known,
			{ way: this.way, held, restNet },
			params === this.#params && { start: this.start },
			known,
		);
		return facts;
	}

	/** With other activations of some outputs, as if the network had said so. */
	withOutputs(values) {
		const { z, a } = this.result;
		const outputs = a[3].map((value, k) => values[k] ?? value);
		return this.changed({ known: { result: { z, a: [...a.slice(0, 3), outputs] } } });
	}

	/** With the two knobs of the hill turned by so much. */
	withBall(ball) {
		return this.changed({ known: { hill: { ...this.hill, ball } } });
	}

	/** With the network as it is after so many steps. */
	atStep(step) {
		return this.changed({ known: { step, lesson: this.#known.lesson } });
	}

	/** With the pixels in another order, the n-th one. */
	reshuffled(n) {
		const strange = this.#readHeap(shuffled(randomNumbers(this.seed + 3000 + n)));
		return this.changed({ known: { strange, lesson: this.#known.lesson } });
	}

	/** The step of the training that a handle has chosen. */
	get step() {
		return this.#known.step;
	}

	/** What is no digit, and what the network says of it: a drawing that was called none, or the first of the heaps. */
	get strange() {
		return this.#once("strange", () => {
			if (this.scribble) return this.#readImage(Float64Array.from(this.scribble.image));
			return this.#readHeap(shuffled(randomNumbers(this.seed + 1000)));
		});
	}

	/** With another bias of the neuron that the film looks into. */
	withBias(by) {
		const params = this.start.params.slice();
		params[this.start.layers[0].b + this.way[2]] += by;
		return this.changed({ params });
	}

	/** With all knobs turned at random, by about as much as is given. */
	shaken(by) {
		const random = randomNumbers(this.seed + 2000);
		const shake = () => 2 * by * (random() + random() + random() - 1.5);
		return this.changed({ params: this.start.params.map((value) => value + shake()) });
	}

	/** Settings of all knobs at random: the first ones of which each gives another answer than those before. */
	get settings() {
		return this.#once("settings", () => {
			const random = randomNumbers(this.seed + 5000);
			const found = [];
			const answers = [this.says];
			while (found.length < SETTINGS) {
				const params = this.start.params.slice();
				this.start.layers.forEach(({ w, b, outputs }, layer) => {
					for (let k = w; k < b + outputs; k++) params[k] += 1.2 * this.mostKnob[layer] * (2 * random() - 1);
				});
				const says = winner(new Network(model, params).forward(this.input).a[3]);
				if (answers.includes(says)) continue;
				answers.push(says);
				found.push(params);
			}
			return found;
		});
	}

	/** Some weights of the neuron that the film has looked into: of pixels in the middle column, from top to bottom. */
	get someWeights() {
		return this.#once("someWeights", () =>
			range(SOME_WEIGHTS).map((n) => {
				const pixel = floor(((n + 0.5) * SIDE) / SOME_WEIGHTS) * SIDE + SIDE / 2;
				return { pixel, index: this.start.layers[0].w + pixel * sizes[1] + this.addition.to };
			}),
		);
	}

	/** With some pixels made black. */
	rubbedOut(pixels) {
		const image = Float64Array.from(this.input);
		for (const k of pixels) image[k] = 0;
		const facts = this.changed({ image });
		facts.lucky = this.lucky?.changed({ image });
		return facts;
	}

	/** What the network says of all test digits before it has learned anything. */
	get before() {
		return this.#once("before", () => examples.test.map((one) => answerOf(this.start, one)));
	}

	/** What it says of all test digits after so many steps, and their mean cost. */
	newAfter(step) {
		return this.#once(`new${this.training.keptAt(step)}`, () => {
			const answers = examples.test.map((one) => answerOf(this.learned(step).net, one));
			return { answers, cost: sum(answers.map(({ cost }) => cost)) / answers.length };
		});
	}

	/** With some pixels made white. */
	withInk(pixels) {
		const image = Float64Array.from(this.input);
		for (const k of pixels) image[k] = 1;
		return this.changed({ image });
	}

	/** Computes a fact at its first use. */
	#once(name, compute) {
		this.#known[name] ??= compute();
		return this.#known[name];
	}

	get input() {
		return this.#once("input", () => Float64Array.from(this.digit.image));
	}

	get targets() {
		return this.#once("targets", () => targetsOf(this.label));
	}

	/** The network with random weights. */
	get start() {
		return this.#once("start", () => {
			if (this.#params) return new Network(model, this.#params);
			const net = new Network(model, new Float64Array(N_KNOBS));
			drawParameters(net, randomNumbers(this.seed));
			return net;
		});
	}

	get result() {
		return this.#once("result", () => this.start.forward(this.input));
	}

	get says() {
		return winner(this.result.a[3]);
	}

	/** The first test digit of each other class, with what the network gives for it. */
	get others() {
		return this.#once("others", () => {
			const classes = range(10).filter((digit) => digit !== this.label);
			const found = classes.map((digit) => examples.test.find(({ label }) => label === digit));
			return found.map((one) => ({ ...one, result: this.start.forward(one.input) }));
		});
	}

	/** How many of the other digits get the same answer. */
	get same() {
		return this.others.filter(({ result }) => winner(result.a[3]) === this.says).length;
	}

	wires(layer) {
		return this.#once(`wires${layer}`, () => strongWiresInto(layer, this.start, this.result, [1100, 256, 160][layer]));
	}

	/** The largest |weight x activation| of a layer, for the widths of wires. */
	mostCarried(layer) {
		return this.wires(layer)[0]?.[2] ?? 1; // an empty picture has no wires
	}

	/** Where the film goes into the network: from the answer back along the strongest wires, [output, B, A]. */
	get way() {
		return this.#once("way", () => {
			const before = (layer, to) => this.wires(layer).find(([, end]) => end === to)[0];
			const b = before(2, this.says);
			return [this.says, b, before(1, b)];
		});
	}

	/** The weights into neuron `to` of a layer, in the order of the layer before. */
	weightsInto(layer, to, params = this.start.params) {
		const { inputs, outputs, w } = this.start.layers[layer];
		return Float64Array.from({ length: inputs }, (_, i) => params[w + i * outputs + to]);
	}

	/** The largest weight or bias of each layer, for the colours. */
	get mostKnob() {
		return this.#once("mostKnob", () =>
			this.start.layers.map(({ w, b, outputs }) => largest(this.start.params.subarray(w, b + outputs))),
		);
	}

	/** Pictures that are painted from facts; without a name they are made anew. */
	pictures(name, paintThem) {
		return name === null ? paintThem() : this.#once(`pictures ${name}`, paintThem);
	}

	weightsOfA(to) {
		return this.#once(`weights${to}`, () => this.weightsInto(0, to));
	}

	/** How the sum of one neuron of A comes about: the five largest products, the others together, the bias. */
	get addition() {
		return this.#once("addition", () => {
			const to = this.way[2];
			const weights = this.weightsOfA(to);
			const products = weights.map((weight, i) => weight * this.input[i]);
			const largest = range(PIXELS)
				.sort((p, q) => abs(products[q]) - abs(products[p]))
				.slice(0, 5);
			const rest = sum(products) - sum(largest.map((i) => products[i]));
			const bias = this.start.params[this.start.layers[0].b + to];
			const terms = largest.map((i) => ({ pixel: i, weight: weights[i], value: products[i] }));
			terms.push({ label: "label.rest", value: rest }, { label: "label.bias", value: bias });
			let end = 0;
			for (const term of terms) {
				term.from = end;
				end += term.value;
				term.to = end;
			}
			return { to, products, terms, z: this.result.z[0][to], activation: this.result.a[1][to] };
		});
	}

	get cost() {
		return this.start.compare(this.result, this.targets).cost;
	}

	/**
	 * The cost over two knobs, the biases of the wanted output and of the wrong answer, as a function of their changes; and the
	 * way down in steps against the slope.
	 */
	get hill() {
		return this.#once("hill", () => {
			const z = this.result.z[2];
			const others = this.cost - (1 - logistic(z[this.label])) ** 2 - logistic(z[this.says]) ** 2;
			const cost = (up, down) => others + (1 - logistic(z[this.label] + up)) ** 2 + logistic(z[this.says] + down) ** 2;
			const slopes = (up, down) => {
				const [a, b] = [logistic(z[this.label] + up), logistic(z[this.says] + down)];
				return [-2 * (1 - a) * a * (1 - a), 2 * b * b * (1 - b)];
			};
			const path = [[0, 0]];
			while (path.length <= BALL_STEPS) {
				const [up, down] = path.at(-1);
				const [p, q] = slopes(up, down);
				path.push([up - BALL_RATE * p, down - BALL_RATE * q]);
			}
			return { cost, slopes, path, floor: cost(...path.at(-1)) };
		});
	}

	/** Wishes of layers 1 to 3: the negative slopes of the cost by the weighted sums. */
	get wishes() {
		return this.#once("wishes", () =>
			this.start.backward(this.result, this.targets).deltas.map((deltas) => deltas?.map((value) => -value)),
		);
	}

	/** What each wire into a neuron's layer asks of neuron `from`: wish x weight, by output. */
	requests(layer, from) {
		const { outputs, w } = this.start.layers[layer];
		return range(outputs).map((j) => this.wishes[layer + 1][j] * this.start.params[w + from * outputs + j]);
	}

	/** How much a wire into the next layer asks of its start, against the most that one asks. */
	requestShares(layer) {
		return this.#once(`shares${layer}`, () => {
			const { inputs, outputs, w } = this.start.layers[layer];
			const all = Float64Array.from(
				{ length: inputs * outputs },
				(_, k) => this.wishes[layer + 1][k % outputs] * this.start.params[w + k],
			);
			const most = largest(all);
			return (i, j) => all[i * outputs + j] / most;
		});
	}

	/** A neuron of A with a strong wish, and a bright and a dark pixel, to show what turns a wire. */
	get hands() {
		return this.#once("hands", () => {
			const wishes = this.wishes[1];
			const inner = range(16).filter((k) => k > 2 && k < 13);
			const neuron = inner.reduce((found, k) => (abs(wishes[k]) > abs(wishes[found]) ? k : found));
			// Half bright, so that the product is seen to differ from the wish; and a weight and its turn add up as rounded.
			const weight = (k) => this.start.params[16 * k + neuron];
			const isClear = (k) => isClearSum(weight(k), wishes[neuron] * this.input[k]);
			const far = (k) => abs(this.input[k] - 0.5) + (isClear(k) ? 0 : 1);
			const brightest = this.input.indexOf(max(...this.input));
			const bright = range(PIXELS).reduce((found, k) => (far(k) < far(found) ? k : found), brightest);
			const dark = range(PIXELS).findLast((k) => this.input[k] === 0);
			return { neuron, bright, dark };
		});
	}

	/** The neuron of B that is asked: of those with some negative weights, but few, the one with the strongest wish. */
	get asked() {
		return this.#once("asked", () => {
			const minus = (k) => this.requests(2, k).filter((request, j) => request * this.wishes[3][j] < 0).length;
			const some = range(16).filter((k) => minus(k) >= FEWEST_GATES && minus(k) <= MOST_GATES);
			const strength = (k) => abs(this.wishes[2][k]);
			return (some.length ? some : range(16)).reduce((best, k) => (strength(k) > strength(best) ? k : best));
		});
	}

	/**
	 * Six knobs for the visitor's hand, all of one neuron of B: its bias, and its weights to five outputs (the wanted one, the
	 * wrong answer, and those that cost most). The other 12,996 stay. `at(values)`: what the network gives when they are turned
	 * by so much; `slopes(values)`: of the cost; `downhill(values)`: the way from there against the slopes, within the stops.
	 */
	get six() {
		return this.#once("six", () => {
			const { start, result, targets, asked, label, says } = this;
			const { w, outputs } = start.layers[2];
			const squareOf = (j) => (result.a[3][j] - targets[j]) ** 2;
			const costly = range(10).sort((p, q) => squareOf(q) - squareOf(p));
			const ends = [...new Set([label, says, ...costly])].slice(0, 5).sort((p, q) => p - q);
			const reach = [BIAS_REACH, ...ends.map(() => WEIGHT_REACH)];
			const before = range(10).map((j) => start.params[w + asked * outputs + j]);
			const rest = range(10).map((j) => result.z[2][j] - before[j] * result.a[2][asked]); // what all others give
			const at = (values) => {
				const a = logistic(result.z[1][asked] + values[0]);
				const weights = before.map((weight, j) => weight + (ends.includes(j) ? values[1 + ends.indexOf(j)] : 0));
				const answers = weights.map((weight, j) => logistic(rest[j] + weight * a));
				return { a, weights, outputs: answers, cost: sum(answers.map((value, j) => (value - targets[j]) ** 2)) };
			};
			const slopes = (values) => {
				const { a, weights, outputs: answers } = at(values);
				const deltas = answers.map((value, j) => 2 * (value - targets[j]) * value * (1 - value));
				return [sum(deltas.map((value, j) => value * weights[j])) * a * (1 - a), ...ends.map((j) => deltas[j] * a)];
			};
			const downhill = (values) => {
				const path = [values];
				while (path.length <= SIX_STEPS) {
					const now = path.at(-1);
					const slope = slopes(now);
					path.push(now.map((value, n) => clampTo(value - SIX_RATE * slope[n], reach[n])));
				}
				return path;
			};
			return { ends, reach, at, slopes, downhill };
		});
	}

	/**
	 * Of each of the six knobs, with the bias of their neuron turned by so much: the brightness before it, the wish after it,
	 * and their product, its turn. A bias has a brightness of 1 before it; its own wish is that of the start.
	 */
	sixPairs(by = 0) {
		const { a, outputs } = this.six.at([by, 0, 0, 0, 0, 0]);
		const wishes = outputs.map((value, j) => 2 * (this.targets[j] - value) * value * (1 - value));
		const pairs = range(6).map((n) => {
			const [before, wish] = n ? [a, wishes[this.six.ends[n - 1]]] : [1, this.wishes[2][this.asked]];
			return { before, wish, turn: before * wish };
		});
		return { a, outputs, wishes, pairs };
	}

	/** By how much each of the 13,002 knobs turns: the negative gradient of this digit's cost. */
	get turns() {
		return this.#once("turns", () => {
			const { gradient } = this.start.gradient([{ input: this.input, targets: this.targets }]);
			return gradient.map((value) => -value);
		});
	}

	/** Parameters and results after a share of the step: 0 is the start, 1 the whole step. */
	turned(share) {
		const known = this.#known.turned;
		if (known?.share === share) return known;
		const params = this.start.params.map((value, k) => value + share * this.turns[k]);
		const net = new Network(model, params);
		const result = net.forward(this.input);
		this.#known.turned = { share, net, result, cost: net.compare(result, this.targets).cost };
		return this.#known.turned;
	}

	get after() {
		return this.#once("after", () => {
			const { net, result, cost } = this.turned(1);
			const answers = examples.test.map((one) => answerOf(net, one));
			const own = answers.filter(({ says }) => says === this.label).length;
			return { result, cost, says: winner(result.a[3]), answers, own };
		});
	}

	/** The training, which does not depend on the digit; it may not have come to its end. */
	get training() {
		return this.#once("training", () => {
			if (!trainings.has(this.seed)) trainings.set(this.seed, new FilmTraining(this.start, this.seed));
			return trainings.get(this.seed);
		});
	}

	/** The network after so many steps (or the last kept ones before), what it gives for this digit, and for test digits. */
	learned(step) {
		const kept = this.training.keptAt(step);
		return this.#once(`learned${kept}`, () => {
			const net = new Network(model, this.training.kept.get(kept));
			const result = net.forward(this.input);
			return { step: kept, net, result, says: winner(result.a[3]), cost: net.compare(result, this.targets).cost };
		});
	}

	/** The share of test digits that it reads after so many steps. */
	shareAfter(step) {
		return this.#once(`share${this.training.keptAt(step)}`, () => rightShare(this.learned(step).net));
	}

	/** Two test digits of each class, which stand for all new digits. */
	get newDigits() {
		return this.#once("newDigits", () => {
			const ofClass = range(10).map((digit) => examples.test.filter(({ label }) => label === digit));
			return [0, 1].flatMap((n) => ofClass.map((some) => some[n]));
		});
	}

	/** One of the new digits, of another class than the visitor's: its outputs are shown during the first steps. */
	get guest() {
		return this.newDigits[(this.label + 5) % 10];
	}

	/** What the network gives for the guest after so many steps. */
	guestAfter(step) {
		return this.#once(`guest${this.training.keptAt(step)}`, () => this.learned(step).net.forward(this.guest.input));
	}

	/** What each of the first ten digits wants of each knob, averaged over the first n, for n from 1 to 10. */
	get averages() {
		return this.#once("averages", () => {
			const total = new Float64Array(N_KNOBS);
			return this.training.first.map((one, n) => {
				const { gradient } = this.start.gradient([one]);
				for (let k = 0; k < N_KNOBS; k++) total[k] -= gradient[k];
				return total.map((value) => value / (n + 1));
			});
		});
	}

	/** The network after all steps. */
	get trained() {
		return this.learned(FILM_STEPS);
	}

	get isMisread() {
		return this.trained.says !== this.label;
	}

	/** The steps with this digit among the others, which may not have come to their end. */
	get lesson() {
		return this.#once("lesson", () => {
			const example = { input: this.input, targets: this.targets };
			return new Lesson(this.training.kept.get(FILM_STEPS), example);
		});
	}

	/** The network after more steps, in each of which this digit is among the others. */
	get taught() {
		return this.#once("taught", () => {
			this.lesson.advance(Infinity);
			const { net } = this.lesson;
			const result = net.forward(this.input);
			const { cost } = net.compare(result, this.targets);
			return { net, result, says: winner(result.a[3]), cost, share: rightShare(net) };
		});
	}

	/** The network that the film ends with: one that misread the digit has learned from it. */
	get final() {
		return this.isMisread ? this.taught : this.trained;
	}

	/** Whether the network has learned all that the film shows: a misread digit is learned, too. */
	get isLearned() {
		if (this.training.steps < FILM_STEPS) return false;
		return !this.isMisread || this.lesson.steps === MORE_STEPS;
	}

	/** Learns for some milliseconds, so that no frame waits for all steps; then the heaps are read in the same way. */
	work(milliseconds) {
		if (this.isLearned) this.searchHeaps(milliseconds);
		else if (this.training.steps < FILM_STEPS) this.training.advance(milliseconds);
		else this.lesson.advance(milliseconds);
	}

	/** Whether all heaps have been read. */
	get areHeapsRead() {
		return this.#found?.searched === HEAPS;
	}

	/** Heaps of this digit's pixels: which of a thousand are called a digit for sure, and all of them in one picture. */
	get heaps() {
		return this.#once("heaps", () => {
			this.searchHeaps(Infinity);
			return this.#found;
		});
	}

	/** Lets the network read heaps for some milliseconds, so that no frame waits for all of them. */
	searchHeaps(milliseconds) {
		const end = performance.now() + milliseconds;
		this.#found ??= { searched: 0, random: randomNumbers(this.seed + 1000), sure: [], wall: new HeapWall() };
		const found = this.#found;
		while (found.searched < HEAPS && performance.now() < end) {
			const heap = this.#readHeap(shuffled(found.random));
			found.wall.add(found.searched, heap.image);
			if (heap.activation > SURE) found.sure.push(found.searched);
			found.searched++;
		}
	}

	/** A heap of the pixels in an order, and what the network gives for it. */
	#readHeap(order) {
		return { order, ...this.#readImage(Float64Array.from(order, (k) => this.input[k])) };
	}

	#readImage(image) {
		const result = this.final.net.forward(image);
		return { image, result, activation: max(...result.a[3]), says: winner(result.a[3]) };
	}

	/** The share of real new digits for which an output is above the same bound as for heaps. */
	get realSure() {
		return this.#once("realSure", () => {
			const sure = examples.test.filter((one) => answerOf(this.final.net, one).activation > SURE);
			return sure.length / examples.test.length;
		});
	}

	/** The digit changed in small steps of the pixels until the network clearly reads another: each with its result. */
	#fooledTo(target) {
		const { net, result } = this.final;
		const path = [{ image: this.input, result }];
		const isThere = ({ result: { a } }) => winner(a[3]) === target && a[3][target] > CLEAR;
		while (!isThere(path.at(-1)) && path.length <= MOST_FOOLING) {
			const { image, result: now } = path.at(-1);
			const slopes = net.slopesBefore(0, net.backward(now, targetsOf(target)).deltas[1]);
			const most = largest(slopes);
			const next = image.map((value, k) => clamp(value - (FOOLING_STEP * slopes[k]) / most));
			path.push({ image: next, result: net.forward(next) });
		}
		const difference = path.at(-1).image.map((value, k) => value - this.input[k]);
		const change = isThere(path.at(-1)) ? sum(difference.map(abs)) / PIXELS : Infinity;
		return { path, target, difference, change };
	}

	/** The way to the answer that needs the least change, or to the right one; and beside it as large a change at random. */
	get fooled() {
		return this.#once("fooled", () => {
			const { says } = this.final;
			const targets = says === this.label ? range(10).filter((k) => k !== says) : [this.label];
			const ways = targets.map((target) => this.#fooledTo(target));
			const { path, target, difference } = ways.reduce((best, way) => (way.change < best.change ? way : best));
			const { image, result } = path.at(-1);
			const random = this.#readImage(changedAtRandom(this.input, difference, randomNumbers(this.seed + 4000)));
			const reads = winner(result.a[3]);
			return {
				path,
				image,
				result,
				says: reads,
				target,
				holds: reads !== target,
				change: sum(difference.map(abs)) / PIXELS,
				most: largest(difference),
				random,
			};
		});
	}

	/**
	 * Backpropagation of the wanted answer, one layer further than for the weights: the wishes of pixels, A, B and outputs;
	 * and for each layer the wires that ask most, [from, to, share].
	 */
	get pixelWishes() {
		return this.#once("pixelWishes", () => {
			const { net, result } = this.final;
			const { deltas } = net.backward(result, targetsOf(this.fooled.target));
			const slopes = [net.slopesBefore(0, deltas[1]), ...deltas.slice(1)];
			const wishes = slopes.map((layer) => layer.map((value) => -value));
			const wires = net.layers.map(({ inputs, outputs, w }, layer) => {
				const asked = (k) => wishes[layer + 1][k % outputs] * net.params[w + k];
				const all = range(inputs * outputs).map((k) => [floor(k / outputs), k % outputs, asked(k)]);
				const some = all.sort((p, q) => abs(q[2]) - abs(p[2])).slice(0, DOTS_OF_LAYER[layer]);
				return some.map(([i, j, value]) => [i, j, value / abs(some[0][2])]);
			});
			return { wishes, wires };
		});
	}

	/** The network that is at rest in the end, whatever is drawn then. */
	get restNet() {
		return this.#once("restNet", () => this.final.net);
	}

	/** How bright some neurons of A are held, whatever is drawn: a number, or null. */
	get held() {
		return this.#once("held", () => range(16).map(() => null));
	}

	/** What the network at rest gives. */
	get played() {
		return this.#once("played", () => {
			const { restNet: net, held, input } = this;
			const a = [input, net.forward(input).a[1].map((value, k) => held[k] ?? value)];
			for (const { outputs, w, b } of net.layers.slice(1)) {
				const before = a.at(-1);
				const sumOf = (j) =>
					before.reduce((total, value, i) => total + value * net.params[w + i * outputs + j], net.params[b + j]);
				a.push(Float64Array.from({ length: outputs }, (_, j) => logistic(sumOf(j))));
			}
			return { a };
		});
	}

	/** With the picture of another digit for the network at rest. */
	reading(image) {
		return this.changed({ image, known: { restNet: this.restNet } });
	}

	/** With a neuron of A held at a brightness. */
	holding(k, value) {
		return this.changed({ known: { restNet: this.restNet, held: this.held.with(k, value) } });
	}

	/** With the pixels changed in small steps until an output is as bright as it can be made, at most as wanted. */
	pulling(k, value) {
		const net = this.restNet;
		let image = this.input;
		for (let n = 0; n < MOST_PULLING; n++) {
			const result = net.forward(image);
			const gap = value - result.a[3][k];
			if (abs(gap) < 0.005) break;
			const slopes = net.slopesBefore(0, net.backward(result, result.a[3].with(k, value)).deltas[1]);
			const step = (FOOLING_STEP * min(1, 4 * abs(gap))) / largest(slopes);
			image = image.map((one, pixel) => clamp(one - step * slopes[pixel]));
		}
		const held = range(16).map(() => null);
		return this.changed({ image, known: { restNet: net, held } });
	}

	/** The largest change of a knob in each layer, for the colours. */
	get mostTurned() {
		return this.#once("mostTurned", () =>
			this.start.layers.map(({ w, b, outputs }) => largest(this.turns.subarray(w, b + outputs))),
		);
	}
}

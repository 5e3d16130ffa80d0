// --- Every number of the film. It knows a digit, its label and a seed; it knows neither time nor canvas.

const START_FACTORS = [6, 6, 6]; // wide enough that sums and answers differ visibly
const FILM_RATE = 2; // the learning rate with other people's digits
const N_KNOBS = 13002;

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

class FilmFacts {
	#known = {};

	/** `label` may be a guess at first: with another label, there are other facts. */
	constructor(digit, label, seed) {
		Object.assign(this, { digit, label, seed });
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
			const net = new Network(model, new Float64Array(N_KNOBS));
			drawParameters(net, START_FACTORS, randomNumbers(this.seed));
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
		return this.wires(layer)[0][2];
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
		return this.#once("mostKnob", () => this.start.layers.map(({ w, b, outputs }) => largest(this.start.params.subarray(w, b + outputs))));
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
			terms.push({ value: rest }, { value: bias });
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

	/** What the ten outputs would cost if all were 0.1. */
	get tenth() {
		return 0.9 ** 2 + 9 * 0.1 ** 2;
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

	/** What the wishes of a layer were before its curve: for outputs twice the gap, before them the sum of all requests. */
	pushes(layer) {
		return this.#once(`pushes${layer}`, () =>
			this.start.backward(this.result, this.targets).slopes[layer].map((value) => -value),
		);
	}

	/** How much a wire into the next layer asks of its start, against the most that one asks. */
	requestShares(layer) {
		return this.#once(`shares${layer}`, () => {
			const { inputs, outputs, w } = this.start.layers[layer];
			const all = Float64Array.from({ length: inputs * outputs }, (_, k) => this.wishes[layer + 1][k % outputs] * this.start.params[w + k]);
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
			const bright = range(PIXELS).find((k) => this.input[k] > 0.97) ?? this.input.indexOf(max(...this.input));
			const dark = range(PIXELS).findLast((k) => this.input[k] === 0);
			return { neuron, bright, dark };
		});
	}

	/** The neuron of B that is asked to raise itself by the wrong answer most: the most negative wire into it. */
	get asked() {
		return this.#once("asked", () => {
			const weights = this.weightsInto(2, this.says);
			return weights.indexOf(min(...weights));
		});
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
			const own = examples.test.filter((one) => winner(net.forward(one.input).a[3]) === this.label).length;
			return { result, cost, says: winner(result.a[3]), own };
		});
	}

	/** The largest change of a knob in each layer, for the colours. */
	get mostTurned() {
		return this.#once("mostTurned", () => this.start.layers.map(({ w, b, outputs }) => largest(this.turns.subarray(w, b + outputs))));
	}
}

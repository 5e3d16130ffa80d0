"use strict";

// --- The network: the forward pass, and backpropagation.

const finite = Number.isFinite;
const { abs, ceil, exp, expm1, floor, hypot, log, max, min } = Math;
const sum = (values) => values.reduce((p, q) => p + q, 0);
const logistic = (z) => 1 / (1 + exp(-z));
const softplus = (z) => max(z, 0) + Math.log1p(exp(-abs(z)));

// The usual activations and their slopes (functions.js has the others). z is the weighted sum, a the activation, p the parameter.
const ACTIVATIONS = {
	identity: [(z) => z, () => 1],
	logistic: [logistic, (z, a) => a * (1 - a)],
	tanh: [Math.tanh, (z, a) => 1 - a * a],
	relu: [(z) => max(0, z), (z) => (z > 0 ? 1 : 0)],
	exp: [exp, (z, a) => a],
	softmax: [], // needs all outputs at once
};

/** The logarithm of the sum of the powers of e, without overflow. */
function logSumExp(z) {
	const top = max(...z);
	return top + log(sum(z.map((value) => exp(value - top))));
}

class Network {
	constructor(model, params) {
		Object.assign(this, model, { params, layers: [], last: model.sizes.length - 1 });
		// The weight from i to j is at w + i * outputs + j, the bias of j at b + j.
		let w = 0;
		for (let l = 1; l < this.sizes.length; l++) {
			const [inputs, outputs, name] = [this.sizes[l - 1], this.sizes[l], this.activations[l - 1]];
			const b = w + inputs * outputs;
			const [f, slope] = ACTIVATIONS[name];
			this.layers.push({ inputs, outputs, w, b, f, slope, name, p: this.parameters[l - 1] });
			w = b + outputs;
		}
	}

	/** Weighted sums z and activations a, layer by layer; a[0] is the input. */
	forward(input) {
		const [z, a] = [[], [input]];
		this.layers.forEach(({ inputs, outputs, w, b, f, p }, l) => {
			const sums = Float64Array.from(this.params.subarray(b, b + outputs));
			for (let i = 0; i < inputs; i++) {
				const value = a[l][i];
				if (value === 0) continue;
				for (let j = 0; j < outputs; j++) sums[j] += value * this.params[w + i * outputs + j];
			}
			z.push(sums);
			const total = f || logSumExp(sums);
			a.push(sums.map((value) => (f ? f(value, p) : exp(value - total))));
		});
		return { z, a };
	}

	/** The cost of one example, and its slopes by the outputs' activations (for likelihoods also by z) and by z. */
	compare(result, targets) {
		return compareOutputs(
			this.layers[this.last - 1],
			result.z[this.last - 1],
			result.a[this.last],
			targets,
			this.loss,
			this.lossParameter,
		);
	}

	/** The slopes by the activations of layer l, from those by the weighted sums of the next layer. */
	slopesBefore(l, next) {
		const { inputs, outputs, w } = this.layers[l];
		const slopes = new Float64Array(inputs);
		for (let i = 0; i < inputs; i++) {
			let total = 0;
			for (let j = 0; j < outputs; j++) total += this.params[w + i * outputs + j] * next[j];
			slopes[i] = total;
		}
		return slopes;
	}

	/** Backpropagation of one example: for each layer, the slopes of the cost by the activations, and by z (deltas). */
	backward(result, targets) {
		const { cost, slopes, delta } = this.compare(result, targets);
		const back = { cost, slopes: [], deltas: [] };
		[back.slopes[this.last], back.deltas[this.last]] = [slopes, delta];
		for (let l = this.last - 1; l > 0; l--) {
			const { slope, p } = this.layers[l - 1];
			back.slopes[l] = this.slopesBefore(l, back.deltas[l + 1]);
			back.deltas[l] = back.slopes[l].map((g, i) => g * slope(result.z[l - 1][i], result.a[l][i], p));
		}
		return back;
	}

	/** The mean cost of some examples and its gradient. */
	gradient(examples) {
		const gradient = new Float64Array(this.params.length);
		let cost = 0;
		for (const { input, targets } of examples) {
			const result = this.forward(input);
			const back = this.backward(result, targets);
			cost += back.cost / examples.length;
			this.layers.forEach(({ inputs, outputs, w, b }, l) => {
				const delta = back.deltas[l + 1].map((value) => value / examples.length);
				for (let j = 0; j < outputs; j++) gradient[b + j] += delta[j];
				for (let i = 0; i < inputs; i++) {
					const a = result.a[l][i];
					if (a === 0) continue;
					for (let j = 0; j < outputs; j++) gradient[w + i * outputs + j] += a * delta[j];
				}
			});
		}
		return { gradient, cost };
	}
}

/** Sets all weights and biases to random numbers, as the networks of cmlp begin. */
function drawParameters({ layers, params, factors }, random) {
	layers.forEach(({ inputs, outputs, w, b }, l) => {
		const bound = Math.sqrt(factors[l] / (inputs + outputs));
		for (let k = w; k < b + outputs; k++) params[k] = bound * (2 * random() - 1);
	});
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

// --- Chapter 14: four neurons in a row, and the last weight to pull.

const CHAIN = { sizes: [1, 1, 1, 1], activations: Array(3).fill("logistic"), parameters: [] };
const CHAIN_PARAMS = [1.5, -0.5, -1, 0.6, 1.2, 0.1]; // w1, b1, w2, b2, w3, b3
const [CHAIN_INPUT, CHAIN_TARGET, ASKED] = [0.8, 1, 0.2];

/** The activations, and the k-th weight, its sum, its activation and the cost, with this weight changed by `nudge`. */
function chainAt(nudge, k = 3) {
	const params = Float64Array.from(CHAIN_PARAMS);
	params[2 * k - 2] += nudge;
	const { z, a } = new Network(CHAIN, params).forward([CHAIN_INPUT]);
	return {
		a: a.map(([value]) => value),
		numbers: [params[2 * k - 2], z[k - 1][0], a[k][0], (a[3][0] - CHAIN_TARGET) ** 2],
	};
}

/** The derivatives of each of these numbers by the one before it, with the weights as they were. */
function chainSlopes(k = 3) {
	const { a } = chainAt(0);
	let slope = 2 * (a[3] - CHAIN_TARGET);
	for (let n = 3; n > k; n--) slope *= a[n] * (1 - a[n]) * CHAIN_PARAMS[2 * n - 2];
	return [a[k - 1], a[k] * (1 - a[k]), slope];
}
const chainSlope = (k) => chainSlopes(k).reduce((p, q) => p * q);

FIGURES.chain = {
	seconds: 5,
	net: "Four neurons in a row",
	stops: [
		[0, "Four neurons. The wanted output is 1, so the cost is (a3 − 1)²."],
		[0.5, "w3 pulled by 0.01: each wheel turns by the one before it, times the slope between them."],
		[1, "Pull a weight yourself. Near 0 the product predicts the cost; far away it does not: the slopes change."],
	],
	bet: {
		question: `The cost is ${number(chainAt(0).numbers[3], 4)}. With w3 + 0.20 it will be …`,
		options: null,
		at: 0.5,
		near: 0.0015,
		measure: () => chainAt(ASKED).numbers[3],
		verdict() {
			const guess = chosen === null ? "" : `You said ${number(chosen, 4)}. `;
			return `${guess}Measured: ${number(this.measure(), 4)}. By the slopes: ${number(chainAt(0).numbers[3] + ASKED * chainSlope(), 4)}. With w3 + 1 they say ${number(chainAt(0).numbers[3] + chainSlope(), 4)}, but it is ${number(chainAt(1).numbers[3], 4)}.`;
		},
	},
	set() {
		[this.pulled, this.weight] = [null, 3];
		choices(
			"Weight",
			[3, 2, 1].map((k) => [k, `w${k}`]),
			(k) => k === this.weight,
			(k) => {
				this.weight = k;
				moveTo(1);
			},
		);
		this.showChange = slider("Change it by", { min: -1, max: 1, step: 0.01, value: 0, places: 2 }, (value) => {
			this.pulled = value;
			moveTo(1);
		});
	},
	paint({ pen, width, height, narrow }, t) {
		const nudge =
			this.pulled !== null && t === 1
				? this.pulled
				: t <= 0.5
					? 0.01 * ease(part(t, 0.08, 0.45))
					: blend(0.01, ASKED, ease(part(t, 0.55, 0.9)));
		this.showChange(nudge);
		const k = t === 1 ? this.weight : 3;
		const [now, first, slopes] = [chainAt(nudge, k), chainAt(0, k), chainSlopes(k)];
		const x = (n) => 40 + (n * (width - 80)) / 3;
		const [y, size] = [52, narrow ? 15 : 22];
		range(4).forEach((n) => {
			if (n < 3) {
				const weight = n === k - 1 ? now.numbers[0] : CHAIN_PARAMS[2 * n];
				drawLine(
					pen,
					segment(x(n) + size + 2, y, x(n + 1) - size - 2, y),
					n === k - 1 ? colours.mark : tint(weight),
					1 + 2.5 * abs(weight),
				);
				note(pen, `w${n + 1} ${number(weight, 2)}`, (x(n) + x(n + 1)) / 2, y - 14, "center", { colour: colours.text });
			}
			disc(pen, x(n), y, size, now.a[n]);
			note(pen, `${n ? `a${n}` : "input"} ${number(now.a[n])}`, x(n), y + 42);
		});
		// Four wheels with their slopes between them, and below their changes.
		const wheels = narrow ? [34, width - 34] : [70, width - 70];
		const at = (n) => wheels[0] + (n * (wheels[1] - wheels[0])) / 3;
		const middle = y + 62 + (height - 220) * 0.42;
		const radius = min(narrow ? 17 : 54, (height - 230) * 0.36);
		const names = [`w${k}`, `z${k}`, `a${k}`, "cost"];
		const behind = k < 3 ? `w${k + 1} σ′(z${k + 1}) × ∂C/∂a${k + 1}` : "";
		const marks = [
			`∂z${k}/∂w${k} = ${k > 1 ? `a${k - 1}` : "input"}`,
			`∂a${k}/∂z${k} = σ′(z${k})`,
			`∂C/∂a${k}${k < 3 ? "" : " = 2 (a3 − 1)"}`,
		];
		names.forEach((name, n) => {
			const change = now.numbers[n] - first.numbers[n];
			const angle = -Math.PI / 2 + clamp(change, -1, 1) * (abs(nudge) < 0.05 ? 60 : 3);
			const colour = change < -1e-9 ? colours.negative : change > 1e-9 ? colours.positive : colours.ring;
			disc(pen, at(n), middle, radius, 0, colour, 3);
			drawLine(
				pen,
				segment(at(n), middle, at(n) + radius * Math.cos(angle), middle + radius * Math.sin(angle)),
				colour,
				4,
			);
			headline(pen, name, at(n), middle - radius - 10, "center");
			note(
				pen,
				`${change >= 0 ? "+" : ""}${number(change, n === 3 && abs(nudge) < 0.05 ? 6 : 4)}`,
				at(n),
				middle + radius + 18,
				"center",
				{ colour, bold: true },
			);
			if (n === 3) return;
			const [left, right] = [at(n) + radius + 6, at(n + 1) - radius - 6];
			drawLine(
				pen,
				[
					[left, middle],
					[right, middle],
					[right - 7, middle - 5],
				],
				colours.muted,
				1.5,
			);
			headline(pen, `× ${number(slopes[n])}`, (left + right) / 2, middle - 8, "center", narrow ? 11 : 16);
			note(pen, narrow ? marks[n].split(" ")[0] : marks[n], (left + right) / 2, middle + 18, "center", {
				size: narrow ? 11 : 12,
			});
			if (n === 2 && !narrow)
				note(pen, behind && `= ${behind}`, (left + right) / 2, middle + 34, "center", { size: 11 });
		});
		const change = now.numbers[3] - first.numbers[3];
		const words = `∂C/∂w${k} = ${slopes.map((one) => number(one)).join(" × ")} = ${number(chainSlope(k), 4)}`;
		headline(pen, words, width / 2, height - 54, "center", narrow ? 12 : 17);
		note(
			pen,
			`times ${signed(nudge, 3)}: the slopes say ${signed(nudge * chainSlope(k), 5)}, measured ${signed(change, 5)}`,
			width / 2,
			height - 30,
			"center",
			{ colour: colours.text, size: narrow ? 11 : 14 },
		);
		note(pen, `wish for w${k}: ${signed(-chainSlope(k), 4)}`, width / 2, height - 8, "center", {
			colour: colours.positive,
		});
	},
	label() {
		const k = moment === 1 ? this.weight : 3;
		const change = chainAt(this.pulled ?? ASKED, k).numbers[3] - chainAt(0).numbers[3];
		return `${stopsAt(moment)[1]} Slopes ${chainSlopes(k)
			.map((one) => number(one))
			.join(
				", ",
			)}; product ${number(chainSlope(k), 4)}${moment === 1 ? `; measured change ${number(change, 5)}` : ""}.`;
	},
};

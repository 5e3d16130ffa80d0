// --- The playground: two numbers in, one out, and a boundary that bends while it learns.

const [PLAY_STEPS, PLAY_EVERY, PLANE] = [4000, 40, 28];
const PLAY_DATA = {
	circles: (u, v, k) => {
		const [radius, angle] = [k ? 0.35 * u : 0.6 + 0.25 * u, 2 * Math.PI * v];
		return [radius * Math.cos(angle), radius * Math.sin(angle)];
	},
	moons: (u, v, k) => {
		const angle = Math.PI * u;
		return k
			? [0.5 * Math.cos(angle) - 0.25, 0.2 - 0.6 * Math.sin(angle)]
			: [0.25 - 0.5 * Math.cos(angle), 0.6 * Math.sin(angle) - 0.2];
	},
	spiral: (u, v, k) => {
		const angle = 3.2 * Math.PI * u + k * Math.PI;
		return [0.9 * u * Math.sin(angle), 0.9 * u * Math.cos(angle)];
	},
	xor: (u, v, k) => {
		const [x, y] = [0.08 + 0.8 * u, 0.08 + 0.8 * v];
		return k ? [x, y].map((one) => (u + v > 1 ? one : -one)) : u + v > 1 ? [x, -y] : [-x, y];
	},
};
const PLAY_START = { data: "circles", layers: "4-2", curve: "tanh", rate: 1, l2: 0, batch: 10, noise: 0.02, seed: 7 };
const PLAY_PRESETS = {
	circles: { layers: "", curve: "logistic" },
	fading: { data: "spiral", layers: "8-8-8-8", curve: "logistic" },
	jumping: { data: "spiral", layers: "8-8", rate: 10 },
};
const PLAY_FROM = { circles: "layers", fading: "curves", jumping: "hill" }; // the chapters that open them
const shareOption = (share) => (share < 0.7 ? 0 : share < 0.9 ? 1 : 2);
const PLAY_BETS = {
	circles: {
		question: "No hidden layer, and circles. How many test points will it get right after 4,000 steps?",
		options: ["about half", "3 of 4", "nearly all"],
		verdict: "Without hidden neurons the boundary is a straight line, whatever it learns. Give it one layer of four.",
	},
	fading: {
		question: "Four layers of eight sigmoids on the spiral. How many test points will it get right?",
		options: ["about half", "3 of 4", "nearly all"],
		verdict: "The wishes fade on their way through four curves, so it stands still. Try tanh, or two layers.",
	},
	jumping: {
		question: "Learning rate 10 on the spiral. How often does the cost rise from one measurement to the next?",
		options: ["hardly ever", "again and again"],
		verdict: "Each step leaps across the valley. Try rate 1.",
	},
	free: {
		question: "How many test points will this network get right after 4,000 steps?",
		options: ["about half", "3 of 4", "nearly all"],
		verdict: "Change one thing, and look again.",
	},
};

FIGURES.playground = {
	unlocked: true,
	seconds: 16,
	net: "A small network of two numbers, learning here",
	stops: [
		[
			0,
			"Random weights. Each small plane is one neuron’s activation at every point; point at one to see it large, press it to ask it.",
		],
		[0.5, "2,000 steps. The slider goes back, too: every step is kept."],
		[1, "4,000 steps. Change anything: points, layers, curve, rate. Filled points are learned from, rings are tests."],
	],
	bet: {
		get question() {
			return PLAY_BETS[FIGURES.playground.preset].question;
		},
		get options() {
			return PLAY_BETS[FIGURES.playground.preset].options;
		},
		measure() {
			const states = FIGURES.playground.until(PLAY_STEPS);
			if (FIGURES.playground.preset !== "jumping") return shareOption(states.at(-1).share);
			return Number(states.filter(({ cost }, n) => n && cost > 1.02 * states[n - 1].cost).length > 10);
		},
		verdict() {
			const { share, cost, test } = FIGURES.playground.until(PLAY_STEPS).at(-1);
			return `${percent(share)} of the test points; cost ${number(cost)}, on test points ${number(test)}. ${PLAY_BETS[FIGURES.playground.preset].verdict}`;
		},
	},
	/** Everything that the address holds. */
	parts() {
		const parts = { preset: this.preset, ...this.options };
		if (this.own.length)
			parts.points = this.own
				.map(([x, y, k]) => [x, y].map((one) => Math.round(100 * one)).join("x") + "x" + k)
				.join("_");
		return parts;
	},
	set(parts = new URLSearchParams()) {
		this.preset = parts.get("preset") in PLAY_BETS ? parts.get("preset") : "free";
		this.options = { ...PLAY_START, ...PLAY_PRESETS[this.preset] };
		for (const name in PLAY_START) {
			if (!parts.has(name)) continue;
			const value = typeof PLAY_START[name] === "number" ? Number(parts.get(name)) : parts.get(name);
			const isSizes = name === "layers" && /^([1-8](-[1-8]){0,3})?$/.test(value);
			const isSeed = name === "seed" && value > 0 && value < 1000;
			if (isSizes || isSeed || MENUS[name]?.some(([one]) => one === value)) this.options[name] = value;
		}
		const points = (parts.get("points") ?? "").match(/-?\d+x-?\d+x[01]/g) ?? [];
		this.own = points
			.slice(0, 400)
			.map((text) => text.split("x").map((one, n) => (n < 2 ? clamp(one / 100, -1, 1) : Number(one))));
		this.colour = 1;
		this.asked = this.pointed = null;
		this.start();
		this.heads = make("div", "heads");
		$("controls").append(this.heads);
		this.fillHeads();
		this.lists = {};
		for (const [name, title] of Object.entries(MENU_TITLES)) {
			this.lists[name] = menu(title, MENUS[name], (value) => {
				if (value === "own") this.own = this.asOwn();
				this.change(name, value);
			});
		}
		action("New start", () => this.change("seed", (this.options.seed % 99) + 1));
		choices(
			"Own points",
			[
				[1, "blue"],
				[0, "orange"],
			],
			(value) => value === this.colour,
			(value) => (this.colour = value),
		);
		action("No points", () => {
			this.own = [];
			this.change("data", "own");
		});
		this.showPreset = choices(
			"Broken",
			Object.keys(PLAY_PRESETS).map((name) => [
				name,
				{ circles: "a line", fading: "fading", jumping: "rate 10" }[name],
			]),
			(name) => name === this.preset,
			(name) => goTo("playground", { preset: name }),
		);
		this.showOptions();
	},
	/** The points as own ones. */
	asOwn() {
		return this.points.map(({ x, y, k }) => [x, y, k].map((one) => Math.round(100 * one) / 100));
	},
	showOptions() {
		for (const [name, list] of Object.entries(this.lists))
			list.selectedIndex = MENUS[name].findIndex(([one]) => one === this.options[name]);
		this.lists.noise.disabled = this.options.data === "own";
		this.showPreset();
	},
	change(name, value) {
		this.options[name] = value;
		if (name === "data" && value !== "own") this.own = [];
		this.preset = "free";
		this.start();
		this.showOptions();
		ask();
		moveTo(0);
	},
	/** Buttons for the number of layers, and for the neurons of each. */
	fillHeads() {
		const [hidden, pressed] = [this.hidden(), document.activeElement.ariaLabel];
		const resize = (sizes) => {
			this.change("layers", sizes.join("-"));
			this.fillHeads();
		};
		const number = (n) => resize(n > hidden.length ? [...hidden, hidden.at(-1) ?? 4] : hidden.slice(0, n));
		this.heads.replaceChildren(
			stepper("Layers", hidden.length, [0, 4], number),
			...hidden.map((count, l) =>
				stepper(letter(l + 1), count, [1, 8], (n) => resize(hidden.map((one, k) => (k === l ? n : one)))),
			),
		);
		[...this.heads.querySelectorAll("button")].find((one) => one.ariaLabel === pressed)?.focus();
	},
	hidden() {
		return this.options.layers ? this.options.layers.split("-").map(Number) : [];
	},
	work(t) {
		return steadily(
			t,
			() => ((this.states.length - 1) * PLAY_EVERY) / PLAY_STEPS,
			() => this.until(this.states.length * PLAY_EVERY),
		);
	},
	start() {
		const { data, curve, noise, seed } = this.options;
		const hidden = this.hidden();
		const [random, startingAt] = [randomNumbers(7), randomNumbers(seed)];
		const shake = () => noise * (random() + random() + random() - 1.5) * 2;
		const made = range(240).map((n) => {
			const k = n % 2;
			const [x, y] = (PLAY_DATA[data] ?? (() => [0, 0]))(random(), random(), k);
			return [x + shake(), y + shake(), k];
		});
		const points = data === "own" ? this.own : made;
		this.points = points.map(([x, y, k], n) => ({
			x,
			y,
			k,
			input: [3 * x, 3 * y],
			targets: [k],
			label: k,
			isTest: n % 8 > 5,
		}));
		this.train = this.points.filter((one) => !one.isTest);
		this.tests = this.points.filter((one) => one.isTest);
		const sizes = [2, ...hidden, 1];
		const kind = {
			sizes,
			activations: [...hidden.map(() => curve), "logistic"],
			parameters: Array(hidden.length + 1).fill(0),
			loss: "squared_error",
		};
		const { b, outputs } = new Network(kind, new Float64Array(1000)).layers.at(-1);
		this.small = new Network(kind, new Float64Array(b + outputs));
		for (const { inputs, outputs: count, w, b: biases } of this.small.layers) {
			const bound = Math.sqrt((curve === "relu" ? 6 : 3) / (inputs + count));
			for (let k = w; k < biases; k++) this.small.params[k] = bound * (2 * startingAt() - 1);
		}
		this.states = [];
		this.until(0);
	},
	/** Trains as far as is asked for, and keeps the parameters every 40 steps. */
	until(step) {
		while (this.states.length <= step / PLAY_EVERY) {
			const before = this.states.at(-1);
			if (before) {
				this.small.params.set(before.params);
				for (let n = 0; n < PLAY_EVERY; n++) this.step((this.states.length - 1) * PLAY_EVERY + n);
			}
			const cost = (list) =>
				sum(list.map((one) => this.small.compare(this.small.forward(one.input), one.targets).cost)) /
				(list.length || 1);
			const hits = this.tests.filter((one) => this.small.forward(one.input).a.at(-1)[0] > 0.5 === (one.k === 1)).length;
			this.states.push({
				params: this.small.params.slice(),
				cost: cost(this.train),
				test: cost(this.tests),
				share: hits / (this.tests.length || 1),
			});
		}
		return this.states;
	},
	step(n) {
		const { rate, l2, batch } = this.options;
		if (!this.train.length) return;
		const size = min(batch || this.train.length, this.train.length);
		const some = range(size).map((k) => this.train[(n * size + k) % this.train.length]);
		const { gradient } = this.small.gradient(some);
		for (const { w, b, outputs } of this.small.layers)
			for (let k = w; k < b + outputs; k++)
				this.small.params[k] -= rate * (gradient[k] + (k < b ? l2 * this.small.params[k] : 0));
	},
	/** The parameters at any step, from the state before it. */
	goTo(step) {
		const from = floor(step / PLAY_EVERY);
		this.until(from * PLAY_EVERY);
		this.small.params.set(this.states[from].params);
		for (let n = from * PLAY_EVERY; n < step; n++) this.step(n);
		return this.states[from];
	},
	paint({ pen, width, height, narrow }, t) {
		const step = Math.round(t * PLAY_STEPS);
		const now = this.goTo(step);
		const { sizes } = this.small;
		const side = min(height - 60, narrow ? 190 : 330, width * 0.5);
		this.plane = narrow ? [width - side, 20, side] : [width - side - 4, 20, side];
		const room = narrow ? width - side - 10 : width - side - 60;
		const grid2 = range(PLANE * PLANE).map(
			(k) =>
				this.small.forward([3 * (((k % PLANE) + 0.5) / PLANE) * 2 - 3, 3 - 3 * ((floor(k / PLANE) + 0.5) / PLANE) * 2])
					.a,
		);
		const hidden = sizes.length - 2;
		const tall = narrow ? 210 : height - 40;
		const cell = min(44, tall / 8 - 6, room / (hidden + 1.5) - 6);
		const x = (l) => (l > hidden ? this.plane[0] : (l * room) / (hidden + 1));
		const y = (l, j) =>
			l > hidden
				? this.plane[1] + side / 2
				: 20 + tall / 2 + (j - (sizes[l] - 1) / 2) * (tall / max(sizes[l], l ? sizes[l] : 4));
		const planeOf = (l, j) => [
			grid2.map((a) => (l ? a[l][j] : a[0][j] / 3)),
			l > hidden || (l && this.options.curve !== "tanh") ? 0.5 : 0,
		];
		this.cells = [];
		this.small.layers.forEach(({ inputs, outputs, w }, l) => {
			const top = largest(this.small.params.subarray(w, w + inputs * outputs));
			range(inputs * outputs).forEach((k) => {
				const [i, j, weight] = [floor(k / outputs), k % outputs, this.small.params[w + k]];
				pen.globalAlpha = 0.2 + 0.7 * (abs(weight) / top);
				drawLine(
					pen,
					segment(x(l) + cell, y(l, i), x(l + 1), y(l + 1, j)),
					tint(weight),
					0.4 + (3 * abs(weight)) / max(top, 1),
				);
			});
			pen.globalAlpha = 1;
		});
		for (let l = 0; l <= hidden; l++) {
			range(sizes[l]).forEach((j) => {
				this.paintPlane(pen, ...planeOf(l, j), x(l), y(l, j) - cell / 2, cell);
				this.cells.push([l, j, x(l), y(l, j) - cell / 2, cell]);
				const isAsked = String(this.asked) === String([l, j]);
				pen.strokeStyle = isAsked ? colours.mark : colours.ring;
				pen.lineWidth = isAsked ? 3 : 1;
				pen.strokeRect(x(l), y(l, j) - cell / 2, cell, cell);
				if (!l) note(pen, "xy"[j], x(l) + cell / 2, y(l, j) - cell / 2 - 5);
			});
		}
		const plane = planeOf(...(this.pointed ?? [hidden + 1, 0]));
		this.paintPlane(pen, ...plane, ...this.plane);
		for (const one of this.points) {
			const spot = this.spot(one);
			drawLine(pen, [spot], colours.ground, 9);
			drawLine(pen, [spot], one.k ? colours.positive : colours.negative, 7);
			if (one.isTest) drawLine(pen, [spot], colours.ground, 3);
		}
		headline(pen, `step ${step}${this.pointed ? `: ${this.nameOf(...this.pointed)}` : ""}`, this.plane[0], 14, "left");
		const top = this.plane[1] + side + 18;
		note(pen, `— cost ${number(now.cost)}, - - test ${number(now.test)}`, this.plane[0] + side, top, "right", {
			colour: colours.text,
		});
		note(pen, `test points right ${percent(now.share)}`, this.plane[0] + side, top + 18, "right", {
			colour: colours.text,
		});
		const frame = narrow
			? [34, 262, width - 8, height - 30]
			: [this.plane[0], top + 28, this.plane[0] + side, height - 6];
		if (frame[3] - frame[1] > 26) {
			axes(pen, frame);
			note(pen, "0.5", frame[0] - 6, frame[1] + 8, "right");
			note(pen, "0", frame[0] - 6, frame[3], "right");
			const seen = this.states.slice(0, floor(step / PLAY_EVERY) + 1);
			const place = (value, n) => [
				frame[0] + ((n * PLAY_EVERY) / PLAY_STEPS) * (frame[2] - frame[0]),
				frame[3] - clamp(value / 0.5) * (frame[3] - frame[1]),
			];
			drawLine(
				pen,
				seen.map((one, n) => place(one.cost, n)),
				colours.text,
				2,
			);
			drawLine(
				pen,
				seen.map((one, n) => place(one.test, n)),
				colours.muted,
				2,
				[4, 4],
			);
		}
		if (this.asked)
			note(pen, this.formula(narrow), 0, height - 6, "left", { colour: colours.text, size: narrow ? 11 : 12 });
	},
	/** Values over the plane: from orange over the ground to blue; `middle` is neither. */
	paintPlane(pen, values, middle, x, y, side) {
		this.sheet ??= Object.assign(make("canvas"), { width: PLANE, height: PLANE });
		const target = this.sheet.getContext("2d");
		const pixels = target.createImageData(PLANE, PLANE);
		const [from, low, high] = ["surface", "negative", "positive"].map(rgb);
		const top = middle || max(1, largest(values));
		values.forEach((value, k) => {
			const share = clamp((value - middle) / top, -1, 1) * 0.8;
			for (let c = 0; c < 3; c++) pixels.data[4 * k + c] = blend(from[c], (share < 0 ? low : high)[c], abs(share));
			pixels.data[4 * k + 3] = 255;
		});
		target.putImageData(pixels, 0, 0);
		pen.imageSmoothingEnabled = true;
		pen.drawImage(this.sheet, x, y, side, side);
	},
	spot({ x, y }) {
		const [left, top, side] = this.plane;
		return [left + ((clamp(x, -1, 1) + 1) / 2) * side, top + ((1 - clamp(y, -1, 1)) / 2) * side];
	},
	nameOf: (l, j) => (l ? letter(l) + (j + 1) : "xy"[j]),
	/** The sum and the curve of the neuron that is asked. */
	formula(narrow) {
		const [l, j] = this.asked;
		if (!l) return `${"xy"[j]}: an input`;
		const { inputs, outputs, w, b, name } = this.small.layers[l - 1];
		const weights = range(inputs).map((i) => this.small.params[w + i * outputs + j]);
		const order = range(inputs)
			.sort((p, q) => abs(weights[q]) - abs(weights[p]))
			.slice(0, narrow ? 2 : 5);
		const terms = order.map((i) => `${signed(weights[i], 2)} ${this.nameOf(l - 1, i)}`);
		return `${letter(l)}${j + 1} = ${name}(${terms.join(" ")}${order.length < inputs ? " …" : ""} ${signed(this.small.params[b + j], 2)})`;
	},
	cellAt(x, y) {
		return this.cells.find(([, , cx, cy, size]) => x >= cx && y >= cy && x <= cx + size && y <= cy + size);
	},
	press(x, y) {
		this.pointed = null;
		const [left, top, side] = this.plane;
		if (x > left && y > top && x < left + side && y < top + side) {
			const point = [((x - left) / side) * 2 - 1, 1 - ((y - top) / side) * 2, this.colour].map(
				(one) => Math.round(100 * one) / 100,
			);
			this.own = [...this.asOwn(), point];
			return this.change("data", "own");
		}
		const cell = this.cellAt(x, y);
		if (cell) this.asked = this.pointed = cell.slice(0, 2);
	},
	hover(x, y) {
		this.pointed = this.cellAt(x, y)?.slice(0, 2);
	},
	keys(across, down) {
		const at = this.cells.findIndex(([l, j]) => String([l, j]) === String(this.asked));
		this.asked = this.pointed = this.cells[(at + (across || down || 1) + this.cells.length) % this.cells.length].slice(
			0,
			2,
		);
	},
	label(t) {
		const now = this.states[min(this.states.length - 1, floor((t * PLAY_STEPS) / PLAY_EVERY))];
		const words = decided ? ` Cost ${number(now.cost)}, test points right ${percent(now.share)}.` : "";
		return `${stopsAt(t)[1]}${words} ${this.asked ? this.formula() : "Arrow keys ask a neuron."}`;
	},
};

const MENU_TITLES = {
	data: "Points",
	curve: "Curve",
	rate: "Rate",
	l2: "L2",
	batch: "Batch",
	noise: "Noise",
};
const same = (values) => values.map((value) => [value, value]);
const MENUS = {
	data: same([...Object.keys(PLAY_DATA), "own"]),
	curve: [
		["logistic", "sigmoid"],
		["tanh", "tanh"],
		["relu", "ReLU"],
	],
	rate: same([0.03, 0.1, 0.3, 1, 3, 10, 30]),
	l2: same([0, 0.0001, 0.001, 0.01]),
	batch: [
		[1, 1],
		[10, 10],
		[0, "all"],
	],
	noise: same([0, 0.02, 0.05, 0.15]),
};

/** A number between two buttons that make it smaller or larger. */
function stepper(name, value, [low, high], change) {
	const line = make("div", "", `${name} `);
	line.role = "group";
	line.ariaLabel = name;
	const add = (sign, by) => {
		const button = Object.assign(make("button", "", sign), { ariaLabel: `${name} ${sign}` });
		button.disabled = value + by < low || value + by > high;
		listen(button, "click", () => {
			change(value + by);
			requestPaint();
		});
		line.append(button);
	};
	add("−", -1);
	line.append(make("output", "", value));
	add("+", 1);
	return line;
}

/** A list of options [value, text] to choose from. */
function menu(name, options, change) {
	const [line, list] = [make("label", "menu", name), make("select")];
	list.append(...options.map(([, text]) => make("option", "", text)));
	listen(list, "change", () => {
		change(options[list.selectedIndex][0]);
		requestPaint();
	});
	line.append(list);
	$("controls").append(line);
	return list;
}

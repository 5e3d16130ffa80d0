// --- The playground: two numbers in, one out, and a boundary that bends while it learns.

const [PLAY_STEPS, PLAY_EVERY, PLANE] = [1000, 20, 40];
const BET_UNTIL = 40; // a bet can be made while it begins to run
const SLOW = [15, 150, 250]; // steps a second at first; after how many steps twice that; at most
const [MOST_STATES, MOST_NOISE] = [1500, 0.3];
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
	clusters: (u, v, k) => {
		const [radius, angle] = [0.16 * Math.sqrt(-2 * log(1 - u)), 2 * Math.PI * v];
		return [radius * Math.cos(angle), radius * Math.sin(angle)].map((one) => one + (k ? 0.4 : -0.4));
	},
	xor: (u, v, k) => {
		const [x, y] = [0.08 + 0.8 * u, 0.08 + 0.8 * v];
		return k ? [x, y].map((one) => (u + v > 1 ? one : -one)) : u + v > 1 ? [x, -y] : [-x, y];
	},
	// Of these each point has a number from -1 to 1.
	ramp: (u, v) => [1.8 * u - 0.9, 1.8 * v - 0.9, u + v - 1],
	hills: (u, v) => [1.8 * u - 0.9, 1.8 * v - 0.9, Math.sin(2 * Math.PI * u) * Math.sin(2 * Math.PI * v)],
};
const [MOST_LAYERS, SLOWER] = [6, 0.1]; // the rate for numbers
// What the network may be given of a point, whose x and y are from -3 to 3.
const PLAY_INPUTS = {
	x: (x) => x,
	y: (x, y) => y,
	"x²": (x) => x * x,
	"y²": (x, y) => y * y,
	xy: (x, y) => x * y,
	"sin x": (x) => Math.sin(x),
	"sin y": (x, y) => Math.sin(y),
};
const PLAY_START = {
	data: "circles",
	layers: "4-2",
	inputs: "x-y",
	curve: "tanh",
	rate: 1,
	l1: 0,
	l2: 0,
	batch: 10,
	noise: 0.02,
	tests: 0.25,
	seed: 7,
};
const PLAY_PRESETS = {
	circles: { layers: "", curve: "logistic" },
	fading: { data: "spiral", layers: "8-8-8-8", curve: "logistic" },
	jumping: { data: "spiral", layers: "8-8", rate: 10 },
};
const SHARES = {
	options: () => said("playground.shares"),
	measure: (states) => nearest([0.5, 0.75, 1], states.at(-1).share),
};
const COSTS = [0.1, 0.01, 0.001];
const rises = (states) => states.filter(({ cost }, n) => n && cost > 1.02 * states[n - 1].cost).length;
// The broken networks show early what is wrong, and are explained then.
const PLAY_BETS = {
	circles: {
		...SHARES,
		question: () => said("playground.circles.bet"),
		verdict: () => said("playground.circles.verdict"),
	},
	fading: {
		question: () => said("playground.fading.bet")[0],
		options: () => said("playground.fading.bet").slice(1),
		measure: (states) => (states.at(-1).share > 0.9 ? 0 : states.at(-1).cost < 0.2 ? 1 : 2),
		verdict: () => said("playground.fading.verdict"),
	},
	jumping: {
		question: () => said("playground.jumping.bet")[0],
		options: () => said("playground.jumping.bet").slice(1),
		measure: (states) => Number(rises(states) > 5),
		verdict: (states) => said("playground.jumping.verdict", { rises: rises(states), all: states.length - 1 }),
	},
	numbers: {
		question: () => said("playground.numbers.bet"),
		options: () => COSTS.map((cost) => number(cost, 1 - floor(Math.log10(cost)) - 1)),
		measure: (states) => nearest(COSTS.map(log), log(states.at(-1).cost)),
		verdict: () => said("playground.numbers.verdict"),
	},
	free: {
		...SHARES,
		question: () => said("playground.free.bet"),
		verdict: () => said("playground.free.verdict")[FIGURES.playground.options.l2 > 0.005 ? 1 : 0],
	},
};

FIGURES.playground = {
	net: "playground.net",
	stops: [0, 0.5, 1],
	bet: {
		get own() {
			const { preset, hasNumbers } = FIGURES.playground;
			return PLAY_BETS[hasNumbers ? "numbers" : preset];
		},
		/** Whether a verdict is wanted: a free run without a bet goes on. */
		get hasVerdict() {
			return chosen !== null || FIGURES.playground.preset in PLAY_PRESETS;
		},
		get question() {
			return this.own.question();
		},
		get options() {
			return this.own.options();
		},
		get shown() {
			return PLAY_STEPS / FIGURES.playground.total;
		},
		get until() {
			return BET_UNTIL / FIGURES.playground.total;
		},
		states() {
			const { every } = FIGURES.playground;
			return FIGURES.playground.until(PLAY_STEPS).slice(0, PLAY_STEPS / every + 1);
		},
		measure() {
			return this.own.measure(this.states());
		},
		verdict() {
			const figure = FIGURES.playground;
			const words = figure.words(this.states().at(-1));
			return said("playground.after", { words, verdict: this.own.verdict(this.states()) });
		},
	},
	/** What comes, as long as the bet is open or a broken network is not explained. */
	says(t) {
		if (!t) return said("playground.random");
		if (!decided) {
			const step = this.stepNow();
			this.goTo(step);
			const [learns, many, one] = said("playground.now", { count: step, words: this.words(this.measures()) });
			const done = step > 1 ? many : one;
			return `${isMoving ? learns : done} ${said("playground.open", { step: BET_UNTIL })}`;
		}
		if (!(this.preset in PLAY_PRESETS)) return this.trouble();
		if (t >= this.bet.shown) return said("playground.broken");
		return said("playground.wait")[chosen === null ? 1 : 0];
	},
	/** Why it does not learn, if it is seen. */
	trouble() {
		const [{ cost }, now] = [
			this.states[0],
			this.states[min(floor(this.stepNow() / this.every), this.states.length - 1)],
		];
		if (now.dead > 0) return said("playground.dead", { layer: letter(now.dead) });
		if (this.stepNow() > 400 && now.cost > 0.9 * cost) return said("playground.stuck");
	},
	/** Whether the points have numbers, not one of two colours. */
	get hasNumbers() {
		return PLAY_DATA[this.options.data]?.(0, 0).length > 2;
	},
	/** Settings and points, for the address. */
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
			const isData = name === "data" && (value in PLAY_DATA || value === "own");
			const isInputs = name === "inputs" && value.split("-").every((one) => one in PLAY_INPUTS);
			const isSizes = name === "layers" && /^([1-8](-[1-8]){0,5})?$/.test(value);
			const isNumber = { seed: value > 0 && value < 1000, noise: value >= 0 && value <= MOST_NOISE }[name];
			if (isData || isInputs || isSizes || isNumber || MENUS[name]?.some(([one]) => one === value))
				this.options[name] = value;
		}
		if (this.hasNumbers && !parts.has("rate")) this.options.rate = SLOWER;
		const points = (parts.get("points") ?? "").match(/-?\d+x-?\d+x[01]/g) ?? [];
		this.own = points
			.slice(0, 400)
			.map((text) => text.split("x").map((one, n) => (n < 2 ? clamp(one / 100, -1, 1) : Number(one))));
		this.colour = 1;
		this.start();
		this.buildHandle();
		this.fillHeads();
		this.lists = {};
		const lists = (...names) => {
			for (const name of names)
				this.lists[name] = menu(said("playground.menus")[MENU_NAMES.indexOf(name)], MENUS[name], (value) =>
					name in this.log[0][1] ? this.goOn(name, value) : this.change(name, value),
				);
		};
		const [broken, ...causes] = said("playground.presets");
		this.showPreset = choices(
			broken,
			Object.keys(PLAY_PRESETS).map((name, n) => [name, causes[n]]),
			(name) => name === this.preset,
			(name) => goTo("playground", { preset: name }),
		);
		this.broken.replaceChildren($("controls").lastChild);
		const [pointsTitle, own] = said("playground.points");
		const dataNames = said("playground.data");
		this.showData = choices(
			pointsTitle,
			[...Object.keys(PLAY_DATA).map((name, n) => [name, dataNames[n]]), ["own", own]],
			(name) => name === this.options.data,
			(name) => {
				if (name === "own") this.own = this.asOwn();
				this.change("data", name);
			},
		);
		// Pictures of the points instead of their names.
		this.thumbs = Object.values(PLAY_DATA).map((place, n) => {
			const [button, random] = [$("controls").lastChild.querySelectorAll("button")[n], randomNumbers(7)];
			const thumb = make("canvas");
			button.title = button.ariaLabel = dataNames[n];
			button.replaceChildren(thumb);
			return [thumb, range(120).map((k) => [...place(random(), random(), k % 2), 2 * (k % 2) - 1])];
		});
		this.tinted = null;
		action(said("playground.empty"), () => {
			this.own = [];
			this.change("data", "own");
		});
		const [draw, blue, orange] = said("playground.draw");
		choices(
			draw,
			[
				[1, blue],
				[0, orange],
			],
			(value) => value === this.colour,
			(value) => (this.colour = value),
		);
		lists("tests");
		const noise = said("playground.noise");
		slider(noise, { min: 0, max: MOST_NOISE, step: 0.01, value: this.options.noise, places: 2 }, (value) =>
			this.change("noise", value),
		);
		this.noise = $("controls").lastChild.lastChild;
		this.noise.ariaLabel = noise;
		this.view ??= { tests: true, sharp: false };
		const [shown, tests, sharp] = said("playground.show");
		choices(
			shown,
			[
				["tests", tests],
				["sharp", sharp],
			],
			(name) => this.view[name],
			(name) => (this.view[name] = !this.view[name]),
		);
		this.shows.replaceChildren($("controls").lastChild);
		const [dataRow, networkRow] = said("playground.rows");
		closeRow(dataRow);
		const isInput = (name) => this.options.inputs.split("-").includes(name);
		const [inputs, noInput] = said("playground.inputs");
		choices(inputs, same(Object.keys(PLAY_INPUTS)), isInput, (name) => {
			const now = Object.keys(PLAY_INPUTS).filter((one) => isInput(one) !== (one === name));
			if (now.length) this.change("inputs", now.join("-"));
			else write("stop", noInput);
		});
		lists("curve", "rate", "batch", "l1", "l2");
		closeRow(networkRow);
		this.showOptions();
	},
	/** The buttons beside the slider; those of other figures stop at their ends. */
	buildHandle() {
		if (this.heads) return;
		const [, , stepName, newStart, speed] = said("playground.runs");
		const [box, step] = [make("div", "runs"), make("button", "", stepName)];
		this.heads = make("div", "heads");
		this.button = make("button");
		listen(this.button, "click", () => (isMoving ? pressPlay() : this.run()));
		listen(step, "click", () => {
			motion++;
			showMotion(false);
			this.toStep(this.stepNow() + 1);
			arrive();
		});
		box.append(
			this.button,
			step,
			action(newStart, () => this.change("seed", (this.options.seed % 99) + 1)),
		);
		this.speed = 1;
		choices(
			speed,
			[
				[0.25, "¼"],
				[1, "1"],
				[4, "4"],
				[10, "10"],
			],
			(times) => times === this.speed,
			(times) => (this.speed = times),
		);
		box.append($("controls").lastChild);
		$("handle").prepend(box);
		$("scene").before(this.heads);
		[this.broken, this.shows] = [make("div", "broken"), make("div", "shows")];
		this.heads.after(this.shows);
		$("door-text").after(this.broken);
		this.buildKnob();
	},
	/** The field for the weight or the bias that was pressed, at its wire or neuron. */
	buildKnob() {
		const line = make("label", "knob");
		this.field = Object.assign(make("input"), { type: "text", inputMode: "decimal" });
		listen(this.field, "change", () => {
			const value = parseFloat(this.field.value.replace("−", "-").replace(",", "."));
			if (!finite(value)) return;
			const step = this.forget();
			this.edits = this.edits.filter(([at, k]) => at < step || k !== this.knob[0]);
			this.edits.push([step, this.knob[0], value]);
			arrive();
		});
		listen(this.field, "keydown", ({ key }) => {
			if (key !== "Escape") return;
			this.field.blur();
			this.close();
		});
		line.append(make("span"), this.field);
		$("scene").after(line);
	},
	stepNow() {
		return Math.round(moment * this.total);
	},
	/** Goes to a step, also behind the last one; the slider then has room again. */
	toStep(step) {
		if (step > this.total) this.total = max(step, 1.5 * this.total);
		moment = aim = step / this.total;
		if (moment > this.bet.until) skip();
		requestPaint();
	},
	/** Trains on: slowly at first, so that the boundary is seen to bend. Stops where the verdict is. */
	run() {
		const stopsBy = (from, to) => (this.bet.hasVerdict && from < PLAY_STEPS ? min(to, PLAY_STEPS) : to);
		if (isCalm()) {
			this.toStep(stopsBy(this.stepNow(), this.stepNow() + PLAY_STEPS));
			return moveTo(moment);
		}
		const now = ++motion;
		let [step, before] = [this.stepNow(), null];
		showMotion(true);
		const go = (time) => {
			if (now !== motion) return;
			const [from, [first, twice, most]] = [step, SLOW];
			const pace = this.speed * min(most, first * (1 + (step / twice) ** 2));
			step = stopsBy(from, from + (pace * min(100, time - (before ?? time))) / 1000);
			before = time;
			this.toStep(step);
			if (from < PLAY_STEPS && step === PLAY_STEPS) return pressPlay();
			arriveIfNew();
			requestAnimationFrame(go);
		};
		requestAnimationFrame(go);
	},
	/** The points as own ones. */
	asOwn() {
		const colour = (k) => Number(k > (this.hasNumbers ? 0 : 0.5));
		return this.points.map(({ x, y, k }) => [x, y, colour(k)].map((one) => Math.round(100 * one) / 100));
	},
	showOptions() {
		for (const [name, list] of Object.entries(this.lists))
			list.selectedIndex = MENUS[name].findIndex(([one]) => one === this.options[name]);
		this.noise.disabled = this.lists.tests.disabled = this.options.data === "own";
		this.showPreset();
		this.showData();
	},
	/** Forgets all steps behind this one, and returns it. */
	forget() {
		const step = this.stepNow();
		const isEarly = step < PLAY_STEPS;
		if (isEarly && (this.preset !== "free" || $("verdict").textContent)) {
			chosen = null;
			write("verdict", "");
		}
		this.preset = "free";
		this.states.length = min(this.states.length, floor(step / this.every) + 1);
		this.log = this.log.filter(([at]) => !at || at < step);
		this.edits = this.edits.filter(([at]) => at <= step);
		if (!decided) ask();
		return step;
	},
	/** Goes on with another rate, L2 or batch. */
	goOn(name, value) {
		const step = this.forget();
		this.options[name] = value;
		this.log.push([step, this.learning()]);
		this.showOptions();
	},
	/** Goes on from this step with one more point. */
	addPoint() {
		this.options.data = "own";
		this.scatter();
		this.goOn("data", "own");
	},
	learning() {
		const { rate, l1, l2, batch } = this.options;
		return { rate, l1, l2, batch, train: this.train };
	},
	change(name, value) {
		const { hasNumbers } = this;
		this.options[name] = value;
		if (this.hasNumbers !== hasNumbers) this.options.rate = hasNumbers ? PLAY_START.rate : SLOWER;
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
		this.heads.classList.toggle("many", hidden.length > 4);
		const number = (n) => resize(n > hidden.length ? [...hidden, hidden.at(-1) ?? 4] : hidden.slice(0, n));
		this.heads.replaceChildren(
			stepper(said("playground.layers"), hidden.length, [0, MOST_LAYERS], number),
			...hidden.map((count, l) =>
				stepper(letter(l + 1), count, [1, 8], (n) => resize(hidden.map((one, k) => (k === l ? n : one)))),
			),
		);
		[...$("figure").querySelectorAll("[aria-label]")].find((one) => one.ariaLabel === pressed)?.focus();
	},
	hidden() {
		return this.options.layers ? this.options.layers.split("-").map(Number) : [];
	},
	work(t) {
		return steadily(
			t,
			() => ((this.states.length - 1) * this.every) / this.total,
			() => this.until(this.states.length * this.every),
		);
	},
	inputOf(x, y) {
		return this.options.inputs.split("-").map((name) => PLAY_INPUTS[name](x, y));
	},
	scatter() {
		const { data, noise } = this.options;
		const random = randomNumbers(7);
		const shake = () => noise * (random() + random() + random() - 1.5) * 2;
		const made = range(240).map((n) => {
			const k = n % 2;
			const [x, y, value = k] = (PLAY_DATA[data] ?? (() => [0, 0]))(random(), random(), k);
			return [x + shake(), y + shake(), value];
		});
		const points = data === "own" ? this.own : made;
		this.points = points.map(([x, y, k], n) => ({
			x,
			y,
			k,
			input: this.inputOf(3 * x, 3 * y),
			targets: [k],
			label: k,
			isTest: data !== "own" && (n >> 1) % 8 >= 8 * (1 - this.options.tests),
		}));
		this.train = this.points.filter((one) => !one.isTest);
		this.tests = this.points.filter((one) => one.isTest);
	},
	start() {
		this.asked = this.pointed = this.wire = this.knob = null;
		this.cells = this.wires = []; // of the network before
		this.scatter();
		const { curve, seed } = this.options;
		const [hidden, startingAt] = [this.hidden(), randomNumbers(seed)];
		const sizes = [this.options.inputs.split("-").length, ...hidden, 1];
		const kind = {
			sizes,
			activations: [...hidden.map(() => curve), this.hasNumbers ? "identity" : "logistic"],
			parameters: Array(hidden.length + 1).fill(0),
			loss: "squared_error",
		};
		const { b, outputs } = new Network(kind, new Float64Array(1000)).layers.at(-1);
		this.small = new Network(kind, new Float64Array(b + outputs));
		for (const { inputs, outputs: count, w, b: biases } of this.small.layers) {
			const bound = Math.sqrt((curve === "relu" ? 6 : 3) / (inputs + count));
			for (let k = w; k < biases; k++) this.small.params[k] = bound * (2 * startingAt() - 1);
		}
		[this.total, this.every, this.states, this.edits] = [PLAY_STEPS, PLAY_EVERY, [], []];
		this.log = [[0, this.learning()]]; // what is in force from a step on
		this.until(0);
	},
	/** Trains as far as is asked for, and keeps the parameters every 20 steps, of many steps fewer. */
	until(step) {
		while (this.states.length <= step / this.every) {
			const [before, n] = [this.states.at(-1), this.states.length * this.every];
			if (before) {
				this.small.params.set(before.params);
				for (let k = n - this.every; k < n; k++) this.step(k);
			}
			this.states.push({ params: this.small.params.slice(), ...this.measures() });
			if (this.states.length <= MOST_STATES) continue;
			this.states = this.states.filter((_, k) => k % 2 === 0);
			this.every *= 2;
		}
		return this.states;
	},
	/** The costs, and the share of the test points that are right; of all points if there are no tests. */
	measures() {
		const outputs = (list) => list.map((one) => [one, this.small.forward(one.input)]);
		const mean = (list, f) => sum(list.map(f)) / (list.length || 1);
		const cost = ([one, result]) => this.small.compare(result, one.targets).cost;
		const [train, tests] = [outputs(this.train), outputs(this.tests)];
		const isRight = ([{ k }, { a }]) => Number(a.at(-1)[0] > 0.5 === k > 0.5); // not of numbers
		// The first hidden layer that is 0 at every point: nothing in it is learned any more.
		const dead =
			range(this.hidden().length).findIndex((l) => train.every(([, { a }]) => a[l + 1].every((one) => !one))) + 1;
		return {
			cost: mean(train, cost),
			test: mean(tests, cost),
			share: mean(tests.length ? tests : train, isRight),
			dead: train.length ? dead : 0,
		};
	},
	words({ cost, test, share }) {
		const hasTests = Number(this.tests.length > 0);
		const right = this.hasNumbers ? "" : said("playground.right", { share: percent(share) })[hasTests];
		return right + said("playground.cost", { cost: number(cost), test: number(test) })[hasTests];
	},
	/** Sets what was changed by hand at a step. */
	apply(n) {
		for (const [at, k, value] of this.edits) if (at === n) this.small.params[k] = value;
	},
	step(n) {
		this.apply(n);
		const { rate, l1, l2, batch, train } = this.log.findLast(([at]) => at <= n)[1];
		if (!train.length) return;
		const size = min(batch || train.length, train.length);
		const some = range(size).map((k) => train[(n * size + k) % train.length]);
		const { gradient } = this.small.gradient(some);
		for (const { w, b, outputs } of this.small.layers)
			for (let k = w; k < b + outputs; k++)
				this.small.params[k] -=
					rate * (gradient[k] + (k < b ? l2 * this.small.params[k] + l1 * Math.sign(this.small.params[k]) : 0));
	},
	/** The parameters at any step, from the state before it. */
	goTo(step) {
		this.until(step);
		const from = floor(step / this.every);
		this.small.params.set(this.states[from].params);
		for (let n = from * this.every; n < step; n++) this.step(n);
		this.apply(step);
	},
	paint({ pen, width, height, narrow }, t) {
		const step = Math.round(t * this.total);
		this.goTo(step);
		const now = this.measures();
		const { sizes } = this.small;
		const side = narrow ? 196 : min(height - 98, 640, width * 0.55);
		this.plane = narrow ? [width - side, 20, side] : [width - side - 4, 20, side];
		const room = width - side - (narrow ? 24 : 60);
		const grid2 = range(PLANE * PLANE).map(
			(k) =>
				this.small.forward(
					this.inputOf(3 * (((k % PLANE) + 0.5) / PLANE) * 2 - 3, 3 - 3 * ((floor(k / PLANE) + 0.5) / PLANE) * 2),
				).a,
		);
		const hidden = sizes.length - 2;
		const tall = height - (narrow ? 54 : 40);
		const cell = min(narrow ? 30 : 44, tall / 8 - (narrow ? 4 : 6), (room / (hidden + 1.5)) * 0.9 - 2);
		const round = narrow ? 7 : 12; // the output's radius
		const x = (l) => (l > hidden ? this.plane[0] - 3 * round : (l * room) / (hidden + 1));
		const y = (l, j) =>
			l > hidden
				? this.plane[1] + side / 2
				: 20 + tall / 2 + (j - (sizes[l] - 1) / 2) * (tall / max(sizes[l], l ? sizes[l] : 4));
		const isShare = (l) => (l > hidden ? !this.hasNumbers : l && this.options.curve !== "tanh");
		const planeOf = (l, j) => [grid2.map((a) => a[l][j]), isShare(l) ? 0.5 : 0];
		[this.cells, this.wires] = [[], []];
		const dash = isMoving ? [9, 5] : []; // the wires flow while it learns
		pen.lineDashOffset = -performance.now() / 25;
		this.small.layers.forEach(({ inputs, outputs, w }, l) => {
			const top = largest(this.small.params.subarray(w, w + inputs * outputs));
			range(inputs * outputs).forEach((k) => {
				const [i, j, weight] = [floor(k / outputs), k % outputs, this.small.params[w + k]];
				const line = segment(x(l) + cell, y(l, i), x(l + 1), y(l + 1, j));
				this.wires.push([line, `${this.nameOf(l, i)} → ${this.nameOf(l + 1, j)}`, w + k]);
				pen.globalAlpha = 0.2 + 0.7 * (abs(weight) / top);
				drawLine(pen, line, tint(weight), 0.4 + (3 * abs(weight)) / max(top, 1), dash);
			});
			pen.globalAlpha = 1;
		});
		pen.setLineDash([]);
		for (let l = 0; l <= hidden; l++) {
			range(sizes[l]).forEach((j) => {
				this.paintPlane(pen, ...planeOf(l, j), x(l), y(l, j) - cell / 2, cell);
				this.cells.push([l, j, x(l), y(l, j) - cell / 2, cell]);
				const isAsked = String(this.asked) === String([l, j]);
				pen.strokeStyle = isAsked ? colours.mark : colours.ring;
				pen.lineWidth = isAsked ? 3 : 1;
				pen.strokeRect(x(l), y(l, j) - cell / 2, cell, cell);
				if (!l) headline(pen, this.nameOf(0, j), x(0) + cell / 2, y(0, j) + 4, "center", 11);
			});
		}
		const isAsked = this.asked?.[0] > hidden;
		const [outX, outY] = [x(hidden + 1) + round, y(hidden + 1)];
		drawLine(pen, segment(outX, outY, this.plane[0], outY), colours.ring, 2);
		disc(pen, outX, outY, round, 0, isAsked ? colours.mark : colours.ring, isAsked ? 3 : 2);
		this.cells.push([hidden + 1, 0, outX - round, outY - round, 2 * round]);
		const [values, middle] = planeOf(...(this.pointed ?? [hidden + 1, 0]));
		const most = this.paintPlane(pen, values, middle, ...this.plane, this.view.sharp);
		for (const one of this.points) {
			const [spot, colour] = [this.spot(one), shade(this.hasNumbers ? one.k : 2 * one.k - 1)];
			if (!one.isTest) {
				drawLine(pen, [spot], colours.ground, 9);
				drawLine(pen, [spot], colour, 7);
			} else if (this.view.tests) {
				for (const [tone, thick] of [
					[colours.ground, 5],
					[colour, 2.5],
				]) {
					pen.beginPath();
					pen.arc(...spot, 4.5, 0, 7);
					Object.assign(pen, { strokeStyle: tone, lineWidth: thick });
					pen.stroke();
				}
			}
		}
		// The legend of the colours.
		const ramp = pen.createLinearGradient(width - 90, 0, width - 30, 0);
		["negative", "surface", "positive"].forEach((name, n) => ramp.addColorStop(n / 2, colours[name]));
		box(pen, width - 90, 5, 60, 9, ramp);
		for (const sign of [-1, 1]) {
			const end = middle + sign * most;
			note(pen, number(end, end % 1 ? 1 : 0), width - 60 + sign * 35, 14, sign < 0 ? "right" : "left");
		}
		const name = this.pointed ? this.nameOf(...this.pointed) : "";
		const epoch = this.log.reduce((total, [from, { batch }], n) => {
			const steps = min(step, this.log[n + 1]?.[0] ?? step) - min(step, from);
			const count = this.train.length || 1;
			return total + (steps * min(batch || count, count)) / count;
		}, 0);
		const when = said("playground.when", { step, epoch: floor(epoch) })[side < 300 ? 1 : 0];
		headline(pen, narrow && name ? name : when + (name && `: ${name}`), this.plane[0], 14, "left");
		const top = this.plane[1] + side + 16;
		const [trainingCost, training, circled, plain, right] = said("playground.measured");
		const measured = [
			[narrow ? training : trainingCost, number(now.cost), colours.text, 0],
			...(this.tests.length
				? [[this.view.tests ? circled : plain, number(now.test), colours.mark, narrow ? 0.38 : 0.43]]
				: []),
			...(this.hasNumbers ? [] : [[right, percent(now.share), colours.text, 1]]),
		];
		for (const [name, text, colour, at] of measured) {
			const place = [this.plane[0] + at * (side - 2), at === 1 ? "right" : "left"];
			note(pen, name, place[0], top, place[1]);
			note(pen, text, place[0], top + 19, place[1], { colour, size: narrow ? 16 : 20, bold: true });
		}
		const frame = [this.plane[0], top + 28, width - 4, height - (narrow ? 24 : 6)];
		if (frame[3] - frame[1] > 26) {
			axes(pen, frame);
			note(pen, "0.5", frame[0] - 6, frame[1] + 8, "right");
			note(pen, "0", frame[0] - 6, frame[3], "right");
			const seen = this.states.slice(0, floor(step / this.every) + 1);
			const place = (value, n) => [
				frame[0] + ((n * this.every) / this.total) * (frame[2] - frame[0]),
				frame[3] - clamp(value / 0.5) * (frame[3] - frame[1]),
			];
			const lines = [...(this.tests.length ? [["test", colours.mark, 4]] : []), ["cost", colours.text, 1.5]];
			for (const [name, colour, thick] of lines)
				drawLine(
					pen,
					seen.map((one, n) => place(one[name], n)),
					colour,
					thick,
				);
		}
		const turned = this.wires.find(([, , k]) => k === this.knob?.[0]);
		const wire = this.wire ?? turned;
		if (wire) drawLine(pen, wire[0], colours.mark, 3);
		if (wire && wire !== turned) {
			const place = blendAll(...wire[0], 0.5);
			box(pen, place[0] - 52, place[1] - 12, 104, 22, colours.surface);
			headline(pen, `${wire[1]}: ${signed(this.small.params[wire[2]], 2)}`, place[0], place[1] + 4, "center");
		}
		const cellOf = this.asked && this.cells.find((one) => String(one.slice(0, 2)) === String(this.asked));
		this.showKnob(turned ? blendAll(...turned[0], 0.5) : cellOf && [cellOf[2] + cellOf[4] / 2, cellOf[3]]);
		note(
			pen,
			(this.asked && this.formula(narrow)) || said("playground.square")[narrow ? 1 : 0],
			0,
			height - 6,
			"left",
			{ colour: colours.text, size: narrow ? 11 : 12 },
		);
		[...this.heads.children].forEach((one, l) => (one.style.left = `${l ? x(l) + cell / 2 : this.plane[0] + 62}px`));
		if (this.tinted !== colours) {
			this.tinted = colours;
			for (const [thumb, points] of this.thumbs) {
				const view = prepare(thumb);
				const half = view.width / 2;
				for (const [u, v, k] of points) drawLine(view.pen, [[half * (1 + u), half * (1 - v)]], shade(k), 3);
			}
		}
		this.button.textContent = said("playground.runs")[isMoving ? 1 : 0];
	},
	/** Shows the field of what is to be changed, above a place of the picture. */
	showKnob(place) {
		const [line, scene] = [this.field.parentNode, $("scene")];
		line.hidden = this.field.disabled = !this.knob;
		this.field.previousSibling.textContent = this.knob?.[1] ?? said("playground.names")[3];
		if (place) {
			const left = clamp(place[0] - line.offsetWidth / 2, 0, scene.clientWidth - line.offsetWidth);
			line.style.left = `${left}px`;
			line.style.top = `${scene.offsetTop + max(0, place[1] - line.offsetHeight - 14)}px`;
		}
		if (!isFocused(this.field)) this.field.value = this.knob ? number(this.small.params[this.knob[0]], 3) : "";
	},
	/** Values over the plane: from orange over the ground to blue; `middle` is neither. Returns how far the colours go. */
	paintPlane(pen, values, middle, x, y, side, isSharp = false) {
		this.sheet ??= Object.assign(make("canvas"), { width: PLANE, height: PLANE });
		const target = this.sheet.getContext("2d");
		const pixels = target.createImageData(PLANE, PLANE);
		const [from, low, high] = ["surface", "negative", "positive"].map(rgb);
		const top = middle || max(1, largest(values));
		values.forEach((value, k) => {
			const share = (isSharp ? Math.sign(value - middle) : clamp((value - middle) / top, -1, 1)) * 0.8;
			for (let c = 0; c < 3; c++) pixels.data[4 * k + c] = blend(from[c], (share < 0 ? low : high)[c], abs(share));
			pixels.data[4 * k + 3] = 255;
		});
		target.putImageData(pixels, 0, 0);
		pen.imageSmoothingEnabled = true;
		pen.drawImage(this.sheet, x, y, side, side);
		return top;
	},
	spot({ x, y }) {
		const [left, top, side] = this.plane;
		const share = (value) => (clamp(value, -0.98, 0.98) + 1) / 2;
		return [left + share(x) * side, top + (1 - share(y)) * side];
	},
	nameOf(l, j) {
		if (l === this.small.sizes.length - 1) return said("playground.names")[0];
		return l ? letter(l) + (j + 1) : this.options.inputs.split("-")[j];
	},
	/** The sum and the curve of the neuron that is asked. */
	formula(narrow) {
		const [l, j] = this.asked;
		if (!l) return said("playground.names", { name: this.nameOf(0, j) })[1];
		const { inputs, outputs, w, b, name } = this.small.layers[l - 1];
		const weights = range(inputs).map((i) => this.small.params[w + i * outputs + j]);
		const order = range(inputs)
			.sort((p, q) => abs(weights[q]) - abs(weights[p]))
			.slice(0, narrow ? 2 : 5);
		const plus = (value) => (value < 0 ? "−" : "+") + number(abs(value), 2);
		const terms = order.map((i) => `${plus(weights[i])} ${this.nameOf(l - 1, i)}`);
		return `${this.nameOf(l, j)} = ${name}(${terms.join(" ")}${order.length < inputs ? " …" : ""} ${plus(this.small.params[b + j])})`;
	},
	cellAt(x, y) {
		const far = ([, , left, top, size]) => max(abs(x - left - size / 2), abs(y - top - size / 2)) - max(size / 2, 15);
		return this.cells.filter((one) => far(one) <= 0).sort((one, other) => far(one) - far(other))[0];
	},
	press(x, y) {
		this.field.blur(); // what was typed is for the knob before
		this.pointed = null;
		const [left, top, side] = this.plane;
		if (x > left && y > top && x < left + side && y < top + side) {
			const point = [((x - left) / side) * 2 - 1, 1 - ((y - top) / side) * 2, this.colour].map(
				(one) => Math.round(100 * one) / 100,
			);
			this.own = [...this.asOwn(), point];
			return this.stepNow() ? this.addPoint() : this.change("data", "own");
		}
		const [cell, wire] = [this.cellAt(x, y), this.wireAt(x, y)];
		if (cell) this.ask(cell);
		else if (wire) this.turn(wire);
		else this.close();
	},
	/** Asks a neuron; its bias can then be changed. */
	ask([l, j]) {
		this.asked = this.pointed = [l, j];
		this.knob = l ? [this.small.layers[l - 1].b + j, said("playground.names", { name: this.nameOf(l, j) })[2]] : null;
	},
	/** Asks nothing any more. */
	close() {
		this.asked = this.pointed = this.knob = null;
		$("scene").focus({ preventScroll: true });
		requestPaint();
	},
	/** Makes a weight the one to change. */
	turn([, name, k]) {
		this.asked = this.pointed = null;
		this.knob = [k, name];
	},
	wireAt(x, y) {
		return this.wires.find(([line]) => distanceTo(line, x, y) < 4);
	},
	hover(x, y) {
		this.pointed = this.cellAt(x, y)?.slice(0, 2);
		this.wire = this.pointed ? null : this.wireAt(x, y);
	},
	/** Left and right ask a neuron, up and down choose a wire, Enter goes to its number. */
	keys(across, down) {
		const next = (list, at, by) => list[(at + by + list.length) % list.length];
		if (down)
			this.turn(
				next(
					this.wires,
					this.wires.findIndex(([, , k]) => k === this.knob?.[0]),
					down,
				),
			);
		else if (across)
			this.ask(
				next(
					this.cells,
					this.cells.findIndex((one) => String(one.slice(0, 2)) === String(this.asked)),
					across,
				),
			);
		else {
			this.showKnob();
			this.field.focus();
		}
	},
	label(t) {
		this.goTo(Math.round(t * this.total));
		const words = decided ? ` ${this.words(this.measures())}.` : "";
		const knob = this.knob && `${this.knob[1]} ${number(this.small.params[this.knob[0]], 2)}. `;
		return `${this.says(t) ?? stopWords(t)}${words} ${knob ?? ""}${this.asked ? this.formula() : said("playground.keys")}`;
	},
};

/** The colour of a number from -1 to 1. */
function shade(value) {
	const end = rgb(value < 0 ? "negative" : "positive");
	return `rgb(${blendAll(rgb("surface"), end, clamp(abs(value))).map(Math.round)})`;
}

/** How far a place is from a line. */
function distanceTo([[x, y], [toX, toY]], placeX, placeY) {
	const t = clamp(((placeX - x) * (toX - x) + (placeY - y) * (toY - y)) / ((toX - x) ** 2 + (toY - y) ** 2));
	return hypot(blend(x, toX, t) - placeX, blend(y, toY, t) - placeY);
}

const MENU_NAMES = ["curve", "rate", "l1", "l2", "tests", "batch"];
// Values with their texts; those that begin with a name and a dot are keys of the captions.
const MENUS = {
	curve: [
		["logistic", "playground.sigmoid"],
		["tanh", "tanh"],
		["relu", "ReLU"],
		["identity", "playground.linear"],
	],
	rate: same([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10, 30]),
	l1: same([0, 0.0001, 0.001, 0.01]),
	l2: same([0, 0.0001, 0.001, 0.01]),
	tests: [
		[0, "playground.none"],
		[0.125, "1/8"],
		[0.25, "1/4"],
		[0.5, "1/2"],
		[0.75, "3/4"],
	],
	batch: [
		[1, 1],
		[10, 10],
		[30, 30],
		[0, "playground.all"],
	],
};

/** A number between two buttons that make it smaller or larger. */
function stepper(name, value, [low, high], change) {
	const line = make("div");
	line.append(make("span", "", name));
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

/** Puts the controls that were added last into one row with a name. */
function closeRow(name) {
	const row = make("div", "row");
	row.append(make("b", "", name), ...$("controls").querySelectorAll(":scope > :not(.row)"));
	$("controls").append(row);
}

/** A list of options [value, text] to choose from. */
function menu(name, options, change) {
	const [line, list] = [make("label", "menu", name), make("select")];
	const words = (text) => (String(text).startsWith("playground.") ? said(text) : text);
	list.append(...options.map(([, text]) => make("option", "", words(text))));
	listen(list, "change", () => {
		change(options[list.selectedIndex][0]);
		requestPaint();
	});
	line.append(list);
	$("controls").append(line);
	return list;
}

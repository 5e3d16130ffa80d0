// --- A hill: the cost over two directions around a network that has learned about half, and a ball that rolls down.

const [HILL_IMAGES, HILL_STEPS, HILL_RATE] = [100, 60, 3];
// The points of the map, and where the network is.
const [HILL_COLUMNS, HILL_ROWS, HILL_START] = [44, 22, [7, 8]];
const HILL_LEVELS = 12;
let hill;

const along = (params, axis, by) => params.map((value, k) => value + by * axis[k]);
const dot2 = (p, q) => p.reduce((total, value, k) => total + value * q[k], 0);
const unitOf = (vector) => along(vector, vector, 1 / Math.sqrt(dot2(vector, vector)) - 1);
const pause = () => new Promise((done) => requestAnimationFrame(done));
const isThere = (one) => one === hill && card === BOARDS.hill;

function hillAt(params) {
	const net = new Network(model, params);
	return {
		cost: () =>
			sum(hill.images.map((one) => net.compare(net.forward(one.input), one.targets).cost)) / hill.images.length,
		gradient: () => net.gradient(hill.images).gradient,
	};
}

/** The weights and biases at a place: rightwards, downwards. */
const onHill = ([right, down]) => along(along(hill.start, hill.right, right), hill.down, down);

/**
 * Looks for the two directions: against the gradient, and at right angles to it towards the end of a descent. Returns
 * whether the map is complete and nobody has moved the ball meanwhile.
 */
async function makeHill() {
	findMistake();
	const now = (hill = { images: examples.train.slice(0, HILL_IMAGES), heights: [], level: 0 });
	now.start = Float64Array.from(learner.params);
	let end = now.start;
	for (let step = 0; step < HILL_STEPS; step++) {
		const slope = hillAt(end).gradient();
		now.down ??= unitOf(slope.map((value) => -value));
		end = along(end, slope, -HILL_RATE);
		if (step % 5 === 4) await pause();
		if (!isThere(now)) return;
	}
	const path = along(end, now.start, -1);
	now.right = unitOf(along(path, now.down, -dot2(path, now.down)));
	now.unit = (1.7 * dot2(path, now.right)) / HILL_COLUMNS;
	now.level = hillAt(now.start).cost();
	putBall([0, 0]);
	const first = now.ball;
	for (let row = 0; row < HILL_ROWS; row++) {
		const line = [];
		for (const column of range(HILL_COLUMNS)) line.push(hillAt(onHill(placeOf([column, row]))).cost());
		now.heights.push(line);
		requestPaint();
		await pause();
		if (!isThere(now)) return;
	}
	return now.ball === first;
}

const placeOf = (point) => point.map((at, k) => (at - HILL_START[k]) * hill.unit);
const pointOf = (place) => place.map((at, k) => at / hill.unit + HILL_START[k]);

/** Puts both balls on the map; their paths begin there. */
function putBall(place) {
	hill.rolling = false;
	hill.ball = [place];
	hill.shadow = [place];
	hill.free = onHill(place);
	[hill.cost, hill.freeCost] = [hillAt(hill.free).cost(), NaN];
	write("rolled", "");
	requestPaint();
}

/** One step of both: the one on the map takes the part of the gradient that lies in it. */
function stepBalls(stepRate) {
	const axes = [hill.right, hill.down];
	const slope = hillAt(onHill(hill.ball.at(-1))).gradient();
	hill.ball.push(hill.ball.at(-1).map((at, k) => at - stepRate * dot2(slope, axes[k])));
	hill.free = along(hill.free, hillAt(hill.free).gradient(), -stepRate);
	const path = along(hill.free, hill.start, -1);
	hill.shadow.push(axes.map((axis) => dot2(path, axis)));
	[hill.cost, hill.freeCost] = [hillAt(onHill(hill.ball.at(-1))).cost(), hillAt(hill.free).cost()];
}

const hillRate = () => Number((10 ** $("hill-rate").value).toPrecision(2));
const isOnMap = ([column, row]) => column > -0.5 && row > -0.5 && column < HILL_COLUMNS - 0.5 && row < HILL_ROWS - 0.5;

async function roll() {
	const now = hill;
	if (!now.ball) return;
	putBall(now.ball[0]);
	now.rolling = true;
	const first = now.cost;
	while (now.rolling && now.ball.length <= HILL_STEPS && isOnMap(pointOf(now.ball.at(-1)))) {
		stepBalls(hillRate());
		requestPaint();
		if (!isCalm()) await pause();
		if (!isThere(now)) return;
	}
	if (!now.rolling) return;
	now.rolling = false;
	const turns = now.ball.filter(
		([, y], n) => n > 1 && (y - now.ball[n - 1][1]) * (now.ball[n - 1][1] - now.ball[n - 2][1]) < 0,
	);
	const verdict =
		turns.length > now.ball.length / 2
			? "It leaps across the valley: the steps are too long."
			: now.cost > first
				? "It leaps out of the valley: the steps are too long."
				: hypot(...now.ball.at(-1).map((at, k) => at - now.ball[0][k])) < 8 * now.unit
					? "It creeps: the steps are short, or the slope is gentle."
					: "It rolls downhill.";
	const ends = `After ${now.ball.length - 1} steps the cost is ${number(now.cost)}; in all directions ${number(now.freeCost)}. `;
	write("rolled", ends + verdict + (isOnMap(pointOf(now.ball.at(-1))) ? "" : " It has left the map."));
}

function paintHill() {
	const { pen, width, height } = prepare($("map"));
	const size = width / HILL_COLUMNS;
	write("hill-rate-value", hillRate());
	if (!hill.ball) return;
	paintHeights(pen, width, height);
	const at = (place) => pointOf(place).map((one) => (one + 0.5) * size);
	drawLine(pen, hill.ball.map(at), colours.text, 1.5);
	for (const place of hill.ball) drawLine(pen, [at(place)], colours.text, 4);
	for (const place of hill.shadow.filter((_, n) => n % 6 === 0)) {
		drawLine(pen, [at(place)], colours.text, 10);
		drawLine(pen, [at(place)], colours.ground, 6);
	}
	drawLine(pen, [at(hill.ball.at(-1))], colours.text, 18);
	drawLine(pen, [at(hill.ball.at(-1))], colours.accent, 14);
	const costs = [`Cost of ${hill.images.length} training digits: the ball `, number(hill.cost)];
	if (finite(hill.freeCost)) costs.push(", in all directions ", number(hill.freeCost));
	say($("ground"), [...costs, `. Blue is lower than at first (${number(hill.level)}), orange higher.`]);
	$("map").ariaLabel = `Map of the cost in two directions. Arrow keys move the ball; its cost is ${number(hill.cost)}.`;
}

/** The heights in steps, as contour lines, between the computed points by interpolation. */
function paintHeights(pen, width, height) {
	const { heights, level } = hill;
	const [columns, rows] = [HILL_COLUMNS * 6, heights.length * 6];
	if (!rows) return;
	if (hill.picture?.key !== [rows, sized].join()) {
		const picture = Object.assign(make("canvas"), { width: columns, height: rows, key: [rows, sized].join() });
		const target = picture.getContext("2d");
		const pixels = target.createImageData(columns, rows);
		const [from, low, high] = ["surface", "positive", "negative"].map(rgb);
		for (let y = 0; y < rows; y++) {
			for (let x = 0; x < columns; x++) {
				const share = (level - between(heights, (x + 0.5) / 6 - 0.5, (y + 0.5) / 6 - 0.5)) / level;
				const step = Math.round(min(1, abs(share)) * HILL_LEVELS) / HILL_LEVELS;
				const to = share > 0 ? low : high;
				for (let c = 0; c < 3; c++) pixels.data[(y * columns + x) * 4 + c] = from[c] + (to[c] - from[c]) * step;
				pixels.data[(y * columns + x) * 4 + 3] = 255;
			}
		}
		target.putImageData(pixels, 0, 0);
		hill.picture = picture;
	}
	pen.drawImage(hill.picture, 0, 0, width, (height * heights.length) / HILL_ROWS);
}

/** The height at a point between those that were computed, or half a step beside them. */
function between(heights, x, y) {
	const [column, row] = [max(0, min(HILL_COLUMNS - 2, floor(x))), max(0, min(heights.length - 2, floor(y)))];
	const [p, q] = [x - column, y - row];
	const mix = (line) => line[column] * (1 - p) + line[column + 1] * p;
	return heights.length < 2 ? mix(heights[0]) : mix(heights[row]) * (1 - q) + mix(heights[row + 1]) * q;
}

function moveBall(event) {
	if (!hill.ball || (event.type === "pointermove" && !event.buttons)) return;
	const size = $("map").clientWidth / HILL_COLUMNS;
	const point = [event.offsetX / size - 0.5, event.offsetY / size - 0.5];
	if (isOnMap(point)) putBall(placeOf(point));
}

function pushBall(event) {
	const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
	if (!by || !hill.ball) return;
	event.preventDefault();
	const point = pointOf(hill.ball.at(-1)).map((at, k) => at + by[k]);
	if (isOnMap(point)) putBall(placeOf(point));
}

function showHill() {
	$("hill-rate").value = Math.log10(HILL_RATE);
	write("rolled", "");
	write("ground", "The map is being computed …");
	makeHill().then((isUntouched) => isUntouched && roll());
}

function setUpHill() {
	for (const type of ["pointerdown", "pointermove"]) listen($("map"), type, moveBall);
	listen($("map"), "pointerup", roll);
	listen($("map"), "keydown", pushBall);
	listen($("hill-rate"), "input", requestPaint);
	listen($("hill-rate"), "change", roll);
	listen($("roll"), "click", roll);
	listen($("top"), "click", () => hill.ball && putBall([0, 0]));
}

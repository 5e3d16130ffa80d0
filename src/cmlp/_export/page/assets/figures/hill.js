// --- Chapter 10: the cost in relief over two directions, recorded by Python, and two balls that step down.

const [HILL_STEPS, LIFT, GROUND] = [60, 0.5, -0.42];
const HILL_VIEW = [0.4, 0.95]; // turned and tilted so that the floor of the valley is seen
const OUTCOMES = ["creeps", "rolls down", "leaps across", "leaves the map"];
const REASONS = [
	"60 steps of this length are too few",
	"each step is shorter than the valley is wide",
	"each step is longer than the valley is wide",
	"a step leads beyond its edge",
];
const hillKnot = (i, j) => tale.hill.heights[clamp(j, 0, 40) * 41 + clamp(i, 0, 40)] / 1000;
const spline = (a, b, c, d, t) => b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));

/** The height between the recorded points, without kinks. */
function heightAt(x, y) {
	const [u, v] = [((x + 3) / 12) * 40, ((y + 3.2) / 6.4) * 40];
	const [i, j] = [clamp(floor(u), 0, 39), clamp(floor(v), 0, 39)];
	const line = (row) => spline(...[-1, 0, 1, 2].map((k) => hillKnot(i + k, row)), u - i);
	return spline(...[-1, 0, 1, 2].map((k) => line(j + k)), v - j);
}
const isOnHill = ([x, y]) => abs(x - 3) <= 6 && abs(y) <= 3.2;

/** The path of the ball that must stay on the map: every place is a function of the step. */
function heldPath(rate) {
	const path = [[...tale.hill.start, heightAt(...tale.hill.start)]];
	while (path.length <= HILL_STEPS && isOnHill(path.at(-1))) {
		const [x, y] = path.at(-1);
		const [gx, gy] = [heightAt(x + 0.01, y) - heightAt(x - 0.01, y), heightAt(x, y + 0.01) - heightAt(x, y - 0.01)];
		const next = [x - rate * gx * 50, y - rate * gy * 50];
		path.push([...next, isOnHill(next) ? heightAt(...next) : NaN]);
	}
	return path;
}

function outcomeOf(path) {
	if (!isOnHill(path.at(-1))) return 3;
	const ys = path.slice(20).map(([, y]) => y);
	const turns = ys.filter((y, n) => n > 1 && (y - ys[n - 1]) * (ys[n - 1] - ys[n - 2]) < -0.01).length;
	return turns > 10 ? 2 : abs(path.at(-1)[0] - path[0][0]) < 1 ? 0 : 1;
}

FIGURES.hill = {
	seconds: 9,
	net: "half",
	stops: [
		[0, "Both stand at the same cost. Drag the hill, or press arrow keys, to turn it."],
		[0.3, "The first ten steps."],
		[1, "60 steps. Choose another rate: each has its own fate, and its own scale below."],
	],
	bet: {
		question: "With a learning rate of 5 the ring, held to this map, …",
		options: OUTCOMES,
		measure: () => outcomeOf(heldPath(5)),
		verdict() {
			const { rate, held, free } = FIGURES.hill;
			const outcome = outcomeOf(held);
			return `With rate ${rate} the ring ${OUTCOMES[outcome]}: ${REASONS[outcome]}. The network, free in 13,002 directions, ends at ${number(free.at(-1)[2])}${finite(held.at(-1)[2]) ? `, the ring at ${number(held.at(-1)[2])}` : ""}.`;
		},
	},
	set() {
		[this.yaw, this.pitch] = HILL_VIEW;
		this.choose(5);
		choices(
			"Learning rate",
			Object.keys(tale.hill.free)
				.map(Number)
				.sort((p, q) => p - q)
				.map((rate) => [rate, rate]),
			(rate) => rate === this.rate,
			(rate) => {
				this.choose(rate);
				again();
			},
		);
		action("Playground", () => goTo("playground", { preset: "jumping" }));
		action("From above", () => {
			const isFlat = this.pitch > 1.5;
			[this.yaw, this.pitch] = isFlat ? HILL_VIEW : [0, Math.PI / 2];
		});
	},
	choose(rate) {
		[this.rate, this.held, this.free] = [rate, heldPath(rate), tale.hill.free[rate]];
	},
	/** Places on the screen, without perspective: [across, down, depth]. */
	camera(width, height) {
		const [c, s, flat, up] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.sin(this.pitch), Math.cos(this.pitch)];
		const turn = (x, y, z) => {
			const [p, q] = [(x - 3) / 4, y / 4];
			return [p * c - q * s, -(z * up + (p * s + q * c) * flat), p * s + q * c];
		};
		const corners = [-3, 9].flatMap((x) =>
			[-3.2, 3.2].flatMap((y) => [GROUND, heightAt(x, y) * LIFT].map((z) => turn(x, y, z))),
		);
		const [[left, right], [top, bottom]] = [0, 1].map((k) => [min, max].map((f) => f(...corners.map((one) => one[k]))));
		const zoom = min((width - 20) / (right - left), (height - 34) / (bottom - top));
		return (x, y, z) => {
			const [across, down, depth] = turn(x, y, z);
			return [width / 2 + zoom * (across - (left + right) / 2), height / 2 + zoom * (down - (top + bottom) / 2), depth];
		};
	},
	paint({ pen, width, height }, t) {
		const at = t < 0.3 ? (t / 0.3) * 10 : 10 + ((t - 0.3) / 0.7) * 50;
		const place = this.camera(width, height - 86);
		const [ground, surface] = [(x, y) => place(x, y, GROUND), (x, y, z) => place(x, y, z * LIFT)];
		const [low, middle, high, shade] = ["positive", "ring", "negative", "ground"].map(rgb);
		const shaded = (cost, light) => {
			const share = clamp((cost - 0.2) / 1.5);
			const colour = share < 0.35 ? blendAll(low, middle, share / 0.35) : blendAll(middle, high, (share - 0.35) / 0.65);
			return `rgb(${blendAll(shade, colour, light).map(Math.round)})`;
		};
		const frame = [
			[-3, -3.2],
			[9, -3.2],
			[9, 3.2],
			[-3, 3.2],
			[-3, -3.2],
		];
		drawLine(
			pen,
			frame.map((p) => ground(...p)),
			colours.line,
		);
		this.contours ??= contoursOf();
		for (const [level, p, q] of this.contours) drawLine(pen, [ground(...p), ground(...q)], shaded(level, 0.8));
		const grid = range(1681).map((k) => [
			-3 + ((k % 41) * 12) / 40,
			-3.2 + (floor(k / 41) * 6.4) / 40,
			tale.hill.heights[k] / 1000,
		]);
		const points = grid.map((p) => surface(...p));
		const cells = range(1640)
			.filter((k) => k % 41 < 40)
			.sort((p, q) => points[q][2] - points[p][2]);
		for (const k of cells) {
			const corners = [k, k + 1, k + 42, k + 41];
			const h = corners.map((n) => grid[n][2]);
			const [dx, dy] = [(h[1] - h[0]) * 3.4, (h[3] - h[0]) * 6.2];
			const light = clamp((0.75 - 0.35 * dx * Math.cos(this.yaw) + 0.5 * dy) / hypot(dx * 0.8, dy * 0.8, 1), 0.3, 1);
			pen.fillStyle = pen.strokeStyle = shaded((h[0] + h[2]) / 2, 0.35 + 0.65 * light);
			pen.beginPath();
			for (const n of corners) pen.lineTo(points[n][0], points[n][1]);
			pen.fill();
			pen.lineWidth = 0.5;
			pen.setLineDash([]);
			pen.stroke();
		}
		[
			[this.held, colours.text],
			[this.free, colours.mark],
		].forEach(([path, colour], isFree) => {
			const seen = [...path.slice(0, floor(at) + 1), stepBetween(path, at)].filter((p) => isOnHill(p) && finite(p[2]));
			drawLine(
				pen,
				seen.map(([x, y]) => ground(x, y)),
				colour,
				1,
				[2, 3],
			);
			drawLine(
				pen,
				seen.map((p) => surface(...p)),
				colour,
				2,
			);
			for (const p of seen) drawLine(pen, [surface(...p)], colour, 3);
			const ball = stepBetween(path, at);
			const isHere = isOnHill(ball) && finite(ball[2]);
			const [x, y] = isHere
				? surface(...ball)
				: surface(clamp(ball[0], -3, 9), clamp(ball[1], -3.2, 3.2), seen.at(-1)[2]);
			if (isHere) drawLine(pen, [[x, y], ground(ball[0], ball[1])], colour, 1);
			else if (isFree) {
				const side = x > width - 140 ? -14 : 14;
				note(pen, "outside this map", x + side, y + 4, side < 0 ? "right" : "left", {
					colour: colours.text,
					bold: true,
				});
			} else note(pen, "left the map", clamp(x, 60, width - 60), y + 28, "center", { colour, bold: true });
			if (isFree) drawLine(pen, [[x, y]], colours.ground, 15);
			drawLine(pen, [[x, y]], colour, isFree ? 12 : 17);
			if (!isFree) drawLine(pen, [[x, y]], colours.ground, 12);
		});
		const label2 = (text, x, y) => {
			const [across, down] = ground(x, y);
			note(pen, text, clamp(across, 72, width - 72), min(height - 90, down + 15));
		};
		label2("along the descent", 3, Math.cos(this.yaw) > 0 ? -3.2 : 3.2);
		this.paintCurve(pen, [40, height - 74, width - 112, height - 16], at);
	},
	/** Cost over steps, with a scale of its own for this learning rate. */
	paintCurve(pen, frame, at) {
		const [left, top, right, bottom] = frame;
		const all = [...this.held, ...this.free].map((p) => p[2]).filter(finite);
		const [low, high] = [min(...all), max(...all)];
		axes(pen, frame);
		if (decided) {
			note(pen, number(high, 2), left - 6, top + 8, "right");
			note(pen, number(low, 2), left - 6, bottom, "right");
		}
		note(pen, "60 steps", right, bottom + 14, "right");
		note(pen, "cost", left + 6, bottom + 14, "left");
		const ends = [
			[this.held, colours.text, "ring"],
			[this.free, colours.mark, "network"],
		].map(([path, colour, name]) => {
			const line = path.slice(0, floor(at) + 1).filter((p) => finite(p[2]));
			const y = (cost) => bottom - ((cost - low) / (high - low || 1)) * (bottom - top);
			drawLine(
				pen,
				line.map((p, n) => [left + (n / HILL_STEPS) * (right - left), y(p[2])]),
				colour,
				2,
			);
			const isGone = !finite((path[floor(at)] ?? path.at(-1))[2]);
			return [y(line.at(-1)[2]), isGone ? `${name} off the map` : `${name} ${number(line.at(-1)[2], 2)}`];
		});
		if (abs(ends[0][0] - ends[1][0]) < 14) {
			const upper = ends[0][0] < ends[1][0] ? 0 : 1;
			const middle = (ends[0][0] + ends[1][0]) / 2;
			[ends[upper][0], ends[1 - upper][0]] = [middle - 7, middle + 7];
		}
		ends.forEach(([y, words]) => note(pen, words, right + 6, y + 4, "left", { colour: colours.text }));
	},
	drag(x, y, across, down) {
		this.yaw -= across / 160;
		this.pitch = clamp(this.pitch + down / 200, 0.2, Math.PI / 2);
	},
	keys(across, down) {
		this.drag(0, 0, across * 16, down * 16);
	},
	label() {
		const at = floor(moment < 0.3 ? (moment / 0.3) * 10 : 10 + ((moment - 0.3) / 0.7) * 50);
		const held = stepBetween(this.held, at)[2];
		return `The cost in relief. Step ${at} of 60 with rate ${this.rate}: network ${number(this.free[at][2])}, ring ${finite(held) ? number(held) : "off the map"}. Arrow keys turn the view.`;
	},
};

/** A ball between two of its steps. */
function stepBetween(path, step) {
	const n = min(floor(step), path.length - 1);
	return blendAll(path[n], path[min(n + 1, path.length - 1)], step % 1);
}

/** Contour lines of the map: marching squares. */
function contoursOf() {
	const { heights } = tale.hill;
	const lines = [];
	for (let level = 250.5; level < 1800; level += 100) {
		for (let k = 0; k < 1640; k++) {
			if (k % 41 === 40) continue;
			const corners = [k, k + 1, k + 42, k + 41];
			const cut = corners.flatMap((one, n) => {
				const next = corners[(n + 1) % 4];
				const [p, q] = [heights[one] - level, heights[next] - level];
				const place = (m) => [-3 + ((m % 41) * 12) / 40, -3.2 + (floor(m / 41) * 6.4) / 40];
				return p * q < 0 ? [blendAll(place(one), place(next), p / (p - q))] : [];
			});
			if (cut.length > 1) lines.push([level / 1000, cut[0], cut[1]]);
		}
	}
	return lines;
}

// --- Chapter 10: the cost in relief over two directions, recorded by Python. A ring steps down on it, then a network.

const [HILL_STEPS, LIFT, GROUND] = [60, 0.34, -0.2];
const HILL_VIEW = [0.16, 0.82]; // turned and tilted so that both valleys are seen
const FROM_ABOVE = [0, Math.PI / 2];
// The ring ends with the first rate, then the map rises into relief, and the ring starts with the chosen rate.
const [FIRST_RATE, BET_RATE, RING_WAITS, RISEN] = [5, 8, 0.4, 0.5];
const HILL_STARTS = [
	[-1, -4],
	[1, 4],
	[8, -4],
];
const OUTCOMES = ["creeps", "rolls into a valley", "leaps across", "leaves the map"];
const REASONS = [
	"60 steps of this length are too few",
	"each step is shorter than the valley is wide",
	"each step is longer than the valley is wide",
	"a step leads beyond its edge",
];
const hillKnot = (i, j) => tale.hill.heights[clamp(j, 0, 40) * 41 + clamp(i, 0, 40)] / 1000;
const hillPlace = (k) => [((k % 41) / 20 - 1) * tale.hill.wide, (floor(k / 41) / 20 - 1) * tale.hill.deep];
const spline = (a, b, c, d, t) => b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));

/** The height between the recorded points, without kinks. */
function heightAt(x, y) {
	const [u, v] = [(x / tale.hill.wide + 1) * 20, (y / tale.hill.deep + 1) * 20];
	const [i, j] = [clamp(floor(u), 0, 39), clamp(floor(v), 0, 39)];
	const line = (row) => spline(...[-1, 0, 1, 2].map((k) => hillKnot(i + k, row)), u - i);
	return spline(...[-1, 0, 1, 2].map((k) => line(j + k)), v - j);
}
const isOnHill = ([x, y]) => abs(x) <= tale.hill.wide && abs(y) <= tale.hill.deep;

/** The path of the ring, which must stay on the map: every place is a function of the step. */
function heldPath(rate, start = tale.hill.start) {
	const path = [[...start, heightAt(...start)]];
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
	seconds: 12,
	net: "half",
	stops: [
		[
			0,
			`Seen from above. With learning rate ${FIRST_RATE} the ring leaves the ridge. It knows only the slope under it.`,
		],
		[RING_WAITS, "It has rolled into the valley. Next in relief: the same hill with a larger learning rate."],
		[1, "60 steps at rate 8. Try another rate, or drag the start."],
	],
	bet: {
		question: `With learning rate ${BET_RATE} instead of ${FIRST_RATE}, each step is longer. The ring …`,
		options: OUTCOMES,
		at: RING_WAITS,
		measure: () => outcomeOf(heldPath(BET_RATE)),
		verdict() {
			const [held, before] = [BET_RATE, FIRST_RATE].map((rate) => heldPath(rate, tale.hill.start));
			const [outcome, cost, low] = [outcomeOf(held), held.at(-1)[2], before.at(-1)[2]];
			return `The ring ${OUTCOMES[outcome]}, because ${REASONS[outcome]}. After 60 steps it costs ${number(cost, 2)}, with rate ${FIRST_RATE} only ${number(low, 2)}: a longer step is not always a better one.`;
		},
	},
	set() {
		this.view = null; // chosen by hand
		[this.grip, HILL_STARTS[3]] = [false, tale.hill.start];
		this.choose(BET_RATE, tale.hill.start);
		choices(
			"Rate",
			Object.keys(tale.hill.free)
				.map(Number)
				.sort((p, q) => p - q)
				.map((rate) => [rate, rate]),
			(rate) => rate === this.rate,
			(rate) => {
				this.choose(rate);
				replay(RISEN);
			},
		);
		this.turner = action("From above", () => {
			this.view = this.pitch > 1.5 ? HILL_VIEW : FROM_ABOVE;
		});
		action("What if the network itself steps?", () => {
			this.choose(this.rate, tale.hill.start);
			this.walks = true;
			replay(RISEN);
		});
		action("Why two valleys?", () => {
			this.choose(this.rate);
			this.twins = true;
		});
	},
	/** The network's own descents are recorded from one start only. */
	choose(rate, start = this.start) {
		const held = heldPath(rate, start);
		Object.assign(this, { rate, start, held, free: tale.hill.free[rate], walks: false, twins: false });
	},
	/** Places on the screen, without perspective: [across, down, depth]. */
	camera(width, height) {
		const [c, s, flat, up] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.sin(this.pitch), Math.cos(this.pitch)];
		const turn = (x, y, z) => {
			const [p, q] = [x / 9, y / 5];
			return [p * c - q * s, -(z * up + (p * s + q * c) * flat), p * s + q * c];
		};
		const { wide, deep } = tale.hill;
		const corners = [-wide, wide].flatMap((x) =>
			[-deep, deep].flatMap((y) => [GROUND, heightAt(x, y) * LIFT].map((z) => turn(x, y, z))),
		);
		const [[left, right], [top, bottom]] = [0, 1].map((k) => [min, max].map((f) => f(...corners.map((one) => one[k]))));
		const zoom = min((width - 20) / (right - left), (height - 34) / (bottom - top));
		return (x, y, z) => {
			const [across, down, depth] = turn(x, y, z);
			return [width / 2 + zoom * (across - (left + right) / 2), height / 2 + zoom * (down - (top + bottom) / 2), depth];
		};
	},
	/** What steps at a moment: [path, colour, name, steps so far]. First the ring with the first rate, then with the chosen one. */
	walkers(t) {
		// The first steps take longer, so that each is seen.
		const steps = (from, to) => HILL_STEPS * part(t, from, to) ** 1.5;
		if (t <= RING_WAITS)
			return [[heldPath(FIRST_RATE, this.start), colours.text, "ring", steps(0.02, RING_WAITS - 0.02)]];
		const ring = [this.held, colours.text, "ring", this.walks ? HILL_STEPS : steps(RISEN, 1)];
		return this.walks ? [ring, [this.free, colours.mark, "network", steps(RISEN, 1)]] : [ring];
	},
	paint({ pen, width, height, narrow }, t) {
		const { wide, deep } = tale.hill;
		const walkers = this.walkers(t);
		const relief = [HILL_VIEW[0], HILL_VIEW[1] + (narrow ? 0.3 : 0)];
		[this.yaw, this.pitch] = this.view ?? blendAll(FROM_ABOVE, relief, ease(part(t, RING_WAITS, RISEN)));
		this.turner.textContent = this.pitch > 1.5 ? "In relief" : "From above";
		const place = this.camera(width, height - 110);
		const [ground, surface] = [(x, y) => place(x, y, GROUND), (x, y, z) => place(x, y, z * LIFT)];
		const [low, middle, high, shade] = ["positive", "ring", "negative", "ground"].map(rgb);
		const shaded = (cost, light) => {
			const share = clamp((cost - 0.45) / 1.6);
			const colour = share < 0.25 ? blendAll(low, middle, share / 0.25) : blendAll(middle, high, (share - 0.25) / 0.75);
			return `rgb(${blendAll(shade, colour, light).map(Math.round)})`;
		};
		const frame = [0, 40, 1680, 1640, 0].map(hillPlace);
		drawLine(
			pen,
			frame.map((p) => ground(...p)),
			colours.line,
		);
		this.contours ??= contoursOf();
		for (const [level, p, q] of this.contours) drawLine(pen, [ground(...p), ground(...q)], shaded(level, 0.8));
		const grid = range(1681).map((k) => [...hillPlace(k), tale.hill.heights[k] / 1000]);
		const points = (this.points = grid.map((p) => surface(...p)));
		const cells = range(1640)
			.filter((k) => k % 41 < 40)
			.sort((p, q) => points[q][2] - points[p][2]);
		for (const k of cells) {
			const corners = [k, k + 1, k + 42, k + 41];
			const h = corners.map((n) => grid[n][2]);
			const [dx, dy] = [(h[1] - h[0]) * 3.4, (h[3] - h[0]) * 4];
			const light = clamp((0.75 - 0.35 * dx * Math.cos(this.yaw) + 0.5 * dy) / hypot(dx * 0.8, dy * 0.8, 1), 0.3, 1);
			pen.fillStyle = pen.strokeStyle = shaded((h[0] + h[2]) / 2, 0.35 + 0.65 * light);
			pen.beginPath();
			for (const n of corners) pen.lineTo(points[n][0], points[n][1]);
			pen.fill();
			pen.lineWidth = 0.5;
			pen.setLineDash([]);
			pen.stroke();
		}
		if (this.pitch > 1.5)
			for (const [, p, q] of this.contours) drawLine(pen, [ground(...p), ground(...q)], `${colours.ground}60`);
		// The network is not on this map, which fades.
		if (walkers[1]) box(pen, 0, 0, width, height - 100, colours.ground, 0.65 * part(t, RISEN, RISEN + 0.06));
		const onMap = ([x, y]) => surface(x, y, heightAt(x, y));
		this.first = onMap(this.start);
		walkers.forEach(([path, colour, , at], isFree) => {
			const seen = [...path.slice(0, floor(at) + 1), stepBetween(path, at)].filter((p) => isOnHill(p) && finite(p[2]));
			drawLine(
				pen,
				seen.map(([x, y]) => ground(x, y)),
				colour,
				1,
				[2, 3],
			);
			// The ring's steps lie on the map, the network's are as high as it costs.
			const between = seen.slice(1).flatMap((p, n) => range(8).map((k) => blendAll(seen[n], p, (k + 1) / 8)));
			const line = isFree ? seen.map((p) => surface(...p)) : [seen[0], ...between].map(onMap);
			drawLine(pen, line, colour, 2);
			for (const p of seen) drawLine(pen, [isFree ? surface(...p) : onMap(p)], colour, 3);
			const ball = stepBetween(path, at);
			const isHere = isOnHill(ball) && finite(ball[2]);
			const [x, y] = !isHere
				? surface(clamp(ball[0], -wide, wide), clamp(ball[1], -deep, deep), seen.at(-1)[2])
				: isFree
					? surface(...ball)
					: onMap(ball);
			if (isHere) drawLine(pen, [[x, y], ground(ball[0], ball[1])], colour, 1);
			else {
				const side = x > width - 140 ? -14 : 14;
				note(pen, isFree ? "outside this map" : "left the map", x + side, y + 4, side < 0 ? "right" : "left", {
					colour: colours.text,
					bold: true,
				});
			}
			if (isFree && isHere && this.pitch < 1.5) {
				const above = onMap(ball);
				drawLine(pen, [[x, y], above], colours.text, 1, [3, 3]);
				drawLine(pen, [above], colours.text, 5);
				const words = { colour: colours.text, bold: true, halo: true };
				note(pen, `map here: ${number(heightAt(ball[0], ball[1]), 2)}`, above[0], above[1] - 10, "center", words);
				if (!narrow) note(pen, `network: ${number(ball[2], 2)}`, x - 12, y + 14, "right", words);
			}
			if (isFree) drawLine(pen, [[x, y]], colours.ground, 15);
			drawLine(pen, [[x, y]], colour, isFree ? 12 : 17);
			if (!isFree) drawLine(pen, [[x, y]], colours.ground, 12);
		});
		// The start, and on demand the half-trained network and the same with its neurons in another order.
		const name = (words, [x, y], across, down, align) => {
			const place = [words, max(x + across, align === "right" ? 92 : 0), y + down];
			drawLine(pen, [[x, y]], colours.text, 7);
			if (down < -20) drawLine(pen, segment(x, y, x, y + down + 4), colours.text);
			pen.font = "bold 13px system-ui, sans-serif";
			[pen.strokeStyle, pen.lineWidth, pen.textAlign] = [colours.ground, 4, align];
			pen.strokeText(...place);
			headline(pen, ...place, align);
		};
		if (this.twins) {
			name("half-trained", points[826], ...(narrow ? [0, -46] : [-8, 20]), "right");
			name("reordered", points[854], 0, -12, "center");
		}
		name("start", this.first, 14, 14, "left");
		this.paintCurve(pen, [40, height - 92, width - 112, height - 16], walkers);
	},
	/** Cost over steps, with a scale of its own for this learning rate. */
	paintCurve(pen, frame, walkers) {
		const [left, top, right, bottom] = frame;
		const all = walkers.flatMap(([path]) => path.map((p) => p[2])).filter(finite);
		const [low, high] = [min(...all), max(...all)];
		axes(pen, frame);
		note(pen, number(high, 2), left - 6, top + 8, "right");
		note(pen, number(low, 2), left - 6, bottom, "right");
		note(pen, "60 steps", right, bottom + 14, "right");
		note(pen, "cost", left + 6, bottom + 14, "left");
		const ends = walkers.map(([path, colour, name, at]) => {
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
		if (ends[1] && abs(ends[0][0] - ends[1][0]) < 14) {
			const upper = ends[0][0] < ends[1][0] ? 0 : 1;
			const middle = (ends[0][0] + ends[1][0]) / 2;
			[ends[upper][0], ends[1 - upper][0]] = [middle - 7, middle + 7];
		}
		ends.forEach(([y, words]) => note(pen, words, right + 6, y + 4, "left", { colour: colours.text }));
	},
	/** The start is taken, if the pointer is near it. */
	press(x, y) {
		this.grip = hypot(x - this.first[0], y - this.first[1]) < 26 && isOpen();
	},
	drag(x, y, across, down) {
		if (this.grip) {
			const far = this.points.map(([left, top]) => hypot(left - x, top - y));
			return this.choose(this.rate, hillPlace(far.indexOf(min(...far))));
		}
		// Two keys may come between two paintings: the second goes on from where the first turned to.
		const [yaw, pitch] = this.view ?? [this.yaw, this.pitch];
		// Seen from high above the map is only tilted: turned there, it would shrink to fit.
		const turned = pitch > 1.3 ? yaw : yaw - across / 160;
		this.view = [turned, clamp(pitch + down / 200, 0.2, FROM_ABOVE[1])];
	},
	keys(across, down) {
		this.grip = false;
		if (across || down) return this.drag(0, 0, across * 16, down * 16);
		if (!isOpen()) return false;
		this.choose(this.rate, HILL_STARTS[(HILL_STARTS.indexOf(this.start) + 1) % HILL_STARTS.length]);
	},
	says(t) {
		if (t <= RING_WAITS) return;
		if (this.walks) {
			if (t < 1) return "The network (full dot) may turn all 13,002 knobs, the ring only in this map’s 2 directions.";
			const [x, y, cost] = this.free.at(-1);
			return `The network costs ${number(cost, 2)}, where the map shows ${number(heightAt(x, y), 2)}: it also goes down in directions that the map does not show.`;
		}
		if (t < 1) {
			const times = this.rate / FIRST_RATE;
			return `Rate ${this.rate}: on the same slope, each step is ${number(times, times % 1 ? (times < 0.1 ? 2 : 1) : 0)} times as long as with ${FIRST_RATE}.`;
		}
		if (this.twins)
			return "Both valleys hold the half-trained network; in the right one its neurons are in another order, which changes nothing.";
		if (this.rate === BET_RATE && this.start === tale.hill.start) return;
		const outcome = outcomeOf(this.held);
		return `Rate ${this.rate}: the ring ${OUTCOMES[outcome]}, because ${REASONS[outcome]}. Try another rate, or drag the start.`;
	},
	label(t) {
		const words = this.walkers(t).map(([path, , name, at]) => {
			const cost = stepBetween(path, at)[2];
			return `${name} after ${floor(at)} of 60 steps ${finite(cost) ? number(cost) : "off the map"}`;
		});
		return `The cost in relief, rate ${t <= RING_WAITS ? FIRST_RATE : this.rate}: ${words.join(", ")}. Arrow keys turn the view, Enter chooses another start.`;
	},
};

/** A place between two steps. */
function stepBetween(path, step) {
	const n = min(floor(step), path.length - 1);
	return blendAll(path[n], path[min(n + 1, path.length - 1)], step % 1);
}

/** Contour lines of the map: marching squares. */
function contoursOf() {
	const { heights } = tale.hill;
	const lines = [];
	for (let level = 480.5; level < 2300; level += 80) {
		for (let k = 0; k < 1640; k++) {
			if (k % 41 === 40) continue;
			const corners = [k, k + 1, k + 42, k + 41];
			const cut = corners.flatMap((one, n) => {
				const next = corners[(n + 1) % 4];
				const [p, q] = [heights[one] - level, heights[next] - level];
				return p * q < 0 ? [blendAll(hillPlace(one), hillPlace(next), p / (p - q))] : [];
			});
			if (cut.length > 1) lines.push([level / 1000, cut[0], cut[1]]);
		}
	}
	return lines;
}

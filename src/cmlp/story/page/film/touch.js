// --- What the visitor touches in the picture while the film stands still. A touch has clocks of its own.

const TOUCH_IDLE = 4.5; // seconds without a touch, after which the film does it by itself
const TOUCH_GAP = 0.55; // seconds between two things that the film does by itself

/** What a hand does in the picture: `pass` lets time go on, and may give changed facts, as `press` and `drag` do. */
class Touch {
	isTouched = false;
	isAlone = false; // nobody is there, so the film does it
	idle = 0;

	touch() {
		this.isTouched = true;
		this.isAlone = false;
		this.idle = 0;
	}

	wait(seconds, most = TOUCH_IDLE) {
		this.idle += seconds;
		if (this.idle > most) this.isAlone = true;
	}

	press() {}
	drag() {}
	release() {}
}

/** Some things, each touched once: `spots(view, facts)` tells where they are. */
class Spots extends Touch {
	constructor(spots, count, seconds) {
		super();
		Object.assign(this, { spots, seconds, clocks: Array(count).fill(-1) });
	}

	/** The nearest that has not been touched: near ones overlap under a finger. In vain, it does not stop the film. */
	press(place, view, facts) {
		const near = this.spots(view, facts).map(([x, y, r], n) => [hypot(place[0] - x, place[1] - y) / r, n]);
		const [found] = near.filter(([far, n]) => far < 1 && this.clocks[n] < 0).sort((p, q) => p[0] - q[0]);
		if (!found) return;
		this.touch();
		this.clocks[found[1]] = 0;
	}

	pass(seconds) {
		this.clocks = this.clocks.map((clock) => (clock < 0 ? clock : clock + seconds));
		this.wait(seconds);
		if (!this.isAlone || this.idle < TOUCH_GAP) return;
		const next = this.clocks.findIndex((clock) => clock < 0);
		if (next < 0) return;
		this.idle = 0;
		this.clocks[next] = 0;
	}

	get isDone() {
		return this.clocks.every((clock) => clock >= this.seconds);
	}
}

/** The digit is rubbed out; where nobody does it, it goes by itself, row by row. */
class Rub extends Touch {
	static after = 1.4; // seconds for which nothing is seen before the film goes on
	empty = 0;
	most = 0;
	row = 0;

	press([x, y], { places }, facts) {
		const [left, top, side] = places.image;
		const [u, v] = [((x - left) / side) * SIDE, ((y - top) / side) * SIDE];
		const hit = range(PIXELS).filter((k) => hypot((k % SIDE) + 0.5 - u, floor(k / SIDE) + 0.5 - v) < 2.3);
		if (!hit.length) return null;
		this.touch();
		return facts.rubbedOut(hit);
	}

	drag(...given) {
		return this.press(...given);
	}

	pass(seconds, facts) {
		const ink = sum(facts.input);
		this.most = max(this.most, ink);
		if (ink === 0) {
			this.empty += seconds;
			return null;
		}
		if (ink < 0.07 * this.most) return facts.rubbedOut(range(PIXELS)); // a finger does not find the last pixels
		this.wait(seconds, this.isTouched ? 7 : TOUCH_IDLE);
		if (!this.isAlone) return null;
		this.row += seconds * 10;
		return facts.rubbedOut(range(PIXELS).filter((k) => floor(k / SIDE) <= this.row));
	}

	get isDone() {
		return this.empty > Rub.after;
	}
}

const isNow = (t, at) => abs(t - at) < 1e-6; // the film's time is rounded

/** For how many seconds one of the things has been touched, at a moment of its scene; -1 before, and for ever after. */
function touchedFor(facts, id, at, n, t) {
	if (isNow(t, at)) return facts.touches[id]?.clocks[n] ?? -1;
	return t < at ? -1 : Infinity;
}

/** Whether something can be touched now. */
const canTouch = (facts, id, at, n, t) => isNow(t, at) && facts.touches[id] && facts.touches[id].clocks[n] < 0;

/** A ring that calls for a touch: it breathes. */
function paintCall(view, [x, y], radius, alpha = 1) {
	const beat = isCalm() ? 1 : 0.5 + 0.5 * Math.sin(performance.now() / 260);
	paintRing(view, x, y, radius * (1.06 + 0.12 * beat), alpha * (0.55 + 0.45 * beat));
}

/** A pointing hand, in outline: its finger at the place. */
function paintPointer(view, [x, y], alpha) {
	if (alpha <= 0.01) return;
	const { pen, upright } = view;
	pen.save();
	pen.translate(x, y);
	pen.scale(...(upright ? [1, 1] : [1.7, 1.7]));
	pen.globalAlpha = alpha;
	pen.fillStyle = colours.ground;
	pen.strokeStyle = colours.on;
	pen.lineWidth = 1.5;
	pen.lineJoin = "round";
	pen.beginPath();
	pen.moveTo(-2.6, 1);
	pen.arc(0, 0, 2.8, Math.PI, 0);
	pen.lineTo(2.8, 9);
	pen.lineTo(11, 11);
	pen.quadraticCurveTo(14, 12, 13.4, 15);
	pen.lineTo(12, 22);
	pen.quadraticCurveTo(11.4, 24, 9, 24);
	pen.lineTo(1, 24);
	pen.quadraticCurveTo(-1, 24, -2.4, 22);
	pen.lineTo(-8, 14);
	pen.quadraticCurveTo(-8.6, 11.6, -6, 12);
	pen.lineTo(-2.8, 14);
	pen.closePath();
	pen.fill();
	pen.stroke();
	pen.restore();
	pen.globalAlpha = 1;
}

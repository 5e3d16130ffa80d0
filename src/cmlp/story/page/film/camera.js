// --- The camera. The shots of all scenes are one track, so the picture never cuts.

/** The place and scale that show a rectangle whole. */
function frameRect([x, y, w, h], width, height) {
	return [x + w / 2, y + h / 2, min(width / w, height / h)];
}

/**
 * The place and scale at a moment. A shot is [from, seconds, rectangle]: the camera begins to move at a moment, and then
 * shows the rectangle. The scale changes evenly in its logarithm, and what is nearest to both places stays still.
 */
function cameraAt(shots, t, places, facts, width, height) {
	const aim = (shot) => frameRect(shot[2](places, facts), width, height);
	const n = max(
		0,
		shots.findLastIndex(([from]) => from <= t),
	);
	const now = aim(shots[n]);
	if (n === 0) return now;
	const before = aim(shots[n - 1]);
	const u = rise(t, shots[n][0], shots[n][1]);
	const scale = exp(blend(log(before[2]), log(now[2]), u));
	const v = abs(before[2] - now[2]) < 1e-6 ? u : (1 / scale - 1 / before[2]) / (1 / now[2] - 1 / before[2]);
	return [blend(before[0], now[0], v), blend(before[1], now[1], v), scale];
}

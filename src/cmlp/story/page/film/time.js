// --- The film. Its pictures are functions of the time, in seconds; here is the arithmetic of that.

/** From 0 at a moment to 1 some seconds later, gently at both ends. */
function rise(t, from, seconds) {
	const u = part(t, from, from + seconds);
	return u * u * u * (u * (6 * u - 15) + 10);
}

/** 1 between two moments and 0 outside, with a fade inside both ends. */
const within = (t, from, to, fade = 0.5) => min(rise(t, from, fade), 1 - rise(t, to - fade, fade));

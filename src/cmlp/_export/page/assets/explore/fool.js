// --- Fooling the network: a small change of the image, along the gradient by its pixels, that changes the answer.

/** The slopes by the pixels of one output's weighted sum, or of how far it is ahead of another's. */
function slopesOfLead({ z, a }, ahead, behind) {
	let slopes = new Float64Array(sizes[last]);
	slopes[ahead] = 1;
	if (behind !== undefined) slopes[behind] = -1;
	for (let l = last - 1; l > 0; l--) {
		const { slope, p } = network.layers[l - 1];
		slopes = network.slopesBefore(l, slopes).map((g, i) => g * slope(z[l - 1][i], a[l][i], p));
	}
	return network.slopesBefore(0, slopes);
}

/** The position of the largest value, except one. */
const second = (values, except) => values.indexOf(max(...values.filter((_, j) => j !== except)));

/** A small change that makes the answer `target`, with an output above `least` (DeepFool, between empty and full pixels). None if it finds none. */
function foolingChange(image, target, least = 0) {
	const isFooled = (one) => {
		const outputs = network.forward(one).a[last];
		return winner(outputs) === target && outputs[target] > least;
	};
	let changed = image;
	for (let k = 0; k < 300 && !isFooled(changed); k++) {
		const now = network.forward(changed);
		const sums = now.z[last - 1];
		const rival = second(sums, target);
		const isAhead = sums[target] > sums[rival]; // and still too low
		const slopes = slopesOfLead(now, target, isAhead ? undefined : rival);
		const missing = isAhead ? 0.1 : sums[rival] - sums[target];
		const free = slopes.map((g, i) => (g > 0 ? changed[i] < white : changed[i] > 0) * g);
		const length = hypot(...free) || 1;
		// As far as the gradient promises, but in small steps: it changes on the way.
		const step = min(0.2 * white, missing / length + 1e-3 * white) / length;
		changed = changed.map((value, i) => min(white, max(0, value + step * free[i])));
	}
	const part = (share) => image.map((value, i) => value + share * (changed[i] - value));
	let share = 1;
	while (share > 0 && isFooled(part(share - 0.01))) share -= 0.01; // as little of it as needed
	return isFooled(changed) ? part(share).map((value, i) => value - image[i]) : image.map(() => 0);
}

/** Turns the image into one that is read as the chosen answer, or as any other: the one with the largest output first. */
function fool() {
	const chosen = $("fool-target").selectedIndex - 1;
	const plain = plainInput();
	const outputs = network.forward(plain).a[last];
	const before = winner(outputs);
	const others = range(sizes[last]).filter((j) => j !== before && (chosen < 0 || chosen === before || chosen === j));
	others.sort((p, q) => outputs[q] - outputs[p]);
	let change;
	const target = others.find((j) => (change = foolingChange(plain, j)).some(abs)) ?? others[0];
	show({ ...unchanged(), plain, before, target, change, share: 0 });
	const start = matchMedia("(prefers-reduced-motion: reduce)").matches ? -1e9 : performance.now();
	grow(shown, start);
}

function foolInto(target) {
	$("fool-target").selectedIndex = target + 1;
	fool();
}

/** Lets the change appear within a second. */
function grow(fooled, start) {
	if (shown !== fooled) return;
	fooled.share = min(1, (performance.now() - start) / 1000);
	input = null;
	requestPaint();
	if (fooled.share < 1) requestAnimationFrame(() => grow(fooled, start));
}

function paintFool() {
	const { plain, change, share, before, target } = shown;
	$("fool-row").hidden = isEmpty() || wishing;
	$("fool-row").classList.toggle("first", !change);
	$("fool-result").hidden = !change;
	const invites = !change && hasAnswer();
	say($("deed"), invites ? ["It reads ", answer(), ". Can a change that you hardly see make it misread?"] : []);
	if (!change) return;
	[plain, change.map((value) => value * share), input].forEach((values, n) => {
		const { pen, width } = prepare($("fool-result").children[n].firstChild);
		paintImage(pen, values, 0, 0, width, n === 1 ? 0 : white, n === 1 ? largest(change) : white);
	});
	const percent = (100 * sum([...change].map(abs))) / white / PIXELS;
	const question = shown.noise === undefined ? ` Would you still say ${labels[before]}?` : "";
	const found = `: each pixel changed by ${plainNumber(percent)} % on average.${question}`;
	say($("fool-text"), ["", `${labels[before]} → ${labels[target]}`, percent ? found : ": no such change was found."]);
}

function setUpFool() {
	$("fool-target").append(...["anything", ...labels].map((name) => make("option", "", name)));
	for (const caption of ["before", "the change", "after"]) {
		const figure = make("figure");
		figure.append(make("canvas"), make("figcaption", "", caption));
		$("fool-result").append(figure);
	}
	$("fool-result").append($("fool-text"));
	listen($("fool"), "click", fool);
	listen($("fool-target"), "change", () => shown.change && fool());
}

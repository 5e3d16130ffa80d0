// --- All 13,002 knobs as dots: for their values, and later for their turns.

const FIELD_COUNTS = [12560, 272, 170];
const LEAST_PATCH = 0.62; // the strength of the weakest patch, as a share of the strongest

/** The values of a layer as rows of dots: a row for each neuron, its bias last. */
function rowsOfLayer(net, layer, values) {
	const { inputs, outputs, w, b } = net.layers[layer];
	const rows = range(outputs).map((j) => [...range(inputs).map((i) => values[w + i * outputs + j]), values[b + j]]);
	return rows.flat();
}

/**
 * The pictures of all dots: of the 16 patches into A, of A's biases, and of the two later layers. If `lifted`, weak patches
 * are brightened so that the weakest can be seen.
 */
function fieldPictures(net, values, most, lifted = false) {
	const [first, second] = net.layers;
	const weights = new Float64Array(first.b);
	for (let k = 0; k < weights.length; k++) weights[(k % 16) * PIXELS + floor(k / 16)] = values[k];
	if (lifted) for (let k = 0; k < 16; k++) liftPatch(weights.subarray(k * PIXELS, (k + 1) * PIXELS), most[0]);
	const patches = signedPicture(weights, SIDE, most[0], 0.7); // one below the other
	const biases = signedPicture(values.subarray(first.b, second.w), 16, most[0], 0.7);
	const later = [1, 2].map((layer) => signedPicture(rowsOfLayer(net, layer, values), 17, most[layer], 0.7));
	return { patches, biases, later };
}

/** Scales a patch in place: its largest value becomes at least as large as a share of the strongest. */
function liftPatch(patch, most) {
	const own = largest(patch);
	if (own === 0) return;
	const lift = (LEAST_PATCH + (1 - LEAST_PATCH) * (own / most)) * (most / own);
	for (let k = 0; k < patch.length; k++) patch[k] *= lift;
}

/** Lines between dots, so that each can be seen. */
function paintGaps(view, [x, y, width, height], dot, alpha) {
	const { pen, scale } = view;
	if (dot * scale < 2.4) return;
	pen.strokeStyle = colours.ground;
	pen.globalAlpha = alpha;
	pen.lineWidth = dot * 0.22;
	pen.beginPath();
	for (let across = x; across <= x + width + 0.01; across += dot) {
		pen.moveTo(across, y);
		pen.lineTo(across, y + height);
	}
	for (let down = y; down <= y + height + 0.01; down += dot) {
		pen.moveTo(x, down);
		pen.lineTo(x + width, down);
	}
	pen.stroke();
	pen.globalAlpha = 1;
}

/**
 * The dots. `patch(k)` gives the alpha of neuron k's patch, and how far it has come from its neuron to its place; `field(n)`
 * gives the alpha of the biases of A (0) and of the later layers (1 and 2).
 */
function paintFields(view, { patches, biases, later }, { patch, field }) {
	const { pen, places } = view;
	const fields = fieldPlaces(places);
	for (let k = 0; k < 16; k++) {
		const [alpha, u] = patch(k);
		if (alpha <= 0) continue;
		const [x, y] = places.at(1, k);
		const [across, down, small] = places.patch;
		const [px, py, side] = blendAll([x + across - small / 2, y + down - small / 2, small], fields.patch(k), u);
		box(pen, px, py, side, side, colours.ground, alpha);
		pen.globalAlpha = alpha;
		pen.imageSmoothingEnabled = false;
		pen.drawImage(patches, 0, k * SIDE, SIDE, SIDE, px, py, side, side);
		pen.globalAlpha = 1;
		if (u === 1) paintGaps(view, [px, py, side, side], fields.dot, alpha);
	}
	paintPicture(view, biases, ...fields.biases, field(0));
	later.forEach((picture, n) => {
		const place = [fields.second, fields.third][n];
		paintPicture(view, picture, ...place, field(n + 1));
		if (field(n + 1) > 0) paintGaps(view, place, fields.dot, field(n + 1));
	});
}

/** The empty places of all knobs. */
function paintEmptyFields(view, alpha) {
	if (alpha <= 0) return;
	const { pen, places } = view;
	const fields = fieldPlaces(places);
	pen.globalAlpha = alpha;
	const frames = range(16).map((k) => [...fields.patch(k), fields.patch(k)[2]]);
	for (const place of [...frames, fields.biases, fields.second, fields.third])
		outline(pen, colours.ring, view.upright ? 0.6 : 1.2, ...place);
	pen.globalAlpha = 1;
}

/** What the smaller fields hold: beside them, or below them where it is narrow. */
function nameFields(view, alpha) {
	const { upright, places } = view;
	const { biases, second, third } = fieldPlaces(places);
	const [toB, toOutputs, ofA] = filmWords("label.fields");
	const style = { colour: colours.muted, alpha, align: "left" };
	const below = upright ? third[1] + second[3] + 10 : 0;
	letters(view, toB, second[0], upright ? below : second[1] - 12, 15.5, style);
	letters(view, toOutputs, third[0], upright ? below : third[1] - 12, 15.5, style);
	letters(view, ofA, biases[0] + biases[2] + 8, biases[1] + biases[3] / 2 + 3, 15.5, style);
}

/** Where the bias of an output lies as a dot, [x, y, side]. */
function biasDot({ places }, k) {
	const { third, dot } = fieldPlaces(places);
	return [third[0] + 16 * dot, third[1] + k * dot, dot];
}

/** How many knobs there are: a line for each layer, and their sum below. */
function paintCount(view, counts, alpha) {
	const [right, y, pitch, size] = view.upright ? [380, 90, 18, 17] : [1162, 480, 34, 24];
	counts.forEach((count, n) => {
		const text = `${n ? "+ " : ""}${filmNumber(count, 0)}`;
		letters(view, text, right, y - (3.2 - n) * pitch, size, { alpha: alpha * min(1, count / 40), align: "right" });
	});
	letters(view, filmNumber(sum(counts), 0), right, y, view.upright ? 22 : 32, {
		colour: colours.mark,
		alpha,
		align: "right",
	});
}

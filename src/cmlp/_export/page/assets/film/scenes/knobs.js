// --- Scene 3: out of the neuron, and all 13,002 knobs as dots.

const OPEN_AT = 6.6;
const FIELD_AT = [OPEN_AT, 9.6, 11]; // when the wires of each layer open into dots
const TREMBLE_AT = 18;
const TREMBLE_SECONDS = 7;
const TREMBLES = 1; // radians a second, so that each answer can be read

const knobsScene = {
	id: "knobs",
	doors: ["layers"],
	isPaintable: true,
	handles: () => [{ key: "handle.shake", from: 0, to: 1, step: 0.01, value: 0 }],
	change: (facts, [by]) => facts.shaken(by),
	seconds: 30,
	captions: () => [
		[0, "knobs.1"],
		[OPEN_AT, "knobs.2"],
		[TREMBLE_AT - 0.6, "knobs.3"],
	],
	words: () => ({}),
	pauses: [],
	shots: [[0.6, 3, (places) => places.whole]],
	paint(view, facts, t) {
		const { digit } = facts;
		const open = within(t, OPEN_AT, 28.6, 1.4);
		const { result, params } = trembling(facts, t);
		const lit = (k) => (k === facts.addition.to ? 1 : rise(t, 2 + k * 0.13, 0.5));
		const watched = within(t, TREMBLE_AT - 1, 28.6, 1);
		const named = within(t, TREMBLE_AT, 28, 0.8);
		paintPad(view, { lines: digit.lines, digit, centred: 1, sharp: 1, frame: 0.5 });
		paintWorking(view, facts, {
			result,
			wave: 1 + part(t, 3.6, 5) + part(t, 5, 6.4),
			names: rise(t, 1.4, 1.8),
			says: named,
			wires: 1 - 0.97 * open,
			inputs: 1 - 0.9 * open,
			waiting: 0.3 * rise(t, 1, 2),
			dim(layer, k) {
				const hidden = layer === 3 ? open * (1 - watched) : open;
				return (layer === 1 ? lit(k) : 1) * (1 - 0.97 * hidden);
			},
		});
		paintFields(
			view,
			facts.pictures(params === facts.start.params ? "knobs" : null, () =>
				fieldPictures(facts.start, params, facts.mostKnob),
			),
			{
				patch: (k) => [
					lit(k) * rise(t, 1.4, 1.2) * (1 - rise(t, 27.4, 1.2)),
					rise(t, OPEN_AT + k * 0.06, 1.7) * (1 - rise(t, 26, 1.6)),
				],
				field: (n) => rise(t, FIELD_AT[n], 1.2) * (1 - rise(t, 26, 1.2)),
			},
		);
		const counted = FIELD_COUNTS.map((size, n) => Math.round(size * rise(t, FIELD_AT[n] + 0.8, 1.2)));
		paintCount(view, sum(counted), within(t, OPEN_AT + 0.8, TREMBLE_AT));
		nameFields(view, within(t, FIELD_AT[2] + 0.8, TREMBLE_AT));
		paintVerdictOf(view, winner(result.a[3]), named);
		paintVeil(view, 1 - rise(t, 0.4, 2));
		paintOpenNeuron(view, facts, sumScene.seconds, rise(t, 1.4, 1.8));
	},
};

/** All knobs shake for some seconds, each in its own way, and return to exactly where they were. */
function trembling(facts, t) {
	const { start, mostKnob, input, result } = facts;
	const u = within(t, TREMBLE_AT, TREMBLE_AT + TREMBLE_SECONDS, 1.5);
	if (u <= 0) return { params: start.params, result };
	const params = start.params.slice();
	start.layers.forEach(({ w, b, outputs }, layer) => {
		const most = 1.2 * u * mostKnob[layer];
		for (let k = w; k < b + outputs; k++) params[k] += most * Math.sin(TREMBLES * (t - TREMBLE_AT) + k * k * 0.7);
	});
	return { params, result: new Network(model, params).forward(input) };
}

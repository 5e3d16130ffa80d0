// --- One neuron.

function select(neuron) {
	selected = String(neuron) === String(selected) ? null : neuron;
	painting &&= selected !== null;
	document.body.classList.toggle("inspecting", Boolean(selected));
	requestPaint();
}

function weightsInto(layer, index) {
	const { inputs, outputs, w } = layerOf(layer);
	return Float64Array.from({ length: inputs }, (_, i) => network.params[w + i * outputs + index]);
}

function paintInspector() {
	$("legend").hidden = wishing;
	$("wishes-legend").hidden = !wishing;
	$("details").hidden = !selected;
	if (!selected) return;
	const [layer, index] = selected;
	write("name", neuronName(layer, index));
	const { rows, pictures } = (back ? wishesOf : sumOf)(layer, index);
	rows.forEach(([term, text], n) => {
		const row = $("rows").children[n];
		row.firstChild.textContent = term;
		row.lastChild.textContent = text;
	});
	pictures.forEach(([caption, values], n) => {
		const figure = $("pictures").children[n];
		figure.lastChild.textContent = caption;
		const { pen, width } = prepare(figure.firstChild);
		paintValues(pen, layer - 1, values, 0, 0, width);
		const ends = [min(...values), max(...values)].map((value) => number(value));
		figure.firstChild.ariaLabel = `${caption}: ${values.length} numbers from ${ends[0]} to ${ends[1]}`;
	});
	paintTouch(layer, index);
	paintCurve(layer, index);
	paintActive(layer, index);
}

/** How a neuron's activation comes about. */
function sumOf(layer, index) {
	const { b, name } = layerOf(layer);
	const weights = weightsInto(layer, index);
	const [bias, z] = [network.params[b + index], result.z[layer - 1][index]];
	return {
		rows: [
			["Σ weight × input", number(z - bias)],
			["bias", number(bias)],
			["weighted sum z", number(z)],
			[`activation ${name}(z)`, number(result.a[layer][index])],
		],
		pictures: [
			["weights", weights],
			["weight × input", weights.map((weight, i) => weight * result.a[layer - 1][i])],
		],
	};
}

/** The activation function with this neuron's point on it. */
function paintCurve(layer, index) {
	const { pen, width, height } = prepare($("curve"));
	const [sums, a] = [result.z[layer - 1], result.a[layer][index]];
	const z = sums[index];
	const { f, p, name } = layerOf(layer);
	// Softmax, the other outputs being as they are.
	const rest = f || logSumExp(sums.filter((_, j) => j !== index));
	const g = f ? (value) => f(value, p) : (value) => logistic(value - rest);
	const span = name === "exp" ? max(2, abs(z) * 1.1) : max(6, 2 * ceil(abs(z) / 2));
	const [low, high] = [min(0, g(-span)), max(1, g(span))];
	const at = (value, level) => [
		10 + ((value + span) / (2 * span)) * (width - 40),
		height - 20 - ((level - low) / (high - low)) * (height - 32),
	];
	for (const level of low < -0.3 ? [low, 0, high] : [0, high]) {
		drawLine(pen, [at(-span, level), at(span, level)], colours.line);
		label(pen, number(level, level % 1 ? 1 : 0), width, at(0, level)[1] + 4, "right");
	}
	for (const value of [-span, 0, span]) label(pen, number(value, 0), at(value, 0)[0], height - 4, "center");
	const values = range(121).map((k) => (k / 60 - 1) * span);
	const line = values.map((value) => at(value, g(value)));
	drawLine(pen, line, colours.text, 1.5);
	drawLine(pen, [at(z, 0), at(z, a)], colours.ring, 1, [3, 3]);
	drawLine(pen, [at(z, a)], colours.text, 12);
	drawLine(pen, [at(z, a)], colours.mark, 9);
	$("curve").ariaLabel = `${name}: a weighted sum of ${number(z, 2)} gives the activation ${number(a, 2)}`;
}

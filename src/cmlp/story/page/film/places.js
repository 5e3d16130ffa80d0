// --- Where everything is. The film has one world, lying or upright, in which only the camera moves.

const LYING = {
	upright: false,
	size: [1280, 660],
	text: 1.1, // the size of texts, at this size
	least: 25.3, // the size of the smallest: 20 px where 1280 x 720 are seen
	image: [44, 232, 196],
	pad: 1.3, // the height of the first picture, in sides of the image
	ribbon: [318, 50, 5],
	ends: [null, [560, 60, 600], [785, 60, 600], [985, 76, 584]],
	radius: [0, 16, 16, 18],
	name: [35, 0], // of an output, from its middle
	value: [80, 0], // the number of an output
	tally: [68, 0],
	layerName: [0, -30], // A or B, from its first neuron's middle
	mark: [31, 0], // of a wish, from a hidden neuron's middle
	square: [1180, 250],
	wish: [null, [22, 18], [22, 18], [26, 26]], // how high and wide a triangle can be
	unit: 80, // the side of a square of area 1
	hill: [512, 326, 204, 46, 190], // its middle, and what a step to the right, to the front and of the cost is
	// Three squares in a row: the middle of the first, and the step to the next; and ten outputs to the left of each: how far,
	// the first, the step to the next, and their radius.
	three: [500, 330, 225, 88, 92, 56, 15],
	wall: [158, 29, 964, 40], // of heaps: its corner, its width, and how many are in a row
	fields: [322, 96, 4.1],
	patch: [-38, 0, 30],
	main: [490, 330], // of the neuron of B, while it is the point
	dials: [[738, 330], 108], // on five of its wires: the third, and the step to the next
};
/** An upright world is taller on a tall screen: `more` than the least, and its layers are further apart. */
const uprightForm = (more) => ({
	upright: true,
	size: [390, UPRIGHT_LEAST + more],
	text: 0.8,
	least: 0,
	image: [18, 12, 92],
	pad: 1.12,
	ribbon: [21.4, 120, 3.1],
	ends: [null, [24, 366, 232 + 0.3 * more], [24, 366, 330 + 0.65 * more], [31, 359, 430 + more]],
	radius: [0, 10, 10, 13],
	name: [0, 26],
	value: [0, 44],
	tally: [0, 40],
	layerName: [-17, 0],
	mark: [0, 19],
	square: [318, 60],
	wish: [null, [9, 9], [9, 9], [22, 20]],
	unit: 36,
	hill: [195, 270 + 0.4 * more, 82, 27, 98 + 0.4 * more],
	three: [88, 260 + 0.5 * more, 128, 46, 158, 27 + 0.1 * more, 7.6],
	wall: [(390 - 0.604 * (UPRIGHT_LEAST + more)) / 2, 12, 0.604 * (UPRIGHT_LEAST + more), 25],
	fields: [70 - 0.4 * more, 112, 2.1 + more / 147],
	patch: [0, -21, 19],
	main: [195, 168 + 0.25 * more],
	dials: [[195, 288 + 0.6 * more], 76],
});
const [UPRIGHT_LEAST, UPRIGHT_MOST] = [520, 600];

/** The places for a canvas of this size. Rectangles are [x, y, width, height] and may be seen by the camera. */
function filmPlaces(width, height) {
	const tall = clamp((390 * height) / width, UPRIGHT_LEAST, UPRIGHT_MOST);
	const form = width < 1.2 * height ? uprightForm(tall - UPRIGHT_LEAST) : LYING;
	const { upright, image, ribbon, ends, radius } = form;
	const at = (layer, k) => {
		const [a, b, c] = ends[layer];
		const share = k / (sizes[layer] - 1);
		return upright ? [blend(a, b, share), c] : [a, blend(b, c, share)];
	};
	const pixel = (k) => [
		image[0] + (((k % SIDE) + 0.5) * image[2]) / SIDE,
		image[1] + ((floor(k / SIDE) + 0.5) * image[2]) / SIDE,
	];
	// The 784 inputs are a ribbon of 7 x 112, because a single column could not be seen.
	const input = (k) => {
		const [along, across] = [floor(k / SIDE) * 4 + floor((k % SIDE) / 7), k % 7];
		const [x, y, cell] = ribbon;
		return upright
			? [x + (along + 0.5) * cell, y + (across + 0.5) * cell]
			: [x + (across + 0.5) * cell, y + (along + 0.5) * cell];
	};
	const around = ([x, y], w, h) => [x - w / 2, y - h / 2, w, h];
	// The last layers of a lying network: as far to the right as the square of the cost, and as wide as the screen allows.
	const [right, high] = [form.size[0] + 20, 620];
	const wide = min(right, (high * width) / height);
	const end = [right - wide, 20, wide, high];
	const middle = [image[0] + image[2] / 2, image[1] + image[2] / 2];
	return {
		...form,
		at,
		pixel,
		input,
		whole: upright ? [0, 0, ...form.size] : [0, 20, form.size[0], high], // above and below it is nothing
		pour: upright ? [0, 0, ...form.size] : end,
		// With the columns of three answers to its left.
		bet: upright ? [0, 0, ...form.size] : [min(end[0], 330), 20, max(end[2], right - 330), high],
		knobs: upright ? [0, 0, ...form.size] : [30, 66, 1112, 560], // all dots, and what is said of them
		padShot: around(middle, image[2] * form.pad, image[2] * form.pad),
		/** The surroundings of a neuron, in its radii. */
		near: (layer, k, radii) => around(at(layer, k), 2 * radii * radius[layer], 2 * radii * radius[layer]),
		/** From the picture to a neuron of A, and some of its radii further down. */
		fromImage(k, below = 3) {
			const [x, y] = at(1, k);
			const margin = 3 * radius[1];
			const [left, top] = [min(image[0], x) - margin, min(image[1], y) - margin];
			const [right, bottom] = [max(image[0] + image[2], x) + margin, max(image[1] + image[2], y) + below * radius[1]];
			return [left, top, right - left, bottom - top];
		},
		/** What fits into a neuron's circle: the room of the figure inside it. */
		inside: (layer, k) =>
			around(at(layer, k), ...(upright ? [1.26, 1.53] : [1.65, 1]).map((side) => side * radius[layer])),
	};
}

/** Where the 13,002 knobs lie as dots: 16 patches with their biases, then 16 x 17 and 10 x 17 dots of the same size. */
function fieldPlaces({ fields: [x, y, dot], upright }) {
	const side = 4 * 28 * dot + 3 * 2 * dot;
	const gap = upright ? 6 * dot : 10 * dot;
	const bottom = y + side + 3 * dot;
	const [second, third] = upright
		? [
				[x, bottom + gap],
				[x + 17 * dot + gap * 3, bottom + gap],
			]
		: [
				[x + side + gap, y],
				[x + side + gap, y + 16 * dot + gap],
			];
	return {
		dot,
		side,
		patch: (k) => [x + (k % 4) * 30 * dot, y + floor(k / 4) * 30 * dot, 28 * dot],
		biases: [x, bottom - dot, 16 * dot, dot],
		second: [...second, 17 * dot, 16 * dot],
		third: [...third, 17 * dot, 10 * dot],
	};
}

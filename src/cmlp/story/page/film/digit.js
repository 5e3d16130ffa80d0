// --- The visitor's digit: its strokes, its pixels, and how they come to their place.

// What draws itself if nobody draws.
const OUR_THREE = {
	draw: "290-215-402-148-505-125-610-152-690-226-702-318-640-396-548-446-455-478-560-490-655-528-722-604-738-704-690-800-600-868-490-894-380-872-292-806",
	is: 3,
};
const LEAST_EXTENT = UNITS / 6; // of a digit: a click or a dot is none

/** A digit of strokes: its pixels from 0 to 1 as MNIST has them, and the scale and shift that lead from the pad to them. */
function filmDigit(strokes) {
	const [lines, scale, shift] = placeInImage(strokes);
	const image = rasterize(lines, scale, shift);
	return { strokes, lines, scale, shift, image, picture: brightPicture(image) };
}

/** The strokes of a digit as an address has them. */
const strokesText = ({ strokes }) => strokes.map(pointsText).join(".");

/** Whether strokes are neither high nor wide. */
function isTooSmall(strokes) {
	const extent = (c) => {
		const values = strokes.flat().map((point) => point[c]);
		return max(...values) - min(...values);
	};
	return max(extent(0), extent(1)) < LEAST_EXTENT;
}

/** The class of the training digit that is most alike in its pixels, without any network. */
function nearestLabel({ image }) {
	const likeness = ({ input }) => {
		let [product, square] = [0, 0];
		for (let k = 0; k < PIXELS; k++) {
			product += input[k] * image[k];
			square += input[k] ** 2;
		}
		return product / Math.sqrt(square);
	};
	const best = examples.train.reduce(
		(found, one) => {
			const value = likeness(one);
			return value > found.value ? { value, label: one.label } : found;
		},
		{ value: -1 },
	);
	return best.label;
}

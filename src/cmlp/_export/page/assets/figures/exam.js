// --- Chapter 18: new digits, noise, and a 9 that becomes its 3.

const NOISES = 1000;
const LIKE = 0.75; // what is as near to a digit is one

FIGURES.exam = {
	seconds: 12,
	draws: true,
	stops: [
		[0, "Noise: each pixel at random. Nobody would call it a digit. What does the network say?"],
		[0.25, "A thousand images of noise, and what they are called."],
		[0.5, "Now a 9. All its pixels change a little along the gradient, because that raises output 3."],
		[0.8, "You still see a 9, but the network reads a 3."],
		[0.81, "And new digits? Those that it misses are framed."],
		[1, "It can be sure of what is no digit at all. Now you: draw or spray what is no digit. Can you beat it?"],
	],
	bet: {
		question: "1,000 images of noise: how many does it call a 3?",
		options: ["nine of ten", "a third", "a tenth"],
		measure: () => nearest([0.9, 0.33, 0.1], FIGURES.exam.called[3] / NOISES),
		shown: 0.5,
		verdict() {
			const { called, sure } = FIGURES.exam;
			return `Nine of ten: ${called[3]} of ${NOISES}, and for ${sure} images it is sure (above 0.9). Of 1,000 new digits it misses ${Math.round(1000 - 10 * tale.right[0])}.`;
		},
	},
	says() {
		if (strokesNow().length)
			return "Your drawing. It must answer, whatever this is: how bright does a wrong answer get?";
		if (this.miss >= 0) return "A digit that it has never seen, and misses. Would you?";
	},
	set() {
		this.noises = range(NOISES).map((n) => Float32Array.from({ length: PIXELS }, randomNumbers(n)));
		this.called = Array(10).fill(0);
		[this.sure, this.trophy] = [0, [0]]; // the highest certainty of what is no digit, its answer, and the image
		for (const noise of this.noises) {
			const outputs = resultOf(trained, noise).a[3];
			this.called[winner(outputs)]++;
			this.sure += max(...outputs) > 0.9;
			this.keep(noise, outputs);
		}
		this.change = foolingChange(pictures.nine.input, 3, 0.9);
		this.misses = examples.test.filter((one) => !isRight(trained, one));
		this.miss = -1;
		action("Next mistake", () => {
			if (!isOpen()) return;
			this.miss = (this.miss + 1) % this.misses.length;
			show({});
			this.cleared = shown;
		});
		action("Spray", () => {
			const dots = range(25).map(() => [[0, 1].map(() => 200 + floor(Math.random() * 640))]);
			show({ strokes: [...strokesNow(), ...dots] });
		});
	},
	/** The nearest of the page's digits, if it is near and of the same answer: [its cosine, the digit]. */
	likeness(image, answer) {
		const near = examples.all
			.filter(({ label }) => label === answer)
			.map((one) => [dot2(image, one.input) / hypot2(image) / hypot2(one.input), one]);
		const first = near.sort((p, q) => q[0] - p[0])[0];
		return first?.[0] >= LIKE ? first : null;
	},
	/** Keeps the image of which the network is surest. */
	keep(image, outputs) {
		const best = winner(outputs);
		if (outputs[best] > this.trophy[0]) this.trophy = [outputs[best], best, image.slice()];
	},
	paint(view, t) {
		const { pen, width, height, narrow } = view;
		if (t < 1 || shown !== this.cleared) this.miss = -1;
		if (strokesNow().length || this.miss >= 0) return this.paintOne(view);
		if (t > 0.81) return this.paintClose(view, part(t, 0.81, 0.96));
		const columns = narrow ? 3 : 5;
		if (t < 0.25) {
			const side = min(width / columns - 8, height / 3 - 29);
			this.noises.slice(0, 3 * columns).forEach((noise, n) => {
				const [x, y] = [(n % columns) * (width / columns), 8 + floor(n / columns) * (side + 26)];
				picture(pen, noise, x, y, side);
				const outputs = resultOf(trained, noise).a[3];
				const words = `${winner(outputs)}, at ${number(max(...outputs), 2)}`;
				if (20 * t > n / columns) headline(pen, words, x + side / 2, y + side + 18);
			});
			return;
		}
		const side = min(narrow ? (width - 16) / 3 : 170, height * 0.34);
		if (t < 0.5) {
			range(columns).forEach((n) => picture(pen, this.noises[n], n * (width / columns), 8, side));
			const grown = part(t, 0.25, 0.45);
			if (grown < 1) note(pen, "what they are called, of 1,000", 0, side + 40, "left");
			else headline(pen, `${this.called[3]} of 1,000 are called a 3`, 0, side + 38, "left", narrow ? 16 : 22);
			const area = [0, side + 44, width, height - side - 50];
			paintColumnBars(
				pen,
				area,
				this.called.map((count) => (count / NOISES) * grown),
				grown < 1 ? 0.999 : 1,
			);
			this.called.forEach((count, k) => {
				if (grown === 1 && count)
					note(pen, count, (k + 0.5) * (width / 10), side + 54, "center", { colour: colours.text });
			});
			return;
		}
		const share = part(t, 0.52, 0.78);
		const after = pictures.nine.input.map((value, k) => value + share * this.change[k]);
		const images = [
			["before", pictures.nine.input, 1],
			["the change × 5", this.change.map((value) => 5 * share * value), 0],
			["after", after, 1],
		];
		images.forEach(([name, values, top], n) => {
			const x = n * (side + (narrow ? 8 : 40));
			note(pen, name, x + side / 2, 16);
			if (top) picture(pen, values, x, 22, side);
			else {
				paintImage(
					pen,
					[...values].map((value) => clamp(value, -1, 1)),
					x,
					22,
					side,
					0,
					1,
				);
			}
		});
		const outputs = trained.forward(after).a[3];
		paintColumnBars(pen, [0, side + 40, width, height - side - 66], outputs, 1, true);
		const mean = sum([...this.change].map(abs)) / PIXELS;
		note(
			pen,
			`each pixel changed by ${number(100 * share * mean, 1)} % on average; the answer is ${winner(outputs)}`,
			0,
			height - 6,
			"left",
			{ colour: colours.text },
		);
	},
	/** The close: all new digits of the page, those missed in frames; and the noise of which the network is surest. */
	paintClose({ pen, width, height, narrow }, come) {
		const [wide, tall] = narrow ? [width, height - 112] : [width * 0.7, height - 76];
		const columns = floor(Math.sqrt((examples.test.length * wide) / tall));
		const pitch = min(wide / columns, tall / ceil(examples.test.length / columns));
		const side = pitch - (narrow ? 1 : 4);
		const place = (n) => [(n % columns) * pitch + 1, floor(n / columns) * pitch + 1, side];
		const seen = examples.test.slice(0, come * examples.test.length);
		seen.forEach((one, n) => paintImage(pen, one.input, ...place(n), 1));
		seen.forEach((one, n) => this.misses.includes(one) && frameOf(pen, ...place(n), side));
		const made = Object.values(bets);
		const won = made.length ? `Your bets: ${made.filter(Boolean).length} of ${made.length} won` : "";
		const words = [`It says ${this.trophy[1]}: ${number(this.trophy[0])}`, `13,002 numbers read ${tale.right[0]} %`];
		const right = "of new digits, and nothing else.";
		if (narrow) {
			if (come === 1) picture(pen, this.trophy[2], 0, tall + 10, 100);
			const lines = come < 1 ? [] : [words[0], words[1], right, won];
			lines.forEach((line, n) => headline(pen, line, 108, tall + 28 + 24 * n, "left", n ? 12 : 16, !n));
			return;
		}
		const left = wide + 12;
		if (come === 1) {
			picture(pen, this.trophy[2], left, 1, width - left);
			headline(pen, words[0], left, width - left + 34, "left", 24);
			note(pen, "and this is no digit", left, width - left + 60, "left", { size: 16 });
			headline(pen, won, left, tall - 4, "left", 16, false);
			headline(pen, `${words[1]} ${right}`, 0, height - 22, "left", 20);
		}
	},
	/** A drawing, or one of the mistakes. */
	paintOne({ pen, width, height, narrow }) {
		const isDrawn = strokesNow().length > 0;
		const one = isDrawn ? null : this.misses[this.miss];
		const image = isDrawn ? input : one.input;
		const outputs = trained.forward(image).a[3];
		const best = winner(outputs);
		// A drawing counts when its stroke has ended, unless it is a digit.
		const like = isDrawn && !fieldPen.stroke && this.likeness(input, best);
		if (isDrawn && !fieldPen.stroke && !like) this.keep(input, outputs);
		const side = min(narrow ? 144 : 250, height * 0.45);
		const [sure, digit] = this.trophy;
		const lines = one
			? [`A ${one.label}, read as ${best}`, `mistake ${this.miss + 1} of ${this.misses.length}`]
			: [
					`It says ${best}: ${number(outputs[best])}`,
					like
						? `too like a ${best} (${number(like[0], 2)}): no record`
						: `surest so far: ${number(sure)} for ${digit}`,
				];
		picture(pen, image, 0, 8, side);
		lines.forEach((line, n) =>
			headline(
				pen,
				line,
				side + 16,
				32 + n * (narrow ? 22 : 34),
				"left",
				n ? (narrow ? 11 : 16) : narrow ? 14 : 24,
				!n,
			),
		);
		if (one)
			crowd(
				pen,
				this.misses,
				[side + 16, 90, width - side - 16, side - 82],
				narrow ? 24 : 46,
				(other) => other === one,
			);
		else if (!narrow) picture(pen, like ? like[1].input : this.trophy[2], width - side, 8, side);
		paintColumnBars(pen, [0, side + 24, width, height - side - 30], outputs, 1, true);
	},
};

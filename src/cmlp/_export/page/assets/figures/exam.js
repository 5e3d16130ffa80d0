// --- Chapter 18: new digits, noise, and a 9 that becomes its 3.

const NOISES = 1000;

FIGURES.exam = {
	seconds: 9,
	draws: true,
	stops: [
		[0, "Noise: each pixel at random. Nobody would call it a digit."],
		[0.5, "A thousand images of noise, and what they are called."],
		[
			1,
			"A small change along the gradient, and it reads the 9 as a 3. Draw or spray what is no digit: how sure does it get?",
		],
	],
	bet: {
		question: "1,000 images of noise: how many does it call a 3?",
		options: ["a tenth", "a third", "nine of ten"],
		measure: () => nearest([0.1, 0.33, 0.9], FIGURES.exam.called[3] / NOISES),
		shown: 0.5,
		verdict() {
			const { called, sure } = FIGURES.exam;
			const made = Object.values(bets);
			const won = made.length ? ` Your bets: ${made.filter(Boolean).length} of ${made.length} won.` : "";
			return `${called[3]} of ${NOISES}, and for ${sure} images it is sure (above 0.9). Of 1,000 new digits it misses ${Math.round(1000 - 10 * tale.right[0])}.${won} In Python: cmlp.story.story_network().`;
		},
	},
	says() {
		if (strokesNow().length)
			return "Your drawing. It must answer, whatever this is: how bright does a wrong answer get?";
		if (this.miss >= 0) return "A digit that it has never seen, and misses. Would you?";
	},
	set() {
		this.noises = range(9).map((n) => Float32Array.from({ length: PIXELS }, randomNumbers(n)));
		this.called = Array(10).fill(0);
		this.sure = 0;
		for (let n = 0; n < NOISES; n++) {
			const outputs = trained.forward(Float32Array.from({ length: PIXELS }, randomNumbers(n))).a[3];
			this.called[winner(outputs)]++;
			this.sure += max(...outputs) > 0.9;
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
	paint({ pen, width, height, narrow }, t) {
		if (t < 1 || shown !== this.cleared) this.miss = -1;
		if (strokesNow().length || this.miss >= 0) return this.paintOne(pen, width, height, narrow);
		const noise = 1 - part(t, 0.5, 0.53);
		const side = min(narrow ? (width - 16) / 3 : 170, height * 0.34);
		if (noise) {
			pen.globalAlpha = noise;
			range(narrow ? 3 : 5).forEach((n) =>
				picture(pen, this.noises[n], n * (side + 8), 8, min(side, (width - 40) / (narrow ? 3 : 5))),
			);
			const grown = part(t, 0.05, 0.48);
			{
				const counts = this.called.map((count) => (count / NOISES) * grown);
				note(pen, "what they are called, of 1,000", 0, side + 40, "left");
				pen.globalAlpha = noise;
				paintColumnBars(pen, [0, side + 44, width, height - side - 50], counts, 0.999);
				this.called.forEach((count, k) => {
					if (grown === 1 && count)
						note(pen, count, (k + 0.5) * (width / 10), side + 54, "center", { colour: colours.text });
				});
			}
			pen.globalAlpha = 1;
			return;
		}
		const share = part(t, 0.6, 0.97);
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
	/** A drawing, or one of the mistakes. */
	paintOne(pen, width, height, narrow) {
		const one = strokesNow().length ? null : this.misses[this.miss];
		const shown = one ? one.input : input;
		const outputs = trained.forward(shown).a[3];
		const side = min(narrow ? 150 : 240, height * 0.45);
		picture(pen, shown, 0, 8, side);
		const best = winner(outputs);
		headline(
			pen,
			one ? `A ${one.label}, read as ${best}` : `It says ${best}: ${number(outputs[best], 2)}`,
			side + 16,
			40,
			"left",
			narrow ? 14 : 20,
		);
		if (one) note(pen, `mistake ${this.miss + 1} of ${this.misses.length}`, side + 16, 64, "left");
		else {
			if (!(this.trophy?.[0] > outputs[best])) this.trophy = [outputs[best], best];
			note(pen, `brightest so far: ${number(this.trophy[0])} for ${this.trophy[1]}`, side + 16, 64, "left");
		}
		paintColumnBars(pen, [0, side + 24, width, height - side - 30], outputs, 1, true);
	},
};

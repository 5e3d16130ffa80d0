// --- Chapter 15: the wishes of ten images averaged, and a race of batches in seconds.

FIGURES.batches = {
	seconds: 9,
	net: "half",
	stops: [
		[0, "The first ten training digits. A needle to the right: output 9’s bias should grow, to the left: shrink."],
		[0.3, "Ten needles, and their average: minus the gradient of these ten."],
		[0.5, "How far the average of some digits points away from that of all 500 of this page. Now four runners start."],
		[1, "Each bar is the time to 80 % right, recorded by Python on one processor core, with the best rate for each."],
	],
	bet: {
		question: "Which of four networks reads 80 % of the test digits first, by the clock?",
		options: ["1 digit a step", "10 digits", "1,000 digits", "all 5,000"],
		at: 0.5,
		measure: () => tale.race.map((one) => one[3]).indexOf(min(...tale.race.map((one) => one[3]))),
		verdict() {
			const [, ten, , all] = tale.race;
			return `Ten digits a step: ${ten[2]} passes, ${ten[3]} s. All 5,000: ${all[2]} passes, ${all[3]} s, ${number(all[3] / ten[3], 0)} times as long. Many hasty steps with a rough compass win.`;
		},
	},
	set() {
		const ten = range(10).map((n) => pictures[`train${n}`]);
		const { gradient: ours } = half.gradient(ten);
		const ask = (k) => {
			this.output = k;
			this.each = ten.map((one) => wishesIn(half, one).push[3][k]);
			this.mean = -ours[half.layers[2].b + k];
		};
		ask(9);
		choices(
			"Output",
			range(10).map((k) => [k, k]),
			(k) => k === this.output,
			ask,
		);
		const all = half.gradient(examples.train).gradient;
		this.angles = [1, 10, 100].map((n) => {
			const { gradient } = half.gradient(examples.train.slice(0, n));
			const cosine = sum(Array.from(gradient, (value, k) => value * all[k])) / hypot2(gradient) / hypot2(all);
			return (Math.acos(cosine) * 180) / Math.PI;
		});
	},
	needle(pen, x, y, size, angle, colour, width) {
		const [dx, dy] = [Math.sin(angle) * size, -Math.cos(angle) * size];
		drawLine(pen, segment(x, y, x + dx, y + dy), colour, width);
		drawLine(pen, [[x, y]], colour, 5);
	},
	paint({ pen, width, height, narrow }, t) {
		const columns = narrow ? 5 : 10;
		const pitch = narrow ? width / 5 : (width - 150) / 10;
		const side = min(pitch - 12, narrow ? 44 : 62);
		const rowHeight = side + (narrow ? 46 : 84);
		const top = largest(this.each);
		const swing = ease(part(t, 0.03, 0.18));
		this.each.forEach((value, n) => {
			const [x, y] = [(n % columns) * pitch + pitch / 2, floor(n / columns) * rowHeight];
			picture(pen, pictures[`train${n}`].input, x - side / 2, y + 2, side);
			const length = narrow ? 22 : 42;
			this.needle(pen, x, y + side + length + 6, length, swing * (value / top) * 1.4, tint(value), 3);
			if (swing === 1) note(pen, signed(value, 2), x, y + side + length + (narrow ? 20 : 22), "center", { size: 11 });
		});
		const settle = ease(part(t, 0.2, 0.3));
		const low = rowHeight * (10 / columns);
		const [x, y] = narrow ? [width - 40, low + 66] : [width - 64, side + 48];
		if (settle) {
			this.needle(pen, x, y, 58, (this.mean / top) * 1.4, colours.line, 14);
			this.needle(pen, x, y, 58, (settle * this.mean * 1.4) / top, colours.mark, 5);
			note(pen, `average ${signed(this.mean, 3)}`, narrow ? width : x, y + 20, narrow ? "right" : "center", {
				colour: colours.text,
				bold: true,
			});
			note(pen, "= −gradient", narrow ? width : x, y + 36, narrow ? "right" : "center");
		}
		if (t > 0.36) {
			if (!narrow) note(pen, "degrees away from the average of all 500 digits", 480, low + 66, "left");
			[1, 10, 100].forEach((count, n) => {
				const left = (narrow ? 30 : 60) + n * (narrow ? 84 : 150);
				this.needle(pen, left, low + 66, 46, 0, colours.line, 6);
				this.needle(pen, left, low + 66, 46, (this.angles[n] * part(t, 0.36, 0.48) * Math.PI) / 180, colours.text, 3);
				note(pen, `${count}: ${number(this.angles[n], 0)}°`, left, low + 88, "center", { colour: colours.text });
			});
		}
		const start = low + 104;
		const track = (height - start - 24) / 4;
		const longest = max(...tale.race.map((one) => one[3]));
		const time = longest * part(t, 0.52, 0.98);
		const [left, right] = [narrow ? 88 : 120, width - (narrow ? 92 : 200)];
		tale.race.forEach(([count, rate, passes, seconds], n) => {
			const middle = start + track * (n + 0.5);
			note(pen, `${count.toLocaleString("en")} a step`, left - 8, middle + 4, "right", { size: narrow ? 11 : 12 });
			drawLine(pen, segment(left, middle, right, middle), colours.line);
			if (t <= 0.5) return;
			const now = min(time, seconds);
			const end = left + (now / longest) * (right - left);
			box(pen, left, middle - 7, end - left, 14, now === seconds ? colours.mark : colours.ring);
			const words = narrow ? `${seconds} s` : `${seconds} s, ${passes} pass${passes > 1 ? "es" : ""}, rate ${rate}`;
			if (now === seconds)
				note(pen, words, end + 10, middle + 4, "left", { colour: colours.text, size: narrow ? 11 : 12 });
		});
		if (t > 0.5) note(pen, `${number(time, 3)} s`, left, height - 4, "left", { colour: colours.text });
	},
};

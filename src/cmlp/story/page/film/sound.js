// --- Soft ticks, off until they are asked for: the browser makes them, without a file.

const [LOUD, SILENT_AFTER] = [0.06, 0.0001];
const MOST_TICKS = 12; // for one frame

const filmSound = {
	isOn: false,
	context: null, // once it was asked for
	read: 0, // how many digits were read when it last ticked

	toggle() {
		this.isOn = !this.isOn;
		this.context ??= new AudioContext();
		this.context.resume();
	},

	/** A tone that dies away, `after` seconds from now. */
	tick(frequency, seconds, after = 0) {
		if (!this.isOn) return;
		const { context } = this;
		const start = context.currentTime + after;
		const [tone, gain] = [context.createOscillator(), context.createGain()];
		tone.frequency.value = frequency;
		gain.gain.setValueAtTime(LOUD, start);
		gain.gain.exponentialRampToValueAtTime(SILENT_AFTER, start + seconds);
		tone.connect(gain).connect(context.destination);
		tone.start(start);
		tone.stop(start + seconds);
	},

	/** A tick for each digit that is newly read: the more are read, the higher. */
	hear(read, all) {
		const first = max(this.read, read - MOST_TICKS);
		for (let n = first; n < read; n++) this.tick(300 * 4 ** (n / all), 0.05, 0.012 * (n - first));
		this.read = read;
	},

	/** A low note where the square has become smaller by a twentieth: the smaller, the lower. */
	fall(before, cost) {
		if (floor(20 * cost) < floor(20 * before)) this.tick(60 + 60 * cost, 0.18);
	},

	button() {
		const button = make("button", "", `♪ ${filmWords("ui.sound")}`);
		button.ariaPressed = this.isOn;
		listen(button, "click", () => {
			this.toggle();
			button.ariaPressed = this.isOn;
		});
		return button;
	},
};

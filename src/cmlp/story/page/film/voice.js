// --- The captions spoken, for who wants it: only by voices of this computer, because the page sends nothing.

const SPEAKS_AT_MOST = 90; // milliseconds for each character, and a second: then the film goes on
const SILENT = 1000;

const filmVoice = {
	isOn: false,
	until: 0, // when the film goes on at the latest, even if no end of the words is told
	said: "",

	/** A voice of this computer in the language of the film. */
	find: () =>
		window.speechSynthesis?.getVoices().find(({ lang, localService }) => localService && lang.slice(0, 2) === language),

	/** Its buttons are seen where there is a voice. */
	show() {
		for (const id of ["film-speak", "film-voice"]) {
			$(id).hidden = !this.find();
			$(id).ariaPressed = this.isOn;
		}
	},

	toggle() {
		this.isOn = !this.isOn;
		this.cancel();
		this.show();
		// What is pressed is heard at once: some browsers speak only after that.
		if (this.isOn) this.say($("film-caption").textContent);
	},

	say(text) {
		const voice = this.isOn && this.find();
		if (!voice || !text || text === this.said) return;
		this.cancel();
		this.said = text;
		const words = new SpeechSynthesisUtterance(spokenForm(text));
		Object.assign(words, { voice, lang: voice.lang });
		// A word that was cut off tells its end, too: then another one is spoken already.
		for (const type of ["end", "error"]) listen(words, type, () => text === this.said && (this.until = 0));
		this.until = performance.now() + SILENT + SPEAKS_AT_MOST * text.length;
		speechSynthesis.speak(words);
	},

	cancel() {
		this.until = 0;
		this.said = "";
		if (this.isOn) speechSynthesis.cancel();
	},

	isSpeaking() {
		return this.until > performance.now();
	},
};

/** How a caption is read aloud: names of neurons as a letter and a number, signs as words. */
function spokenForm(text) {
	const [times, minus, point] = filmWords("ui.spoken");
	const [, mark] = filmNumber(0.5, 1);
	const spell = (_, whole, sign, digits) =>
		sign === mark ? `${whole} ${point} ${[...digits].join(" ")}` : whole + digits;
	return text
		.replace(/\b([AB])(\d+)/g, "$1 $2")
		.replace(/(\d)([.,])(\d+)/g, spell)
		.replaceAll("×", times)
		.replaceAll("−", `${minus} `);
}

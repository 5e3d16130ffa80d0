// --- The words of the film, in the language of the visitor.

/** The texts by language and key. The page has each key once, and the texts of all languages in the order of the keys. */
const CAPTIONS = Object.fromEntries(
	Object.entries(CAPTION_TEXTS).map(([name, texts]) => [
		name,
		Object.fromEntries(CAPTION_KEYS.map((key, k) => [key, texts[k]])),
	]),
);
let captions = CAPTIONS.en;
let language = "en";
const pageTitle = document.title;

/** Chooses the words; of a digit that nobody has drawn some captions say "our" in place of "your". */
function chooseLanguage(wanted, isOurs) {
	language = [wanted, ...navigator.languages.map((name) => name.slice(0, 2)), "en"].find((name) => name in CAPTIONS);
	captions = { ...CAPTIONS[language], ...(isOurs ? CAPTIONS[language].ours : {}) };
	root.lang = language;
	document.title = filmWords("page.title", { minutes: FILM_MINUTES });
	$("film").ariaLabel = document.title;
}

/** Gives the page back its language and its title. */
function leaveLanguage() {
	root.lang = "en";
	document.title = pageTitle;
}

/** A number as the language writes it. */
const filmNumber = (value, places) =>
	numberIn(language, value, { minimumFractionDigits: places, maximumFractionDigits: places });

/** A cost in words: what is rounded to 0 is not 0. */
const costText = (cost) => (cost < 0.005 ? `< ${filmNumber(0.01, 2)}` : filmNumber(cost, 2));

const filmPercent = (share, places = 0) => `${filmNumber(100 * share, places)}\u00a0%`;

/** The text of a key, with the numbers of the film in it. A list of texts stands for a question and its options. */
function filmWords(key, values = {}) {
	const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
	const text = captions[key];
	return Array.isArray(text) ? text.map(fill) : fill(text);
}

/** What captions say of every scene. */
const commonWords = ({ label }) => ({
	pixels: filmNumber(PIXELS, 0),
	knobs: filmNumber(N_KNOBS, 0),
	digit: label,
	a_digit: label === 8 ? "an 8" : `a ${label}`,
});

// --- The words of the page, in the language of the visitor.

const language = [new URLSearchParams(location.search).get("lang"), ...navigator.languages, "en"]
	.map((name) => name?.slice(0, 2))
	.find((name) => Object.keys(WORD_TEXTS).includes(name));
const WORDS = Object.fromEntries(WORD_KEYS.map((key, k) => [key, WORD_TEXTS[language][k]]));

/** The text of a key, with values in it. */
const words = (key, values = {}) => WORDS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

root.lang = language;
for (const element of document.querySelectorAll("[data-word]")) element.textContent = words(element.dataset.word);
for (const element of document.querySelectorAll("[data-name]")) element.ariaLabel = words(element.dataset.name);

/** Texts of the page's description. A text after one that ends with a colon begins with a small letter, but a name does not. */
function textsOf(texts) {
	let all = "";
	for (const [key, values] of texts) {
		const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOfValue(value)]));
		const text = words(key, shown);
		const isLow = all.endsWith(":") && WORDS[key][0] !== "{";
		all += (all && " ") + (isLow ? text[0].toLowerCase() + text.slice(1) : text);
	}
	return all;
}

/** A value of such a text: as it is, a list of names, a number, or a share with its decimals. */
function textOfValue(value) {
	if (typeof value === "string") return value;
	if (typeof value === "number") return written(value);
	if (Array.isArray(value)) return [value.slice(0, -1).join(", "), value.at(-1)].join(words("or"));
	if ("share" in value) return percent(value.share, value.places);
	return `${plain(Number(value.number.toPrecision(4)))} ${value.unit}`.trim();
}

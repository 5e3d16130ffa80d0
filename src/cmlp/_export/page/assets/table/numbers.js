// --- Numbers as the visitor's language writes them, and what somebody types.

const DECIMAL = (0.5).toLocaleString(language)[1];
const GROUP = DECIMAL === "." ? "," : ".";

const written = (value, digits) => numberIn(language, value, digits);

function plain(value) {
	if (value === 0 || (abs(value) >= 1e-5 && abs(value) < 1e15)) return written(value, { maximumSignificantDigits: 6 });
	return value.toExponential(5).replace(".", DECIMAL).replace("-", "−");
}

const percent = (share, places = 1) =>
	`${written(100 * share, { minimumFractionDigits: places, maximumFractionDigits: places })} %`;

/** A number as a field has it: as the language writes it, without separators. */
const typed = (value) => String(value).replace(".", DECIMAL);

/**
 * The numbers that a text can mean. The language's own decimal mark is one; the other mark is one, too, if the text can
 * be read in no other way. A column of integers has no other numbers.
 */
function readingsOf(text, isWhole) {
	const joined = text
		.trim()
		.replace("−", "-")
		.replace(/(?<=\d)[\s'’](?=\d{3}(?!\d))/g, "");
	const read = (decimal, group) => {
		const whole = `\\d+|[1-9]\\d{0,2}(?:\\${group}\\d{3})+`;
		const pattern = `[+-]?(?:(?:${whole})(?:\\${decimal}\\d*)?|\\${decimal}\\d+)(?:e[+-]?\\d+)?`;
		if (!RegExp(`^(?:${pattern})$`, "i").test(joined)) return [];
		return [Number(joined.replaceAll(group, "").replace(decimal, "."))];
	};
	const own = read(DECIMAL, GROUP);
	if (own.length && !joined.includes(GROUP)) return own;
	const found = [...new Set([...own, ...read(GROUP, DECIMAL)])];
	const integers = found.filter(Number.isInteger);
	return isWhole && integers.length ? integers : found;
}

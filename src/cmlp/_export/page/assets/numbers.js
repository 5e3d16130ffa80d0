// --- Numbers as a language writes them.

/**
 * A number with separators from 10,000 on, in every language: German and Spanish have none in four digits, and a number of a
 * table may be a year. 0 has no sign.
 */
const numberIn = (language, value, digits) =>
	value
		.toLocaleString(language, { useGrouping: abs(value) >= 1e4, signDisplay: "negative", ...digits })
		.replace("-", "−");

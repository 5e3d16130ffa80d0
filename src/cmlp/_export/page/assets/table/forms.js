// --- Dates of a stated form, which docs/guide/files.md describes: only of pages that have such columns.

/** A word in small letters without accents, as the tables of words have it. */
const folded = (word) =>
	word
		.normalize("NFD")
		.replace(/[\u0300-\u036f]/g, "")
		.toLowerCase();

/** The number of the month with a name, or the only one that begins so; 0 for other words. */
function monthOf(word, isName, months) {
	const text = folded(word);
	const monthsWith = (found) => range(12).filter((k) => months[k].split(" ").some(found));
	const [named] = monthsWith((name) => name === text);
	if (named !== undefined || isName || text.length < 3) return (named ?? -1) + 1;
	const begun = monthsWith((name) => name.startsWith(text));
	return begun.length === 1 ? begun[0] + 1 : 0;
}

/** Whether a word is a weekday or its first letters. */
function isWeekday(word, weekdays) {
	const text = folded(word);
	return text.length > 1 && weekdays.split(" ").some((name) => name.startsWith(text));
}

/** Year, month and day of a week of ISO 8601, the day from 1 for Monday on; null if the year lacks the week. */
function dateOfWeek(year, week, day) {
	const date = new Date(`${year}-01-04T00:00Z`); // in the first week
	date.setUTCDate(4 - ((date.getUTCDay() + 6) % 7) + 7 * (week - 1) + 3);
	if (date.getUTCFullYear() !== Number(year)) return null; // the Thursday
	date.setUTCDate(date.getUTCDate() + day - 4);
	return [String(date.getUTCFullYear()).padStart(4, 0), date.getUTCMonth() + 1, date.getUTCDate()];
}

/** The moment of a cell of a stated form, as `momentOf` has it, of a month or a quarter the first day; null for other text. */
function momentOfForm(cell, { pattern, directives, months, weekdays, century }) {
	const found = whole(pattern).exec(trim(cell));
	if (!found) return null;
	const got = Object.fromEntries([...directives].map((letter, k) => [letter, found[k + 1]]));
	let year = got.Y ?? got.G ?? `${got.y < century ? 20 : 19}${got.y}`;
	const name = got.b ?? got.B;
	const weekday = got.a ?? got.A;
	if (weekday && !isWeekday(weekday, weekdays)) return null;
	let month = name ? monthOf(name, Boolean(got.B), months) : (got.m ?? 3 * (got.q ?? 1) - 2);
	let [day, hour] = [got.d ?? 1, got.H ?? 0];
	if (got.V) {
		const date = dateOfWeek(year, Number(got.V), Number(got.u ?? 1));
		if (!date) return null;
		[year, month, day] = date;
	}
	if (got.j) {
		const date = new Date(`${year}-01-01T00:00Z`);
		date.setUTCDate(got.j);
		if (date.getUTCFullYear() !== Number(year)) return null;
		[month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
	}
	if (got.p) {
		if (hour < 1 || hour > 12) return null;
		hour = (hour % 12) + 12 * (got.p.toUpperCase() === "PM");
	}
	const [mm, dd, ...clock] = [month, day, hour, got.M ?? 0, got.S ?? 0].map((number) => String(number).padStart(2, 0));
	return momentOf(`${year}-${mm}-${dd}T${clock.join(":")}${got.z ?? ""}`);
}

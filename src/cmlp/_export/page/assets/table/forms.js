// --- Dates of a stated form, which docs/guide/files.md describes: only of pages that have such columns.

/** The moment of a cell of a stated form, as `momentOf` has it, of a month or a quarter the first day; null for other text. */
function momentOfForm(cell, { pattern, directives, months, century }) {
	const found = whole(pattern).exec(trim(cell));
	if (!found) return null;
	const got = Object.fromEntries([...directives].map((letter, k) => [letter, found[k + 1]]));
	const year = got.Y ?? `${got.y < century ? 20 : 19}${got.y}`;
	const short = (name) => name.slice(0, 3).toLowerCase();
	const name = got.b ?? got.B;
	let month = name ? months.findIndex((one) => short(one) === short(name)) + 1 : (got.m ?? 3 * (got.q ?? 1) - 2);
	let [day, hour] = [got.d ?? 1, got.H ?? 0];
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

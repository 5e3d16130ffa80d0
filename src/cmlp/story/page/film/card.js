// --- The card at the end: a picture to keep or to send, and where to go from here.

// Where what stands on it begins: lying, as programs show pictures of links, or upright, to be read on a phone.
const CARD_LYING = {
	size: [1200, 630],
	digit: [56, 56, 380],
	title: [500, 76],
	says: [500, 178],
	bets: [850, 148],
	squares: [500, 410],
	friend: [56, 458],
	hands: [500, 556],
	foot: 598,
};
const CARD_UPRIGHT = {
	size: [720, 940],
	digit: [56, 92, 280],
	title: [56, 48],
	says: [352, 160],
	bets: [376, 274],
	squares: [56, 560],
	friend: [56, 668],
	hands: [56, 838],
	foot: 904,
};
const CARD_EDGE = 56;

/** The digit, what was said of it first and at last, the squares, the bets, and who dares or was dared. */
function paintCard(canvas, form, facts, bets, friends) {
	const [width, height] = form.size;
	Object.assign(canvas, { width, height });
	canvas.style.setProperty("--shape", width / height);
	const pen = canvas.getContext("2d");
	pen.fillStyle = colours.ground;
	pen.fillRect(0, 0, width, height);
	pen.imageSmoothingEnabled = false;
	pen.textBaseline = "middle";
	const tell = (text, x, y, size, colour = colours.text, align = "left") => {
		Object.assign(pen, { fillStyle: colour, font: `${size}px ${FILM_FONT}`, textAlign: align });
		pen.fillText(text, x, y);
		return pen.measureText(text).width;
	};
	const show = ({ picture }, x, y, side) => {
		pen.drawImage(picture, x, y, side, side);
		outline(pen, colours.ring, 2, x, y, side, side);
	};
	const [first, { says: now }] = [beforeLuck(facts), facts.final];
	show(facts.digit, ...form.digit);
	tell(document.title, ...form.title, 36, colours.muted);
	const [left, line] = form.says;
	const wide = tell(`${first.says} → `, left, line, 120);
	tell(now, left + wide, line, 120, colours.mark);
	const won = bets.filter(({ isWon }) => isWon).length;
	const words = filmWords("card.text", { says: first.says, now, won, betted: bets.length });
	if (bets.length) {
		const [x, y] = form.bets;
		tell(bets.map(({ isWon }) => (isWon ? "✓" : "✗")).join(" "), x, y, 38);
		tell(words.split(/(?<=\.) /).at(-1), x, y + 52, 30, colours.muted);
	}
	paintCardSquares(form, facts, pen, tell);
	const [friend] = friends;
	if (friend) {
		const [x, y] = form.friend;
		show(friend.facts.digit, x, y, 110);
		const read = friend.isRead ? winner(facts.final.net.forward(friend.facts.input).a[3]) : "?";
		tell(filmWords("dare.name"), x + 130, y + 28, 30, colours.muted);
		tell(`${friend.facts.label} → ${read}`, x + 130, y + 78, 48);
	}
	paintCardHands(form, facts, friends, pen, tell);
	const network = filmWords("card.network", { number: facts.seed });
	tell(network, CARD_EDGE, form.foot, 30, colours.muted);
	const address = sharedAddress()
		.split("#")[0]
		.replace(/^\w+:\/\//, "");
	tell(address, width - CARD_EDGE, form.foot, 30, colours.muted, "right");
	canvas.ariaLabel = words;
}

/** The costs as squares, each with its number and its name: untrained, by hand, as the six were told, and trained. */
function paintCardSquares({ squares: [left, bottom] }, facts, pen, tell) {
	const hand = costByHand(facts);
	const costs = [facts.cost, hand, hand === null ? null : facts.hand.reached, facts.final.cost];
	const [unit, names] = [78, filmWords("card.costs")];
	const shown = costs.map((cost, n) => [cost, names[n]]).filter(([cost]) => cost !== null);
	let x = left;
	shown.forEach(([cost, name], n) => {
		const side = Math.sqrt(cost) * unit;
		pen.fillStyle = n === shown.length - 1 ? colours.mark : colours.on;
		pen.fillRect(x, bottom - side, side, side);
		tell(costText(cost), x, bottom + 30, 34);
		x += max(166, 24 + tell(name, x, bottom + 66, 30, colours.muted));
	});
}

/** What each has reached by hand, on one line; the own in the colour of the mark. */
function paintCardHands({ size: [width], hands: [start, y] }, facts, friends, pen, tell) {
	const own = costByHand(facts);
	const others = friends.map((one) => [costByHand(one.facts), one.facts.label]);
	const hands = [...others, [own, facts.label]].filter(([cost]) => cost !== null);
	if (!others.length || !hands.length) return;
	const costs = hands.map(([cost]) => cost);
	const [low, high] = [min(...costs) - 0.1, max(...costs) + 0.1];
	const [left, right] = [start + 170, width - CARD_EDGE];
	tell(filmWords("card.costs")[1], start, y, 30, colours.muted);
	pen.fillStyle = colours.line;
	pen.fillRect(left, y - 1, right - left, 2);
	hands.forEach(([cost, label], n) => {
		const x = blend(left, right, (cost - low) / (high - low));
		const colour = own !== null && n === hands.length - 1 ? colours.mark : colours.on;
		pen.fillStyle = colour;
		pen.beginPath();
		pen.arc(x, y, 9, 0, 7);
		pen.fill();
		tell(hands.length > 4 ? label : `${label}: ${costText(cost)}`, x, y - 28, 30, colour, "center");
	});
}

/** Lets the browser save the card as a picture. */
function saveCard(canvas) {
	canvas.toBlob((blob) => {
		const link = Object.assign(make("a"), { href: URL.createObjectURL(blob), download: "digit.png" });
		link.click();
		URL.revokeObjectURL(link.href);
	});
}

/** The address of the film's beginning, for a friend. A page that is a file has a public one, or none. */
function sharedAddress() {
	const page = location.protocol === "file:" ? PUBLIC_PAGE : location.href.split("#")[0];
	return page && `${page}#film${language === "en" ? "" : `?lang=${language}`}`;
}

/** What is said to a friend, and the address that dares. */
function dareWords(facts, bets) {
	const hand = costByHand(facts);
	const numbers = {
		...commonWords(facts),
		steps: filmNumber(FILM_STEPS, 0),
		now: facts.trained.says,
		hand: hand === null ? "" : costText(hand),
	};
	const [read, misread, byHand, noHand] = filmWords("dare.text", numbers);
	const page = sharedAddress();
	const url = page && `${page}${page.includes("?") ? "&" : "?"}dare=${dareText(facts, bets)}`;
	return { text: `${facts.isMisread ? misread : read} ${hand === null ? noHand : byHand}`, url };
}

/** Dares a friend by the system's own way, where there is one; else copies words and link, or shows them to be copied. */
async function shareCard(canvas, { text, url }) {
	if (navigator.share) {
		const blob = await new Promise((done) => canvas.toBlob(done));
		const files = [new File([blob], "digit.png", { type: "image/png" })];
		const content = { text, ...(url && { url }), ...(navigator.canShare?.({ files }) && { files }) };
		return navigator.share(content).catch(() => {}); // who shares may think better of it
	}
	const value = `${text} ${url}`.trim();
	try {
		await navigator.clipboard.writeText(value);
		write("card-dare", filmWords("ui.copied"));
	} catch {
		// There is no clipboard, or it refuses.
		const field = $("card-link");
		Object.assign(field, { value, hidden: false, ariaLabel: filmWords("card.buttons")[1] });
		field.select();
	}
}

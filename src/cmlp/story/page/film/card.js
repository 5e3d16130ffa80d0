// --- The card at the end: a picture to keep, and where to go from here.

const [CARD_WIDTH, CARD_HEIGHT] = [1200, 630];

/** What the bets came to: how many were made, and how many of them were right. */
function betsOf(facts, decided) {
	const made = FILM_PAUSES.filter(({ kind, id }) => kind === "bet" && (decided[id] ?? null) !== null);
	return { betted: made.length, won: made.filter(({ id, right }) => decided[id] === right(facts)).length };
}

/** The digit, what was said of it first and at last, both squares, and the bets. */
function paintCard(canvas, facts, decided) {
	Object.assign(canvas, { width: CARD_WIDTH, height: CARD_HEIGHT });
	const pen = canvas.getContext("2d");
	const first = beforeLuck(facts);
	pen.fillStyle = colours.ground;
	pen.fillRect(0, 0, CARD_WIDTH, CARD_HEIGHT);
	pen.imageSmoothingEnabled = false;
	pen.drawImage(facts.digit.picture, 70, 85, 460, 460);
	pen.strokeStyle = colours.ring;
	pen.lineWidth = 2;
	pen.strokeRect(70, 85, 460, 460);
	const numbers = { says: first.says, now: facts.final.says, ...betsOf(facts, decided) };
	const lines = filmWords("card.text", numbers)
		.split(/(?<=\.) /)
		.slice(0, numbers.betted ? 3 : 2);
	pen.textBaseline = "middle";
	lines.forEach((line, n) => {
		pen.fillStyle = n === 1 ? colours.mark : colours.text;
		pen.font = `${n === 1 ? 52 : 40}px ${FILM_FONT}`;
		pen.fillText(line, 600, 150 + n * 92);
	});
	// Both costs as squares, each with its number and its name.
	const [bottom, unit] = [510, 90];
	const names = filmWords("card.costs");
	[facts.cost, facts.final.cost].forEach((cost, n) => {
		const [x, side] = [600 + n * 290, Math.sqrt(cost) * unit];
		pen.fillStyle = n ? colours.mark : colours.on;
		pen.fillRect(x, bottom - side, side, side);
		pen.font = `30px ${FILM_FONT}`;
		pen.fillText(costText(cost), x + side + 18, bottom - 16);
		pen.fillStyle = colours.muted;
		pen.font = `26px ${FILM_FONT}`;
		pen.fillText(names[n], x, bottom + 32);
	});
	if (facts.seed !== FILM_SEED) {
		pen.font = `22px ${FILM_FONT}`;
		pen.textAlign = "right";
		pen.fillText(filmWords("card.network", { number: facts.seed }), CARD_WIDTH - 40, CARD_HEIGHT - 34);
	}
	canvas.ariaLabel = lines.join(" ");
}

/** Lets the browser save the card as a picture. */
function saveCard(canvas) {
	canvas.toBlob((blob) => {
		const link = Object.assign(make("a"), { href: URL.createObjectURL(blob), download: "digit.png" });
		link.click();
		URL.revokeObjectURL(link.href);
	});
}

/** The address that is shared: the film's beginning. A page that is a file has a public one, or none. */
function sharedAddress() {
	const page = location.protocol === "file:" ? PUBLIC_PAGE : location.href.split("#")[0];
	return page && `${page}#film${language === "en" ? "" : `?lang=${language}`}`;
}

/** Shares the card by the system's own way, where there is one; else copies the link, or shows it to be copied. */
async function shareCard(canvas) {
	const url = sharedAddress();
	if (navigator.share) {
		const blob = await new Promise((done) => canvas.toBlob(done));
		const files = [new File([blob], "digit.png", { type: "image/png" })];
		const content = { text: canvas.ariaLabel, ...(url && { url }), ...(navigator.canShare?.({ files }) && { files }) };
		return navigator.share(content).catch(() => {}); // who shares may think better of it
	}
	try {
		await navigator.clipboard.writeText(url);
		write("card-copy", filmWords("ui.copied"));
	} catch {
		// There is no clipboard, or it refuses.
		const field = $("card-link");
		Object.assign(field, { value: url, hidden: false, ariaLabel: filmWords("card.buttons")[1] });
		field.select();
	}
}

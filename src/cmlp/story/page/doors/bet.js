// --- The bet of the playground.

// Whether the bet was made or skipped, and what was chosen.
let decided = true;
let chosen = null;

/** Asks the question of the figure, if it has one. */
function ask() {
	decided = !figure.bet;
	chosen = null;
	write("verdict", "");
	delete $("stop").dataset.bet;
	$("bet").hidden = decided;
	if (decided) return;
	write("bet-question", figure.bet.question);
	$("bet-options").replaceChildren(...figure.bet.options.map(optionButton));
}

function optionButton(name, n) {
	const button = make("button", "", name);
	listen(button, "click", () => bet(n));
	return button;
}

/** Takes a bet, and runs. A second choice is no second bet. */
function bet(choice) {
	if (decided) return;
	chosen = choice;
	[...$("bet-options").children].forEach((one, n) => (one.ariaPressed = n === choice));
	skip();
	figure.run();
}

/** Going on without a bet is allowed; it is then not asked any more. */
function skip() {
	if (decided) return;
	decided = true;
	for (const one of $("bet-options").children) one.disabled = true;
	$("bet").hidden = chosen === null;
}

/** Skips a bet that is open for longer than it may be. */
function skipIfLate(t) {
	if (figure.bet && t > figure.bet.until + 1e-6) skip();
}

/** Whether the verdict is to be said. */
function isDue() {
	const { bet } = figure;
	return bet && decided && bet.hasVerdict && moment >= bet.shown - 1e-6 && !$("verdict").textContent;
}

/** Says what was right, and marks the options. */
function judge() {
	const { options } = figure.bet;
	const right = figure.bet.measure();
	const outcome = said(right === chosen ? "bet.won" : "bet.lost", { right: options[right] });
	const words = chosen === null ? "" : `${outcome} `;
	write("verdict", words + figure.bet.verdict());
	if (words) $("stop").dataset.bet = words; // seen on a phone, where the verdict may be below
	[...$("bet-options").children].forEach((one, n) => {
		if (n !== right && n !== chosen) return;
		one.dataset.mark = n === right ? "right" : "wrong";
		one.ariaLabel = `${options[n]}: ${said("bet.marks")[n === right ? 0 : 1]}`;
	});
}

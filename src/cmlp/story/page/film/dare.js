// --- A dare: what a link tells of the one who sends it. It answers nothing for a friend, who draws first.

const DARE_TENTHS = 10; // a knob of the hand is told in tenths

const handText = ({ best }) => best.map((value) => Math.round(DARE_TENTHS * value)).join("_");

/** Turns the six knobs of these facts as a text tells, if it tells of six. */
function turnHand(facts, text) {
	const turned = (text ?? "").split("_").map(Number);
	if (turned.length !== 6 || !turned.every(finite)) return;
	facts.hand = new Hand(facts.six);
	facts.hand.touch(turned.map((value, n) => clampTo(value / DARE_TENTHS, facts.six.reach[n])));
}

/** The bets that were made, in their order, and whether each was right. */
function betsOf(facts, decided) {
	const made = FILM_PAUSES.filter(({ kind, id }) => kind === "bet" && (decided[id] ?? null) !== null);
	return made.map(({ id, right }) => ({ id, choice: decided[id], isWon: decided[id] === right(facts) }));
}

/** A digit with its name and network, the six knobs as the hand left them, and the bets, as a text for an address. */
function dareText({ digit, label, seed, hand }, bets) {
	const made = bets.map(({ id, choice, isWon }) => [id, choice, Number(isWon)].join("-")).join(".");
	return [strokesText(digit), label, seed, made, ...(hand?.isTouched ? [handText(hand)] : [])].join("_");
}

/** Who dares, or null if the text tells of no digit: the facts of that digit, and the bets by their names. */
function readDare(text) {
	const [draw, is, seed, made = "", ...turned] = text.split("_");
	const { strokes } = readInput({ draw });
	const [label, network] = [integer(is, 10), integer(seed, 1e9)];
	if (!strokes || isTooSmall(strokes) || label === undefined || network === undefined) return null;
	const facts = filmFacts(filmDigit(strokes), label, network);
	turnHand(facts, turned.join("_"));
	const bets = made.split(".").map((bet) => bet.split("-"));
	return { text, facts, bets: new Map(bets.map(([id, choice, won]) => [id, [integer(choice, 3), won === "1"]])) };
}

/** All who dare in a text of many links, each once. */
function readDares(text) {
	const found = [...text.matchAll(/dare=([\w.-]+)/g)].map(([, dare]) => dare);
	return [...new Set(found)].slice(0, 60).map(readDare).filter(Boolean);
}

/** The cost that somebody has reached by hand, or null. */
const costByHand = ({ hand }) => (hand?.isTouched ? hand.cost : null);

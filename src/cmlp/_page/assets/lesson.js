// --- The lesson: twelve cards beside the network, which each sets up for a step of the story.

let card = 0; // from 1; 0 without the lesson
// What was shown before the lesson.
let kept;
const CARDS = [
	() => showDigit(3),
	() => showDigit(8),
	() => showDigit(2),
	() => showNeuron(9),
	() => showDetector(0),
	() => showDetector(-5),
	() => showLearner(),
	() => use(learner),
	showHill,
	() => {
		findMistake();
		showWishes(true);
	},
	showChain,
	() => {
		showDigit(9);
		foolInto(3);
	},
];
// The cards with a picture of their own instead of the network.
const BOARDS = { hill: 9, chain: 11 };
const LESSON_NEURON = "A13";
// A bar of plus between two of minus, and where they are.
const DETECTOR = [
	["minus", 225],
	["minus", 470],
	["plus", 347],
];

const showDigit = (digit) => showTest(findRight(digit));

function showNeuron(digit) {
	showDigit(digit);
	select(neuronNamed(LESSON_NEURON));
}

function showDetector(bias) {
	showNeuron(7);
	edit(LESSON_NEURON, "empty", "");
	for (const [brush, y] of DETECTOR) edit(LESSON_NEURON, brush, `329-${y}-695-${y}`);
	edit(LESSON_NEURON, "bias", bias);
	painting = !bias;
}

function showLearner() {
	showDigit(3);
	use(learner);
}

/** Sets everything back to how the page begins. */
function setBack() {
	run(false);
	edits = [];
	trained.params.set(original);
	restart(1);
	setSliders();
	use(trained);
	selected = null;
	[wishing, painting, brush] = [false, false, "plus"];
}

function openCard(number) {
	if (!card) kept = stateParts();
	setBack();
	card = min(CARDS.length, max(0, number));
	const marks = {
		inspecting: false,
		lesson: card,
		trains: [7, 8, 10].includes(card),
		wishes: card === 10,
		apart: false,
	};
	for (const [name, at] of Object.entries(BOARDS)) {
		$(name).hidden = card !== at;
		marks.apart ||= card === at;
	}
	for (const [name, on] of Object.entries(marks)) document.body.classList.toggle(name, on);
	if (card) CARDS[card - 1]();
	else readState(kept);
	$("lesson").hidden = !card;
	$("lesson-button").ariaPressed = card > 0;
	[...$("cards").children].forEach((one, n) => (one.hidden = n !== card - 1));
	[...$("card-numbers").children].forEach((one, n) => (one.ariaCurrent = n === card - 1 ? "step" : null));
	$("card-back").disabled = card === 1;
	write("card-next", card === CARDS.length ? "Finish" : "Next");
	requestPaint();
}

const goOn = () => openCard(card === CARDS.length ? 0 : card + 1);

/** Paints the picture of a card that has its own; returns whether there is one. */
function paintBoard() {
	if (card === BOARDS.chain) paintChain();
	else if (card === BOARDS.hill) paintHill();
	else return false;
	return true;
}

/** Page keys, which remote controls of presentations send. */
function turnCard(key) {
	if (!card || !["PageDown", "PageUp"].includes(key)) return false;
	if (key === "PageDown") goOn();
	else openCard(max(1, card - 1));
	return true;
}

function setUpLesson() {
	CARDS.forEach((_, n) => {
		const button = make("button", "", n + 1);
		button.append(make("span", "unseen", `: ${$("cards").children[n].firstElementChild.textContent}`));
		listen(button, "click", () => openCard(n + 1));
		$("card-numbers").append(button);
	});
	$("lesson-button").hidden = false;
	setUpChain();
	setUpHill();
	listen($("lesson-button"), "click", () => openCard(card ? 0 : 1));
	listen($("card-back"), "click", () => openCard(card - 1));
	listen($("card-next"), "click", goOn);
}

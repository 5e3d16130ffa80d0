// --- The frame of the tale: the column of text, the bets, the handle of the motion, the addresses.

let chapter = null; // its name; null without the tale
let figure = null;
// The moment of the motion, from 0 to 1; everything in the figure is a function of it.
let moment = 0;
let aim = 0; // where the handle is: ahead of the moment while a figure computes
let motion = 0; // counts motions: only the latest one goes on
// Whether the bet of this chapter was made or skipped, and what was chosen.
let decided = false;
let chosen = null;
let goesOn = false; // whether Play was pressed, which allows to go on without the bet
let told; // what a figure says instead of the words of its stop
let isChanged = true; // whether the label of the figure is older than what it shows
const bets = {}; // whether each bet was won
let kept = null; // what was shown before the tale
let before = "layers"; // the chapter from which the playground was opened
let left = null; // the chapter that was left to explore
const visits = {}; // how each chapter was left: its moment, the choice (undefined before the bet), its settings

const addressOf = (parts) => String(new URLSearchParams(parts));
const waitsAt = () => figure.bet.at ?? 0;
/** Until when it may be bet. */
const openUntil = () => figure.bet.until ?? waitsAt();
const stopsAt = (t) => figure.stops.filter(([at]) => at <= t + 1e-6).at(-1);
const nextAt = () => figure.stops.find(([at]) => at > moment + 1e-6)?.[0] ?? 1;
/** How many seconds the motion rests at this stop, so that its words can be read. The playground has its own pace. */
const readingTime = () => (figure.run ? 0 : max(1.2, 0.3 * stopsAt(moment)[1].split(" ").length));

/** Opens a chapter and sets its figure completely, so that every order of reading is right. */
function openChapter(id, at, parts) {
	motion++;
	if (!chapter) kept = stateParts();
	else visits[chapter] = [moment, decided ? chosen : undefined, figure.parts?.()];
	setBack();
	left = id ? null : chapter;
	chapter = id;
	figure = id && FIGURES[id];
	document.body.classList.toggle("told", Boolean(id));
	document.body.classList.toggle("draws", Boolean(figure?.draws));
	document.body.classList.toggle("free", id === "playground");
	$("tale").hidden = $("figure").hidden = !id;
	write(
		"tale-button",
		id ? (innerWidth > 760 ? "Explore the network" : "Explore") : left ? "Back to the chapter" : "The tale",
	);
	if (!id) return readState(kept).then(layoutStage);
	show({});
	[moment, aim] = [0, 0];
	$("controls").replaceChildren();
	figure.set?.(parts);
	fillColumn(id);
	if (figure.keys) Object.assign($("scene"), { role: "application", tabIndex: 0 });
	else {
		$("scene").role = "img";
		$("scene").removeAttribute("tabindex");
	}
	const [reached, choice, settings] = visits[id] ?? [];
	if (at !== undefined) moveTo(at);
	else if (choice !== undefined && addressOf(settings) === addressOf(figure.parts?.())) {
		choose(choice);
		skip();
		moveTo(reached);
	} else if (isCalm()) moveTo(waitsAt());
	else if (waitsAt()) play(waitsAt(), readingTime());
	else moveTo(0);
	isChanged = true;
	paintNow();
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
	document.body.classList.remove("inspecting");
}

function fillColumn(id) {
	const n = CHAPTERS.indexOf(id);
	const [title, text] = n < 0 ? PLAYGROUND : TALE[groupOf(id)][id];
	write("chapter-place", n < 0 ? "Free" : `${groupOf(id)}, ${n + 1} of ${CHAPTERS.length}`);
	write("chapter-title", title);
	write("chapter-text", text);
	$("chapter-back").disabled = n === 0;
	write("chapter-back", n < 0 ? "Back to the chapter" : "Back");
	write("chapter-next", n < 0 ? "Explore" : CHAPTERS[n + 1] ? "Next" : "Playground");
	for (const button of $("rail").querySelectorAll("button")) button.ariaCurrent = button.value === id ? "step" : null;
	const shares = { trained: ["Trained", tale.right[0]], half: ["Half-trained (one pass)", tale.right[1]] };
	const [net, right] = shares[figure.net ?? "trained"] ?? [];
	write("facts", right ? `${net}: ${right} % of 1,000 test digits right` : figure.net);
	$("stops").replaceChildren(...figure.stops.map(([value]) => Object.assign(make("option"), { value })));
	ask();
}

/** Asks the question of the figure. Until there is an answer, only an unlocked figure has controls. */
function ask() {
	const { question, options } = figure.bet;
	[decided, chosen, goesOn] = [false, null, false];
	delete $("stop").dataset.bet;
	write("verdict", "");
	$("bet").hidden = false;
	write("bet-question", question);
	$("bet-options").replaceChildren(...(options ? options.map(optionButton) : numberField()));
	$("controls").inert = !figure.unlocked;
}

function optionButton(name, n) {
	const button = make("button", "", name);
	listen(button, "click", () => bet(n));
	return button;
}

function numberField() {
	const [field, button, refusal] = [make("input"), make("button", "", "Bet"), make("p")];
	refusal.role = "alert";
	Object.assign(field, { type: "text", inputMode: "decimal", ariaLabel: figure.bet.question });
	const read = () => {
		const value = parseFloat(field.value.replace("−", "-").replace(",", "."));
		if (finite(value)) bet(value);
		else {
			refusal.textContent = "First a number, such as 0.11.";
			field.focus();
		}
	};
	listen(button, "click", read);
	listen(field, "keydown", ({ key }) => key === "Enter" && read());
	return [field, button, refusal];
}

/** Takes a bet, measures, and shows. A second choice is no second bet. */
function bet(choice) {
	if (decided) return;
	choose(choice);
	skip();
	if (figure.run) figure.run();
	else play(1);
}

function choose(choice) {
	chosen = choice;
	const [...options] = $("bet-options").children;
	if (figure.bet.options) options.forEach((one, n) => (one.ariaPressed = n === choice));
	else [options[0].value, options[2].textContent] = [choice ?? "", ""];
}

/** Going on without a bet is allowed; it is then not asked any more. */
function skip() {
	if (decided) return;
	decided = true;
	$("controls").inert = false;
	for (const one of $("bet-options").children) one.disabled = true;
	$("bet").hidden = chapter === "playground" && chosen === null;
}

const sayBetFirst = () => write("stop", "Bet first, or press Play to go on without.");

/** Whether the figure may be changed: only at its end. Otherwise says what comes first. */
function isOpen() {
	if (!decided && !goesOn) sayBetFirst();
	else if (moment < 1) write("stop", "First let it run to the end.");
	return moment === 1;
}

/** The slider holds at an open bet, which is not lost by dragging. The playground may run without its bet. */
function scrub() {
	const t = Number($("moment").value);
	const isHeld = !decided && !goesOn && !figure.run && t > waitsAt();
	moveTo(isHeld ? waitsAt() : t);
	if (isHeld) sayBetFirst();
}

/** Goes to a moment; a figure that has to compute what lies between gets there bit by bit. */
function moveTo(t) {
	const now = ++motion;
	write("play", "Play");
	aim = clamp(t);
	if (aim > openUntil() + 1e-6) skip();
	const go = () => {
		if (now !== motion) return;
		moment = figure.work?.(aim) ?? aim;
		if (moment === aim) return arrive();
		write("stop", "It computes all steps up to there.");
		$("scene").ariaLabel = `${$("chapter-title").textContent}. ${$("stop").textContent}`;
		requestPaint();
		requestAnimationFrame(go);
	};
	go();
}

const wordsNow = () => figure.says?.(moment) ?? stopsAt(moment)[1];

/** Whether the verdict is to be said. The playground without a bet says only what is broken. */
function isDue() {
	return (
		decided && (figure.bet.hasVerdict ?? true) && moment >= (figure.bet.shown ?? 1) - 1e-6 && !$("verdict").textContent
	);
}

/** While it moves: the words, when they change. */
function arriveIfNew() {
	if ($("stop").textContent !== wordsNow() || isDue()) arrive();
}

/** The words for this moment; at the end, or once the bet is made and seen, the verdict. */
function arrive() {
	write("stop", wordsNow());
	if (isDue()) {
		write("verdict", judge() + figure.bet.verdict());
		markOptions();
	}
	labelScene();
	requestPaint();
}

/** Says the state of the figure, for screen readers. */
function labelScene() {
	isChanged = false;
	$("scene").ariaLabel = `${$("chapter-title").textContent}. ${figure.label?.(moment) ?? $("stop").textContent}`;
}

/** Something was changed by hand: it is painted, and then the label follows. */
function change() {
	isChanged = true;
	requestPaint();
}

/** Marks the option that is right, and the chosen one if it is wrong. */
function markOptions() {
	const { options } = figure.bet;
	if (!options) return;
	const right = figure.bet.measure();
	[...$("bet-options").children].forEach((one, n) => {
		const mark = n === right ? "right" : n === chosen && "wrong";
		if (mark) [one.dataset.mark, one.ariaLabel] = [mark, `${options[n]}: ${mark}`];
	});
}

/** Measures what was bet on, once it has been seen. */
function judge() {
	delete $("stop").dataset.bet;
	if (chosen === null) return "";
	const { options, near } = figure.bet;
	const right = figure.bet.measure();
	bets[chapter] = options ? right === chosen : abs(right - chosen) <= near;
	$("stop").dataset.bet = bets[chapter] ? "Won. " : "Lost. "; // seen on a phone, where the verdict may be below
	return bets[chapter] ? "Won. " : `Lost. ${options ? `Right is “${options[right]}”. ` : ""}`;
}

/**
 * Lets the motion run to a moment, forwards at the figure's own pace, with a rest at each stop for its words. With reduced
 * motion it jumps.
 */
function play(to, rest = 0) {
	const now = ++motion;
	if (isCalm()) return moveTo(to);
	let before = null;
	const go = (time) => {
		if (now !== motion) return;
		const passed = (time - (before ?? time)) / 1000;
		before = time;
		const [step, next] = [passed / figure.seconds, min(to, nextAt())];
		if (rest > 0) rest -= passed;
		else aim = moment = to > moment ? min(next, moment + step) : max(to, moment - 3 * step);
		if (rest <= 0 && moment === next) rest = readingTime();
		if (moment > openUntil() + 1e-6) skip();
		if (moment === to) arrive();
		else arriveIfNew();
		requestPaint();
		write("play", moment === to ? "Play" : "Pause");
		if (moment !== to) requestAnimationFrame(go);
	};
	requestAnimationFrame(go);
}

/** Shows it again after a choice, without the bet. */
function again() {
	write("verdict", "");
	[moment, chosen] = [0, null];
	play(1);
}

/** Shows it again from a moment after a choice that is not the bet's: the verdict stays. */
function replay(from) {
	aim = moment = from;
	play(1);
}

const isMoving = () => $("play").textContent === "Pause";

function pressPlay() {
	if (isMoving()) {
		motion++;
		write("play", "Play");
		return arrive();
	}
	goesOn = true;
	if (moment >= 1) aim = moment = 0;
	play(isCalm() ? nextAt() : decided || moment >= waitsAt() - 1e-6 ? 1 : waitsAt());
}

const nextStop = () => play(nextAt());
const lastStop = () => play(figure.stops.findLast(([at]) => at < moment - 1e-6)?.[0] ?? 0);

function paintChapter() {
	const { pen, width, height } = prepare($("scene"));
	pen.font = "12px system-ui, sans-serif";
	figure.paint({ pen, width, height, narrow: width < 560 }, moment);
	const words = figure.says?.(moment);
	if (words !== told) {
		write("stop", words ?? stopsAt(moment)[1]);
		isChanged = true;
	}
	told = words;
	if (isChanged) labelScene();
	$("moment").value = aim;
	$("moment").ariaValueText = $("stop").textContent;
	// It rests only for the bet, which is framed.
	$("bet").classList.toggle("due", !decided && !figure.run && moment >= waitsAt() - 1e-6);
	if (figure.draws) paintInput();
}

// --- Controls of a figure.

/** Buttons of which one is chosen: options are [value, text]. */
function choices(name, options, isChosen, choose) {
	const group = make("div");
	group.role = "group";
	group.append(make("span", "quiet", name));
	group.ariaLabel = name;
	const refresh = () =>
		[...group.querySelectorAll("button")].forEach((one, n) => (one.ariaPressed = isChosen(options[n][0])));
	for (const [value, text] of options) {
		const button = make("button", "", text);
		listen(button, "click", () => {
			choose(value);
			refresh();
			change();
		});
		group.append(button);
	}
	refresh();
	$("controls").append(group);
	return refresh;
}

function action(name, act) {
	const button = make("button", "", name);
	listen(button, "click", () => {
		act();
		change();
	});
	$("controls").append(button);
	return button;
}

function slider(name, options, set) {
	const [line, value, field] = [make("label", "", name + " "), make("output"), make("input")];
	Object.assign(field, { type: "range", ...options });
	const tell = (shown) =>
		(value.textContent = options.words?.(Number(shown)) ?? number(Number(shown), options.places ?? 0));
	const read = () => {
		tell(field.value);
		set(Number(field.value));
		change();
	};
	tell(options.value);
	listen(field, "input", read);
	line.append(value, field);
	$("controls").append(line);
	return (shown) => {
		if (!isFocused(field)) field.value = shown;
		tell(field.value);
	};
}

// --- Addresses: #chain, or #wishes?at=0.34 for a moment. Without one the page begins with the first chapter.

function chapterAddress() {
	const [, id, rest = ""] = /^#([a-z]+)(?:\?(.*))?$/.exec(location.hash || `#${CHAPTERS[0]}`) ?? [];
	return id in FIGURES ? [id, new URLSearchParams(rest)] : null;
}

function readChapter() {
	const address = chapterAddress();
	if (!address) return false;
	const [id, parts] = address;
	scrollTo(0, 0); // an element may have the name of the chapter
	if (["dark", "light"].includes(parts.get("theme"))) setTheme(parts.get("theme"));
	openChapter(id, parts.has("at") ? Number(parts.get("at")) || 0 : undefined, parts);
	return true;
}

function push(address) {
	try {
		history.pushState(null, "", address);
	} catch {
		// A page that embeds this one may forbid it.
	}
}

/** Goes to a chapter by the address, so that the browser's own Back works. */
function goTo(id, parts) {
	if (!id) {
		push("#");
		openChapter(null);
		return writeUrl();
	}
	if (chapter in (TALE[groupOf(chapter)] ?? {})) before = chapter;
	const text = addressOf({ ...parts, ...(themed && { theme: root.dataset.theme }) });
	push(`#${id}${text && "?"}${text}`);
	openChapter(id, undefined, new URLSearchParams(parts));
	$("chapter-title").focus({ preventScroll: true });
	if (innerWidth <= 760) scrollTo(0, 0);
}

const turn = (by) => {
	if (!CHAPTERS.includes(chapter)) return goTo(by < 0 ? (PLAY_FROM[figure.preset] ?? before) : null);
	const n = CHAPTERS.indexOf(chapter) + by;
	if (n >= 0) goTo(CHAPTERS[n] ?? "playground");
};

/** Page keys, which remote controls of presentations send, turn the chapters; the others belong to the figure. */
function pressChapterKey(event) {
	if (!chapter) return false;
	if (event.key === "PageDown") turn(1);
	else if (event.key === "PageUp") turn(-1);
	else if (event.key === "Escape") figure.close ? figure.close() : goTo(null);
	else return true;
	event.preventDefault();
	return true;
}

async function setUpTale() {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(STYLE);
	document.adoptedStyleSheets = [sheet];
	tale = JSON.parse($("tale-data").textContent);
	const [planes, pixels] = [await inflate(tale.half), await inflate(tale.images)];
	const mixed = planes.map((_, k) => planes[(k % 4) * (planes.length / 4) + (k >> 2)]);
	half = new Network(model, new Float32Array(mixed.buffer));
	tale.names.forEach((name, n) => {
		const input = Float32Array.from(pixels.subarray(n * PIXELS, (n + 1) * PIXELS), (value) => value / 255);
		pictures[name] = { input, label: tale.labels[n], targets: targetsOf(tale.labels[n]) };
	});
	for (const [name, group] of Object.entries(TALE)) {
		const box = make("div");
		box.role = "group";
		box.append(make("span", "", name));
		box.ariaLabel = name;
		for (const [id, [title]] of Object.entries(group)) {
			const button = Object.assign(make("button", "", CHAPTERS.indexOf(id) + 1), { value: id, title });
			button.append(make("span", "unseen", `: ${title}`));
			listen(button, "click", () => goTo(id));
			box.append(button);
		}
		$("rail").append(box);
	}
	const free = Object.assign(make("button", "", "Playground"), { value: "playground" });
	listen(free, "click", () => goTo("playground"));
	$("rail").append(free);
	$("tale-button").hidden = false;
	const scene = $("scene");
	const place = ({ offsetX, offsetY }) => [offsetX, offsetY];
	let grip = null;
	listen(scene, "pointerdown", (event) => {
		if (!figure?.press && !figure?.drag) return;
		grip = place(event);
		if (figure.drag) scene.setPointerCapture(event.pointerId);
		figure.press?.(...grip);
		change();
	});
	listen(scene, "pointermove", (event) => {
		const now = place(event);
		if (!grip) {
			figure?.hover?.(...now);
			return requestPaint();
		}
		figure?.drag?.(...now, now[0] - grip[0], now[1] - grip[1]);
		grip = now;
		change();
	});
	for (const type of ["pointerup", "pointercancel"]) listen(scene, type, () => (grip = null));
	listen(scene, "keydown", (event) => {
		const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Enter: [0, 0] }[
			event.key
		];
		if (!step || !figure?.keys) return;
		event.preventDefault();
		if (figure.keys(...step) !== false) arrive();
	});
	listen($("play"), "click", pressPlay);
	listen($("stop-next"), "click", nextStop);
	listen($("stop-back"), "click", lastStop);
	listen($("moment"), "input", scrub);
	listen($("chapter-next"), "click", () => turn(1));
	listen($("chapter-back"), "click", () => turn(-1));
	listen($("tale-button"), "click", () => goTo(chapter ? null : (left ?? CHAPTERS[0]), visits[left]?.[2]));
	listen(window, "popstate", () => {
		if (film.isOpen && !film.address()) film.close();
		if (chapterAddress()) readChapter();
	});
	film.setUp();
}

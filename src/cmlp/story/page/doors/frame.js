// --- The frame of a side door: one figure with its words, the handle of its motion, and its controls.

let door = null; // its name; null in the film and in the explorer
let figure = null;
// The moment of the motion, from 0 to 1; everything in the figure is a function of it.
let moment = 0;
let aim = 0; // where the handle is: ahead of the moment while a figure computes
let motion = 0; // counts motions: only the latest one goes on
let told; // what a figure says instead of the words of its stop
let isChanged = true; // whether the label of the figure is older than what it shows
let kept = null; // what the explorer showed before a door was opened

let isMoving = false;
let explorerWords; // of the buttons that a door shows in another language

/** The sentence of the last stop at a moment. */
const stopWords = (t) => said(`${door}.stops`)[figure.stops.findLastIndex((at) => at <= t + 1e-6)];
const nextAt = () => figure.stops.find((at) => at > moment + 1e-6) ?? 1;
/** How many seconds the motion rests at this stop, so that its words can be read. The playground has its own pace. */
const readingTime = () => (figure.run ? 0 : max(1.2, 0.3 * stopWords(moment).split(" ").length));

/** Opens a door and sets its figure completely, so that every order of reading is right. */
function openDoor(id, at, parts) {
	motion++;
	if (!door) kept = stateParts();
	film.close();
	setBack();
	door = id;
	figure = FIGURES[id];
	film.describe(id);
	showDoor();
	showMotion(false);
	show({});
	moment = aim = 0;
	$("controls").replaceChildren();
	figure.set?.(parts);
	write("facts", said(figure.net, { steps: FAN_STEPS }));
	$("stops").replaceChildren(...figure.stops.map((value) => Object.assign(make("option"), { value })));
	ask();
	if (figure.keys) Object.assign($("scene"), { role: "application", tabIndex: 0 });
	else {
		$("scene").role = "img";
		$("scene").removeAttribute("tabindex");
	}
	isChanged = true;
	if (at !== undefined) moveTo(at);
	else if (isCalm() || figure.run) moveTo(0);
	else play(1, readingTime());
	paintNow();
}

/** Leaves the door; what was shown before is in the explorer. */
function closeDoor() {
	if (!door) return;
	motion++;
	door = figure = null;
	showDoor();
	return readState(kept).then(layoutStage);
}

/** Shows the parts of the page that a door has, or hides them. */
function showDoor() {
	const isOpen = Boolean(door);
	document.body.classList.toggle("opened", isOpen);
	document.body.classList.toggle("draws", Boolean(figure?.draws));
	document.body.classList.toggle("free", door === "playground");
	$("door").hidden = $("figure").hidden = !isOpen;
	decimalPoint = isOpen ? film.number(0.5, 1)[1] : ".";
	for (const [name, words] of Object.entries(isOpen ? doorWords() : explorerWords)) write(name, words);
}

/** What buttons and the hint outside of the figure are called in a door. */
function doorWords() {
	const [back, next, time, picture, entry] = said("ui.figure");
	$("stop-back").ariaLabel = back;
	$("stop-next").ariaLabel = next;
	$("moment").ariaLabel = time;
	$("figure").ariaLabel = picture;
	document.querySelector(".draw").ariaLabel = entry;
	$("pad").ariaLabel = said("ui.pad");
	$("theme").ariaLabel = said("ui.theme");
	return {
		"page-title": said("page.title", { minutes: film.minutes }),
		"film-open": said("ui.more")[1],
		clear: said("ui.draw")[2],
		hint: `✎ ${said("numbers.1")}`,
	};
}

/** Writes on its button whether the motion goes on. */
function showMotion(now) {
	isMoving = now;
	write("play", said("ui.play")[now ? 1 : 0]);
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
	wishing = painting = false;
	brush = "plus";
	document.body.classList.remove("inspecting");
}

/** Whether the figure may be changed: only at its end. Otherwise says what comes first. */
function isOpen() {
	if (moment < 1) write("stop", said("ui.first"));
	return moment === 1;
}

/** Goes to a moment; a figure that has to compute what lies between gets there bit by bit. */
function moveTo(t) {
	const now = ++motion;
	showMotion(false);
	aim = clamp(t);
	skipIfLate(aim);
	const go = () => {
		if (now !== motion) return;
		moment = figure.work?.(aim) ?? aim;
		if (moment === aim) return arrive();
		write("stop", said("ui.computes"));
		$("scene").ariaLabel = `${$("door-title").textContent}. ${$("stop").textContent}`;
		requestPaint();
		requestAnimationFrame(go);
	};
	go();
}

const wordsNow = () => figure.says?.(moment) ?? stopWords(moment);

/** While it moves: the words, when they change. */
function arriveIfNew() {
	if ($("stop").textContent !== wordsNow() || isDue()) arrive();
}

/** The words for this moment; at the end, or once the bet is made and seen, the verdict. */
function arrive() {
	write("stop", wordsNow());
	if (isDue()) judge();
	labelScene();
	requestPaint();
}

/** Says the state of the figure, for screen readers. */
function labelScene() {
	isChanged = false;
	$("scene").ariaLabel = `${$("door-title").textContent}. ${figure.label?.(moment) ?? $("stop").textContent}`;
}

/** Something was changed by hand: it is painted, and then the label follows. */
function change() {
	isChanged = true;
	requestPaint();
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
		const step = passed / figure.seconds;
		const next = min(to, nextAt());
		if (rest > 0) rest -= passed;
		else aim = moment = to > moment ? min(next, moment + step) : max(to, moment - 3 * step);
		if (rest <= 0 && moment === next) rest = readingTime();
		skipIfLate(moment);
		if (moment === to) arrive();
		else arriveIfNew();
		requestPaint();
		showMotion(moment !== to);
		if (moment !== to) requestAnimationFrame(go);
	};
	requestAnimationFrame(go);
}

/** Shows it again from a moment after a choice. */
function playFrom(from) {
	aim = moment = from;
	play(1);
}

function pressPlay() {
	if (isMoving) {
		motion++;
		showMotion(false);
		return arrive();
	}
	if (moment >= 1) aim = moment = 0;
	play(isCalm() ? nextAt() : 1);
}

const nextStop = () => play(nextAt());
const lastStop = () => play(figure.stops.findLast((at) => at < moment - 1e-6) ?? 0);

function paintDoor() {
	const { pen, width, height } = prepare($("scene"));
	pen.font = "12px system-ui, sans-serif";
	figure.paint({ pen, width, height, narrow: width < 560 }, moment);
	const words = figure.says?.(moment);
	if (words !== told) {
		write("stop", words ?? stopWords(moment));
		isChanged = true;
	}
	told = words;
	if (isChanged) labelScene();
	$("moment").value = aim;
	$("moment").ariaValueText = $("stop").textContent;
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

// --- Addresses: #film, #wishes (a scene) or #chain (a door), with &figure for the picture alone; all others are those of
// the explorer. Without one the page begins with the film.

/** Where the address leads, or null for the explorer. */
function placeNow() {
	const [, id, alone, parts] = /^#([a-z]+)(&figure)?(?:\?(.*))?$/.exec(location.hash || "#film") ?? [];
	if (!(id in FIGURES) && !film.knows(id)) return null;
	return { id, isAlone: Boolean(alone), parts: new URLSearchParams(parts) };
}

function openPlace({ id, isAlone, parts }) {
	scrollTo(0, 0); // an element may have the name of the place
	if (["dark", "light"].includes(parts.get("theme"))) setTheme(parts.get("theme"));
	document.body.classList.toggle("alone", isAlone);
	if (!(id in FIGURES)) return film.open(id, parts, isAlone);
	if (FIGURES[id].parts) film.readLanguage(parts);
	else film.read(parts, parts.get("second"));
	openDoor(id, parts.has("at") ? Number(parts.get("at")) || 0 : undefined, parts);
}

function push(address) {
	try {
		history.pushState(film.kept(), "", address);
	} catch {
		// A page that embeds this one may forbid it.
	}
}

/** What brings a door back: its own settings, or the digit and the second of the film. */
const doorParts = () => figure.parts?.() ?? film.partsBehindDoor();

/** Goes through a door by the address, so that the browser's own Back works. */
function goTo(id, parts) {
	push(`#${id}`);
	openDoor(id, undefined, new URLSearchParams(parts));
	writeUrl();
	$("door-title").focus({ preventScroll: true });
	if (innerWidth <= 760) scrollTo(0, 0);
}

/** Goes back to the second of the film at which a door was opened. */
function goToFilm() {
	push("#film");
	closeDoor();
	film.resume();
	writeUrl();
}

/** Escape leaves a door; the other keys belong to its figure. */
function pressDoorKey(event) {
	if (!door) return false;
	if (event.key === "Escape") {
		event.preventDefault();
		if (figure.close) figure.close();
		else goToFilm();
	}
	return true;
}

async function setUpDoors() {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(STYLE);
	document.adoptedStyleSheets = [sheet];
	doorData = JSON.parse($("door-data").textContent);
	const pixels = await inflate(doorData.images);
	doorData.names.forEach((name, n) => {
		const input = Float32Array.from(pixels.subarray(n * PIXELS, (n + 1) * PIXELS), (value) => value / 255);
		pictures[name] = { input, label: doorData.labels[n], targets: targetsOf(doorData.labels[n]) };
	});
	$("film-open").hidden = false;
	explorerWords = Object.fromEntries(["page-title", "film-open", "clear", "hint"].map((id) => [id, $(id).textContent]));
	listenToScene($("scene"));
	listen($("play"), "click", pressPlay);
	listen($("stop-next"), "click", nextStop);
	listen($("stop-back"), "click", lastStop);
	listen($("moment"), "input", () => moveTo(Number($("moment").value)));
	listen($("film-open"), "click", goToFilm);
	listen(window, "popstate", () => {
		const place = placeNow();
		if (place) openPlace(place);
	});
	film.setUp();
}

/** Lets a figure be pressed, dragged, and moved with the arrow keys. */
function listenToScene(scene) {
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
	const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Enter: [0, 0] };
	listen(scene, "keydown", (event) => {
		const step = steps[event.key];
		if (!step || !figure?.keys) return;
		event.preventDefault();
		if (figure.keys(...step) !== false) arrive();
	});
}

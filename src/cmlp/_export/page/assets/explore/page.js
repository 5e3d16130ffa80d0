// --- The page: painting, the state in the URL, buttons and keys.

let frame = 0;
let resting = 0;
let sized = 0; // counts changes of size and colour

function requestPaint() {
	frame = frame || requestAnimationFrame(paint);
}

/** Handlers look up in the picture what is pressed, so it must be there, and be of now. */
function paintNow() {
	cancelAnimationFrame(frame);
	paint();
}

function paint() {
	frame = 0;
	if (hasFilm && film.isOpen) return film.paint();
	input = input || currentInput();
	result = network.forward(input);
	answers = result.a[last];
	const targets = targetsNow();
	back = wishing && targets ? network.backward(result, targets) : null;
	if (hasFilm && door) paintDoor();
	else paintNetwork();
	say($("source"), describe());
	say($("own-cost"), targets ? ["Cost: ", number(network.compare(result, targets).cost), "."] : []);
	clearTimeout(resting);
	resting = setTimeout(rest, 400);
}

function paintNetwork() {
	paintInput();
	paintWires();
	paintNeurons();
	paintInspector();
	paintWanted();
	window.paintFool?.(); // on the pages of images with classes
	if (!learner) return;
	paintTraining();
	paintFacts();
}

/** The header tells of the network that is shown. */
function paintFacts() {
	const now = measured.at(-1)[1];
	const share = isRegression
		? `test cost ${number(now, 2)}`
		: `${Math.round(100 * now)} % of ${examples.test.length} test ${noun}s right`;
	write("facts", network === learner ? `Learning here, after ${measured.at(-1)[0]} steps: ${share}` : facts);
}

/** Once the picture has come to rest: words for screen readers, and the link. */
function rest() {
	buttons.forEach((column, layer) =>
		column.forEach((button, index) => {
			// An output is named by its texts, which are seen.
			if (layer === last) return (button.lastChild.previousSibling.textContent = back ? ", wish " : ", activation ");
			const words = `${neuronName(layer, index)}, activation ${number(result.a[layer][index], 2)}`;
			button.ariaLabel = words + (back ? `, wish ${signed(wish(layer, index), 2)}` : "");
		}),
	);
	if (hasFilm && door) labelScene();
	write("spoken", $("source").textContent + (isAsking() ? " " + $("question").textContent : ""));
	writeUrl();
}

/** Where the page is, and what brings it back there. */
function placeAndParts() {
	if (hasFilm && film.isOpen) return [film.place(), film.parts()];
	if (hasFilm && door) return [door, { ...doorParts() }];
	return ["", stateParts()];
}

function writeUrl() {
	const [place, parts] = placeAndParts();
	if (themed) parts.theme = (hasFilm && film.theme) || root.dataset.theme;
	if (!$("keys").checked) parts.keys = "off";
	const text = String(new URLSearchParams(parts));
	const alone = document.body.classList.contains("alone") ? "&figure" : "";
	try {
		const own = hasFilm && (film.isOpen || door) ? film.kept() : null;
		history.replaceState(own, "", `#${place && place + alone + (text && "?")}${text}`);
	} catch {
		// A page that embeds this one may forbid it.
	}
}

const facts = $("facts").textContent; // of the trained network
const hasFilm = $("film") !== null;

/** What is shown and chosen, for the link. */
function stateParts() {
	const parts = { ...inputParts() };
	if (shown.example !== undefined) parts.example = shown.example;
	if (shown.noise !== undefined) parts.noise = shown.noise;
	if (selected) parts.neuron = linkName(selected);
	if (wishing) parts.view = "wishes";
	if (wanted) parts.wanted = wanted.join("_");
	if (shown.change) parts.fool = shown.target;
	if (edits.length) parts.edits = editsText();
	if (learner) {
		Object.assign(parts, { rate: rate(), batch: batchSize(), seed });
		if (network === learner) parts.show = "learner";
		if (record.length) parts.learned = record.map((entry) => entry.join("x")).join("_");
	}
	return parts;
}

const integer = (text, below) => (text >= 0 && text < below ? floor(text) : undefined);

async function readUrl() {
	const place = hasFilm && learner ? placeNow() : null;
	const parts = place ? {} : Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
	if (parts.theme === "dark" || parts.theme === "light") setTheme(parts.theme);
	$("keys").checked = parts.keys !== "off";
	await readState(parts);
	if (place) openPlace(place);
}

/** Shows what a link, or the state before a door, tells to show. */
async function readState(parts) {
	const [example, noise] = [integer(parts.example, examples.all.length), integer(parts.noise, 1e9)];
	if (example !== undefined) show({ example });
	else if (noise !== undefined && white) show({ noise });
	else show(readInput(parts));
	const isGiven = ["draw", "values", "example", "noise"].some((name) => name in parts);
	if (!isGiven && examples.test.length) showTest(max(0, findRight()));
	wishing = parts.view === "wishes";
	for (const one of (parts.edits || "").split("_").slice(0, 1000)) edit(...one.split("*"));
	const fooled = integer(parts.fool, sizes[last]);
	const targets = (parts.wanted || "").split("_").map(Number);
	if (parts.wanted && targets.length === sizes[last] && targets.every(finite)) wanted = targets;
	const neuron = neuronNamed(parts.neuron || "");
	if (neuron) select(neuron);
	if (learner) await readTraining(parts);
	if (fooled !== undefined && !isEmpty()) window.foolInto?.(fooled);
	requestPaint();
}

async function readTraining(parts) {
	setSliders();
	if (parts.rate > 0) $("rate").value = Math.log10(parts.rate);
	if (parts.batch > 0) $("batch").value = parts.batch;
	restart(integer(parts.seed, 1e9) ?? 1);
	use(parts.show === "learner" ? learner : trained);
	showSliders();
	if (!parts.learned) return;
	await replay(parts.learned);
	measure();
}

let themed = false; // chosen by hand

function setTheme(theme) {
	root.dataset.theme = theme;
	themed = true;
	repaintAll();
}

function repaintAll() {
	readColours();
	layoutStage();
	sized++;
	requestPaint();
}

const ACTIONS = {
	...INPUT_ACTIONS,
	...TOUCH_ACTIONS,
	random: () => pickTest(),
	mistake: nextMistake,
	close: () => select(null),
	theme: () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"),
	"use-activations": () => showWishes(false),
	"use-wishes": () => showWishes(true),
	wishes: () => showWishes(!wishing),
};
const KEYS = { c: "clear", t: "random", m: "mistake", n: "noise", w: "wishes", z: "undo", s: "step", " ": "run" };

function pressKey(event) {
	const { key, target } = event;
	const isShortcut = !(event.ctrlKey || event.metaKey || event.altKey);
	if (hasFilm && film.isOpen) return isShortcut && film.press(event);
	const takes = key === " " ? "button, input, select" : "input[type=number], input[type=text], select";
	if (!isShortcut || target.closest(takes)) return;
	if (hasFilm && pressDoorKey(event)) return;
	if (key === "Escape") select(null);
	else if (!$("keys").checked) return;
	else if (/^\d$/.test(key) && white) pressNumber(labels.indexOf(key));
	else if (ACTIONS[KEYS[key]]) ACTIONS[KEYS[key]]();
	else return;
	event.preventDefault();
}

function listenToControls() {
	for (const type of ["pointerdown", "keydown", "click"])
		window.addEventListener(type, () => frame && paintNow(), true);
	for (const [id, action] of Object.entries(ACTIONS)) {
		listen($(id), "click", () => {
			action();
			requestPaint();
		});
	}
	listen($("wanted"), "change", readWanted);
	listen($("keys"), "change", requestPaint);
	listen(document, "keydown", pressKey);
	listen(window, "hashchange", () => (hasFilm && placeNow()) || location.reload());
	listen(matchMedia("(forced-colors: active)"), "change", repaintAll);
	const observer = new ResizeObserver(repaintAll);
	for (const id of ["stage", "scene", "film-scene"]) if ($(id)) observer.observe($(id));
}

async function start() {
	const packed = JSON.parse($("examples").textContent);
	try {
		if (packed) examples = await unpackExamples(packed);
	} catch {
		write("facts", "This browser cannot unpack the examples.");
	}
	const usable = examples.train.length > 0;
	for (const part of document.querySelectorAll("[data-examples]")) part.hidden = !usable;
	if (isRegression) $("mistake").hidden = true;
	if (usable) {
		startTraining();
		Object.assign(ACTIONS, TRAINING_ACTIONS);
		if (hasFilm) await setUpDoors();
	}
	if (!white) buildFields();
	buildStage();
	buildWanted();
	repaintAll();
	listenToControls();
	listenToInput();
	listenToTouch();
	window.setUpFool?.();
	await readUrl();
}

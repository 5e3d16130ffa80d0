// --- Elements of the page, and the embedded data.

const root = document.documentElement;
const $ = (id) => document.getElementById(id);
const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

async function inflate(text, decode = bytes) {
	const stream = new Blob([decode(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

const listen = (target, type, action) => target?.addEventListener(type, action);
const isFocused = (element) => document.activeElement === element;
const range = (size) => [...Array(size).keys()];
const write = (id, text) => ($(id).textContent = text);

/** A new element. Its text is isolated, whatever its direction. */
function make(tag, className = "", text = "") {
	return Object.assign(document.createElement(tag), { className, textContent: text, dir: text && "auto" });
}

/** Whether the visitor prefers less motion. */
const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

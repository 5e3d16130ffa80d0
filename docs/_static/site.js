// What the pages do in the browser: buttons that copy code, frames as high as the page in them, and a menu of versions.
document.addEventListener("DOMContentLoaded", () => {
	for (const block of document.querySelectorAll("div.highlight")) {
		if (block.closest(".highlight-text, .terminal") || !navigator.clipboard) continue;
		const button = document.createElement("button");
		button.className = "copy";
		button.type = "button";
		button.textContent = "Copy";
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(withoutPrompts(block.querySelector("pre").textContent));
			button.textContent = "Copied";
			setTimeout(() => (button.textContent = "Copy"), 1500);
		});
		block.append(button);
	}
	for (const frame of document.querySelectorAll(".live-page iframe")) {
		frame.addEventListener("load", () => fit(frame));
	}
	offerVersions();
});

// The newest documentation is at the root of the site, beside versions.json and a folder for each version in it.
async function offerVersions() {
	if (location.protocol === "file:") return; // browsers let pages read no files
	const here = new URL(document.documentElement.dataset.content_root, location);
	for (const root of [here, new URL("..", here)]) {
		const answer = await fetch(new URL("versions.json", root)).catch(() => null);
		if (!answer?.ok) continue;
		const versions = await answer.json();
		if (!versions.length) return;
		const menu = document.createElement("select");
		menu.className = "versions";
		menu.ariaLabel = "Version of the documentation";
		for (const name of ["newest", ...versions]) {
			const address = new URL(name === "newest" ? "." : `${name}/`, root).href;
			menu.add(new Option(name, address, false, address === here.href));
		}
		menu.addEventListener("change", () => (location = menu.value));
		document.querySelector(".sidebar-brand").after(menu);
		return;
	}
}

// Doctests are copied without their prompts and output.
function withoutPrompts(text) {
	if (!/^>>> /m.test(text)) return text;
	const lines = text.split("\n").filter((line) => /^(>>>|\.\.\.)/.test(line));
	return lines.map((line) => line.slice(4)).join("\n") + "\n";
}

// Browsers let a page measure a frame if both come from one server; from files the height of the style sheet stays.
function fit(frame) {
	const page = frame.contentDocument;
	if (!page) return;
	const measure = () => {
		frame.style.height = "0";
		frame.style.height = `${page.documentElement.scrollHeight + 2}px`;
	};
	let width = 0;
	new ResizeObserver(() => {
		if (frame.clientWidth !== width) measure();
		width = frame.clientWidth;
	}).observe(frame);
	new ResizeObserver(() => {
		// What the page opens makes it higher. A page that fills its frame stays as it is.
		const { scrollHeight } = page.documentElement;
		if (scrollHeight > frame.clientHeight) frame.style.height = `${scrollHeight + 2}px`;
	}).observe(page.body);
	measure();
}

"use strict";

// --- A page with the film has its scripts compressed, in base85, which is a sixteenth shorter than base64.

const DIGITS85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/** The bytes of a text by Python's base64.b85encode: five characters are four bytes. */
function base85(text) {
	const view = new DataView(new ArrayBuffer(text.length + 4));
	for (let k = 0; k < text.length; k += 5) {
		let value = 0;
		for (const digit of text.slice(k, k + 5).padEnd(5, "~")) value = 85 * value + DIGITS85.indexOf(digit);
		view.setUint32((4 * k) / 5, value);
	}
	return new Uint8Array(view.buffer, 0, Math.floor((4 * text.length) / 5));
}

async function unpack() {
	try {
		const packed = await inflate($("packed").textContent, base85);
		document.head.append(make("script", "", new TextDecoder().decode(packed)));
	} catch {
		return write("facts", "This browser is too old to unpack the page.");
	}
	return start();
}

const ready = unpack();

// --- Everything of the page is defined: it begins.

const ready = start();

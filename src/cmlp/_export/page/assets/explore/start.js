// --- A page without the film starts at once; loader.js starts the others.

const ready = start();

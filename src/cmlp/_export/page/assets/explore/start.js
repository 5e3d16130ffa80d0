// --- A page without chapters starts at once; chapters/loader.js starts the others.

const ready = start();

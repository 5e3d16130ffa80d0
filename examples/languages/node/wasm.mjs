// Predicts a row with WebAssembly: node wasm.mjs cmlp.wasm MODEL CELL...
// cmlp.mjs is packaging/wasm/cmlp.mjs, also a file of each release.
import { readFileSync } from "node:fs";
import { load } from "./cmlp.mjs";

const [wasm, file, ...cells] = process.argv.slice(2);
const predict = await load(readFileSync(wasm), readFileSync(file));
const { label, outputs } = predict(cells);
console.log(label, ...outputs);

// Predicts a row with WebAssembly: node wasm.mjs MODEL CELL...
import { readFileSync } from "node:fs";
import { Predictor } from "cmlp";

const [file, ...cells] = process.argv.slice(2);
const predictor = await Predictor.load(readFileSync(file));
const { index, outputs } = predictor.predict(cells);
console.log(index, ...outputs);

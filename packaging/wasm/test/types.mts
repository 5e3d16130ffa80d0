// What the types of the package allow, and what they refuse. It is compiled, not run.
import { type Prediction, Predictor } from "cmlp";

const predictor = await Predictor.load(fetch("model.cmlp").then((response) => response.arrayBuffer()));
const found: Prediction = predictor.predict(
	{ day: "2026-11-24", size: 1.5, colour: null },
	{ coverage: 0.9, byClass: true },
);
const [low, high]: [number, number] = found.intervals?.[0] ?? [0, 0];
const outcomes: (0 | 1)[] = found.sets?.[0] ?? [];
const labels: (string | null)[] = predictor.predictMany([["a", 1], new Float32Array(2)]).map(({ label }) => label);
console.log(low + high, outcomes, labels, predictor.columns[0]?.name, predictor.columns[1]?.categories);
const { reasons } = predictor.predict({ day: "", size: 1, colour: null }, { reasons: true, evaluations: 400, seed: 1 });
const moved: number | undefined = reasons?.values[reasons.output]?.[0];
console.log(moved, reasons?.base[0]);
// @ts-expect-error: a cell is no Date
predictor.predict([new Date()]);
// @ts-expect-error: a predictor is made by load
new Predictor();
// @ts-expect-error: labels cannot be set
predictor.labels = [];

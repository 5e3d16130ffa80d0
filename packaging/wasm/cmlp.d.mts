/** Why a model cannot be loaded, or a row not be predicted. */
export class CmlpError extends Error {
	/** The status of the C library, such as "CMLP_ERROR_CELL"; null if it has not been asked. */
	readonly code: string | null;
	/** The place in the rows of predictMany, or null. */
	readonly row: number | null;
	/** The column's name, or its place where columns have none; null if the error is not about one. */
	readonly column: string | number | null;
	/** The cell as it came. */
	readonly cell: unknown;
}

/**
 * A text as in a CSV file, a number, true or false; null is missing. In a column of categories, a number is the category
 * with this value; in one of dates, the days since 1970-01-01.
 */
export type Cell = string | number | boolean | null;

/** A cell for each name of a column, or all cells in order. */
export type Row = { readonly [name: string]: Cell } | readonly Cell[] | Float32Array | Float64Array | Uint8Array;

export interface Options {
	/** How often intervals or sets contain the truth: above 0 and below 1. Without it there are none. */
	coverage?: number;
	/** Whether sets contain the truth as often for the rows of each class, instead of for all rows together. */
	byClass?: boolean;
	/** Whether to say why, which only a model can that was trained with `keep_background`. */
	reasons?: boolean;
	/** The largest number of predictions for the reasons of a row, at least twice the number of columns; 0 for the library's choice. */
	evaluations?: number;
	/** Of the permutations of columns, where there are too many to try all. */
	seed?: number;
}

export interface Prediction {
	/** The label of the row's class; null for a model without labels, and if a row can have several labels. */
	label: string | null;
	/** The labels with a probability above 0.5, if a row can have several; otherwise null. */
	labels: string[] | null;
	/** The index of the class; -1 if there is none. */
	index: number;
	/** The probability of each label, or all numbers that the model predicts. */
	outputs: number[];
	/** Of a regressor with a coverage: the ends for each target. */
	intervals: [low: number, high: number][] | null;
	/** Of a classifier with a coverage: the labels; null if a row can have several. */
	set: string[] | null;
	/** If a row can have several labels, with a coverage: for each label the outcomes in its set, 0 for no and 1 for yes. */
	sets: (0 | 1)[][] | null;
	/**
	 * Of a table: how far each column is outside of what it had in training: 0, or by how much a number is above or,
	 * negative, below; NaN for a category or a missing value that training did not have.
	 */
	outside: number[] | null;
	/** How far each column moves the outputs; null unless asked for. */
	reasons: Reasons | null;
}

/** Shapley values, those of `explain` in Python: for each output, the values of all columns add up to the output minus its base, to rounding. */
export interface Reasons {
	/** The index of the output for the row's label; 0 for a model without labels, and if a row can have several. */
	output: number;
	/** The mean of each output over the rows that the model has kept. */
	base: number[];
	/** For each output, how far each column moves it. */
	values: number[][];
	/** Their standard errors: 0 if all sets of columns were tried; NaN if they are unknown. */
	errors: number[][];
}

export interface Column {
	/** Null if the file has no names of columns. */
	name: string | null;
	/** "days since 1970-01-01", "days", "0 or 1" or "". */
	unit: string;
	/** None for a column of numbers. */
	categories: (string | number | bigint | boolean | null)[];
}

/** A model in memory of its own, which predicts rows. Nothing is shared: a worker loads one of its own. */
export class Predictor {
	private constructor();
	/**
	 * Loads a model file: its bytes, or a promise of them.
	 *
	 * wasm: the bytes of cmlp.wasm, a compiled module, or its address; by default the file beside this one.
	 */
	static load(
		file: Uint8Array | ArrayBuffer | Promise<Uint8Array | ArrayBuffer>,
		options?: { wasm?: BufferSource | WebAssembly.Module | URL | string | Promise<BufferSource | WebAssembly.Module> },
	): Promise<Predictor>;
	/** The columns of a table; empty for a network. */
	get columns(): Column[];
	/** The labels of a classifier as texts, numbers as Python prints them; empty for other models. */
	get labels(): string[];
	/** The number of cells of a row. */
	get nInputs(): number;
	/** The number of outputs of a prediction. */
	get nOutputs(): number;
	/** Whether the model is that of a table. */
	get isTable(): boolean;
	/** Predicts a row: an object with a cell for each name of a column, or an array of cells in order. */
	predict(row: Row, options?: Options): Prediction;
	/**
	 * Predicts many rows, which takes 0.7 to 1 of the time of one at a time; those of an iterator are never all in memory.
	 * An error has the number of the row.
	 */
	predictMany(rows: Iterable<Row>, options?: Options): Prediction[];
	/** Releases the memory. Every later call is an error, also a second one of this function. */
	close(): void;
}

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Cmlp
{
    /// <summary>Between which numbers a target is.</summary>
    public struct Interval
    {
        internal Interval(double low, double high)
        {
            Low = low;
            High = high;
        }

        /// <summary>The lower end.</summary>
        public double Low { get; }

        /// <summary>The upper end.</summary>
        public double High { get; }
    }

    /// <summary>What a model says about a row.</summary>
    public sealed class Prediction
    {
        internal Prediction() { }

        /// <summary>The label of the class; null if there is none.</summary>
        public string Label { get; internal set; }

        /// <summary>Where a row can have several labels, those that it has; otherwise none.</summary>
        public IReadOnlyList<string> Labels { get; internal set; }

        /// <summary>The index of the class; -1 if there is none.</summary>
        public int Index { get; internal set; }

        /// <summary>The number that a model of one number predicts; null of others.</summary>
        public double? Value { get; internal set; }

        /// <summary>The probability of each label, or all numbers that the model predicts.</summary>
        public IReadOnlyList<double> Outputs { get; internal set; }

        /// <summary>Of a regressor with a coverage: both ends for each target; otherwise none.</summary>
        public IReadOnlyList<Interval> Intervals { get; internal set; }

        /// <summary>Of a classifier with a coverage: the labels; otherwise none.</summary>
        public IReadOnlyList<string> Set { get; internal set; }

        /// <summary>Where a row can have several labels, with a coverage, in place of Set: for each label the outcomes
        /// in its set, 0 for no and 1 for yes; otherwise none.</summary>
        public IReadOnlyList<IReadOnlyList<int>> Sets { get; internal set; }

        /// <summary>Of a table: how far each column is outside of what it had in training: 0, or by how much a number
        /// is above or, negative, below; NaN for a category or a missing value that training did not have.</summary>
        public IReadOnlyList<double> Outside { get; internal set; }

        /// <summary>Null if the predictor has none.</summary>
        public Reasons Reasons { get; internal set; }
    }

    /// <summary>Shapley values, those of explain in Python: for each output, the values of all columns add up to the output
    /// minus its base, to rounding.</summary>
    public sealed class Reasons
    {
        internal Reasons(int output, double[] baseValues, double[][] values, double[][] errors)
        {
            Output = output;
            Base = baseValues;
            Values = values;
            Errors = errors;
        }

        /// <summary>The index of the output for the row's label; 0 if there is none.</summary>
        public int Output { get; }

        /// <summary>The mean of each output over the rows that the model has kept.</summary>
        public IReadOnlyList<double> Base { get; }

        /// <summary>For each output, how far each column moves it.</summary>
        public IReadOnlyList<IReadOnlyList<double>> Values { get; }

        /// <summary>Their standard errors: 0 if all sets of columns were tried, NaN if they are unknown.</summary>
        public IReadOnlyList<IReadOnlyList<double>> Errors { get; }
    }

    /// <summary>Predicts rows with a model, which it keeps alive. Any number of threads share it. A cell is a text as in a
    /// CSV file, a number, a boolean or null; null, NaN and an empty text are missing, and a number is a category by its
    /// value.</summary>
    public sealed class Predictor
    {
        const int ValueSize = 48; // bytes of a C.Value
        readonly Model model;
        readonly double coverage;
        readonly bool byClass, reasons;
        readonly long evaluations;
        readonly uint seed;

        /// <summary>Makes what predicts with the model.</summary>
        /// <param name="model">Any number of predictors share it.</param>
        /// <param name="coverage">Asks for intervals and sets that contain the truth as often: above 0 and below 1;
        /// null: for none.</param>
        /// <param name="byClass">Whether sets contain the truth as often for the rows of each class, instead of for all rows
        /// together.</param>
        /// <param name="reasons">Asks for those of each row. Only the file of a model has rows to compare with that was
        /// trained with keep_background.</param>
        /// <param name="evaluations">Of reasons: the largest number of predictions for a row, at least twice the number of
        /// columns; 0 for the library's choice.</param>
        /// <param name="seed">Of the permutations of columns, where there are too many to try all.</param>
        public Predictor(Model model, double? coverage = null, bool byClass = false, bool reasons = false,
            long evaluations = 0, uint seed = 0)
        {
            this.model = model ?? throw new ArgumentNullException(nameof(model));
            this.coverage = coverage ?? 0;
            this.byClass = byClass;
            this.reasons = reasons;
            this.evaluations = evaluations;
            this.seed = seed;
        }

        /// <summary>Predicts a row of cells in the order of the columns.</summary>
        public Prediction Predict(IReadOnlyList<object> cells) => Ask(new string[0], new[] { cells })[0];

        /// <summary>Predicts a row of cells by the names of their columns.</summary>
        public Prediction Predict(IReadOnlyDictionary<string, object> row) =>
            Ask(row.Keys.ToArray(), new[] { row.Values.ToArray() })[0];

        /// <summary>Predicts rows of cells in one call, which takes less time for each. An error has the place of the
        /// row.</summary>
        public Prediction[] PredictMany(IReadOnlyList<IReadOnlyList<object>> rows) =>
            rows.Count == 0 ? new Prediction[0] : Ask(new string[0], rows);

        Prediction[] Ask(string[] names, IReadOnlyList<IReadOnlyList<object>> rows)
        {
            int n = rows.Count, width = rows[0].Count;
            for (int i = 0; i < n; i++)
                if (rows[i].Count != width)
                    throw new CmlpException("CMLP_ERROR_ROWS",
                        $"row {i} has {rows[i].Count} cells, row 0 has {width}", i);
            object[] cells = rows.SelectMany(row => row).Concat(names).ToArray();
            byte[][] texts = cells.Select(cell => Encoding.UTF8.GetBytes(cell as string ?? "")).ToArray();
            C.Info info = model.Info;
            int nIn = model.Inputs, nOut = model.Outputs, isTable = model.IsTable ? 1 : 0;
            int isCovered = model.IsTable && coverage != 0 ? 1 : 0, isExplained = reasons ? 1 : 0;
            int[] classes = new int[n], sets = new int[isCovered * n * info.NSet];
            double[] outputs = new double[n * nOut], outside = new double[isTable * n * nIn];
            double[] intervals = new double[isCovered * n * info.NEnds], bases = new double[isExplained * nOut];
            double[] values = new double[isExplained * n * nIn * nOut], errors = new double[values.Length];
            using (Pins pins = new Pins())
            {
                C.Value[] written = new C.Value[cells.Length];
                IntPtr start = pins.Pin(texts.SelectMany(text => text).ToArray()), first = pins.Pin(written);
                for (int i = 0, used = 0; i < cells.Length; used += texts[i++].Length)
                    if (!Write(ref written[i], cells[i], start + used, texts[i].Length))
                        throw new CmlpException("CMLP_ERROR_CELL",
                            $"a cell is a text, a number, a boolean or null, got {cells[i].GetType()}", i / width,
                            cell: cells[i]);
                C.Rows input = new C.Rows { StructSize = C.SizeOf<C.Rows>(), Data = first, Kind = C.Cells };
                input.NRows = n;
                input.NColumns = width;
                input.ColumnStride = ValueSize;
                input.RowStride = (long)ValueSize * width;
                input.NNames = names.Length;
                if (names.Length > 0) input.Names = first + ValueSize * n * width;
                C.Answer answer = new C.Answer { StructSize = C.SizeOf<C.Answer>(), Coverage = coverage };
                answer.ByClass = byClass ? isCovered : 0;
                if (reasons) answer.NEvaluations = evaluations;
                if (reasons) answer.Seed = seed;
                answer.ClassIndices = pins.Pin(classes);
                answer.NClassIndices = classes.Length;
                answer.Outputs = pins.Pin(outputs);
                answer.NOutputs = outputs.Length;
                answer.Intervals = pins.Pin(intervals);
                answer.NIntervals = intervals.Length;
                answer.Sets = pins.Pin(sets);
                answer.NSets = sets.Length;
                if (coverage != 0 && !model.IsTable) answer.NSets = 1; // the library says that a network has none
                answer.Outside = pins.Pin(outside);
                answer.NOutside = outside.Length;
                answer.Reasons = pins.Pin(values);
                answer.ReasonErrors = pins.Pin(errors);
                answer.NReasons = answer.NReasonErrors = values.Length;
                answer.BaseValues = pins.Pin(bases);
                answer.NBaseValues = bases.Length;
                C.Run run = new C.Run { StructSize = C.SizeOf<C.Run>() };
                int status = C.cmlp_model_answer_size(model.Pointer, ref input, ref answer, out run.WorkspaceSize,
                    ref run);
                if (status == 0)
                {
                    run.Workspace = pins.Pin(new long[(long)run.WorkspaceSize / 8 + 1]);
                    status = C.cmlp_model_answer(model.Pointer, ref input, ref answer, ref run);
                }
                GC.KeepAlive(model);
                if (status != 0) throw Refused(names, rows, status, ref input, ref answer, ref run);
            }
            return classes.Select((index, i) => new Prediction
            {
                Label = index >= 0 && index < model.Labels.Count ? model.Labels[index] : null,
                Labels = model.Labels.Where((_, j) => info.Kind == C.Multilabel
                    && outputs[i * nOut + j] > 0.5).ToArray(),
                Index = index,
                Value = nOut == 1 && model.Labels.Count == 0 ? outputs[i] : (double?)null,
                Outputs = Row(outputs, i, n),
                Intervals = Pairs(Row(intervals, i, n)).Select(ends => new Interval(ends[0], ends[1])).ToArray(),
                Set = model.Labels.Where((_, j) => info.Kind != C.Multilabel && sets.Length > 0
                    && sets[i * info.NSet + j] != 0).ToArray(),
                Sets = info.Kind != C.Multilabel ? new int[0][] : Pairs(Row(sets, i, n)).Select(isIn =>
                    Enumerable.Range(0, 2).Where(outcome => isIn[outcome] != 0).ToArray()).ToArray(),
                Outside = Row(outside, i, n),
                Reasons = reasons ? new Reasons(Math.Max(index, 0), bases, Columns(Row(values, i, n), nOut),
                    Columns(Row(errors, i, n), nOut)) : null
            }).ToArray();
        }

        // Writes the value of a cell; returns whether it is one.
        static bool Write(ref C.Value to, object cell, IntPtr text, int nText)
        {
            to.Kind = cell == null ? C.Missing : cell is string ? C.Text : cell is bool ? C.Boolean
                : cell is double || cell is float || cell is decimal ? C.Double : C.Integer;
            if (to.Kind == C.Text) to.Text = text;
            if (to.Kind == C.Text) to.NText = nText;
            if (to.Kind == C.Double) to.Number = Convert.ToDouble(cell);
            if (to.Kind == C.Boolean) to.Integer = (bool)cell ? 1 : 0;
            else if (to.Kind == C.Integer && !(cell is int || cell is long || cell is short || cell is byte)) return false;
            else if (to.Kind == C.Integer) to.Integer = Convert.ToInt64(cell);
            return true;
        }

        // The library's sentence with what it is about.
        CmlpException Refused(string[] names, IReadOnlyList<IReadOnlyList<object>> rows, int status, ref C.Rows input,
            ref C.Answer answer, ref C.Run run)
        {
            byte[] text = new byte[1000];
            long n = C.cmlp_model_say(model.Pointer, ref input, ref answer, status, ref run, text, text.Length);
            string code = C.NameOf(status), column = null;
            int row = (int)Math.Max(run.BadRow, 0), place = (int)run.BadElement;
            if (run.BadColumn >= 0) column = model.NameOf((int)run.BadColumn);
            else if (code == "CMLP_ERROR_COLUMNS") column = names[place];
            object cell = run.BadRow >= 0 && place >= 0 ? rows[row][place] : null;
            string message = Encoding.UTF8.GetString(text, 0, (int)Math.Min(n, text.Length - 1));
            return new CmlpException(code, message, row, column, cell);
        }

        // A row of a matrix with n rows.
        static T[] Row<T>(T[] matrix, int i, int n)
        {
            T[] found = new T[matrix.Length / n];
            Array.Copy(matrix, i * found.Length, found, 0, found.Length);
            return found;
        }

        static IEnumerable<T[]> Pairs<T>(T[] row) =>
            Enumerable.Range(0, row.Length / 2).Select(k => new[] { row[2 * k], row[2 * k + 1] });

        static double[][] Columns(double[] matrix, int n) =>
            Enumerable.Range(0, n).Select(k => matrix.Where((_, i) => i % n == k).ToArray()).ToArray();
    }
}

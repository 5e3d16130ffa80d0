using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
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
        internal Prediction(Model model, double[] outputs, int index)
        {
            bool isClassifier = IsClassifier(model);
            Label = index >= 0 && index < model.Labels.Count ? model.Labels[index] : null;
            Labels = HasSeveral(model) ? model.Labels.Where((_, i) => outputs[i] > 0.5).ToArray() : None;
            Index = index;
            Value = outputs.Length == 1 && !isClassifier ? outputs[0] : (double?)null;
            Outputs = outputs;
        }

        static readonly string[] None = new string[0];

        internal static bool IsClassifier(Model model) =>
            model.Info.Kind == C.Classifier || HasSeveral(model) || model.Info.Kind == C.Ordered;

        internal static bool HasSeveral(Model model) => model.Info.Kind == C.Multilabel;

        /// <summary>The label of the class; null if there is none.</summary>
        public string Label { get; }

        /// <summary>Where a row can have several labels, those that it has; otherwise none.</summary>
        public IReadOnlyList<string> Labels { get; }

        /// <summary>The index of the class; -1 if there is none.</summary>
        public int Index { get; }

        /// <summary>The number that a model of one number predicts; null of others.</summary>
        public double? Value { get; }

        /// <summary>The probability of each label, or all numbers that the model predicts.</summary>
        public IReadOnlyList<double> Outputs { get; }

        /// <summary>Of a regressor with a coverage: both ends for each target; otherwise none.</summary>
        public IReadOnlyList<Interval> Intervals { get; internal set; } = new Interval[0];

        /// <summary>Of a classifier with a coverage: the labels; otherwise none.</summary>
        public IReadOnlyList<string> Set { get; internal set; } = None;

        /// <summary>Where a row can have several labels, with a coverage, in place of Set: for each label the outcomes
        /// in its set, 0 for no and 1 for yes; otherwise none.</summary>
        public IReadOnlyList<IReadOnlyList<int>> Sets { get; internal set; } = new int[0][];

        /// <summary>Of a table: how far each column is outside of what it had in training: 0, or by how much a number
        /// is above or, negative, below; NaN for a category or a missing value that training did not have.</summary>
        public IReadOnlyList<double> Outside { get; internal set; } = new double[0];
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

    /// <summary>Predicts rows with a model, which it keeps alive. Calls of one predictor wait for one another: each
    /// thread that works at the same time has its own.</summary>
    public sealed class Predictor : IDisposable
    {
        readonly object gate = new object();
        readonly Model model;
        readonly double coverage;
        readonly bool byClass;
        Block block = new Block(1); // rows, results and workspace of a call; it grows

        /// <summary>Makes what predicts with the model, in memory of its own.</summary>
        /// <param name="model">Any number of predictors share it.</param>
        /// <param name="coverage">Asks for intervals and sets that contain the truth as often: above 0 and below 1;
        /// null: for none.</param>
        /// <param name="byClass">Whether sets contain the truth as often for the rows of each class, instead of for all rows
        /// together.</param>
        public Predictor(Model model, double? coverage = null, bool byClass = false)
        {
            if (coverage is double asked && !(asked > 0 && asked < 1))
                throw new CmlpException(null, FormattableString.Invariant(
                    $"coverage must be above 0 and below 1, got {asked}"));
            this.model = model ?? throw new ArgumentNullException(nameof(model));
            this.coverage = coverage ?? 0;
            this.byClass = byClass;
        }

        /// <summary>Predicts a row of texts in the order of the columns, as in a CSV file. Of a table, empty or null is
        /// missing.</summary>
        public Prediction Predict(IReadOnlyList<string> cells) => PredictMany(new[] { cells })[0];

        /// <summary>Predicts a row of texts by the names of their columns.</summary>
        public Prediction Predict(IReadOnlyDictionary<string, string> row) => Predict(model.InOrder(row));

        /// <summary>Predicts a row of numbers: of a table a category has its code, and NaN is missing, in every column.
        /// </summary>
        public Prediction Predict(double[] row)
        {
            lock (gate)
            {
                CheckOpen();
                CheckLength(row.Length, 0);
                return Run(row, 1)[0];
            }
        }

        /// <summary>Predicts rows of texts in one call, which takes less time for each. An error has the place of the
        /// row.</summary>
        public Prediction[] PredictMany(IReadOnlyList<IReadOnlyList<string>> rows)
        {
            lock (gate)
            {
                CheckOpen();
                int width = model.Inputs;
                double[] numbers = new double[checked(rows.Count * width)];
                for (int i = 0; i < rows.Count; i++) NumbersOf(rows[i], i).CopyTo(numbers, i * width);
                return Run(numbers, rows.Count);
            }
        }

        /// <summary>Says how far each column of a row of texts in order moves the outputs away from their means over some
        /// rows of training, which only the file of a model has that was trained with keep_background.</summary>
        /// <param name="cells">As for Predict.</param>
        /// <param name="evaluations">The largest number of predictions, at least twice the number of columns; 0 for the
        /// library's choice.</param>
        /// <param name="seed">Of the permutations of columns, where there are too many to try all.</param>
        public Reasons Reasons(IReadOnlyList<string> cells, long evaluations = 0, uint seed = 0)
        {
            lock (gate)
            {
                CheckOpen();
                return Reasons(NumbersOf(cells, 0), evaluations, seed);
            }
        }

        /// <summary>Says so for a row of texts by the names of their columns.</summary>
        public Reasons Reasons(IReadOnlyDictionary<string, string> row, long evaluations = 0, uint seed = 0) =>
            Reasons(model.InOrder(row), evaluations, seed);

        /// <summary>Says so for a row of numbers.</summary>
        public Reasons Reasons(double[] row, long evaluations = 0, uint seed = 0)
        {
            lock (gate)
            {
                int index = Predict(row).Index;
                Reasons found = Explain(row, Math.Max(index, 0), evaluations, seed);
                GC.KeepAlive(model);
                return found;
            }
        }

        /// <summary>Releases the memory. Afterwards every call is an ObjectDisposedException, also another
        /// Close.</summary>
        public void Close()
        {
            lock (gate)
            {
                CheckOpen();
                block.Dispose();
                block = null;
            }
        }

        /// <summary>Releases the memory if Close has not.</summary>
        public void Dispose()
        {
            lock (gate)
                if (block != null) Close();
        }

        void CheckOpen()
        {
            if (block == null) throw new ObjectDisposedException(nameof(Predictor));
        }

        void CheckLength(int n, int row)
        {
            if (n != model.Inputs) throw new CmlpException(null, $"a row has {model.Inputs} cells, got {n}", row);
        }

        // The numbers of the cells of a row.
        double[] NumbersOf(IReadOnlyList<string> row, int place)
        {
            CheckLength(row.Count, place);
            return row.Select((cell, column) => NumberOf(cell ?? "", place, column)).ToArray();
        }

        // A number, the days of a date or the code of a category of a table.
        double NumberOf(string cell, int row, int column)
        {
            double number;
            if (model.IsTable)
            {
                byte[] text = Encoding.UTF8.GetBytes(cell);
                int status = C.cmlp_model_read_cell(model.Pointer, column, text, text.Length, out number, IntPtr.Zero);
                GC.KeepAlive(model);
                if (status != 0) throw Refused(C.NameOf(status), C.SentenceOf(status), row, column, cell);
            }
            else if (!double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
                || double.IsNaN(number))
                throw Refused(null, "this is no number", row, column, cell);
            return number;
        }

        CmlpException Refused(string code, string reason, int row, int column, string cell)
        {
            string name = model.NameOf(column);
            return new CmlpException(code, $"column \"{name}\" cannot hold \"{cell}\": {reason}", row, name, cell);
        }

        Prediction[] Run(double[] numbers, int n)
        {
            if (n == 0) return new Prediction[0];
            C.Info info = model.Info;
            int width = model.Inputs, nOutputs = model.Outputs;
            bool isDouble = info.Dtype == C.Float64;
            int size = isDouble ? 8 : 4;
            byte[] rows = new byte[C.RowsSize];
            C.cmlp_rows_init(rows, (UIntPtr)C.RowsSize, block.At(0), info.Dtype, n, width);
            UIntPtr workspaceSize = info.WorkspaceSize;
            if (n > 1) C.Check(C.cmlp_model_workspace_size(model.Pointer, rows, out workspaceSize, IntPtr.Zero));
            long outputsAt = 8L * numbers.Length, classesAt = outputsAt + 8L * n * nOutputs;
            long workspaceAt = classesAt + 8L * n;
            Reserve(workspaceAt + (long)workspaceSize);
            C.cmlp_rows_init(rows, (UIntPtr)C.RowsSize, block.At(0), info.Dtype, n, width);
            if (isDouble) Marshal.Copy(numbers, 0, block.At(0), numbers.Length);
            else Marshal.Copy(Array.ConvertAll(numbers, number => (float)number), 0, block.At(0), numbers.Length);
            C.Prediction prediction = new C.Prediction
            {
                StructSize = C.SizeOf<C.Prediction>(),
                Outputs = block.At(outputsAt),
                NOutputs = (long)n * nOutputs,
                ClassIndices = block.At(classesAt),
                NClassIndices = n
            };
            C.Run run = new C.Run { StructSize = C.SizeOf<C.Run>(), WorkspaceSize = workspaceSize };
            run.Workspace = block.At(workspaceAt);
            int status = C.cmlp_model_predict(model.Pointer, rows, ref prediction, ref run);
            if (status != 0 && run.BadRow >= 0 && run.BadColumn >= 0)
            {
                double number = numbers[run.BadRow * width + run.BadColumn];
                throw Refused(C.NameOf(status), C.SentenceOf(status), (int)run.BadRow, (int)run.BadColumn,
                    number.ToString("R", CultureInfo.InvariantCulture));
            }
            C.Check(status);
            int[] indices = new int[n];
            Marshal.Copy(block.At(classesAt), indices, 0, n);
            Prediction[] found = new Prediction[n];
            for (int i = 0; i < n; i++)
            {
                IntPtr at = block.At(outputsAt + (long)size * nOutputs * i);
                found[i] = new Prediction(model, Numbers(at, nOutputs, isDouble), indices[i]);
                if (model.IsTable) found[i].Outside = OutsideOf(block.At(8L * width * i));
                if (coverage > 0) Measure(found[i], at);
            }
            GC.KeepAlive(model);
            return found;
        }

        Reasons Explain(double[] row, int output, long evaluations, uint seed)
        {
            int nIn = row.Length, nOut = model.Outputs, n = checked(nIn * nOut);
            C.Explanation explanation = new C.Explanation
            {
                StructSize = C.SizeOf<C.Explanation>(),
                NEvaluations = evaluations,
                Seed = seed
            };
            CheckExplained(C.cmlp_model_explain_workspace_size(model.Pointer, ref explanation, out UIntPtr size,
                IntPtr.Zero), evaluations);
            long baseAt = 8L * nIn, valuesAt = baseAt + 8L * nOut, errorsAt = valuesAt + 8L * n;
            long workspaceAt = errorsAt + 8L * n;
            Reserve(workspaceAt + (long)size);
            Marshal.Copy(row, 0, block.At(0), nIn);
            explanation.Values = block.At(valuesAt);
            explanation.Errors = block.At(errorsAt);
            explanation.NValues = explanation.NErrors = n;
            explanation.BaseValues = block.At(baseAt);
            explanation.NBaseValues = nOut;
            C.Run run = new C.Run { StructSize = C.SizeOf<C.Run>(), WorkspaceSize = size };
            run.Workspace = block.At(workspaceAt);
            C.Check(C.cmlp_model_explain(model.Pointer, block.At(0), nIn, ref explanation, ref run));
            double[][] values = OfOutputs(explanation.Values, nIn, nOut);
            double[][] errors = OfOutputs(explanation.Errors, nIn, nOut);
            return new Reasons(output, Numbers(block.At(baseAt), nOut, true), values, errors);
        }

        // Adds to the error of a model or its options what to change.
        void CheckExplained(int status, long evaluations)
        {
            if (status == C.NotFound)
                throw new CmlpException(C.NameOf(status),
                    "the model has no rows to compare with: keep_background in Python keeps some of training");
            if (status == C.Option)
                throw new CmlpException(C.NameOf(status),
                    $"evaluations must be 0 or at least {2 * model.Inputs}, got {evaluations}");
            C.Check(status);
        }

        // The columns of a matrix.
        static double[][] OfOutputs(IntPtr matrix, int nIn, int nOut)
        {
            double[] numbers = Numbers(matrix, nIn * nOut, true);
            return Enumerable.Range(0, nOut)
                .Select(k => numbers.Where((_, i) => i % nOut == k).ToArray()).ToArray();
        }

        static double[] Numbers(IntPtr at, int n, bool isDouble)
        {
            double[] found = new double[n];
            float[] floats = new float[n];
            if (isDouble) Marshal.Copy(at, found, 0, n);
            else Marshal.Copy(at, floats, 0, n);
            return isDouble ? found : Array.ConvertAll(floats, number => (double)number);
        }

        // Makes the block at least n bytes long.
        void Reserve(long n)
        {
            if (n <= block.Size) return;
            Block longer = new Block(n);
            block.Dispose();
            block = longer;
        }

        // Adds the intervals, the set or the sets.
        void Measure(Prediction found, IntPtr outputs)
        {
            C.Query query = new C.Query
            {
                StructSize = C.SizeOf<C.Query>(),
                Outputs = outputs,
                NOutputs = model.Outputs,
                Coverage = coverage,
                ByClass = byClass ? 1 : 0
            };
            if (Prediction.HasSeveral(model)) found.Sets = SetsOf(ref query);
            else if (Prediction.IsClassifier(model)) found.Set = SetOf(ref query);
            else found.Intervals = IntervalsOf(ref query);
        }

        Interval[] IntervalsOf(ref C.Query query)
        {
            Interval[] found = new Interval[Math.Max(model.Info.NTargets, 1)]; // that of a network is refused
            for (; query.Target < found.Length; query.Target++)
            {
                C.Check(C.cmlp_model_interval(model.Pointer, ref query, out double low, out double high, IntPtr.Zero));
                found[query.Target] = new Interval(low, high);
            }
            return found;
        }

        string[] SetOf(ref C.Query query)
        {
            int[] isInSet = IsInSet(ref query, model.Outputs);
            return model.Labels.Where((_, i) => isInSet[i] != 0).ToArray();
        }

        int[][] SetsOf(ref C.Query query)
        {
            int[][] found = new int[model.Outputs][];
            for (; query.Target < found.Length; query.Target++)
            {
                int[] isInSet = IsInSet(ref query, 2);
                found[query.Target] = Enumerable.Range(0, 2).Where(i => isInSet[i] != 0).ToArray();
            }
            return found;
        }

        // Whether each of n classes, or outcomes of a label, is in the set.
        int[] IsInSet(ref C.Query query, int n)
        {
            int[] found = new int[n];
            C.Check(C.cmlp_model_find_set(model.Pointer, ref query, found, n, IntPtr.Zero));
            return found;
        }

        double[] OutsideOf(IntPtr row)
        {
            double[] distances = new double[model.Inputs];
            C.Check(C.cmlp_model_outside(model.Pointer, row, distances.Length, distances, distances.Length,
                IntPtr.Zero));
            return distances;
        }
    }
}

package cmlp;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Predicts rows with a model, which it keeps alive. Calls of one predictor wait for one another: each thread that works
 * at the same time has its own. After {@link #close}, every call is an IllegalStateException, also another close.
 */
public final class Predictor implements AutoCloseable {
    // A number that Double.parseDouble reads, without the suffixes of Java.
    private static final String NUMBER = "[^dDfFxX]*";

    private final Model model;
    private final double coverage;
    private final boolean isByClass;
    private Memory block = new Memory(1); // rows, results and workspace of a call; it grows

    Predictor(Model model, double coverage, boolean isByClass) {
        this.model = model;
        this.coverage = coverage;
        this.isByClass = isByClass;
    }

    /** Predicts a row of texts in the order of the columns, as in a CSV file. Of a table, empty or null is missing. */
    public Prediction predict(List<String> cells) {
        return predictMany(List.of(cells)).get(0);
    }

    /** Predicts a row of texts by the names of their columns. */
    public Prediction predict(Map<String, String> row) {
        return predict(model.inOrder(row));
    }

    /** Predicts a row of numbers: of a table a category has its code, and NaN is missing, in every column. */
    public synchronized Prediction predict(double[] row) {
        checkOpen();
        checkLength(row.length, 0);
        return run(row, 1).get(0);
    }

    /** Predicts rows of texts in one call, which takes less time for each. An error has the place of the row. */
    public synchronized List<Prediction> predictMany(List<? extends List<String>> rows) {
        checkOpen();
        int width = model.inputs();
        double[] numbers = new double[Math.multiplyExact(rows.size(), width)];
        for (int i = 0; i < rows.size(); i++) System.arraycopy(numbersOf(rows.get(i), i), 0, numbers, i * width, width);
        return run(numbers, rows.size());
    }

    /** Says how far each column of a row moves the outputs, as {@link #reasons(double[], long, int)} with 0 and 0. */
    public Reasons reasons(List<String> cells) {
        return reasons(cells, 0, 0);
    }

    /** Says so for a row of texts by the names of their columns. */
    public Reasons reasons(Map<String, String> row) {
        return reasons(row, 0, 0);
    }

    /** Says so for a row of numbers. */
    public Reasons reasons(double[] row) {
        return reasons(row, 0, 0);
    }

    /** Says so for a row of texts in order, with options. */
    public synchronized Reasons reasons(List<String> cells, long evaluations, int seed) {
        checkOpen();
        return reasons(numbersOf(cells, 0), evaluations, seed);
    }

    /** Says so for a row of texts by the names of their columns, with options. */
    public Reasons reasons(Map<String, String> row, long evaluations, int seed) {
        return reasons(model.inOrder(row), evaluations, seed);
    }

    /**
     * Says how far each column of a row of numbers moves the outputs away from their means over some rows of training,
     * which only the file of a model has that was trained with keep_background.
     *
     * @param evaluations the largest number of predictions, at least twice the number of columns; 0 for the library's
     *     choice
     * @param seed of the permutations of columns, where there are too many to try all, as an unsigned number
     */
    public synchronized Reasons reasons(double[] row, long evaluations, int seed) {
        Prediction predicted = predict(row);
        try {
            return explain(row, Math.max(predicted.index(), 0), evaluations, seed);
        } finally {
            Reference.reachabilityFence(model);
        }
    }

    /** Releases the memory. */
    @Override
    public synchronized void close() {
        checkOpen();
        block.close();
        block = null;
    }

    private void checkOpen() {
        if (block == null) throw new IllegalStateException("the predictor is closed");
    }

    private void checkLength(int n, int row) {
        if (n != model.inputs())
            throw new CmlpException(null, "a row has " + model.inputs() + " cells, got " + n, row, null, null);
    }

    /** Returns the numbers of the cells of a row. */
    private double[] numbersOf(List<String> row, int place) {
        checkLength(row.size(), place);
        double[] numbers = new double[row.size()];
        for (int j = 0; j < numbers.length; j++) numbers[j] = numberOf(row.get(j), place, j);
        return numbers;
    }

    /** Returns a number, the days of a date or the code of a category of a table. */
    private double numberOf(String cell, int row, int column) {
        String text = cell == null ? "" : cell;
        double[] number = {Double.NaN};
        if (model.isTable()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int status = C.cmlp_model_read_cell(model.pointer, column, bytes, bytes.length, number, null);
            Reference.reachabilityFence(model);
            if (status != 0) throw refused(status, row, column, text);
        } else {
            try {
                if (text.matches(NUMBER)) number[0] = Double.parseDouble(text);
            } catch (NumberFormatException e) {
                // NaN
            }
            if (Double.isNaN(number[0])) throw refused(null, "this is no number", row, column, text);
        }
        return number[0];
    }

    private CmlpException refused(int status, int row, int column, String cell) {
        return refused(C.cmlp_status_name(status), C.cmlp_status_string(status), row, column, cell);
    }

    private CmlpException refused(String code, String reason, int row, int column, String cell) {
        String name = model.nameOf(column);
        String message = "column \"" + name + "\" cannot hold \"" + cell + "\": " + reason;
        return new CmlpException(code, message, row, name, cell);
    }

    private List<Prediction> run(double[] numbers, int n) {
        if (n == 0) return List.of();
        try {
            return runOpen(numbers, n);
        } finally {
            Reference.reachabilityFence(model);
        }
    }

    private List<Prediction> runOpen(double[] numbers, int n) {
        C.Info info = model.info;
        int width = model.inputs(), nOutputs = model.outputs();
        boolean isDouble = info.dtype == C.FLOAT64;
        long size = isDouble ? 8 : 4;
        C.Run run = new C.Run();
        Memory rows = new Memory(C.ROWS_SIZE);
        C.cmlp_rows_init(rows, C.ROWS_SIZE, block, info.dtype, n, width);
        LongByReference workspaceSize = new LongByReference(info.workspaceSize);
        if (n > 1) C.check(C.cmlp_model_workspace_size(model.pointer, rows, workspaceSize, run));
        run.workspaceSize = workspaceSize.getValue();
        long outputsAt = 8L * numbers.length, classesAt = outputsAt + 8L * n * nOutputs;
        long workspaceAt = classesAt + 8L * n;
        reserve(workspaceAt + run.workspaceSize);
        C.cmlp_rows_init(rows, C.ROWS_SIZE, block, info.dtype, n, width);
        if (isDouble) block.write(0, numbers, 0, numbers.length);
        else for (int i = 0; i < numbers.length; i++) block.setFloat(4L * i, (float) numbers[i]);
        C.Prediction prediction = new C.Prediction();
        prediction.outputs = block.share(outputsAt);
        prediction.nOutputs = (long) n * nOutputs;
        prediction.classIndices = block.share(classesAt);
        prediction.nClassIndices = n;
        run.workspace = block.share(workspaceAt);
        int status = C.cmlp_model_predict(model.pointer, rows, prediction, run);
        if (status != 0 && run.badRow >= 0 && run.badColumn >= 0) {
            int row = (int) run.badRow, column = (int) run.badColumn;
            throw refused(status, row, column, Double.toString(numbers[row * width + column]));
        }
        C.check(status);
        List<Prediction> found = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            Pointer at = prediction.outputs.share(size * nOutputs * i);
            double[] outputs = new double[nOutputs];
            for (int j = 0; j < nOutputs; j++) outputs[j] = isDouble ? at.getDouble(8L * j) : at.getFloat(4L * j);
            found.add(answer(block.share(size * width * i), at, outputs, prediction.classIndices.getInt(4L * i)));
        }
        return found;
    }

    private Reasons explain(double[] row, int output, long evaluations, int seed) {
        int nIn = row.length, nOut = model.outputs(), n = Math.multiplyExact(nIn, nOut);
        C.Explanation explanation = new C.Explanation();
        explanation.nEvaluations = evaluations;
        explanation.seed = seed;
        LongByReference workspaceSize = new LongByReference();
        checkExplained(
                C.cmlp_model_explain_workspace_size(model.pointer, explanation, workspaceSize, null), evaluations);
        long baseAt = 8L * nIn, valuesAt = baseAt + 8L * nOut, errorsAt = valuesAt + 8L * n;
        C.Run run = new C.Run();
        run.workspaceSize = workspaceSize.getValue();
        reserve(errorsAt + 8L * n + run.workspaceSize);
        block.write(0, row, 0, nIn);
        explanation.values = block.share(valuesAt);
        explanation.errors = block.share(errorsAt);
        explanation.nValues = explanation.nErrors = n;
        explanation.baseValues = block.share(baseAt);
        explanation.nBaseValues = nOut;
        run.workspace = block.share(errorsAt + 8L * n);
        C.check(C.cmlp_model_explain(model.pointer, block, nIn, explanation, run));
        double[][] values = ofOutputs(explanation.values, nIn, nOut);
        return new Reasons(
                output, block.getDoubleArray(baseAt, nOut), values, ofOutputs(explanation.errors, nIn, nOut));
    }

    /** Adds to the error of a model or its options what to change. */
    private void checkExplained(int status, long evaluations) {
        String name = C.cmlp_status_name(status);
        if (status == C.NOT_FOUND)
            throw new CmlpException(
                    name, "the model has no rows to compare with: keep_background in Python keeps some of training");
        if (status == C.OPTION)
            throw new CmlpException(
                    name, "evaluations must be 0 or at least " + 2 * model.inputs() + ", got " + evaluations);
        C.check(status);
    }

    /** Returns the columns of a matrix. */
    private static double[][] ofOutputs(Pointer matrix, int nIn, int nOut) {
        double[][] found = new double[nOut][nIn];
        for (int i = 0; i < nIn * nOut; i++) found[i % nOut][i / nOut] = matrix.getDouble(8L * i);
        return found;
    }

    /** Makes the block at least n bytes long. */
    private void reserve(long n) {
        if (n <= block.size()) return;
        Memory longer = new Memory(n);
        block.close();
        block = longer;
    }

    private Prediction answer(Pointer row, Pointer at, double[] outputs, int index) {
        List<String> labels = model.labels();
        int kind = model.info.kind;
        boolean hasSeveral = kind == C.MULTILABEL;
        boolean isClassifier = kind == C.CLASSIFIER || hasSeveral || kind == C.ORDERED;
        return new Prediction(
                index >= 0 && index < labels.size() ? labels.get(index) : null,
                hasSeveral ? chosen(i -> outputs[i] > 0.5) : List.of(),
                index,
                outputs.length == 1 && !isClassifier ? outputs[0] : null,
                outputs,
                coverage > 0 && !isClassifier ? intervals(at) : new double[0][],
                coverage > 0 && isClassifier && !hasSeveral ? set(at) : List.of(),
                coverage > 0 && hasSeveral ? sets(at) : List.of(),
                model.isTable() ? outside(row) : new double[0]);
    }

    private List<String> chosen(IntPredicate isIn) {
        return IntStream.range(0, model.labels().size()).filter(isIn).mapToObj(model.labels()::get).toList();
    }

    private C.Query query(Pointer outputs) {
        C.Query query = new C.Query();
        query.outputs = outputs;
        query.nOutputs = model.outputs();
        query.coverage = coverage;
        query.byClass = isByClass ? 1 : 0;
        return query;
    }

    private double[][] intervals(Pointer outputs) {
        C.Query query = query(outputs);
        double[][] found = new double[(int) Math.max(model.info.nTargets, 1)][]; // that of a network is refused
        double[] low = new double[1], high = new double[1];
        for (; query.target < found.length; query.target++) {
            C.check(C.cmlp_model_interval(model.pointer, query, low, high, null));
            found[(int) query.target] = new double[] {low[0], high[0]};
        }
        return found;
    }

    private List<String> set(Pointer outputs) {
        int[] isInSet = isInSet(query(outputs), model.outputs());
        return chosen(i -> isInSet[i] != 0);
    }

    private List<List<Integer>> sets(Pointer outputs) {
        C.Query query = query(outputs);
        List<List<Integer>> found = new ArrayList<>();
        for (; query.target < model.outputs(); query.target++) {
            int[] isInSet = isInSet(query, 2);
            found.add(IntStream.range(0, 2).filter(i -> isInSet[i] != 0).boxed().toList());
        }
        return found;
    }

    /** Returns whether each of n classes, or outcomes of a label, is in the set. */
    private int[] isInSet(C.Query query, int n) {
        int[] found = new int[n];
        C.check(C.cmlp_model_find_set(model.pointer, query, found, n, null));
        return found;
    }

    private double[] outside(Pointer row) {
        double[] distances = new double[model.inputs()];
        C.check(C.cmlp_model_outside(model.pointer, row, distances.length, distances, distances.length, null));
        return distances;
    }
}

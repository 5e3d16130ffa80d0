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
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Predicts rows with a model, which it keeps alive. It is immutable, and any number of threads share it.
 *
 * <p>A cell is a text as in a CSV file, a number, a Boolean or null; null, NaN and an empty text are missing, and a number
 * is a category by its value.
 *
 * @param model of which these are the predictions
 * @param coverage if it is not 0, how often an interval or a set must contain the truth: above 0 and below 1
 * @param byClass whether sets contain the truth as often for the rows of each class, instead of for all rows together
 * @param hasReasons whether predictions have reasons. Only the file of a model has rows to compare with that was trained
 *     with keep_background
 * @param evaluations of reasons: the largest number of predictions for a row, at least twice the number of columns; 0 for
 *     the library's choice
 * @param seed of the permutations of columns, where there are too many to try all, as an unsigned number
 */
public record Predictor(
        Model model, double coverage, boolean byClass, boolean hasReasons, long evaluations, int seed) {
    private static final int VALUE = 48; // bytes of cmlp_value

    /** Returns such a predictor with intervals or sets. */
    public Predictor coverage(double coverage) {
        return new Predictor(model, coverage, byClass, hasReasons, evaluations, seed);
    }

    /** Returns such a predictor whose sets have the coverage for the rows of each class. */
    public Predictor byClass(boolean byClass) {
        return new Predictor(model, coverage, byClass, hasReasons, evaluations, seed);
    }

    /** Returns such a predictor with reasons. */
    public Predictor reasons() {
        return reasons(0, 0);
    }

    /** Returns such a predictor with reasons. */
    public Predictor reasons(long evaluations, int seed) {
        return new Predictor(model, coverage, byClass, true, evaluations, seed);
    }

    /** Predicts a row of cells in the order of the columns. */
    public Prediction predict(List<?> cells) {
        return ask(List.of(), List.of(cells)).get(0);
    }

    /** Predicts a row of cells by the names of their columns. */
    public Prediction predict(Map<String, ?> row) {
        return ask(List.copyOf(row.keySet()), List.of(new ArrayList<>(row.values()))).get(0);
    }

    /** Predicts rows of cells in one call, which takes less time for each. An error has the place of the row. */
    public List<Prediction> predictMany(List<? extends List<?>> rows) {
        return rows.isEmpty() ? List.of() : ask(List.of(), rows);
    }

    private List<Prediction> ask(List<String> names, List<? extends List<?>> rows) {
        int n = rows.size(), width = rows.get(0).size();
        List<Object> cells = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            String message = "row " + i + " has " + rows.get(i).size() + " cells, row 0 has " + width;
            if (rows.get(i).size() != width) throw new CmlpException("CMLP_ERROR_ROWS", message, i, null, null);
            cells.addAll(rows.get(i));
        }
        cells.addAll(names);
        byte[][] texts = new byte[cells.size()][];
        long size = (long) VALUE * texts.length;
        for (int i = 0; i < texts.length; i++) {
            if (cells.get(i) instanceof CharSequence text) texts[i] = text.toString().getBytes(StandardCharsets.UTF_8);
            size += texts[i] == null ? 0 : texts[i].length + 8;
        }
        int nIn = model.inputs(), nOut = model.outputs(), nEnds = (int) model.info.nEnds, nSet = (int) model.info.nSet;
        boolean isTable = model.isTable(), isCovered = isTable && coverage != 0;
        size += 8L * (n * (1L + nOut + nEnds + nSet + nIn + 2L * nIn * nOut) + nOut);
        try (Memory memory = new Memory(size + 1)) {
            memory.clear();
            Taker taker = new Taker(memory);
            Pointer values = taker.take((long) VALUE / 8 * texts.length);
            for (int i = 0; i < texts.length; i++)
                write(values, (long) VALUE * i, cells.get(i), texts[i], taker, i / width);
            C.Rows input = new C.Rows();
            input.data = values;
            input.nRows = n;
            input.nColumns = width;
            input.columnStride = VALUE;
            input.rowStride = (long) VALUE * width;
            input.kind = C.CELLS;
            input.nNames = names.size();
            if (!names.isEmpty()) input.names = values.share((long) VALUE * n * width);
            C.Answer answer = new C.Answer();
            answer.classIndices = taker.take(answer.nClassIndices = n);
            answer.outputs = taker.take(answer.nOutputs = (long) n * nOut);
            answer.outside = taker.take(answer.nOutside = isTable ? (long) n * nIn : 0);
            answer.intervals = taker.take(answer.nIntervals = isCovered ? (long) n * nEnds : 0);
            answer.sets = taker.take(answer.nSets = isCovered ? (long) n * nSet : 0);
            answer.coverage = coverage;
            answer.byClass = isCovered && byClass ? 1 : 0;
            if (!isTable && coverage != 0) answer.nSets = 1; // the library says that a network has none
            if (hasReasons) {
                answer.reasons = taker.take(answer.nReasons = (long) n * nIn * nOut);
                answer.reasonErrors = taker.take(answer.nReasonErrors = answer.nReasons);
                answer.baseValues = taker.take(answer.nBaseValues = nOut);
                answer.nEvaluations = evaluations;
                answer.seed = seed;
            }
            C.Run run = new C.Run();
            LongByReference needed = new LongByReference();
            check(C.cmlp_model_answer_size(model.pointer, input, answer, needed, run), names, rows, input, answer, run);
            try (Memory workspace = new Memory(needed.getValue() + 1)) {
                run.workspace = workspace;
                run.workspaceSize = needed.getValue();
                check(C.cmlp_model_answer(model.pointer, input, answer, run), names, rows, input, answer, run);
            }
            return IntStream.range(0, n).mapToObj(i -> prediction(answer, i)).toList();
        } finally {
            Reference.reachabilityFence(model);
        }
    }

    /** Gives away parts of a block, one after the other: null for no elements. */
    private static final class Taker {
        private final Memory memory;
        private long used;

        Taker(Memory memory) {
            this.memory = memory;
        }

        Pointer take(long n) {
            used += 8 * n;
            return n == 0 ? null : memory.share(used - 8 * n);
        }
    }

    /** Writes the value of a cell. */
    private static void write(Pointer values, long at, Object cell, byte[] text, Taker taker, int row) {
        int kind = cell == null ? C.MISSING : C.INTEGER;
        if (text != null) {
            Pointer start = taker.take(text.length / 8 + 1);
            start.write(0, text, 0, text.length);
            values.setPointer(at, start);
            values.setLong(at + 8, text.length);
            kind = C.TEXT;
        } else if (cell instanceof Boolean isTrue) {
            values.setLong(at + 24, isTrue ? 1 : 0);
            kind = C.BOOLEAN;
        } else if (cell instanceof Double || cell instanceof Float) {
            values.setDouble(at + 16, ((Number) cell).doubleValue());
            kind = C.DOUBLE;
        } else if (cell instanceof Long || cell instanceof Integer || cell instanceof Short || cell instanceof Byte) {
            values.setLong(at + 24, ((Number) cell).longValue());
        } else if (cell != null) {
            String message = "a cell is a text, a number, a Boolean or null, got " + cell.getClass().getName();
            throw new CmlpException("CMLP_ERROR_CELL", message, row, null, cell);
        }
        values.setInt(at + 32, kind);
    }

    /** Throws the library's sentence with what it is about. */
    private void check(
            int status, List<String> names, List<? extends List<?>> rows, C.Rows input, C.Answer answer, C.Run run) {
        if (status == 0) return;
        byte[] text = new byte[1000];
        int n = (int) C.cmlp_model_say(model.pointer, input, answer, status, run, text, text.length);
        String code = C.cmlp_status_name(status), column = null;
        int row = Math.max((int) run.badRow, 0), place = (int) run.badElement;
        if (run.badColumn >= 0) column = model.nameOf((int) run.badColumn);
        else if (code.equals("CMLP_ERROR_COLUMNS")) column = names.get(place);
        Object cell = run.badRow >= 0 && place >= 0 ? rows.get(row).get(place) : null;
        n = Math.min(n, text.length - 1); // a longer sentence is cut off
        throw new CmlpException(code, new String(text, 0, n, StandardCharsets.UTF_8), row, column, cell);
    }

    private Prediction prediction(C.Answer answer, int i) {
        int nIn = model.inputs(), nOut = model.outputs(), nSet = (int) model.info.nSet, kind = model.info.kind;
        int index = answer.classIndices.getInt(4L * i);
        List<Double> outputs = row(answer.outputs, i, nOut);
        List<String> labels = model.labels();
        boolean hasSeveral = kind == C.MULTILABEL, isNumber = nOut == 1 && labels.isEmpty();
        int[] set = answer.sets == null ? new int[0] : answer.sets.getIntArray(4L * i * nSet, nSet);
        List<List<Double>> intervals = rows(row(answer.intervals, i, (int) model.info.nEnds), 2);
        List<List<Integer>> sets = new ArrayList<>();
        for (int k = 0; hasSeveral && k < set.length; k += 2) {
            int at = k;
            sets.add(IntStream.range(0, 2).filter(outcome -> set[at + outcome] != 0).boxed().toList());
        }
        List<List<Double>> values = columns(row(answer.reasons, i, nIn * nOut), nOut);
        List<List<Double>> errors = columns(row(answer.reasonErrors, i, nIn * nOut), nOut);
        return new Prediction(
                index >= 0 && index < labels.size() ? labels.get(index) : null,
                chosen(j -> hasSeveral && outputs.get(j) > 0.5),
                index,
                isNumber ? outputs.get(0) : null,
                outputs,
                intervals,
                chosen(j -> !hasSeveral && set.length > 0 && set[j] != 0),
                sets,
                row(answer.outside, i, nIn),
                hasReasons ? new Reasons(Math.max(index, 0), row(answer.baseValues, 0, nOut), values, errors) : null);
    }

    private List<String> chosen(IntPredicate isIn) {
        return IntStream.range(0, model.labels().size()).filter(isIn).mapToObj(model.labels()::get).toList();
    }

    /** Returns a row of a matrix, empty if it was not asked for. */
    private static List<Double> row(Pointer matrix, int i, int width) {
        if (matrix == null) return List.of();
        return DoubleStream.of(matrix.getDoubleArray(8L * i * width, width)).boxed().toList();
    }

    private static List<List<Double>> rows(List<Double> matrix, int width) {
        return IntStream.range(0, matrix.size() / width).mapToObj(i -> matrix.subList(i * width, i * width + width)).toList();
    }

    private static List<List<Double>> columns(List<Double> matrix, int n) {
        int height = matrix.size() / n;
        return IntStream.range(0, n)
                .mapToObj(k -> IntStream.range(0, height).mapToObj(i -> matrix.get(i * n + k)).toList())
                .toList();
    }
}

package cmlp;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the methods that begin with test. CMLP_CASES is a folder of language_programs.py --write. */
public final class PredictorTest {
    private static final Path FOLDER = Path.of(System.getenv("CMLP_CASES"));
    private static final List<String> GOOD = List.of("1990-01-11", "0.0", "red");

    private record Case(
            String name,
            String label,
            double[] outputs,
            double[] ends,
            List<String> set,
            List<String> byClass,
            double[] outside,
            List<String> cells) {}

    public static void main(String[] arguments) throws Exception {
        int n = 0;
        for (Method test : PredictorTest.class.getDeclaredMethods()) {
            if (!test.getName().startsWith("test")) continue;
            try {
                test.invoke(new PredictorTest());
            } catch (InvocationTargetException e) {
                throw new AssertionError(test.getName(), e.getCause());
            }
            n++;
        }
        System.out.println(n + " passed, 0 failed");
    }

    private static List<Case> cases() throws IOException {
        List<Case> found = new ArrayList<>();
        for (String line : Files.readAllLines(FOLDER.resolve("cases.tsv"))) {
            String[] fields = line.split("\t", -1);
            List<String> set = words(fields[4]).toList(), byClass = words(fields[5]).toList();
            List<String> cells = List.of(fields).subList(7, fields.length);
            double[] outputs = numbers(fields[2]), ends = numbers(fields[3]), outside = numbers(fields[6]);
            found.add(new Case(fields[0], fields[1], outputs, ends, set, byClass, outside, cells));
        }
        return found;
    }

    private static List<Case> casesOf(String name) throws IOException {
        return cases().stream().filter(each -> each.name.equals(name)).toList();
    }

    private static Stream<String> words(String text) {
        return Arrays.stream(text.split(" ")).filter(word -> !word.isEmpty());
    }

    private static double[] numbers(String text) {
        return words(text).mapToDouble(Double::parseDouble).toArray();
    }

    private static Model load(String name) throws IOException {
        return Model.load(FOLDER.resolve(name));
    }

    private static void check(boolean isTrue, Object... shown) {
        if (!isTrue) throw new AssertionError(Arrays.deepToString(shown));
    }

    private static void checkCase(Prediction found, Case expected) {
        checkCase(found, expected, expected.set);
    }

    private static void checkCase(Prediction found, Case expected, List<String> expectedSet) {
        double[] ends = Arrays.stream(found.intervals()).flatMapToDouble(Arrays::stream).toArray();
        Stream<String> sets = found.sets().stream().map(set -> set.toString().replaceAll("[^01]", ""));
        List<String> set = Stream.concat(found.set().stream(), sets).toList();
        boolean isLabelled = !expected.label.isEmpty();
        check(
                (isLabelled ? expected.label.equals(found.label()) : found.label() == null)
                        && (isLabelled || expected.outputs.length > 1
                                ? found.value() == null
                                : found.value() == expected.outputs[0])
                        && Arrays.equals(found.outputs(), expected.outputs) // by bits
                        && Arrays.equals(ends, expected.ends)
                        && set.equals(expectedSet)
                        && Arrays.equals(found.outside(), expected.outside),
                expected, found, found.outputs(), ends);
    }

    void testRowsHavePythonsBits() throws IOException {
        for (Case each : cases()) {
            Model model = load(each.name);
            try (Predictor predictor = model.isTable() ? model.predictor(0.8) : model.predictor()) {
                List<String> cells = each.cells;
                checkCase(
                        model.isTable()
                                ? predictor.predict(
                                        Map.of("colour", cells.get(2), "size", cells.get(1), "day", cells.get(0)))
                                : predictor.predict(numbers(String.join(" ", cells))),
                        each);
                if (model.isTable() && cells.get(2).isEmpty()) { // the colour is missing
                    double day = LocalDate.parse(cells.get(0)).toEpochDay(), size = Double.parseDouble(cells.get(1));
                    checkCase(predictor.predict(new double[] {day, size, Double.NaN}), each);
                }
                if (!each.byClass.isEmpty()) {
                    try (Predictor byClass = model.predictor(0.8, true)) {
                        checkCase(byClass.predict(cells), each, each.byClass);
                    }
                }
                List<Case> own = casesOf(each.name);
                Stream<Case> copies = Collections.nCopies(50, own).stream().flatMap(List::stream);
                List<Prediction> many = predictor.predictMany(copies.map(Case::cells).toList());
                check(many.size() == 50 * own.size(), many);
                for (int i = 0; i < many.size(); i++) checkCase(many.get(i), own.get(i % own.size()));
            }
        }
    }

    void testReasonsHavePythonsBitsAndAddUp() throws IOException {
        for (String line : Files.readAllLines(FOLDER.resolve("reasons.tsv"))) {
            String[] fields = line.split("\t", -1);
            List<String> cells = List.of(fields).subList(6, fields.length);
            long evaluations = Long.parseLong(fields[1]);
            int seed = Integer.parseInt(fields[2]);
            try (Predictor predictor = load(fields[0]).predictor()) {
                Reasons found = predictor.reasons(
                        Map.of("colour", cells.get(2), "size", cells.get(1), "day", cells.get(0)), evaluations, seed);
                check(Arrays.equals(found.base(), numbers(fields[3])), line, found.base());
                check(Arrays.equals(joined(found.values()), numbers(fields[4])), line, found.values());
                check(Arrays.equals(joined(found.errors()), numbers(fields[5])), line, found.errors());
                if (evaluations == 0) check(Arrays.deepEquals(predictor.reasons(cells).values(), found.values()));
                Prediction predicted = predictor.predict(cells);
                check(found.output() == Math.max(predicted.index(), 0), line);
                for (int k = 0; k < predicted.outputs().length; k++) {
                    double output = predicted.outputs()[k];
                    double sum = found.base()[k] + Arrays.stream(found.values()[k]).sum();
                    check(Math.abs(sum - output) <= 1e-12 * Math.max(1, Math.abs(output)), sum, output);
                }
            }
        }
    }

    private static double[] joined(double[][] parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }

    void testEightThreadsShareAModelAndAPredictor() throws Exception {
        List<Case> own = casesOf("regressor.cmlp");
        Model model = load("regressor.cmlp");
        Predictor shared = model.predictor(0.8);
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Thread thread = new Thread(() -> {
                Predictor predictor = model.predictor(0.8);
                for (int j = 0; j < 200; j++) {
                    Case each = own.get(j % own.size());
                    checkCase(shared.predict(each.cells), each);
                    checkCase(predictor.predict(each.cells), each);
                }
            });
            thread.setUncaughtExceptionHandler((which, failure) -> failures.add(failure));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) thread.join();
        check(failures.isEmpty(), failures);
    }

    void testErrorsNameTheColumnAndTheCell() throws IOException {
        Predictor table = load("classifier.cmlp").predictor();
        Predictor network = load("float32.cmlp").predictor();
        Model model = load("float32.cmlp");
        checkRefused(
                () -> table.predict(Map.of("day", "", "size", "1")),
                null, 0, "colour", null, "the row has no column \"colour\"");
        checkRefused(
                () -> table.predict(Map.of("day", "", "size", "1", "colour", "", "shape", "1")),
                null, 0, "shape", null, "the model has no column \"shape\"");
        checkRefused(
                () -> table.predict(Map.of("day", "", "size", "large", "colour", "")),
                "CMLP_ERROR_CELL", 0, "size", "large", "column \"size\" cannot hold \"large\": ");
        checkRefused(() -> table.predict(List.of("1")), null, 0, null, null, "a row has 3 cells, got 1");
        checkRefused(() -> table.predict(new double[4]), null, 0, null, null, "a row has 3 cells, got 4");
        checkRefused(
                () -> table.predict(new double[] {1, Double.POSITIVE_INFINITY, 3}),
                "CMLP_ERROR_INPUT", 0, "size", "Infinity", "column \"size\" cannot hold \"Infinity\": ");
        checkRefused(
                () -> table.predictMany(List.of(GOOD, GOOD, List.of("", "large", ""))),
                "CMLP_ERROR_CELL", 2, "size", "large", "column \"size\" cannot hold \"large\": ");
        checkRefused(
                () -> network.predict(Map.of("a", "1")),
                null, 0, null, null, "the model has no names of columns: pass a row in order");
        for (String cell : List.of("", "NaN", "1d", "0x1p3", "one"))
            checkRefused(
                    () -> network.predict(List.of("1", cell, "3", "4")),
                    null, 0, "1", cell, "column \"1\" cannot hold \"" + cell + "\": this is no number");
        checkRefused(
                () -> model.predictor(0.8).predict(List.of("1", "2", "3", "4")),
                "CMLP_ERROR_MODEL_KIND", 0, null, null, "");
        checkRefused(
                () -> model.predictor(1.5), null, 0, null, null, "coverage must be above 0 and below 1, got 1.5");
        checkRefused(
                () -> table.reasons(GOOD, 5, 0),
                "CMLP_ERROR_OPTION", 0, null, null, "evaluations must be 0 or at least 6, got 5");
        checkRefused(
                () -> table.reasons(List.of("", "large", "")),
                "CMLP_ERROR_CELL", 0, "size", "large", "column \"size\" cannot hold \"large\": ");
        Predictor targets = load("targets.cmlp").predictor();
        checkRefused(
                () -> targets.reasons(GOOD),
                "CMLP_ERROR_NOT_FOUND", 0, null, null, "the model has no rows to compare with: keep_background");
        checkRefused(() -> network.reasons(new double[4]), "CMLP_ERROR_MODEL_KIND", 0, null, null, "");
        check(table.predict(GOOD).label() != null && table.predictMany(List.of()).isEmpty());
    }

    private static void checkRefused(Runnable call, String code, int row, String column, String cell, String starts) {
        try {
            call.run();
        } catch (CmlpException e) {
            List<Object> expected = Arrays.asList(code, row, column, cell);
            check(
                    expected.equals(Arrays.asList(e.code(), e.row(), e.column(), e.cell()))
                            && e.getMessage().startsWith(starts),
                    expected, e.code(), e.row(), e.column(), e.cell(), e.getMessage());
            return;
        }
        throw new AssertionError("not refused: " + starts);
    }

    void testNullIsMissing() throws IOException {
        Predictor predictor = load("regressor.cmlp").predictor();
        double[] empty = predictor.predict(List.of("", "", "")).outputs();
        check(Arrays.equals(predictor.predict(Arrays.asList(null, null, null)).outputs(), empty));
    }

    void testNamesLabelsAndCategories() throws IOException {
        Model model = load("classifier.cmlp");
        List<Column> columns = model.columns();
        check(columns.stream().map(Column::name).toList().equals(List.of("day", "size", "colour")), columns);
        check(columns.get(0).unit().equals("days since 1970-01-01"), columns);
        check(columns.get(2).categories().containsAll(List.of("red", "grün", "1", "")), columns);
        check(model.labels().equals(List.of("maybe", "no", "yes")), model.labels());
        check(model.isTable() && model.inputs() == 3 && model.outputs() == 3);
        check(load("float32.cmlp").columns().isEmpty());
    }

    void testClosedPredictorRefusesEveryCall() throws IOException {
        Model model = load("regressor.cmlp");
        Predictor predictor = model.predictor();
        predictor.close();
        for (Runnable call : List.<Runnable>of(
                () -> predictor.predict(GOOD),
                () -> predictor.predict(new double[3]),
                () -> predictor.reasons(GOOD),
                predictor::close)) {
            try {
                call.run();
            } catch (IllegalStateException e) {
                check(e.getMessage().equals("the predictor is closed"), e);
                continue;
            }
            throw new AssertionError("not refused");
        }
        model.predictor().predict(GOOD);
    }

    void testDamagedFilesAreErrors() throws IOException {
        byte[] content = Files.readAllBytes(FOLDER.resolve("regressor.cmlp"));
        for (int size : new int[] {0, 1, 7, 100, content.length - 1})
            checkDamaged(Arrays.copyOf(content, size), "CMLP_ERROR_FILE_SHORT");
        for (int i = 0; i < content.length; i += 97) {
            content[i] ^= 0x41;
            checkDamaged(content, "CMLP_ERROR_FILE_");
            content[i] ^= 0x41;
        }
        new Model(content).predictor().predict(GOOD);
        try {
            load("no such file");
        } catch (NoSuchFileException e) {
            return;
        }
        throw new AssertionError("not refused");
    }

    private static void checkDamaged(byte[] content, String code) {
        try {
            new Model(content);
        } catch (CmlpException e) {
            check(e.code().startsWith(code), e.code());
            return;
        }
        throw new AssertionError("not refused: " + code);
    }
}

package cmlp;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the methods that begin with test. CMLP_CASES is a folder of language_programs.py --write. */
public final class PredictorTest {
    private static final Path FOLDER = Path.of(System.getenv("CMLP_CASES"));
    private static final List<String> NAMES = List.of("day", "size", "colour");
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
        for (String[] fields : lines("cases.tsv")) {
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

    private static List<String[]> lines(String name) throws IOException {
        return Files.readAllLines(FOLDER.resolve(name)).stream().map(line -> line.split("\t", -1)).toList();
    }

    private static Map<String, String> named(List<String> names, List<String> cells) {
        Map<String, String> row = new LinkedHashMap<>();
        for (int i = names.size(); i-- > 0; ) row.put(names.get(i), cells.get(i));
        return row;
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
        double[] ends = joined(found.intervals());
        Stream<String> sets = found.sets().stream().map(set -> set.toString().replaceAll("[^01]", ""));
        List<String> set = Stream.concat(found.set().stream(), sets).toList();
        boolean isLabelled = !expected.label.isEmpty();
        check(
                (isLabelled ? expected.label.equals(found.label()) : found.label() == null)
                        && (isLabelled || expected.outputs.length > 1
                                ? found.value() == null
                                : found.value() == expected.outputs[0])
                        && Arrays.equals(array(found.outputs()), expected.outputs) // by bits
                        && Arrays.equals(ends, expected.ends)
                        && set.equals(expectedSet)
                        && Arrays.equals(array(found.outside()), expected.outside),
                expected, found);
    }

    void testRowsHavePythonsBits() throws IOException {
        for (String name : cases().stream().map(Case::name).distinct().toList()) {
            Model model = load(name);
            Predictor predictor = model.isTable() ? model.predictor().coverage(0.8) : model.predictor();
            List<Case> own = casesOf(name);
            List<Prediction> many = predictor.predictMany(own.stream().map(Case::cells).toList());
            for (int i = 0; i < own.size(); i++) {
                Case each = own.get(i);
                checkCase(many.get(i), each);
                checkCase(predictor.predict(each.cells), each);
                if (model.isTable()) checkCase(predictor.predict(named(NAMES, each.cells)), each);
                if (!each.byClass.isEmpty())
                    checkCase(predictor.byClass(true).predict(each.cells), each, each.byClass);
            }
        }
    }

    void testValuesAreCellsAndNullAndNaNAreMissing() throws IOException {
        Predictor predictor = load("classifier.cmlp").predictor();
        for (List<List<?>> pair : List.<List<List<?>>>of(
                List.of(List.of("1990-01-11", 0.5, 1), List.of("1990-01-11", "0.5", "1")),
                List.of(List.of(7315, 1L, true), List.of("1990-01-11", "1", "1")),
                List.of(Arrays.asList(7315.0, null, null), List.of("1990-01-11", "", "")),
                List.of(List.of(7315.0f, Double.NaN, Double.NaN), List.of("1990-01-11", "", "")))) {
            Prediction values = predictor.predict(pair.get(0)), texts = predictor.predict(pair.get(1));
            check(values.outputs().equals(texts.outputs()), pair, values, texts);
        }
        checkRefused(
                () -> predictor.predict(List.of("", new int[1], "")),
                "CMLP_ERROR_CELL", 0, null, "", "a cell is a text, a number, a Boolean or null, got [I");
    }

    void testReasonsHavePythonsBitsAndAddUp() throws IOException {
        for (String[] fields : lines("reasons.tsv")) {
            List<String> cells = List.of(fields).subList(6, fields.length);
            Predictor predictor = load(fields[0])
                    .predictor()
                    .reasons(Long.parseLong(fields[1]), Integer.parseInt(fields[2]));
            Prediction predicted = predictor.predict(named(NAMES, cells));
            Reasons found = predicted.reasons();
            check(Arrays.equals(array(found.base()), numbers(fields[3])), fields, found);
            check(Arrays.equals(joined(found.values()), numbers(fields[4])), fields, found);
            check(Arrays.equals(joined(found.errors()), numbers(fields[5])), fields, found);
            check(found.output() == Math.max(predicted.index(), 0), found);
            for (int k = 0; k < predicted.outputs().size(); k++) {
                double output = predicted.outputs().get(k);
                double sum = found.base().get(k) + Arrays.stream(array(found.values().get(k))).sum();
                check(Math.abs(sum - output) <= 1e-12 * Math.max(1, Math.abs(output)), sum, output);
            }
        }
    }

    private static double[] array(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double[] joined(List<List<Double>> parts) {
        return array(parts.stream().flatMap(List::stream).toList());
    }

    void testPredictionPrintsTheAnswer() throws IOException {
        String text = load("regressor.cmlp").predictor().coverage(0.8).predict(GOOD).toString();
        check(text.matches("Prediction\\[label=null, labels=\\[], index=-1, value=(.*), outputs=\\[\\1], "
                + "intervals=\\[\\[.*, .*]], set=\\[], sets=\\[], outside=\\[0.0, 0.0, 0.0], reasons=null]"), text);
    }

    void testEightThreadsShareAModelAndAPredictor() throws Exception {
        List<Case> own = casesOf("regressor.cmlp");
        Model model = load("regressor.cmlp");
        Predictor shared = model.predictor().coverage(0.8);
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Thread thread = new Thread(() -> {
                Predictor predictor = model.predictor().coverage(0.8);
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
        for (String[] fields : lines("refused.tsv")) {
            List<String> option = words(fields[1]).toList(), names = words(fields[2]).toList();
            List<String> cells = List.of(fields).subList(7, fields.length);
            Predictor plain = load(fields[0]).predictor();
            Predictor predictor = option.isEmpty() ? plain
                    : option.get(0).equals("coverage") ? plain.coverage(Double.parseDouble(option.get(1)))
                    : plain.reasons(Long.parseLong(option.get(1)), 0);
            checkRefused(
                    () -> {
                        if (names.isEmpty()) predictor.predict(cells);
                        else predictor.predict(named(names, cells));
                    },
                    fields[3], 0, fields[4].isEmpty() ? null : fields[4], fields[5], fields[6]);
        }
        Predictor table = load("classifier.cmlp").predictor();
        checkRefused(
                () -> table.predict(List.of(1, Double.POSITIVE_INFINITY, 3)),
                "CMLP_ERROR_INPUT", 0, "size", "", "column \"size\" cannot hold infinity: ");
        checkRefused(
                () -> table.predictMany(List.of(GOOD, GOOD, List.of("", "large", ""))),
                "CMLP_ERROR_CELL", 2, "size", "large", "row 2: column \"size\" cannot hold \"large\": ");
        checkRefused(
                () -> table.predictMany(List.of(GOOD, GOOD.subList(0, 2))),
                "CMLP_ERROR_ROWS", 1, null, "", "row 1 has 2 cells, row 0 has 3");
        check(table.predict(GOOD).label() != null && table.predictMany(List.of()).isEmpty());
    }

    private static void checkRefused(Runnable call, String code, int row, String column, String cell, String starts) {
        try {
            call.run();
        } catch (CmlpException e) {
            List<Object> expected = Arrays.asList(code, row, column);
            check(
                    expected.equals(Arrays.asList(e.code(), e.row(), e.column()))
                            && (cell.isEmpty() || cell.equals(e.cell()))
                            && e.getMessage().startsWith(starts),
                    expected, e.code(), e.row(), e.column(), e.cell(), e.getMessage());
            return;
        }
        throw new AssertionError("not refused: " + starts);
    }

    void testNamesLabelsAndCategories() throws IOException {
        Model model = load("classifier.cmlp");
        List<Column> columns = model.columns();
        check(columns.stream().map(Column::name).toList().equals(List.of("day", "size", "colour")), columns);
        check(columns.get(0).unit().equals("days since 1970-01-01"), columns);
        check(columns.get(2).categories().containsAll(Arrays.asList("red", "grün", 1L, null)), columns);
        check(model.labels().equals(List.of("maybe", "no", "yes")), model.labels());
        check(model.isTable() && model.inputs() == 3 && model.outputs() == 3);
        check(load("float32.cmlp").columns().isEmpty());
    }

    void testDamagedFilesAreErrors() throws IOException {
        for (String[] fields : lines("damaged.tsv")) {
            byte[] content = Files.readAllBytes(FOLDER.resolve(fields[0]));
            int place = Integer.parseInt(fields[2]);
            if (place >= 0) content[place] ^= (byte) 0xff;
            checkDamaged(Arrays.copyOf(content, Integer.parseInt(fields[1])), fields[3]);
        }
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

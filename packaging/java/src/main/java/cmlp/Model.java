package cmlp;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A trained model in memory. It is immutable, and any number of threads share it. */
public final class Model {
    final C.Info info = new C.Info();
    final Pointer pointer; // into `memory`, which points into `file`: JNA releases both when nothing refers to them
    private final Memory file;
    private final Memory memory;
    private final List<Column> columns;
    private final List<String> labels;

    /**
     * Makes a model of the bytes of a model file, which are copied. They may come from anywhere: other bytes are an
     * error.
     */
    public Model(byte[] content) {
        file = new Memory(Math.max(content.length, 1));
        file.write(0, content, 0, content.length);
        C.check(C.cmlp_model_describe(file, content.length, info, null));
        // The head promises the other sizes: do not allocate them for a file that is cut off.
        if (Long.compareUnsigned(content.length, info.fileSize) < 0) C.check(C.FILE_SHORT);
        memory = new Memory(info.modelSize);
        PointerByReference model = new PointerByReference();
        try (Memory workspace = new Memory(info.workspaceSize + 1)) {
            C.Run run = new C.Run();
            run.workspace = workspace;
            run.workspaceSize = info.workspaceSize;
            C.check(C.cmlp_model_init(memory, info.modelSize, file, content.length, null, model, run));
        }
        pointer = model.getValue();
        columns = isTable() ? describeColumns() : List.of();
        labels = describeLabels();
        Reference.reachabilityFence(this);
    }

    /** Reads a model file. */
    public static Model load(Path path) throws IOException {
        return new Model(Files.readAllBytes(path));
    }

    /** Returns what predicts with the model. */
    public Predictor predictor() {
        return new Predictor(this, 0, false, false, 0, 0);
    }

    /** Returns the columns of a table; none of a network. */
    public List<Column> columns() {
        return columns;
    }

    /** Returns the labels of a classifier, numbers as Python prints them; none of other models. */
    public List<String> labels() {
        return labels;
    }

    /** Says whether the model is that of a table. */
    public boolean isTable() {
        return info.nNets > 0;
    }

    /** Returns the number of cells of a row. */
    public int inputs() {
        return (int) info.nIn;
    }

    /** Returns the number of outputs of a prediction. */
    public int outputs() {
        return (int) info.nOut;
    }

    /** Returns the name of a column, or its place if it has none. */
    String nameOf(int column) {
        String name = column < columns.size() ? columns.get(column).name() : "";
        return name.isEmpty() ? Integer.toString(column) : name;
    }

    private List<Column> describeColumns() {
        List<Column> found = new ArrayList<>();
        for (int i = 0; i < inputs(); i++) {
            C.ColumnInfo column = new C.ColumnInfo();
            C.check(C.cmlp_model_describe_column(pointer, i, column, null));
            List<Object> categories = new ArrayList<>();
            for (long code = 0; code < column.nCategories; code++) {
                C.Value value = new C.Value();
                C.check(C.cmlp_model_find_category(pointer, i, code, value, null));
                categories.add(C.value(value));
            }
            String name = C.text(column.name, column.nName);
            found.add(new Column(name, C.text(column.unit, column.nUnit), Collections.unmodifiableList(categories)));
        }
        return List.copyOf(found);
    }

    private List<String> describeLabels() {
        List<String> found = new ArrayList<>();
        for (int i = 0; i < info.nLabels; i++) {
            C.Value value = new C.Value();
            C.check(C.cmlp_model_find_label(pointer, i, value, null));
            found.add(C.text(value.text, value.nText));
        }
        return List.copyOf(found);
    }
}

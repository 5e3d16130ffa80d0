// Predicts a row with a model file, by JNA on a 64-bit system:
//     javac -cp jna.jar Predict.java
//     java -Djna.library.path=<folder of libcmlp.so> -cp jna.jar:. Predict MODEL CELL...
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.DoubleByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

public class Predict {
    @Structure.FieldOrder({
        "structSize", "modelSize", "workspaceSize", "headSize", "fileSize", "errorAt", "nIn", "nOut", "nLabels",
        "nNets", "dtype", "kind", "nTargets"
    })
    public static class Info extends Structure {
        public long structSize, modelSize, workspaceSize, headSize, fileSize, errorAt;
        public long nIn, nOut, nLabels, nNets;
        public int dtype, kind;
        public long nTargets;
    }

    @Structure.FieldOrder({
        "structSize", "outputs", "nOutputs", "classIndices", "nClassIndices", "activations", "nActivations", "sums", "nSums"
    })
    public static class Prediction extends Structure {
        public long structSize, nOutputs, nClassIndices, nActivations, nSums;
        public Pointer outputs, classIndices, activations, sums;
    }

    @Structure.FieldOrder({
        "structSize", "workspace", "workspaceSize", "poll", "pollContext", "refused", "badRow", "badElement",
        "badColumn", "nThreads", "reserved"
    })
    public static class Run extends Structure {
        public long structSize, workspaceSize, badRow, badElement, badColumn;
        public Pointer workspace, poll, pollContext, refused;
        public int nThreads, reserved;
    }

    public interface Cmlp extends Library {
        String cmlp_status_string(int status);

        int cmlp_model_describe(Pointer file, long fileSize, Info info, Run run);

        int cmlp_model_init(
                Pointer memory, long memorySize, Pointer file, long fileSize, Pointer options, PointerByReference model,
                Run run);

        void cmlp_rows_init(Pointer rows, long structSize, Pointer data, int dtype, long nRows, long nCols);

        int cmlp_model_predict(Pointer model, Pointer rows, Prediction prediction, Run run);

        int cmlp_model_read_cell(
                Pointer model, long column, byte[] text, long n, DoubleByReference number, Run run);
    }

    static final Cmlp CMLP = Native.load("cmlp", Cmlp.class);

    static void check(int status) {
        if (status != 0) throw new IllegalArgumentException(CMLP.cmlp_status_string(status));
    }

    /** Returns a number, the days of a date or the code of a category of a table. */
    static double numberOfCell(Pointer model, int column, String cell) {
        byte[] text = cell.getBytes(StandardCharsets.UTF_8);
        DoubleByReference number = new DoubleByReference();
        check(CMLP.cmlp_model_read_cell(model, column, text, text.length, number, null));
        return number.getValue();
    }

    public static void main(String[] arguments) throws Exception {
        byte[] bytes = Files.readAllBytes(Path.of(arguments[0]));
        String[] cells = Arrays.copyOfRange(arguments, 1, arguments.length);

        // The model points into both blocks. JNA releases a block when nothing refers to it.
        Memory file = new Memory(Math.max(bytes.length, 1));
        file.write(0, bytes, 0, bytes.length);
        Info info = new Info();
        info.structSize = info.size();
        Run run = new Run();
        run.structSize = run.size();
        check(CMLP.cmlp_model_describe(file, bytes.length, info, run));
        Memory memory = new Memory(info.modelSize);
        Memory workspace = new Memory(info.workspaceSize);
        run.workspace = workspace;
        run.workspaceSize = info.workspaceSize;
        PointerByReference address = new PointerByReference();
        check(CMLP.cmlp_model_init(memory, info.modelSize, file, bytes.length, null, address, run));
        Pointer model = address.getValue();

        double[] row = new double[cells.length];
        for (int i = 0; i < row.length; i++)
            row[i] = info.nNets > 0 ? numberOfCell(model, i, cells[i]) : Double.parseDouble(cells[i]);
        double[] outputs = new double[(int) info.nOut];
        boolean isDouble = info.dtype == 2; // CMLP_FLOAT64
        int element = isDouble ? 8 : 4;
        Memory data = new Memory((long) row.length * element), results = new Memory((long) outputs.length * element);
        Memory answer = new Memory(4), rows = new Memory(128); // cmlp_rows
        for (int i = 0; i < row.length; i++)
            if (isDouble) data.setDouble(8L * i, row[i]);
            else data.setFloat(4L * i, (float) row[i]);
        CMLP.cmlp_rows_init(rows, rows.size(), data, info.dtype, 1, row.length);
        Prediction prediction = new Prediction();
        prediction.structSize = prediction.size();
        prediction.outputs = results;
        prediction.nOutputs = outputs.length;
        prediction.classIndices = answer;
        prediction.nClassIndices = 1;
        check(CMLP.cmlp_model_predict(model, rows, prediction, run));
        for (int i = 0; i < outputs.length; i++)
            outputs[i] = isDouble ? results.getDouble(8L * i) : results.getFloat(4L * i);
        StringBuilder line = new StringBuilder().append(answer.getInt(0));
        for (double output : outputs) line.append(' ').append(output);
        System.out.println(line);
        java.lang.ref.Reference.reachabilityFence(workspace);
        java.lang.ref.Reference.reachabilityFence(file);
        java.lang.ref.Reference.reachabilityFence(memory);
    }
}

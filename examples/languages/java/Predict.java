// Predicts a row with a model file, by JNA on a 64-bit system:
//     javac -cp jna.jar Predict.java
//     java -Djna.library.path=<folder of libcmlp.so> -cp jna.jar:. Predict MODEL CELL...
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.DoubleByReference;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

public class Predict {
    @Structure.FieldOrder({
        "structSize", "modelSize", "workspaceSize", "headSize", "fileSize", "errorAt", "nInputs", "nOutputs",
        "inputScale", "nNets", "dtype", "reserved"
    })
    public static class Info extends Structure {
        public long structSize, modelSize, workspaceSize, headSize, fileSize, errorAt, nInputs, nOutputs;
        public double inputScale;
        public long nNets;
        public int dtype, reserved;
    }

    public interface Cmlp extends Library {
        String cmlp_status_string(int status);

        int cmlp_model_size(Pointer file, long n, Info info);

        int cmlp_model_init(
                Pointer memory, long memorySize, Pointer file, long n, int flags, Pointer workspace,
                long workspaceSize, PointerByReference model);

        int cmlp_model_predict_f32(
                Pointer model, float[] row, long n, IntByReference label, float[] outputs, long nOutputs,
                Pointer workspace, long workspaceSize);

        int cmlp_model_predict_f64(
                Pointer model, double[] row, long n, IntByReference label, double[] outputs, long nOutputs,
                Pointer workspace, long workspaceSize);

        int cmlp_table_code_of_cell(
                Pointer model, long column, byte[] text, long n, DoubleByReference number);
    }

    static final Cmlp CMLP = Native.load("cmlp", Cmlp.class);

    static void check(int status) {
        if (status != 0) throw new IllegalArgumentException(CMLP.cmlp_status_string(status));
    }

    /** Returns a number, the days of a date or the code of a category of a table. */
    static double numberOfCell(Pointer model, int column, String cell) {
        byte[] text = cell.getBytes(StandardCharsets.UTF_8);
        DoubleByReference number = new DoubleByReference();
        check(CMLP.cmlp_table_code_of_cell(model, column, text, text.length, number));
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
        check(CMLP.cmlp_model_size(file, bytes.length, info));
        Memory memory = new Memory(info.modelSize);
        Memory workspace = new Memory(info.workspaceSize);
        PointerByReference address = new PointerByReference();
        check(CMLP.cmlp_model_init(
                memory, info.modelSize, file, bytes.length, 0, workspace, info.workspaceSize, address));
        Pointer model = address.getValue();

        double[] row = new double[cells.length];
        for (int i = 0; i < row.length; i++)
            row[i] = info.nNets > 0 ? numberOfCell(model, i, cells[i]) : Double.parseDouble(cells[i]);
        IntByReference label = new IntByReference();
        double[] outputs = new double[(int) info.nOutputs];
        if (info.dtype == 2) { // CMLP_FLOAT64
            check(CMLP.cmlp_model_predict_f64(
                    model, row, row.length, label, outputs, outputs.length, workspace, info.workspaceSize));
        } else {
            float[] narrow = new float[row.length];
            for (int i = 0; i < row.length; i++) narrow[i] = (float) row[i];
            float[] floats = new float[outputs.length];
            check(CMLP.cmlp_model_predict_f32(
                    model, narrow, narrow.length, label, floats, floats.length, workspace, info.workspaceSize));
            for (int i = 0; i < floats.length; i++) outputs[i] = floats[i];
        }
        StringBuilder line = new StringBuilder().append(label.getValue());
        for (double output : outputs) line.append(' ').append(output);
        System.out.println(line);
        java.lang.ref.Reference.reachabilityFence(file);
        java.lang.ref.Reference.reachabilityFence(memory);
    }
}

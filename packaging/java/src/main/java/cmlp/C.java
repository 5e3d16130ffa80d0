package cmlp;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;

/** The functions and structs of the C library that the package needs, on a 64-bit system. */
final class C {
    static {
        Native.register(C.class, "cmlp");
    }

    static final int FLOAT64 = 2; // CMLP_FLOAT64
    static final int ROWS_SIZE = 144; // bytes of cmlp_rows
    static final int CLASSIFIER = 3, MULTILABEL = 4, ORDERED = 5; // CMLP_MODEL_...
    static final int DOUBLE = 2, INTEGER = 3, BOOLEAN = 4; // CMLP_VALUE_...
    static final int OPTION = 23, NOT_FOUND = 25, FILE_SHORT = 96; // CMLP_ERROR_...

    private C() {}

    @Structure.FieldOrder({
        "structSize", "modelSize", "workspaceSize", "answerSize", "headSize", "fileSize", "errorAt", "nIn", "nOut",
        "nLabels", "nNets", "dtype", "kind", "nTargets", "nEnds", "nSet"
    })
    public static class Info extends Structure {
        public long structSize = size(), modelSize, workspaceSize, answerSize, headSize, fileSize, errorAt;
        public long nIn, nOut, nLabels, nNets;
        public int dtype, kind;
        public long nTargets, nEnds, nSet;
    }

    @Structure.FieldOrder({
        "structSize", "outputs", "nOutputs", "classIndices", "nClassIndices", "activations", "nActivations", "sums",
        "nSums"
    })
    public static class Prediction extends Structure {
        public long structSize = size(), nOutputs, nClassIndices, nActivations, nSums;
        public Pointer outputs, classIndices, activations, sums;
    }

    @Structure.FieldOrder({
        "structSize", "workspace", "workspaceSize", "poll", "pollContext", "refused", "badRow", "badElement",
        "badColumn", "nThreads", "reserved"
    })
    public static class Run extends Structure {
        public long structSize = size(), workspaceSize, badRow, badElement, badColumn;
        public Pointer workspace, poll, pollContext, refused;
        public int nThreads, reserved;
    }

    @Structure.FieldOrder({
        "structSize", "name", "nName", "unit", "nUnit", "format", "nFormat", "nCategories", "unknownCode", "kind",
        "role"
    })
    public static class ColumnInfo extends Structure {
        public long structSize = size(), nName, nUnit, nFormat, nCategories;
        public Pointer name, unit, format;
        public double unknownCode;
        public int kind, role;
    }

    @Structure.FieldOrder({"structSize", "outputs", "nOutputs", "target", "coverage", "byClass", "reserved"})
    public static class Query extends Structure {
        public long structSize = size(), nOutputs, target;
        public Pointer outputs;
        public double coverage;
        public int byClass, reserved;
    }

    @Structure.FieldOrder({
        "structSize", "background", "nEvaluations", "values", "nValues", "errors", "nErrors", "baseValues",
        "nBaseValues", "seed", "isExact"
    })
    public static class Explanation extends Structure {
        public long structSize = size(), nEvaluations, nValues, nErrors, nBaseValues;
        public Pointer background, values, errors, baseValues;
        public int seed, isExact;
    }

    @Structure.FieldOrder({"text", "nText", "number", "integer", "kind", "padding", "reserved"})
    public static class Value extends Structure {
        public Pointer text;
        public long nText, integer, reserved;
        public double number;
        public int kind, padding;
    }

    static native String cmlp_status_name(int status);

    static native String cmlp_status_string(int status);

    static native int cmlp_model_describe(Pointer file, long fileSize, Info info, Run run);

    static native int cmlp_model_init(
            Pointer memory, long memorySize, Pointer file, long fileSize, Pointer options, PointerByReference model,
            Run run);

    static native int cmlp_model_find_label(Pointer model, int index, Value value, Run run);

    static native int cmlp_model_describe_column(Pointer model, long column, ColumnInfo info, Run run);

    static native int cmlp_model_find_category(Pointer model, long column, long code, Value value, Run run);

    static native int cmlp_model_read_cell(
            Pointer model, long column, byte[] text, long n, double[] number, Run run);

    static native void cmlp_rows_init(
            Pointer rows, long structSize, Pointer data, int dtype, long nRows, long nColumns);

    static native int cmlp_model_workspace_size(Pointer model, Pointer rows, LongByReference bytes, Run run);

    static native int cmlp_model_predict(Pointer model, Pointer rows, Prediction prediction, Run run);

    static native int cmlp_model_outside(Pointer model, Pointer row, long nRow, double[] distances, long n, Run run);

    static native int cmlp_model_find_set(Pointer model, Query query, int[] isInSet, long n, Run run);

    static native int cmlp_model_interval(Pointer model, Query query, double[] low, double[] high, Run run);

    static native int cmlp_model_explain_workspace_size(
            Pointer model, Explanation explanation, LongByReference bytes, Run run);

    static native int cmlp_model_explain(Pointer model, Pointer row, long nRow, Explanation explanation, Run run);

    static void check(int status) {
        if (status != 0) throw new CmlpException(cmlp_status_name(status), cmlp_status_string(status));
    }

    static String text(Pointer start, long n) {
        return start == null ? "" : new String(start.getByteArray(0, (int) n), StandardCharsets.UTF_8);
    }

    static String text(Value value) {
        return switch (value.kind) {
            case DOUBLE -> Double.toString(value.number);
            case INTEGER -> Long.toString(value.integer);
            case BOOLEAN -> value.integer != 0 ? "True" : "False";
            default -> text(value.text, value.nText);
        };
    }
}

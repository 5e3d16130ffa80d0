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

    static final int CELLS = 3; // CMLP_ROWS_CELLS
    static final int REGRESSOR = 2, MULTILABEL = 4; // CMLP_MODEL_...
    static final int MISSING = 0, TEXT = 1, DOUBLE = 2, INTEGER = 3, BOOLEAN = 4; // CMLP_VALUE_...
    static final int FILE_SHORT = 96; // CMLP_ERROR_FILE_SHORT

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
        "structSize", "data", "nRows", "nColumns", "rowStride", "columnStride", "scale", "order", "nOrder", "indptr",
        "indices", "nValues", "kind", "dtype", "indexDtype", "reserved", "shifts", "factors", "names", "nNames"
    })
    public static class Rows extends Structure {
        public long structSize = size(), nRows, nColumns, rowStride, columnStride, nOrder, nValues, nNames;
        public Pointer data, order, indptr, indices, shifts, factors, names;
        public double scale;
        public int kind, dtype, indexDtype, reserved;
    }

    @Structure.FieldOrder({
        "structSize", "labels", "nLabels", "classIndices", "nClassIndices", "outputs", "nOutputs", "coverage",
        "intervals", "nIntervals", "sets", "nSets", "outside", "nOutside", "states", "nStates", "numbers", "nNumbers",
        "reasons", "nReasons", "reasonErrors", "nReasonErrors", "baseValues", "nBaseValues", "background",
        "nEvaluations", "seed", "isExact", "byClass", "reserved"
    })
    public static class Answer extends Structure {
        public long structSize = size(), nLabels, nClassIndices, nOutputs, nIntervals, nSets, nOutside, nStates, nNumbers;
        public long nReasons, nReasonErrors, nBaseValues, nEvaluations;
        public Pointer labels, classIndices, outputs, intervals, sets, outside, states, numbers;
        public Pointer reasons, reasonErrors, baseValues, background;
        public double coverage;
        public int seed, isExact, byClass, reserved;
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

    static native int cmlp_model_answer_size(Pointer model, Rows rows, Answer answer, LongByReference bytes, Run run);

    static native int cmlp_model_answer(Pointer model, Rows rows, Answer answer, Run run);

    static native long cmlp_model_say(
            Pointer model, Rows rows, Answer answer, int status, Run run, byte[] text, long nText);

    static void check(int status) {
        if (status == 0) return;
        throw new CmlpException(cmlp_status_name(status), cmlp_status_string(status), 0, null, null);
    }

    static String text(Pointer start, long n) {
        return start == null ? "" : new String(start.getByteArray(0, (int) n), StandardCharsets.UTF_8);
    }

    /** Returns null, a text, a number or a Boolean; of an integer that no long holds its text. */
    static Object value(Value value) {
        return switch (value.kind) {
            case MISSING -> null;
            case DOUBLE -> (Object) value.number;
            case INTEGER -> (Object) value.integer;
            case BOOLEAN -> (Object) (value.integer != 0);
            default -> text(value.text, value.nText);
        };
    }
}

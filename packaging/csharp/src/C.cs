using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Cmlp
{
    /// <summary>Memory of C, which the garbage collector does not move.</summary>
    sealed class Block : SafeHandle
    {
        internal readonly long Size;

        internal Block(long size) : base(IntPtr.Zero, true)
        {
            Size = Math.Max(size, 1);
            SetHandle(Marshal.AllocHGlobal((IntPtr)Size));
        }

        public override bool IsInvalid => handle == IntPtr.Zero;

        internal IntPtr At(long offset) => (IntPtr)((long)handle + offset);

        protected override bool ReleaseHandle()
        {
            Marshal.FreeHGlobal(handle);
            return true;
        }
    }

    /// <summary>The functions and structs of the C library that the package needs.</summary>
    static class C
    {
        internal const int Float64 = 2; // CMLP_FLOAT64
        internal const int RowsSize = 144; // at least the bytes of cmlp_rows
        internal const int Classifier = 3, Multilabel = 4, Ordered = 5; // CMLP_MODEL_...
        internal const int Double = 2, Integer = 3, Boolean = 4; // CMLP_VALUE_...
        internal const int Option = 23, NotFound = 25, FileShort = 96; // CMLP_ERROR_...

        internal struct Info
        {
            public UIntPtr StructSize, ModelSize, WorkspaceSize, AnswerSize;
            public ulong HeadSize, FileSize, ErrorAt;
            public long NIn, NOut, NLabels, NNets;
            public int Dtype, Kind;
            public long NTargets, NEnds, NSet;
        }

        internal struct Prediction
        {
            public UIntPtr StructSize;
            public IntPtr Outputs;
            public long NOutputs;
            public IntPtr ClassIndices;
            public long NClassIndices;
            public IntPtr Activations;
            public long NActivations;
            public IntPtr Sums;
            public long NSums;
        }

        internal struct Run
        {
            public UIntPtr StructSize;
            public IntPtr Workspace;
            public UIntPtr WorkspaceSize;
            public IntPtr Poll, PollContext, Refused;
            public long BadRow, BadElement, BadColumn;
            public int NThreads, Reserved;
        }

        internal struct ColumnInfo
        {
            public UIntPtr StructSize;
            public IntPtr Name;
            public long NName;
            public IntPtr Unit;
            public long NUnit;
            public IntPtr Format;
            public long NFormat, NCategories;
            public double UnknownCode;
            public int Kind, Role;
        }

        internal struct Query
        {
            public UIntPtr StructSize;
            public IntPtr Outputs;
            public long NOutputs, Target;
            public double Coverage;
            public int ByClass, Reserved;
        }

        internal struct Explanation
        {
            public UIntPtr StructSize;
            public IntPtr Background;
            public long NEvaluations;
            public IntPtr Values;
            public long NValues;
            public IntPtr Errors;
            public long NErrors;
            public IntPtr BaseValues;
            public long NBaseValues;
            public uint Seed;
            public int IsExact;
        }

        internal struct Value
        {
            public IntPtr Text;
            public long NText;
            public double Number;
            public long Integer;
            public int Kind, Padding;
            public long Reserved;
        }

        const CallingConvention Cdecl = CallingConvention.Cdecl;

        [DllImport("cmlp", CallingConvention = Cdecl)]
        static extern IntPtr cmlp_status_name(int status);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        static extern IntPtr cmlp_status_string(int status);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_describe(Block file, UIntPtr fileSize, ref Info info, IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_init(Block memory, UIntPtr memorySize, Block file, UIntPtr fileSize,
            IntPtr options, out IntPtr model, ref Run run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_find_label(IntPtr model, int index, out Value value, IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_describe_column(IntPtr model, long column, ref ColumnInfo info,
            IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_find_category(IntPtr model, long column, long code, out Value value,
            IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_read_cell(IntPtr model, long column, byte[] text, long n,
            out double number, IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern void cmlp_rows_init(byte[] rows, UIntPtr structSize, IntPtr data, int dtype, long nRows,
            long nColumns);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_workspace_size(IntPtr model, byte[] rows, out UIntPtr bytes, IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_predict(IntPtr model, byte[] rows, ref Prediction prediction,
            ref Run run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_outside(IntPtr model, IntPtr row, long nRow, double[] distances, long n,
            IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_find_set(IntPtr model, ref Query query, int[] isInSet, long n,
            IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_interval(IntPtr model, ref Query query, out double low, out double high,
            IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_explain_workspace_size(IntPtr model, ref Explanation explanation,
            out UIntPtr bytes, IntPtr run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_explain(IntPtr model, IntPtr row, long nRow, ref Explanation explanation,
            ref Run run);

        internal static UIntPtr SizeOf<T>() => (UIntPtr)Marshal.SizeOf(typeof(T));

        internal static string NameOf(int status) => Marshal.PtrToStringAnsi(cmlp_status_name(status));

        internal static string SentenceOf(int status) => Marshal.PtrToStringAnsi(cmlp_status_string(status));

        internal static void Check(int status)
        {
            if (status != 0) throw new CmlpException(NameOf(status), SentenceOf(status));
        }

        internal static string TextOf(IntPtr start, long n)
        {
            if (start == IntPtr.Zero) return "";
            byte[] bytes = new byte[n];
            Marshal.Copy(start, bytes, 0, bytes.Length);
            return Encoding.UTF8.GetString(bytes);
        }
    }
}

using System;
using System.Collections.Generic;
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

    /// <summary>Arrays that the garbage collector does not move.</summary>
    sealed class Pins : IDisposable
    {
        readonly List<GCHandle> handles = new List<GCHandle>();

        internal IntPtr Pin(Array values)
        {
            if (values.Length == 0) return IntPtr.Zero;
            handles.Add(GCHandle.Alloc(values, GCHandleType.Pinned));
            return handles[handles.Count - 1].AddrOfPinnedObject();
        }

        public void Dispose() => handles.ForEach(handle => handle.Free());
    }

    /// <summary>The functions and structs of the C library that the package needs.</summary>
    static class C
    {
        internal const int Cells = 3; // CMLP_ROWS_CELLS
        internal const int Multilabel = 4; // CMLP_MODEL_MULTILABEL
        internal const int Missing = 0, Text = 1, Double = 2, Integer = 3, Boolean = 4; // CMLP_VALUE_...
        internal const int FileShort = 96; // CMLP_ERROR_FILE_SHORT

        internal struct Info
        {
            public UIntPtr StructSize, ModelSize, WorkspaceSize, AnswerSize;
            public ulong HeadSize, FileSize, ErrorAt;
            public long NIn, NOut, NLabels, NNets;
            public int Dtype, Kind;
            public long NTargets, NEnds, NSet;
        }

        internal struct Rows
        {
            public UIntPtr StructSize;
            public IntPtr Data;
            public long NRows, NColumns, RowStride, ColumnStride;
            public double Scale;
            public IntPtr Order;
            public long NOrder;
            public IntPtr Indptr, Indices;
            public long NValues;
            public int Kind, Dtype, IndexDtype, Reserved;
            public IntPtr Shifts, Factors, Names;
            public long NNames;
        }

        internal struct Answer
        {
            public UIntPtr StructSize;
            public IntPtr Labels;
            public long NLabels;
            public IntPtr ClassIndices;
            public long NClassIndices;
            public IntPtr Outputs;
            public long NOutputs;
            public double Coverage;
            public IntPtr Intervals;
            public long NIntervals;
            public IntPtr Sets;
            public long NSets;
            public IntPtr Outside;
            public long NOutside;
            public IntPtr States;
            public long NStates;
            public IntPtr Numbers;
            public long NNumbers;
            public IntPtr Reasons;
            public long NReasons;
            public IntPtr ReasonErrors;
            public long NReasonErrors;
            public IntPtr BaseValues;
            public long NBaseValues;
            public IntPtr Background;
            public long NEvaluations;
            public uint Seed;
            public int IsExact, ByClass, Reserved;
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
        internal static extern int cmlp_model_answer_size(IntPtr model, ref Rows rows, ref Answer answer,
            out UIntPtr bytes, ref Run run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern int cmlp_model_answer(IntPtr model, ref Rows rows, ref Answer answer, ref Run run);

        [DllImport("cmlp", CallingConvention = Cdecl)]
        internal static extern long cmlp_model_say(IntPtr model, ref Rows rows, ref Answer answer, int status,
            ref Run run, byte[] text, long nText);

        internal static UIntPtr SizeOf<T>() => (UIntPtr)Marshal.SizeOf(typeof(T));

        internal static string NameOf(int status) => Marshal.PtrToStringAnsi(cmlp_status_name(status));

        internal static void Check(int status)
        {
            if (status != 0)
                throw new CmlpException(NameOf(status), Marshal.PtrToStringAnsi(cmlp_status_string(status)));
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

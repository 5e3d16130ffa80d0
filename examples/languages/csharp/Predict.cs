// Predicts a row with a model file: mcs Predict.cs && mono Predict.exe MODEL CELL...
// The system finds libcmlp.so (on Linux by LD_LIBRARY_PATH).
using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;

static class Predict
{
    [StructLayout(LayoutKind.Sequential)]
    struct Info
    {
        public UIntPtr StructSize, ModelSize, WorkspaceSize;
        public ulong HeadSize, FileSize, ErrorAt;
        public long NIn, NOut, NLabels, NNets;
        public int Dtype, Kind;
        public long NTargets;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Prediction
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

    [StructLayout(LayoutKind.Sequential)]
    struct Run
    {
        public UIntPtr StructSize;
        public IntPtr Workspace;
        public UIntPtr WorkspaceSize;
        public IntPtr Poll, PollContext, Refused;
        public long BadRow, BadElement, BadColumn;
        public int NThreads, Reserved;
    }

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern IntPtr cmlp_status_string(int status);

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern int cmlp_model_describe(IntPtr file, UIntPtr fileSize, ref Info info, ref Run run);

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern int cmlp_model_init(IntPtr memory, UIntPtr memorySize, IntPtr file, UIntPtr fileSize, IntPtr options,
        out IntPtr model, ref Run run);

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern void cmlp_rows_init(byte[] rows, UIntPtr structSize, IntPtr data, int dtype, long nRows, long nColumns);

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern int cmlp_model_predict(IntPtr model, byte[] rows, ref Prediction prediction, ref Run run);

    [DllImport("cmlp", CallingConvention = CallingConvention.Cdecl)]
    static extern int cmlp_model_read_cell(IntPtr model, long column, byte[] text, long n, out double number,
        IntPtr run);

    static void Check(int status)
    {
        if (status != 0) throw new ArgumentException(Marshal.PtrToStringAnsi(cmlp_status_string(status)));
    }

    static IntPtr Allocate(UIntPtr size)
    {
        return Marshal.AllocHGlobal((IntPtr)(long)(ulong)size);
    }

    // A number, the days of a date or the code of a category of a table.
    static double NumberOfCell(IntPtr model, int column, string cell)
    {
        byte[] text = Encoding.UTF8.GetBytes(cell);
        double number;
        Check(cmlp_model_read_cell(model, column, text, text.Length, out number, IntPtr.Zero));
        return number;
    }

    static void Main(string[] arguments)
    {
        byte[] bytes = File.ReadAllBytes(arguments[0]);
        string[] cells = arguments.Skip(1).ToArray();

        // The model points into this memory, which the garbage collector must not move.
        UIntPtr size = (UIntPtr)bytes.Length;
        IntPtr file = Allocate(size);
        Marshal.Copy(bytes, 0, file, bytes.Length);
        Info info = new Info { StructSize = (UIntPtr)Marshal.SizeOf(typeof(Info)) };
        Run run = new Run { StructSize = (UIntPtr)Marshal.SizeOf(typeof(Run)) };
        Check(cmlp_model_describe(file, size, ref info, ref run));
        IntPtr memory = Allocate(info.ModelSize);
        run.Workspace = Allocate(info.WorkspaceSize);
        run.WorkspaceSize = info.WorkspaceSize;
        IntPtr model;
        Check(cmlp_model_init(memory, info.ModelSize, file, size, IntPtr.Zero, out model, ref run));

        double[] row = cells.Select((cell, column) => info.NNets > 0
            ? NumberOfCell(model, column, cell)
            : double.Parse(cell, CultureInfo.InvariantCulture)).ToArray();
        // One block has the row, the outputs and the class index.
        bool isDouble = info.Dtype == 2; // CMLP_FLOAT64
        int element = isDouble ? 8 : 4, n = (int)info.NOut;
        IntPtr data = Marshal.AllocHGlobal((row.Length + n + 1) * element);
        if (isDouble) Marshal.Copy(row, 0, data, row.Length);
        else Marshal.Copy(row.Select(number => (float)number).ToArray(), 0, data, row.Length);
        byte[] rows = new byte[128]; // cmlp_rows
        cmlp_rows_init(rows, (UIntPtr)rows.Length, data, info.Dtype, 1, row.Length);
        Prediction prediction = new Prediction
        {
            StructSize = (UIntPtr)Marshal.SizeOf(typeof(Prediction)),
            Outputs = data + row.Length * element,
            NOutputs = n,
            ClassIndices = data + (row.Length + n) * element,
            NClassIndices = 1
        };
        Check(cmlp_model_predict(model, rows, ref prediction, ref run));
        int answer = Marshal.ReadInt32(prediction.ClassIndices);
        double[] outputs = new double[n];
        float[] floats = new float[n];
        if (isDouble) Marshal.Copy(prediction.Outputs, outputs, 0, n);
        else Marshal.Copy(prediction.Outputs, floats, 0, n);
        if (!isDouble) outputs = floats.Select(number => (double)number).ToArray();
        Console.WriteLine(string.Join(" ", new[] { answer.ToString() }.Concat(
            outputs.Select(output => output.ToString("G17", CultureInfo.InvariantCulture)))));
        Marshal.FreeHGlobal(data);
        Marshal.FreeHGlobal(run.Workspace);
        Marshal.FreeHGlobal(memory);
        Marshal.FreeHGlobal(file);
    }
}

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
        public long NInputs, NOutputs;
        public double InputScale;
        public long NNets;
        public int Dtype, Reserved;
    }

    [DllImport("cmlp")]
    static extern IntPtr cmlp_status_string(int status);

    [DllImport("cmlp")]
    static extern int cmlp_model_size(IntPtr file, UIntPtr n, ref Info info);

    [DllImport("cmlp")]
    static extern int cmlp_model_init(IntPtr memory, UIntPtr memorySize, IntPtr file, UIntPtr n, uint flags,
        IntPtr workspace, UIntPtr workspaceSize, out IntPtr model);

    [DllImport("cmlp")]
    static extern int cmlp_model_predict_f32(IntPtr model, float[] row, long n, out int label,
        [In, Out] float[] outputs, long nOutputs, IntPtr workspace, UIntPtr workspaceSize);

    [DllImport("cmlp")]
    static extern int cmlp_model_predict_f64(IntPtr model, double[] row, long n, out int label,
        [In, Out] double[] outputs, long nOutputs, IntPtr workspace, UIntPtr workspaceSize);

    [DllImport("cmlp")]
    static extern int cmlp_table_code_of_cell(IntPtr model, long column, byte[] text, long n, out double number);

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
        Check(cmlp_table_code_of_cell(model, column, text, text.Length, out number));
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
        Check(cmlp_model_size(file, size, ref info));
        IntPtr memory = Allocate(info.ModelSize);
        IntPtr workspace = Allocate(info.WorkspaceSize);
        IntPtr model;
        Check(cmlp_model_init(memory, info.ModelSize, file, size, 0, workspace, info.WorkspaceSize, out model));

        double[] row = cells.Select((cell, column) => info.NNets > 0
            ? NumberOfCell(model, column, cell)
            : double.Parse(cell, CultureInfo.InvariantCulture)).ToArray();
        int label;
        double[] outputs = new double[info.NOutputs];
        if (info.Dtype == 2) // CMLP_FLOAT64
        {
            Check(cmlp_model_predict_f64(model, row, row.Length, out label, outputs, outputs.Length,
                workspace, info.WorkspaceSize));
        }
        else
        {
            float[] narrow = row.Select(number => (float)number).ToArray();
            float[] floats = new float[outputs.Length];
            Check(cmlp_model_predict_f32(model, narrow, narrow.Length, out label, floats, floats.Length,
                workspace, info.WorkspaceSize));
            outputs = floats.Select(number => (double)number).ToArray();
        }
        Console.WriteLine(string.Join(" ", new[] { label.ToString() }.Concat(
            outputs.Select(output => output.ToString("G17", CultureInfo.InvariantCulture)))));
        Marshal.FreeHGlobal(workspace);
        Marshal.FreeHGlobal(memory);
        Marshal.FreeHGlobal(file);
    }
}

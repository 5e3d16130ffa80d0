using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace Cmlp
{
    /// <summary>A column of a table.</summary>
    public sealed class Column
    {
        internal Column(string name, string unit, IReadOnlyList<object> categories)
        {
            Name = name;
            Unit = unit;
            Categories = categories;
        }

        /// <summary>Empty if the file has no names of columns.</summary>
        public string Name { get; }

        /// <summary>"days since 1970-01-01", "days", "0 or 1" or empty.</summary>
        public string Unit { get; }

        /// <summary>Texts, numbers, booleans and, for a missing value, null; none of a column of numbers.</summary>
        public IReadOnlyList<object> Categories { get; }
    }

    /// <summary>A trained model in memory. It is immutable, and any number of threads share it.</summary>
    public sealed class Model
    {
        internal readonly C.Info Info = new C.Info { StructSize = C.SizeOf<C.Info>() };
        internal readonly IntPtr Pointer; // into `memory`, which points into `file`
        readonly Block file, memory;

        /// <summary>Makes a model of the bytes of a model file, which are copied. They may come from anywhere: other
        /// bytes are an error.</summary>
        public Model(byte[] content)
        {
            UIntPtr size = (UIntPtr)content.Length;
            file = new Block(content.Length);
            Marshal.Copy(content, 0, file.At(0), content.Length);
            C.Check(C.cmlp_model_describe(file, size, ref Info, IntPtr.Zero));
            // The head promises the other sizes: do not allocate them for a file that is cut off.
            if ((ulong)content.Length < Info.FileSize) C.Check(C.FileShort);
            memory = new Block((long)Info.ModelSize);
            using (Block workspace = new Block((long)Info.WorkspaceSize))
            {
                C.Run run = new C.Run { StructSize = C.SizeOf<C.Run>(), WorkspaceSize = Info.WorkspaceSize };
                run.Workspace = workspace.At(0);
                C.Check(C.cmlp_model_init(memory, Info.ModelSize, file, size, IntPtr.Zero, out Pointer, ref run));
            }
            Columns = Array.AsReadOnly(Enumerable.Range(0, IsTable ? Inputs : 0).Select(Describe).ToArray());
            Labels = Array.AsReadOnly(Enumerable.Range(0, (int)Info.NLabels).Select(Label).ToArray());
            GC.KeepAlive(this);
        }

        /// <summary>Reads a model file.</summary>
        public static Model Load(string path) => new Model(File.ReadAllBytes(path));

        /// <summary>The columns of a table; none of a network.</summary>
        public IReadOnlyList<Column> Columns { get; }

        /// <summary>The labels of a classifier, numbers as Python prints them; none of other models.</summary>
        public IReadOnlyList<string> Labels { get; }

        /// <summary>Whether the model is that of a table.</summary>
        public bool IsTable => Info.NNets > 0;

        /// <summary>The number of cells of a row.</summary>
        public int Inputs => (int)Info.NIn;

        /// <summary>The number of outputs of a prediction.</summary>
        public int Outputs => (int)Info.NOut;

        /// <summary>Returns the name of a column, or its place if it has none.</summary>
        internal string NameOf(int column)
        {
            string name = column < Columns.Count ? Columns[column].Name : "";
            return name != "" ? name : column.ToString(CultureInfo.InvariantCulture);
        }

        Column Describe(int column)
        {
            C.ColumnInfo info = new C.ColumnInfo { StructSize = C.SizeOf<C.ColumnInfo>() };
            C.Check(C.cmlp_model_describe_column(Pointer, column, ref info, IntPtr.Zero));
            object[] categories = new object[info.NCategories];
            for (int code = 0; code < categories.Length; code++)
            {
                C.Check(C.cmlp_model_find_category(Pointer, column, code, out C.Value value, IntPtr.Zero));
                categories[code] = ValueOf(value);
            }
            return new Column(C.TextOf(info.Name, info.NName), C.TextOf(info.Unit, info.NUnit),
                Array.AsReadOnly(categories));
        }

        string Label(int index)
        {
            C.Check(C.cmlp_model_find_label(Pointer, index, out C.Value value, IntPtr.Zero));
            return C.TextOf(value.Text, value.NText);
        }

        static object ValueOf(C.Value value)
        {
            switch (value.Kind)
            {
                case C.Missing: return null;
                case C.Double: return value.Number;
                case C.Integer: return value.Integer;
                case C.Boolean: return value.Integer != 0;
                default: return C.TextOf(value.Text, value.NText);
            }
        }
    }
}

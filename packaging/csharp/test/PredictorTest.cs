using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading;
using Cmlp;

/// <summary>Runs the methods that begin with Test. CMLP_CASES is a folder of language_programs.py --write.</summary>
static class PredictorTest
{
    static readonly string Folder = Environment.GetEnvironmentVariable("CMLP_CASES");
    static readonly string[] Good = { "1990-01-11", "0.0", "red" };

    sealed class Case
    {
        internal string Name, Label;
        internal double[] Outputs, Ends, Outside;
        internal string[] Set, ByClass, Cells;
    }

    static void Main()
    {
        CultureInfo.CurrentCulture = new CultureInfo("de-DE"); // cells have a point all the same
        int n = 0;
        foreach (MethodInfo test in typeof(PredictorTest).GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
        {
            if (!test.Name.StartsWith("Test")) continue;
            test.Invoke(null, null);
            n++;
        }
        Console.WriteLine(n + " passed, 0 failed");
    }

    static Case[] Cases() => File.ReadAllLines(Path.Combine(Folder, "cases.tsv")).Select(line => line.Split('\t'))
        .Select(fields => new Case
        {
            Name = fields[0],
            Label = fields[1],
            Outputs = Numbers(fields[2]),
            Ends = Numbers(fields[3]),
            Set = Words(fields[4]),
            ByClass = Words(fields[5]),
            Outside = Numbers(fields[6]),
            Cells = fields.Skip(7).ToArray()
        }).ToArray();

    static Case[] CasesOf(string name) => Cases().Where(each => each.Name == name).ToArray();

    static string[] Words(string text) => text.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);

    static double[] Numbers(string text) =>
        Words(text).Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();

    static Model Load(string name) => Model.Load(Path.Combine(Folder, name));

    static void Check(bool isTrue, params object[] shown)
    {
        if (!isTrue) throw new Exception(string.Join(", ", shown));
    }

    static string Bits(IEnumerable<double> numbers) => string.Join(" ", numbers.Select(BitConverter.DoubleToInt64Bits));

    static void CheckCase(Prediction found, Case expected) => CheckCase(found, expected, expected.Set);

    static void CheckCase(Prediction found, Case expected, string[] expectedSet)
    {
        IEnumerable<double> ends = found.Intervals.SelectMany(interval => new[] { interval.Low, interval.High });
        IEnumerable<string> set = found.Set.Concat(found.Sets.Select(outcomes => string.Concat(outcomes)));
        bool isLabelled = expected.Label != "";
        Check(found.Label == (isLabelled ? expected.Label : null)
            && found.Value == (isLabelled || expected.Outputs.Length > 1 ? (double?)null : expected.Outputs[0])
            && Bits(found.Outputs) == Bits(expected.Outputs) && Bits(ends) == Bits(expected.Ends)
            && set.SequenceEqual(expectedSet) && found.Outside.SequenceEqual(expected.Outside),
            expected.Name, found.Label, string.Join(" ", set));
    }

    static void TestRowsHavePythonsBits()
    {
        foreach (Case each in Cases())
        {
            Model model = Load(each.Name);
            using (Predictor predictor = new Predictor(model, model.IsTable ? 0.8 : (double?)null))
            {
                string[] cells = each.Cells;
                CheckCase(model.IsTable
                    ? predictor.Predict(new Dictionary<string, string>
                    {
                        { "colour", cells[2] },
                        { "size", cells[1] },
                        { "day", cells[0] }
                    })
                    : predictor.Predict(Numbers(string.Join(" ", cells))), each);
                if (model.IsTable && cells[2] == "") // the colour is missing
                {
                    double day = (DateTime.Parse(cells[0], CultureInfo.InvariantCulture) - new DateTime(1970, 1, 1)).TotalDays;
                    CheckCase(predictor.Predict(new[] { day, Numbers(cells[1])[0], double.NaN }), each);
                }
                if (each.ByClass.Length > 0)
                {
                    using (Predictor byClass = new Predictor(model, 0.8, byClass: true))
                        CheckCase(byClass.Predict(cells), each, each.ByClass);
                }
                Case[] own = CasesOf(each.Name);
                Case[] copies = Enumerable.Repeat(own, 50).SelectMany(one => one).ToArray();
                Prediction[] many = predictor.PredictMany(copies.Select(one => one.Cells).ToArray());
                for (int i = 0; i < copies.Length; i++) CheckCase(many[i], copies[i]);
            }
        }
    }

    static void TestReasonsHavePythonsBitsAndAddUp()
    {
        foreach (string line in File.ReadAllLines(Path.Combine(Folder, "reasons.tsv")))
        {
            string[] fields = line.Split('\t');
            string[] cells = fields.Skip(6).ToArray();
            long evaluations = long.Parse(fields[1]);
            using (Predictor predictor = new Predictor(Load(fields[0])))
            {
                Reasons found = predictor.Reasons(new Dictionary<string, string>
                {
                    { "colour", cells[2] },
                    { "size", cells[1] },
                    { "day", cells[0] }
                }, evaluations, uint.Parse(fields[2]));
                Check(Bits(found.Base) == Bits(Numbers(fields[3])), line);
                Check(Bits(found.Values.SelectMany(part => part)) == Bits(Numbers(fields[4])), line);
                Check(Bits(found.Errors.SelectMany(part => part)) == Bits(Numbers(fields[5])), line);
                if (evaluations == 0) Check(Bits(predictor.Reasons(cells).Values[0]) == Bits(found.Values[0]), line);
                Prediction predicted = predictor.Predict(cells);
                Check(found.Output == Math.Max(predicted.Index, 0), line);
                for (int k = 0; k < predicted.Outputs.Count; k++)
                {
                    double output = predicted.Outputs[k], sum = found.Base[k] + found.Values[k].Sum();
                    Check(Math.Abs(sum - output) <= 1e-12 * Math.Max(1, Math.Abs(output)), sum, output);
                }
            }
        }
    }

    static void TestEightThreadsShareAModelAndAPredictor()
    {
        Case[] own = CasesOf("regressor.cmlp");
        Model model = Load("regressor.cmlp");
        Predictor shared = new Predictor(model, 0.8);
        Exception failure = null;
        Thread[] threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            try
            {
                Predictor predictor = new Predictor(model, 0.8);
                for (int i = 0; i < 2000; i++)
                {
                    Case each = own[i % own.Length];
                    CheckCase(shared.Predict(each.Cells), each);
                    CheckCase(predictor.Predict(each.Cells), each);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        })).ToArray();
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Check(failure == null, failure);
    }

    static void TestErrorsNameTheColumnAndTheCell()
    {
        Predictor table = new Predictor(Load("classifier.cmlp"));
        Predictor network = new Predictor(Load("float32.cmlp"));
        var row = new Dictionary<string, string> { { "day", "" }, { "size", "1" } };
        CheckRefused(() => table.Predict(row), null, 0, "colour", null, "the row has no column \"colour\"");
        row["colour"] = row["shape"] = "";
        CheckRefused(() => table.Predict(row), null, 0, "shape", null, "the model has no column \"shape\"");
        row.Remove("shape");
        row["size"] = "large";
        CheckRefused(() => table.Predict(row), "CMLP_ERROR_CELL", 0, "size", "large",
            "column \"size\" cannot hold \"large\": ");
        CheckRefused(() => table.Predict(new[] { "1" }), null, 0, null, null, "a row has 3 cells, got 1");
        CheckRefused(() => table.Predict(new double[4]), null, 0, null, null, "a row has 3 cells, got 4");
        CheckRefused(() => table.Predict(new[] { 1, double.PositiveInfinity, 3 }), "CMLP_ERROR_INPUT", 0, "size",
            "Infinity", "column \"size\" cannot hold \"Infinity\": ");
        CheckRefused(() => table.PredictMany(new[] { Good, Good, new[] { "", "large", "" } }), "CMLP_ERROR_CELL", 2,
            "size", "large", "column \"size\" cannot hold \"large\": ");
        CheckRefused(() => network.Predict(row), null, 0, null, null,
            "the model has no names of columns: pass a row in order");
        foreach (string cell in new[] { "", "NaN", "1,5", "one" })
            CheckRefused(() => network.Predict(new[] { "1", cell, "3", "4" }), null, 0, "1", cell,
                $"column \"1\" cannot hold \"{cell}\": this is no number");
        Model model = Load("float32.cmlp");
        CheckRefused(() => new Predictor(model, 0.8).Predict(new[] { "1", "2", "3", "4" }), "CMLP_ERROR_MODEL_KIND", 0,
            null, null, "");
        CheckRefused(() => new Predictor(model, 1.5), null, 0, null, null,
            "coverage must be above 0 and below 1, got 1.5");
        CheckRefused(() => table.Reasons(Good, 5), "CMLP_ERROR_OPTION", 0, null, null,
            "evaluations must be 0 or at least 6, got 5");
        CheckRefused(() => table.Reasons(new[] { "", "large", "" }), "CMLP_ERROR_CELL", 0, "size", "large",
            "column \"size\" cannot hold \"large\": ");
        CheckRefused(() => new Predictor(Load("targets.cmlp")).Reasons(Good), "CMLP_ERROR_NOT_FOUND", 0, null, null,
            "the model has no rows to compare with: keep_background");
        CheckRefused(() => network.Reasons(new double[4]), "CMLP_ERROR_MODEL_KIND", 0, null, null, "");
        Check(table.Predict(Good).Label != null && table.PredictMany(new string[0][]).Length == 0);
    }

    static void CheckRefused(Action call, string code, int row, string column, string cell, string starts)
    {
        try
        {
            call();
        }
        catch (CmlpException e)
        {
            bool isExpected = e.Code == code && e.Row == row && e.Column == column && e.Cell == cell;
            Check(isExpected && e.Message.StartsWith(starts), e.Code, e.Row, e.Column, e.Cell, e.Message);
            return;
        }
        throw new Exception("not refused: " + starts);
    }

    static void TestNullIsMissing()
    {
        Predictor predictor = new Predictor(Load("regressor.cmlp"));
        Check(Bits(predictor.Predict(new string[3]).Outputs) == Bits(predictor.Predict(new[] { "", "", "" }).Outputs));
    }

    static void TestNamesLabelsAndCategories()
    {
        Model model = Load("classifier.cmlp");
        Check(model.Columns.Select(column => column.Name).SequenceEqual(new[] { "day", "size", "colour" }));
        Check(model.Columns[0].Unit == "days since 1970-01-01", model.Columns[0].Unit);
        Check(!new[] { "red", "grün", "1", "" }.Except(model.Columns[2].Categories).Any());
        Check(model.Labels.SequenceEqual(new[] { "maybe", "no", "yes" }));
        Check(model.IsTable && model.Inputs == 3 && model.Outputs == 3);
        Check(Load("float32.cmlp").Columns.Count == 0);
    }

    static void TestClosedPredictorRefusesEveryCall()
    {
        Model model = Load("regressor.cmlp");
        Predictor predictor = new Predictor(model);
        predictor.Close();
        foreach (Action call in new Action[]
        {
            () => predictor.Predict(Good), () => predictor.Predict(new double[3]), () => predictor.Reasons(Good),
            predictor.Close
        })
        {
            try
            {
                call();
            }
            catch (ObjectDisposedException)
            {
                continue;
            }
            throw new Exception("not refused");
        }
        predictor.Dispose(); // which `using` calls
        new Predictor(model).Predict(Good);
    }

    static void TestDamagedFilesAreErrors()
    {
        byte[] content = File.ReadAllBytes(Path.Combine(Folder, "regressor.cmlp"));
        foreach (int size in new[] { 0, 1, 7, 100, content.Length - 1 })
            CheckDamaged(content.Take(size).ToArray(), "CMLP_ERROR_FILE_SHORT");
        for (int i = 0; i < content.Length; i += 97)
        {
            content[i] ^= 0x41;
            CheckDamaged(content, "CMLP_ERROR_FILE_");
            content[i] ^= 0x41;
        }
        new Predictor(new Model(content)).Predict(Good);
        try
        {
            Load("no such file");
        }
        catch (FileNotFoundException)
        {
            return;
        }
        throw new Exception("not refused");
    }

    static void CheckDamaged(byte[] content, string code)
    {
        try
        {
            new Model(content);
        }
        catch (CmlpException e)
        {
            Check(e.Code.StartsWith(code), e.Code);
            return;
        }
        throw new Exception("not refused: " + code);
    }
}

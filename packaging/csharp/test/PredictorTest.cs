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

    static readonly string[] Names = { "day", "size", "colour" };

    static string[][] Lines(string name) =>
        File.ReadAllLines(Path.Combine(Folder, name)).Select(line => line.Split('\t')).ToArray();

    static Dictionary<string, object> Named(string[] names, string[] cells) =>
        names.Zip(cells, (name, cell) => new { name, cell }).Reverse().ToDictionary(each => each.name, each => (object)each.cell);

    static Case[] Cases() => Lines("cases.tsv").Select(fields => new Case
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
        foreach (string name in Cases().Select(each => each.Name).Distinct())
        {
            Model model = Load(name);
            double? coverage = model.IsTable ? 0.8 : (double?)null;
            Predictor predictor = new Predictor(model, coverage), byClass = new Predictor(model, coverage, byClass: true);
            Case[] own = CasesOf(name);
            Prediction[] many = predictor.PredictMany(own.Select(one => one.Cells).ToArray());
            for (int i = 0; i < own.Length; i++)
            {
                CheckCase(many[i], own[i]);
                CheckCase(predictor.Predict(own[i].Cells), own[i]);
                if (model.IsTable) CheckCase(predictor.Predict(Named(Names, own[i].Cells)), own[i]);
                if (own[i].ByClass.Length > 0) CheckCase(byClass.Predict(own[i].Cells), own[i], own[i].ByClass);
            }
        }
    }

    static void TestValuesAreCellsAndNullAndNaNAreMissing()
    {
        Predictor predictor = new Predictor(Load("classifier.cmlp"));
        foreach (object[][] pair in new[]
        {
            new[] { new object[] { "1990-01-11", 0.5, 1 }, new object[] { "1990-01-11", "0.5", "1" } },
            new[] { new object[] { 7315, 1L, true }, new object[] { "1990-01-11", "1", "1" } },
            new[] { new object[] { 7315.0, null, null }, new object[] { "1990-01-11", "", "" } },
            new[] { new object[] { 7315f, double.NaN, double.NaN }, new object[] { "1990-01-11", "", "" } }
        })
            Check(Bits(predictor.Predict(pair[0]).Outputs) == Bits(predictor.Predict(pair[1]).Outputs), pair[0]);
        CheckRefused(() => predictor.Predict(new object[] { "", new int[1], "" }), "CMLP_ERROR_CELL", 0, null, "",
            "a cell is a text, a number, a boolean or null, got System.Int32[]");
    }

    static void TestReasonsHavePythonsBitsAndAddUp()
    {
        foreach (string[] fields in Lines("reasons.tsv"))
        {
            string line = string.Join(" ", fields);
            Predictor predictor = new Predictor(Load(fields[0]), reasons: true, evaluations: long.Parse(fields[1]),
                seed: uint.Parse(fields[2]));
            Prediction predicted = predictor.Predict(Named(Names, fields.Skip(6).ToArray()));
            Reasons found = predicted.Reasons;
            Check(Bits(found.Base) == Bits(Numbers(fields[3])), line);
            Check(Bits(found.Values.SelectMany(part => part)) == Bits(Numbers(fields[4])), line);
            Check(Bits(found.Errors.SelectMany(part => part)) == Bits(Numbers(fields[5])), line);
            Check(found.Output == Math.Max(predicted.Index, 0), line);
            for (int k = 0; k < predicted.Outputs.Count; k++)
            {
                double output = predicted.Outputs[k], sum = found.Base[k] + found.Values[k].Sum();
                Check(Math.Abs(sum - output) <= 1e-12 * Math.Max(1, Math.Abs(output)), sum, output);
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
        foreach (string[] fields in Lines("refused.tsv"))
        {
            string[] option = Words(fields[1]), names = Words(fields[2]), cells = fields.Skip(7).ToArray();
            double number = option.Length > 0 ? Numbers(option[1])[0] : 0;
            bool isCovered = fields[1].StartsWith("coverage"), isExplained = fields[1].StartsWith("evaluations");
            Predictor predictor = new Predictor(Load(fields[0]), isCovered ? number : (double?)null,
                reasons: isExplained, evaluations: isExplained ? (long)number : 0);
            Action call = () => predictor.Predict(cells);
            if (names.Length > 0) call = () => predictor.Predict(Named(names, cells));
            CheckRefused(call, fields[3], 0, fields[4] == "" ? null : fields[4], fields[5], fields[6]);
        }
        Predictor table = new Predictor(Load("classifier.cmlp"));
        CheckRefused(() => table.Predict(new object[] { 1, double.PositiveInfinity, 3 }), "CMLP_ERROR_INPUT", 0, "size", "",
            "column \"size\" cannot hold infinity: ");
        CheckRefused(() => table.PredictMany(new[] { Good, Good, new[] { "", "large", "" } }), "CMLP_ERROR_CELL", 2,
            "size", "large", "row 2: column \"size\" cannot hold \"large\": ");
        CheckRefused(() => table.PredictMany(new[] { Good, Good.Take(2).ToArray() }), "CMLP_ERROR_ROWS", 1, null, "",
            "row 1 has 2 cells, row 0 has 3");
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
            bool isExpected = e.Code == code && e.Row == row && e.Column == column
                && (cell == "" || cell.Equals(e.Cell));
            Check(isExpected && e.Message.StartsWith(starts), e.Code, e.Row, e.Column, e.Cell, e.Message);
            return;
        }
        throw new Exception("not refused: " + starts);
    }

    static void TestNamesLabelsAndCategories()
    {
        Model model = Load("classifier.cmlp");
        Check(model.Columns.Select(column => column.Name).SequenceEqual(new[] { "day", "size", "colour" }));
        Check(model.Columns[0].Unit == "days since 1970-01-01", model.Columns[0].Unit);
        Check(!new object[] { "red", "grün", 1L, null }.Except(model.Columns[2].Categories).Any());
        Check(model.Labels.SequenceEqual(new[] { "maybe", "no", "yes" }));
        Check(model.IsTable && model.Inputs == 3 && model.Outputs == 3);
        Check(Load("float32.cmlp").Columns.Count == 0);
    }

    static void TestDamagedFilesAreErrors()
    {
        foreach (string[] fields in Lines("damaged.tsv"))
        {
            byte[] content = File.ReadAllBytes(Path.Combine(Folder, fields[0]));
            int place = int.Parse(fields[2]);
            if (place >= 0) content[place] ^= 0xff;
            CheckDamaged(content.Take(int.Parse(fields[1])).ToArray(), fields[3]);
        }
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

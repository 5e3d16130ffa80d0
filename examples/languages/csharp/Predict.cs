// Predicts a row with a model file: mcs -r:Cmlp.dll Predict.cs && mono Predict.exe MODEL CELL...
// The system finds libcmlp.so (on Linux by LD_LIBRARY_PATH).
using System;
using System.Globalization;
using System.Linq;
using Cmlp;

static class Predict
{
    static void Main(string[] arguments)
    {
        Model model = Model.Load(arguments[0]);
        Prediction found = new Predictor(model).Predict(arguments.Skip(1).ToArray());
        Console.WriteLine(found.Index + string.Concat(
            found.Outputs.Select(output => " " + output.ToString("G17", CultureInfo.InvariantCulture))));
    }
}

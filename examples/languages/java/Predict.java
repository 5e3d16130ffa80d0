// Predicts a row with a model file:
//     java -cp cmlp.jar:jna.jar -Djna.library.path=<folder of libcmlp.so> Predict.java MODEL CELL...
import cmlp.Model;
import cmlp.Prediction;
import java.nio.file.Path;
import java.util.List;

public class Predict {
    public static void main(String[] arguments) throws Exception {
        Model model = Model.load(Path.of(arguments[0]));
        Prediction found = model.predictor().predict(List.of(arguments).subList(1, arguments.length));
        StringBuilder line = new StringBuilder().append(found.index());
        for (double output : found.outputs()) line.append(' ').append(output);
        System.out.println(line);
    }
}

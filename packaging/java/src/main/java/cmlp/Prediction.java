package cmlp;

import java.util.List;

/**
 * What a model says about a row; toString has all of it.
 *
 * @param label of the class; null if there is none
 * @param labels where a row can have several labels, those that it has; otherwise none
 * @param index of the class; -1 if there is none
 * @param value the number that a model of one number predicts; null of others
 * @param outputs the probability of each label, or all numbers that the model predicts
 * @param intervals of a regressor with a coverage: both ends for each target; otherwise none
 * @param set of a classifier with a coverage: the labels; otherwise none
 * @param sets where a row can have several labels, with a coverage, in place of set: for each label the outcomes in its
 *     set, 0 for no and 1 for yes; otherwise none
 * @param outside of a table: how far each column is outside of what it had in training: 0, or by how much a number is
 *     above or, negative, below; NaN for a category or a missing value that training did not have
 * @param reasons null if the predictor has none
 */
public record Prediction(
        String label,
        List<String> labels,
        int index,
        Double value,
        List<Double> outputs,
        List<List<Double>> intervals,
        List<String> set,
        List<List<Integer>> sets,
        List<Double> outside,
        Reasons reasons) {}

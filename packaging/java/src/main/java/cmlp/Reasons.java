package cmlp;

import java.util.List;

/**
 * Shapley values, those of explain in Python: for each output, the values of all columns add up to the output minus its
 * base, to rounding.
 *
 * @param output the index of the output for the row's label; 0 if there is none
 * @param base the mean of each output over the rows that the model has kept
 * @param values for each output, how far each column moves it
 * @param errors their standard errors: 0 if all sets of columns were tried, NaN if they are unknown
 */
public record Reasons(int output, List<Double> base, List<List<Double>> values, List<List<Double>> errors) {}

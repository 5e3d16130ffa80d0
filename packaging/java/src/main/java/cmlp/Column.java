package cmlp;

import java.util.List;

/**
 * A column of a table.
 *
 * @param name empty if the file has no names of columns
 * @param unit "days since 1970-01-01", "days", "0 or 1" or empty
 * @param categories texts, numbers, Booleans and, for a missing value, null; none of a column of numbers
 */
public record Column(String name, String unit, List<Object> categories) {}

package cmlp;

/** Says why a model cannot be loaded, or a row not be predicted. */
public final class CmlpException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;
    private final String code, column;
    private final transient Object cell;
    private final int row;

    CmlpException(String code, String message, int row, String column, Object cell) {
        super(message);
        this.code = code;
        this.row = row;
        this.column = column;
        this.cell = cell;
    }

    /** Returns the status of the C library, such as CMLP_ERROR_CELL. */
    public String code() {
        return code;
    }

    /** Returns the place in the rows of {@link Predictor#predictMany}, otherwise 0. */
    public int row() {
        return row;
    }

    /** Returns the name of a column, or its place where columns have no names; null if the error is not about one. */
    public String column() {
        return column;
    }

    /** Returns what the column cannot hold, as it came; null if the error is not about a cell. */
    public Object cell() {
        return cell;
    }
}

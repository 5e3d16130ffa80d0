"""The errors for files of rows."""


class DataError(Exception):
    """A file of rows cannot be read as it should be; the message names the file, the place and the remedy.

    The command reports it in one line.
    """


class NotNumbersError(DataError):
    """A column has text, dates or missing values."""

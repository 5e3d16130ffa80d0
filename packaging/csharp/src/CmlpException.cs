using System;

namespace Cmlp
{
    /// <summary>Says why a model cannot be loaded, or a row not be predicted.</summary>
    public sealed class CmlpException : ArgumentException
    {
        internal CmlpException(string code, string message, int row = 0, string column = null, object cell = null)
            : base(message)
        {
            Code = code;
            Row = row;
            Column = column;
            Cell = cell;
        }

        /// <summary>The status of the C library, such as CMLP_ERROR_CELL.</summary>
        public string Code { get; }

        /// <summary>The place in the rows of PredictMany, otherwise 0.</summary>
        public int Row { get; }

        /// <summary>The name of a column, or its place where columns have no names; null if the error is not about
        /// one.</summary>
        public string Column { get; }

        /// <summary>What the column cannot hold, as it came; null if the error is not about a cell.</summary>
        public object Cell { get; }
    }
}

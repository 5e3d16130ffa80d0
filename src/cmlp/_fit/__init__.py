"""A call of `fit`: its rows, what y means, the fit itself, what it leaves, and what `resume` needs."""

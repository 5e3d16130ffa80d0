"""The one door between Python and C."""

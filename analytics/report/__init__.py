"""A portfolio's factsheet in figures, pictures and tables, shown by the console and printed for clients as HTML and as PDF."""

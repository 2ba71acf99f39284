"""A simple membership attack with exact intervals; torch is imported only here and only when used."""

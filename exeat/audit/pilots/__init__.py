"""Try a protection on a copy of a model, attack the copy, and set utility beside exposure."""

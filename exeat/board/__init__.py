"""The ethics board: docket, decision with votes, second signature."""

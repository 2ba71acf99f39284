"""The life of a release: what it says on the ledger, how it folds, who may do what and when."""

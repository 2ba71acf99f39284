"""Preparing a release: a submitter's drafts, what they still lack, and the step from a draft to the record."""

"""The shared nouns; imports nothing of ours but errors."""

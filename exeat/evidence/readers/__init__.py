"""One small module per foreign format; each says what it recognises and reads, field by field with its origin."""

"""The log: canonical lines, Merkle tree, signed heads, receipts, verification. No I/O."""

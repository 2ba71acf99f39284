"""What readers see: catalogue, exposure, access patterns, ledger and intake as views for one person."""

"""Take files in, recognise them by content, and read what was taken in."""

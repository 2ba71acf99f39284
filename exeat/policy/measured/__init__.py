"""What the reports of a case hold beside single figures, ready to be drawn; pure, as everything in the policy."""

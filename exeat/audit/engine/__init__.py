"""Plan, cost, run and report of one audit; the command line runs it in a child process."""

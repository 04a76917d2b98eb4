"""What an installation lacks, found out by trying, and the commands that mend it."""

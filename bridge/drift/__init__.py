"""What training looked like, what a version is asked, and how far the two are apart; no HTTP and no store."""

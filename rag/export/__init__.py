"""Results in files and JSON, and checks that exported quotes still match their files."""

"""What a file is, by its bytes alone, and where in it stands the place a picture was taken at."""

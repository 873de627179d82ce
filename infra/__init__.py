"""Everything between the code and a running service: packaging, deploying, running it on this machine."""

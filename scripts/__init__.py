"""What a person runs: the `tohyo` command, and scripts that Brownie can run too."""

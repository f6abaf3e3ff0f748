"""Find out whether a target's STATE is an acknowledgement: feed it, kill it, look what it kept."""

"""Singer tap for the streaming endpoints of X/Twitter."""

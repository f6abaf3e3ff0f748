"""From routed records to lines on stdout: one buffer, whole lines, in order."""

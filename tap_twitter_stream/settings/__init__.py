"""What the user gives: parsed once, checked with a sentence for each fault, then frozen."""

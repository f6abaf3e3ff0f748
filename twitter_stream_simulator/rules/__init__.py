"""The rule language: parse a rule, match it against an invented post, keep the app's rules."""

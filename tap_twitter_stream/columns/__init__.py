"""Which columns a stream has, and how a record is made to fit them. Pure, and without Arrow."""

"""What rossi makes, held against the archive's standard products and against numbers that others published."""

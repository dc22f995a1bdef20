"""The native engine: rossi's own numbers, in memory from end to end. A stage's module has a function of its name."""

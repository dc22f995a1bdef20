"""What ``import rossi`` offers: `open` an observation, `reduce` it, `read` files."""

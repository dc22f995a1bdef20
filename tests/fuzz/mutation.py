"""Making damaged input out of good one."""

import random


def mutate(chance: random.Random, seeds: list[bytes], words: tuple[bytes, ...]) -> bytes:
    """Return a seed, changed in one to a dozen places."""
    data = bytearray(chance.choice(seeds))
    for _ in range(min(1 + int(chance.expovariate(0.4)), 12)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(10):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[at % len(data)] = chance.randrange(256)
            case 2:
                del data[at : at + _length(chance)]
            case 3:
                data[at:at] = chance.randbytes(_length(chance))
            case 4:
                piece = data[at : at + _length(chance)]
                data[at:at] = piece * chance.choice((1, 2, 3, 50))
            case 5:
                other = chance.choice(seeds)
                start = chance.randrange(len(other) + 1)
                data[at:] = other[start:]
            case 6:
                data[at:at] = chance.choice(words)
            case 7:
                word = chance.choice(words)
                data[at : at + len(word)] = word
            case 8:  # where cards and blocks begin
                word, unit = chance.choice(words), chance.choice((80, 80, 2880))
                at = at // unit * unit
                data[at : at + len(word)] = word
            case 9:  # a keyword that is there
                word = chance.choice(words)
                if (at := data.find(word[:8], at)) >= 0 or (at := data.find(word[:8])) >= 0:
                    data[at : at + len(word)] = word
    return bytes(data[: 1 << 21])


def _length(chance: random.Random) -> int:
    return chance.choice((1, 1, 1, 2, 4, 8, 80, 2880, chance.randrange(1, 300)))

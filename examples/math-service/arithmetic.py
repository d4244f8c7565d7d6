"""Arithmetic that never hangs and never answers what JSON cannot carry."""

import math

Number = int | float

MOST_DIGITS = 300


class NoResultError(Exception):
    """There is no such result; the text says why, for the caller."""


def add(a: Number, b: Number) -> Number:
    return a + b


def multiply(a: Number, b: Number) -> Number:
    return a * b


def divide(a: Number, b: Number) -> Number:
    """Divide; whole numbers that divide evenly stay whole. Raises NoResultError."""
    if b == 0:
        raise NoResultError("Division by zero has no result: b must not be 0.")
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return a / b


def power(a: Number, b: Number) -> Number:
    """Raise a to the power of b. Raises NoResultError."""
    if a == 0 and b < 0:
        raise NoResultError("0 has no negative power: b must not be negative when a is 0.")
    # Measured before it is computed: 10 to the power of 10**15 would take all memory.
    if a != 0 and b * math.log10(abs(a)) > MOST_DIGITS:
        raise NoResultError(f"The result has more than {MOST_DIGITS} digits: take a smaller b.")
    result = a**b
    if isinstance(result, complex):
        raise NoResultError("A negative number has no real fractional power: b must be whole.")
    return result

"""Sums, differences, products and quotients of spectra (``mathpha``)."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError, DataError
from rossi.spectra.pha import Spectrum

Compat = Literal["heasoft"] | None
_TOKEN = re.compile(r"\s*('[^']*'|[-+*/()]|[0-9.]+(?:[eE][-+]?[0-9]+)?(?![\w.])|[^-+*/()\s']+)")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?")
#: What mathpha writes to channels in which it divided by zero, and how it marks them.
DIVZERO = -99.0
BAD = 5


class Units(StrEnum):
    """What is calculated with: counts, rates, or the column as it is."""

    COUNTS = "C"
    RATE = "R"
    FORMAL = "F"


class Errors(StrEnum):
    """Statistical errors where a file has none (POISSERR = T): mathpha's ``errmeth``."""

    GAUSS = "GAUSS"
    POISSON_0 = "POISS-0"
    POISSON_1 = "POISS-1"
    POISSON_2 = "POISS-2"
    POISSON_3 = "POISS-3"

    def of(self, counts: Floats) -> Floats:
        """Return the errors of counts: sqrt(N), 1+sqrt(N+0.75), sqrt(N-0.25), or the mean of the last two.

        Parameters
        ----------
        counts : ndarray (n,) [count]

        Returns
        -------
        ndarray (n,) [count]
        """
        n = np.abs(counts)
        upper, lower = 1 + np.sqrt(n + 0.75), np.sqrt(np.maximum(n - 0.25, 0))
        match self:
            case Errors.POISSON_1:
                return upper
            case Errors.POISSON_2:
                return lower
            case Errors.POISSON_3:
                return (upper + lower) / 2
            case _:
                return np.sqrt(n)


@dataclass(frozen=True, slots=True)
class Term:
    """A value with its error, or a plain number.

    Parameters
    ----------
    value, error : ndarray (n,) or numpy scalar
        Single precision to follow mathpha, double else.
    bad : ndarray (n,) or numpy scalar of bool
        Where something was divided by zero.
    """

    value: Any
    error: Any
    bad: Any


@dataclass(frozen=True, slots=True)
class Combined:
    """The result of an expression on spectra.

    Parameters
    ----------
    value, error : ndarray (n,)
        Counts in unit C, else counts/s.
    quality : ndarray (n,) of int
        5 where an input was bad or something was divided by zero.
    """

    value: Floats
    error: Floats
    quality: NDArray[np.int64]


class Formula:
    """An expression in file names and numbers: ``'src 1.pha' + 0.5*bkg.pha``.

    Parameters
    ----------
    text : str
        With ``+ - * / ( )``; names that contain operators stand in single quotes.

    Raises
    ------
    ConfigError
        If it can't be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        words, at = [], 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._wrong(f"at {text[at : at + 12]!r}")
            words.append(self._word(match[1]))
            at = match.end()
        try:
            self._tree = ast.parse(" ".join(words), mode="eval").body
        except SyntaxError:
            raise self._wrong("as a whole") from None
        if not self.names:
            raise self._wrong("because it names no file")

    def _wrong(self, where: str) -> ConfigError:
        return ConfigError(
            f"the expression {self.text!r} can't be read {where}; it should look like 'a-1.pha'+2*b.pha."
        )

    def _word(self, word: str) -> str:
        if word in "+-*/()" or (_NUMBER.fullmatch(word) and word != "."):
            return word
        name = word.strip("'")
        if name not in self.names:
            self.names.append(name)
        return f"_{self.names.index(name)}"

    def evaluate(self, terms: Mapping[str, Term], divzero: float = DIVZERO) -> Term:
        """Return the expression's value.

        Parameters
        ----------
        terms : mapping of str to Term
            By file name.
        divzero : float
            What a division by zero gives.
        """
        return self._value(self._tree, [terms[name] for name in self.names], divzero)

    def _value(self, node: ast.expr, terms: Sequence[Term], divzero: float) -> Term:
        kind = terms[0].value.dtype.type
        match node:
            case ast.Name(id=name):
                return terms[int(name[1:])]
            case ast.Constant(value=int() | float() as number):
                return Term(kind(number), kind(0), np.False_)
            case ast.BinOp(left=left, op=operator, right=right):
                a, b = self._value(left, terms, divzero), self._value(right, terms, divzero)
                return _operate(operator, a, b, divzero)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self._value(operand, terms, divzero)
                return Term(-value.value, value.error, value.bad)
            case _:
                raise self._wrong("as arithmetic")


def _operate(operator: ast.operator, a: Term, b: Term, divzero: float) -> Term:
    bad = np.asarray(a.bad | b.bad)
    with np.errstate(divide="ignore", invalid="ignore"):
        match operator:
            case ast.Add() | ast.Sub():
                value = a.value + b.value if isinstance(operator, ast.Add) else a.value - b.value
                return Term(value, np.sqrt(a.error * a.error + b.error * b.error), bad)
            case ast.Mult():
                value = a.value * b.value
            case _:
                value = a.value / b.value
                bad = np.asarray(bad | np.equal(b.value, 0))
        first, second = a.error / a.value, b.error / b.value
        relative = np.sqrt(_finite(first) ** 2 + _finite(second) ** 2)
        error = np.abs(value) * relative
    if isinstance(operator, ast.Div):
        zero = np.equal(b.value, 0)
        value, error = np.where(zero, value.dtype.type(divzero), value), np.where(zero, value.dtype.type(0), error)
    return Term(value, error.astype(value.dtype), bad)


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isfinite(values), values, values.dtype.type(0))


def combine(
    formula: Formula,
    spectra: Mapping[str, Spectrum],
    units: Units = Units.COUNTS,
    errors: Errors = Errors.GAUSS,
    divzero: float = DIVZERO,
    *,
    compat: Compat = None,
) -> Combined:
    """Evaluate an expression on spectra.

    Parameters
    ----------
    formula : Formula
    spectra : mapping of str to Spectrum
        By file name.
    units : Units
    errors : Errors
        Of spectra without STAT_ERR.
    divzero : float
        What a division by zero gives.
    compat : {"heasoft"}, optional
        Follow mathpha: counts are cut off to integers, calculation is in single precision, by way of rates.

    Raises
    ------
    DataError
        If the spectra do not have the same channels.
    """
    used = [spectra[name] for name in formula.names]
    for pha in used[1:]:
        if not np.array_equal(pha.channel, used[0].channel):
            raise DataError(
                f"{pha.name}: has {len(pha)} channels from {pha.channel[:1]}, but {used[0].name} has {len(used[0])} "
                f"from {used[0].channel[:1]}; spectra of the same channels were expected."
            )
    kind = np.float32 if compat else np.float64
    result = formula.evaluate({name: _term(spectra[name], units, errors, kind) for name in formula.names}, divzero)
    bad = np.any([pha.quality != 0 for pha in used], axis=0) | result.bad
    value, error = (np.broadcast_to(a, len(used[0])).astype(np.float64) for a in (result.value, result.error))
    return Combined(value, error, np.where(bad, BAD, 0))


def _term(pha: Spectrum, units: Units, errors: Errors, kind: Any) -> Term:
    exposure, single = kind(pha.exposure), kind is np.float32
    counts = pha.quantity == "COUNTS"
    if units == Units.RATE or not counts or (single and units == Units.COUNTS):
        pha.require_exposure()
    raw = np.trunc(pha.value) if single and counts else pha.value
    value = raw.astype(kind)
    error = pha.error
    if error is None:
        of = raw if counts else pha.value * pha.exposure
        error = errors.of(of) / (1.0 if counts else pha.exposure)
    if pha.systematic.any():
        error = np.hypot(error, pha.value * pha.systematic)
    sigma = error.astype(kind)
    if units == Units.RATE and counts:
        value, sigma = value / exposure, sigma / exposure
    elif units == Units.COUNTS and not counts:
        value, sigma = value * exposure, sigma * exposure
    elif units == Units.COUNTS and single:  # mathpha goes by way of rates
        value, sigma = value / exposure * exposure, sigma / exposure * exposure
    return Term(value, sigma, np.zeros(len(pha), bool))


def stated_errors(value: Floats, error: Floats, errors: Errors, exposure: float, *, propagate: bool) -> Floats | None:
    """Return the errors that the result states, None for Poisson's: mathpha's table of ``properr`` and ``errmeth``.

    Parameters
    ----------
    value, error : ndarray (n,) [count] or [count / s]
        The result and its propagated error.
    errors : Errors
    exposure : float [s]
        1 for counts; turns rates into counts.
    propagate : bool
        State the propagated error.

    Returns
    -------
    ndarray (n,) or None
        In the unit of `value`.
    """
    if errors == Errors.POISSON_0:
        return None
    if propagate:
        return error
    return None if errors == Errors.GAUSS else errors.of(value * exposure) / exposure


def exposure_of(formula: Formula, spectra: Mapping[str, Spectrum], *, compat: Compat = None) -> float:
    """Return the same expression of the exposures: ``exposure=CALC`` [s].

    Parameters
    ----------
    formula : Formula
    spectra : mapping of str to Spectrum
        By file name.
    compat : {"heasoft"}, optional
        Calculate in single precision, as mathpha does.
    """
    kind = np.float32 if compat else np.float64
    terms = {n: Term(kind(spectra[n].exposure), kind(0), np.False_) for n in formula.names}
    return float(formula.evaluate(terms).value)


def common_areascal(spectra: Sequence[Spectrum]) -> float:
    """Return the mean AREASCAL of spectra that agree within 1 per cent.

    Parameters
    ----------
    spectra : sequence of Spectrum

    Raises
    ------
    ConfigError
        If they don't.
    """
    values = np.array([pha.areascal for pha in spectra])
    if np.ptp(values) > 0.01 * abs(values.mean()):
        raise ConfigError(f"AREASCAL differs between the spectra ({values.tolist()}); say which one the result has.")
    return float(values.mean())

"""A convolutional code and Viterbi's decoder, which weighs how sure each bit is.

Rate 1/3 and seven bits of memory, with the usual polynomials (133, 145, 175 in octal): where bits drown in the photo
beneath them, it gets through with noise as strong as the signal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 3
TAIL = 6
"""Zeros that bring the memory back to its start."""

_STATES = 1 << TAIL
_POLYNOMIALS = (0o133, 0o145, 0o175)

Bits = npt.NDArray[np.bool_]


def _outputs() -> npt.NDArray[np.float32]:
    """What is sent from each state for each bit: 64×2×3, ±1."""
    registers = np.arange(_STATES)[:, None] | np.array([0, _STATES])[None]
    sent = np.stack([_parity(registers & polynomial) for polynomial in _POLYNOMIALS], axis=-1)
    return (2 * sent - 1).astype(np.float32)


def _parity(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    result = values.copy()
    for shift in (4, 2, 1):
        result ^= result >> shift
    return result & 1


# The state is the last six bits, the newest the highest. A state is reached from two others, by its newest bit.
_OUTPUTS = _outputs()
_NEWEST = np.arange(_STATES) >> (TAIL - 1)
_FROM = np.stack([(np.arange(_STATES) << 1 & (_STATES - 1)) | oldest for oldest in (0, 1)])
_SENT = _OUTPUTS[_FROM, _NEWEST[None]]


def encoded(bits: Bits) -> Bits:
    """Three bits for each, and for each of the tail."""
    padded = np.concatenate((np.zeros(TAIL, bool), bits, np.zeros(TAIL, bool))).astype(np.uint8)
    count = len(bits) + TAIL
    sent = np.zeros((count, RATE), np.uint8)
    for index, polynomial in enumerate(_POLYNOMIALS):
        for delay in range(TAIL + 1):
            if polynomial >> (TAIL - delay) & 1:
                sent[:, index] ^= padded[TAIL - delay : TAIL - delay + count]
    return sent.ravel().astype(bool)


def decoded(soft: npt.NDArray[np.float32]) -> Bits:
    """The likeliest bits.

    Args:
        soft: one value for each bit that was sent, positive for ones, the larger the surer.
    """
    heard = soft.reshape(-1, RATE)
    merits = np.full(_STATES, -np.inf, np.float32)
    merits[0] = 0
    chosen = np.empty((len(heard), _STATES), np.uint8)
    for step, values in enumerate(heard):
        ways = merits[_FROM] + _SENT @ values
        second = ways[1] > ways[0]
        chosen[step] = second
        merits = np.where(second, ways[1], ways[0])
        merits -= merits.max()
    bits = np.zeros(len(heard), bool)
    state = 0
    for step in range(len(heard) - 1, -1, -1):
        bits[step] = bool(_NEWEST[state])
        state = int(_FROM[chosen[step, state], state])
    return bits[:-TAIL]

"""A tokenizer of whole words: all that captions about invented people need."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

PAD, UNKNOWN, START, END = "<pad>", "<unknown>", "<start>", "<end>"
CONTEXT_LENGTH = 48


def split(text: str) -> list[str]:
    """The words of a text, in lower case; signs and digits are not words."""
    return re.findall(r"[a-z]+", text.lower())


class Tokenizer:
    """Words to numbers. The last number of a row is the end mark, and the largest, which is how CLIP finds it."""

    def __init__(self, vocabulary: Sequence[str], context_length: int = CONTEXT_LENGTH) -> None:
        if list(vocabulary[:3]) != [PAD, UNKNOWN, START] or vocabulary[-1] != END:
            raise ValueError(
                "a vocabulary begins with its pad, unknown and start marks and closes with its end mark"
            )
        self.vocabulary = list(vocabulary)
        self.context_length = context_length
        self._index = {word: i for i, word in enumerate(vocabulary)}

    @classmethod
    def of_words(cls, texts: Iterable[str], context_length: int = CONTEXT_LENGTH) -> "Tokenizer":
        """A tokenizer that knows every word of `texts`."""
        words = sorted({word for text in texts for word in split(text)})
        return cls([PAD, UNKNOWN, START, *words, END], context_length)

    def encode(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row per text, padded with zeros; words beyond the context are left out."""
        rows = np.zeros((len(texts), self.context_length), np.int64)
        for row, text in zip(rows, texts, strict=True):
            words = [self._index.get(word, 1) for word in split(text)][: self.context_length - 2]
            row[: len(words) + 2] = [2, *words, len(self.vocabulary) - 1]
        return rows

    def decode(self, row: Sequence[int]) -> str:
        """The words of a row, without its marks."""
        return " ".join(self.vocabulary[i] for i in row if 2 < i < len(self.vocabulary) - 1)

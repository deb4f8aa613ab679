"""What can be wrong with a mark, a key or a sealed photo."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class SealError(PhotoveilError):
    """Anything about seals."""

    code = "seal"


class BadMarkError(SealError):
    """A mark that cannot be drawn."""

    code = "seal_mark"

    @classmethod
    def of(cls, reason: str, remedy: str) -> BadMarkError:
        """The error with its reason and remedy, full sentences."""
        return cls("This mark cannot be used", reason, remedy)


class TooSmallError(SealError):
    """A photo without room for a mark that could be removed again."""

    code = "seal_too_small"

    @classmethod
    def of(cls, width: int, height: int, needed: tuple[int, int]) -> TooSmallError:
        """The error for a photo of this size, and the size of the mark it would need."""
        return cls(
            "The photo is too small for a seal",
            f"It has {width} × {height} pixels, and the mark needs {needed[0]} × {needed[1]} of them.",
            "Seal a larger version of the photo, or choose a smaller size for the mark.",
        )


class TooManyRecipientsError(SealError):
    """More keys than a mark has room for."""

    code = "seal_recipients"

    @classmethod
    def of(cls, count: int, most: int) -> TooManyRecipientsError:
        """The error for ``count`` keys."""
        return cls(
            "Too many people at once",
            f"This seal is for {count} keys, and a mark has room for {most}, yours included.",
            "Give one key to a whole group, such as your family, or seal the photo twice for different people.",
        )


class RevokedKeyError(SealError):
    """A key that must not be used for new photos."""

    code = "seal_revoked"

    @classmethod
    def of(cls, name: str) -> RevokedKeyError:
        """The error for the key of this name."""
        return cls(
            "This key was revoked",
            f"The key “{name}” opens older photos, and no new one is sealed for it.",
            "Create a new key for this person under another name.",
        )


class NotSealedError(SealError):
    """No seal was found."""

    code = "seal_none"

    def __init__(self) -> None:
        super().__init__(
            "No seal was found",
            "The photo has no mark of Photoveil, or it was scaled down or compressed too much to read it.",
            "Try the largest version of the photo that you can get.",
        )


class WrongKeyError(SealError):
    """None of the keys at hand fits."""

    code = "seal_key"

    @classmethod
    def of(cls, tried: int) -> WrongKeyError:
        """The error after so many keys."""
        keys = "no key" if tried == 0 else "1 key" if tried == 1 else f"{tried} keys"
        return cls(
            "This photo is sealed for someone else",
            f"Its seal was read, and {keys} of yours could be tried: none opens it.",
            "Ask the owner of the photo for a key, and add it with: photoveil seal-keys import.",
        )


class NewerSealError(SealError):
    """A mark of a later version."""

    code = "seal_newer"

    @classmethod
    def of(cls, version: int) -> NewerSealError:
        """The error for a mark of this version."""
        return cls(
            "This seal is from a newer Photoveil",
            f"Your key fits, but the mark is of version {version}, which this Photoveil does not know.",
            "Update Photoveil, and open the photo again.",
        )


class TamperedError(SealError):
    """A seal that was found and is not what it was."""

    code = "seal_tampered"

    @classmethod
    def damaged(cls) -> TamperedError:
        """The seal cannot be read any more."""
        return cls(
            "The seal is damaged",
            "The mark is there, but what is written in it cannot be read: it was painted over, edited, or compressed "
            "too much.",
            "Ask for the photo as it was posted.",
        )

    @classmethod
    def painted(cls) -> TamperedError:
        """The seal can be read, and a part of its mark is gone."""
        return cls(
            "The seal is damaged",
            "Part of the mark was painted over or edited. Every part of it holds a little of all that is beneath, "
            "so that without it nothing of that comes back.",
            "Ask for the photo as it was posted.",
        )

    @classmethod
    def foreign(cls, share: float) -> TamperedError:
        """The seal belongs to another photo."""
        return cls(
            "The seal and the photo do not belong together",
            f"Of the photo around the mark, {share:.0%} is not what was sealed: the mark was copied from another "
            "photo, or the photo was changed.",
            "Ask for the photo as it was posted.",
        )


class KeyTextError(SealError):
    """What was given is no key."""

    code = "seal_key_text"

    @classmethod
    def of(cls, reason: str) -> KeyTextError:
        """The error with its reason, a full sentence."""
        return cls(
            "This is not a seal key", reason, "Copy the whole code or file again, as its owner shared it."
        )


class KeyNameError(SealError):
    """A name that is no name of a key, or is taken."""

    code = "seal_key_name"

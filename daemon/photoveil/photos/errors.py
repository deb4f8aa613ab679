"""What can be wrong with a file that was offered as a photo."""

from __future__ import annotations

from photoveil.errors import PhotoveilError


class TruncatedPhoto(PhotoveilError):  # noqa: N818 - named after the file, like its siblings
    """The file starts as a photo but ends early or cannot be decoded."""

    code = "photo-truncated"

    @classmethod
    def of(cls, kind: str, detail: str) -> TruncatedPhoto:
        """The error for a file of format ``kind`` whose decoding ended with ``detail``."""
        return cls(
            "The photo is incomplete or damaged",
            f"The file starts as {kind} but its content cannot be read ({detail}).",
            "Download or export it again; nothing was changed or sent.",
        )


class TooLarge(PhotoveilError):  # noqa: N818 - named after the file, like its siblings
    """The file or the picture in it is larger than the limits allow."""

    code = "photo-too-large"

    @classmethod
    def of_bytes(cls, found: int, limit: int) -> TooLarge:
        """The error for a file of ``found`` bytes."""
        return cls(
            "The photo is too large",
            f"The file has {found:,} bytes; the limit is {limit:,}.",
            "Export it at a smaller size.",
        )

    @classmethod
    def of_pixels(cls, found: str, limit: int) -> TooLarge:
        """The error for a picture whose size, in words, is ``found``."""
        return cls(
            "The photo is too large",
            f"The picture has {found}; the limit is {limit:,} pixels.",
            "Export it at a smaller size.",
        )


class NotAPhoto(PhotoveilError):  # noqa: N818 - named after the file, like its siblings
    """The bytes are no picture at all."""

    code = "not-a-photo"

    @classmethod
    def of(cls, reason: str) -> NotAPhoto:
        """The error with its reason, a full sentence."""
        return cls(
            "This is not a photo", reason, "Choose a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC file."
        )


class UnsupportedPhoto(PhotoveilError):  # noqa: N818 - named after the file, like its siblings
    """A picture, but of a kind that Photoveil cannot protect."""

    code = "photo-unsupported"

    @classmethod
    def of(
        cls, reason: str, remedy: str = "Export it as JPEG or PNG and protect that file."
    ) -> UnsupportedPhoto:
        """The error with its reason and remedy, full sentences."""
        return cls("This kind of picture cannot be protected", reason, remedy)


class AnimatedPhoto(PhotoveilError):  # noqa: N818 - named after the file, like its siblings
    """A moving picture: it is passed on unchanged and the user is told."""

    code = "photo-animated"

    @classmethod
    def of(cls, kind: str, frames: int) -> AnimatedPhoto:
        """The error for an animation of ``frames`` pictures (0: not counted)."""
        count = f"{frames} pictures" if frames else "several pictures"
        return cls(
            "Moving pictures are not protected",
            f"This {kind} file is an animation of {count}.",
            "It is passed on unchanged; to protect a single picture, save it as a still photo first.",
        )

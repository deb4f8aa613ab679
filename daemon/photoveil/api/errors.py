"""What the API says when it does not do what it was asked."""

from __future__ import annotations

import errno

from photoveil.errors import PhotoveilError


class Refused(Exception):  # noqa: N818 - the guard's word
    """Told before authentication: a status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ApiError(PhotoveilError):
    """Told to a proven client, with title, reason and remedy."""

    def __init__(self, status: int, code: str, title: str, reason: str, remedy: str) -> None:
        super().__init__(title, reason, remedy)
        self.status = status
        self._code = code

    def as_dict(self) -> dict[str, str]:
        """With this error's own code."""
        return {**super().as_dict(), "code": self._code}


def bad_request(reason: str) -> ApiError:
    """The body or the meta header is not as the protocol says."""
    return ApiError(
        400,
        "bad_request",
        "The request was not understood",
        reason,
        "Update Photoveil and its browser extension to the same version.",
    )


def length_required() -> ApiError:
    """No Content-Length."""
    return ApiError(
        411,
        "length_required",
        "The photo was not taken",
        "Its size was not announced.",
        "Update the extension.",
    )


def too_large(limit: int) -> ApiError:
    """More bytes than the verb takes."""
    return ApiError(
        413,
        "too_large",
        "The photo is too large",
        f"At most {limit / (1 << 20):.3g} MiB are taken at a time.",
        "Save the photo at a smaller size and try again.",
    )


def too_many_photos(limit: int) -> ApiError:
    """This client's photos in work are as many as it may have."""
    return ApiError(
        429,
        "too_many_photos",
        "The photo has to wait",
        f"{limit} photos of this browser are in work already.",
        "Send it again when one of them is done.",
    )


def too_many_requests() -> ApiError:
    """Too many requests in a short time."""
    return ApiError(
        429,
        "too_many_requests",
        "The request was not taken",
        "There were too many requests within a short time.",
        "Wait a second and try again.",
    )


def too_slow(seconds: float) -> ApiError:
    """The body did not arrive in time."""
    return ApiError(
        408,
        "too_slow",
        "The photo did not arrive",
        f"It took longer than {seconds:.0f} seconds.",
        "Try again.",
    )


def wrong_digest() -> ApiError:
    """The body is not the one that was signed."""
    return ApiError(
        400, "wrong_digest", "The photo was not taken", "Its bytes changed on the way.", "Try again."
    )


def local_only() -> ApiError:
    """A browser's extension asked for what only the owner may, or the dashboard for what only the command line may."""
    return ApiError(
        403,
        "local_only",
        "This cannot be done from here",
        "Only the dashboard, the tray and the command line of this computer may do it.",
        "Open the dashboard from the tray, or use the `photoveil` command.",
    )


def too_many_streams(limit: int) -> ApiError:
    """This client, or all together, listen too often."""
    return ApiError(
        429,
        "too_many_streams",
        "Live news are not available",
        f"At most {limit} windows of a client can listen at a time.",
        "Close another window and try again.",
    )


def unknown_job() -> ApiError:
    """No such job, or another client's."""
    return ApiError(
        404,
        "unknown_job",
        "There is no such photo in work",
        "It was finished long ago or never sent.",
        "Send it again.",
    )


def not_done(state: str) -> ApiError:
    """A result was asked for that does not exist."""
    return ApiError(
        409,
        "not_done",
        "There is no protected photo",
        f"The job is “{state}”.",
        "Ask for the job's state first.",
    )


def gone() -> ApiError:
    """The copy was protected but is no longer kept."""
    return ApiError(
        410,
        "gone",
        "The protected photo is no longer kept",
        "It made room for newer ones.",
        "Send the photo again.",
    )


def unforeseen(error: Exception) -> ApiError:
    """What no line of code expected, told without its message, which may hold a name."""
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    return ApiError(
        507 if full else 500,
        "disk_full" if full else "unforeseen",
        "Photoveil could not do that",
        "The disk is full."
        if full
        else f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Make room and try again."
        if full
        else "Try again; if it happens again, please report it with the log.",
    )


def no_pairing() -> ApiError:
    """There is nobody to confirm."""
    return ApiError(
        409,
        "no_pairing",
        "There is no browser to confirm",
        "No browser has entered the code, or the time is up.",
        "Start again with `photoveil pair`.",
    )


def pairing_busy() -> ApiError:
    """A program asked for a code in the middle of another pairing."""
    return ApiError(
        409,
        "pairing_busy",
        "Another browser is being connected",
        "Its user has not answered yet.",
        "Answer there, or wait two minutes.",
    )


def no_preview() -> ApiError:
    """There is no small picture of this photo."""
    return ApiError(
        404,
        "no_preview",
        "There is no preview of this photo",
        "It made room for newer ones, or previews are switched off.",
        "Look at the photo itself, or switch previews on in the settings.",
    )


def not_again(state: str) -> ApiError:
    """A job that cannot be tried again."""
    return ApiError(
        409,
        "not_again",
        "This photo cannot be tried again",
        f"The job is “{state}”, or its photo is no longer kept.",
        "Send the photo again, or look through its folder again.",
    )


def too_many_sites(limit: int) -> ApiError:
    """A browser wants wishes for yet another site."""
    return ApiError(
        409,
        "too_many_sites",
        "This was not noted",
        f"{limit} sites have wishes of their own already.",
        "Remove some of them in the dashboard.",
    )


def watched_already() -> ApiError:
    """A folder is watched already."""
    return ApiError(
        409,
        "watched_already",
        "This folder is watched already",
        "There can be one rule for a folder.",
        "Change the rule that it has.",
    )


def no_such_folder() -> ApiError:
    """What is to be watched does not exist."""
    return ApiError(
        422,
        "no_such_folder",
        "There is no such folder",
        "Nothing, or no folder, has this path now.",
        "Check the path, or connect the drive it is on.",
    )


def unknown(code: str, what: str, remedy: str) -> ApiError:
    """Something was named that is not there."""
    return ApiError(
        404, f"unknown_{code}", f"There is no such {what}", "It was removed or never there.", remedy
    )


def status_of(error: PhotoveilError) -> int:
    """The HTTP status of an error; those of other rooms have their meaning in their code."""
    if isinstance(error, ApiError):
        return error.status
    return _STATUSES.get(error.as_dict()["code"], 409)


_STATUSES = {
    "region": 422,
    "regions_unreadable": 503,
    "settings": 422,
    "persona": 422,
    "catalogue": 404,
    "seal_mark": 422,
    "seal_key_name": 422,
    "seal_key_text": 422,
    "seal_none": 422,
    "vault_unknown": 404,
    "ledger": 503,
    "keys": 503,
    "keyring_away": 503,
    "vault_key": 503,
    "vault_full": 507,
    "disk_full": 507,
}


def unknown_client() -> ApiError:
    """No paired browser has this id."""
    return ApiError(
        404,
        "unknown_client",
        "There is no such browser",
        "No paired browser has this id.",
        "See `photoveil clients`.",
    )

"""What the user has chosen to hide on a photo holds in folders for AI assistants, too, whenever he chooses it."""

from __future__ import annotations

import asyncio

from photoveil.assistant.choices import Choice, Chosen
from photoveil.ledger.jobs import State
from photoveil.methods import KNEE
from tests.watching.house import House, copy_of, jpeg, sha
from tests.watching.together import together

PHOTO = jpeg("with a face")


def place(left: float) -> Choice:
    return Choice(sha(PHOTO), (Chosen("chosen", (left, 0.5, 0.9, 1.0), hidden=True),))


def hidden(choice: Choice) -> bytes:
    """The copy as somebody has chosen."""
    return copy_of(PHOTO, str(KNEE), f"regions:{choice.digest}")


async def choose(house: House, choice: Choice) -> None:
    """As the API does."""
    await asyncio.to_thread(house.choices.keep, choice)
    await house.watching.chosen_anew(choice.photo)


@together
async def test_a_copy_is_made_as_chosen_before_and_anew_as_chosen_since(house: House) -> None:
    house.choices.keep(place(0.1))
    rule = await house.watch(method="assistant")
    (house.tree / "a.jpg").write_bytes(PHOTO)
    (house.tree / "b.jpg").write_bytes(jpeg("another"))
    await house.state_of(rule, "a.jpg", "done")
    await house.state_of(rule, "b.jpg", "done")
    copies = house.tree / "Protected"
    assert (copies / "a.jpg").read_bytes() == hidden(place(0.1))
    assert (copies / "b.jpg").read_bytes() == copy_of(jpeg("another"), str(KNEE))

    await choose(house, place(0.2))
    await house.until(lambda: (copies / "a.jpg").read_bytes() == hidden(place(0.2)))
    await house.calm(rule)
    await asyncio.to_thread(house.choices.forget, sha(PHOTO))
    await house.watching.chosen_anew(sha(PHOTO))
    await house.until(lambda: (copies / "a.jpg").read_bytes() == copy_of(PHOTO, str(KNEE)))
    await house.calm(rule)
    assert sorted(path.name for path in copies.iterdir()) == ["a.jpg", "b.jpg"]
    assert house.made[sha(jpeg("another"))] == 1
    # A look at everything finds nothing to do.
    jobs = len(await house.all_jobs())
    await house.watching.rescan(rule.id)
    await house.calm(rule)
    assert len(await house.all_jobs()) == jobs


@together
async def test_a_copy_under_way_is_not_put_in_place_when_it_is_chosen_otherwise(house: House) -> None:
    house.choices.keep(place(0.1))
    rule = await house.watch(method="assistant")
    house.go.clear()
    (house.tree / "a.jpg").write_bytes(PHOTO)
    await house.until(lambda: house.jobs.counts()["running"] == 1)
    await choose(house, place(0.2))
    house.go.set()
    await house.state_of(rule, "a.jpg", "done")
    await house.calm(rule)
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == hidden(place(0.2))
    ends = [(job.state, job.task.metadata) for job in await house.all_jobs()]
    assert (State.DONE, f"regions:{place(0.1).digest}") not in ends


@together
async def test_what_was_passed_on_as_it_is_gets_its_copy(house: House) -> None:
    house.finds_nothing = True
    rule = await house.watch(method="assistant")
    (house.tree / "a.jpg").write_bytes(PHOTO)
    await house.state_of(rule, "a.jpg", "unchanged")
    await choose(house, place(0.1))
    await house.state_of(rule, "a.jpg", "done")
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == hidden(place(0.1))


@together
async def test_what_took_the_photos_place_stays(house: House) -> None:
    rule = await house.watch(method="assistant", output="in-place")
    (house.tree / "a.jpg").write_bytes(PHOTO)
    await house.state_of(rule, "a.jpg", "replaced")
    await choose(house, place(0.1))
    await house.watching.rescan(rule.id)
    await house.calm(rule)
    assert (house.tree / "a.jpg").read_bytes() == copy_of(PHOTO, str(KNEE))
    assert (await house.rows(rule))["a.jpg"].state == "replaced"


@together
async def test_while_nobody_knows_what_was_chosen_photos_wait(house: House) -> None:
    other = Choice(sha(jpeg("another")), place(0.3).regions)
    house.choices.keep(other)
    with house.choices.file.open("a") as file:
        file.write("{")
    rule = await house.watch(method="assistant")
    (house.tree / "a.jpg").write_bytes(PHOTO)
    await house.state_of(rule, "a.jpg", "waiting")
    await house.watching.rescan(rule.id)
    (house.tree / "b.jpg").write_bytes(jpeg("another"))
    await house.state_of(rule, "b.jpg", "done")
    assert house.calls[str(house.tree / "a.jpg")] == 0
    house.choices.file.write_text("")
    house.watching.reconsider()
    await house.state_of(rule, "a.jpg", "done")
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(PHOTO, str(KNEE))


@together
async def test_elsewhere_photos_are_protected_as_ever(house: House) -> None:
    house.choices.file.write_text("{")
    rule = await house.watch()
    (house.tree / "a.jpg").write_bytes(PHOTO)
    await house.state_of(rule, "a.jpg", "done")
    assert (house.tree / "Protected" / "a.jpg").read_bytes() == copy_of(PHOTO)

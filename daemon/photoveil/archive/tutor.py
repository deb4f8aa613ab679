"""Getting to know the persona before the first photo is protected, so that all photos move the same way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from photoveil.archive.batch import BatchConfig, load_engine, without_text_towers
from photoveil.errors import PhotoveilError
from photoveil.protection import roster

if TYPE_CHECKING:
    from photoveil.photos import Photo


class Tutor:
    """Teaches a persona, in a process that may load torch; the personas' folder is shared with the daemon."""

    def __init__(self, config: BatchConfig, personas: Path) -> None:
        without_text_towers()
        from photoveil.protection import Persona, devices

        self._recipe = config.recipe
        self._folder = personas
        self._wanted = config.device
        self._engine = load_engine(config, devices.choose(config.device).device)
        self._persona = Persona.load(personas, config.recipe.persona)
        self._seen: Photo | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be learnt, and there is a photo to try the look on."""
        return self._seen is not None and all(
            self._persona.knows(encoder) for encoder in self._engine.encoders
        )

    def learn(self, name: str, data: bytes) -> bool:
        """Take a photo in; whether it was one."""
        from photoveil.photos import decode

        try:
            photo = decode(data, name=name)
            self._engine.learn(self._persona, [photo])
        except (PhotoveilError, MemoryError):
            return False  # told when the photo's own turn comes
        self._seen = photo
        return True

    def finish(self) -> tuple[bytes, tuple[str, ...]]:
        """Keep what was learnt; answers the persona's file, as it is from now on, and the devices of this machine."""
        from photoveil.protection import Persona

        self._persona.save(self._folder)
        self._persona = Persona.load(self._folder, self._recipe.persona)
        if self._seen is not None and self._needs_look():
            # Looks are fitted when a photo is protected: here once, instead of in every process.
            self._engine.protect(
                self._seen,
                persona=self._persona,
                method=self._recipe.method,
                strength=self._recipe.strength,
                seed=self._recipe.seed,
            )
            self._persona.save(self._folder)
        file = roster.file_of(self._folder, self._recipe.persona)
        return file.read_bytes() if file.exists() else b"", all_devices(self._wanted, self._engine.device)

    def _needs_look(self) -> bool:
        look = self._persona.look(self._recipe.strength, self._engine.surrogates)
        return look is None or look.fitted < len(self._persona.sketches)


def all_devices(wanted: str, chosen: str) -> tuple[str, ...]:
    """All devices of the kind that was chosen, to put a process on each; one where a certain one was wanted."""
    import torch

    kind = chosen.partition(":")[0]
    backend: Any = getattr(torch, kind, None)
    if ":" in wanted or kind not in ("cuda", "xpu"):
        return (chosen,)
    return tuple(f"{kind}:{number}" for number in range(backend.device_count()))

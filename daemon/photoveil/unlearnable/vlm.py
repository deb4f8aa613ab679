"""A vision-language model of transformers, from a folder of the user's, as the method's `Surrogate`.

Any model that transformers knows as image-text-to-text and whose photo becomes tokens of the decoder's sequence:
LLaVA, Qwen2-VL and 2.5-VL, SmolVLM, PaliGemma and their kin.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from photoveil.unlearnable import errors
from photoveil.unlearnable.seeing import Seeing
from photoveil.unlearnable.surrogate import Run, Sample, Spans, Trigger

LAYERS = 8
"""Layers of attention that a run returns: MMGuard binds in the first two, and tried seven."""
_MARK = "\u2063\u2063photoveil\u2063\u2063"
"""Stands in a chat template where the trigger goes."""
_RATE, _RANK = 1e-3, 8
"""Of the low-rank steps by which the model is adapted."""
_SOME = 16_384
"""Words of the vocabulary that are scored at a time."""
_WORD_MARKS = ("Ġ", "▁")
_FEWEST_WORDS = 50
_AROUND = ("attention_mask", "token_type_ids", "mm_token_type_ids")
"""What goes along with the tokens, one value each."""


@dataclass(frozen=True)
class _Question:
    """A prompt as tokens, cut where the trigger goes.

    Attributes:
        before: from the beginning to the end of the sample's text, the photo's places included.
        after: what the template says between there and the answer.
        text: where the sample's text is in ``before``.
        image: where the photo's tokens are in ``before``.
        rest: what else the model is given for a photo of this size, but for its pixels.
    """

    before: list[int]
    after: list[int]
    text: range
    image: tuple[int, ...]
    rest: dict[str, Tensor]


@dataclass(frozen=True)
class _Read:
    """What became of one sample: a `Run` of one, before padding."""

    loss: Tensor
    attention: Tensor
    spans: Spans
    patches: Tensor


class TransformersSurrogate:
    """A model and its processor; see `Surrogate` for what it can be asked.

    Attributes:
        name: the folder's.
        layers: how many layers of attention a run returns.
        side: pixels of a photo's short side at which it is worth being optimised.

    Raises:
        UnlearnableError: the processor's way cannot be followed back to the pixels, or shows no attention.
    """

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        self.name = name
        self._model = model.eval().requires_grad_(False)
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._embedding: nn.Module = model.get_input_embeddings()
        self._device = next(model.parameters()).device
        self._dtype = next(model.parameters()).dtype
        self._eye = Seeing(processor.image_processor, self._device)
        self._questions: dict[tuple[str, int, int], _Question] = {}
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self.layers = min(LAYERS, int(model.config.get_text_config().num_hidden_layers))
        self.side = self._eye.side()

    def run(self, samples: Sequence[Sample], triggers: Sequence[Trigger], *, attention: bool) -> Run:
        """See `Surrogate.run`. Samples are read one by one, as a photo's worth of them is few.

        What is answered lies where the samples' pixels are.
        """
        reads = [
            self._read(sample, trigger, attention=attention)
            for sample, trigger in zip(samples, triggers, strict=True)
        ]
        return _joined(reads)

    def trigger_gradient(self, sample: Sample, trigger: Trigger, loss_of: Callable[[Run], Tensor]) -> Tensor:
        """See `Surrogate.trigger_gradient`."""
        with self._shifted() as shifts:
            run = _joined([self._read(sample, trigger, attention=True)])
            (slope,) = torch.autograd.grad(loss_of(run), shifts[0])
        slope = slope[0, list(run.spans[0].trigger)].float()
        with torch.no_grad():
            now = self._embedded(torch.tensor(list(trigger), device=self._device))
            numbers = torch.arange(len(self._tokenizer), device=self._device)
            scores = [slope @ self._embedded(some).T for some in torch.split(numbers, _SOME)]
            return (torch.cat(scores, 1) - (slope * now).sum(1, keepdim=True)).to(sample.pixels.device)

    def words(self) -> Tensor:
        """See `Surrogate.words`: whole words of plain letters, which every platform takes."""
        pieces = self._tokenizer.convert_ids_to_tokens(list(range(len(self._tokenizer))))
        special = {*self._tokenizer.all_special_ids, *self._tokenizer.added_tokens_decoder}
        plain = [
            (number, piece)
            for number, piece in enumerate(pieces)
            if piece
            and number not in special
            and piece.lstrip("Ġ▁").isascii()
            and piece.lstrip("Ġ▁").isalpha()
        ]
        whole = [number for number, piece in plain if piece[0] in _WORD_MARKS and len(piece) > 2]
        found = whole if len(whole) >= _FEWEST_WORDS else [number for number, _ in plain]
        return torch.tensor(found)

    def encode(self, text: str) -> list[int]:
        """See `Surrogate.encode`."""
        text = text.strip()
        if not text:
            return []
        bare = self._tokens(text)
        first = self._tokenizer.convert_ids_to_tokens(bare[:1])[0]
        # Some tokenizers put the space in front of a word by themselves.
        return bare if first.startswith("▁") else self._tokens(f" {text}")

    def decode(self, trigger: Trigger) -> str:
        """See `Surrogate.decode`."""
        text: str = self._tokenizer.decode(list(trigger), skip_special_tokens=True)
        return text.strip()

    @contextmanager
    def adapt(self, samples: Sequence[Sample], triggers: Sequence[Trigger], steps: int) -> Iterator[None]:
        """See `Surrogate.adapt`: adapters on every linear layer of the decoder, as attackers use."""
        if steps == 0:
            yield
            return
        from peft import LoraConfig, get_peft_model

        decoder = self._model.get_decoder()
        inside = {id(module) for module in decoder.modules() if isinstance(module, nn.Linear)}
        names = [name for name, module in self._model.named_modules() if id(module) in inside]
        config = LoraConfig(r=_RANK, lora_alpha=2 * _RANK, target_modules=names)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # what one library asks of the other by its old name
            wrapped = get_peft_model(self._model, config)
        try:
            self._learn(wrapped, samples, triggers, steps)
            yield
        finally:
            self._model = wrapped.unload().requires_grad_(False)
            # Left behind, it makes the next adapter believe that there is one already.
            if hasattr(self._model, "peft_config"):
                del self._model.peft_config

    def _learn(
        self, wrapped: Any, samples: Sequence[Sample], triggers: Sequence[Trigger], steps: int
    ) -> None:
        trained = [part for part in wrapped.parameters() if part.requires_grad]
        descent = torch.optim.AdamW(trained, lr=_RATE, weight_decay=0.0)
        still = [Sample(sample.pixels.detach(), sample.text, sample.answer) for sample in samples]
        for _ in range(steps):
            descent.zero_grad(set_to_none=True)
            for sample, trigger in zip(still, triggers, strict=True):  # one graph in memory at a time
                torch.autograd.backward(self._read(sample, trigger, attention=False).loss / len(still))
            descent.step()
        wrapped.requires_grad_(False)

    def _read(self, sample: Sample, trigger: Trigger, *, attention: bool) -> _Read:
        question = self._question(sample)
        answer = self._tokens(sample.answer)
        target = [*answer, self._tokenizer.eos_token_id]
        tokens = [*question.before, *trigger, *question.after, *target]
        found = self._model(
            **self._inputs(question, tokens, len(target)),
            pixel_values=self._eye.look(sample.pixels).to(self._dtype),
            use_cache=False,
            **({"output_attentions": True} if attention else {}),
            **({"logits_to_keep": len(target) + 1} if self._keeps else {}),
        )
        guesses = found.logits[0, -len(target) - 1 : -1].float()
        loss = F.cross_entropy(guesses, torch.tensor(target, device=guesses.device))
        start = len(question.before)
        asked = len(tokens) - len(target)
        spans = Spans(
            question.image,
            tuple(question.text),
            tuple(range(start, start + len(trigger))),
            tuple(range(asked, asked + len(answer))),
        )
        height, width = sample.pixels.shape[1:]
        patches = self._eye.boxes(height, width, len(question.image))
        seen = self._attention(found) if attention else loss.new_empty(0)
        there = sample.pixels.device
        return _Read(loss.to(there), seen.to(there), spans, patches.to(there))

    def _attention(self, found: Any) -> Tensor:
        """Of the first layers, layers×queries×keys, the mean of heads."""
        layers = getattr(found, "attentions", None)
        if layers is None:
            layers = getattr(getattr(found, "language_model_outputs", None), "attentions", None)
        if not layers or any(layer is None for layer in layers[: self.layers]):
            raise errors.not_followed(self.name, "it does not show what it attends to.")
        return torch.stack([layer[0].float().mean(0) for layer in layers[: self.layers]])

    def _inputs(self, question: _Question, tokens: Sequence[int], answered: int) -> dict[str, Tensor]:
        """What the model is given beside the pixels, with as many entries as there are tokens.

        ``answered``: how many of them, at the end, are the answer.
        """
        inputs = {"input_ids": torch.tensor([list(tokens)]), **question.rest}
        more = len(tokens) - len(question.before)
        for name in set(_AROUND) & set(inputs):
            inputs[name] = F.pad(inputs[name], (0, more), value=int(name == "attention_mask"))
        if self._model.config.model_type == "paligemma":  # whose questions may look ahead, its answers not
            inputs["token_type_ids"][0, -answered:] = 1
        return {name: value.to(self._device) for name, value in inputs.items()}

    def _question(self, sample: Sample) -> _Question:
        height, width = sample.pixels.shape[1:]
        key = sample.text, height, width
        if key not in self._questions:
            self._questions[key] = self._asked(sample.text, height, width)
        return self._questions[key]

    def _asked(self, text: str, height: int, width: int) -> _Question:
        before, after = self._prompt(text)
        inputs = self._processed(before, height, width)
        image = self._image_places(inputs)
        if (
            not image and not self._processor.chat_template
        ):  # some of these want the photo's place to be named
            inputs = self._processed(f"{self._image_token()}\n{before}", height, width)
            image = self._image_places(inputs)
        if not image:
            raise errors.not_followed(self.name, "its photo takes no place among the words.")
        ids = inputs.pop("input_ids")[0].tolist()
        inputs.pop("pixel_values")
        inputs.pop("labels", None)  # some processors guess what is to be learnt
        length = min(len(self._tokens(text)), len(ids))
        return _Question(ids, self._tokens(after), range(len(ids) - length, len(ids)), image, inputs)

    def _prompt(self, text: str) -> tuple[str, str]:
        """The model's own way to put a question, up to the end of the text and from there to the answer."""
        if not self._processor.chat_template:
            return text, ""
        content = [{"type": "image"}, {"type": "text", "text": text + _MARK}]
        whole: str = self._processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        before, mark, after = whole.partition(_MARK)
        if not mark:
            raise errors.not_followed(self.name, "its chat template does not keep the question.")
        return before, after

    def _processed(self, prompt: str, height: int, width: int) -> dict[str, Tensor]:
        start = self._tokenizer.bos_token
        doubled = {"add_special_tokens": False} if start and prompt.startswith(start) else {}
        photo = Image.new("RGB", (width, height))
        return dict(self._processor(text=[prompt], images=[photo], return_tensors="pt", **doubled))

    def _image_places(self, inputs: dict[str, Tensor]) -> tuple[int, ...]:
        config = self._model.config
        token = getattr(config, "image_token_id", None)
        if token is None:
            token = getattr(config, "image_token_index", None)
        return (
            tuple((inputs["input_ids"][0] == token).nonzero().flatten().tolist()) if token is not None else ()
        )

    def _image_token(self) -> str:
        return str(getattr(self._processor, "image_token", "<image>"))

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids
        return tokens

    def _embedded(self, numbers: Tensor) -> Tensor:
        vectors: Tensor = self._embedding(numbers)
        return vectors.float()

    @contextmanager
    def _shifted(self) -> Iterator[list[Tensor]]:
        """Inside, what is given for each token is shifted by nothing, of which the gradient can be had."""
        shifts: list[Tensor] = []

        def shift(_module: nn.Module, _given: Any, vectors: Tensor) -> Tensor | None:
            if shifts:
                return None
            shifts.append(torch.zeros_like(vectors, requires_grad=True))
            return vectors + shifts[0]

        hook = self._embedding.register_forward_hook(shift)
        try:
            yield shifts
        finally:
            hook.remove()


def _joined(reads: Sequence[_Read]) -> Run:
    """One run of several samples, filled up at the end."""
    longest = max((read.attention.shape[-1] for read in reads if read.attention.numel()), default=0)
    maps = [
        F.pad(read.attention, (0, longest - read.attention.shape[-1]) * 2)
        for read in reads
        if read.attention.numel()
    ]
    return Run(
        torch.stack([read.loss for read in reads]),
        torch.stack(maps, 1) if maps else reads[0].attention,
        tuple(read.spans for read in reads),
        pad_sequence([read.patches for read in reads], batch_first=True),
    )

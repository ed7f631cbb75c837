"""Attention of a transformer in a local folder, as `transformers` saves it, on a text: `hf:PATH` with `--text FILE`.

The model's own eager attention is run (fused kernels keep no weights) and each layer is taken where the layer hands it
out. Nothing is fetched from anywhere, and no code from the folder is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.io.attention_options import AttentionOptions, queries, select
from mixcli.io.forward import ForwardHeads, Show
from mixcli.provenance import Step
from mixcli.sequence import SINK, Attention

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Probe", "capture", "read"]

INSTALL = "pip install 'mixcli[hf]'"


def read(path: str, options: AttentionOptions) -> Iterator[Attention]:
    """The attention of the model in a folder on the text of a file: one, or one for each query of `--query a:b`.

    Args:
        path: folder with `config.json`, weights and tokenizer.
        options: `text` names the file; layers, heads, query.

    Raises:
        UsageError: no text, or transformers is not installed.
        InputError: the folder or the text cannot be used.
        NotApplicable: the model is no single stack of attention layers.
    """
    if options.text is None:
        raise UsageError("--text FILE beside hf:", "none", "name a text file for the model to read", where=f"hf:{path}")
    text = _text(Path(options.text))
    attention = capture(path, text, states=options.hidden_states, row_sum=options.row_sum)
    sizes = attention.store.heads
    chosen = attention.replace(selection=select(options.heads, options.layers, sizes), merge=options.merge)
    if options.query is None:
        yield chosen
        return
    front = int(attention.roles[0] == SINK)
    for place in queries(options.query, attention.tokens - front):
        yield chosen.replace(read_out=place + front)


def capture(path: str | os.PathLike[str], text: str, *, states: bool = False, row_sum: str = "sink") -> Attention:
    """The attention of a model on a text, computed layer by layer when it is asked for.

    Args:
        path: folder of the model.
        text: what it reads.
        states: whether to keep hidden states too: layers + 1 of (T, d), all in memory.
        row_sum: what becomes of rows of models with sink logits, which sum to less than 1: "sink" gives the rest to a
            virtual token in front, "renorm" scales them up, "error" refuses.

    Returns:
        The attention; its labels are the tokens.

    Raises:
        UsageError: transformers is not installed.
        InputError: the folder cannot be loaded, or the text is empty or too long for the model.
        NotApplicable: an encoder with a decoder.

    Cost: one run of the model each time the layers are gone through in order; one layer of weights in memory.
    """
    folder = Path(path)
    tokenizer, model = _load(folder)
    if getattr(model.config, "is_encoder_decoder", False):
        fix = "convert its parts, or save the attention you mean"
        raise NotApplicable("one stack of layers", "an encoder and a decoder", fix, where=str(folder))
    inputs = tokenizer(text, return_tensors="pt")
    ids = inputs["input_ids"]
    tokens = int(ids.shape[1])
    longest = getattr(model.config, "max_position_embeddings", None)
    if not tokens or (longest and tokens > longest):
        found, fix = f"{tokens} tokens", "give a text that fits"
        raise InputError(f"1 to {longest or 'any number of'} tokens", found, fix, where=str(folder))
    sink = any(name.endswith("sinks") for name, _ in model.named_parameters())
    if sink and row_sum == "error":
        raise InputError(
            "rows that sum to 1", "a model with sink logits", "--row-sum sink or renorm", where=str(folder)
        )
    sink = sink and row_sum == "sink"
    heads = (int(model.config.num_attention_heads),) * int(model.config.num_hidden_layers)
    kept = _states(model, inputs) if states else ()
    digest = _digest(folder, ids[0].tolist())
    store = ForwardHeads(lambda show: _run(model, inputs, show), heads, tokens, sink, digest, kept, str(folder),
        Probe(model, ids[0].tolist()),
    )  # fmt: skip
    labels = tuple(tokenizer.convert_ids_to_tokens(ids[0].tolist()))
    roles = np.array([SINK] + [0] * tokens if sink else [], np.int8)
    notes = (
        {"row_sums": "a model with sink logits; a virtual token (sink) in front is read with the rest"} if sink else {}
    )
    step = Step("read", "hf", sha256=digest, notes=notes)
    return Attention(
        store, labels=(*("(sink)",) * sink, *labels), roles=roles, name=f"hf:{folder.name}", provenance=(step,)
    )


class Probe:
    """Last hidden state of a model at the last token of any text.

    Args:
        model: the network.
        ids: the tokens of the text that the model was asked to read.
    """

    def __init__(self, model: Any, ids: list[int]) -> None:
        self.model, self.ids = model, ids

    def __call__(self, text: NDArray[np.int64]) -> NDArray[Any]:
        """(d,) float32.

        Args:
            text: (T,) token numbers.
        """
        import torch

        with torch.no_grad():
            found = self.model(input_ids=torch.from_numpy(np.asarray(text, np.int64))[None])
        last: NDArray[Any] = found.last_hidden_state[0, -1].float().cpu().numpy()
        return last


def _load(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model of a folder, with eager attention, in evaluation mode."""
    if not (folder / "config.json").is_file():
        fix = "name the folder that save_pretrained wrote"
        raise InputError("a folder with config.json", "none", fix, where=f"hf:{folder}")
    try:
        import transformers
    except ImportError:
        raise UsageError("the package transformers", "none installed", INSTALL, where=f"hf:{folder}") from None
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    with _quiet(transformers):
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", **local)
        except Exception as error:  # whatever its loaders raise on a folder that is not whole
            found = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
            fix = "check that the folder holds config, weights and tokenizer"
            raise InputError("a model of transformers", found, fix, where=f"hf:{folder}") from error
    return tokenizer, model.eval()


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keep the library's remarks and bars off standard error, which is ours."""
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()


def _run(model: Any, inputs: Any, show: Show) -> None:
    """Run the model, showing the weights of each attention layer as it hands them out."""
    import torch

    last: list[Any] = [None]

    def hook(module: Any, arguments: Any, output: Any) -> None:
        found = output[1] if isinstance(output, tuple) and len(output) > 1 else None
        if not isinstance(found, torch.Tensor) or found.ndim != 4 or found is last[0]:
            return  # no weights, or those that an inner module has handed out already
        last[0] = found
        show(found[0].detach().float().cpu().numpy())

    named = [module for name, module in model.named_modules() if "attention" in type(module).__name__.lower()]
    hooks = [module.register_forward_hook(hook) for module in named]
    try:
        with torch.no_grad():
            model(**inputs, use_cache=False) if _takes_cache(model) else model(**inputs)
    finally:
        for one in hooks:
            one.remove()


def _takes_cache(model: Any) -> bool:
    return hasattr(model.config, "use_cache") and bool(getattr(model.config, "is_decoder", True))


def _states(model: Any, inputs: Any) -> tuple[NDArray[Any], ...]:
    """(T, d) hidden states: the embedding, then what each layer gives."""
    import torch

    with torch.no_grad():
        found = model(**inputs, output_hidden_states=True)
    return tuple(state[0].float().cpu().numpy() for state in found.hidden_states)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "bytes that are no UTF-8"
        raise InputError("a text file in UTF-8", found, "check the file", where=str(path)) from error
    if not text.strip():
        raise InputError("a text", "an empty file", "give the model something to read", where=str(path))
    return text


def _digest(folder: Path, ids: list[int]) -> str:
    """SHA-256 of the configuration, the names and sizes of the weights, and the tokens."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*")):
        if path.suffix in (".safetensors", ".bin"):
            digest.update(f"{path.name}:{path.stat().st_size};".encode())
    digest.update(repr(ids).encode())
    return digest.hexdigest()

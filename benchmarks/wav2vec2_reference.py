"""The yardstick: wav2vec2-base as an ONNX graph, random weights (speed does not depend on them).

Exporting needs torch and torchaudio (extra `train`); running the exported graph does not. The file of 380 MB is kept
in the user's cache folder, so it is made once:

    python -m benchmarks.wav2vec2_reference
"""

import os
from pathlib import Path
from typing import Final

RATE_HZ: Final = 16000
WINDOW_S: Final = 3.0
HOP_S: Final = 0.5


def cached_reference() -> Path:
    """Where the exported graph is kept, whether it is there or not."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "voicerisk" / "wav2vec2-base-random.onnx"


def export_reference() -> Path:
    """The path of the exported graph: input `audio` float32 (1, 48000), output `features`.

    Raises:
        ImportError: torch or torchaudio is not installed.
    """
    import torch
    from torchaudio.models import wav2vec2_base

    path = cached_reference()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = wav2vec2_base().eval().requires_grad_(False)

    class FeaturesOnly(torch.nn.Module):
        """`forward` without the lengths, which stay None."""

        def forward(self, audio: torch.Tensor) -> torch.Tensor:
            return network(audio)[0]

    unfinished = path.with_suffix(".part")
    audio = torch.zeros(1, int(RATE_HZ * WINDOW_S))
    with torch.inference_mode():
        torch.onnx.export(
            FeaturesOnly(), (audio,), str(unfinished), input_names=["audio"], output_names=["features"], dynamo=False
        )
    unfinished.rename(path)
    return path


if __name__ == "__main__":
    print(export_reference())

"""Where in a picture the model found its answer: the bays that it counted, by the cells of its last maps.

    heat = HeatMapper(read_config(folder), load_network(folder)).explain(image)
    overlay_heat(image, heat.map).save("why.jpg")

The map is that of the likelier label: of taken bays for full, of free ones for empty. A network that does not count has Grad-CAM's
(Selvaraju et al. 2017, arXiv 1610.02391): what raised the label's log-odds against the other, and zero elsewhere. That needs a gradient of
what comes after the last convolution only, so it costs little more than the answer itself.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image as PILImage
from PIL.Image import Image, Resampling

from carpark.model.config import ModelConfig
from carpark.model.engines import prepare

if TYPE_CHECKING:  # torch is loaded with the first network, not with the page
    from torch import Tensor

    from carpark.model.network import FromPixels

Heat = npt.NDArray[np.float32]  # (height, width), 0 to 1

# "inferno" (van der Walt and Smith, CC0) at nine even steps from 0 to 1: its lightness rises evenly, so it needs no colour vision.
STOPS = np.array(
    [(0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10), (249, 201, 50), (252, 255, 164)],
    dtype=np.float32,
)
INFERNO = np.stack([np.interp(np.linspace(0, 8, 256), np.arange(9), STOPS[:, channel]) for channel in range(3)], axis=1).astype(np.float32)
VEIL = 0.85  # how much of the picture the strongest evidence covers
GREYED = 0.6  # how far the picture's own colours fade, so that they are not taken for heat


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The evidence for the likelier label, pixel by pixel."""

    label: str
    is_count: bool  # of its bays, rather than a guess at what spoke for it
    map: Heat  # as high and wide as the picture, 1 where the evidence is strongest; all 0 where nothing spoke for the label


class HeatMapper:
    """Explains pictures by one network; safe to share between threads."""

    def __init__(self, config: ModelConfig, network: "FromPixels") -> None:
        from carpark.model.counting import counting_layer  # brings torch

        self.config = config
        self._normalise, self._body, self._head = network.normalise, network.body, network.head
        self._counting = counting_layer(network.head)
        for weights in network.parameters():
            weights.requires_grad_(False)

    def explain(self, image: Image) -> HeatMap:
        """The heat map of an RGB image."""
        import torch

        pixels = torch.from_numpy(prepare(image, self.config.input_size, self.config.scene_boxes).copy())[None]
        with torch.no_grad():
            activations: Tensor = self._body(self._normalise(pixels.permute(0, 3, 1, 2).float()))
            logits: Tensor = self._head(activations)[0]
        likelier = int(logits.argmax())
        if self._counting is None:
            evidence = self._explain_gradient(activations, likelier)
        else:
            log_counts = self._counting(activations)[0, likelier]
            evidence = (log_counts - log_counts.max()).exp()
        return HeatMap(self.config.labels[likelier], self._counting is not None, upsample(evidence.numpy(), image.size))

    def _explain_gradient(self, activations: "Tensor", likelier: int) -> "Tensor":
        """(rows, columns) of the last maps (1, channels, rows, columns): Grad-CAM of a label, not negative."""
        import torch

        activations.requires_grad_()
        with torch.enable_grad():
            logits: Tensor = self._head(activations)[0]
            log_odds = logits[likelier] - torch.cat([logits[:likelier], logits[likelier + 1 :]]).logsumexp(0)
            (gradient,) = torch.autograd.grad(log_odds, activations)
        weights = gradient.mean(dim=(2, 3), keepdim=True)  # (1, channels, 1, 1)
        return (weights * activations.detach()).sum(dim=1)[0].clamp(min=0)


def upsample(evidence: Heat, size: tuple[int, int]) -> Heat:
    """Evidence of any height and width, not negative, resized to `size` (width, height) and scaled so that its greatest value is 1."""
    top = float(evidence.max())
    if top <= 0:
        return np.zeros(size[::-1], dtype=np.float32)
    smooth: Heat = np.asarray(PILImage.fromarray(evidence / top).resize(size, Resampling.BICUBIC), dtype=np.float32)
    scaled: Heat = np.clip(smooth / smooth.max(), 0, 1)
    return scaled


def overlay_heat(image: Image, heat: Heat) -> Image:
    """The RGB image, paler, under the colours of a map of its own size; what is not warm stays visible."""
    picture = np.asarray(image, dtype=np.float32)
    grey = np.asarray(image.convert("L"), dtype=np.float32)[..., None]
    pale = picture + GREYED * (grey - picture)
    colours = INFERNO[np.rint(heat * 255).astype(np.uint8)]  # (height, width, 3)
    veil = VEIL * np.sqrt(heat)[..., None]
    return PILImage.fromarray(np.clip(pale + veil * (colours - pale), 0, 255).astype(np.uint8))

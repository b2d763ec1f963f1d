"""EfficientNet-Lite built from torchvision's MobileNetV2, so that a pickle of it needs torchvision and no code of ours.

Lite is EfficientNet (Tan and Le 2019) without squeeze-and-excite and with ReLU6, made for int8: MobileNetV2's blocks at other widths,
depths and kernels.
"""

from functools import partial

from torch import nn
from torchvision.models import MobileNetV2

KERNELS = (3, 3, 5, 3, 5, 5, 3)  # by stage
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def efficientnet_lite0(weights: None = None, pretrained: bool = False) -> MobileNetV2:
    """EfficientNet-Lite0 with random weights; it takes what fastai passes to every builder, and has no weights of its own."""
    return build_lite(widths=(16, 24, 40, 80, 112, 192, 320), depths=(1, 2, 2, 3, 3, 4, 1))


def efficientnet_lite2(weights: None = None, pretrained: bool = False) -> MobileNetV2:
    """EfficientNet-Lite2 with random weights: 1.1 times as wide and 1.2 times as deep."""
    return build_lite(widths=(16, 24, 48, 88, 120, 208, 352), depths=(1, 3, 3, 4, 4, 5, 1))


def build_lite(*, widths: tuple[int, ...], depths: tuple[int, ...]) -> MobileNetV2:
    """The network of seven stages with these channels and numbers of blocks; ImageNet's 1,000 classes, random weights."""
    expansions = (1, 6, 6, 6, 6, 6, 6)
    stages = [list(stage) for stage in zip(expansions, widths, depths, STRIDES, strict=True)]
    network = MobileNetV2(inverted_residual_setting=stages, norm_layer=partial(nn.BatchNorm2d, eps=1e-3))
    stem, *blocks = network.features[:-1]
    kernels = [kernel for kernel, depth in zip(KERNELS, depths, strict=True) for _ in range(depth)]
    for layer, kernel in zip([stem, *(block.conv[-3] for block in blocks)], [3, *kernels], strict=True):
        layer[0] = pad_same(layer[0], kernel)  # of convolution, batch norm, ReLU6
    return network


def pad_same(convolution: nn.Conv2d, kernel: int) -> nn.Module:
    """That convolution with a kernel of `kernel` px, padded as TensorFlow's "SAME" pads sides that its stride divides.

    At stride 2 that is one more pixel at the right and bottom, which torch writes as a layer of its own.
    """
    stride = convolution.stride[0]
    before, after = (kernel - stride) // 2, (kernel - 1) // 2
    padded = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        kernel,
        stride=stride,
        padding=before if before == after else 0,
        groups=convolution.groups,
        bias=False,
    )
    return padded if before == after else nn.Sequential(nn.ZeroPad2d((before, after, before, after)), padded)

"""ZeroGPU, the hardware that free accounts get for Gradio Spaces, starts an app only when some function is declared under `spaces.GPU`.

The package `spaces` is on the Hub alone. Photos and camera days stay on the processor there too: one photo takes less time than to attach
a GPU, no visitor's quota is spent, and a forked GPU worker could meet a model half loaded. Import this before torch. On that hardware
the package itself imports torch, so there alone the page waits for it.
"""

try:
    import spaces
except ImportError:
    pass
else:

    @spaces.GPU  # type: ignore[untyped-decorator]  # only on the Hub, and untyped
    def name_gpu() -> str:
        """The GPU that ZeroGPU attaches; the app does not call it."""
        import torch

        return torch.cuda.get_device_name()

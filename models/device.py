"""Where networks run, and what makes their results repeatable there."""

from __future__ import annotations

import torch


def fix_threads() -> None:
    """One thread on the CPU. The networks are small: a second thread gains little, burns the cores of
    whoever shares the machine, and would make results depend on their number."""
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def pick_device(wanted: str) -> str:
    """`auto` takes CUDA where it is; sets what makes runs repeatable there.

    Raises:
        ValueError: `cuda` is asked for and not there.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is cuda; expected a CUDA device on this machine, or auto or cpu")
    if wanted == "cpu" or not torch.cuda.is_available():
        return "cpu"
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return "cuda"

"""A device that is not there is a wrong setting, said in one line."""

from __future__ import annotations

import pytest
import torch

from agent.device import choose_device
from agent.errors import ConfigError


def test_cpu_is_always_there() -> None:
    assert choose_device("cpu") == "cpu"


def test_auto_takes_what_is_there() -> None:
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_cuda_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^config: models\.device is cuda; expected a CUDA device"):
        choose_device("cuda")

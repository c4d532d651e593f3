import math
import os
import time

import psutil
import pytest

from tests.load.elsewhere import Elsewhere


async def test_what_runs_elsewhere_answers_from_another_process_and_is_gone_afterwards() -> None:
    with Elsewhere(os.getpid) as elsewhere:
        pid = await elsewhere.result()
    assert pid != os.getpid()
    assert not psutil.pid_exists(pid)


async def test_what_it_raises_is_raised_here() -> None:
    with Elsewhere(math.sqrt, -1.0) as elsewhere, pytest.raises(ValueError, match="math domain error"):
        await elsewhere.result()


async def test_one_that_is_killed_says_so() -> None:
    with Elsewhere(time.sleep, 60.0) as elsewhere:
        elsewhere.__exit__(None, None, None)
        with pytest.raises(RuntimeError, match="ended before it had measured"):
            await elsewhere.result()

"""Settings of all tests: property tests try the same examples every time, so that a green run stays green.

``HYPOTHESIS_PROFILE=explore`` looks for new counterexamples instead. Neither minds how long drawing an example takes: that
says something of the machine, not of the code.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.demo_fixtures", "tests.logged"]

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fixed", patient, derandomize=True)
settings.register_profile("explore", patient, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start servers come first: they take longest, and with several workers (`-n`) nobody should wait for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("servers") is None)

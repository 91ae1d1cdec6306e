"""Settings of all tests: property tests try the same examples every time, so that a green run stays green.

``HYPOTHESIS_PROFILE=explore`` looks for new counterexamples instead.
"""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["tests.demo_fixtures"]

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

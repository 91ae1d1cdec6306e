"""Views of the operations API that start work."""

from __future__ import annotations

from analytics.api.permissions import MayRunBatch
from portfolios.api.staff import StaffView
from sigmasight.core.api.throttles import ScopeThrottle


class OperatorView(StaffView):
    """For whoever may set the batch to work, so many times a minute."""

    permission_classes = (MayRunBatch,)
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "trigger"

"""What the assistant counts for Prometheus; loaded so that it is told of before the first turn."""

from assistant.services.request_metrics import AI_REQUESTS, AI_TOKENS, AI_USD, FIRST_TOKEN

__all__ = ["AI_REQUESTS", "AI_TOKENS", "AI_USD", "FIRST_TOKEN"]

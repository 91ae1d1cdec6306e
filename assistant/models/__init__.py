from assistant.models.conversations import AIRequestMetric, Conversation, Message, MessageRole, Mode, UserPreference
from assistant.models.insights import Insight, InsightSeverity, InsightType
from assistant.models.knowledge import EMBEDDING_DIMENSIONS, KnowledgeDocument
from assistant.models.learning import (
    Annotation,
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    Feedback,
    Memory,
    MemoryScope,
    Rating,
)

__all__ = [
    "EMBEDDING_DIMENSIONS",
    "AIRequestMetric",
    "Annotation",
    "AnnotationSeverity",
    "AnnotationStatus",
    "AnnotationType",
    "Conversation",
    "Feedback",
    "Insight",
    "InsightSeverity",
    "InsightType",
    "KnowledgeDocument",
    "Memory",
    "MemoryScope",
    "Message",
    "MessageRole",
    "Mode",
    "Rating",
    "UserPreference",
]

"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern, path

from assistant.api.views import (
    ai_admin_knowledge,
    ai_admin_requests,
    ai_admin_tuning,
    chat,
    conversations,
    feedback,
    feedback_review,
    insights,
    memories,
)
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("chat/conversations", conversations.ConversationsView, "conversations"),
    *endpoint("chat/conversations/<str:conversation_id>", conversations.ConversationView, "conversation"),
    *endpoint("chat/conversations/<str:conversation_id>/mode", conversations.ModeView, "conversation-mode"),
    *endpoint("chat/conversations/<str:conversation_id>/messages", conversations.MessagesView, "conversation-messages"),
    path("chat/send", chat.send, name="chat-send"),
    path("chat/send/", chat.send, name="chat-send-slash"),
    *endpoint("chat/messages/<str:message_id>/feedback", feedback.FeedbackView, "message-feedback"),
    *endpoint("admin/ai/knowledge/documents", ai_admin_knowledge.DocumentsView, "ai-documents"),
    *endpoint("admin/ai/knowledge/documents/stats", ai_admin_knowledge.DocumentStatsView, "ai-document-stats"),
    *endpoint("admin/ai/knowledge/documents/<str:doc_id>", ai_admin_knowledge.DocumentView, "ai-document"),
    *endpoint("admin/ai/knowledge/memories", ai_admin_knowledge.MemoriesView, "ai-memories"),
    *endpoint("admin/ai/knowledge/memories/stats", ai_admin_knowledge.MemoryStatsView, "ai-memory-stats"),
    *endpoint("admin/ai/knowledge/feedback", ai_admin_knowledge.FeedbackListView, "ai-feedback"),
    *endpoint("admin/ai/knowledge/feedback/stats", ai_admin_knowledge.FeedbackStatsView, "ai-feedback-stats"),
    *endpoint("admin/ai/metrics", ai_admin_requests.MetricsView, "ai-metrics"),
    *endpoint("admin/ai/latency", ai_admin_requests.LatencyView, "ai-latency"),
    *endpoint("admin/ai/tokens", ai_admin_requests.TokensView, "ai-tokens"),
    *endpoint("admin/ai/errors", ai_admin_requests.ErrorsView, "ai-errors"),
    *endpoint("admin/ai/tools", ai_admin_requests.ToolsView, "ai-tools"),
    *endpoint("admin/ai/models", ai_admin_requests.ModelsView, "ai-models"),
    *endpoint("admin/ai/tuning/conversations", ai_admin_tuning.ConversationsView, "ai-conversations"),
    *endpoint(
        "admin/ai/tuning/conversations/<str:conversation_id>", ai_admin_tuning.ConversationView, "ai-conversation"
    ),
    *endpoint("admin/ai/tuning/messages/<str:message_id>", ai_admin_tuning.MessageView, "ai-message"),
    *endpoint("admin/ai/tuning/annotations", ai_admin_tuning.AnnotationsView, "ai-annotations"),
    *endpoint("admin/ai/tuning/annotations/<str:annotation_id>", ai_admin_tuning.AnnotationView, "ai-annotation"),
    *endpoint("admin/ai/tuning/summary", ai_admin_tuning.SummaryView, "ai-tuning-summary"),
    *endpoint("admin/ai/tuning/export", ai_admin_tuning.ExportView, "ai-tuning-export"),
    *endpoint("admin/feedback/summary", feedback_review.SummaryView, "feedback-summary"),
    *endpoint("admin/feedback/stats", feedback_review.StatsView, "feedback-stats"),
    *endpoint("admin/feedback/patterns", feedback_review.PatternsView, "feedback-patterns"),
    *endpoint("admin/feedback/negative", feedback_review.NegativeView, "feedback-negative"),
    *endpoint("admin/feedback/learned-preferences", feedback_review.PreferencesView, "feedback-preferences"),
    *endpoint("admin/feedback/run-learning", feedback_review.RunView, "feedback-run"),
    *endpoint("admin/feedback/reprocess", feedback_review.ReprocessView, "feedback-reprocess"),
    *endpoint("admin/feedback/analyze-user/<str:user_id>", feedback_review.AnalyzeView, "feedback-analyze"),
    *endpoint("chat/memories", memories.ChatMemoriesView, "chat-memories"),
    *endpoint("chat/memories/count", memories.ChatMemoryCountView, "chat-memory-count"),
    *endpoint("chat/memories/<str:memory_id>", memories.ChatMemoryView, "chat-memory"),
    path("insights/generate", insights.generate, name="insight-generate"),
    path("insights/generate/", insights.generate, name="insight-generate-slash"),
    path("insights/chat", insights.talk, name="insight-chat"),
    path("insights/chat/", insights.talk, name="insight-chat-slash"),
    *endpoint("insights/portfolio/<str:portfolio_id>", insights.PortfolioInsightsView, "portfolio-insights"),
    *endpoint("insights/<str:insight_id>", insights.InsightView, "insight"),
    *endpoint("insights/<str:insight_id>/feedback", insights.InsightFeedbackView, "insight-feedback"),
    *endpoint("agent/memories", memories.AgentMemoriesView, "agent-memories"),
    *endpoint("agent/memories/count", memories.AgentMemoryCountView, "agent-memory-count"),
    *endpoint("agent/memories/<str:memory_id>", memories.AgentMemoryView, "agent-memory"),
]

"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern, path

from assistant.api.views import chat, conversations, feedback, feedback_review, insights, memories
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("chat/conversations", conversations.ConversationsView, "conversations"),
    *endpoint("chat/conversations/<str:conversation_id>", conversations.ConversationView, "conversation"),
    *endpoint("chat/conversations/<str:conversation_id>/mode", conversations.ModeView, "conversation-mode"),
    *endpoint("chat/conversations/<str:conversation_id>/messages", conversations.MessagesView, "conversation-messages"),
    path("chat/send", chat.send, name="chat-send"),
    path("chat/send/", chat.send, name="chat-send-slash"),
    *endpoint("chat/messages/<str:message_id>/feedback", feedback.FeedbackView, "message-feedback"),
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

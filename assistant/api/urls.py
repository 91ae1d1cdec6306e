"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern, path

from assistant.api.views import chat, conversations, insights, memories
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("chat/conversations", conversations.ConversationsView, "conversations"),
    *endpoint("chat/conversations/<str:conversation_id>", conversations.ConversationView, "conversation"),
    *endpoint("chat/conversations/<str:conversation_id>/mode", conversations.ModeView, "conversation-mode"),
    *endpoint("chat/conversations/<str:conversation_id>/messages", conversations.MessagesView, "conversation-messages"),
    path("chat/send", chat.send, name="chat-send"),
    path("chat/send/", chat.send, name="chat-send-slash"),
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

"""Example calls of the assistant."""

from __future__ import annotations

from tests.contract.examples.calls import Call, Example, of_portfolio, plain

EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- conversations, verdicts and what staff see of them
    "chat_create_conversation": (
        plain({"title": "Chat", "mode": "green"}),
        lambda who: Call(body={"mode": "green", "portfolio_id": who.portfolio}),
        lambda who: Call(body={"mode": "blue", "portfolio_ids": [who.portfolio], "page_hint": "home", "route": "/home"}),
    ),
    "chat_list_conversations": (plain(), lambda who: Call(query={"limit": 1, "offset": 0})),
    "chat_get_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    "chat_list_messages": (
        lambda who: Call({"conversation_id": who.conversation}),
        lambda who: Call({"conversation_id": who.conversation}, query={"limit": 1}),
    ),
    "chat_change_mode": (lambda who: Call({"conversation_id": who.conversation}, body={"mode": "violet"}),),
    "chat_change_mode_patch": (lambda who: Call({"conversation_id": who.conversation}, body={"mode": "indigo"}),),
    "chat_delete_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    # The command is answered without a model; streams have tests of their own.
    "chat_send": (lambda who: Call(body={"conversation_id": who.conversation, "text": "/mode blue"}),),
    "chat_put_feedback": (
        lambda who: Call({"message_id": who.message}, body={"rating": "up"}),
        lambda who: Call({"message_id": who.message}, body={"rating": "down", "edited_text": "Shorter.", "comment": None}),
    ),
    "chat_get_feedback": (
        lambda who: Call({"message_id": who.rated}),
        lambda who: Call({"message_id": who.message}),
    ),
    "chat_delete_feedback": (lambda who: Call({"message_id": who.rated}),),
    **{
        name: (plain(), lambda who: Call(query={"days": 7}))
        for name in ("ai_metrics", "ai_latency", "ai_tokens", "ai_errors", "ai_tools", "ai_models", "kb_feedback_stats", "tuning_summary")
    },
    "kb_list": (plain(), lambda who: Call(query={"scope": "global", "search": "value", "limit": 2, "offset": 0})),
    "kb_stats": (plain(),),
    "kb_get": (lambda who: Call({"doc_id": who.document}),),
    "kb_memories": (plain(), lambda who: Call(query={"scope": "user", "user_id": who.user, "search": "prefers", "limit": 2})),
    "kb_memory_stats": (plain(),),
    "kb_feedback": (
        lambda who: Call(query={"with_context": True}),
        lambda who: Call(query={"rating": "down", "days": 7, "limit": 2, "offset": 0}),
    ),
    "tuning_conversations": (plain(), lambda who: Call(query={"user_id": who.user, "days": 7, "limit": 2})),
    "tuning_conversation": (lambda who: Call({"conversation_id": who.conversation}),),
    "tuning_message": (
        lambda who: Call({"message_id": who.message}),
        lambda who: Call({"message_id": who.message}, query={"context_messages": 0}),
    ),
    "tuning_annotate": (
        lambda who: Call(body={"message_id": who.message, "annotation_type": "flag", "content": "Too vague."}),
        lambda who: Call(
            body={
                "message_id": who.message, "annotation_type": "correction", "content": "Of one session.", "severity": "minor",
                "suggested_response": "The VaR of one session ...", "tags": ["accuracy"],
            }
        ),
    ),
    "tuning_annotations": (
        plain(),
        lambda who: Call(query={"status": "pending", "annotation_type": "flag", "severity": "minor", "days": 7, "limit": 2}),
    ),
    "tuning_annotation": (lambda who: Call({"annotation_id": who.annotation}),),
    "tuning_annotation_update": (
        lambda who: Call({"annotation_id": who.annotation}, body={"status": "reviewed", "severity": None}),
    ),
    "tuning_annotation_delete": (lambda who: Call({"annotation_id": who.annotation}),),
    "tuning_export": (plain(), lambda who: Call(query={"status": "pending", "days": 7, "format": "jsonl"})),
    "fb_summary": (plain(), lambda who: Call(query={"days": 7, "user_id": who.user})),
    "fb_stats": (plain(),),
    "fb_patterns": (lambda who: Call(query={"user_id": who.user, "min_confidence": 0.2}),),
    "fb_negative": (plain(), lambda who: Call(query={"limit": 5, "days": 7, "with_edits_only": True})),
    "fb_preferences": (plain(), lambda who: Call(query={"user_id": who.user, "limit": 5})),
    "fb_run": (plain(), lambda who: Call(query={"min_confidence": 0.9, "days": 7})),
    "fb_reprocess": (plain(), lambda who: Call(query={"days": 2})),
    "fb_analyze": (
        lambda who: Call({"user_id": who.user}),
        lambda who: Call({"user_id": who.user}, query={"create_rules": True, "min_confidence": 0.1}),
    ),
    # -- memories
    **{
        name: call
        for family in ("chat", "agent")
        for name, call in {
            f"{family}_list_memories": (
                plain(limit=20),
                plain(scope="portfolio"),
                lambda who: Call(query={"portfolio_id": who.portfolio}),
            ),
            f"{family}_create_memory": (
                plain({"content": "Prefers short answers with a table.", "tags": {"category": "style"}}),
                lambda who: Call(
                    body={"content": "Pays for a house in 2028.", "scope": "portfolio", "portfolio_id": who.portfolio}
                ),
            ),
            f"{family}_delete_memories": (plain(),),
            f"{family}_count_memories": (plain(),),
            f"{family}_delete_memory": (lambda who: Call({"memory_id": who.memory}),),
        }.items()
    },
    # -- insights
    "insights_generate": (
        lambda who: Call(body={"portfolio_id": who.portfolio, "insight_type": "morning_briefing"}),
        lambda who: Call(
            body={
                "portfolio_id": who.portfolio,
                "insight_type": "morning_briefing",
                "customization": {"include_news": False, "verbosity": "detailed", "focus_areas": ["options", "rates"]},
            }
        ),
        lambda who: Call(
            body={"portfolio_id": who.portfolio, "insight_type": "custom", "user_question": "Which hedge works, and which does not?"}
        ),
    ),
    "insights_chat": (
        plain({"message": "/mode blue"}),
        lambda who: Call(body={"message": "/mode indigo", "conversation_id": who.conversation}),
    ),
    "insights_list": (of_portfolio(), of_portfolio(insight_type="daily_summary", days_back=7, limit=10, offset=0)),
    "insights_get": (lambda who: Call({"insight_id": who.insight}),),
    "insights_update": (lambda who: Call({"insight_id": who.insight}, body={"viewed": True, "dismissed": True}),),
    "insights_feedback": (lambda who: Call({"insight_id": who.insight}, body={"rating": 5, "feedback": "Clear."}),),
}  # fmt: skip

"""Forms and answers of /insights."""

from __future__ import annotations

from rest_framework import serializers

from assistant.models import InsightSeverity, InsightType
from assistant.services.insight_drafts import BRIEF, DETAILED, STANDARD
from sigmasight.core.api.forms import Form

LONGEST_FOCUS, LONGEST_QUESTION, LONGEST_COMMENT, LONGEST_MESSAGE = 100, 2_000, 2_000, 4_000
MOST_AREAS = 10


class BriefingOptions(Form):
    include_news = serializers.BooleanField(default=True, help_text="use news and web search")
    include_market_overview = serializers.BooleanField(default=True, help_text="tell what the market did")
    verbosity = serializers.CharField(
        default=STANDARD,
        max_length=20,
        help_text=f"{BRIEF}, {STANDARD} or {DETAILED}; other words are taken as {STANDARD}",
    )
    focus_areas = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_FOCUS),
        required=False,
        allow_null=True,
        max_length=MOST_AREAS,
        help_text="topics to stress",
    )


class InsightGenerate(Form):
    portfolio_id = serializers.UUIDField(help_text="the portfolio it is about")
    insight_type = serializers.ChoiceField(choices=InsightType.values)
    focus_area = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_FOCUS, help_text="topic to stress"
    )
    user_question = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=LONGEST_QUESTION,
        help_text="question, for type custom",
    )
    customization = BriefingOptions(required=False, allow_null=True, help_text="of a morning briefing alone")


class InsightQuery(Form):
    insight_type = serializers.ChoiceField(choices=InsightType.values, required=False, help_text="only this type")
    days_back = serializers.IntegerField(min_value=1, max_value=365, default=30, help_text="window in days")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="rows at most")
    offset = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0, help_text="rows to skip")


class InsightUpdate(Form):
    viewed = serializers.BooleanField(required=False, allow_null=True)
    dismissed = serializers.BooleanField(required=False, allow_null=True)


class InsightFeedback(Form):
    rating = serializers.FloatField(min_value=1, max_value=5, help_text="stars")
    feedback = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=LONGEST_COMMENT,
        help_text="comment; empty keeps the old one",
    )


class InsightMessage(Form):
    message = serializers.CharField(max_length=LONGEST_MESSAGE, help_text="the person's text")
    conversation_id = serializers.UUIDField(required=False, allow_null=True, help_text="left out: a new conversation")


class InsightPerformance(Form):
    cost_usd = serializers.FloatField(help_text="0 when unknown")
    generation_time_ms = serializers.IntegerField(help_text="0 when unknown")
    token_count = serializers.IntegerField(help_text="input and output; 0 when unknown")


class Insight(Form):
    id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    insight_type = serializers.ChoiceField(choices=InsightType.values)
    title = serializers.CharField(max_length=200)
    severity = serializers.ChoiceField(choices=InsightSeverity.values)
    summary = serializers.CharField()
    key_findings = serializers.ListField(child=serializers.CharField())
    recommendations = serializers.ListField(child=serializers.CharField())
    full_analysis = serializers.CharField(help_text="Markdown")
    data_limitations = serializers.CharField(help_text='"" where nothing limits it')
    focus_area = serializers.CharField(allow_null=True)
    user_question = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    viewed = serializers.BooleanField()
    dismissed = serializers.BooleanField()
    user_rating = serializers.FloatField(allow_null=True, min_value=1, max_value=5)
    user_feedback = serializers.CharField(allow_null=True)
    performance = InsightPerformance()
    model_used = serializers.CharField(help_text='"rules" where no language model wrote it')
    cache_hit = serializers.BooleanField(
        help_text="whether this answer is an insight written before for the same results and wish"
    )


class InsightList(Form):
    insights = Insight(many=True, help_text="newest first")
    total = serializers.IntegerField(help_text="matches before paging")
    has_more = serializers.BooleanField()


class Done(Form):
    message = serializers.CharField()

"""Forms and answers of verdicts on answers, and of what staff see of them."""

from __future__ import annotations

from rest_framework import serializers

from assistant.models import Rating
from sigmasight.core.api.forms import Form, days_back

LONGEST_EDIT, LONGEST_COMMENT = 20_000, 4_000


class FeedbackCreate(Form):
    rating = serializers.ChoiceField(choices=Rating.values, help_text="thumb")
    edited_text = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_EDIT, help_text="how it should have read"
    )
    comment = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_COMMENT, help_text="why"
    )


class Feedback(Form):
    id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    rating = serializers.CharField()
    edited_text = serializers.CharField(allow_null=True)
    comment = serializers.CharField(allow_null=True)


class FeedbackWithdrawn(Form):
    deleted = serializers.BooleanField()
    id = serializers.UUIDField()


class SummaryQuery(Form):
    days = days_back(30, 365)
    user_id = serializers.UUIDField(required=False, help_text="one person")


class Summary(Form):
    total_feedback = serializers.IntegerField()
    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    positive_ratio = serializers.FloatField(help_text="0 to 1; 0 without any")
    with_edits = serializers.IntegerField()
    with_comments = serializers.IntegerField()
    period_days = serializers.IntegerField()
    generated_at = serializers.DateTimeField()


class Stats(Form):
    total_feedback = serializers.IntegerField()
    positive_feedback = serializers.IntegerField()
    negative_feedback = serializers.IntegerField()
    positive_ratio = serializers.FloatField()
    feedback_with_edits = serializers.IntegerField()
    recent_feedback_7d = serializers.IntegerField()
    generated_at = serializers.DateTimeField()


class PatternsQuery(Form):
    user_id = serializers.UUIDField(help_text="whose verdicts")
    min_confidence = serializers.FloatField(default=0.5, min_value=0, max_value=1, help_text="leave out what is below")


class Pattern(Form):
    type = serializers.CharField(help_text="preference, style, topic or format")
    content = serializers.CharField()
    confidence = serializers.FloatField()
    source = serializers.CharField(help_text="pattern_analysis or llm_extraction")  # type: ignore[assignment]
    category = serializers.CharField()
    evidence_count = serializers.IntegerField()


class Patterns(Form):
    user_id = serializers.UUIDField()
    patterns_found = serializers.IntegerField()
    patterns = Pattern(many=True)
    analyzed_at = serializers.DateTimeField()


class NegativeQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200, help_text="rows at most")
    days = days_back(30, 365)
    with_edits_only = serializers.BooleanField(default=False, help_text="only with a corrected text")


class NegativeItem(Form):
    feedback_id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True)
    rating = serializers.CharField()
    original_text = serializers.CharField(allow_null=True)
    edited_text = serializers.CharField(allow_null=True)
    comment = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class Negative(Form):
    total = serializers.IntegerField()
    period_days = serializers.IntegerField()
    with_edits_only = serializers.BooleanField()
    items = NegativeItem(many=True)


class PreferencesQuery(Form):
    user_id = serializers.UUIDField(required=False, help_text="one person")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500, help_text="rows at most")


class Preference(Form):
    memory_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    content = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    confidence = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()


class Preferences(Form):
    total = serializers.IntegerField()
    preferences = Preference(many=True)


class LearningQuery(Form):
    min_confidence = serializers.FloatField(default=0.7, min_value=0, max_value=1, help_text="leave out what is below")
    days = days_back(30, 365)


class Rule(Form):
    rule = serializers.CharField()
    confidence = serializers.FloatField()
    memory_id = serializers.UUIDField()


class PatternRun(Form):
    user_id = serializers.UUIDField()
    patterns_found = serializers.IntegerField()
    rules_created = serializers.IntegerField()
    details = Rule(many=True)
    error = serializers.CharField(required=False, help_text="only where it failed")


class PersonError(Form):
    user_id = serializers.UUIDField()
    error = serializers.CharField()


class LearningRun(Form):
    job_type = serializers.CharField()
    started_at = serializers.DateTimeField()
    users_processed = serializers.IntegerField()
    total_patterns_found = serializers.IntegerField()
    total_rules_created = serializers.IntegerField()
    user_results = PatternRun(many=True)
    errors = PersonError(many=True)  # type: ignore[assignment]
    status = serializers.CharField()
    message = serializers.CharField(required=False, help_text="where nobody has verdicts enough")
    error = serializers.CharField(required=False, help_text="only where it failed")
    duration_seconds = serializers.FloatField()
    completed_at = serializers.DateTimeField()


class ReprocessQuery(Form):
    days = days_back(7, 30)


class FeedbackError(Form):
    feedback_id = serializers.UUIDField()
    error = serializers.CharField()


class ReprocessRun(Form):
    job_type = serializers.CharField()
    started_at = serializers.DateTimeField()
    feedback_processed = serializers.IntegerField()
    actions_taken = serializers.IntegerField()
    errors = FeedbackError(many=True)  # type: ignore[assignment]
    status = serializers.CharField()
    error = serializers.CharField(required=False, help_text="only where it failed")
    completed_at = serializers.DateTimeField()


class AnalyzeQuery(Form):
    min_confidence = serializers.FloatField(default=0.7, min_value=0, max_value=1, help_text="leave out what is below")
    create_rules = serializers.BooleanField(default=False, help_text="store the rules; otherwise only show them")


class PatternPreview(Form):
    user_id = serializers.UUIDField()
    preview_mode = serializers.BooleanField()
    patterns_found = serializers.IntegerField()
    patterns = Pattern(many=True)
    note = serializers.CharField()

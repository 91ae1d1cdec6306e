"""The schedules of celery-beat, in the console's look: when beat starts what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from analytics.services.next_runs import in_both_zones, next_run
from sigmasight.core.admin import TableAdmin

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The tasks that Celery knows."""


class PeriodicTaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, TableAdmin):
    icon = "schedule"
    title = "Schedules"
    form = PeriodicTaskForm
    # The page of the package has a script within itself, which the policy forbids.
    change_form_template = None
    list_display = ["name", "enabled", "scheduler", "next_start", "last_run_at", "total_run_count"]
    list_filter = ["enabled", "one_off"]
    date_hierarchy = None

    @admin.display(description="next start")
    def next_start(self, task: PeriodicTask) -> str:
        return in_both_zones(next_run(task))

    def get_actions(self, request: HttpRequest) -> Any:
        """Switching and starting tasks changes them: whoever may only look has none of it."""
        actions = super().get_actions(request)
        if self.has_change_permission(request):
            return actions
        return {name: action for name, action in actions.items() if name not in beat.PeriodicTaskAdmin.actions}


class PeriodicTaskInline(TabularInline, beat.PeriodicTaskInline):
    pass


class ScheduleAdmin(TableAdmin):
    inlines = [PeriodicTaskInline]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ScheduleAdmin):
    icon = "calendar_month"
    title = "Times of day"
    list_display = ["human_readable", "minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone"]


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ScheduleAdmin):
    icon = "timer"
    title = "Intervals"
    list_display = ["__str__", "every", "period"]


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(ScheduleAdmin):
    icon = "event"
    title = "Single moments"
    list_display = ["clocked_time"]


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ScheduleAdmin):
    icon = "wb_twilight"
    title = "Sun events"
    off_sidebar = True
    list_display = ["event", "latitude", "longitude"]

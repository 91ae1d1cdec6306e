"""Example calls of the operations API."""

from __future__ import annotations

from tests.contract.examples.accounts import PASSWORD
from tests.contract.examples.calls import Call, Example, plain

STAFF_EMAIL = "demo_admin@sigmasight.com"

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "admin_login": (plain({"email": STAFF_EMAIL, "password": PASSWORD}),),
    "admin_logout": (plain(),),
    "admin_me": (plain(),),
    "admin_refresh": (plain(),),
    "batch_run": (plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_current": (plain(),),
    "batch_trigger_market_data": (plain(),),
    "batch_trigger_correlations": (plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_trigger_profiles": (plain(),),
    "batch_restore_sector_tags": (plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_cleanup_incomplete": (plain(age_threshold_hours=2),),
    "batch_data_quality": (plain(), lambda who: Call(query={"portfolio_id": who.portfolio})),
    "batch_data_quality_refresh": (plain(),),
    "batch_history": (plain(days=30, limit=50), plain(status="completed")),
    "batch_history_summary": (plain(days=30),),
    "batch_history_one": (lambda who: Call({"batch_run_id": who.run}),),
    "batch_history_logs": (lambda who: Call({"batch_run_id": who.run}),),
    "fix_clear": (plain(),),
    "fix_seed": (plain(),),
    "fix_run_batch": (plain(),),
    "fix_all": (plain(start_date="2025-11-19", end_date="2025-11-20"),),
    "fix_job": (lambda who: Call({"job_id": who.repair}),),
    "ob_funnel": (plain(days=30),),
    "ob_errors": (plain(days=30),),
    "ob_daily": (plain(days=30),),
    "ob_events": (plain(), plain(limit=5, error_only="true")),
    "sys_health": (plain(),),
    "sys_aggregation": (plain(),),
    "sys_retention": (plain(),),
    "sys_cleanup": (plain(),),
    "sys_aggregate": (plain(target_date="2025-11-19"),),
    "sys_run_batch": (plain(aggregate_days=1, run_cleanup="true"),),
    "sys_daily": (plain(days=7),),
}  # fmt: skip

"""Where this project answers otherwise than the contract's files say: every difference, each with the decision behind it.

The files describe an older program. The decisions of this project win over them, what the frontend reads comes next, the
files last. A change that is not listed here is a fault of the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Documents = Mapping[str, dict[str, Any]]

NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
STRING = {"type": "string"}
BOOLEAN = {"type": "boolean"}
INSTANT = {"type": "string", "format": "date-time"}
ERROR = {"$ref": "#/components/schemas/ErrorDetail"}


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with null allowed."""
    if isinstance(schema.get("type"), str) and not {"const", "enum"} & schema.keys():
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [dict(schema), {"type": "null"}]}


@dataclass(frozen=True)
class Amendment:
    """One difference: what changes, and why."""

    reason: str
    change: Callable[[Documents], None]


def schema(file: str, name: str, becomes: Mapping[str, Any], reason: str) -> Amendment:
    """A named schema is another one."""
    return Amendment(reason, lambda files: files[file]["components"]["schemas"].__setitem__(name, dict(becomes)))


def keys(file: str, place: str, added: Mapping[str, Any], reason: str, *, optional: bool = False) -> Amendment:
    """An object has keys more, or keys with other schemas. `place` is a schema and keys below it: ``Quotes.quotes[]``."""

    def change(files: Documents) -> None:
        node = _find(files[file], place)
        node.setdefault("properties", {}).update(added)
        if not optional:
            required = node.setdefault("required", [])
            required += [key for key in added if key not in required]

    return Amendment(reason, change)


def nullable(file: str, place: str, names: tuple[str, ...], reason: str) -> Amendment:
    """Keys of an object may be null."""

    def change(files: Documents) -> None:
        properties = _find(files[file], place)["properties"]
        for name in names:
            properties[name] = or_null(properties[name])

    return Amendment(reason, change)


def answers(
    file: str, ids: tuple[str, ...], reason: str, *, gone: tuple[str, ...] = (), new: Mapping[str, Any] | None = None
) -> Amendment:
    """Operations answer with other statuses; `new` maps them to the schemas of their bodies."""

    def change(files: Documents) -> None:
        for operation_id in ids:
            responses = _operation(files[file], operation_id)["responses"]
            for status in gone:
                responses.pop(status, None)
            for status, body in (new or {}).items():
                responses[status] = _answer(body)

    return Amendment(reason, change)


def accepts(file: str, operation_id: str, reason: str, **schemas: Mapping[str, Any]) -> Amendment:
    """An operation takes query parameters more."""

    def change(files: Documents) -> None:
        listed = _operation(files[file], operation_id).setdefault("parameters", [])
        listed += [{"name": name, "in": "query", "schema": dict(inner)} for name, inner in schemas.items()]

    return Amendment(reason, change)


def _answer(body: Any) -> dict[str, Any]:
    return {"description": "As amended.", "content": {"application/json": {"schema": body}}}


def _operation(document: Mapping[str, Any], operation_id: str) -> dict[str, Any]:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and operation.get("operationId") == operation_id:
                return operation
    raise KeyError(operation_id)


def _find(document: Mapping[str, Any], place: str) -> dict[str, Any]:
    name, *steps = place.replace("[]", ".[]").split(".")
    node = document["components"]["schemas"][name]
    for step in steps:
        node = _step(document, node, step)
    return _target(document, node)


def _step(document: Mapping[str, Any], node: dict[str, Any], step: str) -> dict[str, Any]:
    node = _target(document, node)
    if step == "[]":
        return node["items"]
    if step == "{}":
        return node["additionalProperties"]
    for part in (node, *node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
        part = _target(document, part)
        if step in part.get("properties", {}):
            return part["properties"][step]
    raise KeyError(step)


def _target(document: Mapping[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; of alternatives, the one object that is more than null."""
    while "$ref" in node:
        node = document["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    objects = [one for one in node.get("oneOf", ()) if "properties" in _target(document, one)]
    return _target(document, objects[-1]) if objects else node


# -- changes that hold for many operations


def _errors_have_one_form(files: Documents) -> None:
    """The same two bodies for errors in every file, under one name."""
    for document in files.values():
        document["components"]["schemas"].setdefault(
            "ErrorDetail", files["core"]["components"]["schemas"]["ErrorDetail"]
        )


def _nothing_is_forbidden_by_name(files: Documents) -> None:
    for document in files.values():
        for item in document["paths"].values():
            for operation in item.values():
                if not isinstance(operation, dict) or "responses" not in operation or "x-admin-role" in operation:
                    continue
                responses = operation["responses"]
                if responses.pop("403", None) is not None:
                    responses["404"] = _answer(ERROR)


def _paths_with_ids_know_404(files: Documents) -> None:
    for document in files.values():
        for path, item in document["paths"].items():
            for operation in item.values():
                if isinstance(operation, dict) and "responses" in operation and "_id}" in path:
                    operation["responses"].setdefault("404", _answer(ERROR))


def _no_failure_is_an_answer(files: Documents) -> None:
    for document in files.values():
        for item in document["paths"].values():
            for operation in item.values():
                if isinstance(operation, dict) and "responses" in operation:
                    for status in ("500", "502", "307"):
                        operation["responses"].pop(status, None)


def _whoever_needs_a_token_may_lack_it(files: Documents) -> None:
    for document in files.values():
        for item in document["paths"].values():
            for operation in item.values():
                if not isinstance(operation, dict) or "responses" not in operation:
                    continue
                if operation.get("security", document.get("security")):
                    wrong_input = {"$ref": "#/components/schemas/ValidationError"}
                    operation["responses"].setdefault("401", _answer(ERROR))
                    operation["responses"].setdefault("422", _answer(wrong_input))


def _fundamentals_need_a_token(files: Documents) -> None:
    for operation_id in FUNDAMENTALS:
        operation = _operation(files["core"], operation_id)
        operation["security"] = [{"bearerAuth": []}, {"cookieAuth": []}]


FUNDAMENTALS = ("incomeStatement", "balanceSheet", "cashFlow", "analystEstimates")
CHORES = ("sys_cleanup", "sys_aggregate", "sys_run_batch")
CHAT_DELETES = ("chat_delete_conversation", "chat_delete_feedback", "chat_delete_memory")
TRIGGERS = (
    "batch_run", "batch_trigger_market_data", "batch_trigger_correlations", "batch_trigger_profiles", "batch_restore_sector_tags",
    "batch_cleanup_incomplete", "batch_data_quality_refresh", "fix_clear", "fix_seed", "fix_run_batch", "fix_all",
)  # fmt: skip

SCENARIO_EXTRAS = {
    "plausibility_scale": or_null(NUMBER),
    "mahalanobis_length": or_null(NUMBER),
    "unbounded_dollar_impact": or_null(NUMBER),
    "private_dollar_impact": or_null(NUMBER),
    "direct_dollar_impact": or_null(NUMBER),
    "loss_exceeds_equity": BOOLEAN,
}
FACTOR_ITEMS = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "beta", "exposure_dollar"], "properties": {
        "name": STRING, "beta": or_null(NUMBER), "exposure_dollar": or_null(NUMBER)}},
}  # fmt: skip

ONE_404 = "A foreign or unknown thing is 404 with one text for both, everywhere"
NUMBERS = "Numbers are JSON numbers everywhere"
READ = "The frontend reads it"
THROTTLED = "Logins, registrations, triggers and imports are limited"
PROVENANCE = "Rows carry the source they came from (`simulated`, a provider's name), not one fixed word"
FACTORS = "13 factor names are kept and filled"
ABSENT = "Nothing is left absent: null instead"

AMENDMENTS: tuple[Amendment, ...] = (
    Amendment("One error renderer for the whole API", _errors_have_one_form),
    Amendment(f"{ONE_404}; 403 only in admin areas", _nothing_is_forbidden_by_name),
    Amendment(ONE_404, _paths_with_ids_know_404),
    Amendment("No answer of 5xx is accepted; both spellings of a path are served, nothing redirects", _no_failure_is_an_answer),
    Amendment("`/fundamentals` needs a token", _fundamentals_need_a_token),
    Amendment("Unauthenticated is 401, wrong input 422, on every operation", _whoever_needs_a_token_may_lack_it),
    # -- numbers and times
    schema("core", "DecimalString", NUMBER, NUMBERS),
    schema("analytics", "DecimalAmount", NUMBER, NUMBERS),
    schema("core", "TimestampOffset", INSTANT, "Times: ISO 8601 with Z"),
    schema("core", "TimestampNaive", INSTANT, "Times: ISO 8601 with Z"),
    # -- statuses
    answers(
        "analytics",
        ("deleteEquityChange",),
        "DELETE answers 200 with a small JSON body: the frontend's proxy cannot pass a 204 on",
        gone=("204",),
        new={"200": {"type": "object", "minProperties": 1}},
    ),
    answers(
        "assistant_admin",
        CHAT_DELETES,
        "DELETE answers 200 with a small JSON body: the frontend's proxy cannot pass a 204 on",
        gone=("204",),
        new={"200": {"type": "object", "minProperties": 1}},
    ),
    answers("assistant_admin", ("fb_run", "fb_reprocess", "fb_analyze"), THROTTLED, new={"403": ERROR, "429": ERROR}),
    answers("assistant_admin", ("fb_patterns", "fb_preferences", "fb_analyze"), "Wrong input is 422, on every operation", gone=("400",)),
    answers("assistant_admin", ("chat_get_feedback", "chat_delete_feedback"), "What is no answer cannot be rated", new={"400": ERROR}),
    answers("assistant_admin", ("kb_get", "kb_memories", "tuning_conversations", "tuning_conversation", "tuning_message",
                                "tuning_annotation", "tuning_annotation_update", "tuning_annotation_delete"),
            "Wrong input is 422, on every operation", gone=("400",)),
    answers("assistant_admin", ("tuning_export",), "At most ten thousand", new={"400": ERROR}),
    answers("assistant_admin", ("chat_send",), "One turn at a time in a conversation; messages are limited",
            new={"409": ERROR, "429": ERROR}),
    answers("assistant_admin", ("chat_list_memories", "chat_create_memory", "agent_list_memories", "agent_create_memory"),
            ONE_404, new={"404": ERROR}),
    answers("core", ("register",), "`/auth/register` works, with a setting to close it", new={"403": ERROR}),
    answers("core", ("createPortfolio", "updatePortfolio"), "Duplicate account_name: 409", new={"409": ERROR}),
    answers("core", ("createPosition", "bulkCreatePositions", "bulkDeletePositions", "updatePosition", "deletePosition"),
            ONE_404, new={"404": ERROR}),
    answers("core", ("calculatePortfolio",), "One active run per scope", new={"409": ERROR, "429": ERROR}),
    answers("analytics", ("triggerPortfolioCalculations",), THROTTLED, new={"429": ERROR}),
    answers("assistant_admin", TRIGGERS, "One active run per scope; triggers are limited", new={"409": ERROR, "429": ERROR}),
    answers("assistant_admin", CHORES, THROTTLED, new={"429": ERROR}),
    answers("assistant_admin", ("fix_job",), "Unknown run: 404", new={"404": ERROR}),
    answers("core", ("login", "register", "onboardingRegister", "onboardingCreatePortfolio"), THROTTLED, new={"429": ERROR}),
    answers("assistant_admin", ("insights_generate",), "Wrong input is 422; a wish that was written before is 200 with the "
            "insight there is", gone=("400",), new={"200": {"$ref": "#/components/schemas/Insight"}}),
    answers("assistant_admin", ("insights_chat",), "One turn at a time in a conversation; messages are limited",
            new={"409": ERROR, "429": ERROR}),
    answers("assistant_admin", ("insights_list",), "Wrong input is 422, on every operation", gone=("400",)),
    keys("assistant_admin", "Insight", {"model_used": STRING, "cache_hit": BOOLEAN},
         "Whoever reads an insight is told who wrote it, and whether it was written before"),
    answers("assistant_admin", ("admin_login",), THROTTLED, new={"429": ERROR}),
    answers("analytics", ("importTargetPricesCsv",), THROTTLED, new={"429": ERROR}),
    answers("core", ("debugRoutes",), "`/debug/routes` only with DEBUG", new={"404": ERROR}),
    answers("analytics", ("listEquityChanges", "createEquityChange"), ONE_404,
            new={"404": {"$ref": "#/components/schemas/EquityError"}}),
    answers("analytics", ("createPositionTagDocumented", "bulkCreatePositionTagsDocumented", "bulkDeletePositionTagsDocumented"),
            "`/position-tags` is offered; foreign lots and tags are 404", new={"404": ERROR}),
    answers("analytics", ("createPositionTagDocumented",), "Where one link is asked for, an archived tag is refused, not passed over",
            new={"409": ERROR}),
    answers("analytics", ("getAggregateOverview", "getAggregateBreakdown", "getAggregateBeta", "getAggregateVolatility",
                          "getAggregateFactorExposures", "getAggregateSectorExposure", "getAggregateConcentration",
                          "getAggregateCorrelationMatrix", "getAggregateStressTest"),
            f"{ONE_404}, also inside lists of ids and aggregates", new={"404": ERROR}),
    answers("core", ("validateSymbolGet",), "The frontend's form of the symbol check is offered", gone=("404",)),
    answers("core", ("checkDuplicate", "tagsForSymbol"), ONE_404, new={"404": ERROR}),
    answers("assistant_admin", ("batch_cleanup_incomplete", "batch_data_quality", "batch_data_quality_refresh",
                                "batch_trigger_correlations"), ONE_404, new={"404": ERROR}),
    answers("core", ("onboardingStatus", "onboardingStatusLogs"), "One error renderer; an id of wrong form is 422 everywhere",
            gone=("400",), new={"404": ERROR}),
    # -- keys the frontend reads beyond the files
    keys("core", "DataPortfolio",
         {"account_name": STRING, "account_type": STRING, "is_active": BOOLEAN, "description": or_null(STRING)}, READ),
    keys("core", "PositionDetail",
         {"avg_cost": NUMBER, "notes": or_null(STRING), "account_name": STRING, "realized_pnl": or_null(NUMBER),
          "exit_date": or_null({"type": "string", "format": "date"}), "exit_price": or_null(NUMBER),
          "created_at": INSTANT, "updated_at": INSTANT}, f"{READ}; `avg_cost` is always sent"),
    keys("core", "PositionDetail",
         {"deleted_at": or_null(INSTANT), "beta": or_null(NUMBER), "market_cap": or_null(NUMBER)}, READ, optional=True),
    keys("core", "Position", {"avg_cost": NUMBER}, "`avg_cost` is always sent"),
    keys("core", "DuplicateCheck", {"total_count": INTEGER, "message": STRING}, READ),
    keys("core", "SymbolValidation", {"is_valid": BOOLEAN}, "Both forms of the symbol check carry both key sets", optional=True),
    keys("core", "AnalystEstimates.estimates",
         {"current_year_analyst_count": or_null(INTEGER), "next_year_analyst_count": or_null(INTEGER)}, READ),
    keys("assistant_admin", "ClearResult",
         dict.fromkeys(("position_snapshots", "portfolio_risk", "engine_results", "factor_covariances", "scenario_factor_shocks"), INTEGER),
         "Every table of results is told, those the older program did not have too"),
    schema("assistant_admin", "BatchBackfillResult",
           {"type": "object", "required": ["success", "dates_processed"],
            "properties": {"success": BOOLEAN, "message": STRING, "dates_processed": INTEGER, "duration_seconds": INTEGER,
                           "job_id": {"type": "string", "format": "uuid"}, "status_url": STRING}},
           "Phases 1, 2, 2.5, 3 under these names: the phases of the older program have no results here. Long work is answered at "
           "once, with where to read its end"),
    keys("assistant_admin", "FixJob",
         {"job_type": {"type": "string", "enum": [
             "fix-all", "clear-calculations", "seed-portfolios", "run-batch", "clear-by-hand", "reseed-demo", "reroll-portfolio",
             "merge-symbol", "apply-split", "refresh-market-data", "refresh-profiles", "refetch-symbols", "retry", "phase"]}},
         "Every repair is recorded as a run and can be read back, under the name of what was run"),
    nullable("assistant_admin", "FixJob.result", ("step1_clear", "step2_seed", "step3_batch"),
             "Every repair is recorded as a run and can be read back: one that is a single step has no results of the others"),
    accepts("assistant_admin", "fix_clear", "Repairs touch the demo only, all with a flag and a confirmation; they can be tried",
            all_portfolios=BOOLEAN, confirm=STRING, dry_run=BOOLEAN, start_date={"type": "string", "format": "date"}),
    accepts("assistant_admin", "fix_all", "Repairs touch the demo only, all with a flag and a confirmation",
            all_portfolios=BOOLEAN, confirm=STRING),
    accepts("assistant_admin", "fix_seed", "Repairs can be tried", dry_run=BOOLEAN),
    keys("assistant_admin", "CleanupCounts",
         {"provider_requests": INTEGER, "idempotency_records": INTEGER, "revoked_tokens": INTEGER},
         "Requests to providers are kept 30 days; repeated creates and revoked tokens are forgotten when they expired"),
    keys("assistant_admin", "Conversation", {"conversation_id": {"type": "string", "format": "uuid"}},
         "The frontend reads it at login", optional=True),
    # -- provenance
    keys("core", "OhlcvSeries", {"source": STRING}, PROVENANCE),
    keys("core", "BenchmarkPrices.metadata", {"source": or_null(STRING)}, PROVENANCE),
    nullable("core", "BenchmarkPrices", ("message",), ABSENT),
    nullable("core", "BenchmarkPrices.metadata", ("first_date", "last_date"), ABSENT),
    keys("core", "Quotes.quotes[]", {"source": STRING}, PROVENANCE),
    nullable("core", "Quotes.quotes[]", ("day_change", "day_change_percent"),
             "The move of the day is computed; on a symbol's first day it is unknown, and unknown is null"),
    keys("core", "DemoReport.metadata", {"source": STRING}, "`/data/demo/{type}` serves a report the product itself produced"),
    keys("core", "DemoReport", {"positions": {"type": "array", "items": {"type": "object"}}}, NUMBERS),
    nullable("core", "FactorEtf", ("open", "high", "low", "volume"), "Unknown is null: a source may send closes alone"),
    # -- results
    keys("analytics", "PortfolioOverview.pnl", {"realized_pnl": NUMBER}, "Values of closed lots count: realised P&L is a figure"),
    keys("analytics", "PortfolioFactorExposuresResponse.metadata", {"total_active_factors": INTEGER}, FACTORS, optional=True),
    keys("analytics", "SpreadFactorsResponse.metadata", {"regression_window_days": INTEGER},
         "Windows of the engines' table win: spreads are fitted over 252 sessions", optional=True),
    keys("analytics", "StressScenario", SCENARIO_EXTRAS, "Plausibility, unbounded and private parts are published with every scenario",
         optional=True),
    keys("analytics", "AggregateStressTest.data.scenarios[]", SCENARIO_EXTRAS,
         "Plausibility, unbounded and private parts are published with every scenario", optional=True),
    keys("analytics", "StressTestResponse.data",
         {"coverage": or_null(NUMBER), "scenarios_skipped": {"type": "array", "items": STRING},
          "uncovered_positions": {"type": "array", "items": {"type": "object", "required": ["symbol", "reason"],
                                                             "properties": {"symbol": STRING, "reason": STRING}}}},
         "What could not be computed is told with its reason"),
    keys("analytics", "AggregateStressTest.data", {"calculation_date": {"type": "string", "format": "date"}}, READ),
    nullable("analytics", "FactorItem", ("beta",), "Without positive equity exposures are known in dollars only"),
    keys("analytics", "FactorItem", {"coverage": or_null(NUMBER)}, "Coverage is published with every factor", optional=True),
    keys("analytics", "SpreadFactorsResponse.factors[]", {"coverage": or_null(NUMBER)}, "Coverage is published with every factor",
         optional=True),
    keys("analytics", "PortfolioFactorExposuresResponse", {"style_exposures": FACTOR_ITEMS},
         "The styles beside the market, from the joint fit, stand beside the kept ones"),
    keys("analytics", "DiversificationScoreResponse", {"diversification_score": or_null(NUMBER)},
         "The score of the product text is 100 x (1 - the correlation)"),
    keys("analytics", "CorrelationMatrixResponse.metadata", {"symbols_left_out": {"type": "array", "items": STRING}},
         "A pair with too few common sessions is no 0: its shorter history is left out and named", optional=True),
    keys("analytics", "AggregateCorrelationMatrix.metadata",
         {"symbols_left_out": {"type": "array", "items": STRING}, "lookback_days": INTEGER},
         "A pair with too few common sessions is no 0: its shorter history is left out and named", optional=True),
    keys("analytics", "AggregateFactorExposures",
         {"factors": {"type": "array", "items": {
             "type": "object",
             "required": ["name", "aggregate_beta", "aggregate_exposure_dollar"],
             "properties": {"name": STRING, "aggregate_beta": or_null(NUMBER), "aggregate_exposure_dollar": or_null(NUMBER)},
         }}}, "The frontend's array stands under `factors`; the map stays under `aggregate_factors`"),
    keys("analytics", "AggregateVolatility", {"calculation_method": {"type": "string", "const": "variance_with_correlations"}},
         "Volatility of portfolios as one has their correlations in it and is no weighted mean (1-D6 of the engines' page)", optional=True),
    accepts(
        "analytics",
        "getAggregateCorrelationMatrix",
        "The frontend sends these names",
        max_positions=INTEGER,
        lookback_days={"type": "integer", "minimum": 30, "maximum": 365},
    ),
    accepts("core", "checkDuplicate", "The frontend sends it", position_type=STRING),
    nullable(
        "core",
        "DataSnapshot",
        ("target_price_return_eoy", "target_price_return_next_year", "target_price_coverage_pct"),
        "Unknown is null: a book without targets has no return on them",
    ),
    keys("assistant_admin", "JobStarted", {"batch_run_id": STRING},
         "Runs, steps, progress, heartbeat and log are rows: whoever starts one can look at it"),
    nullable("core", "BatchStatus", ("started_at", "triggered_by"), ABSENT),
    keys("analytics", "BatchStatus", {"status": {"type": "string", "enum": ["running", "completed", "idle", "failed"]}},
         "A failed run is told: its page polls for ever otherwise"),
)  # fmt: skip

# Paths that are served beside those of the files, and the operation each of them is.
ALIASES: dict[str, str] = {
    "/api/v1/admin/batch/trigger": "batch_run",
    "/api/v1/admin/system/health": "sys_health",
    "/api/v1/admin/system/aggregation/status": "sys_aggregation",
    "/api/v1/admin/system/retention/status": "sys_retention",
    "/api/v1/admin/system/cleanup": "sys_cleanup",
    "/api/v1/admin/system/aggregate": "sys_aggregate",
    "/api/v1/admin/system/run-batch": "sys_run_batch",
    "/api/v1/admin/system/daily-metrics": "sys_daily",
}


def amend(files: Documents) -> None:
    """Apply every amendment, in order."""
    for amendment in AMENDMENTS:
        amendment.change(files)

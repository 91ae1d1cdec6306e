"""All settings, driven by the environment; `.env.example` lists every variable.

Nothing set and not production: the embedded servers of this clone are used (and started if need be).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

import environ
from corsheaders.defaults import default_headers
from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

from sigmasight.core.console.look import THEME
from sigmasight.core.observability import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

PRODUCTION = env.bool("PRODUCTION", default=False)
TESTING = env.bool("SIGMASIGHT_TESTING", default=False)
DEBUG = env.bool("DEBUG", default=False)
VERSION = "1.0.0"
DEVELOPMENT_SECRET = "development-only-secret-key-never-used-in-production"  # noqa: S105 - refused below
SECRET_KEY = env("SECRET_KEY", default=DEVELOPMENT_SECRET)
if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("PRODUCTION=1 does not start with DEBUG=1. Unset DEBUG.")
    if SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50 or SECRET_KEY.startswith("change-me"):
        raise ImproperlyConfigured(
            "PRODUCTION=1 needs a SECRET_KEY of its own, at least 50 characters: "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )

# -- servers: all three, or none (then the embedded ones)

SERVER_VARIABLES = ("DATABASE_URL", "AI_DATABASE_URL", "REDIS_URL")
_missing = [name for name in SERVER_VARIABLES if not os.environ.get(name)]
EMBEDDED_SERVERS = len(_missing) == len(SERVER_VARIABLES)
if EMBEDDED_SERVERS and not PRODUCTION:
    from sigmasight.embedded import attach_or_start, chosen_source

    os.environ.update(attach_or_start())
    if remembered_source := chosen_source():
        os.environ.setdefault("MARKETDATA_SOURCE", remembered_source)
elif _missing:
    raise ImproperlyConfigured(
        f"Set {', '.join(_missing)} too: either all of {', '.join(SERVER_VARIABLES)}, or none of them for the embedded servers"
        + (" (which production never uses)." if PRODUCTION else ".")
    )
EMBEDDED_SERVERS = EMBEDDED_SERVERS or env.bool("SIGMASIGHT_EMBEDDED_CHILD", default=False)


def _database(variable: str) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = dict(env.db_url(variable))
    except ValueError:
        # Its text would quote a part of the password.
        raise ImproperlyConfigured(
            f"{variable} cannot be read. Characters of a password other than letters and digits are written as %XX."
        ) from None
    settings["ENGINE"] = "sigmasight.core.postgresql"
    settings["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    settings["CONN_HEALTH_CHECKS"] = True
    # What the URL says of TLS (?sslmode=verify-full) holds.
    settings["OPTIONS"] = {"connect_timeout": 10, "application_name": "sigmasight", **settings.get("OPTIONS", {})}
    return settings


DATABASES = {"default": _database("DATABASE_URL"), "ai": _database("AI_DATABASE_URL")}
# The assistant waits for its database two seconds at most; the core never waits for it.
if not env.bool("SIGMASIGHT_MIGRATING", default=False):
    DATABASES["ai"]["OPTIONS"] |= {"connect_timeout": 2, "options": "-c statement_timeout=2000"}
# Tests of this database alone need no other.
DATABASES["ai"]["TEST"] = {"DEPENDENCIES": []}
DATABASE_ROUTERS = ["sigmasight.routers.DatabaseRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
REDIS_KEY_PREFIX = env("REDIS_KEY_PREFIX", default="sigmasight")


def _redis_database(number: int) -> str:
    """The same server as `REDIS_URL`, another of its logical databases."""
    base, _, path = REDIS_URL.rpartition("/")
    if not base.startswith(("redis://", "rediss://")) or base.endswith("/"):
        base, path = REDIS_URL, "0"
    first = int(path) if path.isdigit() else 0
    return f"{base}/{first + number}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis_database(2),
        "KEY_PREFIX": REDIS_KEY_PREFIX,
    }
}

# -- applications

INSTALLED_APPS = [
    # Its templates and commands win over those of the packages.
    "sigmasight.core",
    "sigmasight.embedded",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "import_export",
    "sigmasight.core.console.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    # Before the domain's apps, which take its tables into the console in their own way.
    "django_celery_beat",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "marketdata",
    "portfolios",
    "tagging",
    "analytics",
    "assistant",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    # First, so that its line tells what the caller got.
    "sigmasight.core.observability.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sigmasight.core.api.middleware.ApiLimits",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
ROOT_URLCONF = "sigmasight.urls"
ASGI_APPLICATION = "sigmasight.asgi.application"
# Requests a web process works on at once; each of its threads keeps a connection to the databases it asked.
WEB_THREADS = env.int("WEB_THREADS", default=4)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketdata.console.price_banner",
            ]
        },
    }
]

# -- people

AUTH_USER_MODEL = "portfolios.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portfolios.passwords.StaffLengthValidator"},
]
# Wrong passwords for one account from one network address (tenfold: from anywhere) before it is locked there, and for how long.
LOGIN_FAILURES = env.int("LOGIN_FAILURES", default=10)
LOGIN_LOCK_SECONDS = env.int("LOGIN_LOCK_SECONDS", default=900)
# The second step of staff logins (an authenticator app): required, or optional. Who has set it up must use it.
SECOND_STEP = env("SECOND_STEP", default="required" if PRODUCTION else "optional")
if SECOND_STEP not in ("required", "optional"):
    raise ImproperlyConfigured(f"SECOND_STEP={SECOND_STEP!r} is neither required nor optional.")
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
OTP_TOTP_ISSUER = "SigmaSight"
# A working day, like the tokens of the operations API.
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=8 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
DETERMINISTIC_UUIDS = env.bool("DETERMINISTIC_UUIDS", default=False)
# Demo accounts have a published password: they exist on embedded servers or while debugging, and nowhere else.
DEMO_ALLOWED = not PRODUCTION and (EMBEDDED_SERVERS or DEBUG or TESTING)

# -- language, time, static files

LANGUAGE_CODE = "en-us"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["sigmasight.core.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = not PRODUCTION

# -- transport security

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Pages of other sites that may call the API from a browser, with cookies: written out, one by one.
CORS_ALLOWED_ORIGINS = env.list(
    "CORS_ALLOWED_ORIGINS", default=[] if PRODUCTION else [f"http://localhost:{port}" for port in (3000, 3005, 5173)]
)
ORIGIN = re.compile(rf"http{'s' if PRODUCTION else 's?'}://[a-z0-9.-]+(:\d+)?")
if _wrong := [origin for origin in CORS_ALLOWED_ORIGINS if not ORIGIN.fullmatch(origin)]:
    raise ImproperlyConfigured(
        f"CORS_ALLOWED_ORIGINS: {_wrong} are no origins such as https://app.example.com. Wildcards are refused, in production http too."
    )
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "x-request-id")
CORS_EXPOSE_HEADERS = ("content-disposition", "retry-after", "x-request-id")
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    if not ALLOWED_HOSTS:
        raise ImproperlyConfigured("PRODUCTION=1 needs ALLOWED_HOSTS, for example ALLOWED_HOSTS=risk.example.com")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    # Probes of the container platform come over plain HTTP from inside.
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    # Browsers take a cookie of this name from this host over TLS alone.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = True

# The pages of the console load from this server alone. Its theme is driven by Alpine.js, which makes functions out of the
# expressions in attributes: that takes 'unsafe-eval'. Scripts in the page itself need the nonce of the answer (`request.csp_nonce`).
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/api/", "/docs", "/redoc", "/health"),
    "DIRECTIVES": {
        "default-src": [csp.SELF],
        "script-src": [csp.SELF, csp.NONCE, csp.UNSAFE_EVAL],
        "style-src": [csp.SELF, csp.UNSAFE_INLINE],
        "img-src": [csp.SELF, "data:"],
        "object-src": [csp.NONE],
        "base-uri": [csp.NONE],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
    },
}

# -- the REST API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portfolios.api.authentication.UserAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["sigmasight.core.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sigmasight.core.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "sigmasight.core.api.schema.OperationSchema",
    "EXCEPTION_HANDLER": "sigmasight.core.api.errors.render_exception",
    "COERCE_DECIMAL_TO_STRING": False,
    # `format` is a parameter of several operations; it does not choose a renderer.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "DEFAULT_THROTTLE_RATES": {
        "login_address": env("THROTTLE_LOGIN_ADDRESS", default="60/min"),
        "login_account": env("THROTTLE_LOGIN_ACCOUNT", default="10/min"),
        "register": env("THROTTLE_REGISTER", default="20/hour"),
        "trigger": env("THROTTLE_TRIGGER", default="30/min"),
        "import": env("THROTTLE_IMPORT", default="30/min"),
        "insights": env("THROTTLE_INSIGHTS", default="30/min"),
        "chat": env("THROTTLE_CHAT", default="10/min"),
    },
}
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "type",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SigmaSight",
    "DESCRIPTION": "What the holder of a long/short portfolio is exposed to, and what would hurt him.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "PREPROCESSING_HOOKS": ["sigmasight.core.api.routes.without_slash_twins"],
    "POSTPROCESSING_HOOKS": [
        "sigmasight.core.api.publication.plain",
        "sigmasight.core.api.publication.with_examples",
        "sigmasight.core.api.publication.with_samples",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # The pages ask nobody but this server: no badge of an online validator, no fonts from elsewhere.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "displayRequestDuration": True, "filter": True},
    "REDOC_UI_SETTINGS": {
        "theme": {
            "typography": {"fontFamily": "system-ui, sans-serif", "headings": {"fontFamily": "system-ui, sans-serif"}}
        }
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=2 * 1024 * 1024)
# A CSV file of 10 MiB and the form around it.
API_MAX_UPLOAD_BYTES = env.int("API_MAX_UPLOAD_BYTES", default=11 * 1024 * 1024)
OPEN_REGISTRATION = env.bool("OPEN_REGISTRATION", default=True)
INVITE_CODE = env("INVITE_CODE", default="SIGMASIGHT-DEMO" if DEMO_ALLOWED else "")
if PRODUCTION and INVITE_CODE == "SIGMASIGHT-DEMO":
    raise ImproperlyConfigured("PRODUCTION=1 refuses the demo's invite code. Set INVITE_CODE to one of your own.")
# Cookie of the token: other sites' pages may carry it only where the transport is secure.
AUTH_COOKIE_SAMESITE: Literal["None", "Lax"] = "None" if PRODUCTION else "Lax"
AUTH_COOKIE_SECURE = PRODUCTION

# -- Celery

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = _redis_database(1)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "America/New_York"
CELERY_ENABLE_UTC = True
CELERY_TASK_DEFAULT_QUEUE = f"{REDIS_KEY_PREFIX}.default" if REDIS_KEY_PREFIX != "sigmasight" else "default"
_queue_prefix = "" if REDIS_KEY_PREFIX == "sigmasight" else f"{REDIS_KEY_PREFIX}."
CELERY_TASK_ROUTES = {
    "marketdata.*": {"queue": f"{_queue_prefix}marketdata"},
    "analytics.*": {"queue": f"{_queue_prefix}batch"},
    "assistant.*": {"queue": f"{_queue_prefix}assistant"},
}
WORKER_QUEUES = [
    CELERY_TASK_DEFAULT_QUEUE,
    *(f"{_queue_prefix}{name}" for name in ("marketdata", "batch", "assistant")),
]
# A worker that is told no queues serves all of them.
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), name) for name in WORKER_QUEUES]
# A task whose worker dies is handed to another one: every task of the batch is idempotent.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = env.int("CELERY_TASK_TIME_LIMIT", default=3600)
CELERY_TASK_SOFT_TIME_LIMIT = CELERY_TASK_TIME_LIMIT - 60
# Redis hands an unacknowledged task out again after this time; it must exceed the longest task.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": CELERY_TASK_TIME_LIMIT + 600}
CELERY_RESULT_EXPIRES = 86_400
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_STORE_EAGER_RESULT = False
DJANGO_CELERY_BEAT_TZ_AWARE = True

# -- market data

MARKETDATA_SOURCE = env("MARKETDATA_SOURCE", default="live" if PRODUCTION else "simulated")
SIMULATED_SEED = env.int("SIMULATED_SEED", default=20250630)
POLYGON_API_KEY = env("POLYGON_API_KEY", default="")
FMP_API_KEY = env("FMP_API_KEY", default="")
FRED_API_KEY = env("FRED_API_KEY", default="")
YAHOO_BASE_URL = env("YAHOO_BASE_URL", default="")
FMP_BASE_URL = env("FMP_BASE_URL", default="https://financialmodelingprep.com")
POLYGON_BASE_URL = env("POLYGON_BASE_URL", default="https://api.polygon.io")
FRED_BASE_URL = env("FRED_BASE_URL", default="https://api.stlouisfed.org")
PROVIDER_TIMEOUT_SECONDS = env.float("PROVIDER_TIMEOUT_SECONDS", default=20.0)
PROVIDER_ATTEMPTS = env.int("PROVIDER_ATTEMPTS", default=3)
PROVIDER_DEADLINE_SECONDS = env.float("PROVIDER_DEADLINE_SECONDS", default=60.0)
PROVIDER_REST_SECONDS = env.float("PROVIDER_REST_SECONDS", default=120.0)
MARKETDATA_PROVIDERS = env.list("MARKETDATA_PROVIDERS", default=["yfinance", "fmp", "polygon", "fred"])
FMP_API = env("FMP_API", default="stable")

# -- the assistant; any server that speaks the Responses API serves

OPENAI_API_KEY = env("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env("OPENAI_BASE_URL", default="")
OPENAI_MODEL = env("OPENAI_MODEL", default="gpt-5-mini")
OPENAI_MODEL_DEEP = env("OPENAI_MODEL_DEEP", default="gpt-5")
OPENAI_MODEL_FALLBACK = env("OPENAI_MODEL_FALLBACK", default="gpt-4.1-mini")
OPENAI_MODEL_SMALL = env("OPENAI_MODEL_SMALL", default="gpt-4o-mini")
OPENAI_EMBEDDING_MODEL = env("OPENAI_EMBEDDING_MODEL", default="text-embedding-3-small")
# The words of effort a family of models takes, weakest first, by the beginning of its names; other models are not asked to reason.
OPENAI_EFFORTS = env.json(
    "OPENAI_EFFORTS",
    default={
        "gpt-5": ["minimal", "low", "medium", "high"],
        "o3": ["low", "medium", "high"],
        "o4": ["low", "medium", "high"],
    },
)
# Off for a server of the same kind that has no web search: it would refuse every question of the day.
OPENAI_WEB_SEARCH = env.bool("OPENAI_WEB_SEARCH", default=True)
OPENAI_TIMEOUT_SECONDS = env.float("OPENAI_TIMEOUT_SECONDS", default=60.0)
OPENAI_MAX_OUTPUT_TOKENS = env.int("OPENAI_MAX_OUTPUT_TOKENS", default=8_000)
CHAT_HEARTBEAT_SECONDS = env.float("CHAT_HEARTBEAT_SECONDS", default=15.0)
CHAT_RETRIES = env.int("CHAT_RETRIES", default=2)
CHAT_BACKOFF_SECONDS = env.float("CHAT_BACKOFF_SECONDS", default=0.5)
CHAT_TURN_SECONDS = env.float("CHAT_TURN_SECONDS", default=120.0)
CHAT_TOOL_SECONDS = env.float("CHAT_TOOL_SECONDS", default=30.0)
# Requests to the databases that a web process makes at once for open conversations; a stream holds none of them while the model writes.
CHAT_THREADS = env.int("CHAT_THREADS", default=8)
# Insights that a web process writes at once: each waits for the model in a thread of its own.
INSIGHT_THREADS = env.int("INSIGHT_THREADS", default=8)
# A morning briefing for every active portfolio with new results, at 06:00 New York. Each costs what the model costs.
BRIEFINGS_EVERY_MORNING = env.bool("BRIEFINGS_EVERY_MORNING", default=False)

# -- the batch

BATCH_SHARD_PORTFOLIOS = env.int("BATCH_SHARD_PORTFOLIOS", default=2_500)
BATCH_HISTORY_SESSIONS = 504
BATCH_COVERAGE_FLOOR = env.float("BATCH_COVERAGE_FLOOR", default=0.80)
BATCH_HEARTBEAT_SECONDS = env.float("BATCH_HEARTBEAT_SECONDS", default=15.0)
BATCH_STALE_SECONDS = env.float("BATCH_STALE_SECONDS", default=300.0)
# Months of results kept by `manage.py retention` and beat, on Sundays: whole calendar months beside the present one; 0 keeps all.
# At the least 25 of position_snapshots, 14 of the others.
RESULT_MONTHS = {
    "position_snapshots": env.int("KEEP_MONTHS_POSITION_SNAPSHOTS", default=25),
    "stress_test_results": env.int("KEEP_MONTHS_STRESS_TEST_RESULTS", default=25),
    "portfolio_risk": env.int("KEEP_MONTHS_PORTFOLIO_RISK", default=25),
    "engine_results": env.int("KEEP_MONTHS_ENGINE_RESULTS", default=25),
}
# Directory into which months are written before they are dropped; empty: none. As "parquet" or "csv".
RESULT_ARCHIVE = env("RESULT_ARCHIVE", default="")
RESULT_ARCHIVE_FORMAT = env("RESULT_ARCHIVE_FORMAT", default="parquet")
# Where `manage.py backup` puts its folders unless told otherwise, and `verify_setup` looks for them; empty: backups/ here.
BACKUP_DIRECTORY = env("BACKUP_DIRECTORY", default="")
RATE_PROXY_DURATION = env.float("RATE_PROXY_DURATION", default=16.0)
RATE_PROXY_CONVEXITY = env.float("RATE_PROXY_CONVEXITY", default=350.0)

# -- alerts: by e-mail and webhook, where they are set; docs/alerts.md

ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
ALERT_FROM = env("ALERT_FROM", default="sigmasight@localhost")
ALERT_WEBHOOK_URL = env("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET = env("ALERT_WEBHOOK_SECRET", default="")
if ALERT_WEBHOOK_URL and not ALERT_WEBHOOK_URL.startswith(("https://", "http://")):
    # Without the address: it may hold a token.
    raise ImproperlyConfigured("ALERT_WEBHOOK_URL must begin with https:// or http://.")
# The least severity that is told: info, warning or critical. What is below stays in the console.
ALERT_SEVERITY = env("ALERT_SEVERITY", default="warning")
if ALERT_SEVERITY not in ("info", "warning", "critical"):
    raise ImproperlyConfigured(f"ALERT_SEVERITY={ALERT_SEVERITY!r} is none of info, warning, critical.")
ALERT_TIMEOUT_SECONDS = env.float("ALERT_TIMEOUT_SECONDS", default=10.0)
# Hours after 21:00 New York of a session until its night must have ended.
ALERT_NIGHT_HOURS = env.float("ALERT_NIGHT_HOURS", default=3.0)

# -- the console

# Where people reach this server, for the links in messages: https://risk.example.com
CONSOLE_URL = env("CONSOLE_URL", default="")
# Dollars for a million tokens, taken and given, by model: AI_PRICES={"gpt-4o": [2.5, 10]}. Without its price a model's cost is unknown.
AI_PRICES = env.json("AI_PRICES", default={})
UNFOLD = THEME
CONSOLE_ROWS = env.int("CONSOLE_ROWS", default=40)
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
# Between showing and doing an import the file waits where every web process finds it.
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.CacheStorage"

# -- logs, figures, errors (docs/observability.md)

LOG_FORMAT = env("LOG_FORMAT", default="json" if PRODUCTION else "line")
if LOG_FORMAT not in logs.FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT={LOG_FORMAT!r} is neither json nor line.")
LOGGING = logs.configuration(LOG_FORMAT, env("LOG_LEVEL", default="INFO"))
# Statements that take longer are told, in milliseconds; 0 tells of none.
SLOW_QUERY_MS = env.int("SLOW_QUERY_MS", default=500)
# Bearer token for /metrics and /health/deep. Without one this machine may read them; in production nobody.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN needs 16 characters or more.")
# Errors go to a server that speaks Sentry's protocol.
SENTRY_DSN = env("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env("SENTRY_ENVIRONMENT", default="production" if PRODUCTION else "development")

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "sigmasight.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from sigmasight.core import server_checks  # noqa: F401 - registers its checks
        from sigmasight.core.alerts import console, own_rules  # noqa: F401 - register page, panel and rules
        from sigmasight.core.backups import alerts  # noqa: F401 - registers its rule
        from sigmasight.core.observability import beat, logs, tasks  # noqa: F401 - listens to Celery

        if settings.SENTRY_DSN:
            from sigmasight.core.observability.errors import report_to

            release = f"sigmasight@{settings.VERSION}"
            report_to(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT, release=release)
        if not settings.TESTING:
            logs.take_last_words()
        autodiscover_modules("alerts")

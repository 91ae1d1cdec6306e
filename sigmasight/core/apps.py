from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "sigmasight.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from sigmasight.core import server_checks  # noqa: F401 - registers its checks
        from sigmasight.core.observability import logs, tasks  # noqa: F401 - listens to Celery

        if not settings.TESTING:
            logs.take_last_words()

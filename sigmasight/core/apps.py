from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "sigmasight.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sigmasight.core import server_checks  # noqa: F401 - registers its checks

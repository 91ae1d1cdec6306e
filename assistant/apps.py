from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "assistant"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from assistant import day_figures, demo, retention, schedule, setup_checks  # noqa: F401 - register what they do

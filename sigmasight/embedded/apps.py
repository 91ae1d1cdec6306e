from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "sigmasight.embedded"
    label = "embedded"

    def ready(self) -> None:
        from sigmasight.core.backups.programs import look_in
        from sigmasight.embedded.binaries import postgres_bin

        look_in(postgres_bin)

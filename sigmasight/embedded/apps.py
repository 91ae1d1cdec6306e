from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "sigmasight.embedded"
    label = "embedded"

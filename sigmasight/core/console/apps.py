from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class ConsoleConfig(AdminConfig):
    """Stands in the place of `django.contrib.admin`: another site, and the apps' `console` modules are read too."""

    default_site = "sigmasight.core.console.site.ConsoleSite"

    def ready(self) -> None:
        super().ready()
        autodiscover_modules("console")
        from sigmasight.core.console.roles import keep_roles

        post_migrate.connect(keep_roles, dispatch_uid="console_roles")

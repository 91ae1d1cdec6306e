from django.core.management.base import BaseCommand, CommandError, CommandParser

from portfolios.models import User
from sigmasight.core.console import second_step


class Command(BaseCommand):
    help = "Forget a person's authenticator app and backup codes: at the next login to the console a new one is set up."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="address of the account")

    def handle(self, *args: object, **options: object) -> None:
        user = User.objects.filter(email=str(options["email"])).first()
        if user is None:
            raise CommandError(f"No account has the address {options['email']}.")
        apps = second_step.reset(user)
        self.stdout.write(f"{user.email}: {'the second step is forgotten' if apps else 'there was no second step'}.")

from django.core.management.base import BaseCommand, CommandParser

from sigmasight.core.setup_checks import Verdict, run_all


class Command(BaseCommand):
    help = "Check databases, extension, broker, migrations, seeds, calendar and providers: a line each; exit code 1 on a failure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strict", action="store_true", help="exit with 1 on warnings too")

    def handle(self, *args: object, **options: object) -> None:
        styles = {Verdict.OK: self.style.SUCCESS, Verdict.WARNING: self.style.WARNING, Verdict.FAILED: self.style.ERROR}
        findings = run_all()
        width = max(len(name) for name, _ in findings)
        for name, finding in findings:
            self.stdout.write(f"{styles[finding.verdict](f'{finding.verdict:<8}')} {name:<{width}}  {finding.message}")
        worst = {finding.verdict for _, finding in findings}
        if Verdict.FAILED in worst or (options["strict"] and Verdict.WARNING in worst):
            raise SystemExit(1)

from django.db import migrations

from sigmasight.core.partition_operations import PartitionByMonth


class Migration(migrations.Migration):
    dependencies = [("analytics", "0007_run_permissions")]

    operations = [
        PartitionByMonth("StressTestResult", "calculation_date"),
        PartitionByMonth("PortfolioRisk", "calculation_date"),
        PartitionByMonth("EngineResult", "calculation_date"),
    ]

from django.db import migrations

from sigmasight.core.partition_operations import PartitionByMonth


class Migration(migrations.Migration):
    dependencies = [("portfolios", "0002_closings_at_the_close")]

    operations = [PartitionByMonth("PositionSnapshot", "snapshot_date")]

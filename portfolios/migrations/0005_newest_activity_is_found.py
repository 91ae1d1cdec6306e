from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is made while others write.
    atomic = False

    dependencies = [
        ('portfolios', '0004_lots_stored_as_they_are'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='useractivityevent',
            index=models.Index(fields=['created_at'], name='activity_created'),
        ),
    ]

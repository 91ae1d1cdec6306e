"""The knowledge base, in the AI database: documents found by meaning or, without embeddings, by words."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from pgvector.django import HnswIndex, VectorField

from sigmasight.core.models import TimestampedModel, UUIDModel

EMBEDDING_DIMENSIONS = 1536


class KnowledgeDocument(UUIDModel, TimestampedModel):
    """A piece of text the assistant may quote, with its embedding. Long texts are several chunks under one slug.

    Scopes say who may see it: ``global``, ``user:<id>``, ``portfolio:<id>``, ``page:<hint>``, ``route:<route>``.
    """

    scope = models.CharField(max_length=100)
    slug = models.CharField(max_length=120)
    chunk_no = models.PositiveSmallIntegerField(default=0, db_default=0)
    parent_id = models.UUIDField(null=True, blank=True, help_text="The first chunk of the same text")
    title = models.CharField(max_length=500)
    content = models.TextField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256; an unchanged text is not embedded again")
    metadata = models.JSONField(default=dict, blank=True)
    embedding = VectorField(dimensions=EMBEDDING_DIMENSIONS, null=True, blank=True)
    embedding_model = models.CharField(max_length=100, blank=True, default="")
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english")
        + SearchVector("content", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        db_table = "ai_kb_documents"
        ordering = ["scope", "slug", "chunk_no"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "slug", "chunk_no"], name="knowledge_document_unique"),
        ]
        indexes = [
            HnswIndex(
                name="knowledge_document_embedding",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
            GinIndex(fields=["search"], name="knowledge_document_search"),
            models.Index(fields=["scope"], name="knowledge_document_scope"),
        ]

    def __str__(self) -> str:
        # Without the title, which may be a person's question: names of rows stand in the history, which every member of staff may read.
        return f"{self.scope} {self.slug}"

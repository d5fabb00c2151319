"""Qdrant's storage engine behind Qdrant's REST API, in one process and on one machine."""

#: The version of the REST API and of the storage formats that this program speaks.
QDRANT_VERSION = "1.19.0"

"""The service's own description in OpenAPI 3.1: pure functions from routes and models to the document."""

"""Large work, beside what does the same without this project: files, clusters, searches, scopes, messages."""

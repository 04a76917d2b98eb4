"""Requests and answers, whatever carries them: types of bodies, tables as JSON, metadata, errors as told."""
